"""The instruments of the trial as rows: how each is answered and scored, and who may show its texts."""

from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Annotated, Final, Self

from pydantic import Field, model_validator

from activity.errors import AnswerError, ContentError
from activity.questionnaires.definition import Checked, Kind, Option, Question, Questionnaire, checked, read_toml
from activity.resources import shipped

#: A language tag of BCP 47, as far as it is needed here: language, and script or region.
LANGUAGE: Final = r"^[a-z]{2,3}(-[A-Z][a-z]{3})?(-[A-Z]{2})?$"

Label = Annotated[str, Field(min_length=2)]


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
    version: str = Field(default="1", pattern=r"^[0-9]+$")  #: goes up when items, ranges or scoring change
    languages: tuple[str, ...] = ()  #: that it exists in; none named means any
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
    options: tuple[Label, ...] = ()
    signpost_from: float | None = None  #: a score from which the person is told where to turn
    signpost: str = ""
    signpost_source: str = ""
    source: str = Field(min_length=20)
    trust: str = Field(pattern="^(published|project code|guideline|design default)$")

    @model_validator(mode="after")
    def _hangs_together(self) -> Self:
        known = set(range(1, self.items + 1))
        problems = {
            "no such item is scored or reversed": not {*self.scored, *self.reversed} <= known,
            "low is to be less than high": self.low >= self.high,
            "yes-no is 0 or 1": self.form in {Form.YES_NO, Form.CHOOSE_ANY} and (self.low, self.high) != (0, 1),
            "its own words come with it, others' don't": (self.licence is Licence.OWN_WORDS) != bool(self.texts),
            "a text for each question": bool(self.texts) and len(self.texts) != self.asked,
            "the ends of a scale have names": self.form is Form.SCALE
            and bool(self.texts)
            and not (self.low_label and self.high_label),
            "a rule for open items has a source": (self.missing is Missing.NONE) == bool(self.missing_source),
            "all are needed, and some may be open": (self.missing is Missing.NONE) != (self.missing_at_most == 0),
            "an important change has a source": (self.important is None) == bool(self.important_source),
            "a signpost has words and a source": {self.signpost_from is None}
            != {not self.signpost, not self.signpost_source},
            "a signpost is of a sum that is worse when higher": self.signpost_from is not None
            and (self.combine is not Combine.SUM or self.better != "lower" or self.low != 0),
            "an option for each that can be chosen": (bool(self.texts) or self.form is Form.CHOOSE_ANY)
            and len(self.options) not in self.options_wanted,
        }
        for problem, there in problems.items():
            if there:
                raise ValueError(f"{self.id}: {problem}")
        return self

    @property
    def counted(self) -> tuple[int, ...]:
        """Return the items that count, from 1."""
        return self.scored or tuple(range(1, self.items + 1))

    @property
    def asked(self) -> int:
        """Return how many questions are shown."""
        return 1 if self.form is Form.CHOOSE_ANY else self.items

    @property
    def options_wanted(self) -> tuple[int, ...]:
        """Return how many options texts of it may have: 0 for none; a scale may name each of its values."""
        values = self.high - self.low + 1
        return {
            Form.SCALE: (0, values),
            Form.YES_NO: (0,),
            Form.CHOOSE_ONE: (values,),
            Form.CHOOSE_ANY: (self.items,),
        }[self.form]


class PackItem(Checked):
    """The text of one question; a scale's ends where they are this question's own."""

    text: str = Field(min_length=8)
    low_label: str = ""
    high_label: str = ""


