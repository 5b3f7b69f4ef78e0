"""One currency for a week's activity: minutes of moderate effort, whether somebody walks, cycles, swims or wheels.

Walking comes from the band, by the cadence of its minutes; the rest is what the person wrote down. A vigorous minute
stands for two moderate ones (WHO guidelines on physical activity 2020), light effort is shown and counts nothing.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from importlib.resources.abc import Traversable
from math import fsum
from typing import Annotated, Final, Self

from pydantic import Field, model_validator

from activity.coach.rules import ActivityWeekRule, Rules
from activity.day.intensity import Intensity
from activity.errors import AnswerError
from activity.questionnaires.definition import Checked, checked, read_toml
from activity.resources import shipped

MODERATE_FROM_MET: Final = 3.0  #: WHO guidelines on physical activity 2020, glossary
VIGOROUS_FROM_MET: Final = 6.0


class Effort(StrEnum):
    """How hard it was, in the person's own view."""

    LIGHT = "light"  #: could sing
    MODERATE = "moderate"  #: could talk, not sing
    VIGOROUS = "vigorous"  #: could say a few words only


class Energy(Checked):
    """What a kind of activity costs at one effort."""

    effort: Effort
    met: Annotated[float, Field(ge=1.0, le=15.0)]
    code: Annotated[str, Field(pattern=r"^(\d{5})?$")]  #: of the Compendium; empty where the class's least is taken

    @property
    def worth(self) -> Effort:
        """Return the effort that its energy comes to, whatever it felt like."""
        if self.met < MODERATE_FROM_MET:
            return Effort.LIGHT
        return Effort.MODERATE if self.met < VIGOROUS_FROM_MET else Effort.VIGOROUS


class ActivityKind(Checked):
    """Something that people do, with what it costs at each effort it can be done with."""

    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]*$")]
    label: Annotated[str, Field(min_length=4)]
    band_counts: bool  #: whether steps are a part of it, which the band counts already
    energy: Annotated[tuple[Energy, ...], Field(min_length=1, max_length=3)]

    @model_validator(mode="after")
    def _rises_with_effort(self) -> Self:
        order = [list(Effort).index(one.effort) for one in self.energy]
        mets = [one.met for one in self.energy]
        if order != sorted(set(order)) or mets != sorted(mets):
            raise ValueError(f"{self.id}: each effort once, from light to vigorous, and its energy doesn't fall")
        return self


class Activities(Checked):
    """The table of activities."""

    version: str
    source: Annotated[str, Field(min_length=10)]
    uncoded: Annotated[str, Field(min_length=10)]  #: why a row may have no code
    activity: Annotated[tuple[ActivityKind, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _is_in_the_table_once(self) -> Self:
        ids = [kind.id for kind in self.activity]
        if len(set(ids)) != len(ids):
            raise ValueError("an activity appears twice")
        return self

    def energy(self, name: str, effort: Effort) -> tuple[ActivityKind, Energy]:
        """Return an activity and its energy at an effort; ``AnswerError`` where the table has no such row."""
        for kind in self.activity:
            if kind.id == name:
                for one in kind.energy:
                    if one.effort is effort:
                        return kind, one
                known = ", ".join(one.effort for one in kind.energy)
                raise AnswerError(f"{name} has no {effort} effort", "activity, effort", f"one of {known}")
        known = ", ".join(kind.id for kind in self.activity)
        raise AnswerError(f"{name!r} is not an activity", "activity", f"one of {known}")


@dataclass(frozen=True, slots=True)
class ActivityEntry:
    """Minutes of one activity on one day, as the person wrote them down."""

    date: date
    activity: str  #: id of an ``ActivityKind``
    minutes: int
    effort: Effort


@dataclass(frozen=True, slots=True)
class WalkedDay:
    """Minutes of a day at a cadence that is moderate, of which so many are vigorous; None where too little is known."""

    date: date
    moderate_minutes: float | None  #: vigorous ones included
    vigorous_minutes: float | None


@dataclass(frozen=True, slots=True)
class ActivityWeek:
    """The seven days before a date, in one currency; ``walked_days`` says of how many the walking is known."""

    walked_minutes: float  #: of moderate effort, a vigorous one counted twice
    walked_days: int  #: of seven
    other_minutes: float
    other_met_minutes: float  #: energy times minutes, light effort included
    other_steps: Mapping[date, int]  #: what activity without steps is worth, by day

    @property
    def minutes(self) -> float:
        """Return all minutes of moderate effort."""
        return self.walked_minutes + self.other_minutes


def load_activities(folder: Traversable | None = None) -> Activities:
    """Return the shipped table, or that of a folder; ``ContentError`` says what's wrong with it."""
    file = (folder or shipped("data", "content")).joinpath("activities.toml")
    values, _ = read_toml(file)
    return checked(Activities, values, file.name)


def walked_day(when: date, intensity: Intensity) -> WalkedDay:
    """Return the minutes of a day's walking by the cadence cut-points of ``activity.day.intensity``."""
    minutes = intensity.minutes
    return WalkedDay(when, minutes["mvpa_cadence_minutes"], minutes["vigorous_cadence_minutes"])


def worth_minutes(entry: ActivityEntry, table: Activities, rule: ActivityWeekRule) -> float:
    """Return an entry in minutes of moderate effort; ``AnswerError`` on one that can't be."""
    _, energy = _checked(entry, table, rule)
    return entry.minutes * {Effort.LIGHT: 0, Effort.MODERATE: 1, Effort.VIGOROUS: rule.vigorous_minutes}[energy.worth]


def worth_steps(entry: ActivityEntry, table: Activities, rule: ActivityWeekRule) -> int:
    """Return what an entry is worth in steps that the band didn't count: none where steps are a part of it."""
    kind, energy = _checked(entry, table, rule)
    if kind.band_counts:
        return 0
    steps = {Effort.LIGHT: 0, Effort.MODERATE: rule.moderate_steps, Effort.VIGOROUS: rule.vigorous_steps}
    return entry.minutes * steps[energy.worth]


def activity_week(
    entries: Iterable[ActivityEntry], walked: Iterable[WalkedDay], table: Activities, rules: Rules, start: date
) -> ActivityWeek:
    """Return the week before ``start``; what lies outside of it isn't looked at."""
    rule, first = rules.activity_week, start - timedelta(days=7)
    written = [entry for entry in entries if first <= entry.date < start]
    days = {day.date: day for day in walked if first <= day.date < start}
    known = [
        day.moderate_minutes + (rule.vigorous_minutes - 1) * (day.vigorous_minutes or 0.0)
        for _, day in sorted(days.items())
        if day.moderate_minutes is not None
    ]
    steps: dict[date, int] = {}
    for entry in written:
        steps[entry.date] = steps.get(entry.date, 0) + worth_steps(entry, table, rule)
    return ActivityWeek(
        walked_minutes=fsum(known),
        walked_days=len(known),
        other_minutes=fsum(worth_minutes(entry, table, rule) for entry in written),
        other_met_minutes=fsum(entry.minutes * _checked(entry, table, rule)[1].met for entry in written),
        other_steps=dict(sorted(steps.items())),
    )


def _checked(entry: ActivityEntry, table: Activities, rule: ActivityWeekRule) -> tuple[ActivityKind, Energy]:
    if not 1 <= entry.minutes <= rule.most_minutes:
        raise AnswerError(f"{entry.minutes} minutes", "activity, minutes", f"from 1 to {rule.most_minutes}")
    return table.energy(entry.activity, entry.effort)
