"""Parquet with ``time`` or ``t`` and ``x``, ``y``, ``z`` in g: one recording, or many told apart by columns of names.

``time`` is a timestamp with zone, or integer nanoseconds since 1970 in UTC; ``t`` is integer nanoseconds of the wall
clock of the zone, which is UTC unless another is asked for. Columns ``subject``, ``activity`` and ``recording`` split
a table into recordings; other columns are not read. A recording that this program wrote brings its band, segments,
damage, and its zone, which holds unless a zone other than UTC is asked for.
"""

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from device.capture.parquet import METADATA_KEY, open_recording_parquet
from device.errors import ColumnError, DamagedFileError, EmptyFileError
from device.parquet_file import opened
from device.readers.columns import AXES, Piece, Source, chunks_of, time_column
from device.recording import CHUNK_SAMPLES, BandInfo, Chunk, Stream

#: Columns whose values tell the recordings of one table apart, in the order of their names.
SPLITTERS: Final = ("subject", "activity", "recording")
#: What a table may claim to hold beside its size on disk: times it, and at least the floor.
MAX_GROWTH: Final = 200
GROWTH_FLOOR_BYTES: Final = 32 << 20
_REMEDY: Final = "copy or convert it again"


@dataclass(frozen=True, slots=True, eq=False)
class Runs:
    """Which rows belong to which recording: those of run ``k``, ``[start[k], stop[k])``, to recording ``of[k]``."""

    names: tuple[str, ...]
    start: NDArray[np.int64]
    stop: NDArray[np.int64]
    of: NDArray[np.int64]


def open_parquet(path: Path, zone: str) -> Iterator[tuple[str, Stream]]:
    """Yield the recordings of a Parquet file with their names, in the order of their first rows.

    Errors, of this and of the streams: `ColumnError`, `EmptyFileError`, `DamagedFileError`.
    """
    with opened(path, _REMEDY) as file:
        ours = METADATA_KEY in (file.schema_arrow.metadata or {})
        if not ours:
            time, runs = _looked_over(path, file)
    if ours:
        stream = open_recording_parquet(path)
        yield "", stream if zone == "UTC" else dataclasses.replace(stream, zone=zone)
        return
    for number, name in enumerate(runs.names):
        mine = runs.of == number
        where = f"{path}, {name}" if name else str(path)
        source = Source(where, partial(_where_of, where), zone if time == "t" else "")
        yield name, Stream(partial(_chunks, path, time, (runs.start[mine], runs.stop[mine]), source), BandInfo(), zone)


def _where_of(where: str, row: int) -> str:
    return f"{where}, row {row + 1:,}"


def _looked_over(path: Path, file: Any) -> tuple[str, Runs]:
    """Return the name of the time column and which rows belong to which recording."""
    schema, rows = file.schema_arrow, file.metadata.num_rows
    time = time_column(schema.names, str(path))
    _check_types(schema, time, str(path))
    splitters = [name for name in SPLITTERS if name in schema.names]
    size, most = rows * 8 * (4 + len(splitters)), path.stat().st_size * MAX_GROWTH + GROWTH_FLOOR_BYTES
    if size > most:
        raise DamagedFileError(f"claims {size >> 20} MiB of samples", str(path), f"at most {most >> 20} MiB")
    if rows <= 0:
        raise EmptyFileError("no sample", str(path), "at least one row", "check that the recording was started")
    return time, _runs(file, splitters, rows, str(path))


def _check_types(schema: pa.Schema, time: str, where: str) -> None:
    kind = schema.field(time).type
    if not pa.types.is_int64(kind) and not (time == "time" and pa.types.is_timestamp(kind) and kind.tz is not None):
        raise ColumnError(
            f"{time} is {kind}", where, "timestamp with zone, or int64 nanoseconds",
            "give the timestamps their zone; for a wall clock use int64 nanoseconds named t",
        )  # fmt: skip
    for axis in AXES:
        kind = schema.field(axis).type
        if not (pa.types.is_floating(kind) or pa.types.is_integer(kind)):
            raise ColumnError(f"{axis} is {kind}", where, "numbers in g")


