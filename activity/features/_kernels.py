"""Kernels for the features of a block of windows, from its streams, their spectra and their lags.

A block holds ``LANES`` windows, lane innermost: value ``i`` of lane ``l`` is ``[i * LANES + l]`` of a float32 array.
Sums run over all lanes at once and are vectors to the compiler; what needs a choice runs lane by lane on the sums.
"""

import math
from typing import Any, TypeAlias

import numpy as np
from numba import njit
from numpy.typing import NDArray

# Constants only: compiled code on disk does not notice a change in another file.
from activity.features.streams._kernels import FORWARD, LANES, N_ATTITUDE, N_STREAMS, SIDEWAYS, SIZE, VERTICAL

Array: TypeAlias = NDArray[Any]

#: For kernels that only kernels call: without a door to Python, and on disk in their callers only, they compile faster.
_WITHOUT_DOOR: dict[str, Any] = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}
inner = njit(nogil=True, error_model="numpy", **_WITHOUT_DOOR)

N_SHAPE = 12
N_SPECTRUM = 3  # and one a band
N_RHYTHM = 10
N_RHYTHMS = 3  # size, vertical, all axes together
N_HARMONICS = 5
N_PAIRS = 7
N_AXES = 5

ZERO = np.float32(0.0)
ONE = np.float32(1.0)
STEP_AND_STRIDE_S = ((0.24, 0.84), (0.6, 1.68))  #: from the quickest to the slowest
NEAR_TOP = 0.1  #: of the whole; of peaks that differ by less the first is the step, the others are its multiples
LEAST_VARIANCE = 1e-6  #: (1 mg)²; weaker movement is a sensor's noise, whose shape says nothing

# Counts and rows in loops over lanes are unsigned (see activity.features.streams).
L = np.uint64(LANES)
# Rows of a tally of a stream; the first three hold the squares of each third of the window.
CUBES, FOURTHS, SIZES, UPPER, LOWER, HIGHEST, LOWEST = np.arange(3, 10, dtype=np.uint64)
STEP_SQUARES, STEP_CUBES, CROSSINGS, SIGN, SD, NEAR = np.arange(10, 16, dtype=np.uint64)
N_TALLY = 16
# Rows of a tally of a spectrum, before one a band; the first holds the squares of powers.
BEST, BEST_AT = np.uint64(1), np.uint64(2)
N_PEAK = 3


@inner
def tally_shape(stream: Array, first: int, last: int, squares: Array, tally: Array) -> None:
    """Add rows ``[first, last)`` of a zero-mean stream to its tally, and their squares to ``squares``."""
    for i in range(np.uint64(first), np.uint64(last)):
        at = i * L
        back = at - L if i else at
        for lane in range(L):
            value = stream[at + lane]
            square = value * value
            squares[lane] += square
            tally[CUBES * L + lane] += square * value
            tally[FOURTHS * L + lane] += square * square
            tally[SIZES * L + lane] += abs(value)
            sd = tally[SD * L + lane]
            tally[UPPER * L + lane] += max(value - sd, ZERO)
            tally[LOWER * L + lane] += max(-value - sd, ZERO)
            tally[HIGHEST * L + lane] = max(tally[HIGHEST * L + lane], value)
            tally[LOWEST * L + lane] = min(tally[LOWEST * L + lane], value)
            step = value - stream[back + lane]
            tally[STEP_SQUARES * L + lane] += step * step
            tally[STEP_CUBES * L + lane] += step * step * step
            was = tally[SIGN * L + lane]
            near = tally[NEAR * L + lane]
            sign = ONE if value > near else (-ONE if value < -near else was)
            tally[CROSSINGS * L + lane] += ONE if sign * was < ZERO else ZERO
            tally[SIGN * L + lane] = sign


