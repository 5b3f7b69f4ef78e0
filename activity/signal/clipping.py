"""Where a sensor was driven to the end of its range, and how fine its values are; both told from the values."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from activity.signal.metrics import Moments
from activity.signal.regularise import Grid
from activity.windows import Windows
from device.recording import Recording

#: Samples that are looked at, evenly from all over a recording, for the end of its range, and then for who reached it.
#: A week at 100 Hz has 60 million, of which the second look takes 50 a window.
_FIRST_LOOK: Final = 600_000
_SECOND_LOOK: Final = 3_100_000
_VALUES: Final = 30_000  # enough to meet neighbouring steps of 16 bits
_MOVING_SD_G: Final = 0.1  # or a step: a band at rest can show its greatest value all the time, far from any range
_AT_RAIL: Final = 0.995  # of the greatest value: ±8 g in twelve bits ends at -8 and +7.996, in ten at +7.984
_BELOW_RAIL: Final = 0.9
_LEAST: Final = 10  # samples at the end of the range
_TO_SHELL: Final = 0.5  # of the samples just below; what moves freely is ten times rarer at its very end


def quantum_of(recording: Recording) -> float:
    """Return the step in g between neighbouring values of a recording; infinite where there is only one value."""
    values = recording.accel_g[:: max(1, recording.n_samples // _VALUES)]
    steps_g = []
    for axis in range(3):
        different = np.unique(values[:, axis][np.isfinite(values[:, axis])].astype(np.float64))
        if different.size > 1:
            steps_g.append(float(np.median(np.diff(different)[: different.size // 2 + 1])))
    return min(steps_g, default=float("inf"))


def clipped_share(
    recording: Recording, grid: Grid, windows: Windows, moments: Moments, quantum_g: float
) -> NDArray[np.float64]:
    """Return the share of each window's samples that stand at the end of the range on any axis; 0 without one.

    The end of the range is told from windows in which something moves, and only those are judged: of a long
    recording by some of their samples.
    """
    count = windows.count(len(grid))
    with np.errstate(invalid="ignore"):
        moving = moments.sd_g.max(axis=1) > max(_MOVING_SD_G, min(quantum_g, 1.0))
    if not moving.any():
        return np.zeros(count)
    width_ns = windows.width_samples * grid.step_ns

    def look(most: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Return the window and the greatest |value| of at most so many samples in moving windows."""
        step = -(-recording.n_samples // most)
        window = (recording.time_ns[::step] - grid.start_ns) // width_ns
        judged = np.append(moving, [False])[np.minimum(window, count)]
        return window[judged], np.abs(recording.accel_g[::step][judged]).max(axis=1)

    rail_g = _rail_g(look(_FIRST_LOOK)[1], quantum_g)
    if not np.isfinite(rail_g):
        return np.zeros(count)
    window, furthest_g = look(_SECOND_LOOK)
    seen = np.bincount(window, minlength=count)
    return np.asarray(np.bincount(window[furthest_g >= rail_g], minlength=count) / np.maximum(seen, 1))


def _rail_g(furthest_g: NDArray[np.float32], quantum_g: float) -> float:
    """Return the least value that counts as the end of the range; infinite where values thin out towards it."""
    known = furthest_g[np.isfinite(furthest_g)]
    if not known.size:
        return float("inf")
    most_g = float(known.max())
    shell_g = min(_BELOW_RAIL * most_g, most_g - 2.5 * quantum_g)
    top = known[known >= shell_g]
    at_rail = int((top >= _AT_RAIL * most_g).sum())
    thins_out = at_rail < _LEAST or at_rail <= _TO_SHELL * (top.size - at_rail)
    return float("inf") if thins_out else _AT_RAIL * most_g
