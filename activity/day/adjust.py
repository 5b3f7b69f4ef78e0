"""Days as they would have been if nothing were missing: a missing minute is what the same minute of other days was.

Crude sums of a day that was half recorded are half a day's; comparing people by them compares how long they wore the
band. So tools of large cohorts fill missing minutes with the mean of the same clock minute of the recording's other
days (Doherty et al., PLoS ONE 2017;12:e0169649, "imputed"). A minute that no other day knows is never guessed.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from activity.day.minutes import CLOCK_MINUTES, LEAST_KNOWN, Minutes
from activity.labels import ACTIVITIES, Activity


@dataclass(frozen=True, slots=True)
class DayAdjusted:
    """A day with its missing minutes filled; None where some of them can't be."""

    steps: float | None
    minutes: dict[Activity, float] | None  #: of each activity; they add up to the length of the day
    mean_enmo_mg: float | None
    imputed_minutes: int  #: how many were missing


@dataclass(frozen=True, slots=True, eq=False)
class Profile:
    """The average day: for each minute of the local clock, means over the days that know it."""

    days: NDArray[np.int64]  #: (1440,) how many minutes are known
    steps: NDArray[np.float64]  #: (1440,) NaN where none is
    enmo_mg: NDArray[np.float64]  #: (1440,)
    activity: NDArray[np.float64]  #: (1440, len(ACTIVITIES)) share of the minute

    @property
    def covers_24h(self) -> bool:
        """Whether every minute of the clock was known on some day."""
        return bool((self.days > 0).all())


def profile_of(minutes: Minutes) -> Profile:
    """Return the average day of a recording."""
    known = minutes.known >= LEAST_KNOWN
    clock = minutes.clock[known]
    days = np.bincount(clock, minlength=CLOCK_MINUTES)
    share = minutes.activity[known] / minutes.known[known, None]
    return Profile(
        days,
        _means(clock, minutes.steps[known], days),
        _means(clock, minutes.enmo_mg[known], days),
        np.stack([_means(clock, column, days) for column in share.T], axis=1),
    )


def _means(clock: NDArray[np.int64], values: NDArray[np.float64], days: NDArray[np.int64]) -> NDArray[np.float64]:
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.bincount(clock, weights=values, minlength=CLOCK_MINUTES) / days)


def adjust_days(minutes: Minutes, profile: Profile) -> tuple[DayAdjusted, ...]:
    """Return each day with its missing minutes filled from ``profile``, in the order of the days.

    A missing minute has the steps of the average day, or those that were counted in the part of it that is known,
    whichever is more.
    """
    days = zip(minutes.edges[:-1].tolist(), minutes.edges[1:].tolist(), strict=True)
    return tuple(_adjusted(minutes, profile, slice(a, b)) for a, b in days)


def _adjusted(minutes: Minutes, profile: Profile, day: slice) -> DayAdjusted:
    missing = minutes.known[day] < LEAST_KNOWN
    clock = minutes.clock[day]
    imputed = int(missing.sum())
    if (profile.days[clock[missing]] == 0).any():
        return DayAdjusted(None, None, None, imputed)
    steps = minutes.steps[day].copy()
    steps[missing] = np.maximum(steps[missing], profile.steps[clock[missing]])
    with np.errstate(invalid="ignore", divide="ignore"):
        share = minutes.activity[day] / minutes.known[day, None]
    share[missing] = profile.activity[clock[missing]]
    enmo_mg = np.where(missing, profile.enmo_mg[clock], minutes.enmo_mg[day])
    return DayAdjusted(
        float(steps.sum()),
        {activity: float(share[:, code].sum()) for code, activity in enumerate(ACTIVITIES)},
        float(enmo_mg.mean()) if np.isfinite(enmo_mg).all() else None,
        imputed,
    )
