"""The features of a window in one pass; numba can only call numba, so all of it lives here."""

import math
from typing import Any, TypeAlias

import numpy as np
from numba import njit
from numpy.typing import NDArray

Array: TypeAlias = NDArray[Any]

N_STREAMS = 6  # magnitude, vertical, forward, x, y, z
N_STREAM_FEATURES = 30
N_SHAPE_FEATURES = 12  #: of those, before the ones of the spectrum
N_RHYTHM_FEATURES = 10
N_RHYTHMS = 3  # magnitude, vertical, all axes together


@njit(cache=True, nogil=True)
def fill_window(accel: Array, start: int, width: int, out: Array) -> int:
    """Copy a window to ``out`` (3, width), missing rows drawn straight between neighbours; return how many came."""
    came = 0
    previous = -1
    for i in range(width):
        if math.isnan(accel[start + i, 0]):
            continue
        came += 1
        for axis in range(3):
            value = float(accel[start + i, axis])
            out[axis, i] = value
            for j in range(previous + 1, i):
                if previous < 0:
                    out[axis, j] = value
                else:
                    part = (j - previous) / (i - previous)
                    out[axis, j] = out[axis, previous] * (1.0 - part) + value * part
        previous = i
    if previous >= 0:
        for axis in range(3):
            for j in range(previous + 1, width):
                out[axis, j] = out[axis, previous]
    return came


@njit(cache=True, nogil=True)
def level_axes(down: Array, side: Array, across: Array) -> None:
    """Fill ``side`` and ``across`` (3): unit axes of the plane that ``down`` stands on, any two at right angles."""
    away = 0 if abs(down[0]) < 0.6 else 1
    side[:] = 0.0
    side[away] = 1.0
    along = down[away]
    for axis in range(3):
        side[axis] -= along * down[axis]
    size = math.sqrt(side[0] * side[0] + side[1] * side[1] + side[2] * side[2])
    for axis in range(3):
        side[axis] /= size
    across[0] = down[1] * side[2] - down[2] * side[1]
    across[1] = down[2] * side[0] - down[0] * side[2]
    across[2] = down[0] * side[1] - down[1] * side[0]


@njit(cache=True, nogil=True)
def split_streams(window: Array, streams: Array, posture: Array) -> None:
    """Fill the zero-mean ``streams`` (6, width) of a window (3, width), and the ``posture`` features."""
    width = window.shape[1]
    mean = np.empty(3)
    for axis in range(3):
        total = 0.0
        for i in range(width):
            total += window[axis, i]
        mean[axis] = total / width
    size = max(math.sqrt(mean[0] * mean[0] + mean[1] * mean[1] + mean[2] * mean[2]), 1e-6)
    down = mean / size

    side = np.empty(3)
    across = np.empty(3)
    level_axes(down, side, across)
    cov = np.zeros((3, 3))
    strength = 0.0
    plane_ss = plane_sa = plane_aa = 0.0
    for i in range(width):
        x = window[0, i] - mean[0]
        y = window[1, i] - mean[1]
        z = window[2, i] - mean[2]
        streams[3, i] = x
        streams[4, i] = y
        streams[5, i] = z
        cov[0, 0] += x * x
        cov[1, 1] += y * y
        cov[2, 2] += z * z
        cov[0, 1] += x * y
        cov[0, 2] += x * z
        cov[1, 2] += y * z
        streams[1, i] = x * down[0] + y * down[1] + z * down[2]
        s = x * side[0] + y * side[1] + z * side[2]
        a = x * across[0] + y * across[1] + z * across[2]
        streams[2, i] = s
        plane_ss += s * s
        plane_sa += s * a
        plane_aa += a * a
        size_i = math.sqrt(window[0, i] ** 2 + window[1, i] ** 2 + window[2, i] ** 2)
        streams[0, i] = size_i
        strength += size_i
    turn = 0.5 * math.atan2(2.0 * plane_sa, plane_ss - plane_aa)
    cos_turn, sin_turn = math.cos(turn), math.sin(turn)
    strength /= width
    for i in range(width):
        streams[0, i] -= strength
        x, y, z = streams[3, i], streams[4, i], streams[5, i]
        a = x * across[0] + y * across[1] + z * across[2]
        streams[2, i] = cos_turn * streams[2, i] + sin_turn * a

    total = max(cov[0, 0] + cov[1, 1] + cov[2, 2], 1e-9)
    big, mid, small = eigenvalues(cov / total)
    posture[0] = down[0]
    posture[1] = down[1]
    posture[2] = down[2]
    posture[3] = mid
    posture[4] = small
    posture[5] = cov[0, 1] / math.sqrt(cov[0, 0] * cov[1, 1] + 1e-12)
    posture[6] = cov[0, 2] / math.sqrt(cov[0, 0] * cov[2, 2] + 1e-12)
    posture[7] = cov[1, 2] / math.sqrt(cov[1, 1] * cov[2, 2] + 1e-12)
    posture[8] = math.log(total / width + 1e-7)
    posture[9] = (plane_ss + plane_aa) / total
    posture[10] = big
    turns(window, down, posture)


