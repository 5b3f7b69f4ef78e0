"""A recording minute by minute: what is known of each, and which minute of the local clock it was."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from activity.day.calendar import NS_PER_MINUTE, LocalDay
from activity.epochs import UNKNOWN, Epochs
from activity.labels import ACTIVITIES

CLOCK_MINUTES: Final = 1440
#: Share of a minute that has to be worn and recognised for the minute to count as known.
LEAST_KNOWN: Final = 0.5
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, eq=False)
class Minutes:
    """All minutes of some local days that follow each other, from the first midnight to the last."""

    edges: NDArray[np.int64]  #: (n_days + 1,) first minute of each day, and the end of the last
    clock: NDArray[np.int64]  #: (n,) minute of the local clock, 0..1439; the hour that comes twice has each twice
    known: NDArray[np.float64]  #: (n,) share that was worn and recognised, 0..1
    steps: NDArray[np.float64]  #: (n,)
    enmo_mg: NDArray[np.float64]  #: (n,) mean over what is known, NaN where nothing is
    activity: NDArray[np.float64]  #: (n, len(ACTIVITIES)) minutes of each


def minutes_of(epochs: Epochs, step_times_ns: NDArray[np.int64], days: Sequence[LocalDay], zone: str) -> Minutes:
    """Return the minutes of ``days``, which follow each other without a gap. An epoch counts where it begins."""
    start_ns = days[0].start_ns if days else 0
    edges = np.array([(day.start_ns - start_ns) // NS_PER_MINUTE for day in days] + [_minutes_to(days)])
    count = int(edges[-1])
    share = epochs.coverage.astype(np.float64) * epochs.width_s / 60.0
    place = (epochs.time_ns - start_ns) // NS_PER_MINUTE
    counted = (epochs.worn == 1) & (epochs.activity != UNKNOWN) & (place >= 0) & (place < count)
    place, share, activity = place[counted], share[counted], epochs.activity[counted].astype(np.int64)
    known = np.bincount(place, weights=share, minlength=count)
    of_each = np.bincount(place * len(ACTIVITIES) + activity, weights=share, minlength=count * len(ACTIVITIES))
    enmo_mg = epochs.enmo_mg[counted].astype(np.float64)
    finite = np.isfinite(enmo_mg)
    weight = np.bincount(place[finite], weights=share[finite], minlength=count)
    total = np.bincount(place[finite], weights=share[finite] * enmo_mg[finite], minlength=count)
    stepped = (step_times_ns - start_ns) // NS_PER_MINUTE
    stepped = stepped[(stepped >= 0) & (stepped < count)]
    with np.errstate(invalid="ignore", divide="ignore"):
        mean_mg = np.where(weight > 0.0, total / weight, np.nan)
    return Minutes(
        edges=edges,
        clock=np.concatenate([np.empty(0, dtype=np.int64), *(clock_minutes(day, zone) for day in days)]),
        known=np.minimum(known, 1.0),
        steps=np.bincount(stepped, minlength=count).astype(np.float64),
        enmo_mg=mean_mg,
        activity=of_each.reshape(count, len(ACTIVITIES)).astype(np.float64),
    )


def _minutes_to(days: Sequence[LocalDay]) -> int:
    return (days[-1].stop_ns - days[0].start_ns) // NS_PER_MINUTE if days else 0


def clock_minutes(day: LocalDay, zone: str) -> NDArray[np.int64]:
    """Return the minute of the local clock of each minute of a day; in spring some are left out, in autumn twice."""
    where = ZoneInfo(zone)
    count = day.length_minutes
    first, last = (_offset_minutes(day.start_ns + at * NS_PER_MINUTE, where) for at in (0, count - 1))
    if first == last and count == CLOCK_MINUTES:
        return np.arange(CLOCK_MINUTES)
    offsets = np.array([_offset_minutes(day.start_ns + at * NS_PER_MINUTE, where) for at in range(count)])
    return np.asarray((day.start_ns // NS_PER_MINUTE + np.arange(count) + offsets) % CLOCK_MINUTES)


def _offset_minutes(time_ns: int, zone: ZoneInfo) -> int:
    offset = (_EPOCH + timedelta(seconds=time_ns // 1_000_000_000)).astimezone(zone).utcoffset()
    return 0 if offset is None else int(offset.total_seconds()) // 60
