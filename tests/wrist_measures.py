"""Plain measures of windows of wrist acceleration, with which real and simulated movement are compared."""

import itertools

import numpy as np
import pandas as pd
from scipy.signal import resample_poly

WINDOW_S = 10.0
REAL_LABELS = {
    "lying": "still", "sitting": "still", "standing": "still",
    "walk_slow": "walking", "walk_mod": "walking", "walk_fast": "walking",
    "jogging": "running", "upstairs": "stairs", "downstairs": "stairs",
}  # fmt: skip
MEASURES = (
    "sd_magnitude",
    "sd_x",
    "sd_y",
    "sd_z",
    "enmo",
    "step_hz",
    "step_share",
    "jerk",
    "mean_x",
    "mean_y",
    "mean_z",
)


def real_recordings(path):
    """Return {(subject, activity): accel_g (n, 3) at 100 Hz}, two seconds cut from either end, calibrated by person."""
    frame = pd.read_parquet(path)
    out = {}
    for (subject, activity), rows in frame.groupby(["subject", "activity"], observed=True):
        t_s = (rows["t"].to_numpy() - rows["t"].to_numpy()[0]) / 1e9
        # Wall clocks were written to the millisecond: a line through them is the true, constant rate.
        slope, origin = np.polyfit(np.arange(t_s.size), t_s, 1)
        even_s = origin + slope * np.arange(t_s.size)
        grid_s = np.arange(2.0, even_s[-1] - 2.0, 0.01)
        if grid_s.size >= 400:
            axes = [np.interp(grid_s, even_s, rows[axis].to_numpy(dtype=float)) for axis in "xyz"]
            out[str(subject), str(activity)] = np.stack(axes, axis=1)
    still = {key: _still_means(accel_g) for key, accel_g in out.items() if REAL_LABELS[key[1]] == "still"}
    everyone = _offset(np.vstack(list(still.values())), np.zeros(3), 0.0)
    for subject in {key[0] for key in out}:
        means = [rows for key, rows in still.items() if key[0] == subject]
        offset = _offset(np.vstack(means), everyone, 5.0) if means else everyone
        out.update({key: accel_g - offset for key, accel_g in out.items() if key[0] == subject})
    return out


def _still_means(accel_g):
    """Mean of each ten seconds without movement, (k, 3)."""
    blocks = accel_g[: len(accel_g) // 1000 * 1000].reshape(-1, 1000, 3)
    return blocks.mean(axis=1)[blocks.std(axis=1).max(axis=1) < 0.03]


def _offset(means, prior, weight):
    """Offset (3,) that brings the means nearest to 1 g, held to ``prior`` as if by ``weight`` windows."""
    offset = prior.copy()
    for _ in range(20):
        length = np.linalg.norm(means - offset, axis=1)
        away = (means - offset) / length[:, None]
        ridge = (weight + 1e-3) * np.eye(3)
        offset = offset + np.linalg.solve(away.T @ away + ridge, away.T @ (length - 1.0) - ridge @ (offset - prior))
    return offset


def windows(accel_g, rate_hz):
    """Return whole windows (k, width, 3) at 25 Hz of acceleration at 25, 50 or 100 Hz."""
    factor = round(rate_hz / 25.0)
    slow = accel_g if factor == 1 else resample_poly(accel_g, 1, factor, axis=0, padtype="line")
    width = int(WINDOW_S * 25)
    count = len(slow) // width
    return slow[: count * width].reshape(count, width, 3)


def measures(blocks):
    """Return (k, len(MEASURES)) of windows (k, width, 3) at 25 Hz."""
    magnitude = np.linalg.norm(blocks, axis=2)
    even = magnitude - magnitude.mean(axis=1, keepdims=True)
    power = np.abs(np.fft.rfft(even * np.hanning(even.shape[1]), 1024, axis=1)) ** 2
    freq = np.fft.rfftfreq(1024, 1 / 25.0)
    band = (freq >= 1.0) & (freq <= 3.4)
    peak_hz = freq[band][np.argmax(power[:, band], axis=1)]
    near = np.abs(freq[None, :] - peak_hz[:, None]) < 0.15
    share = (power * near).sum(axis=1) / (power[:, freq > 0.3].sum(axis=1) + 1e-12)
    axis_sd = blocks.std(axis=1)
    enmo = np.maximum(magnitude - 1.0, 0.0).mean(axis=1)
    jerk = np.abs(np.diff(blocks, axis=1)).mean(axis=(1, 2)) * 25.0
    return np.column_stack([even.std(axis=1), axis_sd, enmo, peak_hz, share, jerk, blocks.mean(axis=1)])


def features(blocks):
    """Return (k, m) for a forest: the measures, quantiles, and the shape of spectrum and autocorrelation."""
    magnitude = np.linalg.norm(blocks, axis=2)
    level = np.median(magnitude, axis=1, keepdims=True)
    even = magnitude - magnitude.mean(axis=1, keepdims=True)
    freq = np.fft.rfftfreq(even.shape[1], 1 / 25.0)
    edges = np.array([0.3, 0.7, 1.1, 1.5, 1.9, 2.3, 2.8, 3.5, 4.5, 6.0, 8.0, 10.0])
    rows = [measures(blocks), np.quantile(magnitude / level, [0.02, 0.1, 0.25, 0.75, 0.9, 0.98], axis=1).T]
    centred = blocks - blocks.mean(axis=1, keepdims=True)
    for signal in (even, centred[:, :, 0], centred[:, :, 1], centred[:, :, 2]):
        power = np.abs(np.fft.rfft(signal, axis=1)) ** 2
        bands = np.stack([power[:, (freq >= a) & (freq < b)].sum(1) for a, b in itertools.pairwise(edges)], 1)
        rows.append(np.log(bands + 1e-3))
        correlation = np.fft.irfft(power, axis=1)[:, : 2 * 25 + 1]
        rows.append(correlation[:, 5::3] / (correlation[:, :1] + 1e-6))
    return np.hstack(rows)
