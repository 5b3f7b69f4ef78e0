"""From epochs, bouts and steps to days: what each local day came to, and whether that can be judged."""

import itertools
import math
from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from activity.bouts import Bout
from activity.day.calendar import NS_PER_MINUTE, LocalDay, local_days
from activity.day.summary import DayQuality, DaySummary
from activity.epochs import UNKNOWN, Epochs
from activity.labels import ACTIVITIES, ROLLUP, STEPPING, Activity, Rollup

#: Wear that makes a day valid. Design default; the usual choice for waking wear of wrist and hip monitors.
MIN_WEAR_MINUTES: Final = 600.0
#: A walking bout that counts.
MIN_BOUT_S: Final = 60.0
#: Stillness that is worth breaking.
LONG_STILL_NS: Final = 30 * NS_PER_MINUTE
#: Minutes in the peak 30-minute cadence (Tudor-Locke et al., Prev Med 2012, doi 10.1016/j.ypmed.2011.11.004).
PEAK_MINUTES: Final = 30
NS_PER_HOUR: Final = 60 * NS_PER_MINUTE


def summarise_days(
    epochs: Epochs, bouts: Sequence[Bout], step_times_ns: NDArray[np.int64], zone: str
) -> tuple[DaySummary, ...]:
    """Return one summary a local day, from the first to the last that epochs touch, days without epochs included.

    An epoch across midnight counts in both days by its share. Minutes are those in which samples came (an epoch's
    width times its coverage), and only of worn and recognised epochs; they add up to the wear minutes.
    A bout and an inactivity break count in the day in which they start and end. Order of the arguments' rows doesn't
    matter.
    """
    if not len(epochs):
        return ()
    width_ns = round(epochs.width_s * 1e9)
    parts = _Parts(epochs, width_ns)
    days = local_days(int(epochs.time_ns.min()), int(epochs.time_ns.max()) + width_ns - 1, zone)
    steps_ns = np.sort(step_times_ns)
    ordered = sorted(bouts, key=lambda bout: bout.start_ns)
    still = tuple(_still_stretches(ordered))
    return tuple(_day(day, zone, parts=parts, steps_ns=steps_ns, bouts=ordered, still=still) for day in days)


class _Parts:
    """Epochs by start time, with what of each may be counted."""

    def __init__(self, epochs: Epochs, width_ns: int) -> None:
        order = np.argsort(epochs.time_ns, kind="stable")
        self.width_ns = width_ns
        self.start_ns = epochs.time_ns[order]
        self.activity = epochs.activity[order]
        self.coverage = np.nan_to_num(epochs.coverage[order].astype(np.float64))
        self.enmo_mg = epochs.enmo_mg[order].astype(np.float64)
        self.judged = (self.activity != UNKNOWN) & (epochs.worn[order] != UNKNOWN)
        self.counted = self.judged & (epochs.worn[order] == 1)
        self.steps_known = self.counted & np.isfinite(epochs.steps[order])

    def minutes_in(self, start_ns: int, stop_ns: int) -> tuple[slice, NDArray[np.float64]]:
        """Return which epochs touch ``[start_ns, stop_ns)`` and the minutes with samples of each in it."""
        a = int(np.searchsorted(self.start_ns, start_ns - self.width_ns, side="right"))
        b = int(np.searchsorted(self.start_ns, stop_ns, side="left"))
        rows = slice(a, b)
        inside = np.minimum(self.start_ns[rows] + self.width_ns, stop_ns) - np.maximum(self.start_ns[rows], start_ns)
        return rows, inside / NS_PER_MINUTE * self.coverage[rows]


