"""Content: rules, exercises, messages and the check-in, read once, checked against each other, then frozen."""

import hashlib
from collections import Counter
from enum import StrEnum
from importlib.resources.abc import Traversable
from typing import Annotated, Final, Self

from pydantic import Field, model_validator

from activity.coach.plan import Trust
from activity.coach.quiz import Quiz
from activity.coach.rules import Rules
from activity.coach.signature import check_signature
from activity.errors import ContentError
from activity.questionnaires.definition import Checked, Questionnaire, checked, load_questionnaire, read_toml
from activity.resources import shipped

THEMES: Final = 14  #: the education part of the protocol, Table 1
LEAST_MESSAGES: Final = 28  #: one a day without repeating one in four weeks


class Group(StrEnum):
    """The six exercise groups of the selfBACK trial protocol, Table 1."""

    ABDOMINALS = "abdominals"
    BACK_EXTENSORS = "back extensors"
    CORE = "core stability"
    HIP = "gluteal and hip muscles"
    FLEXIBILITY = "flexibility"
    PAIN_RELIEF = "pain relief"


class Position(StrEnum):
    """How the body is held, as asked in the profile."""

    LYING_BACK = "lying-back"
    LYING_SIDE = "lying-side"
    LYING_FRONT = "lying-front"
    HANDS_KNEES = "hands-knees"
    KNEELING = "kneeling"
    SITTING = "sitting"
    STANDING = "standing"


class Movement(StrEnum):
    """What an exercise asks of the body that a condition may forbid."""

    SPINE_FLEXION = "spine-flexion"
    SPINE_EXTENSION = "spine-extension"
    SPINE_ROTATION = "spine-rotation"
    LONG_HOLD = "long-hold"
    STRAINING = "straining"
    ARM_WEIGHT = "arm-weight"
    DEEP_KNEE_BEND = "deep-knee-bend"
    BALANCE = "balance"
    HIGH_EFFORT = "high-effort"


class Equipment(StrEnum):
    """What an exercise can't be done without, as asked in the profile; the floor is everybody's."""

    CHAIR = "chair"
    WALL = "wall"
    MAT = "mat"
    TOWEL = "towel"
    PILLOW = "pillow"
    BAND = "band"
    WATER_BOTTLE = "water-bottle"
    STEP = "step"


class DoseKind(StrEnum):
    """Which ladder of doses an exercise climbs."""

    STRENGTH = "strength"
    HOLD = "hold"
    STRETCH = "stretch"
    MOBILITY = "mobility"
    MINUTES = "minutes"


Id = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]*$")]
Sentence = Annotated[str, Field(min_length=10, pattern=r"[.!?]$")]


class Condition(Checked):
    """A health condition and what it rules out."""

    id: Id
    movements: tuple[Movement, ...]
    positions: tuple[Position, ...]
    ask_first: bool  #: whether the plan is to be shown to a clinician before it starts
    source: str = Field(min_length=10)
    trust: Trust

    def rules_out(self, exercise: "Exercise") -> bool:
        """Return whether the exercise asks for anything that this condition forbids."""
        return exercise.position in self.positions or not set(self.movements).isdisjoint(exercise.movements)


class Exercise(Checked):
    """One exercise at one level of its family; ``not_for`` names every condition it does not suit."""

    id: Id
    name: str = Field(min_length=4)
    group: Group
    family: Id
    level: int = Field(ge=1, le=4)
    position: Position
    equipment: tuple[Equipment, ...]  #: without which it can't be done
    movements: tuple[Movement, ...]
    not_for: tuple[Id, ...]
    dose: DoseKind
    sided: bool = False  #: done on one side and then on the other
    gentle: bool = False  #: fit for a flare
    frames: tuple[Id, ...] = Field(min_length=1, max_length=3)  #: poses of its drawing, in order
    trails: tuple[Id, ...] = ()  #: joints whose way between two frames gets an arrow
    steps: tuple[Sentence, ...] = Field(min_length=3, max_length=7)
    caution: Sentence
    source: str = Field(min_length=10)


class Theme(Checked):
    """One of the fourteen education themes."""

    id: Id
    title: str


class Message(Checked):
    """One education message; ``triggers`` are ids of conditions in rules.toml, any of which makes it fit."""

    id: Id
    theme: Id
    position: int = Field(ge=1)  #: place in the curriculum
    title: str = Field(min_length=5, max_length=60)
    text: Annotated[str, Field(min_length=80, max_length=700, pattern=r"[.!?]$")]
    source: str = Field(min_length=10)
    triggers: tuple[Id, ...] = ()
    quiz: Quiz | None = None


