"""The question that goes with a message, and what a person says back about a message."""

from dataclasses import dataclass
from datetime import date
from typing import Annotated, Self

from pydantic import Field, model_validator

from activity.errors import AnswerError
from activity.questionnaires.definition import Checked


class QuizOption(Checked):
    """One option, and what a person reads after choosing it."""

    text: str = Field(min_length=2, max_length=80)
    answer: Annotated[str, Field(min_length=10, max_length=200, pattern=r"[.!?]$")]
    right: bool = False


class Quiz(Checked):
    """A question whose answer is in the text of its message; one option is right."""

    question: Annotated[str, Field(min_length=10, max_length=120, pattern=r"\?$")]
    options: tuple[QuizOption, ...] = Field(min_length=2, max_length=4)

    @model_validator(mode="after")
    def _has_one_right_option(self) -> Self:
        if sum(option.right for option in self.options) != 1:
            raise ValueError("a quiz has one right option")
        if len({option.text for option in self.options}) != len(self.options):
            raise ValueError("an option of a quiz appears twice")
        return self

    def chosen(self, number: int) -> QuizOption:
        """Return the option of that number, counted from 1; ``AnswerError`` if there is none."""
        if not 1 <= number <= len(self.options):
            raise AnswerError(f"no option {number}", self.question, f"a number from 1 to {len(self.options)}")
        return self.options[number - 1]


@dataclass(frozen=True, slots=True)
class MessageFeedback:
    """What a person said back about one message; None where nothing was said."""

    message: str  #: its id
    date: date  #: local date of saying so
    right: bool | None = None  #: whether the quiz was answered rightly
    helpful: bool | None = None
