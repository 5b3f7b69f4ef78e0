"""Tables of text (.csv, also packed as .gz): our own, and those that makers and programs export.

Our own has ``time`` or ``t``, and ``x``, ``y``, ``z`` in g. ``time`` is ISO 8601 with offset, or integer nanoseconds
since 1970 in UTC; ``t`` is integer nanoseconds of the wall clock of the zone, which is UTC unless another is asked
for. The others are rows of `csv_dialects`: their clocks without offset are the zone's wall clock too.
"""

import csv
import gzip
import io
import itertools
import zlib
from collections.abc import Generator, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import IO, Final

import numpy as np
import pyarrow as pa
import pyarrow.csv
from numpy.typing import NDArray

from device.errors import ColumnError, DamagedFileError, ReadError
from device.readers.columns import Piece, Source, chunks_of
from device.readers.containers import plain_bytes
from device.readers.csv_dialects import OPENING_LINES, Layout, layout_of
from device.readers.csv_times import TimeForm, even_times
from device.recording import Chunk, Stream

#: One line of a recording; a longer one is not such a table.
MAX_LINE_CHARS: Final = 64_000
MAX_LINE_BYTES: Final = 4 * MAX_LINE_CHARS
_BLOCK_BYTES: Final = 1 << 22
_BROKEN_TEXT: Final = (UnicodeDecodeError, gzip.BadGzipFile, EOFError, zlib.error)


def open_csv(path: Path, zone: str) -> Iterator[tuple[str, Stream]]:
    """Yield the one recording of a table of text, without name.

    Errors, of this and of the stream: `ColumnError` with the line, `CountsError`, `EmptyFileError`,
    `DamagedFileError` for what is not text.
    """
    with closing(_lines(path)) as lines:
        layout = layout_of(list(itertools.islice(lines, OPENING_LINES)), str(path))
    yield "", Stream(partial(_chunks, path, layout, zone), layout.band, zone)


def _chunks(path: Path, layout: Layout, zone: str) -> Iterator[Chunk]:
    wall = layout.time is None or layout.form.wall
    source = Source(str(path), partial(_where_of, path, layout), zone if wall else "", layout.lenient)
    yield from chunks_of(_pieces(path, layout, source), source)


def _pieces(path: Path, layout: Layout, source: Source) -> Iterator[Piece]:
    columns = [f"c{at}" for at in range(layout.columns)]
    axes = [columns[at] for at in layout.axes]
    kinds = dict.fromkeys(axes, pa.float32())
    time = None if layout.time is None else columns[layout.time]
    if time is not None:
        kinds[time] = layout.form.kind
    convert = pyarrow.csv.ConvertOptions(column_types=kinds, include_columns=list(kinds), decimal_point=layout.decimal)
    parse = pyarrow.csv.ParseOptions(delimiter=layout.delimiter)
    row, skip = 0, layout.skip
    try:
        with plain_bytes(path) as raw:
            for block in _whole_lines(raw):
                read = pyarrow.csv.ReadOptions(column_names=columns, skip_rows=skip, use_threads=False)
                table = pyarrow.csv.read_csv(pa.BufferReader(block), read, parse, convert).combine_chunks()
                skip = 0
                for batch in table.to_batches():
                    accel_g = np.column_stack([batch[axis].to_numpy(zero_copy_only=False) for axis in axes])
                    if time is None:
                        yield even_times(layout.start_ns, layout.band.nominal_rate_hz, row, batch.num_rows), accel_g
                    else:
                        yield _times(batch[time], layout, source, row), accel_g
                    row += batch.num_rows
    except (pa.ArrowException, *_BROKEN_TEXT, csv.Error) as error:
        raise _explained(path, layout, error) from error


def _whole_lines(raw: IO[bytes]) -> Iterator[bytes]:
    """Yield a file in blocks that end with a line; of what can't be read on, all before it.

    Arrow's own streaming reads ahead in a thread that outlives its reader, and has ended the process on broken files.
    """
    rest = b""
    while block := raw.read(_BLOCK_BYTES):
        whole, end, tail = (rest + block).rpartition(b"\n")
        if len(tail) > MAX_LINE_BYTES:
            raise csv.Error(f"a line of {len(tail):,} bytes or more")
        rest = tail
        if whole.strip():
            yield whole + end
    if rest.strip():
        yield rest