def _runs(file: Any, splitters: list[str], rows: int, where: str) -> Runs:
    """Return the runs of rows of each recording, recordings in the order of their first rows."""
    if not splitters:
        return Runs(("",), np.zeros(1, np.int64), np.array([rows]), np.zeros(1, np.int64))
    known: dict[tuple[Any, ...], int] = {}
    starts, of = [], []
    row, last = 0, -1
    for batch in file.iter_batches(batch_size=CHUNK_SAMPLES, columns=splitters, use_threads=False):
        if not batch.num_rows:
            continue
        codes, names = _codes(batch, splitters, where)
        numbers = np.array([known.setdefault(name, len(known)) for name in names], dtype=np.int64)[codes]
        new = np.flatnonzero(np.diff(numbers, prepend=last))
        starts.append(new + row)
        of.append(numbers[new])
        row, last = row + batch.num_rows, int(numbers[-1])
    start = np.concatenate(starts)
    labels = tuple("-".join(str(value) for value in name) for name in known)
    return Runs(labels, start, np.append(start[1:], row), np.concatenate(of))


def _codes(batch: pa.RecordBatch, splitters: list[str], where: str) -> tuple[NDArray[np.int64], list[tuple[Any, ...]]]:
    """Return for each row the place of its name in the list of names, which are in the order of their first rows."""
    code = np.zeros(batch.num_rows, dtype=np.int64)
    for name in splitters:
        column = batch[name]
        if column.null_count:
            raise ColumnError(f"no value in {name}", where, "a value in each row")
        if not pa.types.is_dictionary(column.type):
            column = column.dictionary_encode()
        indices = column.indices.to_numpy(zero_copy_only=False).astype(np.int64)
        code = np.unique(code * (indices.max() + 1) + indices, return_inverse=True)[1]
    first = np.unique(code, return_index=True)[1]
    place = np.empty(first.size, dtype=np.int64)
    place[np.argsort(first)] = np.arange(first.size)
    names = [tuple(batch[name][at].as_py() for name in splitters) for at in np.sort(first).tolist()]
    return place[code], names


def _chunks(
    path: Path, time: str, runs: tuple[NDArray[np.int64], NDArray[np.int64]], source: Source
) -> Iterator[Chunk]:
    yield from chunks_of(_pieces(path, time, runs, source), source)


def _pieces(
    path: Path, time: str, runs: tuple[NDArray[np.int64], NDArray[np.int64]], source: Source
) -> Iterator[Piece]:
    """Yield times and acceleration of some runs of rows, reading the row groups that hold them."""
    start, stop = runs
    row = 0
    with opened(path, _REMEDY) as file:
        edges = np.cumsum([0, *(file.metadata.row_group(k).num_rows for k in range(file.num_row_groups))])
        groups = [
            k for k in range(file.num_row_groups)
            if np.searchsorted(stop, edges[k], "right") < np.searchsorted(start, edges[k + 1], "left")
        ]  # fmt: skip
        for k in groups:
            first = int(edges[k])
            for batch in file.iter_batches(CHUNK_SAMPLES, [k], [time, *AXES], use_threads=False):
                last = first + batch.num_rows
                held = slice(np.searchsorted(stop, first, "right"), np.searchsorted(start, last, "left"))
                parts = list(zip(start[held].tolist(), stop[held].tolist(), strict=True))
                batch.validate(full=True)
                times, accel_g = _nanoseconds(batch[time], time, source, row), _numbers(batch)
                mine = np.zeros(batch.num_rows, dtype=np.bool_)
                for a, b in parts:
                    mine[max(a - first, 0) : b - first] = True
                yield (times, accel_g) if mine.all() else (times[mine], accel_g[mine])
                row += int(mine.sum())
                first = last


def _nanoseconds(column: pa.Array, name: str, source: Source, row: int) -> NDArray[np.int64]:
    if column.null_count:
        at = int(np.argmax(column.is_null().to_numpy(zero_copy_only=False)))
        raise ColumnError(f"no value in {name}", source.where_of(row + at), "a time in each row")
    if pa.types.is_timestamp(column.type):
        try:
            column = column.cast(pa.timestamp("ns", "UTC")).cast(pa.int64())
        except pa.ArrowInvalid as error:
            raise ColumnError(f"{name}: {error}", source.where, "a year from 1678 to 2262") from error
    return np.asarray(column.to_numpy(), dtype=np.int64)


def _numbers(batch: pa.RecordBatch) -> NDArray[np.float32]:
    columns = [np.asarray(batch[axis].to_numpy(zero_copy_only=False), dtype=np.float32) for axis in AXES]
    return np.column_stack(columns)
