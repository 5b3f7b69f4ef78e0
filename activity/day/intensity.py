"""How hard the movement of a day was, by cut-points that were published, each with its name.

Two rulers, because none is right: how fast somebody steps, which a wrist tells well and which misses all effort without
steps; and how much the wrist accelerates, which counts busy hands, too.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from activity.day.minutes import CLOCK_MINUTES, LEAST_KNOWN, Minutes


@dataclass(frozen=True, slots=True)
class CutPoint:
    """A minute counts when its measure is at least ``least``."""

    name: str  #: of the column, which ends in _minutes
    least: float
    unit: str
    measure: Callable[[Minutes], NDArray[np.float64]]
    people: str  #: whom it was found on
    source: str


def _steps(minutes: Minutes) -> NDArray[np.float64]:
    return minutes.steps


def _enmo_mg(minutes: Minutes) -> NDArray[np.float64]:
    return minutes.enmo_mg


_CADENCE: Final = "Tudor-Locke et al., Int J Behav Nutr Phys Act 2019;16:8 (CADENCE-Adults)"
_ENMO: Final = "Hildebrand et al., Med Sci Sports Exerc 2014;46:1816"
_ADULTS: Final = "adults of 21 to 61, ActiGraph on the non-dominant wrist"

#: A minute is moderate to vigorous from 3 METs on, vigorous from 6. ENMO here is that of the grid of recognition, of
#: 25 Hz, and of whole minutes, where the authors had faster sensors and shorter epochs: read it as a lower bound.
CUT_POINTS: Final = (
    CutPoint("mvpa_cadence_minutes", 100.0, "steps/min", _steps, "adults of 21 to 40, walking", _CADENCE),
    CutPoint("vigorous_cadence_minutes", 130.0, "steps/min", _steps, "adults of 21 to 40, walking", _CADENCE),
    CutPoint("mvpa_enmo_minutes", 100.6, "mg", _enmo_mg, _ADULTS, _ENMO),
    CutPoint("vigorous_enmo_minutes", 428.8, "mg", _enmo_mg, _ADULTS, _ENMO),
)

#: Hours of the least and of the most active stretch (van Someren et al., Chronobiol Int 1999;16:505, L5 and M10).
L_HOURS: Final = 5
M_HOURS: Final = 10


@dataclass(frozen=True, slots=True)
class Stretch:
    """The least or the most active stretch of a day: its mean ENMO, and the minute of the local clock it begins at."""

    enmo_mg: float
    start_minute: int


@dataclass(frozen=True, slots=True)
class Intensity:
    """What a day came to; None where not enough of it is known."""

    minutes: dict[str, float | None]  #: by the name of the cut-point
    l5: Stretch | None
    m10: Stretch | None


def intensities(minutes: Minutes) -> tuple[Intensity, ...]:
    """Return the intensity of each day, in the order of the days."""
    days = zip(minutes.edges[:-1].tolist(), minutes.edges[1:].tolist(), strict=True)
    return tuple(_of_day(minutes, slice(a, b)) for a, b in days)


def _of_day(minutes: Minutes, day: slice) -> Intensity:
    known = minutes.known[day] >= LEAST_KNOWN
    found: dict[str, float | None] = {}
    for cut in CUT_POINTS:
        with np.errstate(invalid="ignore"):
            found[cut.name] = float((cut.measure(minutes)[day][known] >= cut.least).sum()) if known.any() else None
    enmo_mg = np.where(known, minutes.enmo_mg[day], np.nan)
    clock = minutes.clock[day]
    return Intensity(found, extreme(enmo_mg, clock, L_HOURS, most=False), extreme(enmo_mg, clock, M_HOURS, most=True))


def extreme(
    enmo_mg: NDArray[np.float64], clock: NDArray[np.int64], hours: int, *, most: bool, around: bool = False
) -> Stretch | None:
    """Return the least or most active stretch of so many hours among minutes (n,) that are all known, or None.

    With ``around`` the minutes are a day that repeats, and a stretch may go over midnight.
    """
    width = hours * 60
    if around:
        enmo_mg, clock = (np.concatenate([values, values[: width - 1]]) for values in (enmo_mg, clock))
    if enmo_mg.size < width:
        return None
    unknown = np.concatenate(([0], np.cumsum(~np.isfinite(enmo_mg))))
    total = np.concatenate(([0.0], np.cumsum(np.nan_to_num(enmo_mg))))
    means = (total[width:] - total[:-width]) / width
    whole = unknown[width:] == unknown[:-width]
    if not whole.any():
        return None
    at = int(np.argmax(np.where(whole, means if most else -means, -np.inf)))
    return Stretch(float(means[at]), int(clock[at]) % CLOCK_MINUTES)
