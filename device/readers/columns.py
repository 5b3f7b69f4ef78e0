"""Columns of a table to the chunks of a recording; every fault names the row, so that a reader can name the line."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from device.errors import ColumnError, EmptyFileError
from device.readers.clock import text_of, wall_offset_ns
from device.recording import CHUNK_SAMPLES, NS_PER_S, Chunk, Damage

AXES: Final = ("x", "y", "z")
#: ``time`` is UTC; ``t`` is the wall clock of the zone, which is UTC unless another is asked for.
TIMES: Final = ("time", "t")
#: Faster than any wrist sensor: integers that are not nanoseconds look like this.
MAX_RATE_HZ: Final = 10_000.0
#: Two samples further apart than this have a gap between them.
MAX_STEP_NS: Final = NS_PER_S
#: How far an exporter's clock may fall back, samples left out until it has caught up: an hour of summer time, twice.
MOST_BACK_NS: Final = 2 * 3600 * NS_PER_S
#: What a zone can move a clock by, and then some: a time closer to the ends of 64 bits can't be moved.
_MARGIN_NS: Final = 2 * 86_400 * NS_PER_S
_FIRST_NS: Final = int(np.iinfo(np.int64).min) + _MARGIN_NS
_LAST_NS: Final = int(np.iinfo(np.int64).max) - _MARGIN_NS

#: Times of consecutive rows (n,), and their acceleration (n, 3) in g.
Piece = tuple[NDArray[np.int64], NDArray[np.float32]]


@dataclass(frozen=True, slots=True)
class Source:
    """What is to be known of a table beside its rows."""

    where: str
    where_of: Callable[[int], str]  #: the place of a row, the first being 0
    wall_zone: str = ""  #: the zone whose wall clock the times are; empty where they are UTC
    #: Leave out, and count, rows whose time doesn't move on: exporters round times and follow daylight saving. Our own
    #: format promises increasing times.
    lenient: bool = False


def time_column(names: list[str], where: str) -> str:
    """Return which column holds time; `ColumnError` if it, or an axis, is not among ``names`` exactly once."""
    time: str = next((name for name in TIMES if name in names), "")
    missing = [axis for axis in AXES if axis not in names]
    if not time:
        missing.insert(0, "time")
    if missing:
        shown = ", ".join(repr(name[:40]) for name in names[:20])
        raise ColumnError(
            f"no column {', '.join(missing)}; there {'is' if len(names) == 1 else 'are'} {shown or 'none'}",
            where, "time (or t), x, y and z, x to z in g", "name the columns in the first line",
        )  # fmt: skip
    twice = [name for name in (time, *AXES) if names.count(name) > 1]
    if twice:
        raise ColumnError(f"more than one column {twice[0]}", where, "each name once")
    return time


def chunks_of(pieces: Iterable[Piece], source: Source) -> Iterator[Chunk]:
    """Yield the rows of a table as chunks, cut where two samples lie more than a second apart.

    Values that are no finite number become NaN on all axes and are counted. Errors: `EmptyFileError` where there is
    no row, `ColumnError` for times that don't increase, or can't be nanoseconds.
    """
    last_ns: int | None = None
    offset_ns = row = 0
    for times, values in pieces:
        if not times.size:
            continue
        _check_range(times, row, source)
        if last_ns is None:
            _check_pace(times, source.where)
            offset_ns = wall_offset_ns(int(times[0]), source.wall_zone) if source.wall_zone else 0
        onward, damage = _onward(times, last_ns, row, source)
        time_ns, accel_g, unusable = _finite(times[onward], values[onward], row)
        row += times.size
        yield from _chunked(time_ns - offset_ns, accel_g, None if last_ns is None else last_ns - offset_ns,
                            (*damage, *unusable))  # fmt: skip
        last_ns = int(time_ns[-1]) if time_ns.size else last_ns
    if last_ns is None:
        raise EmptyFileError("no sample", source.where, "at least one row", "check that the recording was started")


def _chunked(
    time_ns: NDArray[np.int64], accel_g: NDArray[np.float32], last_ns: int | None, damage: tuple[Damage, ...]
) -> Iterator[Chunk]:
    before = np.concatenate(([time_ns[0] if last_ns is None else last_ns], time_ns[:-1])) if time_ns.size else time_ns
    # Unsigned, because two times can lie further apart than 63 bits hold.
    new = time_ns.view(np.uint64) - before.view(np.uint64) > MAX_STEP_NS
    if time_ns.size and last_ns is None:
        new[0] = True
    for a in range(0, max(time_ns.size, 1), CHUNK_SAMPLES):
        part = slice(a, a + CHUNK_SAMPLES)
        if time_ns.size or damage:
            yield Chunk(accel_g[part], time_ns[part], tuple(np.flatnonzero(new[part]).tolist()), damage)
        damage = ()


def _onward(
    times: NDArray[np.int64], last_ns: int | None, row: int, source: Source
) -> tuple[NDArray[np.bool_] | slice, tuple[Damage, ...]]:
    """Return the rows whose time lies after all before them, and the count of the others; or raise."""
    first = int(np.iinfo(np.int64).min) if last_ns is None else last_ns
    before = np.maximum.accumulate(np.concatenate(([first], times[:-1])))
    back = times <= before
    if not back.any():
        return slice(None), ()
    wrong = back if not source.lenient else before.view(np.uint64) - times.view(np.uint64) > MOST_BACK_NS
    wrong &= back
    if wrong.any():
        at = int(np.argmax(wrong))
        raise _step_back(int(before[at]), int(times[at]), source.where_of(row + at))
    what = "sample whose time doesn't move on"
    return ~back, (Damage(what, int(back.sum()), "left out", f"row {row + int(np.argmax(back)) + 1:,}"),)


def _finite(times: NDArray[np.int64], values: NDArray[np.float32], row: int) -> tuple[
    NDArray[np.int64], NDArray[np.float32], tuple[Damage, ...]
]:  # fmt: skip
    usable = np.asarray(np.isfinite(values).all(axis=1))
    if usable.all():
        return times, values, ()
    at = f"row {row + int(np.argmin(usable)) + 1:,}"
    damage = Damage("sample without a finite value", int((~usable).sum()), "kept as missing", at)
    return times, np.where(usable[:, None], values, np.float32(np.nan)), (damage,)


def _check_range(times: NDArray[np.int64], row: int, source: Source) -> None:
    beyond = (times < _FIRST_NS) | (times > _LAST_NS)
    if beyond.any():
        at = int(np.argmax(beyond))
        raise ColumnError(f"a time of {int(times[at])} ns", source.where_of(row + at), "a year from 1678 to 2262")


def _check_pace(times: NDArray[np.int64], where: str) -> None:
    if times.size > 2:
        step_ns = float(np.median(np.diff(times)))
        if 0.0 <= step_ns < NS_PER_S / MAX_RATE_HZ and times[-1] > times[0]:
            raise ColumnError(
                f"samples lie {step_ns:.0f} ns apart", where, "time in nanoseconds since 1970",
                "multiply milliseconds by 1,000,000, seconds by 1,000,000,000",
            )  # fmt: skip


def _step_back(before_ns: int, at_ns: int, where: str) -> ColumnError:
    before, at = text_of(before_ns), text_of(at_ns)
    what = f"time stays at {at}" if before == at else f"time goes back from {before} to {at}"
    return ColumnError(what, where, "increasing time", "sort the rows by time and take out doubles")
