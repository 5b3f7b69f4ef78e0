"""Epochs, bouts, steps and days as Arrow tables: the columns of the output contract. Missing is null."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from activity.bouts import Bout
from activity.day.summary import DaySummary
from activity.epochs import UNKNOWN, Epochs
from activity.labels import ACTIVITIES

if TYPE_CHECKING:
    from activity.signal.movement.table import Movement

_UTC = pa.timestamp("ns", "UTC")


def epochs_table(epochs: Epochs) -> pa.Table:
    """Return one row a window."""
    codes = epochs.activity.astype(np.int32)
    names = pa.DictionaryArray.from_arrays(pa.array(codes, mask=codes == UNKNOWN), [str(a) for a in ACTIVITIES])
    columns: dict[str, pa.Array] = {
        "time": _times(epochs.time_ns),
        "activity": names.cast(pa.string()),
        "confidence": _known(epochs.confidence),
    }
    for at, activity in enumerate(ACTIVITIES):
        columns[f"p_{activity}"] = _known(epochs.probability[:, at])
    steps = np.where(np.isfinite(epochs.steps), epochs.steps, 0).astype(np.int32)
    columns |= {
        "steps": pa.array(steps, mask=~np.isfinite(epochs.steps)),
        "cadence_spm": _known(epochs.cadence_spm),
        "enmo_mg": _known(epochs.enmo_mg),
        "worn": pa.array(epochs.worn == 1, mask=epochs.worn == UNKNOWN),
        "coverage": _known(epochs.coverage),
    }
    return pa.table(columns)


def bouts_table(bouts: Sequence[Bout]) -> pa.Table:
    """Return one row a bout."""
    return pa.table(
        {
            "start": _times(np.array([bout.start_ns for bout in bouts], dtype=np.int64)),
            "stop": _times(np.array([bout.stop_ns for bout in bouts], dtype=np.int64)),
            "activity": pa.array([str(bout.activity) for bout in bouts], pa.string()),
            "steps": _known(np.round(np.array([bout.steps for bout in bouts], dtype=np.float64))).cast(pa.int64()),
        }
    )


def steps_table(step_times_ns: NDArray[np.int64]) -> pa.Table:
    """Return one row a step."""
    return pa.table({"time": _times(step_times_ns)})


def metrics_table(movement: "Movement") -> pa.Table:
    """Return one row a minute with all measures of movement."""
    measures = {name: _known(values) for name, values in movement.columns.items()}
    return pa.table({"time": _times(movement.time_ns), **measures, "coverage": _known(movement.coverage)})


def days_table(days: Sequence[DaySummary], model: str) -> pa.Table:
    """Return one row a local day, with the name of the model that its activities come from."""
    rows = [_day_row(day, model) for day in days]
    return pa.Table.from_pylist(rows, schema=_DAYS)


def _day_row(day: DaySummary, model: str) -> dict[str, object]:
    return {
        "date": day.date,
        "zone": day.zone,
        "length_minutes": day.length_minutes,
        "start": day.start_ns,
        "valid": day.quality.valid,
        "reasons": "; ".join(day.quality.reasons),
        "wear_minutes": day.wear_minutes,
        **{f"{activity}_minutes": minutes for activity, minutes in day.minutes.items()},
        "steps": day.steps,
        "peak_1min_spm": day.peak_1min_spm,
        "peak_30min_spm": day.peak_30min_spm,
        "walking_bouts": day.bouts,
        "longest_still_minutes": day.longest_still_minutes,
        "inactivity_breaks": day.inactivity_breaks,
        "mean_enmo_mg": day.mean_enmo_mg,
        "recorded_minutes": day.quality.recorded_minutes,
        "missing_minutes": day.quality.missing_minutes,
        "unknown_minutes": day.quality.unknown_minutes,
        "hourly_steps": list(day.hourly_steps),
        "model": model,
    }


_DAYS = pa.schema(
    [
        ("date", pa.date32()),
        ("zone", pa.string()),
        ("length_minutes", pa.int32()),
        ("start", _UTC),
        ("valid", pa.bool_()),
        ("reasons", pa.string()),
        ("wear_minutes", pa.float64()),
        *((f"{activity}_minutes", pa.float64()) for activity in ACTIVITIES),
        ("steps", pa.int64()),
        ("peak_1min_spm", pa.float64()),
        ("peak_30min_spm", pa.float64()),
        ("walking_bouts", pa.int32()),
        ("longest_still_minutes", pa.float64()),
        ("inactivity_breaks", pa.int32()),
        ("mean_enmo_mg", pa.float64()),
        ("recorded_minutes", pa.float64()),
        ("missing_minutes", pa.float64()),
        ("unknown_minutes", pa.float64()),
        ("hourly_steps", pa.list_(pa.float64())),
        ("model", pa.string()),
    ]
)


def _times(time_ns: NDArray[np.int64]) -> pa.Array:
    return pa.array(np.asarray(time_ns, dtype=np.int64)).cast(_UTC)


def _known(values: NDArray[np.floating]) -> pa.Array:
    return pa.array(values, mask=np.isnan(values))