@njit(cache=True, nogil=True)
def turns(window: Array, down: Array, posture: Array) -> None:
    """Fill posture 11..15: how far the band turns away from its mean attitude, second by second."""
    width = window.shape[1]
    n_parts = 10
    part = width // n_parts
    tilt = np.empty(n_parts)
    previous = np.zeros(3)
    path = 0.0
    axis_low = np.full(3, 9.0)
    axis_high = np.full(3, -9.0)
    for p in range(n_parts):
        here = np.zeros(3)
        for i in range(p * part, (p + 1) * part):
            for axis in range(3):
                here[axis] += window[axis, i]
        size = max(math.sqrt(here[0] ** 2 + here[1] ** 2 + here[2] ** 2), 1e-6)
        cosine = 0.0
        step = 0.0
        for axis in range(3):
            here[axis] /= size
            cosine += here[axis] * down[axis]
            step += here[axis] * previous[axis]
            axis_low[axis] = min(axis_low[axis], here[axis])
            axis_high[axis] = max(axis_high[axis], here[axis])
        tilt[p] = math.acos(min(max(cosine, -1.0), 1.0))
        if p > 0:
            path += math.acos(min(max(step, -1.0), 1.0))
        previous[:] = here
    posture[11] = tilt.mean()
    posture[12] = tilt.max()
    posture[13] = path / (n_parts - 1)
    posture[14] = tilt.std()
    spread = axis_high - axis_low
    posture[15] = spread.min() / max(spread.max(), 1e-6)


@njit(cache=True, nogil=True)
def eigenvalues(a: Array) -> tuple[float, float, float]:
    """Return the eigenvalues of a symmetric 3 × 3 matrix, of which only the upper half is read, largest first."""
    off = a[0, 1] ** 2 + a[0, 2] ** 2 + a[1, 2] ** 2
    q = (a[0, 0] + a[1, 1] + a[2, 2]) / 3.0
    spread = (a[0, 0] - q) ** 2 + (a[1, 1] - q) ** 2 + (a[2, 2] - q) ** 2 + 2.0 * off
    p = math.sqrt(spread / 6.0)
    if p < 1e-12:
        return q, q, q
    b00, b11, b22 = (a[0, 0] - q) / p, (a[1, 1] - q) / p, (a[2, 2] - q) / p
    b01, b02, b12 = a[0, 1] / p, a[0, 2] / p, a[1, 2] / p
    det = b00 * (b11 * b22 - b12 * b12) - b01 * (b01 * b22 - b12 * b02) + b02 * (b01 * b12 - b11 * b02)
    angle = math.acos(min(max(det / 2.0, -1.0), 1.0)) / 3.0
    big = q + 2.0 * p * math.cos(angle)
    small = q + 2.0 * p * math.cos(angle + 2.0 * math.pi / 3.0)
    return big, 3.0 * q - big - small, small


