"""Kernels of the step counter: from rows of a grid to rhythm, phase and steps.

``t`` is `activity.steps.tables.Tables`; points are the counter's own, one every ``t.apart`` rows.
"""

import math
from typing import Any, TypeAlias

import numpy as np
from numba import njit
from numpy.typing import NDArray

Array: TypeAlias = NDArray[Any]

#: For kernels that only kernels call: without a door to Python they compile a second faster.
_WITHOUT_DOOR: dict[str, Any] = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}
_inner = njit(cache=True, nogil=True, **_WITHOUT_DOOR)


@njit(cache=True, nogil=True)
def soften(accel: Array, first: int, apart: int, taper: Array, least: float, n: int, out: Array, came: Array) -> None:
    """Fill ``out`` (4, n), size and axes around every ``apart``-th row from ``first``, and whether enough rows came."""
    reach = taper.size - 1
    low = max(first - reach, 0)
    high = min(first + (n - 1) * apart + reach + 1, accel.shape[0])
    size = np.full(max(high - low, 0), math.nan)
    for i in range(low, high):
        a, b, c = np.float64(accel[i, 0]), np.float64(accel[i, 1]), np.float64(accel[i, 2])
        power = a * a + b * b + c * c
        if power < math.inf:  # NaN is not
            size[i - low] = math.sqrt(power)
    for j in range(n):
        middle = first + j * apart
        weight = 0.0
        for k in range(4):
            out[k, j] = 0.0
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
    """Fill ``trend`` with the mean, over a box of a box, of the ``values`` that came.

    ``weight`` is ``box`` of ``box`` of one for each point that came, and zero where none came near.
    """
    box(values, reach, scratch)
    box(scratch, reach, trend)
    for j in range(values.size):
        trend[j] = trend[j] / weight[j] if weight[j] > 0.5 else 0.0


@njit(cache=True, nogil=True)
def spectrum(values: Array, middle: int, cosine: Array, sine: Array, even: Array, odd: Array, out: Array) -> None:
    """Fill ``out`` with the power at each column of ``cosine`` and ``sine``, tapered around ``middle``.

    ``even`` and ``odd`` are room to work in; all five have as many columns.
    """
    n, cells = values.size, out.size
    for f in range(cells):
        even[f] = odd[f] = np.float32(0.0)
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
def best_path(score: Array, cost: Array, path: Array) -> None:
    """Fill ``path`` with the state of each row of ``score`` (n, states) whose sum less the cost of moves is highest."""
    n, states = score.shape
    came_from = np.zeros((n, states), dtype=np.int64)
    total, best = score[0].copy(), np.empty(states)
    for i in range(1, n):
        origin = came_from[i]
        for s in range(states):
            best[s] = total[0] - cost[0, s]
        for r in range(1, states):  # the states it comes from outside, so that those it goes to are done side by side
            for s in range(states):
                worth = total[r] - cost[r, s]
                origin[s] = r if worth > best[s] else origin[s]
                best[s] = max(worth, best[s])
        for s in range(states):
            total[s] = best[s] + score[i, s]
    last = 0
    for s in range(1, states):
        last = s if total[s] > total[last] else last
    path[n - 1] = last
    for i in range(n - 1, 0, -1):
        path[i - 1] = came_from[i, path[i]]


@_inner
def halve(values: Array, out: Array) -> None:
    """Fill ``out`` (2 n) with the values, the means of neighbours between them, and a zero for what lies outside."""
    n = values.size
    for f in range(n - 1):
        out[2 * f] = values[f]
        out[2 * f + 1] = 0.5 * (values[f] + values[f + 1])
    out[2 * n - 2] = values[n - 1]
    out[2 * n - 1] = 0.0


@_inner
def weigh(size: Array, axes: Array, teeth: Array, weights: Array, prior: Array, loud: float, out: Array) -> None:
    """Fill ``out`` (2, cadences): what speaks for each in the rhythm alone, and with what people are like.

    ``size`` and ``axes`` are halved roots of amplitudes over their rms. The last two teeth are those of the axes.
    """
    first_axis = weights.size - 2
    for c in range(out.shape[1]):
        total = 0.0
        for h in range(weights.size):
            total += weights[h] * (size[teeth[c, h]] if h < first_axis else axes[teeth[c, h]])
        out[0, c] = total
        out[1, c] = total + prior[0, c] + loud * prior[1, c]


@njit(cache=True, nogil=True)
def demodulate(values: Array, at: int, cosine: Array, sine: Array, reach: int, even: Array, odd: Array) -> None:
    """Fill ``even`` and ``odd`` with the parts of ``values`` from ``at`` on that go with one row of the tables.

    There have to be ``reach`` values to either side.
    """
    for j in range(even.size):
        even[j] = values[at + j] * cosine[0]
        odd[j] = 0.0
    for k in range(1, reach + 1):
        for j in range(even.size):
            even[j] += (values[at + j + k] + values[at + j - k]) * cosine[k]
            odd[j] += (values[at + j - k] - values[at + j + k]) * sine[k]


