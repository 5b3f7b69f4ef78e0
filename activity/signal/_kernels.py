"""Kernels over samples: resampling from true times, and moments of windows."""

import math
from typing import Any, TypeAlias

import numpy as np
from numba import njit
from numpy.typing import NDArray

Array: TypeAlias = NDArray[Any]

#: For kernels that only kernels call: without a door to Python, and on disk in their callers only, they compile faster.
_WITHOUT_DOOR: dict[str, Any] = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}
inner = njit(nogil=True, error_model="numpy", **_WITHOUT_DOOR)

LANES = np.uint64(24)  #: sums of x y z x y z ... side by side, as vectors
LONGEST_RUN, SHORTEST_RUN = 256, 4  #: grid points whose samples are checked for even times together
MOST_UNEVEN = 12  #: checks that failed in a row: every other one doubles what is then not checked, from 4 to 256
THREE = np.uint64(72)
ONCE, TWICE = np.uint64(1), np.uint64(2)
ZERO = np.float32(0.0)


@inner
def first_within(time_ns: Array, start: int, stop: int, after_ns: float) -> int:
    """Return the first sample of ``[start, stop)`` whose time is later than ``after_ns``."""
    while start < stop:
        middle = (start + stop) // 2
        if time_ns[middle] > after_ns:
            stop = middle
        else:
            start = middle + 1
    return start


@inner
def weigh(time_ns: Array, first: int, n: int, at: int, scale: float, taper: Array, rows: Array) -> None:
    """Write to ``rows`` (2, ...) how far ``n`` samples are from ``at`` in cells of ``taper``, and their weights."""
    start = np.uint64(first)
    for i in range(np.uint64(n)):
        rows[0, i] = abs(np.float64(time_ns[start + i] - at)) * scale
    for i in range(np.uint64(n)):
        cell = np.uint64(rows[0, i])
        part = rows[0, i] - cell
        rows[1, i] = taper[cell] * (1.0 - part) + taper[cell + ONCE] * part


@njit(cache=True, nogil=True, error_model="numpy")
def resample(
    accel: Array,
    time_ns: Array,
    start: int,
    stop: int,
    origin_ns: int,
    step_ns: int,
    taper: Array,
    limits: Array,
    first: int,
    last: int,
    out: Array,
) -> None:
    """Write grid points ``[first, last)`` as weighted means of samples ``[start, stop)``, each at its own time.

    ``limits``: how far the weights reach, how near the nearest sample has to be (both ns), and their least sum; a
    point with less is NaN.
    """
    half_ns, scale = limits[0], (taper.size - 2) / limits[0]
    values = accel.reshape(-1)
    rows = np.empty((2, 64))
    low = first_within(time_ns, start, stop, origin_ns + first * step_ns - half_ns)
    high = low
    for k in range(first, last):
        at = origin_ns + k * step_ns
        while low < stop and at - time_ns[low] >= half_ns:
            low += 1
        high = max(low, high)
        while high < stop and time_ns[high] - at < half_ns:
            high += 1
        if high - low > rows.shape[1]:
            rows = np.empty((2, 2 * (high - low)))
        weigh(time_ns, low, high - low, at, scale, taper, rows)
        total = x = y = z = 0.0
        nearest = math.inf
        for i in range(np.uint64(high - low)):
            place = np.uint64(3) * (np.uint64(low) + i)
            if not math.isnan(values[place]):
                weight = rows[1, i]
                total += weight
                x += weight * values[place]
                y += weight * values[place + ONCE]
                z += weight * values[place + TWICE]
                nearest = min(nearest, rows[0, i])
        enough = nearest <= limits[1] * scale and total >= limits[2]
        out[k, 0] = x / total if enough else math.nan
        out[k, 1] = y / total if enough else math.nan
        out[k, 2] = z / total if enough else math.nan


@inner
def furthest_from_even(time_ns: Array, step_ns: float) -> float:
    """Return how far the times lie from even steps after the first one, at most."""
    furthest = 0
    for i in range(time_ns.size):
        furthest = max(furthest, abs(time_ns[i] - time_ns[0] - np.int64(i * step_ns)))
    return furthest


