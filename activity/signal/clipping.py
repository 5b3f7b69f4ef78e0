"""Where a sensor was driven to the end of its range, and how fine its values are; both told from the values."""

from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from activity.signal.metrics import Moments
from activity.signal.regularise import Grid
from activity.windows import Windows
from device.recording import Recording

T = TypeVar("T", bound=np.generic)

_BLOCK: Final = 64  # samples looked at
_OF: Final = 640  # samples, of a long recording: several looks into each window
_LONG: Final = 1_000_000
_VALUES: Final = 30_000  # from all over the recording: enough to meet neighbouring steps of 16 bits
_MOVING_SD_G: Final = 0.1  # a band at rest can show its greatest value all the time, without any end of its range
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
    """Return the share of each window's samples that stand at the end of the range on any axis; 0 without one."""
    out = np.zeros(windows.count(len(grid)))
    with np.errstate(invalid="ignore"):
        moving = moments.sd_g.max(axis=1) > _MOVING_SD_G
    rail_g = _rail(recording, grid, windows, moving, quantum_g) if moving.any() else float("inf")
    if not np.isfinite(rail_g):
        return out
    flat = recording.accel_g.reshape(-1)
    rows = np.unique(np.flatnonzero((flat >= rail_g) | (flat <= -rail_g)) // 3)
    place = _window_of(recording.time_ns[rows], grid, windows)
    inside = (place >= 0) & (place < out.size)
    np.add.at(out, place[inside], 1.0)
    edges_ns = grid.start_ns + np.arange(out.size + 1) * windows.width_samples * grid.step_ns
    total = np.diff(np.searchsorted(recording.time_ns, edges_ns))
    return np.asarray(np.where(moving, out / np.maximum(total, 1), 0.0))


def _rail(recording: Recording, grid: Grid, windows: Windows, moving: NDArray[np.bool_], quantum_g: float) -> float:
    """Return the least |value| that counts as the end of the range; infinite where values thin out towards it."""
    values = _sample(recording)
    place = _window_of(_sample_times(recording), grid, windows)
    inside = (place >= 0) & (place < moving.size)
    values = np.abs(values[inside][moving[place[inside]]])
    values = values[np.isfinite(values)]
    if not values.size:
        return float("inf")
    most_g = float(values.max())
    rail_g = _AT_RAIL * most_g
    shell_g = min(_BELOW_RAIL * most_g, most_g - 2.5 * quantum_g)
    at_rail = int((values >= rail_g).sum())
    in_shell = int(((values >= shell_g) & (values < rail_g)).sum())
    return rail_g if at_rail >= _LEAST and at_rail > _TO_SHELL * in_shell else float("inf")


def _window_of(time_ns: NDArray[np.int64], grid: Grid, windows: Windows) -> NDArray[np.int64]:
    return np.asarray((time_ns - grid.start_ns) // (windows.width_samples * grid.step_ns))


def _sample(recording: Recording) -> NDArray[np.float32]:
    return _spread(recording.accel_g)


def _sample_times(recording: Recording) -> NDArray[np.int64]:
    return _spread(recording.time_ns)


def _spread(rows: NDArray[T]) -> NDArray[T]:
    """Return all rows of a short recording, of a long one a block of each ``_OF``."""
    if len(rows) <= _LONG:
        return rows
    whole = rows[: len(rows) // _OF * _OF].reshape(-1, _OF, *rows.shape[1:])
    return whole[:, :_BLOCK].reshape(-1, *rows.shape[1:])
