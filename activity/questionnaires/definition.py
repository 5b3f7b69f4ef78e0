"""Questionnaires as data: what a question may be answered with, read from TOML and checked once."""

import tomllib
from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from importlib.resources.abc import Traversable
from typing import Any, Final, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from activity.errors import ContentError
from activity.resources import shipped

MOST_QUESTIONS: Final = 40  #: a weekly form longer than this is not answered


class Kind(StrEnum):
    """What an answer looks like."""

    SCALE = "scale"  #: a whole number from ``low`` to ``high``, both ends labelled
    NUMBER = "number"  #: a whole number from ``low`` to ``high``
    CHOICE = "choice"  #: the id of one option
    CHOICES = "choices"  #: the ids of any number of options, none included
    YES_NO = "yes-no"


class Urgency(StrEnum):
    """What a "yes" to a warning sign asks for."""

    URGENT = "urgent"  #: no plan; help now
    SOON = "soon"  #: a gentle plan; a clinician within days


class Checked(BaseModel):
    """Content read from a file: frozen, and nothing in it that isn't known."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)


class Option(Checked):
    """One thing to choose."""

    id: str = Field(pattern=r"^[a-z][a-z0-9-]*$")
    label: str = Field(min_length=2)


class Question(Checked):
    """One question; ``urgency`` marks a warning sign, ``keeps_out`` an exclusion; both are answered yes or no."""

    id: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    kind: Kind
    text: str = Field(min_length=8)
    hint: str = ""
    low: int | None = None
    high: int | None = None
    low_label: str = ""
    high_label: str = ""
    options: tuple[Option, ...] = ()
    urgency: Urgency | None = None
    keeps_out: bool | None = None  #: the answer that means that this isn't for the person
    source: str = ""

    @model_validator(mode="after")
    def _fits_its_kind(self) -> Self:
        ranged = self.kind in {Kind.SCALE, Kind.NUMBER}
        if ranged and (self.low is None or self.high is None or self.low >= self.high):
            raise ValueError(f"{self.id}: a {self.kind} needs low < high")
        if self.kind is Kind.SCALE and not (self.low_label and self.high_label):
            raise ValueError(f"{self.id}: a scale needs a label at both ends")
        choosing = self.kind in {Kind.CHOICE, Kind.CHOICES}
        if choosing != bool(self.options):
            raise ValueError(f"{self.id}: options belong to choice and choices, and only there")
        if len({option.id for option in self.options}) != len(self.options):
            raise ValueError(f"{self.id}: an option appears twice")
        if self.urgency is not None and (self.kind is not Kind.YES_NO or not self.source):
            raise ValueError(f"{self.id}: a warning sign is a yes-no question with a source")
        if self.keeps_out is not None and (self.kind is not Kind.YES_NO or not self.source):
            raise ValueError(f"{self.id}: what keeps people out is a yes-no question with a source")
        return self


class HelpCard(Checked):
    """What a person reads when a warning sign stops the plan."""

    title: str = Field(min_length=8)
    lines: tuple[str, ...] = Field(min_length=2)
    source: str = Field(min_length=4)


class Questionnaire(Checked):
    """A form: its questions in order, and the help card if any of them is a warning sign."""

    id: str
    version: str
    title: str
    intro: str
    help_card: HelpCard | None = None
    questions: tuple[Question, ...] = Field(min_length=1, max_length=MOST_QUESTIONS)

    @model_validator(mode="after")
    def _hangs_together(self) -> Self:
        ids = [question.id for question in self.questions]
        if len(set(ids)) != len(ids):
            raise ValueError("a question id appears twice")
        if self.warning_signs and self.help_card is None:
            raise ValueError("a form with warning signs needs a help card")
        return self

    @property
    def warning_signs(self) -> tuple[Question, ...]:
        """Return the questions whose "yes" needs a clinician."""
        return tuple(question for question in self.questions if question.urgency is not None)


_Model = TypeVar("_Model", bound=BaseModel)


def read_toml(file: Traversable) -> tuple[dict[str, Any], bytes]:
    """Return what a TOML file holds, and its bytes; ``ContentError`` names the file and the line."""
    try:
        raw = file.read_bytes()
        return tomllib.loads(raw.decode("utf-8")), raw
    except OSError as error:
        raise ContentError(f"can't be read: {error.strerror}", str(file), "a readable file") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ContentError(str(error), str(file), "TOML in UTF-8") from error


def checked(model: type[_Model], values: Mapping[str, Any], file: str) -> _Model:
    """Return ``values`` as a ``model``; the first thing that doesn't fit becomes a ``ContentError``."""
    try:
        return model.model_validate(values)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
        raise ContentError(
            f"{_shown(first['input'])} doesn't fit{more}",
            f"{file}, {where or 'as a whole'}",
            first["msg"],
            "compare with the shipped file of the same name",
        ) from error


@cache
def load_questionnaire(name: str) -> Questionnaire:
    """Return the shipped questionnaire of that name, e.g. ``weekly-checkin``."""
    file = shipped("data", "questionnaires", f"{name}.toml")
    values, _ = read_toml(file)
    return checked(Questionnaire, values, file.name)


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
