"""A case: one person's week, the plan made for it, what was changed in it, and how it went.

Missing is None everywhere, never zero. Nothing here names a person: ``person`` is a pseudonym.
"""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from math import isfinite
from typing import Final, Literal

from activity.errors import CaseError


class SubPlan(StrEnum):
    """The three parts of a weekly plan; each finds its own similar cases."""

    ACTIVITY = "activity"
    EXERCISE = "exercise"
    EDUCATION = "education"


SUBPLANS: Final[tuple[SubPlan, ...]] = tuple(SubPlan)


class Provenance(StrEnum):
    """Where a case comes from."""

    SYNTHETIC = "synthetic"  #: drawn by a program; nobody lived it
    EXPERT = "expert"  #: written by a clinician as an example
    RETAINED = "retained"  #: a participant's own week


@dataclass(frozen=True, slots=True)
class Static:
    """What stays true of the person for months, by the ids of the profile."""

    conditions: tuple[str, ...] | None = None
    avoid_positions: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Dynamic:
    """What the check-in before the plan said; scales run from 0 to 10, and only confidence is better when higher."""

    average_pain: int | None = None
    interference: int | None = None
    confidence: int | None = None
    fear: int | None = None
    sleep_trouble: int | None = None
    stress: int | None = None
    barriers: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Movement:
    """Means over the judged days of the week before the plan."""

    judged_days: int = 0
    steps_per_day: float | None = None
    walking_minutes: float | None = None  #: walking, running and stairs, a day
    longest_still_minutes: float | None = None


@dataclass(frozen=True, slots=True)
class Adherence:
    """How far last week's plan was followed, and how it felt."""

    goal_met_percent: int | None = None  #: of judged days
    sessions_done: int | None = None
    exercise_feel: str | None = None  #: "too-easy", "right" or "too-hard"
    exercise_pain: int | None = None
    felt_worse: bool | None = None


@dataclass(frozen=True, slots=True)
class Problem:
    """All that two weeks are compared by."""

    start: date
    static: Static = Static()
    dynamic: Dynamic = Dynamic()
    movement: Movement = Movement()
    adherence: Adherence = Adherence()

    def __post_init__(self) -> None:
        for part in (self.movement, self.dynamic, self.adherence):
            for name in part.__slots__:
                value = getattr(part, name)
                if isinstance(value, float) and not isfinite(value):
                    raise CaseError(f"{value} is not a number", f"week of {self.start}, {name}", "a number, or nothing")


@dataclass(frozen=True, slots=True)
class CaseExercise:
    """An exercise as a case remembers it."""

    id: str
    group: str
    level: int


@dataclass(frozen=True, slots=True)
class CasePlan:
    """What the plan of the week asked for, without its words."""

    goal_steps: int
    goal_before: int | None  #: last week's goal, or the usual day before a first goal; steps a day
    exercises: tuple[CaseExercise, ...]
    sessions_per_week: int
    session_minutes: int
    themes: tuple[str, ...]  #: of the week's messages, in order, each once
    content_version: str = ""


class Editor(StrEnum):
    """Who changed a plan."""

    PERSON = "person"
    CLINICIAN = "clinician"


@dataclass(frozen=True, slots=True)
class GoalEdit:
    """Another step goal."""

    by: Editor
    on: date
    steps: int
    why: str = ""
    kind: Literal["goal"] = "goal"


@dataclass(frozen=True, slots=True)
class ExerciseEdit:
    """An exercise taken out, put in, or changed for another: ``out``, ``into``, or both."""

    by: Editor
    on: date
    out: str | None = None
    into: CaseExercise | None = None
    why: str = ""
    kind: Literal["exercise"] = "exercise"


@dataclass(frozen=True, slots=True)
class SessionEdit:
    """Other sessions: how many a week, how long; None leaves it."""

    by: Editor
    on: date
    per_week: int | None = None
    minutes: int | None = None
    why: str = ""
    kind: Literal["session"] = "session"


@dataclass(frozen=True, slots=True)
class ThemeEdit:
    """A message theme that the person doesn't want, or wants."""

    by: Editor
    on: date
    out: str | None = None
    into: str | None = None
    why: str = ""
    kind: Literal["theme"] = "theme"


Edit = GoalEdit | ExerciseEdit | SessionEdit | ThemeEdit


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the next check-in and the days of the plan's week said; how good that is, ``success.py`` decides."""

    on: date
    average_pain: int | None = None
    interference: int | None = None
    confidence: int | None = None
    goal_met_percent: int | None = None
    steps_per_day: float | None = None
    sessions_done: int | None = None
    felt_worse: bool | None = None
    warning_sign: bool = False


@dataclass(frozen=True, slots=True)
class Case:
    """One person's week with its plan, edits and outcome; ``CaseError`` on values that can't be."""

    id: str
    person: str  #: a pseudonym
    problem: Problem
    plan: CasePlan
    provenance: Provenance
    consent: bool  #: whether the person agreed that others may learn from it
    edits: tuple[Edit, ...] = ()
    outcome: Outcome | None = None

    def __post_init__(self) -> None:
        if not self.id or not self.person:
            raise CaseError("no id or no person", f"case {self.id!r}", "both")
        if self.outcome is not None and self.outcome.on <= self.problem.start:
            raise CaseError(f"an outcome on {self.outcome.on}", f"case {self.id}", f"one after {self.problem.start}")
        if self.plan.goal_steps <= 0 or (self.plan.goal_before is not None and self.plan.goal_before <= 0):
            raise CaseError(f"a goal of {self.plan.goal_steps}", f"case {self.id}", "more than no steps")
