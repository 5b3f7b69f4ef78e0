"""Kernels over samples: resampling from true times, and moments of windows."""

import math
from typing import Any, TypeAlias

import numpy as np
from numba import njit
from numpy.typing import NDArray

Array: TypeAlias = NDArray[Any]


@njit(cache=True, nogil=True)
def resample(
    accel: Array,
    time_ns: Array,
    start: int,
    stop: int,
    origin_ns: int,
    step_ns: int,
    taper: Array,
    half_ns: float,
    reach_ns: float,
    least_weight: float,
    first: int,
    last: int,
    out: Array,
) -> None:
    """Write grid points ``[first, last)`` as weighted means of samples ``[start, stop)``; too few leave NaN."""
    scale = (taper.size - 2) / half_ns
    low = start
    for k in range(first, last):
        at = origin_ns + k * step_ns
        while low < stop and at - time_ns[low] >= half_ns:
            low += 1
        total = x = y = z = 0.0
        nearest = half_ns + 1
        i = low
        while i < stop:
            away = abs(time_ns[i] - at)
            if away >= half_ns:
                break
            if not math.isnan(accel[i, 0]):
                place = away * scale
                cell = int(place)
                part = place - cell
                weight = taper[cell] * (1.0 - part) + taper[cell + 1] * part
                total += weight
                x += weight * accel[i, 0]
                y += weight * accel[i, 1]
                z += weight * accel[i, 2]
                nearest = min(nearest, away)
            i += 1
        if nearest <= reach_ns and total >= least_weight:
            out[k, 0] = x / total
            out[k, 1] = y / total
            out[k, 2] = z / total


@njit(cache=True, nogil=True)
def window_moments(accel: Array, width: int, out: Array) -> None:
    """Fill ``out`` (n_windows, 8): samples that came, mean x y z, sd x y z, mean of max(|a| - 1, 0)."""
    for w in range(out.shape[0]):
        count = 0
        mean = np.zeros(3)
        square = np.zeros(3)
        above = 0.0
        for i in range(w * width, min((w + 1) * width, accel.shape[0])):
            if math.isnan(accel[i, 0]):
                continue
            count += 1
            power = 0.0
            for axis in range(3):
                value = np.float64(accel[i, axis])  # float() would stay in 32 bits
                # Welford's update: the sd of a resting sensor is a thousandth of its mean
                away = value - mean[axis]
                mean[axis] += away / count
                square[axis] += away * (value - mean[axis])
                power += value * value
            above += max(math.sqrt(power) - 1.0, 0.0)
        out[w, 0] = count
        for axis in range(3):
            out[w, 1 + axis] = mean[axis] if count else math.nan
            out[w, 4 + axis] = math.sqrt(square[axis] / count) if count else math.nan
        out[w, 7] = above / count if count else math.nan
