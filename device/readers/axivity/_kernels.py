"""Loops over the bytes of sectors: checksums, and samples with their times."""

from typing import Any, TypeAlias

import numpy as np
from numba import njit
from numpy.typing import NDArray

Array: TypeAlias = NDArray[Any]

_PER_G = np.float32(1.0 / 256.0)  # a power of two: multiplying is dividing, to the bit
_ONE, _TWO, _THREE = np.uint64(1), np.uint64(2), np.uint64(3)


@njit(cache=True, nogil=True)
def word_sums(words: Array, out: Array) -> None:
    """Write the sum of the 16-bit words of each sector (n, 256), modulo 65,536, to ``out`` (n,)."""
    for k in range(words.shape[0]):
        total = np.uint32(0)
        for i in range(words.shape[1]):
            total += np.uint32(words[k, i])
        out[k] = total & np.uint32(0xFFFF)


@njit(cache=True, nogil=True)
def packed_samples(words: Array, sectors: Array, first: Array, stop: Array, out: Array) -> None:
    """Write samples ``[first, stop)`` of each sector one after the other, in g, to ``out``.

    ``words`` (n, 120) are the samples of all sectors, of which ``sectors`` are meant. A word of 32 bits holds three
    signed values of 10 bits and the exponent that they share.
    """
    flat = out.reshape(-1)
    at = np.uint64(0)
    for k in range(sectors.size):
        row = words[sectors[k]]
        for i in range(np.uint64(first[k]), np.uint64(stop[k])):
            word = row[i]
            scale = _PER_G * np.float32(np.int32(1) << np.int32(word >> np.uint32(30)))
            # The top bit of ten moved to the top of 32 and back brings its sign along.
            flat[at] = np.float32(np.int32(word << np.uint32(22)) >> np.int32(22)) * scale
            flat[at + _ONE] = np.float32(np.int32(word << np.uint32(12)) >> np.int32(22)) * scale
            flat[at + _TWO] = np.float32(np.int32(word << np.uint32(2)) >> np.int32(22)) * scale
            at += _THREE


@njit(cache=True, nogil=True)
def word_samples(
    words: Array, sectors: Array, first: Array, stop: Array, axes: Array, skipped: Array, per_g: Array, out: Array
) -> None:
    """Write samples ``[first, stop)`` of each sector one after the other, in g, to ``out``.

    ``words`` (n, 240) are the signed 16-bit words of the samples of all sectors; a sample has ``axes`` of them, of
    which the acceleration's follow those ``skipped``, and one g is ``per_g``.
    """
    at = 0
    for k in range(sectors.size):
        for i in range(first[k], stop[k]):
            place = i * axes[k] + skipped[k]
            for axis in range(3):
                out[at, axis] = np.float32(words[sectors[k], place + axis]) / per_g[k]
            at += 1


@njit(cache=True, nogil=True)
def sample_times(start_ns: Array, step_ns: Array, first: Array, stop: Array, out: Array) -> None:
    """Write the times of samples ``[first, stop)`` of each sector: whole steps after its start, to the nearest ns."""
    at = 0
    for k in range(start_ns.size):
        for i in range(first[k], stop[k]):
            out[at] = start_ns[k] + np.int64(np.rint(i * step_ns[k]))
            at += 1
