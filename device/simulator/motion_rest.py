"""Postures: where the wrist lies, how restless it is, and when it is put elsewhere."""

from typing import Final

import numpy as np
from scipy.special import ndtr

from device.simulator.motion_noise import Floats, Rngs, coloured, ramps, slow, unit
from device.simulator.motion_table import BURST_SHARES, PostureTable, motion_table
from device.simulator.motion_wearer import Wearer

_FITTED_FLOOR_G: Final = 0.0045  # sd of a grid of 1/64 g, which is the noise of the sensors that were fitted to
_SPLIT_HZ: Final = 0.4  # above it the wrist moves; below it, it turns
_TURN_S: Final = 1.2  # putting the hand elsewhere
_TURN_SPREAD: Final = 0.22  # of where it is put, in units of g
_BURST_S: Final = 7.0  # how long a restless spell lasts
_TREMOR_HZ: Final = np.array([8.0, 12.0])


def posture_accel_g(
    rngs: Rngs, posture: str, wearer: Wearer, *, time_s: Floats, duration_s: float, rate_hz: float
) -> tuple[Floats, Floats]:
    """Return the direction of gravity (n, 3) and the acceleration around it (n, 3), in g."""
    truth, noise = rngs
    table = motion_table().posture[posture]
    hold = unit(_place(truth, posture, table, wearer) + _turns(truth, table, wearer, time_s, duration_s))
    level_g = table.level_g
    habits = wearer.habits(f"{posture} level")
    if habits is not None:
        level_g *= float(np.exp(table.level_log_sd * np.clip(habits.standard_normal(), -0.8, 0.8)))
    share = ndtr(slow(truth, time_s, _BURST_S)) ** (1.0 / max(wearer.fidget, 0.2))
    window_g = level_g * np.exp(np.interp(share, BURST_SHARES, table.burst_log))
    moved_g = np.sqrt(np.maximum(window_g**2 - 3.0 * _FITTED_FLOOR_G**2, (0.2 * level_g) ** 2))
    edges_hz = motion_table().band_edges_hz
    fast = edges_hz[:-1] >= _SPLIT_HZ
    shape = table.noise_g / np.sqrt((table.noise_g[fast] ** 2).sum())
    moves = coloured(noise, time_s.size, rate_hz, edges_hz, shape) * moved_g[:, None]
    tremor = np.full((1, 3), wearer.tremor_g)
    return hold, moves + coloured(noise, time_s.size, rate_hz, _TREMOR_HZ, tremor)


def _place(truth: np.random.Generator, posture: str, table: PostureTable, wearer: Wearer) -> Floats:
    """Return the direction (3,) in which this wearer holds the wrist in this part of the script."""
    habits = wearer.habits(f"{posture} place")
    if habits is None:
        return unit(table.directions[int(np.argmax(table.weights))])
    # A habit, yet not always: now and then the hand lies as other people's does.
    chooser = truth if truth.random() < 0.2 else habits
    place = table.directions[chooser.choice(len(table.weights), p=table.weights / table.weights.sum())]
    return unit(place + 0.6 * table.apart * habits.standard_normal(3) + 0.3 * table.apart * truth.standard_normal(3))


def _turns(
    truth: np.random.Generator, table: PostureTable, wearer: Wearer, time_s: Floats, duration_s: float
) -> Floats:
    """Return how far (n, 3) the hand has been put from its place, which it is now and then."""
    count = int(truth.poisson(table.turns_per_minute * wearer.fidget * duration_s / 60.0))
    at_s = np.sort(truth.uniform(0.0, duration_s, count))
    places = np.vstack([np.zeros((1, 3)), _TURN_SPREAD * truth.standard_normal((count, 3)).clip(-2.0, 2.0)])
    return ramps(time_s, at_s, places, _TURN_S)
