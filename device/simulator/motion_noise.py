"""Random processes that movement is made of; each is seeded, and slow ones don't depend on the sampling rate."""

import numpy as np
from numpy.typing import NDArray
from scipy.fft import irfft, next_fast_len, rfft, rfftfreq

Floats = NDArray[np.float64]


def slow(rng: np.random.Generator, time_s: Floats, period_s: float) -> Floats:
    """Return a smooth wander (n,) of unit sd that turns about every ``period_s`` seconds, at times (n,)."""
    start, stop = float(time_s[0]), float(time_s[-1])
    n_knots = int((stop - start) / period_s) + 4
    knots = rng.standard_normal(n_knots)
    place = (time_s - start) / period_s
    index = place.astype(np.int64)
    x = place - index
    ease = x * x * (3.0 - 2.0 * x)
    # Without the division the wander would calm down half-way between two knots.
    blend: Floats = ((1.0 - ease) * knots[index] + ease * knots[index + 1]) / np.sqrt((1.0 - ease) ** 2 + ease**2)
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