@inner
def blend(values: Array, first: int, weights: Array, row: int, n: int, part: np.float32, sums: Array) -> None:
    """Write sums of ``n`` values x y z x y z ..., weighted between two rows of weights, in ``LANES`` lanes."""
    v, w, width = np.uint64(first), np.uint64(row), np.uint64(n)  # an index that may be negative is no vector's
    for lane in range(LANES):
        sums[lane] = ZERO
    at = np.uint64(0)
    while at + THREE <= width:
        for lane in range(LANES):
            i, j = v + at + lane, w + at + lane
            one = values[i] * (weights[j] + part * (weights[j + width] - weights[j]))
            i, j = i + LANES, j + LANES
            two = values[i] * (weights[j] + part * (weights[j + width] - weights[j]))
            i, j = i + LANES, j + LANES
            sums[lane] += one + two + values[i] * (weights[j] + part * (weights[j + width] - weights[j]))
        at += THREE
    while at < width:
        for lane in range(LANES):
            j = w + at + lane
            sums[lane] += values[v + at + lane] * (weights[j] + part * (weights[j + width] - weights[j]))
        at += LANES


@inner
def samples_around(time_ns: Array, low: int, stop: int, at: int, length_ns: int, limits: Array) -> tuple[int, int]:
    """Return the samples from ``low`` on that the weights from ``at`` to ``length_ns`` later reach."""
    while low < stop and at - time_ns[low] >= limits[0]:
        low += 1
    high = low
    while high < stop and time_ns[high] - at - length_ns < limits[0]:
        high += 1
    return low, high


@inner
def blend_rows(
    values: Array, phases: Array, left: int, right: int, place: float, step: float, out: Array, bad: Array
) -> None:
    """Write rows of ``out`` at ``place`` and every ``step``, in samples after ``left``, from even samples.

    Rows that need samples beyond ``[left, right)``, or one that is missing, are left to others, and ``bad``.
    """
    n_phases, n_taps = phases.shape[0] - 1, phases.shape[1] // 3
    weights = phases.reshape(-1)
    sums = np.empty(LANES, np.float32)
    for k in range(out.shape[0]):
        at = place + k * step
        before = math.floor(at)
        row = left + before - n_taps // 2 + 1
        bad[k] = row < left or row + n_taps > right
        if bad[k]:
            continue
        at = (at - before) * n_phases
        cell = min(int(at), n_phases - 1)
        blend(values, 3 * row, weights, cell * 3 * n_taps, 3 * n_taps, np.float32(at - cell), sums)
        for axis in range(3):
            a = (sums[axis] + sums[axis + 3]) + (sums[axis + 6] + sums[axis + 9])
            b = (sums[axis + 12] + sums[axis + 15]) + (sums[axis + 18] + sums[axis + 21])
            out[k, axis] = a + b
        bad[k] = math.isnan(out[k, 0])


