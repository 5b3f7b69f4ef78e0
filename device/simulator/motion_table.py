"""The numbers of the movement model, fitted to real wrist recordings by ``tests/golden/fit_motion.py``."""

import functools
import json
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

BURST_SHARES: Final = np.array([0.05, 0.25, 0.5, 0.75, 0.9, 0.97, 1.0])
"""Quantiles at which ``PostureTable.burst_log`` was taken."""


@dataclass(frozen=True, slots=True, eq=False)
class GaitTable:
    """One gait over people: a Fourier series of the stride with its spread, and noise that it doesn't explain.

    A series is a vector: DC of x, y, z, then the real and the imaginary parts of ``harmonics`` × 3 coefficients,
    with phase 0 where the step component of the magnitude peaks.
    """

    cadence_hz: float  #: steps per second, median of people
    cadence_log_sd: float
    pull_g: float  #: length of the mean acceleration, more than 1 g where a swinging arm is pulled outwards
    jitter: Floats  #: (2,) log sd of step intervals: from one step to the next, and over eight steps
    strength_log_sd: float  #: of everything the wrist does, from one 10 s window to another
    noise_log_sd: float  #: of ``noise_g`` over people
    beat: Floats  #: (2,) noise power swells by ``1 + beat[0] * cos(step phase + beat[1])``
    centre: Floats  #: (3 + 6 × harmonics,) g, at the median cadence
    slope: Floats  #: the same per unit of log cadence
    components: Floats  #: (components, 3 + 6 × harmonics) principal components times their sd
    rest: Floats  #: sd of what the components leave
    noise_g: Floats  #: (bands, 3) sd


@dataclass(frozen=True, slots=True, eq=False)
class PostureTable:
    """One posture over people: where gravity points, and how much the wrist moves around it."""

    turns_per_minute: float  #: how often gravity turns by more than 12 degrees
    apart: float  #: sd of people's directions about the nearest of ``directions``
    level_g: float  #: sd above 0.4 Hz in the median window of the median person, all axes, sensor noise included
    level_log_sd: float  #: of people
    weights: Floats  #: (clusters,) share of people
    directions: Floats  #: (clusters, 3) unit vectors
    burst_log: Floats  #: log of a window's sd over that of the person's median window, at ``BURST_SHARES``
    noise_g: Floats  #: (bands, 3) sd, of which only the shape is used


@dataclass(frozen=True, slots=True, eq=False)
class MotionTable:
    """All fitted numbers."""

    band_edges_hz: Floats  #: (bands + 1,) of every ``noise_g``
    harmonics: int  #: of the stride
    gait: dict[str, GaitTable]
    posture: dict[str, PostureTable]


@functools.cache
def motion_table() -> MotionTable:
    """Return the fitted numbers that ship beside this module."""
    raw = json.loads(files("device.simulator").joinpath("motion_table.json").read_text(encoding="utf-8"))
    gait = {name: GaitTable(**_arrays(row)) for name, row in raw["gait"].items()}
    posture = {name: PostureTable(**_arrays(row)) for name, row in raw["posture"].items()}
    return MotionTable(np.array(raw["band_edges_hz"]), raw["harmonics"], gait, posture)


def _arrays(row: dict[str, Any]) -> dict[str, Any]:
    return {key: np.array(value) if isinstance(value, list) else value for key, value in row.items()}
