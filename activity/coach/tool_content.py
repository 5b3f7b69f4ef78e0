"""The words and numbers of the three tools, read from ``data/content/tools.toml`` and checked once."""

from collections import Counter
from importlib.resources.abc import Traversable
from string import Formatter
from typing import Annotated, Final, Self

from pydantic import Field, model_validator

from activity.coach.content import Id, Sentence
from activity.questionnaires.definition import Checked, checked, read_toml
from activity.resources import shipped

#: What the sentences of a tool may speak of.
SLEEP_FILLS: Final = frozenset({"get_up", "hours", "bed", "reminder"})
GOAL_QUESTIONS: Final = ("what", "how_much", "when_where", "why", "obstacle", "action")


def _placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


class Habit(Checked):
    """One habit that helps sleep."""

    id: Id
    text: Sentence
    source: str = Field(min_length=10)


class SleepTool(Checked):
    """What a reminder to wind down is worked out from, and a short list of habits."""

    title: str
    intro: Sentence
    source: str = Field(min_length=10)
    usual_hours: float
    least_hours: Annotated[float, Field(ge=4.0)]
    most_hours: Annotated[float, Field(le=12.0)]
    wind_down_minutes: Annotated[int, Field(ge=0, le=180)]
    summary: Sentence
    habit: tuple[Habit, ...] = Field(min_length=3, max_length=9)

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if not self.least_hours <= self.usual_hours <= self.most_hours:
            raise ValueError("usual_hours must lie between least_hours and most_hours")
        if unknown := _placeholders(self.summary) - SLEEP_FILLS:
            raise ValueError(f"summary speaks of {sorted(unknown)}, which this tool doesn't know")
        return self


class PracticeStep(Checked):
    """What to do, and for how long."""

    seconds: Annotated[int, Field(ge=5, le=180)]
    text: Sentence


class Practice(Checked):
    """A short scripted practice; its steps last as long as it says."""

    id: Id
    title: str
    minutes: Annotated[int, Field(ge=1, le=30)]
    steps: tuple[PracticeStep, ...] = Field(min_length=3)

    @model_validator(mode="after")
    def _lasts_as_long_as_it_says(self) -> Self:
        seconds = sum(step.seconds for step in self.steps)
        if seconds != self.minutes * 60:
            raise ValueError(f"{self.id}: its steps last {seconds} s, not {self.minutes} minutes")
        return self


class MindfulnessTool(Checked):
    """The practices, one for each length."""

    title: str
    intro: Sentence
    source: str = Field(min_length=10)
    practice: tuple[Practice, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _has_one_of_each_length(self) -> Self:
        counts = Counter(practice.minutes for practice in self.practice)
        if twice := [minutes for minutes, count in counts.items() if count > 1]:
            raise ValueError(f"two practices of {twice[0]} minutes")
        return self


class GoalQuestion(Checked):
    """A line for the person to finish, with an example."""

    id: str
    text: str = Field(min_length=10)
    example: str = Field(min_length=2)


class GoalTool(Checked):
    """The questions that make a goal and an if-then plan, and the text they are put into."""

    title: str
    intro: Sentence
    source: str = Field(min_length=10)
    least_days: Annotated[int, Field(ge=1)]
    most_days: Annotated[int, Field(le=366)]
    default_days: int
    sure_at_least: Annotated[int, Field(ge=0, le=10)]
    text: Sentence
    unsure: Sentence
    question: tuple[GoalQuestion, ...]

    @model_validator(mode="after")
    def _asks_for_what_the_text_holds(self) -> Self:
        if tuple(question.id for question in self.question) != GOAL_QUESTIONS:
            raise ValueError(f"the questions are {', '.join(GOAL_QUESTIONS)}, in this order")
        if _placeholders(self.text) != {*GOAL_QUESTIONS, "until"}:
            raise ValueError("the text holds each answer and {until}, and nothing else")
        if not self.least_days <= self.default_days <= self.most_days:
            raise ValueError("default_days must lie between least_days and most_days")
        return self


class Tools(Checked):
    """The three tools of the selfBACK trial protocol, Table 1."""

    version: str
    sleep: SleepTool
    mindfulness: MindfulnessTool
    goal: GoalTool


def load_tools(folder: Traversable | None = None) -> Tools:
    """Return the shipped tools, or those of a folder with the same file; ``ContentError`` says what's wrong."""
    values, _ = read_toml((folder or shipped("data", "content")).joinpath("tools.toml"))
    return checked(Tools, values, "tools.toml")