@njit(cache=True, nogil=True, error_model="numpy")
def resample_even(
    accel: Array,
    time_ns: Array,
    start: int,
    stop: int,
    origin_ns: int,
    step_ns: int,
    taper: Array,
    limits: Array,
    phases: Array,
    source_ns: float,
    slack: float,
    first: int,
    last: int,
    out: Array,
) -> None:
    """Do what ``resample`` does, faster where samples come every ``source_ns``, give or take ``slack`` of that.

    ``phases`` (n_phases + 1, 3 * taps) holds the weights for a grid point that lies a part of a step after a sample,
    each three times for x, y and z; they sum to 1. Where times aren't even, and at edges and holes, each sample counts
    at its own time.
    """
    margin = phases.shape[1] // 6 - int(limits[0] / source_ns) + 1
    values = accel.reshape(-1)
    bad = np.empty(LONGEST_RUN, np.bool_)
    low = first_within(time_ns, start, stop, origin_ns + first * step_ns - limits[0])
    begin, run, uneven = first, LONGEST_RUN, 0
    while begin < last:
        end = min(begin + run, last)
        at = origin_ns + begin * step_ns
        low, high = samples_around(time_ns, low, stop, at, (end - 1 - begin) * step_ns, limits)
        left, right = max(low - margin, start), min(high + margin, stop)
        local_ns = (time_ns[right - 1] - time_ns[left]) / max(right - left - 1, 1)
        even = abs(local_ns - source_ns) <= slack * source_ns
        even = even and furthest_from_even(time_ns[left:right], local_ns) <= slack * source_ns
        if not even and run > SHORTEST_RUN:
            run //= 4
            continue
        if even:
            place, step = (at - time_ns[left]) / local_ns, step_ns / local_ns
            blend_rows(values, phases, left, right, place, step, out[begin:end], bad)
            run, uneven = min(2 * run, LONGEST_RUN), 0
        else:
            end, high = min(begin + (SHORTEST_RUN << uneven // 2), last), stop
            uneven = min(uneven + 1, MOST_UNEVEN)
            for k in range(end - begin):
                bad[k] = True
        k = begin
        while k < end:
            until = k
            while until < end and bad[until - begin]:
                until += 1
            if until > k:
                resample(accel, time_ns, low, high, origin_ns, step_ns, taper, limits, k, until, out)
            k = until + 1
        begin = end


@inner
def add_ways(values: Array, first: int, n: int, origin: Array, lanes: Array) -> None:
    """Sum the ways of ``n`` values x y z x y z ... from ``origin``, and their squares, in two times ``LANES`` lanes."""
    v, width = np.uint64(first), np.uint64(n)
    lanes[:] = 0.0
    at = np.uint64(0)
    while at + LANES <= width:
        for lane in range(LANES):
            way = np.float64(values[v + at + lane]) - origin[lane]
            lanes[lane] += way
            lanes[LANES + lane] += way * way
        at += LANES
    for lane in range(width - at):
        way = np.float64(values[v + at + lane]) - origin[lane]
        lanes[lane] += way
        lanes[LANES + lane] += way * way


@inner
def mean_above(values: Array, first: int, width: int, above: Array) -> float:
    """Return the mean of max(|a| - 1, 0) of ``width`` rows x y z, which are written to ``above``."""
    for i in range(np.uint64(width)):
        at = np.uint64(first) + np.uint64(3) * i
        x, y, z = np.float64(values[at]), np.float64(values[at + ONCE]), np.float64(values[at + TWICE])
        above[i] = max(np.sqrt(x * x + y * y + z * z) - 1.0, 0.0)
    return float(np.sum(above) / width)


@inner
def whole_window(values: Array, first: int, width: int, scratch: Array, above: Array, out: Array) -> bool:
    """Fill ``out`` (8) for a window of which all came; return whether it did. ``scratch`` is (3 * LANES)."""
    origin, lanes = scratch[:LANES], scratch[LANES:]
    for lane in range(origin.size):
        origin[lane] = values[first + lane % 3]
    add_ways(values, first, 3 * width, origin, lanes)
    for axis in range(3):
        # From the first row, not from 0: the sd of a resting sensor is a thousandth of its mean
        way, square = np.sum(lanes[axis : origin.size : 3]) / width, np.sum(lanes[origin.size + axis :: 3]) / width
        if math.isnan(way) or math.isnan(square):
            return False
        out[1 + axis] = origin[axis] + way
        out[4 + axis] = math.sqrt(max(square - way * way, 0.0))
    out[0] = width
    out[7] = mean_above(values, first, width, above)
    return True


@inner
def broken_window(accel: Array, first: int, last: int, out: Array) -> None:
    """Fill ``out`` (8) from the rows of ``[first, last)`` that came."""
    count = 0
    mean = np.zeros(3)
    square = np.zeros(3)
    above = 0.0
    for i in range(first, last):
        if math.isnan(accel[i, 0]):
            continue
        count += 1
        power = 0.0
        for axis in range(3):
            value = np.float64(accel[i, axis])  # float() would stay in 32 bits
            away = value - mean[axis]  # Welford's update
            mean[axis] += away / count
            square[axis] += away * (value - mean[axis])
            power += value * value
        above += max(math.sqrt(power) - 1.0, 0.0)
    out[0] = count
    for axis in range(3):
        out[1 + axis] = mean[axis] if count else math.nan
        out[4 + axis] = math.sqrt(square[axis] / count) if count else math.nan
    out[7] = above / count if count else math.nan


@njit(cache=True, nogil=True, error_model="numpy")
def window_moments(accel: Array, width: int, first: int, last: int, out: Array) -> None:
    """Fill rows ``[first, last)`` of ``out`` (n, 8): samples that came, means, sds, mean of max(|a| - 1, 0)."""
    values = accel.reshape(-1)
    scratch, above = np.empty(3 * LANES), np.empty(width)
    for w in range(first, last):
        if not whole_window(values, 3 * w * width, width, scratch, above, out[w]):
            broken_window(accel, w * width, (w + 1) * width, out[w])


@njit(cache=True, nogil=True)
def correct(accel_g: Array, offset_g: Array, gain: Array, out: Array) -> None:
    """Write ``(accel_g - offset_g) * gain`` of each sample (n, 3); NaN stays NaN."""
    for i in range(accel_g.shape[0]):
        for axis in range(3):
            out[i, axis] = (accel_g[i, axis] - offset_g[axis]) * gain[axis]
