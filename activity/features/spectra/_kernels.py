"""Kernels for the power spectra of a block of streams, in lanes as in ``activity.features.streams``."""

from typing import Any, TypeAlias

import numpy as np
from numba import njit
from numpy.typing import NDArray

# Constants only: compiled code on disk does not notice a change in another file.
from activity.features.streams._kernels import LANES, N_STREAMS

Array: TypeAlias = NDArray[Any]

#: For kernels that only kernels call: without a door to Python, and on disk in their callers only, they compile faster.
_WITHOUT_DOOR: dict[str, Any] = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}
inner = njit(nogil=True, error_model="numpy", **_WITHOUT_DOOR)

QUARTER = np.float32(0.25)
ZERO = np.float32(0.0)
ONCE, TWICE, FOUR = np.uint64(1), np.uint64(2), np.uint64(4)  # an index that might be negative keeps loops from vectors


@inner
def load(a: Array, b: Array, taper: Array, lanes: np.uint64, z: Array) -> None:
    """Write tapered ``a + ib``, padded with zeros, to ``z``: all real parts, then all imaginary ones."""
    size = np.uint64(z.size) // TWICE
    z[:] = ZERO
    for i in range(np.uint64(taper.size)):
        weight = taper[i]
        for k in range(i * lanes, (i + ONCE) * lanes):
            z[k] = weight * a[k]
            z[size + k] = weight * b[k]


@inner
def by_two(z: Array, run: np.uint64, out: Array) -> None:
    """Write sums and differences of the two halves, the last round of a transform."""
    n = np.uint64(z.size) // TWICE
    for k in range(run):
        out[k] = z[k] + z[run + k]
        out[n + k] = z[n + k] + z[n + run + k]
        out[run + k] = z[k] - z[run + k]
        out[n + run + k] = z[n + k] - z[n + run + k]


@inner
def by_four(z: Array, cosines: Array, sines: Array, run: np.uint64, stride: np.uint64, out: Array) -> None:
    """Write one round of a transform: four quarters, ``run`` values at a time, combined and turned."""
    n = np.uint64(z.size) // TWICE
    quarter = n // FOUR
    for p in range(quarter // run):
        c1, s1 = cosines[p * stride], sines[p * stride]
        c2, s2 = c1 * c1 - s1 * s1, c1 * s1 + c1 * s1
        c3, s3 = c1 * c2 - s1 * s2, c1 * s2 + s1 * c2
        first, to = run * p, FOUR * run * p
        for k in range(run):
            i = first + k
            ar, br, cr, dr = z[i], z[i + quarter], z[i + TWICE * quarter], z[i + TWICE * quarter + quarter]
            i += n
            ai, bi, ci, di = z[i], z[i + quarter], z[i + TWICE * quarter], z[i + TWICE * quarter + quarter]
            i = to + k
            out[i] = (ar + cr) + (br + dr)
            out[i + n] = (ai + ci) + (bi + di)
            i += run
            real, imag = (ar - cr) + (bi - di), (ai - ci) - (br - dr)
            out[i] = real * c1 + imag * s1
            out[i + n] = imag * c1 - real * s1
            i += run
            real, imag = (ar + cr) - (br + dr), (ai + ci) - (bi + di)
            out[i] = real * c2 + imag * s2
            out[i + n] = imag * c2 - real * s2
            i += run
            real, imag = (ar - cr) - (bi - di), (ai - ci) + (br - dr)
            out[i] = real * c3 + imag * s3
            out[i + n] = imag * c3 - real * s3


@inner
def transform(z: Array, spare: Array, cosines: Array, sines: Array) -> Array:
    """Return the Fourier transform of ``z``, in ``z`` or ``spare``; the other one is scratch.

    Stockham's way: each round lays out its results so that the last one needs no sorting.
    """
    left = np.uint64(2 * cosines.size)
    run, stride = np.uint64(z.size) // TWICE // left, ONCE
    while left >= FOUR:
        by_four(z, cosines, sines, run, stride, spare)
        z, spare = spare, z
        left, run, stride = left // FOUR, run * FOUR, stride * FOUR
    if left == TWICE:
        by_two(z, run, spare)
        return spare
    return z


@inner
def powers(z: Array, lanes: np.uint64, low: int, high: int, first: Array, second: Array) -> None:
    """Write bins ``[low, high)`` of the power spectra of the two streams that were transformed as one."""
    n = np.uint64(z.size) // TWICE
    for bin_ in range(np.uint64(low), np.uint64(high)):
        here, there = bin_ * lanes, n - bin_ * lanes
        for lane in range(lanes):
            real, imag = z[here + lane], z[n + here + lane]
            other, counter = z[there + lane], z[n + there + lane]
            even, odd = real + other, imag - counter
            first[here + lane] = QUARTER * (even * even + odd * odd)
            even, odd = imag + counter, other - real
            second[here + lane] = QUARTER * (even * even + odd * odd)


@njit(cache=True, nogil=True, error_model="numpy")
def block_spectra(
    streams: Array,
    taper: Array,
    cosines: Array,
    sines: Array,
    low: int,
    high: int,
    z: Array,
    spare: Array,
    power: Array,
) -> None:
    """Write bins ``[low, high)`` of ``power`` (4, bins * LANES) of tapered ``streams``, two in one transform.

    ``low`` is at least 1; ``z`` and ``spare`` (2 * size * LANES) are scratch.
    """
    lanes = np.uint64(LANES)
    for s in range(0, N_STREAMS, 2):
        load(streams[s], streams[s + 1], taper, lanes, z)
        powers(transform(z, spare, cosines, sines), lanes, low, high, power[s], power[s + 1])
