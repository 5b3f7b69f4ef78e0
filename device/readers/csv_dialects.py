"""The tables of text that makers and programs export: one row a dialect, known by its first lines."""

import csv
import re
from dataclasses import dataclass, field, replace
from typing import Final

from device.errors import ColumnError, CountsError, EmptyFileError
from device.readers.columns import AXES, time_column
from device.readers.csv_times import (
    ISO,
    ISO_WITH_ZONE,
    NANOSECONDS,
    UNIX_SECONDS,
    WALL_CLOCK,
    WALL_NANOSECONDS,
    TimeForm,
    stamps_of,
    strptime_of,
    wall_seconds,
)
from device.recording import NS_PER_S, BandInfo

#: Lines that are looked at to know a dialect: the longest preamble has eleven.
OPENING_LINES: Final = 40
_RULED: Final = re.compile(r"^\W*-{8,}")


@dataclass(frozen=True, slots=True)
class Layout:
    """How one file writes its samples."""

    columns: int  #: values a line
    skip: int  #: lines before the first sample
    axes: tuple[int, int, int]  #: places of x, y and z
    form: TimeForm
    time: int | None = 0  #: place of the time; None where times are even, from ``start_ns`` on
    start_ns: int = 0  #: wall clock
    names: tuple[str, str, str, str] = ("time", *AXES)  #: of time and axes, for messages
    delimiter: str = ","
    decimal: str = "."
    lenient: bool = True  #: an exporter's: times needn't all increase
    band: BandInfo = field(default_factory=BandInfo)


@dataclass(frozen=True, slots=True)
class Dialect:
    """A table with a line of names: which they are, and which forms its times can have."""

    name: str
    times: tuple[str, ...]
    axes: tuple[str, str, str]
    forms: tuple[TimeForm, ...]
    lenient: bool = True
    maker: str = ""


#: Names are compared without case and space around them, but for our own.
DIALECTS: Final = (
    Dialect("selfback", ("time",), AXES, (NANOSECONDS, ISO), lenient=False),
    Dialect("selfback, wall clock", ("t",), AXES, (WALL_NANOSECONDS,), lenient=False),
    Dialect("stepcount, actipy, accelerometer", ("time",), AXES, (ISO_WITH_ZONE, WALL_CLOCK)),
    Dialect(
        "OmGui with names", ("time",), ("accel-x (g)", "accel-y (g)", "accel-z (g)"), (WALL_CLOCK, UNIX_SECONDS),
        maker="Axivity",
    ),
)  # fmt: skip
#: Dialects without names: values a line (three axes, and with a gyroscope six), and the forms of the time before them.
OMGUI_COLUMNS: Final = (4, 7)
OMGUI_FORMS: Final = (WALL_CLOCK, UNIX_SECONDS)


def layout_of(lines: list[str], where: str) -> Layout:
    """Return how a file with these first lines writes its samples.

    Errors: `ColumnError`, `EmptyFileError`, `CountsError` for a table of counts.
    """
    first = next((number for number, line in enumerate(lines) if line.strip("\r\n")), None)
    if first is None:
        raise EmptyFileError("the file is empty", where, "a line of names and a line a sample")
    for known in (_actilife, _nameless, _named):
        layout = known(lines, first, where)
        if layout is not None:
            return layout
    raise ColumnError("no table that is known", where, "time (or t), x, y and z, x to z in g")


def _delimiter(line: str) -> str:
    return next((mark for mark in (";", "\t") if mark in line), ",")


def _cells(lines: list[str], start: int, delimiter: str) -> tuple[list[str], int]:
    """Return the first row at or after line ``start`` that isn't empty, and the number of lines up to its end."""
    rows = csv.reader(lines[start:], delimiter=delimiter)
    for row in rows:
        if row:
            return row, start + rows.line_num
    return [], len(lines)


def _decimal(cells: list[str], delimiter: str) -> str:
    return "," if delimiter != "," and any(re.fullmatch(r"\s*-?\d*,\d+\s*", cell) for cell in cells) else "."


def _nameless(lines: list[str], first: int, where: str) -> Layout | None:
    """OmGui: no line of names, the wall clock or seconds of it, then the axes."""
    del where
    delimiter = _delimiter(lines[first])
    cells, _ = _cells(lines, first, delimiter)
    form = next((form for form in OMGUI_FORMS if cells and form.pattern.fullmatch(cells[0].strip())), None)
    if form is None or len(cells) not in OMGUI_COLUMNS:
        return None
    return Layout(
        len(cells), first, (1, 2, 3), form, delimiter=delimiter, decimal=_decimal(cells[1:], delimiter),
        band=BandInfo(maker="Axivity"),
    )  # fmt: skip


def _named(lines: list[str], first: int, where: str) -> Layout | None:
    delimiter = _delimiter(lines[first])
    names, skip = _cells(lines, first, delimiter)
    row, _ = _cells(lines, skip, delimiter)
    plain = [name.strip().casefold() for name in names]
    for dialect in DIALECTS:
        found = names if not dialect.lenient else plain
        time = next((name for name in dialect.times if name in found), "")
        if not time or any(found.count(name) != 1 for name in (time, *dialect.axes)):
            continue
        cell = row[found.index(time)].strip() if found.index(time) < len(row) else ""
        form = next((form for form in dialect.forms if form.pattern.fullmatch(cell)), None)
        if form is not None:
            return _layout(dialect, found, time, form, skip=skip, delimiter=delimiter, row=row)
    time = time_column(names, where)
    ours = Dialect("selfback", (time,), AXES, (), lenient=False)
    form = WALL_NANOSECONDS if time == "t" else ISO  # the fault of its first line will say so
    return _layout(ours, names, time, form, skip=skip, delimiter=delimiter, row=row)


