"""Autocalibration: at rest a sensor feels 1 g, whichever way it points (van Hees et al., 2014)."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from activity.signal.metrics import Moments
from activity.signal.regularise import Grid

# van Hees et al., J Appl Physiol 2014;117:738: 10 s windows with less than 13 mg on each axis are at rest, and
# each axis has to have rested beyond ±0.3 g. They ask for 72 h; we ask that enough rest was seen, however long.
STILL_SD_G: Final = 0.013
SPREAD_G: Final = 0.3
LEAST_STILL: Final = 30  #: windows; five minutes of rest for six unknowns
LEAST_COVERAGE: Final = 0.9
_FURTHEST_G: Final = 0.2  # from 1 g; further off, it is no sensor at rest but one that is moved evenly
_WORST_AFTER_MG: Final = 10.0  # van Hees: a fit that leaves more than 10 mg is not used
_WIDEST_GAIN: Final = 0.15  # an offset and a gain can trade against each other; real gains are within a few percent
_ROUNDS: Final = 500
_ENOUGH: Final = 1e-8


@dataclass(frozen=True, slots=True)
class Calibration:
    """``(accel - offset) * gain`` as g, and what that did to the windows at rest."""

    offset_g: tuple[float, float, float]
    gain: tuple[float, float, float]
    error_before_mg: float  #: mean of ||a| - 1 g| over windows at rest; NaN where there was none
    error_after_mg: float
    applied: bool
    reason: str  #: why it wasn't applied; empty when it was
    still_windows: int


def calibrate(moments: Moments) -> Calibration:
    """Return offset and gain that bring the windows at rest to 1 g, or say why they can't be told."""
    with np.errstate(invalid="ignore"):
        size = np.linalg.norm(moments.mean_g, axis=1)
        still = (moments.coverage >= LEAST_COVERAGE) & np.all(moments.sd_g < STILL_SD_G, axis=1)
        still &= np.abs(size - 1.0) < _FURTHEST_G
    points = moments.mean_g[still]
    before_mg = _error_mg(points)
    if len(points) < LEAST_STILL:
        return _unfit(before_mg, f"{len(points)} windows at rest, at least {LEAST_STILL} are needed", len(points))
    short = [a for i, a in enumerate("xyz") if points[:, i].min() > -SPREAD_G or points[:, i].max() < SPREAD_G]
    if short:
        return _unfit(before_mg, f"{', '.join(short)} didn't rest both ways beyond {SPREAD_G} g", len(points))
    offset, gain = _fit(points)
    after_mg = _error_mg((points - offset) * gain)
    if after_mg >= before_mg:
        return _unfit(before_mg, f"the best fit leaves {after_mg:.1f} of {before_mg:.1f} mg", len(points))
    if after_mg > _WORST_AFTER_MG or np.any(np.abs(gain - 1.0) > _WIDEST_GAIN):
        return _unfit(before_mg, f"the best fit is not to be trusted: gains {np.round(gain, 2)}", len(points))
    x, y, z = (float(value) for value in offset)
    gx, gy, gz = (float(value) for value in gain)
    return Calibration((x, y, z), (gx, gy, gz), before_mg, after_mg, applied=True, reason="", still_windows=len(points))


def apply_calibration(grid: Grid, calibration: Calibration) -> Grid:
    """Return ``grid`` in calibrated g; the same grid where nothing is to be applied."""
    if not calibration.applied:
        return grid
    offset = np.asarray(calibration.offset_g, dtype=np.float32)
    accel_g = grid.accel_g - offset
    accel_g *= np.asarray(calibration.gain, dtype=np.float32)
    return Grid(accel_g, grid.rate_hz, grid.start_ns)


def _unfit(before_mg: float, reason: str, still: int) -> Calibration:
    return Calibration(
        (0.0, 0.0, 0.0), (1.0, 1.0, 1.0), before_mg, before_mg, applied=False, reason=reason, still_windows=still
    )


def _error_mg(points: NDArray[np.float64]) -> float:
    return float(np.abs(np.linalg.norm(points, axis=1) - 1.0).mean() * 1000.0) if len(points) else float("nan")


def _fit(points: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Fit a line per axis from the points to their nearest places on the unit sphere, again and again."""
    slope, shift = np.ones(3), np.zeros(3)
    weight = np.ones(len(points))
    last = np.inf
    for _ in range(_ROUNDS):
        here = points * slope + shift
        size = np.linalg.norm(here, axis=1)
        goal = here / size[:, None]
        total = weight.sum()
        mean_in, mean_out = weight @ points / total, weight @ goal / total
        spread = weight @ (points - mean_in) ** 2
        slope = weight @ ((points - mean_in) * (goal - mean_out)) / spread
        shift = mean_out - slope * mean_in
        error = float(np.abs(size - 1.0).mean())
        # The points that fit worst count least, as in the published method.
        weight = np.minimum(1.0 / np.maximum(np.abs(size - 1.0), 1e-6), 100.0)
        if abs(last - error) < _ENOUGH:
            break
        last = error
    return -shift / slope, slope