@njit(cache=True, nogil=True)
def power_spectrum(
    stream: Array, taper: Array, cosines: Array, sines: Array, real: Array, imag: Array, power: Array
) -> None:
    """Fill ``power`` (size // 2 + 1) of the tapered, zero-padded stream by a radix-2 transform of ``real.size``."""
    size = real.size
    real[:] = 0.0
    imag[:] = 0.0
    for i in range(stream.size):
        real[i] = stream[i] * taper[i]
    j = 0
    for i in range(1, size):
        bit = size >> 1
        while j & bit:
            j ^= bit
            bit >>= 1
        j |= bit
        if i < j:
            real[i], real[j] = real[j], real[i]
    span = 2
    while span <= size:
        half = span // 2
        stride = size // span
        for start in range(0, size, span):
            for k in range(half):
                c, s = cosines[k * stride], sines[k * stride]
                a, b = start + k, start + k + half
                re = real[b] * c + imag[b] * s
                im = imag[b] * c - real[b] * s
                real[b] = real[a] - re
                imag[b] = imag[a] - im
                real[a] += re
                imag[a] += im
        span *= 2
    for k in range(power.size):
        power[k] = real[k] * real[k] + imag[k] * imag[k]


@njit(cache=True, nogil=True)
def shape_features(stream: Array, order: Array, out: Array) -> None:
    """Fill the first 12 features of one zero-mean stream: its strength and shape; ``order`` is it sorted."""
    n = stream.size
    second = third = fourth = 0.0
    for value in stream:
        square = value * value
        second += square
        third += square * value
        fourth += square * square
    variance = second / n
    sd = math.sqrt(variance)
    guard = sd + 1e-3  # a tenth of a resting sensor's noise: shape of noise says nothing
    out[0] = math.log(sd + 1e-3)
    out[1] = third / n / (guard * guard * guard)
    out[2] = fourth / n / (guard * guard * guard * guard)
    d1 = d2 = d3 = 0.0
    crossings = 0
    side = 0
    band = 0.1 * guard
    for i in range(n):
        if stream[i] > band:
            crossings += side == -1
            side = 1
        elif stream[i] < -band:
            crossings += side == 1
            side = -1
        if i > 0:
            step = stream[i] - stream[i - 1]
            d1 += abs(step)
            d2 += step * step
            d3 += step * step * step
    d_sd = math.sqrt(d2 / (n - 1))
    d_guard = d_sd + 1e-3
    out[3] = d1 / (n - 1) / guard
    out[4] = d_sd / guard
    out[5] = d3 / (n - 1) / (d_guard * d_guard * d_guard)
    out[6] = crossings / n
    out[7] = order[int(0.05 * n)] / guard
    out[8] = order[int(0.25 * n)] / guard
    out[9] = order[int(0.75 * n)] / guard
    out[10] = order[int(0.95 * n)] / guard
    # Strength in three thirds of the window: steady, or a burst
    low, high = 1e9, 0.0
    for p in range(3):
        total = 0.0
        for i in range(p * n // 3, (p + 1) * n // 3):
            total += stream[i] * stream[i]
        low = min(low, total)
        high = max(high, total)
    out[11] = math.sqrt((low + 1e-6) / (high + 1e-6))


@njit(cache=True, nogil=True)
def spectrum_features(power: Array, edges: Array, bin_hz: float, out: Array) -> None:
    """Fill the features of one stream's spectrum: shares of bands, the peak, and what is at twice and half of it."""
    total = 1e-9
    best = edges[0]
    for k in range(edges[0], edges[-1]):
        total += power[k]
        if power[k] > power[best]:
            best = k
    n_bands = edges.size - 1
    entropy = 0.0
    for b in range(n_bands):
        part = 0.0
        for k in range(edges[b], edges[b + 1]):
            part += power[k]
        share = part / total
        out[b] = math.log(share + 1e-4)
    for k in range(edges[0], edges[-1]):
        share = power[k] / total
        if share > 1e-12:
            entropy -= share * math.log(share)
    at = n_bands
    out[at] = best * bin_hz
    near = 0.0
    for k in range(max(best - 2, edges[0]), min(best + 3, edges[-1])):
        near += power[k]
    out[at + 1] = near / total
    out[at + 2] = entropy
    double = 0.0
    for k in range(max(2 * best - 2, edges[0]), min(2 * best + 3, edges[-1])):
        double += power[k]
    half = 0.0
    for k in range(max(best // 2 - 2, edges[0]), min(best // 2 + 3, edges[-1])):
        half += power[k]
    out[at + 3] = math.log((double + 1e-6) / (near + 1e-6))
    out[at + 4] = math.log((half + 1e-6) / (near + 1e-6))


@njit(cache=True, nogil=True)
def add_correlation(stream: Array, out: Array) -> None:
    """Add the sums of ``stream`` with itself, shifted by 0 .. ``out.size - 1`` samples, to ``out``."""
    n = stream.size
    for lag in range(out.size):
        total = 0.0
        for i in range(n - lag):
            total += stream[i] * stream[i + lag]
        out[lag] += total * n / (n - lag)


@njit(cache=True, nogil=True)
def rhythm_features(corr: Array, rate_hz: float, out: Array) -> None:
    """Fill the features of a correlation over lags: the step's lag and strength, and how steps pair to strides."""
    scale = corr[0] + 1e-6 * corr.size
    first = int(rate_hz * 0.24)
    last = int(rate_hz * 0.84)
    best = 0
    for lag in range(first, last + 1):
        peak = corr[lag] >= corr[lag - 1] and corr[lag] >= corr[lag + 1]
        if peak and (best == 0 or corr[lag] > corr[best]):
            best = lag
    stride = 0
    for lag in range(int(rate_hz * 0.6), int(rate_hz * 1.68) + 1):
        peak = corr[lag] >= corr[lag - 1] and corr[lag] >= corr[lag + 1]
        if peak and (stride == 0 or corr[lag] > corr[stride]):
            stride = lag
    lowest = corr[first]
    lowest_at = first
    highest = corr[first]
    for lag in range(first, corr.size):
        if corr[lag] < lowest:
            lowest = corr[lag]
            lowest_at = lag
        highest = max(highest, corr[lag])
    zero_at = corr.size
    for lag in range(corr.size - 1, 0, -1):
        if corr[lag] <= 0.0:
            zero_at = lag
    out[0] = best / rate_hz
    out[1] = corr[best] / scale if best else 0.0
    out[2] = stride / rate_hz
    out[3] = corr[stride] / scale if stride else 0.0
    out[4] = corr[2 * best] / scale if best else 0.0
    out[5] = corr[(stride + 1) // 2] / scale if stride else 0.0
    out[6] = lowest / scale
    out[7] = lowest_at / rate_hz
    out[8] = zero_at / rate_hz
    out[9] = highest / scale


@njit(cache=True, nogil=True)
def window_features(
    accel: Array,
    width: int,
    least: int,
    rate_hz: float,
    taper: Array,
    cosines: Array,
    sines: Array,
    edges: Array,
    bin_hz: float,
    n_lags: int,
    out: Array,
) -> None:
    """Fill one row of ``out`` a window of ``accel`` (n, 3); a window with fewer than ``least`` rows stays NaN."""
    window = np.empty((3, width))
    streams = np.empty((N_STREAMS, width))
    size = 2 * cosines.size
    real = np.empty(size)
    imag = np.empty(size)
    power = np.empty(size // 2 + 1)
    corr = np.empty((N_RHYTHMS, n_lags))
    row = np.empty(out.shape[1])
    for w in range(out.shape[0]):
        if fill_window(accel, w * width, width, window) < least:
            continue
        at = N_STREAMS * N_STREAM_FEATURES + N_RHYTHMS * N_RHYTHM_FEATURES
        split_streams(window, streams, row[at:])
        for s in range(N_STREAMS):
            power_spectrum(streams[s], taper, cosines, sines, real, imag, power)
            at = s * N_STREAM_FEATURES
            shape_features(streams[s], np.sort(streams[s]), row[at : at + N_SHAPE_FEATURES])
            spectrum_features(power, edges, bin_hz, row[at + N_SHAPE_FEATURES : at + N_STREAM_FEATURES])
        corr[:] = 0.0
        add_correlation(streams[0], corr[0])
        add_correlation(streams[1], corr[1])
        for axis in range(3):
            add_correlation(streams[3 + axis], corr[2])
        for r in range(N_RHYTHMS):
            at = N_STREAMS * N_STREAM_FEATURES + r * N_RHYTHM_FEATURES
            rhythm_features(corr[r], rate_hz, row[at : at + N_RHYTHM_FEATURES])
        out[w] = row
