"""Labelled recordings: what a classifier is trained and judged on."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from activity.classify.kinds import KIND_INDEX, KINDS, activity_of
from activity.labels import Activity
from activity.signal.regularise import Grid, regularise
from device.errors import ColumnError
from device.recording import Recording

#: The shoulder exercises of the SPAR recordings, all done with the arms alone.
EXERCISES: Final = (
    "pendulum",
    "abduction",
    "forward_elevation",
    "internal_rotation",
    "external_rotation",
    "trapezius_extension",
    "upright_row",
)

#: Labels of the two data sets and of common use, as the kinds of ``classify.kinds`` or as activities.
LABELS: Final[dict[str, str]] = {
    **{str(activity): str(activity) for activity in Activity},
    **{kind.name: kind.name for kind in KINDS},
    "stairs_up": "upstairs",
    "stairs_down": "downstairs",
    "exercise": "other",
    **dict.fromkeys(EXERCISES, "other"),
}


@dataclass(frozen=True, slots=True, eq=False)
class LabelledGrid:
    """One recording of one person doing one thing."""

    subject: str
    original: str  #: label as the data set has it
    kind: str  #: of ``classify.kinds``; an activity where the data set says no more
    grid: Grid

    @property
    def activity(self) -> Activity:
        """The activity of its kind."""
        return activity_of(self.kind)

    @property
    def kind_index(self) -> int:
        """The index of its kind in ``KINDS``; ``ColumnError`` for a label that names an activity of several kinds."""
        try:
            return KIND_INDEX[self.kind]
        except KeyError:
            names = [kind.name for kind in KINDS if kind.activity is self.activity]
            raise ColumnError(
                f"the label {self.original} says too little to learn from", expected=f"one of {', '.join(names)}"
            ) from None


@dataclass(frozen=True, slots=True, eq=False)
class LabelledRecording:
    """One recording of one person doing one thing, as the sensor gave it."""

    subject: str
    original: str
    recording: Recording


def read_labelled(path: Path, rate_hz: float) -> tuple[LabelledGrid, ...]:
    """Return every recording in a labelled Parquet file, on a grid; see ``read_recordings``."""
    return tuple(gridded(part, rate_hz) for part in read_recordings(path))


def gridded(part: LabelledRecording, rate_hz: float) -> LabelledGrid:
    """Return a labelled recording on a grid."""
    return LabelledGrid(part.subject, part.original, LABELS[part.original], regularise(part.recording, rate_hz))


def read_recordings(path: Path) -> tuple[LabelledRecording, ...]:
    """Return every recording in a Parquet file with ``subject``, ``activity``, ``t``, ``x``, ``y``, ``z``.

    A ``recording`` column, where there is one, tells several recordings of one activity apart. Samples whose time
    doesn't move on are left out. Raises ``ColumnError`` for another shape or an unknown label.
    """
    needed = ["subject", "activity", "t", "x", "y", "z"]
    names = pq.read_schema(path).names
    missing = [name for name in needed if name not in names]
    if missing:
        raise ColumnError(f"no column {', '.join(missing)}", where=str(path), expected=", ".join(needed))
    keys = ["subject", "activity", *(["recording"] if "recording" in names else [])]
    table = pq.read_table(path, columns=[*keys, "t", "x", "y", "z"])
    for key in keys:  # Arrow can't sort dictionary-coded text
        table = table.set_column(table.column_names.index(key), key, table[key].cast(pa.string()))
    unknown = sorted(set(pc.unique(table["activity"]).to_pylist()) - set(LABELS))
    if unknown:
        raise ColumnError(f"labels {', '.join(map(str, unknown))} have no meaning here", where=str(path))
    return tuple(_recordings(table, keys))


def _recordings(table: pa.Table, keys: list[str]) -> Iterator[LabelledRecording]:
    groups = table.select(keys).group_by(keys).aggregate([]).sort_by([(key, "ascending") for key in keys])
    for row in groups.to_pylist():
        mask = None
        for key in keys:
            same = pc.equal(table[key], row[key])
            mask = same if mask is None else pc.and_(mask, same)
        part = table.filter(mask)
        time_ns = part["t"].to_numpy()
        accel_g = np.column_stack([part[axis].to_numpy() for axis in "xyz"]).astype(np.float32)
        moves_on = np.concatenate([[True], time_ns[1:] > np.maximum.accumulate(time_ns)[:-1]])
        recording = Recording.from_times(accel_g[moves_on], time_ns[moves_on])
        yield LabelledRecording(row["subject"], row["activity"], recording)
