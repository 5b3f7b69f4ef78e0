"""The numbers of the movement model, fitted to real wrist recordings by ``tests/golden/fit_motion.py``."""

import functools
import json
from dataclasses import dataclass
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class GaitTable:
    """One gait over people: a Fourier series of the stride with its spread, and noise that it doesn't explain.

    A series is a vector: DC of x, y, z, then the real and the imaginary parts of ``harmonics`` × 3 coefficients.
    """

    cadence_hz: float  #: steps per second, median of people
    cadence_log_sd: float
    centre: Floats  #: (3 + 6 × harmonics,) g, at the median cadence
    slope: Floats  #: the same per unit of log cadence
    components: Floats  #: (components, 3 + 6 × harmonics) principal components times their sd
    rest: Floats  #: sd of what the components leave
    noise_g: Floats  #: (bands, 3) sd
    noise_log_sd: float


@dataclass(frozen=True, slots=True, eq=False)
class MotionTable:
    """All fitted numbers."""

    band_edges_hz: Floats
    harmonics: int
    gait: dict[str, GaitTable]


@functools.cache
def motion_table() -> MotionTable:
    """Return the fitted numbers that ship beside this module."""
    raw = json.loads(files("device.simulator").joinpath("motion_table.json").read_text(encoding="utf-8"))
    gait = {}
    for name, row in raw["gait"].items():
        arrays = {key: np.array(value) for key, value in row.items() if isinstance(value, list)}
        gait[name] = GaitTable(row["cadence_hz"], row["cadence_log_sd"], noise_log_sd=row["noise_log_sd"], **arrays)
    return MotionTable(np.array(raw["band_edges_hz"]), raw["harmonics"], gait)