def _layout(
    dialect: Dialect, names: list[str], time: str, form: TimeForm, *, skip: int, delimiter: str, row: list[str]
) -> Layout:
    x, y, z = (names.index(axis) for axis in dialect.axes)
    values = [row[at] for at in (x, y, z) if at < len(row)]
    return Layout(
        len(names), skip, (x, y, z), form, names.index(time), names=(time, *dialect.axes), delimiter=delimiter,
        decimal=_decimal(values, delimiter), lenient=dialect.lenient, band=BandInfo(maker=dialect.maker),
    )  # fmt: skip


_FACTS: Final = {
    "rate": re.compile(r"\bat (\d{1,4}) Hz\b"),
    "date": re.compile(r"date format ([dMy]{1,4}[/.-][dMy]{1,4}[/.-][dMy]{1,4})"),
    "model": re.compile(r"Created By ActiGraph (\S+)"),
    "firmware": re.compile(r"Firmware v(\S+)"),
    "serial": re.compile(r"Serial Number:\s*(\w+)"),
    "start_time": re.compile(r"Start Time\s+(\d+:\d+:\d+)"),
    "start_date": re.compile(r"Start Date\s+(\d+[/.-]\d+[/.-]\d+)"),
    "epoch": re.compile(r"Epoch Period \(hh:mm:ss\)\s+(\d+:\d+:\d+)"),
}
_ACTILIFE_AXES: Final = ("accelerometer x", "accelerometer y", "accelerometer z")
_COUNT_NAMES: Final = re.compile(r"\b(axis\s?1|activity|steps|lux|vector magnitude|inclinometer)\b", re.IGNORECASE)


def _actilife(lines: list[str], first: int, where: str) -> Layout | None:
    """ActiLife: a preamble between ruled lines, names or none, times or none; its counts look nearly the same."""
    if not _RULED.match(lines[first]) or "ActiGraph" not in lines[first]:
        return None
    end = next((number for number in range(first + 1, len(lines)) if _RULED.match(lines[number])), None)
    if end is None:
        raise ColumnError("a preamble of ActiLife without end", where, "a line of dashes after ten lines or so")
    preamble = "".join(lines[first : end + 1])
    said = {name: found[1] if (found := fact.search(preamble)) else "" for name, fact in _FACTS.items()}
    below = next((line for line in lines[end + 1 :] if line.strip("\r\n")), "")
    if not said["rate"] or said["epoch"].strip("0:") or _COUNT_NAMES.search(below):
        raise CountsError(
            "counts an epoch, not raw acceleration", where, "an export of raw data",
            "export it from ActiLife as raw CSV, or read its .gt3x",
        )  # fmt: skip
    delimiter = _delimiter(below)
    names, skip = _cells(lines, end + 1, delimiter)
    if not any(letter.isalpha() for name in names for letter in name):
        names, skip = list(_ACTILIFE_AXES), end + 1
    row, _ = _cells(lines, skip, delimiter)
    layout = _actilife_layout(said, [name.strip().casefold() for name in names], row, delimiter, where)
    return replace(layout, skip=skip)


def _actilife_layout(said: dict[str, str], names: list[str], row: list[str], delimiter: str, where: str) -> Layout:
    axes = _ACTILIFE_AXES
    if any(names.count(axis) != 1 for axis in axes) or int(said["rate"]) == 0:
        raise ColumnError("no columns Accelerometer X, Y and Z", where, "an export of raw data from ActiLife")
    time = names.index("timestamp") if "timestamp" in names else None
    date_format = said["date"] or "M/d/yyyy"
    x, y, z = (names.index(axis) for axis in axes)
    iso = time is not None and time < len(row) and WALL_CLOCK.pattern.fullmatch(row[time].strip())
    return Layout(
        len(names), 0, (x, y, z), WALL_CLOCK if iso else stamps_of(date_format), time,
        start_ns=0 if time is not None else _start_ns(said, date_format, where), names=("timestamp", *axes),
        delimiter=delimiter, decimal=_decimal([row[at] for at in (x, y, z) if at < len(row)], delimiter),
        band=BandInfo("ActiGraph", said["model"], said["serial"], said["firmware"],
                      nominal_rate_hz=float(said["rate"])),
    )  # fmt: skip


def _start_ns(said: dict[str, str], date_format: str, where: str) -> int:
    try:
        clock = f"{said['start_date']} {said['start_time']}"
        return wall_seconds(clock, f"{strptime_of(date_format)} %H:%M:%S") * NS_PER_S
    except ValueError as error:
        raise ColumnError(
            f"no start that can be read ({said['start_date']!r}, {said['start_time']!r})", where,
            f"Start Date as {date_format} and Start Time as 21:35:00",
        ) from error  # fmt: skip
