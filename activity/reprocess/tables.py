"""Epochs, bouts, steps and days as Arrow tables: the columns of the output contract. Missing is null."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from activity.bouts import Bout
from activity.day.adjust import DayAdjusted, Profile
from activity.day.intensity import CUT_POINTS, Intensity, Stretch
from activity.day.summary import DaySummary
from activity.epochs import UNKNOWN, Epochs
from activity.labels import ACTIVITIES
from activity.reprocess.arrays import column, flags, numbers, texts

if TYPE_CHECKING:
    from activity.signal.movement.table import Movement

_UTC = pa.timestamp("ns", "UTC")
_STRETCH = (("enmo_mg", pa.float64()), ("start", pa.string()))


def epochs_table(epochs: Epochs) -> pa.Table:
    """Return one row a window."""
    codes = epochs.activity.astype(np.int32)
    coded = numbers(codes, pa.int32(), codes != UNKNOWN)
    names = pa.DictionaryArray.from_arrays(coded, texts([str(activity) for activity in ACTIVITIES]))
    columns: dict[str, pa.Array] = {
        "time": _times(epochs.time_ns),
        "activity": names.cast(pa.string()),
        "confidence": _known(epochs.confidence),
    }
    for at, activity in enumerate(ACTIVITIES):
        columns[f"p_{activity}"] = _known(epochs.probability[:, at])
    counted = np.isfinite(epochs.steps)
    columns |= {
        "steps": numbers(np.where(counted, epochs.steps, 0), pa.int32(), counted),
        "cadence_spm": _known(epochs.cadence_spm),
        "enmo_mg": _known(epochs.enmo_mg),
        "worn": flags(epochs.worn == 1, epochs.worn != UNKNOWN),
        "coverage": _known(epochs.coverage),
    }
    return pa.table(columns)


def bouts_table(bouts: Sequence[Bout]) -> pa.Table:
    """Return one row a bout."""
    steps = np.array([bout.steps for bout in bouts], dtype=np.float64)
    return pa.table(
        {
            "start": _times(np.array([bout.start_ns for bout in bouts], dtype=np.int64)),
            "stop": _times(np.array([bout.stop_ns for bout in bouts], dtype=np.int64)),
            "activity": texts([str(bout.activity) for bout in bouts]),
            "steps": numbers(np.round(steps), pa.int64(), ~np.isnan(steps)),
        }
    )


def steps_table(step_times_ns: NDArray[np.int64]) -> pa.Table:
    """Return one row a step."""
    return pa.table({"time": _times(step_times_ns)})


def metrics_table(movement: "Movement") -> pa.Table:
    """Return one row a minute with all measures of movement."""
    measures = {name: _known(values) for name, values in movement.columns.items()}
    return pa.table({"time": _times(movement.time_ns), **measures, "coverage": _known(movement.coverage)})


def days_table(
    days: Sequence[DaySummary], adjusted: Sequence[DayAdjusted], intensity: Sequence[Intensity], model: str
) -> pa.Table:
    """Return one row a local day, with the name of the model that its activities come from.

    What is called ``_adjusted`` is of the day with its missing minutes filled, all else of what was recorded and worn.
    """
    rows = [
        {**_day_row(day), **_adjusted_row(filled), **_intensity_row(hard), "model": model}
        for day, filled, hard in zip(days, adjusted, intensity, strict=True)
    ]
    return pa.Table.from_arrays(
        [column([row[field.name] for row in rows], field.type) for field in _DAYS], schema=_DAYS
    )


def profile_table(profile: Profile) -> pa.Table:
    """Return one row a minute of the local clock: the average day."""
    columns: dict[str, pa.Array] = {
        "clock_minute": numbers(np.arange(profile.days.size), pa.int16()),
        "days": numbers(profile.days, pa.int32()),
        "steps": _known(profile.steps),
        "enmo_mg": _known(profile.enmo_mg),
    }
    for at, activity in enumerate(ACTIVITIES):
        columns[f"{activity}_share"] = _known(profile.activity[:, at])
    return pa.table(columns)


def _day_row(day: DaySummary) -> dict[str, object]:
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
    }


def _adjusted_row(day: DayAdjusted) -> dict[str, object]:
    minutes = day.minutes or dict.fromkeys(ACTIVITIES)
    return {
        "steps_adjusted": day.steps,
        **{f"{activity}_minutes_adjusted": minutes[activity] for activity in ACTIVITIES},
        "mean_enmo_mg_adjusted": day.mean_enmo_mg,
        "imputed_minutes": day.imputed_minutes,
    }


def _intensity_row(day: Intensity) -> dict[str, object]:
    return {**day.minutes, **stretch_row("l5", day.l5), **stretch_row("m10", day.m10)}


def stretch_row(name: str, stretch: Stretch | None) -> dict[str, object]:
    """Return the mean ENMO of a stretch, and when it begins by the local clock."""
    clock = None if stretch is None else f"{stretch.start_minute // 60:02}:{stretch.start_minute % 60:02}"
    return {f"{name}_enmo_mg": None if stretch is None else stretch.enmo_mg, f"{name}_start": clock}


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
        ("steps_adjusted", pa.float64()),
        *((f"{activity}_minutes_adjusted", pa.float64()) for activity in ACTIVITIES),
        ("mean_enmo_mg_adjusted", pa.float64()),
        ("imputed_minutes", pa.int32()),
        *((cut.name, pa.float64()) for cut in CUT_POINTS),
        *((f"{name}_{what}", kind) for name in ("l5", "m10") for what, kind in _STRETCH),
        ("model", pa.string()),
    ]
)


def _times(time_ns: NDArray[np.int64]) -> pa.Array:
    return numbers(time_ns, _UTC)


def _known(values: NDArray[np.floating]) -> pa.Array:
    return numbers(values, pa.float32() if values.dtype == np.float32 else pa.float64(), ~np.isnan(values))