class Content(Checked):
    """Everything the coach knows that is not about a person."""

    version: str  #: version of the rules, and a hash of the files
    rules: Rules
    conditions: tuple[Condition, ...]
    exercises: tuple[Exercise, ...]
    themes: tuple[Theme, ...] = Field(min_length=THEMES, max_length=THEMES)
    messages: tuple[Message, ...] = Field(min_length=LEAST_MESSAGES)
    checkin: Questionnaire

    @model_validator(mode="after")
    def _hangs_together(self) -> Self:
        for kind in ("conditions", "exercises", "themes", "messages"):
            counts = Counter(item.id for item in getattr(self, kind))
            if twice := [name for name, count in counts.items() if count > 1]:
                raise ValueError(f"{kind}: {twice[0]!r} appears twice")
        self._check_exercises()
        self._check_messages()
        return self

    def _check_exercises(self) -> None:
        known = {condition.id for condition in self.conditions}
        rungs: dict[tuple[str, int], str] = {}
        groups: dict[str, Group] = {}
        for exercise in self.exercises:
            if strangers := set(exercise.not_for) - known:
                raise ValueError(f"exercise {exercise.id}: not_for names no condition: {sorted(strangers)}")
            missed = {c.id for c in self.conditions if c.rules_out(exercise)} - set(exercise.not_for)
            if missed:
                raise ValueError(f"exercise {exercise.id}: its movements rule it out for {sorted(missed)} as well")
            other = rungs.setdefault((exercise.family, exercise.level), exercise.id)
            if other != exercise.id:
                raise ValueError(f"exercises {other} and {exercise.id}: same family, same level")
            if groups.setdefault(exercise.family, exercise.group) is not exercise.group:
                raise ValueError(f"exercise {exercise.id}: its family is in another group")
        if missing := set(Group) - set(groups.values()):
            raise ValueError(f"no exercise in {sorted(missing)}")

    def _check_messages(self) -> None:
        themes = {theme.id for theme in self.themes}
        triggers = {trigger.id for trigger in self.rules.trigger}
        counts = Counter(message.theme for message in self.messages)
        curriculum = self.rules.message_curriculum
        if wrong := {*counts, *curriculum.first_week, curriculum.flare_theme} - themes:
            raise ValueError(f"no such theme: {sorted(wrong)}")
        if thin := [theme for theme in sorted(themes) if counts[theme] < 2]:
            raise ValueError(f"fewer than two messages on {thin}")
        if len({message.position for message in self.messages}) != len(self.messages):
            raise ValueError("two messages have the same place in the curriculum")
        for message in self.messages:
            if strangers := set(message.triggers) - triggers:
                raise ValueError(f"message {message.id}: no such trigger: {sorted(strangers)}")

    def exercise(self, name: str) -> Exercise | None:
        """Return the exercise of that id, None if this content has none."""
        return next((exercise for exercise in self.exercises if exercise.id == name), None)


class _ExerciseFile(Checked):
    condition: tuple[Condition, ...]
    exercise: tuple[Exercise, ...]


class _MessageFile(Checked):
    theme: tuple[Theme, ...]
    message: tuple[Message, ...]


def load_content(folder: Traversable | None = None, *, unsigned: bool = False) -> Content:
    """Return the shipped content, or that of a folder with the same files; ``ContentError`` says what's wrong.

    Files that changed since they were signed are refused, unless a study says with ``unsigned`` that it wants them.
    """
    folder = folder or shipped("data", "content")
    if not unsigned:
        check_signature(folder)
    digest = hashlib.sha256()
    values = {}
    for name in ("rules.toml", "exercises.toml", "messages.toml"):
        values[name], raw = read_toml(folder.joinpath(name))
        digest.update(raw)
    rules = checked(Rules, values["rules.toml"], "rules.toml")
    exercises = checked(_ExerciseFile, values["exercises.toml"], "exercises.toml")
    messages = checked(_MessageFile, values["messages.toml"], "messages.toml")
    whole = {
        "version": f"{rules.version}+{digest.hexdigest()[:12]}",
        "rules": rules,
        "conditions": exercises.condition,
        "exercises": exercises.exercise,
        "themes": messages.theme,
        "messages": messages.message,
        "checkin": load_questionnaire("weekly-checkin"),
    }
    if not messages.message:
        raise ContentError("no messages", "messages.toml", f"at least {LEAST_MESSAGES}")
    return checked(Content, whole, "content")
