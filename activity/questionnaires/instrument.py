"""The instruments of the trial as rows: how each is answered and scored, and who may show its texts."""

from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Self

from pydantic import Field, model_validator

from activity.errors import AnswerError, ContentError
from activity.questionnaires.definition import Checked, Kind, Option, Question, Questionnaire, checked, read_toml
from activity.resources import shipped


class Form(StrEnum):
    """How the items of an instrument are answered."""

    SCALE = "scale"  #: each a whole number from ``low`` to ``high``
    YES_NO = "yes-no"  #: each 0 or 1
    CHOOSE_ONE = "choose-one"  #: each one of ``options``, the first of which is ``low``
    CHOOSE_ANY = "choose-any"  #: one question; each of ``options`` is an item, chosen or not


class Combine(StrEnum):
    """What a score is of the items."""

    SUM = "sum"
    MEAN = "mean"
    VALUE_SET = "value-set"  #: of the profile of all items, in a table for a country


class Missing(StrEnum):
    """What becomes of items left open, as long as they are few enough."""

    NONE = "none"  #: all are needed
    ZERO = "zero"  #: each counts as 0
    PRORATE = "prorate"  #: each counts as the mean of those answered
    ANSWERED = "answered"  #: only those answered count


class Licence(StrEnum):
    """Who may show the texts."""

    OWN_WORDS = "own words"  #: they are here, under the licence of this folder
    SCORE_ONLY = "score only"  #: whoever may use them brings them in a pack
    NEVER_ASKED = "score only, never asked"  #: its owners prescribe how it looks, so answers come from elsewhere


class Instrument(Checked):
    """One instrument; items are counted from 1."""

    id: str = Field(pattern=r"^[a-z][a-z0-9-]*$")
    title: str = Field(min_length=6)
    form: Form
    items: int = Field(ge=1, le=40)
    low: int
    high: int
    scored: tuple[int, ...] = ()  #: items that count; none named means all
    reversed: tuple[int, ...] = ()
    combine: Combine
    score_low: float | None = None  #: None where only the value set says
    score_high: float
    better: str = Field(pattern="^(lower|higher)$")
    missing: Missing
    missing_at_most: int = Field(default=0, ge=0)
    missing_source: str = ""
    important: float | None = None  #: the least change that matters to people
    important_source: str = ""
    licence: Licence
    low_label: str = ""
    high_label: str = ""
    texts: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    signpost_from: float | None = None  #: a score from which the person is told where to turn
    signpost: str = ""
    source: str = Field(min_length=20)
    trust: str = Field(pattern="^(published|project code|guideline|design default)$")

    @model_validator(mode="after")
    def _hangs_together(self) -> Self:
        known = set(range(1, self.items + 1))
        asked = 1 if self.form is Form.CHOOSE_ANY else self.items
        problems = {
            "no such item is scored or reversed": not {*self.scored, *self.reversed} <= known,
            "low is to be less than high": self.low >= self.high,
            "yes-no is 0 or 1": self.form in {Form.YES_NO, Form.CHOOSE_ANY} and (self.low, self.high) != (0, 1),
            "its own words come with it, others' don't": (self.licence is Licence.OWN_WORDS) != bool(self.texts),
            "a text for each question": bool(self.texts) and len(self.texts) != asked,
            "a rule for open items has a source": (self.missing is Missing.NONE) == bool(self.missing_source),
            "all are needed, and some may be open": (self.missing is Missing.NONE) != (self.missing_at_most == 0),
            "an important change has a source": (self.important is None) == bool(self.important_source),
            "a signpost has words": (self.signpost_from is None) == bool(self.signpost),
            "an option for each value": self.form is Form.CHOOSE_ONE
            and bool(self.texts)
            and len(self.options) != self.high - self.low + 1,
            "an option for each item": self.form is Form.CHOOSE_ANY and len(self.options) != self.items,
        }
        for problem, there in problems.items():
            if there:
                raise ValueError(f"{self.id}: {problem}")
        return self

    @property
    def counted(self) -> tuple[int, ...]:
        """Return the items that count, from 1."""
        return self.scored or tuple(range(1, self.items + 1))


class ItemPack(Checked):
    """Texts of an instrument, brought by whoever may use them."""

    instrument: str
    language: str = Field(min_length=2)
    permission: str = Field(min_length=10)  #: who allowed the use
    low_label: str = "lowest"
    high_label: str = "highest"
    texts: tuple[str, ...] = Field(min_length=1)
    options: tuple[str, ...] = ()