def _times(column: pa.Array, layout: Layout, source: Source, row: int) -> NDArray[np.int64]:
    if column.null_count:
        where = source.where_of(row + int(np.argmax(column.is_null().to_numpy(zero_copy_only=False))))
        raise ColumnError(f"no value in {layout.names[0]}", where, "a time in each row")
    try:
        return layout.form.to_ns(column)
    except (pa.ArrowException, ValueError):
        wrong = next((at for at, cell in enumerate(column) if not layout.form.fits(str(cell))), 0)
        cell = str(column[wrong])[:60]
        raise ColumnError(
            f"{cell!r} in {layout.names[0]}", source.where_of(row + wrong), layout.form.expected
        ) from None


def _lines(path: Path) -> Generator[str, None, None]:
    """Yield the lines; broken text is a `DamagedFileError`.

    Close it: an interrupt that comes while Python closes a forgotten generator is lost.
    """
    number = 0
    try:
        with plain_bytes(path) as raw, io.TextIOWrapper(raw, encoding="utf-8-sig", newline="") as text:
            for number, line in enumerate(_short_lines(text, path), 1):  # noqa: B007 - named in the fault
                yield line
    except _BROKEN_TEXT as error:
        raise DamagedFileError(f"not text after line {number}: {error}", str(path), "UTF-8 text") from error


def _short_lines(text: IO[str], path: Path) -> Iterator[str]:
    while line := text.readline(MAX_LINE_CHARS):
        if len(line) == MAX_LINE_CHARS:
            raise DamagedFileError(f"a line of {MAX_LINE_CHARS:,} characters or more", str(path), "one sample a line")
        yield line


def _rows(path: Path, layout: Layout) -> Generator[tuple[int, list[str]], None, None]:
    """Yield the rows of samples, empty ones left out, with their line numbers. Close it."""
    with closing(_lines(path)) as lines:
        rows = csv.reader(itertools.islice(lines, layout.skip, None), delimiter=layout.delimiter)
        try:
            for row in rows:
                if row:
                    yield layout.skip + rows.line_num, row
        except csv.Error as error:
            line = layout.skip + rows.line_num
            raise DamagedFileError(f"not text after line {line}: {error}", str(path), "UTF-8 text") from error


def _where_of(path: Path, layout: Layout, row: int) -> str:
    """Return the line that holds a row of samples, the first being row 0."""
    with closing(_rows(path, layout)) as rows:
        line = next((line for line, _ in itertools.islice(rows, row, None)), layout.skip + row + 1)
    return f"{path}, line {line}"


def _explained(path: Path, layout: Layout, error: Exception) -> ReadError:
    """Return the fault of the first line that can't be read: the fast reader says what, but seldom where."""
    # Trying a time takes long, and most wrong ones don't even look like one.
    found = _first_wrong(path, layout, thorough=False) or _first_wrong(path, layout, thorough=True)
    what = next(iter(str(error).splitlines()), type(error).__name__)[:200]
    return found or DamagedFileError(what, str(path), "UTF-8 text, a comma between values")


def _first_wrong(path: Path, layout: Layout, *, thorough: bool) -> ColumnError | None:
    places = [*([] if layout.time is None else [layout.time]), *layout.axes]
    names = layout.names[-len(places) :]
    with closing(_rows(path, layout)) as rows:
        for line, row in rows:
            where = f"{path}, line {line}"
            if len(row) != layout.columns:
                return ColumnError(f"{len(row)} values", where, f"{layout.columns}, as the first line has")
            for name, at in zip(names, places, strict=True):
                if at != layout.time:
                    expected = "" if _is_number(row[at], layout.decimal) else "a number"
                else:
                    expected = "" if _is_time(row[at], layout.form, thorough=thorough) else layout.form.expected
                if expected:
                    return ColumnError(f"{row[at][:60]!r} in {name}", where, expected)
    return None


def _is_time(cell: str, form: TimeForm, *, thorough: bool) -> bool:
    return (not thorough and form.pattern.fullmatch(cell.strip()) is not None) or form.fits(cell)


def _is_number(cell: str, decimal: str) -> bool:
    try:
        float(cell.replace(decimal, "."))
    except ValueError:
        return cell.strip() in _NO_VALUE
    return True


_NO_VALUE: Final = frozenset(pyarrow.csv.ConvertOptions().null_values)
