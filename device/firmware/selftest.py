"""Whether a band's sensor is sound, from a short recording of it: pure functions of samples.

Limits: a still window has less than 13 mg of deviation on each axis, and poses cover what 0.3 g of a calibration
needs and more (van Hees et al. 2014, doi 10.1152/japplphysiol.00421.2014); 50 mg is the usual zero-g offset and
sensitivity error of a wearable's sensor; rates are those at which a recording is warned of and refused.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

WINDOW_S: Final = 2.0
STILL_G: Final = 0.013
GRAVITY_ERROR_G: Final = 0.05
POSE_G: Final = 0.9  #: on one axis; the band then lies within 26 degrees of a side
NOISE_G: Final = 0.010
RATE_WARN, RATE_FAIL = 0.02, 0.10
COUNTS: Final = 32_768

POSES: Final = ("+x", "-x", "+y", "-y", "+z", "-z")

Samples = NDArray[np.float32]


class Outcome(StrEnum):
    """How a check ended."""

    PASSED = "passed"
    WARNED = "warned"
    FAILED = "failed"
    NOT_TESTED = "not tested"


@dataclass(frozen=True, slots=True)
class Check:
    """One check: its outcome, what was measured (None where nothing could be), and what that means."""

    name: str
    outcome: Outcome
    value: float | None
    unit: str
    says: str


@dataclass(frozen=True, slots=True, eq=False)
class StillWindows:
    """Windows in which the band lay still."""

    mean_g: NDArray[np.float64]  #: (n, 3)
    deviation_g: NDArray[np.float64]  #: (n, 3)


def still_windows(accel_g: Samples, rate_hz: float) -> StillWindows:
    """Return the windows of ``WINDOW_S`` without movement; a window with a missing sample isn't one."""
    length = max(2, round(WINDOW_S * rate_hz))
    count = len(accel_g) // length
    windows = np.asarray(accel_g[: count * length], dtype=np.float64).reshape(count, length, 3)
    mean, deviation = windows.mean(axis=1), windows.std(axis=1, ddof=1)
    still = np.all(deviation < STILL_G, axis=1)
    return StillWindows(mean[still], deviation[still])


def check_still(still: StillWindows) -> Check:
    """Compare the length of gravity, in every still window, with 1 g."""
    if not len(still.mean_g):
        return _untested("still", "g", f"the band did not lie still for {WINDOW_S:g} s")
    lengths = np.linalg.norm(still.mean_g, axis=1)
    worst = float(lengths[np.argmax(np.abs(lengths - 1.0))])
    sound = abs(worst - 1.0) <= GRAVITY_ERROR_G
    return Check("still", _passed(sound=sound), worst, "g", f"gravity, at worst, expected 1 ± {GRAVITY_ERROR_G:g}")


def check_noise(still: StillWindows, accel_g: Samples) -> Check:
    """Return the noise of the worst axis in stillness; an axis that never changes is stuck."""
    if not len(still.mean_g):
        return _untested("noise", "mg", f"the band did not lie still for {WINDOW_S:g} s")
    noise_mg = 1000.0 * np.median(still.deviation_g, axis=0)
    finite = accel_g[~np.isnan(accel_g).any(axis=1)]
    stuck = [axis for axis, low, high in zip("xyz", finite.min(axis=0), finite.max(axis=0), strict=True) if low == high]
    worst = float(noise_mg.max())
    if stuck:
        return Check("noise", Outcome.FAILED, worst, "mg", f"axis {', '.join(stuck)} is stuck")
    limit_mg = 1000.0 * NOISE_G
    return Check("noise", _passed(sound=worst <= limit_mg), worst, "mg", f"of the worst axis, at most {limit_mg:g}")


def check_clipping(accel_g: Samples, range_g: float) -> Check:
    """Return which part of the samples reached an end of the range; a self-test has no knocks in it."""
    finite = accel_g[~np.isnan(accel_g).any(axis=1)]
    if not len(finite) or not range_g > 0:
        return _untested("clipping", "%", "no samples, or a range that the band doesn't say")
    at_end = np.any(np.abs(finite) >= range_g * (1.0 - 1.5 / COUNTS), axis=1)
    percent = 100.0 * float(at_end.mean())
    return Check(
        "clipping", _passed(sound=percent == 0), percent, "%", f"of the samples at ±{range_g:g} g, expected none"
    )


def check_rate(measured_hz: float, asked_hz: float) -> Check:
    """Compare the rate by this computer's clock with the one that was asked for."""
    if not (measured_hz > 0 and asked_hz > 0):
        return _untested("rate", "Hz", "too little came to measure it")
    error = abs(measured_hz / asked_hz - 1.0)
    outcome = Outcome.FAILED if error > RATE_FAIL else Outcome.WARNED if error > RATE_WARN else Outcome.PASSED
    says = f"asked {asked_hz:g}; warned above {RATE_WARN:.0%}, failed above {RATE_FAIL:.0%}"
    return Check("rate", outcome, measured_hz, "Hz", says)


def check_poses(still: StillWindows) -> tuple[Check, ...]:
    """Compare gravity on each of the six sides with 1 g; a side on which the band never lay isn't tested."""
    found = []
    for name in POSES:
        axis, sign = "xyz".index(name[1]), 1.0 if name[0] == "+" else -1.0
        along = sign * still.mean_g[:, axis]
        along = along[along > POSE_G]
        if not len(along):
            found.append(_untested(f"pose {name}", "g", "the band never lay still on this side"))
            continue
        # Lying a little askew only shortens what an axis feels: the longest is the closest to its side.
        felt = float(along.max())
        sound = abs(felt - 1.0) <= GRAVITY_ERROR_G
        says = f"gravity on this side, expected 1 ± {GRAVITY_ERROR_G:g}"
        found.append(Check(f"pose {name}", _passed(sound=sound), felt, "g", says))
    return tuple(found)


def self_test(
    accel_g: Samples, *, measured_hz: float, asked_hz: float, range_g: float, poses: bool
) -> tuple[Check, ...]:
    """Return every check of a recording, (n, 3) in g; the six sides only where ``poses`` were asked for."""
    if accel_g.ndim != 2 or accel_g.shape[1] != 3:
        raise ValueError(f"accel_g has shape {accel_g.shape}, expected (n, 3)")
    still = still_windows(accel_g, asked_hz)
    checks = (
        check_still(still),
        check_noise(still, accel_g),
        check_clipping(accel_g, range_g),
        check_rate(measured_hz, asked_hz),
    )
    return checks + (check_poses(still) if poses else ())


def _passed(*, sound: bool) -> Outcome:
    return Outcome.PASSED if sound else Outcome.FAILED


def _untested(name: str, unit: str, why: str) -> Check:
    return Check(name, Outcome.NOT_TESTED, None, unit, why)
