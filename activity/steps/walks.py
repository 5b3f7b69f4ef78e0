"""Public recordings whose steps are known, and hand work without any, as walks to count."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from activity.classify.labelled import read_labelled
from activity.labels import STEPPING, Activity
from activity.signal.regularise import GRID_RATE_HZ, Grid, regularise
from activity.steps.evaluate import Walk
from device.readers.table import read_recordings
from device.recording import Recording

SELFBACK: Final = "selfback-wrist.parquet"
SELFBACK_STEPS: Final = "selfback-steps-reference.parquet"
SENSORWATCH: Final = "sensorwatch-mag.parquet"
SENSORWATCH_STEPS: Final = "sensorwatch-steps.parquet"
OXFORD: Final = "oxford-swingingarm.parquet"
OXFORD_STRIDES: Final = "oxford-swingingarm-strides.parquet"
SPAR: Final = "spar-exercises-wrist.parquet"

STILL: Final = ("sitting", "lying")
HOUSEWORK: Final = ("desk", "dishwasher", "dressing", "pc", "shoe")


def size_grid(size: NDArray[np.float64], time_ns: NDArray[np.int64], rate_hz: float = GRID_RATE_HZ) -> Grid:
    """Return a grid of nothing but sizes of acceleration, on x; in whatever unit, their median is taken for 1 g."""
    moves_on = np.concatenate([[True], time_ns[1:] > np.maximum.accumulate(time_ns)[:-1]])
    accel_g = np.zeros((int(moves_on.sum()), 3), dtype=np.float32)
    accel_g[:, 0] = size[moves_on] / np.median(size[moves_on])
    return regularise(Recording.from_times(accel_g, time_ns[moves_on]), rate_hz)


def _selfback(data: Path, rate_hz: float) -> Iterator[Walk]:
    table = pd.read_parquet(data / SELFBACK_STEPS)
    table = table[(table["quality"] == "high") & (table["steps_ref"] > 0)]
    names = zip(table["subject"].astype(str), table["activity"].astype(str), strict=True)
    reference = dict(zip(names, table["steps_ref"].astype(float).tolist(), strict=True))
    for part in read_labelled(data / SELFBACK, rate_hz):
        true = reference.get((part.subject, part.original), 0.0)
        if true or part.original in STILL:
            activity = part.activity if part.activity in STEPPING else Activity.WALKING
            yield Walk("selfBACK", part.original, part.subject, activity, true, part.grid)


def _sensorwatch(data: Path, rate_hz: float) -> Iterator[Walk]:
    table = pd.read_parquet(data / SENSORWATCH_STEPS)
    reference = dict(zip(table["recording"].astype(str), table["steps"].astype(float).tolist(), strict=True))
    for name, part in pd.read_parquet(data / SENSORWATCH).groupby("recording", observed=True):
        kind = str(name).rsplit("/", maxsplit=1)[-1].split("-", maxsplit=1)[0].rstrip("0123456789")
        grid = size_grid(part["mag_raw"].to_numpy(np.float64), part["t"].to_numpy(np.int64), rate_hz)
        kind = "housework" if kind in HOUSEWORK else f"walk {kind}"
        yield Walk("sensorwatch", kind, str(name), Activity.WALKING, reference[str(name)], grid)


def _oxford(data: Path, rate_hz: float) -> Iterator[Walk]:
    strides = pd.read_parquet(data / OXFORD_STRIDES)["recording"].astype(str).value_counts()
    for name, recording in read_recordings(data / OXFORD):
        true = next(2.0 * count for key, count in strides.items() if name.endswith(str(key)))
        yield Walk("oxford", "swinging arm", name, Activity.WALKING, true, regularise(recording, rate_hz))


def _spar(data: Path, rate_hz: float) -> Iterator[Walk]:
    for part in read_labelled(data / SPAR, rate_hz):
        yield Walk("SPAR", part.original, part.subject, Activity.WALKING, 0.0, part.grid)


#: What each set needs of the folder, and what reads it.
SETS: Final[tuple[tuple[tuple[str, ...], Callable[[Path, float], Iterator[Walk]]], ...]] = (
    ((SELFBACK, SELFBACK_STEPS), _selfback),
    ((SENSORWATCH, SENSORWATCH_STEPS), _sensorwatch),
    ((OXFORD, OXFORD_STRIDES), _oxford),
    ((SPAR,), _spar),
)


def missing_files(data: Path) -> tuple[str, ...]:
    """Return the files that ``read_walks`` would have to do without."""
    return tuple(name for files, _ in SETS for name in files if not (data / name).is_file())


def read_walks(data: Path, rate_hz: float = GRID_RATE_HZ) -> Iterator[Walk]:
    """Yield every recording of a known number of steps in a folder; a set that lacks a file is left out."""
    for files, read in SETS:
        if all((data / name).is_file() for name in files):
            yield from read(data, rate_hz)
