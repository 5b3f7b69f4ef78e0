"""Hand work, driving, and a band on a table: movement without steps, for which nothing was there to fit to."""

from typing import Final

import numpy as np

from device.simulator.motion_noise import Floats, Rngs, coloured, ramps, slow, unit
from device.simulator.motion_wearer import Wearer

_SINK: Final = np.array([-0.55, 0.25, 0.80])  # forearm to the front, back of the hand up
_WHEEL: Final = np.array([-0.75, 0.45, 0.48])  # hand at ten to two
_TABLE: Final = np.array([0.03, -0.02, 1.0])

_HAND_EDGES_HZ: Final = np.array([0.3, 1.0, 2.5, 6.0, 15.0])
_HAND_G: Final = np.array([0.10, 0.09, 0.05, 0.02])
_SCRUB: Final = ((0.0, 0.6), (0.5, 1.0), (1.9, 0.35))  # phase and share of a stroke on x, y, z
_ROAD_EDGES_HZ: Final = np.array([0.3, 1.0, 3.0, 8.0, 14.0, 25.0, 40.0])
_ROAD_G: Final = np.array([0.012, 0.016, 0.010, 0.012, 0.010, 0.005])  # sway, suspension, wheels, engine


def hands_accel_g(
    rngs: Rngs, activity: str, wearer: Wearer, *, time_s: Floats, duration_s: float, rate_hz: float
) -> tuple[Floats, Floats]:
    """Return the direction of gravity (n, 3) and the acceleration around it (n, 3), in g."""
    if activity == "unworn":
        return np.tile(unit(_TABLE + 0.01 * rngs[0].standard_normal(3)), (time_s.size, 1)), np.zeros((time_s.size, 3))
    if activity == "drive":
        return _drive(rngs, time_s, duration_s, rate_hz)
    return _dishes(rngs, wearer, time_s, rate_hz)


def _dishes(rngs: Rngs, wearer: Wearer, time_s: Floats, rate_hz: float) -> tuple[Floats, Floats]:
    """Reaching, turning and wiping; a few seconds of scrubbing now and then, whose rhythm never lasts."""
    truth, noise = rngs
    reach = np.stack([0.30 * slow(truth, time_s, 2.5) + 0.12 * slow(truth, time_s, 0.8) for _ in range(3)], axis=1)
    hold = unit(_SINK + reach)
    spell = np.clip(2.0 * slow(truth, time_s, 5.0) - 0.6, 0.0, 1.0)
    turns = np.cumsum(2.1 * np.exp(0.25 * slow(truth, time_s, 1.7))) / rate_hz
    stroke = 0.22 * spell * (1.0 + 0.3 * slow(truth, time_s, 1.5))
    scrub = np.stack([stroke * np.sin(2.0 * np.pi * turns + lag) * share for lag, share in _SCRUB], axis=1)
    busy = np.exp(0.6 * slow(truth, time_s, 4.0))[:, None] * wearer.arm_swing
    return hold, scrub + busy * coloured(noise, time_s.size, rate_hz, _HAND_EDGES_HZ, np.tile(_HAND_G[:, None], 3))


def _drive(rngs: Rngs, time_s: Floats, duration_s: float, rate_hz: float) -> tuple[Floats, Floats]:
    """Vibration that comes and goes with the speed, a hand that steers, and a turn into another street now and then."""
    truth, noise = rngs
    count = int(truth.poisson(duration_s / 35.0))
    turn_s = np.sort(truth.uniform(0.0, duration_s, count))
    angles = truth.uniform(0.3, 0.8, count) * truth.choice([-1.0, 1.0], count)
    at_s = np.stack([turn_s, turn_s + truth.uniform(2.0, 4.0, count)], axis=1).ravel()
    order = np.argsort(at_s)
    turned = np.vstack([[0.0], np.stack([angles, np.zeros(count)], axis=1).reshape(-1, 1)[order]])
    wheel = 0.06 * slow(truth, time_s, 3.0)[:, None] + ramps(time_s, at_s[order], turned, 1.5)
    hold = unit(_WHEEL + wheel * np.array([0.3, -0.6, 0.8]))
    speed = (0.35 + 0.65 * np.clip(0.7 + 0.6 * slow(truth, time_s, 25.0), 0.0, 1.3))[:, None]
    return hold, speed * coloured(noise, time_s.size, rate_hz, _ROAD_EDGES_HZ, np.tile(_ROAD_G[:, None], 3))
