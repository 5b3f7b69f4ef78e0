"""Loops over the blocks of a recording."""

from typing import Any, TypeAlias

import numpy as np
from numba import njit
from numpy.typing import NDArray

Array: TypeAlias = NDArray[Any]


@njit(cache=True, nogil=True)
def pace(
    start_ns: Array, count: Array, rate_hz: Array, number: Array, session: Array, jump_ns: float,
    step_ns: Array, run: Array, jumped: Array,
) -> bool:  # fmt: skip
    """Write each block's run and step between samples, and whether its clock had jumped by more than ``jump_ns``.

    Returns whether every block starts after the last sample of the one before it.
    """
    run[0] = 0
    jumped[0] = False
    moves_on = True
    for k in range(start_ns.size):
        duration_ns = np.float64(count[k]) / np.float64(rate_hz[k]) * 1e9
        joined = k > 0 and run[k] == run[k - 1]
        goes_on = False
        if k + 1 < start_ns.size:
            since_ns = np.float64(start_ns[k + 1] - start_ns[k])
            off_ns = abs(since_ns - duration_ns)
            follows = number[k + 1] == np.int64(number[k]) + 1 and session[k + 1] == session[k]
            goes_on = bool(follows and off_ns <= duration_ns / 2 and rate_hz[k + 1] == rate_hz[k])
            run[k + 1] = run[k] if goes_on else run[k] + 1
            jumped[k + 1] = follows and off_ns > jump_ns
        if goes_on:
            duration_ns = since_ns
        elif joined:  # the last block of a run goes on at the pace of the one before it
            duration_ns = np.float64(start_ns[k] - start_ns[k - 1]) / np.float64(count[k - 1]) * np.float64(count[k])
        step_ns[k] = duration_ns / np.float64(count[k])
        last_ns = start_ns[k] + np.int64(np.rint(np.float64(count[k] - 1) * step_ns[k]))
        if k + 1 < start_ns.size and start_ns[k + 1] <= last_ns:
            moves_on = False
    return moves_on
