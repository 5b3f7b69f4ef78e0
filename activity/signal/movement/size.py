"""Measures of |a| alone, which don't ask how the band is worn: ENMO and MAD."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from activity.signal.movement.stretches import BLOCK_ROWS, LEAST_COVERAGE, epoch_count
from activity.signal.regularise import Grid

RATE_HZ: Final = 100.0
MAD_EPOCH_S: Final = 5.0


def enmo_mg(grid: Grid, epoch_s: float) -> NDArray[np.float64]:
    """Return (n, 1) means of max(|a| - 1 g, 0) over what came of each epoch (van Hees et al., PLoS ONE 2013;8:e61691).

    At 100 Hz, as published; ``epochs.parquet`` has it of the slower grid of recognition, where it is lower by the
    noise and the shocks that the slower grid has no place for.
    """
    width = round(epoch_s * grid.rate_hz)
    above = np.maximum(_size_g(grid, epoch_count(len(grid), width) * width) - 1.0, 0.0)
    return _mean_of_known(above.reshape(-1, width))[:, None] * 1000.0


def mad_mg(grid: Grid, epoch_s: float) -> NDArray[np.float64]:
    """Return (n, 1) means over each epoch of the mean amplitude deviations of its five seconds.

    Of each five seconds, the mean distance of |a| from their mean (Vähä-Ypyä et al., Clin Physiol Funct Imaging
    2015;35:64). Five seconds with less than 90 % of their samples have none.
    """
    width = round(epoch_s * grid.rate_hz)
    size = _size_g(grid, epoch_count(len(grid), width) * width).reshape(-1, round(MAD_EPOCH_S * grid.rate_hz))
    away = np.abs(size - _mean_of_known(size).astype(np.float32)[:, None])  # in single precision, a week is 0.5 GB less
    each = np.where(np.isfinite(size).mean(axis=1) >= LEAST_COVERAGE, _mean_of_known(away), np.nan)
    return _mean_of_known(each.reshape(-1, round(epoch_s / MAD_EPOCH_S)))[:, None] * 1000.0


def _size_g(grid: Grid, n_rows: int) -> NDArray[np.float32]:
    """Return |a| of so many rows (n_rows,), NaN beyond the end of the grid."""
    size = np.full(n_rows, np.nan, dtype=np.float32)
    for at in range(0, min(n_rows, len(grid)), BLOCK_ROWS):
        rows = grid.accel_g[at : min(at + BLOCK_ROWS, n_rows)].astype(np.float64)
        size[at : at + len(rows)] = np.sqrt(np.einsum("ij,ij->i", rows, rows))
    return size


def _mean_of_known(values: NDArray[np.floating]) -> NDArray[np.float64]:
    known = np.isfinite(values)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.where(known, values, 0.0).sum(axis=1, dtype=np.float64) / known.sum(axis=1))
