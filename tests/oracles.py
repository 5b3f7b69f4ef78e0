"""Slow, obvious twins of the kernels; a kernel and its twin must agree on exact inputs."""

import math
from itertools import pairwise

import numpy as np
from scipy.stats import kurtosis, skew


def resample(recording, rate_hz, lobes=3):
    """The Lanczos mean of the samples of each segment, straight from the formula."""
    step_ns = round(1e9 / rate_hz)
    origin_ns = int(recording.time_ns[0])
    out = np.full(((int(recording.time_ns[-1]) - origin_ns) // step_ns + 1, 3), np.nan)
    for segment in recording.segments:
        time_ns = recording.time_ns[segment.start : segment.stop]
        accel_g = recording.accel_g[segment.start : segment.stop].astype(float)
        source_hz = (time_ns.size - 1) * 1e9 / (time_ns[-1] - time_ns[0])
        slower_hz = min(rate_hz, source_hz)
        for k in range(len(out)):
            away_ns = (time_ns - (origin_ns + k * step_ns)).astype(float)
            place = away_ns * slower_hz / 1e9
            weight = np.where(np.abs(place) < lobes, np.sinc(place) * np.sinc(place / lobes), 0.0)
            usable = np.isfinite(accel_g[:, 0]) & (weight != 0.0)
            outside = away_ns.min() > 0.5e9 / source_hz or away_ns.max() < -0.5e9 / source_hz
            if outside or not usable.any() or np.abs(away_ns[usable]).min() > 1.5e9 / source_hz:
                continue
            if weight[usable].sum() >= 0.25 * source_hz / slower_hz:
                out[k] = weight[usable] @ accel_g[usable] / weight[usable].sum()
    return out


def window_moments(accel_g, width):
    """Samples that came, mean, sd and mean of max(|a| - 1, 0), a window at a time."""
    rows = []
    for start in range(0, len(accel_g) // width * width, width):
        window = accel_g[start : start + width].astype(float)
        window = window[np.isfinite(window[:, 0])]
        if not len(window):
            rows.append([0.0, *[math.nan] * 7])
            continue
        above = np.maximum(np.linalg.norm(window, axis=1) - 1.0, 0.0).mean()
        rows.append([len(window), *window.mean(axis=0), *window.std(axis=0), above])
    return np.array(rows).reshape(-1, 8)


def window_features(window_g, rate_hz, bands_hz):
    """All features of one window (width, 3) in the order of the table, with plain numpy and scipy."""
    width = len(window_g)
    came = np.flatnonzero(np.isfinite(window_g[:, 0]))
    window = np.stack([np.interp(np.arange(width), came, window_g[came, axis].astype(float)) for axis in range(3)])
    mean = window.mean(axis=1)
    down = mean / np.linalg.norm(mean)
    moving = window - mean[:, None]
    length = np.linalg.norm(window, axis=0)
    vertical = down @ moving
    forward = _forward(moving, down)
    streams = [length - length.mean(), vertical, forward, *moving]
    size = 1 << (width - 1).bit_length()
    edges = [min(round(hz / (rate_hz / size)), size // 2) for hz in bands_hz]
    out = [value for stream in streams for value in _stream_features(stream, size, edges, rate_hz / size)]
    n_lags = int(1.7 * rate_hz) + 2
    axes = sum(_correlation(stream, n_lags) for stream in moving)
    for corr in (_correlation(streams[0], n_lags), _correlation(vertical, n_lags), axes):
        out += _rhythm_features(corr, rate_hz)
    return np.array(out + _posture_features(window, moving, vertical, down))


def _forward(moving, down):
    """The strongest direction of the horizontal plane, with the sign that a small turn of the first axis gives."""
    side = np.eye(3)[0 if abs(down[0]) < 0.6 else 1]
    side = side - (side @ down) * down
    side /= np.linalg.norm(side)
    plane = np.stack([side, np.cross(down, side)]) @ moving
    direction = np.linalg.eigh(plane @ plane.T)[1][:, -1]
    return direction @ plane * (1.0 if direction[0] >= 0.0 else -1.0)


def _stream_features(stream, size, edges, bin_hz):
    n = stream.size
    sd = stream.std()
    guard = sd + 1e-3
    steps = np.diff(stream)
    step_sd = math.sqrt((steps**2).mean())
    sides = [math.copysign(1, v) for v in stream if abs(v) > 0.1 * guard]
    crossings = sum(a != b for a, b in pairwise(sides))
    order = np.sort(stream)
    thirds = [(stream[p * n // 3 : (p + 1) * n // 3] ** 2).sum() for p in range(3)]
    shape = [(stream**3).mean() / guard**3, (stream**4).mean() / guard**4]
    if sd > 0.0:  # the same from scipy, but for the guard
        assert np.allclose(shape[0], skew(stream) * (sd / guard) ** 3, atol=1e-9)
        assert np.allclose(shape[1], kurtosis(stream, fisher=False) * (sd / guard) ** 4, atol=1e-9)
    power = np.abs(np.fft.rfft(stream * np.hanning(n + 2)[1:-1], size)) ** 2
    low, high = edges[0], edges[-1]
    total = power[low:high].sum() + 1e-9
    best = low + int(np.argmax(power[low:high]))
    share = power[low:high] / total
    share = share[share > 1e-12]

    def around(k):
        return power[max(k - 2, low) : max(min(k + 3, high), 0)].sum()

    return [
        math.log(sd + 1e-3), *shape, np.abs(steps).mean() / guard, step_sd / guard,
        (steps**3).mean() / (step_sd + 1e-3) ** 3, crossings / n,
        *(order[int(q * n)] / guard for q in (0.05, 0.25, 0.75, 0.95)),
        math.sqrt((min(thirds) + 1e-6) / (max(thirds) + 1e-6)),
        *(math.log(power[a:b].sum() / total + 1e-4) for a, b in pairwise(edges)),
        best * bin_hz, around(best) / total, -(share * np.log(share)).sum(),
        math.log((around(2 * best) + 1e-6) / (around(best) + 1e-6)),
        math.log((around(best // 2) + 1e-6) / (around(best) + 1e-6)),
    ]  # fmt: skip


def _correlation(stream, n_lags):
    n = stream.size
    full = np.correlate(stream, stream, "full")[n - 1 :]
    return np.array([full[lag] * n / (n - lag) for lag in range(n_lags)])


def _rhythm_features(corr, rate_hz):
    def peak(first, last):
        tops = [k for k in range(first, last + 1) if corr[k] >= corr[k - 1] and corr[k] >= corr[k + 1]]
        return max(tops, key=lambda k: corr[k], default=0)

    scale = corr[0] + 1e-6 * corr.size
    first = int(rate_hz * 0.24)
    step, stride = peak(first, int(rate_hz * 0.84)), peak(int(rate_hz * 0.6), int(rate_hz * 1.68))
    tail = corr[first:]
    below = np.flatnonzero(corr[1:] <= 0.0)
    return [
        step / rate_hz, corr[step] / scale if step else 0.0,
        stride / rate_hz, corr[stride] / scale if stride else 0.0,
        corr[2 * step] / scale if step else 0.0, corr[(stride + 1) // 2] / scale if stride else 0.0,
        tail.min() / scale, (first + int(np.argmin(tail))) / rate_hz,
        (below[0] + 1 if below.size else corr.size) / rate_hz, tail.max() / scale,
    ]  # fmt: skip


def _posture_features(window, moving, vertical, down):
    width = window.shape[1]
    cov = moving @ moving.T
    total = np.trace(cov)
    small, mid, big = np.linalg.eigvalsh(cov) / total
    part = width // 10
    parts = np.array([window[:, p * part : (p + 1) * part].mean(axis=1) for p in range(10)])
    parts /= np.linalg.norm(parts, axis=1)[:, None]
    tilt = np.arccos(np.clip(parts @ down, -1.0, 1.0))
    path = np.arccos(np.clip((parts[1:] * parts[:-1]).sum(axis=1), -1.0, 1.0))
    spread = np.ptp(parts, axis=0)
    pairs = [cov[a, b] / math.sqrt(cov[a, a] * cov[b, b] + 1e-12) for a, b in ((0, 1), (0, 2), (1, 2))]
    return [
        *down, mid, small, *pairs, math.log(total / width + 1e-7), 1.0 - (vertical**2).sum() / total, big,
        tilt.mean(), tilt.max(), path.mean(), tilt.std(), spread.min() / max(spread.max(), 1e-6),
    ]  # fmt: skip
