"""Kernels of the step counter: from rows of a grid to rhythm, phase and steps.

``t`` is `activity.steps.tables.Tables`; points are the counter's own, one every ``t.apart`` rows.
"""

import math
from typing import Any, TypeAlias

import numpy as np
from numba import njit
from numpy.typing import NDArray

Array: TypeAlias = NDArray[Any]


@njit(cache=True, nogil=True)
def soften(accel: Array, first: int, apart: int, taper: Array, least: float, out: Array, came: Array) -> None:
    """Fill ``out`` (4, n), size and axes around every ``apart``-th row from ``first``, and whether enough rows came."""
    reach = taper.size - 1
    low = max(first - reach, 0)
    high = min(first + (out.shape[1] - 1) * apart + reach + 1, accel.shape[0])
    size = np.full(max(high - low, 0), math.nan)
    for i in range(low, high):
        a, b, c = np.float64(accel[i, 0]), np.float64(accel[i, 1]), np.float64(accel[i, 2])
        power = a * a + b * b + c * c
        if power < math.inf:  # NaN is not
            size[i - low] = math.sqrt(power)
    for j in range(out.shape[1]):
        middle = first + j * apart
        weight = 0.0
        out[:, j] = 0.0
        for i in range(max(middle - reach, low), min(middle + reach + 1, high)):
            if not math.isnan(size[i - low]):
                share = taper[abs(i - middle)]
                weight += share
                out[0, j] += share * size[i - low]
                for axis in range(3):
                    out[1 + axis, j] += share * accel[i, axis]
        came[j] = weight >= least
        for k in range(4):
            out[k, j] = out[k, j] / weight if came[j] else 0.0


@njit(cache=True, nogil=True)
def box(values: Array, reach: int, out: Array) -> None:
    """Fill ``out`` with the sum of the values up to ``reach`` to either side; outside there are none."""
    n = values.size
    total = 0.0
    for j in range(-reach, n):
        if j + reach < n:
            total += values[j + reach]
        if j - reach - 1 >= 0:
            total -= values[j - reach - 1]
        if j >= 0:
            out[j] = total


@njit(cache=True, nogil=True)
def detrend(values: Array, weight: Array, reach: int, scratch: Array, trend: Array) -> None:
    """Take the triangular mean of what came from ``values``, and leave it in ``trend``.

    ``weight`` is ``box`` of ``box`` of one for each point that came, and zero where none came near.
    """
    box(values, reach, scratch)
    box(scratch, reach, trend)
    for j in range(values.size):
        trend[j] = trend[j] / weight[j] if weight[j] > 0.5 else 0.0


@njit(cache=True, nogil=True)
def spectrum(values: Array, middle: int, cosine: Array, sine: Array, out: Array) -> None:
    """Fill ``out`` with the power at each column of ``cosine`` and ``sine``, tapered around ``middle``."""
    n, cells = values.size, out.size
    even, odd = np.zeros(cells, dtype=np.float32), np.zeros(cells, dtype=np.float32)
    for k in range(cosine.shape[0]):
        after = values[middle + k] if middle + k < n else 0.0
        before = values[middle - k] if 0 < k <= middle else 0.0
        both, differ = np.float32(after + before), np.float32(after - before)
        for f in range(cells):
            even[f] += both * cosine[k, f]
            odd[f] += differ * sine[k, f]
    for f in range(cells):
        out[f] = even[f] * even[f] + odd[f] * odd[f]


@njit(cache=True, nogil=True)
def tapered_moments(values: Array, came: Array, middle: int, taper: Array) -> tuple[float, float, float]:
    """Return mean and mean square of what came around ``middle``, and the share that came, by the taper's weights."""
    mean = power = weight = 0.0
    whole = -taper[0]
    for k in range(taper.size):
        whole += 2.0 * taper[k]
    for j in range(max(middle - taper.size + 1, 0), min(middle + taper.size, values.size)):
        if came[j]:
            share = taper[abs(j - middle)]
            weight += share
            mean += share * values[j]
            power += share * values[j] * values[j]
    if weight == 0.0:
        return 0.0, 0.0, 0.0
    return mean / weight, power / weight, weight / whole


@njit(cache=True, nogil=True)
def best_path(score: Array, cost: Array, path: Array) -> None:
    """Fill ``path`` with the state of each row of ``score`` (n, states) whose sum less the cost of moves is highest."""
    n, states = score.shape
    came_from = np.zeros((n, states), dtype=np.int64)
    total, before = score[0].copy(), np.empty(states)
    for i in range(1, n):
        before[:] = total
        for s in range(states):
            origin = 0
            for r in range(1, states):
                if before[r] - cost[r, s] > before[origin] - cost[origin, s]:
                    origin = r
            came_from[i, s] = origin
            total[s] = before[origin] - cost[origin, s] + score[i, s]
    path[n - 1] = np.argmax(total)
    for i in range(n - 1, 0, -1):
        path[i - 1] = came_from[i, path[i]]


