"""Autocalibration: at rest a sensor feels 1 g, whichever way it points (van Hees et al., 2014).

A week of wear shows rest in many attitudes, and they settle all six unknowns, three offsets and three gains. A day or
an evening often shows two or three, which settle fewer. So the fit is held to what sensors are like, an offset of
0 ± 40 mg and a gain of 1 ± 0.02: what the attitudes say is believed, and of what they don't say nothing is changed.
"""

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from activity.signal import _kernels
from activity.signal.metrics import Moments
from activity.signal.regularise import Grid

# van Hees et al., J Appl Physiol 2014;117:738: 10 s windows with less than 13 mg on each axis are at rest; for all six
# unknowns each axis has to have rested beyond ±0.3 g; and a fit that leaves more than 10 mg is not used. They ask for
# 72 h; we ask that enough rest was seen, however long.
STILL_SD_G: Final = 0.013
SPREAD_G: Final = 0.3
LEAST_STILL: Final = 6  #: windows; a minute of rest
LEAST_COVERAGE: Final = 0.9
_FURTHEST_G: Final = 0.2  # from 1 g; further off, it is no sensor at rest but one that is moved evenly
_WORST_AFTER_MG: Final = 10.0

# Data sheets of wristbands' sensors (ADXL345 of the AX3, LIS2DW12, BMA400) give 20 to 80 mg of offset and 1 to 4 % of
# gain as what they may be off by; the standard deviation is half of that.
OFFSET_SD_G: Final = 0.04
GAIN_SD: Final = 0.02
_CELL_G: Final = 0.2  # attitudes nearer than some 10 degrees are one: an hour in a chair says no more than a minute
_NOISE_G: Final = 0.008  # of a window's |mean|: sway, and steps of 1/64 g
_FAULT_G: Final = 0.004  # of an attitude's, however long it lasted: temperature, and what is not offset or gain
_FIRM_ROUNDS: Final = 4  # that trust all attitudes alike, before those that fit badly count less
_ROUNDS: Final = 30


@dataclass(frozen=True, slots=True)
class Calibration:
    """``(accel - offset) * gain`` as g, and what that did to the windows at rest."""

    offset_g: tuple[float, float, float]
    gain: tuple[float, float, float]
    error_before_mg: float  #: mean of ||a| - 1 g| over windows at rest; NaN where there was none
    error_after_mg: float
    applied: bool
    reason: str  #: why it wasn't applied, or only in part; empty where it was in full
    still_windows: int
    kind: Literal["none", "part", "full"] = "none"  #: "part": for the attitudes that were seen, the others but little


def calibrate(moments: Moments) -> Calibration:
    """Return offset and gain that bring the windows at rest to 1 g, as far as they can tell, or say why they can't.

    Windows whose attitudes are alike count as one. Each attitude weighs by its noise, offsets and gains are drawn to
    0 and 1 (`OFFSET_SD_G`, `GAIN_SD`), and attitudes that fit badly count less, as in the published method.
    """
    with np.errstate(invalid="ignore"):
        size = np.linalg.norm(moments.mean_g, axis=1)
        still = (moments.coverage >= LEAST_COVERAGE) & np.all(moments.sd_g < STILL_SD_G, axis=1)
        still &= np.abs(size - 1.0) < _FURTHEST_G
    points = moments.mean_g[still]
    before_mg = _error_mg(points)
    if len(points) < LEAST_STILL:
        return _unfit(before_mg, f"{len(points)} windows at rest, at least {LEAST_STILL} are needed", len(points))
    offset, gain = _fit(*_attitudes(points))
    after_mg = _error_mg((points - offset) * gain)
    if after_mg >= before_mg:
        return _unfit(before_mg, f"the best fit leaves {after_mg:.1f} of {before_mg:.1f} mg", len(points))
    if after_mg > _WORST_AFTER_MG:
        return _unfit(before_mg, f"the best fit leaves {after_mg:.1f} mg and is not to be trusted", len(points))
    short = [a for i, a in enumerate("xyz") if points[:, i].min() > -SPREAD_G or points[:, i].max() < SPREAD_G]
    x, y, z = (float(value) for value in offset)
    gx, gy, gz = (float(value) for value in gain)
    return Calibration(
        offset_g=(x, y, z),
        gain=(gx, gy, gz),
        error_before_mg=before_mg,
        error_after_mg=after_mg,
        applied=True,
        reason=f"{', '.join(short)} didn't rest both ways beyond {SPREAD_G} g" if short else "",
        still_windows=len(points),
        kind="part" if short else "full",
    )


def apply_calibration(grid: Grid, calibration: Calibration) -> Grid:
    """Return ``grid`` in calibrated g; the same grid where nothing is to be applied."""
    if not calibration.applied:
        return grid
    offset, gain = (np.asarray(values, dtype=np.float32) for values in (calibration.offset_g, calibration.gain))
    accel_g = np.empty(grid.accel_g.shape, dtype=np.float32)
    _kernels.correct(grid.accel_g, offset, gain, accel_g)
    return Grid(accel_g, grid.rate_hz, grid.start_ns)


def _unfit(before_mg: float, reason: str, still: int) -> Calibration:
    return Calibration(
        (0.0, 0.0, 0.0), (1.0, 1.0, 1.0), before_mg, before_mg, applied=False, reason=reason, still_windows=still
    )


def _error_mg(points: NDArray[np.float64]) -> float:
    return float(np.abs(np.linalg.norm(points, axis=1) - 1.0).mean() * 1000.0) if len(points) else float("nan")


def _attitudes(points: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return mean direction times mean size of each cell of directions (k, 3), and the variance of that size (k,)."""
    size = np.linalg.norm(points, axis=1)
    cells = np.rint(points / size[:, None] / _CELL_G).astype(np.int64)
    _, cell, count = np.unique(cells, axis=0, return_inverse=True, return_counts=True)
    means: NDArray[np.float64] = np.stack([np.bincount(cell, weights=p) for p in points.T], axis=1).astype(np.float64)
    # A mean of directions is shorter than they are: 10 degrees apart, by 4 mg.
    means *= (np.bincount(cell, weights=size) / count / np.linalg.norm(means, axis=1))[:, None]
    return means, _NOISE_G**2 / count + _FAULT_G**2


def _fit(points: NDArray[np.float64], variance: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the likeliest offset and gain, by Gauss and Newton's steps from no correction."""
    expected = np.repeat([0.0, 1.0], 3)
    held = np.repeat([1.0 / OFFSET_SD_G**2, 1.0 / GAIN_SD**2], 3)
    found = expected.copy()
    trust = np.ones(len(points))
    for turn in range(_ROUNDS):
        moved = points - found[:3]
        here = moved * found[3:]
        size = np.linalg.norm(here, axis=1)
        away = size - 1.0
        slope = np.hstack([-found[3:] * here, moved * here]) / size[:, None]
        if turn >= _FIRM_ROUNDS:  # Cauchy's weights
            trust = 1.0 / (1.0 + away**2 / (9.0 * variance))
        weight = trust / variance
        step = np.linalg.solve(
            (slope.T * weight) @ slope + np.diag(held), -(slope.T * weight) @ away - held * (found - expected)
        )
        found = found + step
    return found[:3], found[3:]
