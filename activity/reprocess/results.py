"""Results read back from disk, as `selfback process` left them: what pages and tables of days are made from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from activity.bouts import Bout
from activity.day.adjust import Profile
from activity.day.summary import DayQuality, DaySummary
from activity.epochs import UNKNOWN, Epochs
from activity.errors import ResultError
from activity.labels import ACTIVITIES, Activity
from activity.reprocess.plan import read_infos

_NS = 1_000_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_REMEDY = "delete its folder and process the recording again"


@dataclass(frozen=True, slots=True, eq=False)
class Result:
    """All that is kept of one recording."""

    name: str
    info: Mapping[str, Any]  #: ``info.json``
    days: tuple[DaySummary, ...]
    rows: tuple[Mapping[str, Any], ...]  #: of ``days.parquet``, one a day
    epochs: Epochs
    step_times_ns: NDArray[np.int64]
    bouts: tuple[Bout, ...]
    profile: Profile


def infos_named(output: Path, names: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Return ``info.json`` of the recordings of that name, or of all; `ResultError` where there is none."""
    infos = read_infos(output)
    if not infos:
        raise ResultError(
            "no result in this folder", str(output), "the --output of selfback process",
            f"make some with: selfback process RECORDING --output {output}",
        )  # fmt: skip
    unknown = [name for name in names if name not in infos]
    if unknown:
        some = ", ".join(list(infos)[:5]) + (", ..." if len(infos) > 5 else "")
        raise ResultError(f"no result of {unknown[0]!r}", str(output), f"one of {some}")
    return {name: infos[name] for name in dict.fromkeys(names)} if names else infos


def day_rows(output: Path, name: str) -> list[dict[str, Any]]:
    """Return the days of a recording, a row each; instants to the microsecond."""
    table = _table(output / name / "days.parquet")
    columns = [_values(column) for column in table.columns]
    return [dict(zip(table.column_names, row, strict=True)) for row in zip(*columns, strict=True)]


def days_of(output: Path, name: str) -> tuple[DaySummary, ...]:
    """Return the days of a recording; `ResultError` where they can't be read back."""
    try:
        return tuple(_day(row) for row in day_rows(output, name))
    except (KeyError, ValueError, TypeError) as error:
        raise ResultError(f"isn't a result of this version: {error}", str(output / name), remedy=_REMEDY) from error


def read_result(output: Path, name: str, info: Mapping[str, Any]) -> Result:
    """Return what the folder of one recording holds; `ResultError` where it can't be read back."""
    folder = output / name
    try:
        rows = tuple(day_rows(output, name))
        return Result(
            name=name,
            info=info,
            days=tuple(_day(row) for row in rows),
            rows=rows,
            epochs=_epochs(_table(folder / "epochs.parquet")),
            step_times_ns=_instants(_table(folder / "steps.parquet")["time"]),
            bouts=_bouts(_table(folder / "bouts.parquet")),
            profile=_profile(_table(folder / "profile.parquet")),
        )
    except (KeyError, ValueError, TypeError, pa.ArrowException) as error:
        raise ResultError(f"isn't a result of this version: {error}", str(folder), remedy=_REMEDY) from error


def _table(place: Path) -> pa.Table:
    try:
        with pq.ParquetFile(place, page_checksum_verification=True) as file:
            return file.read(use_threads=False)
    except (pa.ArrowException, OSError) as error:
        what = next(iter(str(error).splitlines()), type(error).__name__)
        raise ResultError(f"can't be read back: {what}", str(place), remedy=_REMEDY) from error


def _values(column: pa.ChunkedArray) -> list[Any]:
    if not pa.types.is_timestamp(column.type):
        return list(column.to_pylist())
    # Arrow's own way to Python's instants imports pandas, which takes a quarter of a second.
    instants = column.cast(pa.timestamp("us", column.type.tz), safe=False).cast(pa.int64()).to_pylist()
    return [None if one is None else _EPOCH + timedelta(microseconds=one) for one in instants]


def _instants(column: pa.ChunkedArray) -> NDArray[np.int64]:
    return np.asarray(column.cast(pa.int64()).to_numpy(), dtype=np.int64)


def _floats(column: pa.ChunkedArray) -> NDArray[np.float64]:
    """Return numbers with NaN for null."""
    return np.asarray(column.cast(pa.float64()).to_numpy(), dtype=np.float64)


def _day(row: Mapping[str, Any]) -> DaySummary:
    start = row["start"]
    quality = DayQuality(
        row["valid"], tuple(filter(None, row["reasons"].split("; "))), row["recorded_minutes"],
        row["missing_minutes"], row["unknown_minutes"],
    )  # fmt: skip
    return DaySummary(
        date=row["date"],
        zone=row["zone"],
        length_minutes=row["length_minutes"],
        start_ns=int(start.timestamp()) * _NS,
        wear_minutes=row["wear_minutes"],
        minutes={activity: row[f"{activity}_minutes"] for activity in ACTIVITIES},
        steps=row["steps"],
        hourly_steps=tuple(row["hourly_steps"]),
        peak_1min_spm=row["peak_1min_spm"],
        peak_30min_spm=row["peak_30min_spm"],
        bouts=row["walking_bouts"],
        longest_still_minutes=row["longest_still_minutes"],
        inactivity_breaks=row["inactivity_breaks"],
        mean_enmo_mg=row["mean_enmo_mg"],
        quality=quality,
    )


def _epochs(table: pa.Table) -> Epochs:
    time_ns = _instants(table["time"])
    names = table["activity"].to_pylist()
    codes = {str(activity): code for code, activity in enumerate(ACTIVITIES)} | {None: UNKNOWN}
    worn = {True: 1, False: 0, None: UNKNOWN}
    steps = np.diff(time_ns)
    return Epochs(
        width_s=float(steps.min()) / _NS if steps.size else 10.0,
        time_ns=time_ns,
        activity=np.array([codes[name] for name in names], dtype=np.int8),
        confidence=_floats(table["confidence"]).astype(np.float32),
        probability=np.column_stack([_floats(table[f"p_{activity}"]) for activity in ACTIVITIES]).astype(np.float32),
        steps=_floats(table["steps"]).astype(np.float32),
        cadence_spm=_floats(table["cadence_spm"]).astype(np.float32),
        enmo_mg=_floats(table["enmo_mg"]).astype(np.float32),
        worn=np.array([worn[value] for value in table["worn"].to_pylist()], dtype=np.int8),
        coverage=_floats(table["coverage"]).astype(np.float32),
    )


def _bouts(table: pa.Table) -> tuple[Bout, ...]:
    columns = (
        _instants(table["start"]).tolist(), _instants(table["stop"]).tolist(), table["activity"].to_pylist(),
        _floats(table["steps"]).tolist(),
    )  # fmt: skip
    return tuple(
        Bout(start, stop, Activity(activity), steps) for start, stop, activity, steps in zip(*columns, strict=True)
    )


def _profile(table: pa.Table) -> Profile:
    shares = np.column_stack([_floats(table[f"{activity}_share"]) for activity in ACTIVITIES])
    days = np.asarray(table["days"].to_numpy(), dtype=np.int64)
    return Profile(days, _floats(table["steps"]), _floats(table["enmo_mg"]), shares)