@njit(cache=True, nogil=True)
def tooth(root: Array, place: int) -> Any:
    """Return ``root`` at half cell ``place``: of a cell, or the mean of its neighbours; zero outside."""
    if place < 0 or place > 2 * (root.size - 1):
        return 0.0
    return 0.5 * (root[place // 2] + root[(place + 1) // 2])


@njit(cache=True, nogil=True)
def weigh(size: Array, axes: Array, teeth: Array, weights: Array, prior: Array, loud: float, out: Array) -> None:
    """Fill ``out`` (2, cadences): what speaks for each in the rhythm alone, and with what people are like.

    ``size`` and ``axes`` are roots of amplitudes over their rms. The last two teeth are those of the axes.
    """
    of_axes = weights.size - 2
    for c in range(out.shape[1]):
        total = 0.0
        for h in range(weights.size):
            total += weights[h] * tooth(size if h < of_axes else axes, teeth[c, h])
        out[0, c] = total
        out[1, c] = total + prior[0, c] + loud * prior[1, c]


@njit(cache=True, nogil=True)
def demodulate(values: Array, at: int, cosine: Array, sine: Array, reach: int) -> tuple[float, float]:
    """Return phase and amplitude of ``values`` around ``at``, by one row of the tables; at a peak the phase is zero."""
    even, odd = values[at] * cosine[0], 0.0
    for k in range(1, reach + 1):
        after = values[at + k] if at + k < values.size else 0.0
        before = values[at - k] if k <= at else 0.0
        even += (after + before) * cosine[k]
        odd += (after - before) * sine[k]
    return math.atan2(-odd, even), math.hypot(even, odd)


@njit(cache=True, nogil=True)
def find_rhythm(points: Array, trend: Array, came: Array, t: Any, logit: Array, path: Array) -> None:
    """Fill cadence and log odds of stepping of each frame, from size and axes (4, n) without and of their trend."""
    frames, cells = path.size, t.size_cosine.shape[1]
    score, evidence = np.empty((frames, t.prior.shape[1])), np.empty((frames, 2, t.prior.shape[1]))
    power, one = np.empty((frames, cells)), np.empty(t.axes_cosine.shape[1])
    root, axes = np.empty(cells), np.zeros(t.axes_cosine.shape[1])
    rms, tilt, share = np.empty(frames), np.zeros(frames), np.empty(frames)
    # A grid that holds nothing but sizes has them on x, and two axes that never move.
    three = np.any(points[2] != 0.0) or np.any(points[3] != 0.0)
    weights, gate = (t.axes_weights, t.axes_gate) if three else (t.size_weights, t.size_gate)
    for i in range(frames):
        middle = t.hop // 2 + i * t.hop
        _, square, share[i] = tapered_moments(points[0], came, middle, t.taper)
        rms[i] = math.sqrt(square)
        spectrum(points[0], middle, t.size_cosine, t.size_sine, power[i])
        power[i] /= max(share[i], 0.1) ** 2
        swing = 0.0
        axes[:] = 0.0
        for axis in range(1, 4):
            if not three:
                break
            spectrum(points[axis], middle, t.axes_cosine, t.axes_sine, one)
            axes += one / max(share[i], 0.1) ** 2
            swing += tapered_moments(points[axis], came, middle, t.taper)[1]
            mean, square, _ = tapered_moments(trend[axis], came, middle, t.taper)
            tilt[i] += max(square - mean * mean, 0.0)
        for f in range(cells):
            root[f] = math.sqrt(math.sqrt(power[i, f]) / (rms[i] + 0.01))
        for f in range(axes.size):
            axes[f] = math.sqrt(math.sqrt(axes[f]) / (math.sqrt(swing) + 0.01))
        loud = math.log2(min(max(rms[i], 0.02), 2.0) / t.usual_rms_g)
        weigh(root, axes, t.teeth, weights, t.prior, loud, evidence[i])
        score[i] = t.trust * evidence[i, 1]
    best_path(score, t.move_cost, path)
    for i in range(frames):
        c = path[i]
        on = off = 0.0
        for h in range(5):
            part = tooth(power[i], t.teeth[c, h])
            on, off = (on + part, off) if h < 3 else (on, off + part)
        whole = 2.0 * (rms[i] * rms[i] + 1e-4)
        turning = math.log2((math.sqrt(tilt[i]) + 0.02) / (rms[i] + 0.02))
        logit[i] = gate[0] * evidence[i, 0, c] + gate[1] * math.sqrt(on / whole) + gate[2] * math.sqrt(off / whole)
        logit[i] += gate[3] * turning + gate[4] * t.octave[c] + gate[5]
        if rms[i] < t.least_rms_g:
            logit[i] = -9.0
        if share[i] < 0.5:
            logit[i] = math.nan  # nobody knows


@njit(cache=True, nogil=True)
def find_candidates(size: Array, path: Array, t: Any, out: Array) -> int:
    """Fill rows (place in rows, frame, period in rows, level in g) where the phase passes zero; return how many."""
    count = 0
    phase = amplitude = 0.0
    for j in range(t.window_points + 1):
        at = t.before + j
        frame = min(at // t.hop, path.size - 1)
        c = path[frame]
        last = phase
        phase, amplitude = demodulate(size, at, t.wave_cosine[c], t.wave_sine[c], t.wave_reach[c])
        if j == 0 or not (last < 0.0 <= phase and phase - last < math.pi) or count == out.shape[0]:
            continue
        place = (j - 1 - last / (phase - last)) * t.apart
        if place >= t.width or amplitude < t.least_swing_g:
            continue
        reach = max(1, round(0.5 * t.period[c] / t.apart))
        level = 0.0
        for k in range(max(at - reach, 0), min(at + reach, size.size)):
            level += size[k] * size[k]
        out[count, 0], out[count, 1], out[count, 2] = place, frame, t.period[c]
        out[count, 3] = math.sqrt(level / (2 * reach))
        count += 1
    return count


@njit(cache=True, nogil=True)
def trace(accel: Array, starts: Array, first: int, last: int, t: Any, logit: Array, steps: Array, n: Array) -> None:
    """Fill log odds of frames and candidates for steps of windows ``[first, last)`` that start at rows ``starts``."""
    total = t.before + t.window_points + t.after
    points, trend = np.empty((4, total)), np.empty((4, total))
    came, scratch, weight = np.empty(total, dtype=np.bool_), np.empty(total), np.empty(total)
    path = np.zeros(logit.shape[1], dtype=np.int64)
    for w in range(first, last):
        soften(accel, starts[w] - t.before * t.apart, t.apart, t.soft, t.least_weight, points, came)
        trend[0] = came
        box(trend[0], t.trend_reach, scratch)
        box(scratch, t.trend_reach, weight)
        power = 0.0
        for k in range(4):
            detrend(points[k], weight, t.trend_reach, scratch, trend[k])
            for j in range(total):
                points[k, j] = points[k, j] - trend[k, j] if came[j] else 0.0
                power += points[k, j] ** 2 if k == 0 else 0.0
        n[w] = 0
        logit[w] = -9.0
        if power >= t.least_rms_g**2 * total:
            find_rhythm(points, trend, came, t, logit[w], path)
            n[w] = find_candidates(points[0], path, t, steps[w])


@njit(cache=True, nogil=True)
def decide(logit: Array, bias: float, t: Any, stepping: int, on: Array) -> int:
    """Fill which frames are stepping, by the best path through their log odds; return it for the next window.

    ``stepping`` says whether the window before was stepping where this one begins: 1, 0, or -1 for not known.
    """
    frames = logit.size - t.first_frame
    score, cost = np.zeros((frames, 2)), np.zeros((2, 2))
    cost[0, 1] = cost[1, 0] = t.change_cost
    for i in range(frames):
        if not math.isnan(logit[t.first_frame + i]):
            score[i, 1] = min(max(logit[t.first_frame + i] + bias, -t.most_logit), t.most_logit)
    if stepping >= 0:
        score[0, 1 - stepping] -= t.change_cost
    path = np.zeros(frames, dtype=np.int64)
    best_path(score, cost, path)
    for i in range(logit.size):
        on[i] = path[max(i - t.first_frame, 0)] == 1
    return 1 if on[t.handover] else 0


@njit(cache=True, nogil=True)
def select(
    accel: Array, starts: Array, joined: Array, unjoined: int, bias: float, t: Any, logit: Array, steps: Array,
    n: Array, carry: Array, out: Array,
) -> int:  # fmt: skip
    """Fill ``out`` with the places of steps in all windows, in rows from row 0; return how many.

    ``joined`` says which windows follow the one before at once, ``unjoined`` what is taken for it where they don't.
    ``carry`` is whether the window before was stepping, and the place of its last step; both are left as the last
    window leaves them.
    """
    on = np.zeros(logit.shape[1], dtype=np.bool_)
    levels = np.empty(steps.shape[1])
    count = 0
    stepping, last = int(carry[0]), carry[1]
    for w in range(starts.size):
        stepping = decide(logit[w], bias, t, stepping if joined[w] else unjoined, on)
        kept = 0
        for k in range(n[w]):
            if on[int(steps[w, k, 1])]:
                levels[kept] = steps[w, k, 3]
                kept += 1
        usual = np.median(levels[:kept]) if kept else 0.0
        for k in range(n[w]):
            if not on[int(steps[w, k, 1])] or steps[w, k, 3] < min(t.pause_share * usual, t.most_pause_g):
                continue
            place = beside_a_row(accel, starts[w], steps[w, k, 0], t.width, t.mend_rows)
            if place >= 0.0 and starts[w] + place - last >= 0.5 * steps[w, k, 2]:
                last = starts[w] + place
                out[count] = last
                count += 1
    carry[0], carry[1] = stepping, last
    return count


@njit(cache=True, nogil=True)
def beside_a_row(accel: Array, start: int, place: float, width: int, most: int) -> float:
    """Return ``place`` if the row nearest to it came, else the nearest that came within ``most`` rows, or -1."""
    nearest = int(place + 0.5)
    for away in range(most + 1):
        for row in (nearest - away, nearest + away):
            inside = 0 <= row < width and start + row < accel.shape[0]
            if inside and not math.isnan(accel[start + row, 0]):
                return place if away == 0 else float(row)
    return -1.0
