"""Everything without steps: postures, hand work, driving, and a band on a table."""

from typing import Final

import numpy as np

from device.simulator.motion_noise import Floats, coloured, slow
from device.simulator.motion_wearer import Wearer

_EDGES_HZ: Final = np.array([0.2, 1.0, 3.0, 8.0, 20.0])
_HOLDS: Final = {
    "lie": (-0.1, -0.2, 0.9),
    "sit": (-0.3, -0.4, 0.8),
    "stand": (-0.35, -0.9, 0.1),
    "dishes": (-0.6, 0.3, 0.6),
    "drive": (-0.7, 0.2, 0.5),
    "unworn": (0.02, -0.01, 1.0),
}
_SD_G: Final = {"lie": 0.004, "sit": 0.010, "stand": 0.015, "dishes": 0.12, "drive": 0.03, "unworn": 0.0}


def rest_accel_g(
    rng: np.random.Generator, activity: str, wearer: Wearer, time_s: Floats, rate_hz: float
) -> tuple[Floats, Floats]:
    """Return gravity as the wrist holds it (n, 3) and the acceleration around it (n, 3), in g."""
    hold = np.array(_HOLDS[activity]) * np.ones((time_s.size, 1))
    if activity == "unworn":
        return hold, np.zeros_like(hold)
    drift = np.stack([slow(rng, time_s, 40.0) for _ in range(3)], axis=1)
    hold = hold + 0.05 * drift
    hold /= np.linalg.norm(hold, axis=1, keepdims=True)
    moves = coloured(rng, time_s.size, rate_hz, _EDGES_HZ, np.full((4, 3), _SD_G[activity]) / 2.0)
    moves *= np.exp(0.8 * slow(rng, time_s, 6.0))[:, None] * wearer.fidget
    return hold, moves
