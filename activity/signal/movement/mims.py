"""MIMS-like: the monitor-independent movement summary without its guess at what a sensor clipped away."""

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter, sosfilt, sosfilt_zi

from activity.signal.movement.stretches import Filter, add_to_epochs, came_share, filtered
from activity.signal.regularise import Grid

RATE_HZ: Final = 100.0
BAND_HZ: Final = (0.2, 5.0)
ORDER: Final = 4
NOTHING_G_S: Final = 1e-4  #: for each second of an epoch; an area up to this is noise and counts as none


def mims(grid: Grid, epoch_s: float) -> NDArray[np.float64]:
    """Return (n, 1) MIMS units of each epoch of a grid at 100 Hz; of what came, as if all had.

    Each axis passes a causal Butterworth filter from 0.2 to 5 Hz of order 4; the areas under what its absolute value
    draws, in g s, are summed over the axes. Source: John, Tang, Albinali & Intille, J Meas Phys Behav 2019;2:268.

    Other than there: (1) samples at the end of the sensor's range are taken as they are, where the original extends
    the curve beyond it with a spline, so that vigorous movement comes out lower on a clipped sensor; (2) the grid is
    interpolated by Lanczos's kernel and not by a natural spline; (3) the filter begins as if the first sample had
    always been, where the original begins at 0 g and rings for ten seconds with gravity; (4) after a gap it begins
    anew; (5) an epoch's area has no half sample taken off at either end.
    """
    width = round(epoch_s * grid.rate_hz)
    share = came_share(grid.accel_g, width)
    area = np.zeros((share.size, 3))
    for first, rows in filtered(grid.accel_g, lambda row: _band_pass(row, grid.rate_hz)):
        add_to_epochs(area, first, np.abs(rows), width)
    with np.errstate(invalid="ignore", divide="ignore"):
        total: NDArray[np.float64] = area.sum(axis=1, keepdims=True) / grid.rate_hz / share[:, None]
    total[total <= NOTHING_G_S * epoch_s] = 0.0
    return total


def _band_pass(first_row: NDArray[np.float64], rate_hz: float) -> Filter:
    sections = butter(ORDER, BAND_HZ, btype="bandpass", fs=rate_hz, output="sos")
    state = sosfilt_zi(sections)[:, :, None] * first_row

    def step(rows: NDArray[np.float64]) -> NDArray[np.float64]:
        nonlocal state
        out, state = sosfilt(sections, rows, axis=0, zi=state)
        return np.asarray(out)

    return step
