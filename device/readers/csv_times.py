"""How tables of text write a time: one row a form."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
from numpy.typing import NDArray

from device.recording import NS_PER_S

_DAY: Final = r"\d{4}-\d\d-\d\d"
_CLOCK: Final = r"\d\d:\d\d(:\d\d([.,]\d+)?)?"
_OFFSET: Final = r"\s*(Z|[+-]\d\d:?(\d\d)?)"
#: Seconds further from 1970 than this are not nanoseconds in 64 bits.
_MOST_SECONDS: Final = 9.2e9


@dataclass(frozen=True, slots=True)
class TimeForm:
    """One way to write a time: how to know it, what Arrow reads it as, and how that becomes nanoseconds since 1970."""

    pattern: re.Pattern[str]  #: a cell of this form
    kind: pa.DataType
    to_ns: Callable[[pa.Array], NDArray[np.int64]]
    wall: bool  #: it is the wall clock of the zone
    expected: str

    def fits(self, cell: str) -> bool:
        """Return whether a cell can be read in this form."""
        options = pyarrow.csv.ConvertOptions(column_types={"time": self.kind}, null_values=[])
        quoted = cell.replace('"', '""')
        try:
            column = pyarrow.csv.read_csv(pa.BufferReader(f'time\n"{quoted}"\n'.encode()), convert_options=options)
            self.to_ns(column["time"].combine_chunks())
        except (pa.ArrowException, ValueError):
            return False
        return True


def _as_integers(column: pa.Array) -> NDArray[np.int64]:
    return np.asarray(column.cast(pa.int64()).to_numpy(zero_copy_only=False), dtype=np.int64)


def _without_zone(column: pa.Array) -> NDArray[np.int64]:
    stamps = pc.replace_substring_regex(column, pattern=r"\s*\[[^\]]*\]\s*$", replacement="")
    return _as_integers(stamps.cast(pa.timestamp("ns", "UTC")))


def _seconds(column: pa.Array) -> NDArray[np.int64]:
    seconds = np.asarray(column.to_numpy(zero_copy_only=False), dtype=np.float64)
    if not bool(np.all(np.abs(seconds) < _MOST_SECONDS)):  # nor NaN
        raise ValueError("a time out of range")
    # A double holds seconds of this century to a quarter of a microsecond.
    return np.rint(seconds * 1e6).astype(np.int64) * 1000


NANOSECONDS: Final = TimeForm(re.compile(r"\s*[+-]?\d+\s*"), pa.int64(), _as_integers, False, "integer nanoseconds")
WALL_NANOSECONDS: Final = TimeForm(NANOSECONDS.pattern, pa.int64(), _as_integers, True, "integer nanoseconds")
ISO: Final = TimeForm(
    re.compile(rf"{_DAY}[T ]{_CLOCK}{_OFFSET}"), pa.timestamp("ns", "UTC"), _as_integers, False,
    "ISO 8601 with offset, e.g. 2026-03-01T09:00:00.000+01:00",
)  # fmt: skip
ISO_WITH_ZONE: Final = TimeForm(
    re.compile(rf"{_DAY}[T ]{_CLOCK}{_OFFSET}\s*\[[^\]]+\]"), pa.string(), _without_zone, False,
    "a time with offset and zone, e.g. 2026-03-01 09:00:00.000+0100 [Europe/Oslo]",
)  # fmt: skip
#: Only with a space: with a T it would be our own form, which has an offset, and a missing one is not guessed.
WALL_CLOCK: Final = TimeForm(
    re.compile(rf"{_DAY} {_CLOCK}"), pa.timestamp("ns"), _as_integers, True,
    "a time as in the lines before, e.g. 2026-03-01 09:00:00.000",
)  # fmt: skip
UNIX_SECONDS: Final = TimeForm(
    re.compile(r"\d{9,10}\.\d+"), pa.float64(), _seconds, True, "seconds since 1970, e.g. 1551178506.0100"
)


def stamps_of(date_format: str) -> TimeForm:
    """Return the form of times such as ``8/15/2016 21:35:00.033``, the date written as ``date_format`` (``M/d/yyyy``).

    Hours can also be those of a twelve-hour clock with AM or PM.
    """
    day = strptime_of(date_format)

    def to_ns(column: pa.Array) -> NDArray[np.int64]:
        fields = pc.extract_regex(
            column, pattern=r"^\s*(?P<second>\S+\s+\d+:\d+:\d+)(?P<part>\.\d{1,9})?(?P<half>\s*[AaPp]\.?[Mm]\.?)?\s*$"
        )
        if fields.null_count > column.null_count:
            raise ValueError("a time of another form")
        seconds = pc.binary_join_element_wise(fields.field("second"), fields.field("half"), "").dictionary_encode()
        known = [_second_of(text, day) for text in seconds.dictionary.to_pylist()]
        whole = np.array(known, dtype=np.int64)[seconds.indices.to_numpy(zero_copy_only=False)]
        part = pc.if_else(pc.equal(fields.field("part"), ""), "0", fields.field("part")).cast(pa.float64())
        fraction = np.asarray(part.to_numpy(zero_copy_only=False), dtype=np.float64)
        return np.asarray(whole * NS_PER_S + np.rint(fraction * NS_PER_S).astype(np.int64), dtype=np.int64)

    return TimeForm(re.compile(r".*"), pa.string(), to_ns, True, f"a time such as {date_format} 21:35:00.033")


def strptime_of(date_format: str) -> str:
    """Return a date format of ``d``, ``M`` and ``y`` as `datetime.strptime` takes it."""
    codes = {"d": "%d", "M": "%m", "y": "%y", "yyyy": "%Y"}
    return re.sub(r"d+|M+|y+", lambda found: codes.get(found[0], codes[found[0][0]]), date_format.replace("%", ""))


def _second_of(text: str, day: str) -> int:
    halved = text.upper().replace(".", "") if text[-1:] in "MmMm." else text
    clock = "%I:%M:%S%p" if halved.endswith("M") else "%H:%M:%S"
    return wall_seconds(re.sub(r"\s+(?=[AP]M$)", "", halved).strip(), f"{day} {clock}")


def wall_seconds(text: str, form: str) -> int:
    """Return the seconds since 1970 that a wall clock says in a form of `datetime.strptime`.

    ``ValueError`` where it isn't of that form, where the form names a part twice, and beyond the years that nanoseconds
    can hold.
    """
    try:
        when = datetime.strptime(text, form)  # noqa: DTZ007 - a wall clock
    except re.error as error:
        raise ValueError(f"no form of dates: {form}") from error
    seconds = int((when - datetime(1970, 1, 1)).total_seconds())  # noqa: DTZ001 - a wall clock
    if abs(seconds) >= _MOST_SECONDS:
        raise ValueError("a time out of range")
    return seconds


def even_times(start_ns: int, rate_hz: float, first: int, count: int) -> NDArray[np.int64]:
    """Return the times of rows ``[first, first + count)`` of a table without times."""
    places = np.arange(first, first + count)
    return np.asarray(start_ns + np.rint(places * (NS_PER_S / rate_hz)).astype(np.int64), dtype=np.int64)