class ItemPack(Checked):
    """Texts of an instrument, brought by whoever may use them."""

    instrument: str
    instrument_version: str  #: of the row that it was made for
    version: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$")  #: of these texts
    language: str = Field(pattern=LANGUAGE)
    permission: str = Field(min_length=10)  #: who allowed the use
    low_label: str = ""
    high_label: str = ""
    options: tuple[Label, ...] = ()
    items: tuple[PackItem, ...] = Field(min_length=1)


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
    """Return a pack of texts for an instrument; ``ContentError`` says what in it is of another one, or missing."""
    values, _ = read_toml(path)
    pack = checked(ItemPack, values, path.name)
    spoken, options = row.languages or (pack.language,), " or ".join(map(str, row.options_wanted))
    named = bool(pack.options) or row.form is not Form.SCALE
    ends = all((item.low_label or pack.low_label) and (item.high_label or pack.high_label) for item in pack.items)
    for fits, came, wanted in (
        (pack.instrument == row.id, f"texts of {pack.instrument}", f"texts of {row.id}"),
        (pack.instrument_version == row.version, f"for version {pack.instrument_version}", f"version {row.version}"),
        (pack.language in spoken, f"texts in {pack.language!r}", f"one of {', '.join(spoken)}"),
        (len(pack.items) == row.asked, f"{len(pack.items)} texts", f"{row.asked}, one for each question"),
        (len(pack.options) in row.options_wanted, f"{len(pack.options)} options", f"{options} options"),
        (named or ends, "a scale without names", "low_label and high_label, of the pack or of each item, or options"),
    ):
        if not fits:
            raise ContentError(came, path.name, wanted, "data/questionnaires/README.md shows a pack")
    return pack


def form_version(row: Instrument, pack: ItemPack | None = None) -> str:
    """Return what answers are kept under: the version of the row, and of the texts where they came in a pack."""
    return f"{row.version} {pack.language} {pack.version}" if pack else row.version


def asked_form(row: Instrument, pack: ItemPack | None = None) -> Questionnaire:
    """Return an instrument as a form to be asked; ``AnswerError`` where its texts aren't there or mayn't be shown."""
    if row.licence is Licence.NEVER_ASKED:
        what = f"{row.title} is not asked here: its owners prescribe how it is shown"
        raise AnswerError(what, row.id, "answers taken in a licensed form", "give them with --answers FILE")
    if pack is None and not row.texts:
        what = f"the texts of {row.title} are their owners'"
        raise AnswerError(what, row.id, "a pack of texts that you may use", "give it with --items FILE")
    shown = pack or row
    items = pack.items if pack else tuple(PackItem(text=text) for text in row.texts)
    questions = tuple(
        _question(row, number, item, shown.options, (shown.low_label, shown.high_label))
        for number, item in enumerate(items, 1)
    )
    return _form(row, questions, pack)


def answer_form(row: Instrument) -> Questionnaire:
    """Return the form that answers of an instrument are checked against, whether or not its texts are here."""
    options = row.options
    if row.form is Form.CHOOSE_ONE and not options:
        options = tuple(f"Level {value}" for value in range(row.low, row.high + 1))
    questions = tuple(
        _question(row, number, PackItem(text=f"{row.title}, item {number}"), options, ("lowest", "highest"))
        for number in range(1, row.asked + 1)
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
    match answer:
        case int():
            return int(answer)
        case str():
            return row.low + int(answer.removeprefix("o")) - 1
        case _:
            return None


def _form(row: Instrument, questions: tuple[Question, ...], pack: ItemPack | None = None) -> Questionnaire:
    version = form_version(row, pack)
    return Questionnaire(id=row.id, version=version, title=row.title, intro=row.source, questions=questions)


def _question(
    row: Instrument, number: int, item: PackItem, options: tuple[str, ...], ends: tuple[str, str]
) -> Question:
    key, named = f"q{number}", tuple(Option(id=f"o{place}", label=label) for place, label in enumerate(options, 1))
    match row.form:
        case Form.YES_NO:
            return Question(id=key, kind=Kind.YES_NO, text=item.text)
        case Form.CHOOSE_ONE:
            return Question(id=key, kind=Kind.CHOICE, text=item.text, options=named)
        case Form.CHOOSE_ANY:
            return Question(id=key, kind=Kind.CHOICES, text=item.text, options=named)
        case Form.SCALE:
            return _scale(row, key, item, options, ends)


def _scale(row: Instrument, key: str, item: PackItem, options: tuple[str, ...], ends: tuple[str, str]) -> Question:
    """Return a question from ``low`` to ``high``: where each value has a name, all are shown."""
    low, high = (options[0], options[-1]) if options else (item.low_label or ends[0], item.high_label or ends[1])
    return Question(
        id=key,
        kind=Kind.SCALE,
        text=item.text,
        hint="; ".join(f"{value} {label}" for value, label in enumerate(options, row.low)),
        low=row.low,
        high=row.high,
        low_label=low,
        high_label=high,
    )
