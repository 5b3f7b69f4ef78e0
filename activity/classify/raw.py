"""Whole windows of samples, as networks and augmentation take them."""

import numpy as np
from numpy.typing import NDArray

from activity.features.table import LEAST_COVERAGE
from activity.signal.regularise import Grid
from activity.windows import Windows


def cut_windows(grid: Grid, windows: Windows) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Return (n, width, 3) windows and which of them enough samples came for.

    What is missing inside a window that is known is drawn straight between its neighbours. Where nothing is missing
    the windows are a view of the grid.
    """
    count, width = windows.count(len(grid)), windows.width_samples
    rows = grid.accel_g[: count * width].reshape(count, width, 3)
    missing = np.isnan(rows[:, :, 0])
    lost = missing.sum(axis=1)
    known = np.asarray(lost <= width - int(np.ceil(LEAST_COVERAGE * width)))
    torn = np.flatnonzero(known & (lost > 0))
    if torn.size:
        rows = rows.copy()
        at = np.arange(width)
        for window in torn:
            gone = missing[window]
            for axis in range(3):
                rows[window, gone, axis] = np.interp(at[gone], at[~gone], rows[window, ~gone, axis])
    return rows, known


def grid_of(rows: NDArray[np.float32], rate_hz: float) -> Grid:
    """Return whole windows laid end to end as a grid, for the features of each."""
    return Grid(np.ascontiguousarray(rows, dtype=np.float32).reshape(-1, 3), rate_hz, 0)
