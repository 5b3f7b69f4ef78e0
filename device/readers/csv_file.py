"""Comma-separated text (.csv, .csv.gz) with ``time`` or ``t`` and ``x``, ``y``, ``z`` in g.

``time`` is ISO 8601 with offset, or integer nanoseconds since 1970 in UTC; ``t`` is integer nanoseconds of the wall
clock of the zone, which is UTC unless another is asked for.
"""

import csv
import gzip
import io
import re
import zlib
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import IO, Final, cast

import numpy as np
import pyarrow as pa
import pyarrow.csv

from device.errors import ColumnError, DamagedFileError, EmptyFileError, ReadError
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

#: One line of a recording; a longer one is not such a table.
MAX_LINE_CHARS: Final = 64_000
_INTEGER: Final = re.compile(r"\s*[+-]?\d+\s*")
_BROKEN_TEXT: Final = (UnicodeDecodeError, gzip.BadGzipFile, EOFError, zlib.error)


def read_csv(path: Path, zone: str) -> Iterator[tuple[str, Recording]]:
    """Yield the one recording of a CSV file, without name.

    Errors: `ColumnError` with the line, `EmptyFileError`, `DamagedFileError` for what is not text.
    """
    names, first_row = _opening(path)
    time = time_column(names, str(path))
    table = _table(path, names, time, first_row)
    time_ns = table[time].cast(pa.int64()).to_numpy()
    row = first_step_back(time_ns)
    if row is not None:
        raise step_back_error(time_ns, row, f"{path}, line {_line_of(path, row)}")
    accel_g = np.column_stack([table[axis].to_numpy() for axis in AXES])
    yield "", recording_of(time_ns, accel_g, wall_clock=time == "t", zone=zone, where=str(path))


@contextmanager
def _open(path: Path) -> Iterator[IO[bytes]]:
    with path.open("rb") as file:
        if path.name.lower().endswith(".gz"):
            with gzip.GzipFile(fileobj=file) as unpacked:
                yield cast("IO[bytes]", unpacked)
        else:
            yield file


def _rows(path: Path) -> Generator[tuple[int, list[str]], None, None]:
    """Yield the non-empty rows with their line numbers; broken text is a `DamagedFileError`.

    Close it: an interrupt that comes while Python closes a forgotten generator is lost.
    """
    line = 0
    try:
        with _open(path) as raw, io.TextIOWrapper(raw, encoding="utf-8-sig", newline="") as text:
            rows = csv.reader(_short_lines(text, path))
            for row in rows:
                line = rows.line_num
                if row:
                    yield line, row
    except (*_BROKEN_TEXT, csv.Error) as error:
        raise DamagedFileError(
            f"not text after line {line}: {error}", str(path), "UTF-8 text, a comma between values"
        ) from error


def _short_lines(text: IO[str], path: Path) -> Iterator[str]:
    while line := text.readline(MAX_LINE_CHARS):
        if len(line) == MAX_LINE_CHARS:
            raise DamagedFileError(f"a line of {MAX_LINE_CHARS:,} characters or more", str(path), "one sample a line")
        yield line


def _opening(path: Path) -> tuple[list[str], list[str]]:
    with closing(_rows(path)) as rows:
        names = next(rows, (0, []))[1]
        if not names:
            raise EmptyFileError("the file is empty", str(path), "a line of names and a line a sample")
        return names, next(rows, (0, []))[1]


def _table(path: Path, names: list[str], time: str, first_row: list[str]) -> pa.Table:
    at = names.index(time)
    stamp = first_row[at] if at < len(first_row) else ""
    whole = time == "t" or _INTEGER.fullmatch(stamp)
    kinds = {time: pa.int64() if whole else pa.timestamp("ns", "UTC")} | dict.fromkeys(AXES, pa.float32())
    options = pyarrow.csv.ConvertOptions(column_types=kinds, include_columns=list(kinds))
    most = path.stat().st_size * MAX_GROWTH + GROWTH_FLOOR_BYTES
    batches, size = [], 0
    try:
        with _open(path) as raw, pyarrow.csv.open_csv(raw, convert_options=options) as stream:
            for batch in stream:
                batches.append(batch)
                size += batch.nbytes
                if size > most:
                    raise DamagedFileError(f"grows to more than {most >> 20} MiB", str(path), "a recording")
        table = pa.Table.from_batches(batches, stream.schema)
    except (pa.ArrowException, *_BROKEN_TEXT) as error:
        raise _explained(path, names, time, bool(whole), error) from error
    if table[time].null_count:
        row = int(np.argmax(table[time].is_null().to_numpy()))
        raise ColumnError(f"no value in {time}", f"{path}, line {_line_of(path, row)}", "a time in each row")
    return table


def _line_of(path: Path, row: int) -> int:
    """Return the line that holds row ``row``, the first after the names being row 0."""
    with closing(_rows(path)) as rows:
        return next((line for index, (line, _) in enumerate(rows) if index == row + 1), row + 2)


def _explained(path: Path, names: list[str], time: str, whole: bool, error: Exception) -> ReadError:
    """Return the fault of the first line that can't be read: the fast reader says what, but seldom where."""
    columns = [(name, names.index(name)) for name in (time, *AXES)]
    with closing(_rows(path)) as rows:
        next(rows, None)
        for line, row in rows:
            where = f"{path}, line {line}"
            if len(row) != len(names):
                return ColumnError(f"{len(row)} values", where, f"{len(names)}, as the first line has names")
            for name, at in columns:
                expected = _unmet(row[at], is_time=name == time, whole=whole)
                if expected:
                    return ColumnError(f"{row[at][:60]!r} in {name}", where, expected)
    return DamagedFileError(str(error).splitlines()[0][:200], str(path), "UTF-8 text, a comma between values")


def _unmet(cell: str, *, is_time: bool, whole: bool) -> str:
    """Return what was expected instead of ``cell``, or nothing if it is right."""
    if is_time and whole:
        fits = _INTEGER.fullmatch(cell) is not None and -(2**63) <= int(cell[:40]) < 2**63
        return "" if fits else "integer nanoseconds"
    if is_time:
        return "" if _is_stamp(cell) else "ISO 8601 with offset, e.g. 2026-03-01T09:00:00.000+01:00"
    if cell.strip() in _NO_VALUE:
        return ""
    try:
        float(cell)
    except ValueError:
        return "a number"
    return ""


def _is_stamp(cell: str) -> bool:
    options = pyarrow.csv.ConvertOptions(column_types={"time": pa.timestamp("ns", "UTC")}, null_values=[])
    try:
        pyarrow.csv.read_csv(pa.BufferReader(f"time\n{cell}\n".encode()), convert_options=options)
    except pa.ArrowException:
        return False
    return True


_NO_VALUE: Final = frozenset(pyarrow.csv.ConvertOptions().null_values)
