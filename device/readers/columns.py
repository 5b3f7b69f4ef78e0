"""Columns of a table to a recording; every fault names the row, so that a reader can name the line."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from device.errors import ColumnError, EmptyFileError
from device.readers.clock import text_of, wall_offset_ns
from device.recording import NS_PER_S, BandInfo, Damage, Recording

AXES: Final = ("x", "y", "z")
#: ``time`` is UTC; ``t`` is the wall clock of the zone, which is UTC unless another is asked for.
TIMES: Final = ("time", "t")
#: Faster than any wrist sensor: integers that are not nanoseconds look like this.
MAX_RATE_HZ: Final = 10_000.0
#: What a table may grow to in memory: times its size on disk, and at least the floor.
MAX_GROWTH: Final = 200
GROWTH_FLOOR_BYTES: Final = 256 << 20


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


def recording_of(
    time_ns: NDArray[np.int64],
    accel_g: NDArray[np.float32],
    *,
    wall_clock: bool,
    zone: str,
    where: str,
) -> Recording:
    """Return a recording, cut where two samples lie more than a second apart.

    ``time_ns`` (n,) must increase (see `first_step_back`); ``accel_g`` is (n, 3). With ``wall_clock`` it is the clock
    of ``zone``. Values that are no finite number are NaN and counted.
    """
    if time_ns.size == 0:
        raise EmptyFileError("no sample", where, "at least one row", "check that the recording was started")
    damage: tuple[Damage, ...] = ()
    unusable = np.asarray(~np.isfinite(accel_g).all(axis=1))
    if np.any(unusable):
        accel_g = np.where(unusable[:, None], np.float32(np.nan), accel_g)
        row = int(np.argmax(unusable)) + 1
        damage = (Damage("sample without a finite value", int(unusable.sum()), "kept as missing", f"row {row:,}"),)
    if time_ns.size > 2:
        step_ns = float(np.median(np.diff(time_ns)))
        if step_ns < NS_PER_S / MAX_RATE_HZ:
            raise ColumnError(
                f"samples lie {step_ns:.0f} ns apart", where, "time in nanoseconds since 1970",
                "multiply milliseconds by 1,000,000, seconds by 1,000,000,000",
            )  # fmt: skip
    offset_ns = wall_offset_ns(int(time_ns[0]), zone) if wall_clock else 0
    return Recording.from_times(accel_g, time_ns - offset_ns, band=BandInfo(), zone=zone, damage=damage)


def first_step_back(time_ns: NDArray[np.int64]) -> int | None:
    """Return the first row whose time is not after the row before it."""
    back = np.flatnonzero(time_ns[1:] <= time_ns[:-1])
    return int(back[0]) + 1 if back.size else None


def step_back_error(time_ns: NDArray[np.int64], row: int, where: str) -> ColumnError:
    """Return the fault of time going back at ``row``."""
    before, at = text_of(int(time_ns[row - 1])), text_of(int(time_ns[row]))
    what = f"time stays at {at}" if before == at else f"time goes back from {before} to {at}"
    return ColumnError(what, where, "increasing time", "sort the rows by time and take out doubles")