@_inner
def moves(values: Array) -> bool:
    """Return whether any value is not zero."""
    for value in values:
        if value != 0.0:
            return True
    return False


@_inner
def find_strength(points: Array, trend: Array, came: Array, t: Any, out: Array) -> None:
    """Fill ``out`` (4, frames): rms of size, of axes and of their trend about its mean, and the share that came."""
    n, frames = came.size, out.shape[1]
    values, scratch, sums = np.empty(n), np.empty(n), np.empty((n, 7))
    for k in range(7):
        for j in range(n):
            if k == 0:
                values[j] = came[j]
            elif k == 1:
                values[j] = points[0, j] ** 2
            elif k == 2:
                values[j] = points[1, j] ** 2 + points[2, j] ** 2 + points[3, j] ** 2
            elif k == 3:
                values[j] = (trend[1, j] ** 2 + trend[2, j] ** 2 + trend[3, j] ** 2) * came[j]
            else:
                values[j] = trend[k - 3, j] * came[j]
        box(values, t.frame_reach, scratch)
        box(scratch, t.frame_reach, values)
        for j in range(n):
            sums[j, k] = values[j]
    for i in range(frames):
        of = sums[t.hop // 2 + i * t.hop]
        weight = max(of[0], 1.0)
        mean = (of[4] ** 2 + of[5] ** 2 + of[6] ** 2) / weight**2
        out[0, i] = math.sqrt(max(of[1] / weight, 0.0))
        out[1, i] = math.sqrt(max(of[2] / weight, 0.0))
        out[2, i] = math.sqrt(max(of[3] / weight - mean, 0.0))
        out[3, i] = of[0] / (2.0 * t.frame_reach + 1.0) ** 2


@_inner
def find_cadence(points: Array, strength: Array, t: Any, power: Array, rhythm: Array, path: Array) -> Any:
    """Fill the spectrum, the evidence and the cadence of each frame; return whether more than the size was heard."""
    frames, cadences, axes_cells = path.size, t.prior.shape[1], t.axes_cosine.shape[1]
    score, evidence = np.empty((frames, cadences)), np.empty((2, cadences))
    one, axes, root = np.empty(axes_cells), np.empty(axes_cells), np.empty(power.shape[1])
    even, odd = np.empty(root.size, dtype=np.float32), np.empty(root.size, dtype=np.float32)
    even_axes, odd_axes = even[:axes_cells], odd[:axes_cells]
    of_size, of_axes = np.zeros(2 * root.size), np.zeros(2 * axes_cells)
    # A grid that holds nothing but sizes has them on x, and two axes that never move.
    three = moves(points[2]) or moves(points[3])
    weights = t.axes_weights if three else t.size_weights
    for i in range(frames):
        middle = t.hop // 2 + i * t.hop
        whole = 1.0 / max(strength[3, i], 0.1) ** 2
        spectrum(points[0], middle, t.size_cosine, t.size_sine, even, odd, power[i])
        for f in range(root.size):
            power[i, f] *= whole
            root[f] = math.sqrt(math.sqrt(power[i, f]) / (strength[0, i] + 0.01))
        for f in range(axes_cells):
            axes[f] = 0.0
        for axis in range(1, 4 if three else 1):
            spectrum(points[axis], middle, t.axes_cosine, t.axes_sine, even_axes, odd_axes, one)
            for f in range(axes_cells):
                axes[f] += one[f] * whole
        for f in range(axes_cells):
            axes[f] = math.sqrt(math.sqrt(axes[f]) / (strength[1, i] + 0.01))
        loud = math.log2(min(max(strength[0, i], 0.02), 2.0) / t.usual_rms_g)
        halve(root, of_size)
        halve(axes, of_axes)
        weigh(of_size, of_axes, t.teeth, weights, t.prior, loud, evidence)
        for c in range(cadences):
            rhythm[i, c] = evidence[0, c]
            score[i, c] = t.trust * evidence[1, c]
    best_path(score, t.move_cost, path)
    return three


@_inner
def find_odds(strength: Array, power: Array, rhythm: Array, path: Array, gate: Array, t: Any, logit: Array) -> None:
    """Fill the log odds of stepping of each frame; NaN where less than half of it came."""
    halves = np.empty(2 * power.shape[1])
    for i in range(path.size):
        c = path[i]
        halve(power[i], halves)
        on = halves[t.teeth[c, 0]] + halves[t.teeth[c, 1]] + halves[t.teeth[c, 2]]
        off = halves[t.teeth[c, 3]] + halves[t.teeth[c, 4]]
        rms = strength[0, i]
        whole = 2.0 * (rms * rms + 1e-4)
        turning = math.log2((strength[2, i] + 0.02) / (rms + 0.02))
        logit[i] = gate[0] * rhythm[i, c] + gate[1] * math.sqrt(on / whole) + gate[2] * math.sqrt(off / whole)
        logit[i] += gate[3] * turning + gate[4] * t.octave[c] + gate[5]
        if rms < t.least_rms_g:
            logit[i] = -9.0
        if strength[3, i] < 0.5:
            logit[i] = math.nan


@_inner
def find_candidates(size: Array, path: Array, t: Any, out: Array) -> int:
    """Fill rows (place in rows, frame, period in rows, level in g) where the phase passes zero; return how many."""
    count = 0
    even, odd = np.empty(t.hop), np.empty(t.hop)
    last = 1.0
    for frame in range(t.before // t.hop, path.size):
        c = path[frame]
        demodulate(size, frame * t.hop, t.wave_cosine[c], t.wave_sine[c], t.wave_reach[c], even, odd)
        for k in range(t.hop):
            at = frame * t.hop + k
            if at < t.before or at > t.before + t.window_points:
                continue
            before, last = last, math.atan2(odd[k], even[k])
            if not (before < 0.0 <= last and last - before < math.pi) or count == out.shape[0]:
                continue
            place = (at - t.before - 1 - before / (last - before)) * t.apart
            if place >= t.width or math.hypot(odd[k], even[k]) < t.least_swing_g:
                continue
            reach = max(1, round(0.5 * t.period[c] / t.apart))
            level = 0.0
            for j in range(at - reach, at + reach):
                level += size[j] * size[j]
            out[count, 0], out[count, 1], out[count, 2] = place, frame, t.period[c]
            out[count, 3] = math.sqrt(level / (2 * reach))
            count += 1
    return count


@njit(cache=True, nogil=True)
def trace(accel: Array, starts: Array, first: int, last: int, t: Any, logit: Array, steps: Array, n: Array) -> None:
    """Fill log odds of frames and candidates for steps of windows ``[first, last)`` that start at rows ``starts``."""
    heard = t.before + t.window_points + t.after
    total = heard + t.wave_cosine.shape[1] + t.hop  # nothing comes there, so that waves may reach out
    frames = logit.shape[1]
    points, trend, strength = np.zeros((4, total)), np.zeros((4, total)), np.empty((4, frames))
    came, scratch, weight = np.zeros(total, dtype=np.bool_), np.empty(total), np.empty(total)
    path, power = np.zeros(frames, dtype=np.int64), np.empty((frames, t.size_cosine.shape[1]))
    rhythm = np.empty((frames, t.prior.shape[1]))
    for w in range(first, last):
        soften(accel, starts[w] - t.before * t.apart, t.apart, t.soft, t.least_weight, heard, points, came)
        for j in range(total):
            trend[0, j] = 1.0 if came[j] else 0.0
        box(trend[0], t.trend_reach, scratch)
        box(scratch, t.trend_reach, weight)
        loudest = 0.0
        for k in range(4):
            detrend(points[k], weight, t.trend_reach, scratch, trend[k])
            for j in range(heard):
                points[k, j] = points[k, j] - trend[k, j] if came[j] else 0.0
        find_strength(points, trend, came, t, strength)
        for i in range(frames):
            loudest = max(loudest, strength[0, i])
            logit[w, i] = -9.0
        n[w] = 0
        if loudest >= t.least_rms_g:
            three = find_cadence(points, strength, t, power, rhythm, path)
            find_odds(strength, power, rhythm, path, t.axes_gate if three else t.size_gate, t, logit[w])
            n[w] = find_candidates(points[0], path, t, steps[w])


@_inner
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
    """Fill rows (window, place in rows from its start) with the steps of all windows; return how many.

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
        usual = middle_of(levels, kept)
        for k in range(n[w]):
            if not on[int(steps[w, k, 1])] or steps[w, k, 3] < min(t.pause_share * usual, t.most_pause_g):
                continue
            place = beside_a_row(accel, starts[w], steps[w, k, 0], t.width, t.mend_rows)
            if place >= 0.0 and starts[w] + place - last >= 0.5 * steps[w, k, 2]:
                last = starts[w] + place
                out[count, 0], out[count, 1] = w, place
                count += 1
    carry[0], carry[1] = stepping, last
    return count


@njit(cache=True, nogil=True)
def middle_of(values: Array, n: int) -> Any:
    """Return the upper median of the first ``n`` values, which it sorts; zero of none."""
    for i in range(1, n):
        value, j = values[i], i
        while j > 0 and values[j - 1] > value:
            values[j] = values[j - 1]
            j -= 1
        values[j] = value
    return values[n // 2] if n else 0.0


@_inner
def beside_a_row(accel: Array, start: int, place: float, width: int, most: int) -> float:
    """Return ``place`` if the row nearest to it came, else the nearest that came within ``most`` rows, or -1."""
    nearest = int(place + 0.5)
    for away in range(most + 1):
        for row in (nearest - away, nearest + away):
            inside = 0 <= row < width and start + row < accel.shape[0]
            if inside and not math.isnan(accel[start + row, 0]):
                return place if away == 0 else float(row)
    return -1.0