class _File(Checked):
    version: str
    instrument: tuple[Instrument, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _names_are_different(self) -> Self:
        if len({row.id for row in self.instrument}) != len(self.instrument):
            raise ValueError("an instrument appears twice")
        return self


@cache
def instruments() -> Mapping[str, Instrument]:
    """Return every instrument by its id, in the order of the file."""
    values, _ = read_toml(shipped("data", "questionnaires", "instruments.toml"))
    return {row.id: row for row in checked(_File, values, "instruments.toml").instrument}


def instrument(name: str) -> Instrument:
    """Return an instrument by its id; ``AnswerError`` lists those that there are."""
    found = instruments().get(name)
    if found is None:
        raise AnswerError(f"no instrument {name!r}", expected=f"one of {', '.join(instruments())}")
    return found


def read_pack(path: Path, row: Instrument) -> ItemPack:
    """Return a pack of texts for an instrument; ``ContentError`` if it is for another, or has too few or many."""
    values, _ = read_toml(path)
    pack = checked(ItemPack, values, path.name)
    if pack.instrument != row.id:
        raise ContentError(f"texts of {pack.instrument}", path.name, f"texts of {row.id}")
    if len(pack.texts) != row.items:
        raise ContentError(f"{len(pack.texts)} texts", path.name, f"{row.items}, one for each item")
    if row.form is Form.CHOOSE_ONE and len(pack.options) != row.high - row.low + 1:
        raise ContentError(f"{len(pack.options)} options", path.name, f"{row.high - row.low + 1}, one for each value")
    return pack


def asked_form(row: Instrument, pack: ItemPack | None = None) -> Questionnaire:
    """Return an instrument as a form to be asked; ``AnswerError`` where its texts aren't there or mayn't be shown."""
    if row.licence is Licence.NEVER_ASKED:
        what = f"{row.title} is not asked here: its owners prescribe how it is shown"
        raise AnswerError(what, row.id, "answers taken in a licensed form", "give them with --answers FILE")
    texts = pack.texts if pack else row.texts
    if not texts:
        what = f"the texts of {row.title} are their owners'"
        raise AnswerError(what, row.id, "a pack of texts that you may use", "give it with --items FILE")
    labels = (pack.low_label, pack.high_label) if pack else (row.low_label, row.high_label)
    options = (pack.options if pack else ()) or row.options
    questions = tuple(_question(row, number, text, labels, options) for number, text in enumerate(texts, 1))
    return _form(row, questions)


def answer_form(row: Instrument) -> Questionnaire:
    """Return the form that answers of an instrument are checked against, whether or not its texts are here."""
    count = 1 if row.form is Form.CHOOSE_ANY else row.items
    labels, options = ("lowest", "highest"), row.options
    if row.form is Form.CHOOSE_ONE and not options:
        options = tuple(f"Level {value}" for value in range(row.low, row.high + 1))
    questions = tuple(
        _question(row, number, f"{row.title}, item {number}", labels, options) for number in range(1, count + 1)
    )
    return _form(row, questions)


def item_answers(row: Instrument, document: Mapping[str, object]) -> tuple[int | None, ...]:
    """Return the answers to each item, as they were checked against ``answer_form``; None where left open."""
    if row.form is Form.CHOOSE_ANY:
        chosen = document.get("q1")
        if chosen is None:
            return (None,) * row.items
        ids = set(chosen) if isinstance(chosen, list | tuple) else set()
        return tuple(int(f"o{number}" in ids) for number in range(1, row.items + 1))
    return tuple(_value(row, document.get(f"q{number}")) for number in range(1, row.items + 1))


def _value(row: Instrument, answer: object) -> int | None:
    if answer is None:
        return None
    return row.low + int(str(answer)[1:]) - 1 if row.form is Form.CHOOSE_ONE else int(str(int(answer)))  # type: ignore[call-overload]


def _form(row: Instrument, questions: tuple[Question, ...]) -> Questionnaire:
    return Questionnaire(id=row.id, version="1", title=row.title, intro=row.source, questions=questions)


def _question(row: Instrument, number: int, text: str, labels: tuple[str, str], options: tuple[str, ...]) -> Question:
    named = tuple(Option(id=f"o{place}", label=label) for place, label in enumerate(options, 1))
    match row.form:
        case Form.YES_NO:
            return Question(id=f"q{number}", kind=Kind.YES_NO, text=text)
        case Form.CHOOSE_ONE:
            return Question(id=f"q{number}", kind=Kind.CHOICE, text=text, options=named)
        case Form.CHOOSE_ANY:
            return Question(id=f"q{number}", kind=Kind.CHOICES, text=text, options=named)
        case Form.SCALE:
            low, high = labels
            return Question(
                id=f"q{number}", kind=Kind.SCALE, text=text, low=row.low, high=row.high, low_label=low, high_label=high
            )
