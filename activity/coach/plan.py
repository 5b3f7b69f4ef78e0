"""The weekly plan and the daily message as values, each item with its reasons."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from activity.coach.quiz import Quiz


class Trust(StrEnum):
    """Where a rule comes from, as its ``source`` says it."""

    PUBLISHED = "published"  #: read in a public paper or registry record
    CODE = "project code"  #: read in the project's public source code
    GUIDELINE = "guideline"
    DESIGN_DEFAULT = "design default"  #: ours, because no published rule could be reached


@dataclass(frozen=True, slots=True)
class Reason:
    """Why something is in the plan, in words for the participant, with the rule and its source behind it."""

    text: str
    rule: str  #: id of the rule in data/content
    source: str
    trust: Trust


@dataclass(frozen=True, slots=True)
class StepGoal:
    """Steps a day for the coming week."""

    steps_per_day: int
    provisional: bool  #: made without enough valid days
    baseline_steps: int | None
    change: str  #: "first", "raise", "hold", "lower", "flare", "worse", "keep"
    reasons: tuple[Reason, ...]
    least_steps: int | None = None  #: the person may change the goal from here
    most_steps: int | None = None  #: to here; no more than the goal itself in a week in which nothing goes up
    proposed_steps: int | None = None  #: the goal before the person changed it; None if they didn't


@dataclass(frozen=True, slots=True)
class PlannedExercise:
    """One exercise at one dose."""

    id: str
    name: str
    group: str
    level: int
    dose: str  #: e.g. "2 × 10" or "2 × 30 s a side"
    steps: tuple[str, ...]  #: how to do it, one sentence each
    caution: str
    reasons: tuple[Reason, ...]
    dose_step: int = 0  #: rung of the dose ladder, from 0


@dataclass(frozen=True, slots=True)
class DailyMessage:
    """One education message of one day."""

    id: str
    date: date
    theme: str
    title: str
    text: str
    source: str
    reasons: tuple[Reason, ...]
    quiz: Quiz | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What was asked, or looked at, and what the answer was, in words."""

    asked: str
    said: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why one item of a plan is what it is, in words for the participant."""

    kind: str  #: "goal", "exercise" or "message"
    item: str  #: id of the exercise or message; empty for the goal
    because: tuple[str, ...]
    answers: tuple[Answer, ...]
    others: str  #: how many similar weeks there were, what helped, and how sure that is; or that rules decided alone
    change: str  #: how to change it


@dataclass(frozen=True, slots=True)
class AdverseEvent:
    """Something that may have gone wrong with a plan; whether it did, and how badly, a person judges."""

    kind: str  #: "worse-again", "felt-worse", "exercise-pain", "flare", "sign-open"
    date: date  #: of the check-in that told of it
    reason: Reason


@dataclass(frozen=True, slots=True)
class WeeklyPlan:
    """A week from ``start`` (a local date): step goal, exercises, and seven messages."""

    start: date
    goal: StepGoal
    sessions_per_week: int
    session_minutes: int
    exercises: tuple[PlannedExercise, ...]
    messages: tuple[DailyMessage, ...]
    notes: tuple[Reason, ...]  #: what was left out, and advice that isn't an item
    content_version: str
    seed: int = 0  #: of the draws; the same inputs and seed give the same plan
    learned_from: str = ""  #: version of the case base whose weeks had a say; empty where rules decided alone
    explanations: tuple[Explanation, ...] = ()  #: one an item: the goal, then exercises and messages in order
    possible_adverse_events: tuple[AdverseEvent, ...] = ()  #: for staff to look at