def _day(
    day: LocalDay,
    zone: str,
    *,
    parts: _Parts,
    steps_ns: NDArray[np.int64],
    bouts: Sequence[Bout],
    still: Sequence[tuple[int, int, bool]],
) -> DaySummary:
    rows, minutes = parts.minutes_in(day.start_ns, day.stop_ns)
    activity, counted, steps_known = parts.activity[rows], parts.counted[rows], parts.steps_known[rows]
    wear = float(minutes[counted].sum())
    taken = steps_ns[slice(*np.searchsorted(steps_ns, (day.start_ns, day.stop_ns)).tolist())]
    known_minutes = float(minutes[steps_known].sum())
    cadence = np.sort(np.bincount((taken - day.start_ns) // NS_PER_MINUTE, minlength=PEAK_MINUTES))[::-1]
    recorded = float(minutes.sum())
    unknown = float(minutes[~parts.judged[rows]].sum())
    return DaySummary(
        date=day.date,
        zone=zone,
        length_minutes=day.length_minutes,
        start_ns=day.start_ns,
        wear_minutes=wear,
        minutes={a: float(minutes[counted & (activity == code)].sum()) for code, a in enumerate(ACTIVITIES)},
        steps=int(taken.size) if known_minutes else None,
        hourly_steps=_hourly(day, parts, steps_ns),
        peak_1min_spm=float(cadence[0]) if known_minutes >= 1 else None,
        peak_30min_spm=float(cadence[:PEAK_MINUTES].mean()) if known_minutes >= PEAK_MINUTES else None,
        bouts=sum(
            bout.activity is Activity.WALKING and bout.duration_s >= MIN_BOUT_S
            for bout in bouts
            if day.start_ns <= bout.start_ns < day.stop_ns
        ),
        longest_still_minutes=max((_shared(day, a, b) for a, b, _ in still), default=0) / NS_PER_MINUTE,
        inactivity_breaks=sum(
            broken and b - a >= LONG_STILL_NS for a, b, broken in still if day.start_ns <= b < day.stop_ns
        ),
        mean_enmo_mg=_mean(parts.enmo_mg[rows][counted], minutes[counted]),
        quality=_quality(day, wear, recorded, unknown),
    )


def _hourly(day: LocalDay, parts: _Parts, steps_ns: NDArray[np.int64]) -> tuple[float | None, ...]:
    starts = range(day.start_ns, day.stop_ns, NS_PER_HOUR)
    rows, _ = parts.minutes_in(day.start_ns, day.stop_ns)
    if rows.start == rows.stop:  # a band with a wrong clock can make years of empty days
        return (None,) * len(starts)
    hours: list[float | None] = []
    for start_ns in starts:
        stop_ns = min(start_ns + NS_PER_HOUR, day.stop_ns)
        rows, minutes = parts.minutes_in(start_ns, stop_ns)
        known = bool(minutes[parts.steps_known[rows]].any())
        a, b = np.searchsorted(steps_ns, (start_ns, stop_ns)).tolist()
        hours.append(float(b - a) if known else None)
    return tuple(hours)


def _still_stretches(bouts: Sequence[Bout]) -> Iterator[tuple[int, int, bool]]:
    """Yield start, stop and whether stepping ended it, of each unbroken stretch of sitting, standing and lying."""
    start_ns: int | None = None
    for bout, following in itertools.zip_longest(bouts, bouts[1:]):
        if ROLLUP[bout.activity] is not Rollup.STILL:
            continue
        start_ns = bout.start_ns if start_ns is None else start_ns
        adjoins = following is not None and following.start_ns == bout.stop_ns
        if adjoins and ROLLUP[following.activity] is Rollup.STILL:
            continue
        yield start_ns, bout.stop_ns, adjoins and following.activity in STEPPING
        start_ns = None


def _shared(day: LocalDay, start_ns: int, stop_ns: int) -> int:
    return max(0, min(stop_ns, day.stop_ns) - max(start_ns, day.start_ns))


def _mean(values: NDArray[np.float64], weights: NDArray[np.float64]) -> float | None:
    known = np.isfinite(values) & (weights > 0)
    return float(np.average(values[known], weights=weights[known])) if known.any() else None


def _quality(day: LocalDay, wear: float, recorded: float, unknown: float) -> DayQuality:
    reasons: list[str] = []
    # A sum of many shares may fall a rounding short of the ten hours that it is.
    valid = wear >= MIN_WEAR_MINUTES or math.isclose(wear, MIN_WEAR_MINUTES, rel_tol=1e-9)
    if not valid:
        reasons.append(f"not enough wear to judge: {_span(wear)} worn, {MIN_WEAR_MINUTES / 60:.0f} h make a valid day")
        if recorded < MIN_WEAR_MINUTES:
            reasons.append(f"only {_span(recorded)} of the {day.length_minutes / 60:g} h were recorded")
    missing = max(0.0, day.length_minutes - recorded)
    return DayQuality(valid, tuple(reasons), recorded, missing, unknown)


def _span(minutes: float) -> str:
    return f"{minutes / 60:.1f} h" if minutes >= 60 else f"{minutes:.0f} min"
