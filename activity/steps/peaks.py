"""Step times: the moments at which the size of acceleration, filtered to the wearer's own cadence, peaks.

Every step shakes the wrist once, whatever way the band is worn, so the size of acceleration swings once a step.
Peaks of it are doubled by heel strikes and lost in arm swing; its phase at the cadence is not. For each window:

1. every second, the spectrum of the size around it gives evidence for each cadence: teeth at the cadence and its
   multiples, and at its half, which is the stride; the axes, summed, show the stride of a swinging arm;
2. the best path through the seconds is the cadence, and the octave is decided by all of them together;
3. how much of the movement is that rhythm gives odds of stepping; the best path through them says when the wearer
   steps: nothing is counted from one odd second, and a rhythm that was sure is not lost to one;
4. the size is filtered by a Gaussian of a period around that cadence, and a step is each time its phase passes zero;
   where there is hardly any movement for the time of a step, there is none.

A window depends on nothing but its own rows, ``BEFORE_S`` before and ``PAD_S`` after them, and on `Carry`: a stream
that counts window by window gets what a whole recording gets.
"""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from activity.epochs import UNKNOWN
from activity.labels import ACTIVITIES, STEPPING
from activity.signal.regularise import Grid
from activity.steps import _kernels
from activity.steps.tables import BEFORE_S, PAD_S, Tables, frames_of, tables
from activity.threads import share
from activity.windows import WINDOW_S, Windows

__all__ = ["BEFORE_S", "PAD_S", "Carry", "rhythm_step_times_ns", "step_times_ns", "steps_of_windows"]

#: Log odds that a classifier's word for stepping adds to those of the rhythm alone.
TOLD_LOGIT: Final = 2.0
ALONE_LOGIT: Final = 0.0  #: and that are added where nobody had a say
LEAST_HZ: Final = 8.0  #: of a grid; below, a jog's steps are above half the rate
_BLOCK: Final = 8192  # windows at once: 100 MB
_LEAST_SHARED: Final = 32  # windows; fewer are traced before a thread has begun
_CODES: Final = [ACTIVITIES.index(activity) for activity in STEPPING]


@dataclass(frozen=True, slots=True)
class Carry:
    """What the next window has to know of those before it."""

    stepping: int = UNKNOWN  #: 1 if the rhythm went on where the window ended, 0 if not, or not known
    last_ns: int | None = None  #: UTC of the last step


def step_times_ns(grid: Grid, windows: Windows, activity: NDArray[np.int8]) -> NDArray[np.int64]:
    """Return the UTC times of steps in windows whose activity is stepping, in order.

    ``activity`` is (n_windows,), an index in ``activity.labels.ACTIVITIES``; windows of no stepping activity, and
    windows without a rhythm, hold no step. No step is put where no sample came.
    """
    told = np.flatnonzero(np.isin(activity, _CODES))
    return _steps(grid, windows, told, TOLD_LOGIT, Carry())[0]


def rhythm_step_times_ns(grid: Grid) -> NDArray[np.int64]:
    """Return the UTC times of steps by the rhythm alone, where no classifier has a say, up to the last row.

    A grid of sizes of acceleration (g, 1 at rest) on x, with zeros on y and z, is counted, too.
    """
    windows = Windows.of_seconds(WINDOW_S, grid.rate_hz)
    every = np.arange(-(-len(grid) // windows.width_samples))
    return _steps(grid, windows, every, ALONE_LOGIT, Carry(stepping=0))[0]


def steps_of_windows(
    grid: Grid, windows: Windows, first: int, activity: NDArray[np.int8], carry: Carry
) -> tuple[NDArray[np.int64], Carry]:
    """Return the UTC times of steps in the windows from ``first`` on, and what those after them have to know.

    ``activity`` is (n,), as in `step_times_ns`. The result is that of the whole recording once ``grid`` holds what
    lies up to ``BEFORE_S`` before the windows and up to ``PAD_S`` after them; it may begin later than the recording,
    at the start of any window.
    """
    told = np.flatnonzero(np.isin(activity, _CODES))
    if not told.size:
        return np.empty(0, dtype=np.int64), Carry(last_ns=carry.last_ns)
    if told[0] > 0:
        carry = Carry(last_ns=carry.last_ns)
    times_ns, carry = _steps(grid, windows, first + told, TOLD_LOGIT, carry)
    return times_ns, carry if told[-1] == activity.size - 1 else Carry(last_ns=carry.last_ns)


def _steps(
    grid: Grid, windows: Windows, part: NDArray[np.intp], bias: float, carry: Carry
) -> tuple[NDArray[np.int64], Carry]:
    """Return the times of steps in the windows of ``part``; ``carry`` is of the window before its first."""
    if grid.rate_hz < LEAST_HZ:
        return np.empty(0, dtype=np.int64), carry
    t = tables(grid.rate_hz, windows.width_samples)
    joined = np.ones(part.size, dtype=np.bool_)
    joined[1:] = np.diff(part) == 1
    last = -math.inf if carry.last_ns is None else (carry.last_ns - grid.start_ns) / grid.step_ns
    state = np.array([float(carry.stepping), last])
    times = []
    for first in range(0, part.size, _BLOCK):
        block = slice(first, first + _BLOCK)
        starts = part[block] * windows.width_samples
        found = _places(grid.accel_g, starts, joined[block], bias, t, state)
        begin_ns = grid.start_ns + starts[found[:, 0].astype(np.int64)] * grid.step_ns
        times.append(begin_ns + np.round(found[:, 1] * grid.step_ns).astype(np.int64))
    # A window's start is a whole number of nanoseconds, so that it does not matter where the grid begins.
    times_ns = np.concatenate(times) if times else np.empty(0, dtype=np.int64)
    last_ns = int(times_ns[-1]) if times_ns.size else carry.last_ns
    return times_ns, Carry(int(state[0]), last_ns)


def _places(  # noqa: PLR0917
    accel_g: NDArray[np.float32],
    starts: NDArray[np.intp],
    joined: NDArray[np.bool_],
    bias: float,
    t: Tables,
    state: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return (n, 2) windows and places in them in rows, and leave ``state`` as the last window leaves it."""
    n = starts.size
    most = math.ceil(t.width / t.period[-1]) + 8  # passes of the phase
    logit, found, count = np.empty((n, frames_of(t))), np.empty((n, most, 4)), np.empty(n, dtype=np.int64)

    def trace(first: int, last: int) -> None:
        _kernels.trace(accel_g, starts, first, last, t, logit, found, count)

    share(trace, n, least=_LEAST_SHARED)
    out = np.empty((int(count.sum()), 2))
    kept = _kernels.select(accel_g, starts, joined, UNKNOWN, bias, t, logit, found, count, state, out)
    return out[:kept]
