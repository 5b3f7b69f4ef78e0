"""Random processes that movement is made of; each is seeded, and slow ones don't depend on the sampling rate."""

import numpy as np
from numpy.typing import NDArray
from scipy.fft import irfft, next_fast_len, rfft, rfftfreq

Floats = NDArray[np.float64]
Rngs = tuple[np.random.Generator, np.random.Generator]
"""The first decides what is done and doesn't depend on the rate; the second is drawn from a sample at a time."""


def slow(rng: np.random.Generator, time_s: Floats, period_s: float) -> Floats:
    """Return a smooth wander (n,) of unit sd that turns about every ``period_s`` seconds, at times (n,) from -2 s on.

    It takes one child of ``rng`` whatever the times are, so what is drawn after it doesn't depend on them.
    """
    child = rng.spawn(1)[0]
    place = (time_s + 2.0) / period_s
    index = place.astype(np.int64)
    knots = child.standard_normal(int(index[-1]) + 2)
    share = ease(place - index)
    # Without the division the wander would calm down half-way between two knots.
    blend: Floats = ((1.0 - share) * knots[index] + share * knots[index + 1]) / np.hypot(1.0 - share, share)
    return blend


def coloured(rng: np.random.Generator, n_samples: int, rate_hz: float, edges_hz: Floats, band_sd: Floats) -> Floats:
    """Return noise (n_samples, 3) with the sd ``band_sd`` (bands, 3) in each band between ``edges_hz``.

    Bands above half the rate are left out, as a band's own filter would.
    """
    size = next_fast_len(max(n_samples, 16), real=True)
    freq = rfftfreq(size, 1.0 / rate_hz)
    centre = np.sqrt(edges_hz[1:] * edges_hz[:-1])
    density = band_sd / np.sqrt(np.diff(edges_hz))[:, None]  # g / sqrt(Hz)
    noise = np.empty((n_samples, 3))
    log_freq = np.log(np.maximum(freq, 0.5 * edges_hz[0]))
    outside = (freq > edges_hz[-1]) | (freq < 0.5 * edges_hz[0])
    for axis in range(3):
        shape = np.exp(np.interp(log_freq, np.log(centre), np.log(np.maximum(density[:, axis], 1e-9))))
        shape[outside] = 0.0
        white = rng.standard_normal(size) * np.sqrt(rate_hz / 2.0)
        noise[:, axis] = irfft(rfft(white) * shape, size)[:n_samples]
    return noise


def unit(vectors: Floats) -> Floats:
    """Return vectors (..., 3) of length 1; a vector of no length points along z."""
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    pointed: Floats = np.where(length > 1e-6, vectors / np.maximum(length, 1e-6), np.array([0.0, 0.0, 1.0]))
    return pointed


def ease(x: Floats) -> Floats:
    """Return a smooth step from 0 (at ``x`` of 0 or less) to 1 (at 1 or more)."""
    inside = np.clip(x, 0.0, 1.0)
    eased: Floats = inside * inside * (3.0 - 2.0 * inside)
    return eased


def ramps(time_s: Floats, at_s: Floats, values: Floats, ramp_s: float) -> Floats:
    """Return values (n, k) that go smoothly from ``values[i]`` to ``values[i + 1]`` around each time ``at_s[i]``."""
    index = np.searchsorted(at_s, time_s, side="right")
    out: Floats = values[index].astype(np.float64)
    for i, moment in enumerate(at_s.tolist()):
        near = slice(*np.searchsorted(time_s, [moment - ramp_s / 2.0, moment + ramp_s / 2.0]))
        share = ease((time_s[near] - moment) / ramp_s + 0.5)[:, None]
        step = (values[i + 1] - values[i])[None, :]
        # What the jump at ``moment`` has already done is taken back, then done slowly.
        out[near] += step * (share - (time_s[near] >= moment)[:, None])
    return out
