"""Parquet with ``time`` or ``t`` and ``x``, ``y``, ``z`` in g: one recording, or many told apart by columns of names.

``time`` is a timestamp with zone, or integer nanoseconds since 1970 in UTC; ``t`` is integer nanoseconds of the wall
clock of the zone, which is UTC unless another is asked for. Columns ``subject``, ``activity`` and ``recording`` split
a table into recordings; other columns are not read. A recording that this program wrote brings its band, segments,
damage, and its zone, which holds unless a zone other than UTC is asked for.
"""

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute
import pyarrow.parquet
from numpy.typing import NDArray

from device.capture.parquet import METADATA_KEY, read_recording_parquet
from device.errors import ColumnError, DamagedFileError, EmptyFileError
from device.readers.columns import (
    AXES,
    GROWTH_FLOOR_BYTES,
    MAX_GROWTH,
    first_step_back,
    recording_of,
    step_back_error,
    time_column,
)
from device.recording import Recording

#: Columns whose values tell the recordings of one table apart, in the order of their names.
SPLITTERS: Final = ("subject", "activity", "recording")
_THRIFT_LIMIT: Final = 64 << 20


def read_parquet(path: Path, zone: str) -> Iterator[tuple[str, Recording]]:
    """Yield the recordings of a Parquet file with their names, in the order of their first rows.

    Errors: `ColumnError`, `EmptyFileError`, `DamagedFileError`.
    """
    if path.stat().st_size == 0:
        raise EmptyFileError("the file is empty", str(path), "a Parquet file")
    if _is_ours(path):
        recording = read_recording_parquet(path)
        yield "", recording if zone == "UTC" else dataclasses.replace(recording, zone=zone)
        return
    table, time = _table(path)
    if table.num_rows == 0:
        raise EmptyFileError("no sample", str(path), "at least one row", "check that the recording was started")
    time_ns = _nanoseconds(table[time], time, str(path))
    accel_g = np.column_stack([_numbers(table[axis], axis, str(path)) for axis in AXES])
    for name, rows in _recordings(table, str(path)):
        where = f"{path}, {name}" if name else str(path)
        times = time_ns[rows]
        back = first_step_back(times)
        if back is not None:
            raise step_back_error(times, back, f"{where}, row {back + 1:,}")
        yield name, recording_of(times, accel_g[rows], wall_clock=time == "t", zone=zone, where=where)


def _is_ours(path: Path) -> bool:
    try:
        with pyarrow.parquet.ParquetFile(path) as file:
            return METADATA_KEY in (file.schema_arrow.metadata or {})
    except (pa.ArrowException, OSError, ValueError):
        return False  # the table reader says what is wrong with it


def _table(path: Path) -> tuple[pa.Table, str]:
    try:
        with pyarrow.parquet.ParquetFile(
            path,
            page_checksum_verification=True,
            thrift_string_size_limit=_THRIFT_LIMIT,
            thrift_container_size_limit=_THRIFT_LIMIT,
        ) as file:
            names = file.schema_arrow.names
            time = time_column(names, str(path))
            wanted = [time, *AXES, *(name for name in SPLITTERS if name in names)]
            _check_growth(path, file.metadata.num_rows * 8 * len(wanted))
            table = file.read(columns=wanted, use_threads=False)
            table.validate(full=True)
            return table, time
    except (pa.ArrowException, OSError, ValueError, MemoryError) as error:
        if isinstance(error, IsADirectoryError | PermissionError | FileNotFoundError):
            raise
        raise DamagedFileError(
            f"not a whole Parquet file: {str(error).splitlines()[0][:160] if str(error) else type(error).__name__}",
            str(path), "Parquet", "copy or convert it again",
        ) from error  # fmt: skip


def _check_growth(path: Path, size: int) -> None:
    most = path.stat().st_size * MAX_GROWTH + GROWTH_FLOOR_BYTES
    if size > most:
        raise DamagedFileError(f"claims {size >> 20} MiB of samples", str(path), f"at most {most >> 20} MiB")


def _nanoseconds(column: pa.ChunkedArray, name: str, where: str) -> NDArray[np.int64]:
    kind = column.type
    if column.null_count:
        row = int(np.argmax(column.is_null().to_numpy())) + 1
        raise ColumnError(f"no value in {name}", f"{where}, row {row:,}", "a time in each row")
    if pa.types.is_timestamp(kind) and kind.tz is not None and name == "time":
        try:
            column = column.cast(pa.timestamp("ns", "UTC")).cast(pa.int64())
        except pa.ArrowInvalid as error:
            raise ColumnError(f"{name}: {error}", where, "a year from 1678 to 2262") from error
    elif not pa.types.is_int64(kind):
        raise ColumnError(
            f"{name} is {kind}", where, "timestamp with zone, or int64 nanoseconds",
            "give the timestamps their zone; for a wall clock use int64 nanoseconds named t",
        )  # fmt: skip
    return np.asarray(column.to_numpy(), dtype=np.int64)


def _numbers(column: pa.ChunkedArray, name: str, where: str) -> NDArray[np.float32]:
    if not (pa.types.is_floating(column.type) or pa.types.is_integer(column.type)):
        raise ColumnError(f"{name} is {column.type}", where, "numbers in g")
    return np.asarray(column.to_numpy(), dtype=np.float32)


def _recordings(table: pa.Table, where: str) -> Iterator[tuple[str, NDArray[np.int64] | slice]]:
    """Yield name and rows of each recording."""
    splitters = [name for name in SPLITTERS if name in table.column_names]
    if not splitters:
        yield "", slice(None)
        return
    code = np.zeros(table.num_rows, dtype=np.int64)
    for name in splitters:
        column = table[name].combine_chunks()
        if not pa.types.is_dictionary(column.type):
            column = column.dictionary_encode()
        if column.null_count:
            raise ColumnError(f"no value in {name}", where, "a value in each row")
        indices = column.indices.to_numpy(zero_copy_only=False).astype(np.int64)
        code = np.unique(code * (indices.max() + 1) + indices, return_inverse=True)[1]
    firsts = np.unique(code, return_index=True)[1]
    order = np.argsort(code, kind="stable")
    groups = np.split(order, np.flatnonzero(np.diff(code[order])) + 1)
    for at in np.argsort(firsts).tolist():
        rows = groups[at]
        name = "-".join(str(table[column][int(rows[0])].as_py()) for column in splitters)
        whole = int(rows[-1]) - int(rows[0]) + 1 == rows.size
        yield name, slice(int(rows[0]), int(rows[-1]) + 1) if whole else rows
