"""Kernels for correlations over lags of a block of streams, in lanes as in ``activity.features.streams``."""

from typing import Any, TypeAlias

import numpy as np
from numba import njit
from numpy.typing import NDArray

# Constants only: compiled code on disk does not notice a change in another file.
from activity.features.streams._kernels import FORWARD, LANES, N_STREAMS, SIDEWAYS, SIZE, VERTICAL

Array: TypeAlias = NDArray[Any]

#: For kernels that only kernels call: without a door to Python, and on disk in their callers only, they compile faster.
_WITHOUT_DOOR: dict[str, Any] = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}
inner = njit(nogil=True, error_model="numpy", **_WITHOUT_DOOR)

LATER = ((VERTICAL, FORWARD), (FORWARD, VERTICAL), (FORWARD, SIDEWAYS), (SIDEWAYS, FORWARD))
TOGETHER = ((SIZE, VERTICAL), (SIZE, FORWARD), (VERTICAL, FORWARD), (VERTICAL, SIDEWAYS))
ZERO = np.float32(0.0)
L = np.uint64(LANES)  # indices that might be negative keep loops from becoming vectors
NONE, TWO, THREE, FOUR = np.uint64(0), np.uint64(2), np.uint64(3), np.uint64(4)


@inner
def correlate(a: Array, b: Array, n: int, out: Array) -> None:
    """Write each lane's sums of ``a[i] * b[i + lag]``, scaled up for the pairs that a lag loses.

    ``out`` is (lags, LANES), a multiple of four lags; ``a`` and ``b`` hold ``n`` rows, then a zero for each lag.
    """
    sums = out.reshape(-1)
    sums[:] = ZERO
    for group in range(np.uint64(out.shape[0] // 4)):
        o = group * FOUR * L
        for i in range(NONE, np.uint64(n), TWO):
            k = i * L
            late = k + o
            for lane in range(L):
                x, y = a[k + lane], a[k + L + lane]
                j = late + lane
                b1, b2, b3 = b[j + L], b[j + TWO * L], b[j + THREE * L]
                sums[o + lane] += x * b[j] + y * b1
                sums[o + L + lane] += x * b1 + y * b2
                sums[o + TWO * L + lane] += x * b2 + y * b3
                sums[o + THREE * L + lane] += x * b3 + y * b[j + FOUR * L]
    for lag in range(out.shape[0]):
        share = np.float32(n) / np.float32(max(n - lag, 1))
        for lane in range(LANES):
            out[lag, lane] *= share


@inner
def dot(a: Array, b: Array, out: Array) -> None:
    """Write each lane's sum of products of two streams."""
    lanes = np.uint64(out.size)
    out[:] = ZERO
    for i in range(np.uint64(a.size) // lanes):
        for lane in range(lanes):
            out[lane] += a[i * lanes + lane] * b[i * lanes + lane]


@njit(cache=True, nogil=True, error_model="numpy")
def block_lags(streams: Array, n: int, corr: Array, cross: Array, level: Array) -> None:
    """Write correlations of streams with themselves and with each other, each lag with a full window's weight.

    ``corr`` (4, lags, LANES) of each with itself; ``cross`` (4, lags, LANES) of vertical with a later forward and a
    later vertical with forward, then the same of forward and sideways; ``level`` (4, LANES) of size with vertical and
    forward, and of vertical with forward and sideways, at the same time. Lags come by four, and ``streams`` hold ``n``
    rows, then a zero for each lag and one more.
    """
    for s in range(N_STREAMS):
        correlate(streams[s], streams[s], n, corr[s])
    # One call each in a loop over pairs: the compiler writes a kernel out wherever it is called
    for k, (a, b) in enumerate(LATER):
        correlate(streams[a], streams[b], n, cross[k])
    for k, (a, b) in enumerate(TOGETHER):
        dot(streams[a], streams[b], level[k])