@inner
def tally_stream(stream: Array, n: int, squares: Array, tally: Array) -> None:
    """Tally ``n`` rows of a zero-mean stream in three thirds, given each lane's sum of squares."""
    tally[:] = ZERO
    sds, nears = tally[SD * L : NEAR * L], tally[NEAR * L :]
    for lane in range(LANES):
        sds[lane] = math.sqrt(squares[lane] / n)
        nears[lane] = 0.1 * (sds[lane] + 1e-3)
    for p in range(3):
        tally_shape(stream, p * n // 3, (p + 1) * n // 3, tally[p * LANES : (p + 1) * LANES], tally)


@inner
def shape_row(tally: Array, n: int, signed: bool, out: Array) -> None:
    """Write one lane's shape features; a stream whose sign means nothing gives the same as its mirror image."""
    sd = float(tally[SD])
    guard = sd + 1e-3
    step_sd = math.sqrt(tally[STEP_SQUARES] / (n - 1))
    skewness = tally[CUBES] / n / guard**3
    step_skewness = tally[STEP_CUBES] / (n - 1) / (step_sd + 1e-3) ** 3
    upper, lower = tally[UPPER] / n / guard, tally[LOWER] / n / guard
    highest, lowest = tally[HIGHEST] / guard, tally[LOWEST] / guard
    if not signed:
        skewness, step_skewness = abs(skewness), abs(step_skewness)
        upper, lower = max(upper, lower), min(upper, lower)
        highest, lowest = max(highest, -lowest), -min(highest, -lowest)
    out[0] = math.log(guard)
    out[1] = skewness
    out[2] = tally[FOURTHS] / n / guard**4
    out[3] = tally[SIZES] / n / guard
    out[4] = upper
    out[5] = lower
    out[6] = highest
    out[7] = lowest
    out[8] = step_sd / guard
    out[9] = step_skewness
    out[10] = tally[CROSSINGS] / n
    least = float(min(tally[0], tally[1], tally[2]))
    most = float(max(tally[0], tally[1], tally[2]))
    out[11] = math.sqrt((least / n + LEAST_VARIANCE) / (most / n + LEAST_VARIANCE))


@inner
def tally_spectrum(power: Array, lanes: np.uint64, edges: Array, tally: Array) -> None:
    """Tally a spectrum: its squares, its highest bin, and the sum of each band between ``edges``."""
    tally[:] = ZERO
    for band in range(edges.size - 1):
        total = tally[(N_PEAK + band) * LANES : (N_PEAK + band + 1) * LANES]
        for bin_ in range(np.uint64(edges[band]), np.uint64(edges[band + 1])):
            place = np.float32(bin_)
            for lane in range(lanes):
                value = power[bin_ * lanes + lane]
                total[lane] += value
                tally[lane] += value * value
                best = tally[BEST * lanes + lane]
                tally[BEST * lanes + lane] = max(value, best)
                tally[BEST_AT * lanes + lane] = place if value > best else tally[BEST_AT * lanes + lane]


@inner
def around(power: Array, at: int, reach: int, low: int, high: int) -> float:
    """Return one lane's power within ``reach`` bins of a bin, as far as they lie in ``[low, high)``."""
    total = 0.0
    for bin_ in range(max(at - reach, low), min(at + reach + 1, high)):
        total += power[bin_]
    return total


@inner
def spectrum_row(power: Array, tally: Array, edges: Array, bin_hz: float, floor: float, out: Array) -> float:
    """Write one lane's features of a spectrum: peak, spread and shares of bands; return its whole power."""
    low, high = edges[0], edges[-1]
    total = floor
    for band in range(edges.size - 1):
        total += tally[N_PEAK + band]
    for band in range(edges.size - 1):
        out[N_SPECTRUM + band] = math.log(tally[N_PEAK + band] / total + 1e-4)
    best = max(int(tally[BEST_AT]), low)
    near = place = 0.0
    for bin_ in range(max(best - 2, low), min(best + 3, high)):
        near += power[bin_]
        place += power[bin_] * bin_
    out[0] = place / near * bin_hz if near > 0.0 else 0.0
    out[1] = near / total
    out[2] = total * total / (tally[0] + floor * floor) * bin_hz
    return total


@inner
def crest(corr: Array, lag: int) -> float:
    """Return where the parabola through a local peak and its neighbours has its top."""
    left, right = corr[lag - 1], corr[lag + 1]
    bend = left - 2.0 * corr[lag] + right
    return lag + (0.5 * (left - right) / bend if bend < 0.0 else 0.0)


@inner
def value(corr: Array, place: float) -> float:
    """Return the correlation at a place between lags, on the parabola through the three nearest."""
    lag = min(max(int(place + 0.5), 1), corr.size - 2)
    left, middle, right = corr[lag - 1], corr[lag], corr[lag + 1]
    away = place - lag
    return float(middle + 0.5 * away * (right - left + away * (left - 2.0 * middle + right)))


@inner
def top(corr: Array, first: int, last: int, near: float) -> float:
    """Return the place of the first peak in ``[first, last]`` that is ``near`` the highest; 0 if there is none."""
    highest = -math.inf
    for lag in range(first, last + 1):
        if corr[lag] >= corr[lag - 1] and corr[lag] >= corr[lag + 1]:
            highest = max(highest, value(corr, crest(corr, lag)))
    for lag in range(first, last + 1):
        if corr[lag] >= corr[lag - 1] and corr[lag] >= corr[lag + 1]:
            place = float(crest(corr, lag))
            if value(corr, place) >= highest - near:
                return place
    return 0.0


@inner
def rhythm_row(corr: Array, step: float, stride: float, both: float, rate_hz: float, floor: float, out: Array) -> None:
    """Write one lane's features of a correlation over lags; ``both`` is the stride of all axes together."""
    scale = corr[0] + floor
    first = int(rate_hz * 0.24)
    lowest_at = first
    highest = corr[first]
    for lag in range(first, corr.size):
        if corr[lag] < corr[lowest_at]:
            lowest_at = lag
        highest = max(highest, corr[lag])
    zero_at = 1
    while zero_at < corr.size and corr[zero_at] > 0.0:
        zero_at += 1
    out[0] = step / rate_hz
    out[1] = value(corr, step) / scale if step else 0.0
    out[2] = stride / rate_hz
    out[3] = value(corr, stride) / scale if stride else 0.0
    out[4] = value(corr, 0.5 * both) / scale if both else 0.0
    out[5] = out[4] - value(corr, both) / scale if both else 0.0
    out[6] = corr[lowest_at] / scale
    out[7] = lowest_at / rate_hz
    out[8] = zero_at / rate_hz
    out[9] = highest / scale


@inner
def harmonics_row(power: Array, base: float, total: float, low: int, high: int, out: Array) -> None:
    """Write one lane's shares of power at multiples of the stride, ``base`` bins, and odd ones against even ones."""
    odd = even = 0.0
    for k in range(1, 7):
        share = around(power, int(k * base + 0.5), 1, low, high) / total if base > 0.0 else 0.0
        if k % 2:
            odd += share
        else:
            even += share
        if k < N_HARMONICS:
            out[k - 1] = math.log(share + 1e-4)
    out[N_HARMONICS - 1] = math.log((odd + 1e-3) / (even + 1e-3))


@inner
def pairs_row(
    cross: Array, n_lags: int, level: Array, squares: Array, floor: float, rate_hz: float, out: Array
) -> None:
    """Write one lane's correlations between streams, without the signs of those that have none."""
    scale = np.empty(N_STREAMS)
    for s in range(N_STREAMS):
        scale[s] = math.sqrt(squares[s] + floor)
    out[0] = level[0] / (scale[SIZE] * scale[VERTICAL])
    out[1] = abs(level[1]) / (scale[SIZE] * scale[FORWARD])
    out[2] = abs(level[2]) / (scale[VERTICAL] * scale[FORWARD])
    out[3] = abs(level[3]) / (scale[VERTICAL] * scale[SIDEWAYS])
    best, at, most = -1.0, 0, 0.0
    for lag in range(1 - n_lags, n_lags):
        way, away = (0, lag) if lag >= 0 else (1, -lag)
        if abs(cross[way, away]) > best:
            best, at = abs(cross[way, away]), lag
        most = max(most, abs(cross[2 + way, away]))
    out[4] = best / (scale[VERTICAL] * scale[FORWARD])
    out[5] = at / rate_hz
    out[6] = most / (scale[FORWARD] * scale[SIDEWAYS])


@inner
def axes_row(squares: Array, level: Array, n: int, out: Array) -> None:
    """Write one lane's shares of the three axes: by their spread, whatever their directions, and by level and down."""
    v, f, s = float(squares[VERTICAL]), float(squares[FORWARD]), float(squares[SIDEWAYS])
    total = v + f + s + LEAST_VARIANCE * n
    q = (v + f + s) / 3.0
    vf, vs = float(level[2]), float(level[3])
    p = math.sqrt(((v - q) ** 2 + (f - q) ** 2 + (s - q) ** 2 + 2.0 * (vf * vf + vs * vs)) / 6.0)
    big = small = q
    if p > 1e-9 * total:  # the angle's formula for a symmetric matrix, whose forward and side don't correlate
        det = ((v - q) * (f - q) * (s - q) - vf * vf * (s - q) - vs * vs * (f - q)) / (p * p * p)
        angle = math.acos(min(max(det / 2.0, -1.0), 1.0)) / 3.0
        big = q + 2.0 * p * math.cos(angle)
        small = q + 2.0 * p * math.cos(angle + 2.0 * math.pi / 3.0)
    out[0] = (3.0 * q - big - small) / total
    out[1] = small / total
    out[2] = (f + s) / total
    out[3] = f / (f + s + LEAST_VARIANCE * n)
    out[4] = math.log(total / n)


@inner
def rhythm_rows(corr: Array, n_lags: int, rate_hz: float, floor: float, out: Array) -> float:
    """Write one lane's features of rhythm, given ``corr`` (4, lags); return the lag of the stride in samples."""
    rhythms = np.empty((N_RHYTHMS, n_lags))
    for lag in range(n_lags):
        rhythms[0, lag] = corr[SIZE, lag]
        rhythms[1, lag] = corr[VERTICAL, lag]
        rhythms[2, lag] = float(corr[VERTICAL, lag]) + float(corr[FORWARD, lag]) + float(corr[SIDEWAYS, lag])
    tops = np.empty((N_RHYTHMS, 2))
    for r in range(N_RHYTHMS):
        near = NEAR_TOP * (rhythms[r, 0] + floor)
        for k, (first_s, last_s) in enumerate(STEP_AND_STRIDE_S):
            tops[r, k] = top(rhythms[r], int(rate_hz * first_s), int(rate_hz * last_s), near)
    stride = float(tops[N_RHYTHMS - 1, 1])
    for r in range(N_RHYTHMS):
        here = out[r * N_RHYTHM : (r + 1) * N_RHYTHM]
        rhythm_row(rhythms[r], tops[r, 0], tops[r, 1], stride, rate_hz, floor, here)
    return stride


@njit(cache=True, nogil=True, error_model="numpy")
def block_features(
    streams: Array,
    attitude: Array,
    power: Array,
    corr: Array,
    cross: Array,
    level: Array,
    covered: int,
    width: int,
    rate_hz: float,
    edges: Array,
    bin_hz: float,
    power_floor: float,
    n_lags: int,
    n_cross: int,
    out: Array,
) -> None:
    """Write the features of a block's first ``len(out)`` windows; those that aren't ``covered`` stay as they are.

    ``power`` is from ``block_spectra``, its ``power_floor`` that of ``LEAST_VARIANCE``; ``corr``, ``cross`` and
    ``level`` are from ``block_lags``, of which ``n_lags`` and ``n_cross`` lags are meant.
    """
    low, high = edges[0], edges[-1]
    n_bands = edges.size - 1
    used = width * LANES
    shape = np.empty((N_STREAMS, N_TALLY * LANES), np.float32)
    peaks = np.empty((N_STREAMS, (N_PEAK + n_bands) * LANES), np.float32)
    for s in range(N_STREAMS):
        tally_stream(streams[s, :used], width, corr[s, 0], shape[s])
        tally_spectrum(power[s], L, edges, peaks[s])
    floor = LEAST_VARIANCE * width
    total = np.empty(N_STREAMS)
    for lane in range(out.shape[0]):
        if not covered >> lane & 1:
            continue
        row = out[lane]
        at = 0
        for s in range(N_STREAMS):
            shape_row(shape[s, lane::LANES], width, s < FORWARD, row[at : at + N_SHAPE])
            at += N_SHAPE
            here = row[at : at + N_SPECTRUM + n_bands]
            total[s] = spectrum_row(power[s, lane::LANES], peaks[s, lane::LANES], edges, bin_hz, power_floor, here)
            at += here.size
        here = row[at : at + N_RHYTHMS * N_RHYTHM]
        stride = rhythm_rows(corr[:, :, lane], n_lags, rate_hz, floor, here)
        at += here.size
        base = rate_hz / bin_hz / stride if stride > 0.0 else 0.0
        for s in range(SIDEWAYS):
            here = row[at : at + N_HARMONICS]
            harmonics_row(power[s, lane::LANES], base, total[s], low, high, here)
            at += N_HARMONICS
        here = row[at : at + N_PAIRS]
        pairs_row(cross[:, :, lane], n_cross, level[:, lane], corr[:, 0, lane], floor, rate_hz, here)
        at += N_PAIRS
        for k in range(N_ATTITUDE):  # an assignment of a whole slice would double the time it takes to compile
            row[at + k] = attitude[lane, k]
        axes_row(corr[:, 0, lane], level[:, lane], width, row[at + N_ATTITUDE :])
