"""Walking, running and stairs: when the steps are, and what the wrist does around them."""

from typing import Final

import numpy as np

from device.simulator.motion_noise import Floats, coloured, slow, unit
from device.simulator.motion_table import motion_table
from device.simulator.motion_wearer import Wearer

_WANDER_STEPS: Final = 12.0  # steps over which cadence wanders
_MAX_SPREAD: Final = 1.6  # stairs are climbed at so many rates that a hasty walker would fly up them
_TEMPLATE_POINTS: Final = 1024


def cadence_hz(activity: str, wearer: Wearer) -> float:
    """Return the steps per second that this wearer keeps in a stepping activity."""
    table = motion_table().gait
    spread = min(table[activity].cadence_log_sd / table["walk"].cadence_log_sd, _MAX_SPREAD)
    return float(table[activity].cadence_hz * wearer.cadence**spread)


def step_times_s(rng: np.random.Generator, activity: str, wearer: Wearer, duration_s: float) -> Floats:
    """Return step times from before 0 to after ``duration_s``; their median interval is that of the cadence."""
    interval_s = 1.0 / cadence_hz(activity, wearer)
    count = int(duration_s / interval_s * 1.2) + 16
    jitter, wander = motion_table().gait[activity].jitter.tolist()
    intervals = np.exp(
        wander * slow(rng, np.arange(float(count)), _WANDER_STEPS) + jitter * rng.standard_normal(count).clip(-2.5, 2.5)
    )
    times_s = np.cumsum(intervals) - intervals[0] * (2.0 + rng.random())
    inside = (times_s[1:] * interval_s >= 0.0) & (times_s[1:] * interval_s < duration_s)
    middle = float(np.median(intervals[1:][inside])) if inside.any() else 1.0
    scaled: Floats = times_s * (interval_s / middle)
    return scaled


def wrist_series(activity: str, wearer: Wearer) -> tuple[Floats, Floats, float]:
    """Return the stride of this wearer: mean acceleration (3,), cosine + sine series (harmonics, 3), noise factor."""
    table = motion_table()
    gait = table.gait[activity]
    vector = gait.centre + gait.slope * np.log(cadence_hz(activity, wearer) / gait.cadence_hz)
    noise = 1.0
    habits = wearer.habits(activity)
    if habits is not None:
        scores = habits.standard_normal(len(gait.components)).clip(-1.5, 1.5)
        vector = vector + scores @ gait.components + gait.rest * habits.standard_normal(vector.size).clip(-1.5, 1.5)
        noise = float(np.exp(gait.noise_log_sd * np.clip(habits.standard_normal(), -1.5, 1.5)))
    half = 3 + 3 * table.harmonics
    coefs = vector[3:half].reshape(-1, 3) + 1j * vector[half:].reshape(-1, 3)
    coefs[0] *= wearer.arm_swing
    # Directions spread, and the mean of spread vectors is too short: the length is fitted by itself.
    hold = unit(vector[:3]) * gait.pull_g
    return hold, coefs, noise


def gait_accel_g(
    rng: np.random.Generator, activity: str, wearer: Wearer, *, time_s: Floats, rate_hz: float, steps_s: Floats
) -> tuple[Floats, Floats]:
    """Return gravity as the wrist holds it (3,) and the acceleration around it (n, 3), in g."""
    gait = motion_table().gait[activity]
    hold, coefs, noise = wrist_series(activity, wearer)
    stride_hz = cadence_hz(activity, wearer) / 2.0
    harmonics = np.arange(1, len(coefs) + 1)
    coefs = coefs[harmonics * stride_hz < 0.5 * rate_hz]
    angle = np.arange(_TEMPLATE_POINTS + 1) * (2.0 * np.pi / _TEMPLATE_POINTS)
    template = (np.exp(1j * np.outer(angle, np.arange(1, len(coefs) + 1))) @ coefs).real
    strides = np.interp(time_s, steps_s, 0.5 * np.arange(steps_s.size))
    place = (strides - np.floor(strides)) * _TEMPLATE_POINTS
    index = place.astype(np.int64)
    share = (place - index)[:, None]
    moves = template[index] * (1.0 - share) + template[index + 1] * share
    moves *= np.exp(gait.strength_log_sd * slow(rng, time_s, 12.0))[:, None]
    swell, lag = gait.beat
    beat = np.sqrt(np.maximum(1.0 + swell * np.cos(4.0 * np.pi * strides + lag), 0.0))[:, None]
    moves += beat * coloured(rng, time_s.size, rate_hz, motion_table().band_edges_hz, gait.noise_g * noise)
    return hold, moves
