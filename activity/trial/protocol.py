"""The protocol of a study as a file: arms, who may take part, strata, visits, outcomes; and what of it has changed."""

import hashlib
import json
from collections.abc import Mapping
from importlib.resources.abc import Traversable
from itertools import pairwise
from typing import Annotated, Any, Final, Self

from pydantic import Field, field_validator, model_validator

from activity.coach.plan import Trust
from activity.questionnaires.definition import Checked, Kind, Question, Questionnaire, checked, read_toml
from activity.questionnaires.instrument import instruments
from activity.resources import shipped

Id = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")]
#: What the drawing of the sequence can hold; larger blocks are no use either, since they let arms drift apart.
LARGEST_BLOCK: Final = 64


class Sourced(Checked):
    """Something that says where it comes from."""

    source: str = Field(min_length=20)
    trust: Trust


class Arm(Checked):
    """One arm; the first of a study is the one that the others are compared with."""

    id: Id
    title: str = Field(min_length=3)
    share: int = Field(default=1, ge=1, le=8)  #: of a block, against the other arms
    received_with: str = Field(default="", pattern="^(plan)?$")  #: what counts as having received it; empty: nothing to


class Randomisation(Sourced):
    """How people are spread over arms."""

    blocks: tuple[int, ...] = Field(min_length=1)  #: sizes, each as likely as the others
    strata: tuple[str, ...]  #: questions of the screening, each a choice
    needs: tuple[str, ...] = ()  #: instruments that have to be answered before
    screening_valid_days: int = Field(ge=1, le=365)


class Criterion(Sourced):
    """One thing that has to hold of whoever takes part: of a question, of an instrument's score, or of a form."""

    id: Id
    text: str = Field(min_length=5)
    question: str | None = None
    instrument: str | None = None
    form: str | None = Field(default=None, pattern="^eligibility$")
    at_least: float | None = None
    at_most: float | None = None
    wanted: bool | None = None

    @model_validator(mode="after")
    def _asks_one_thing(self) -> Self:
        if sum(name is not None for name in (self.question, self.instrument, self.form)) != 1:
            raise ValueError(f"{self.id}: it is about a question, an instrument or a form")
        bounded = self.at_least is not None or self.at_most is not None
        if self.form is not None and (bounded or self.wanted is not None):
            raise ValueError(f"{self.id}: a form has its own rules")
        if self.form is None and bounded == (self.wanted is not None):
            raise ValueError(f"{self.id}: it has a bound, or an answer that is wanted")
        return self


class Consent(Checked):
    """What people agree to."""

    document: str = Field(min_length=1)  #: version of the information that they are given


class Visit(Sourced):
    """One round of questionnaires; days since randomisation, ``[opens, late)`` in time and ``[late, closes)`` late."""

    id: Id
    title: str = Field(min_length=3)
    instruments: tuple[str, ...] = Field(min_length=1)
    due_days: int
    opens_days: int
    late_days: int
    closes_days: int

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if not self.opens_days <= self.due_days < self.late_days <= self.closes_days:
            raise ValueError(f"{self.id}: opens <= due < late <= closes")
        return self


class Reminders(Sourced):
    """When whoever hasn't answered is reminded."""

    days_after_due: tuple[int, ...]

    @field_validator("days_after_due")
    @classmethod
    def _rising(cls, days: tuple[int, ...]) -> tuple[int, ...]:
        if any(after <= before for before, after in pairwise((-1, *days))):
            raise ValueError("days from 0, each later than the one before")
        return days


class Primary(Checked):
    """The outcome that the trial is about."""

    instrument: str
    visit: Id
    responder_points: float = Field(gt=0)  #: so much better than at the baseline makes a responder


class Secondary(Checked):
    """An outcome beside it, at every visit that asks it."""

    instrument: str
    improved_from: float | None = None  #: a score from which somebody counts as improved; None where it is a scale


class Estimand(Sourced):
    """What is to be estimated: the attributes of ICH E9(R1), section A.3."""

    population: str = Field(min_length=10)
    treatment: str = Field(min_length=10)
    variable: str = Field(min_length=10)
    summary: str = Field(min_length=10)
    intercurrent: tuple[str, ...] = Field(min_length=1)


class Dose(Sourced):
    """How use is judged: plans made in the first weeks, and days a week with the band."""

    weeks: int = Field(ge=1, le=104)
    moderate_plans: int = Field(ge=1)
    high_plans: int
    band_days_a_week: int = Field(ge=1, le=7)

    @model_validator(mode="after")
    def _rising(self) -> Self:
        if not self.moderate_plans < self.high_plans:
            raise ValueError("high is more than moderate")
        return self


class Analysis(Sourced):
    """What is analysed beside the outcomes, laid down before anybody looks."""

    imputations: int = Field(ge=2, le=1000)
    delta_limit: float = Field(gt=0)  #: points of the primary outcome up to which people who are missing may be worse
    complier_plans: int = Field(ge=1)  #: weekly plans that count as having taken the treatment
    subgroups: tuple[str, ...] = ()  #: questions of the screening, or instruments at the baseline


class Protocol(Checked):
    """A study."""

    id: Id
    version: str = Field(min_length=1)
    title: str = Field(min_length=10)
    registry: str = Field(min_length=1)
    virtual: bool = False  #: nobody of it lives: it tells of the software, and of nobody
    planned_people: int = Field(ge=2)
    model: Id
    arm: tuple[Arm, ...] = Field(min_length=2)
    randomisation: Randomisation
    screening: Questionnaire
    criterion: tuple[Criterion, ...] = Field(min_length=1)
    consent: Consent
    visit: tuple[Visit, ...] = Field(min_length=2)
    reminders: Reminders
    primary: Primary
    secondary: tuple[Secondary, ...] = ()
    estimand: Estimand
    dose: Dose
    analysis: Analysis

    @model_validator(mode="after")
    def _hangs_together(self) -> Self:
        for rule in (_arms_and_blocks, _strata, _criteria, _visits, _outcomes):
            rule(self)
        return self

    @property
    def baseline(self) -> Visit:
        """The visit before randomisation."""
        return self.visit[0]

    @property
    def digest(self) -> str:
        """SHA-256 of all it says, whatever the spelling of its file."""
        return hashlib.sha256(spelt(self.document()).encode()).hexdigest()

    def document(self) -> dict[str, Any]:
        """Return all it says as values that JSON can hold."""
        found: dict[str, Any] = self.model_dump(mode="json")
        return found

    def question(self, name: str) -> Question:
        """Return a question of the screening; ``KeyError`` where there is none."""
        return {one.id: one for one in self.screening.questions}[name]

    def arm_title(self, name: str) -> str:
        """Return the title of an arm."""
        return {one.id: one.title for one in self.arm}[name]


def load_protocol(file: Traversable | None = None) -> Protocol:
    """Return the protocol in a file, or the shipped example; ``ContentError`` names what doesn't fit, and where."""
    file = file or shipped("data", "study", "selfback.toml")
    values, _ = read_toml(file)
    return checked(Protocol, values, file.name)


def protocol_from_document(document: Mapping[str, Any]) -> Protocol:
    """Return the protocol that a document was made of; ``ContentError`` on any other."""
    return checked(Protocol, document, "the study in the store")


def spelt(value: object) -> str:
    """Return JSON in one spelling: sorted, without spaces, ASCII."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what differs between two documents, a line each: where, what it was, and what it is."""
    one, other = dict(_leaves(before, "")), dict(_leaves(after, ""))
    found = []
    for place in sorted(one.keys() | other.keys()):
        was, now = one.get(place, _ABSENT), other.get(place, _ABSENT)
        if was != now:
            found.append(f"{place}: {was} became {now}")
    return tuple(found)


def fixed_changes(before: Protocol, after: Protocol) -> tuple[str, ...]:
    """Return what of a change would make another sequence of those who were randomised already.

    Arms, shares, blocks and factors stay; a factor may get levels, but lose none.
    """
    found = list(changes(_drawn(before), _drawn(after)))
    if before.randomisation.strata == after.randomisation.strata:
        for factor in before.randomisation.strata:
            gone = {one.id for one in before.question(factor).options} - {o.id for o in after.question(factor).options}
            found += [f"screening.{factor}: level {name} is gone" for name in sorted(gone)]
    return tuple(found)


_ABSENT: Final = "nothing"
#: Questions by whose answers people can be told apart.
_MODERATORS: Final = (Kind.CHOICE, Kind.NUMBER, Kind.SCALE, Kind.YES_NO)


def _drawn(protocol: Protocol) -> dict[str, Any]:
    return {
        "id": protocol.id,
        "arm": {one.id: {"place": place, "share": one.share} for place, one in enumerate(protocol.arm)},
        "blocks": list(protocol.randomisation.blocks),
        "strata": list(protocol.randomisation.strata),
    }


def _leaves(value: object, place: str) -> list[tuple[str, str]]:
    """Return each value with where it stands; rows are named by their ids, and their order is a value, too."""
    if isinstance(value, Mapping):
        return [leaf for key, inner in value.items() for leaf in _leaves(inner, f"{place}.{key}".lstrip("."))]
    if isinstance(value, list | tuple) and value and all(isinstance(row, Mapping) for row in value):
        named = {_row_name(row, number): row for number, row in enumerate(value, 1)}
        order = (place, json.dumps(list(named)))
        return [order, *(leaf for name, row in named.items() for leaf in _leaves(row, f"{place}.{name}"))]
    return [(place, json.dumps(value, ensure_ascii=False))]


def _row_name(row: Mapping[str, Any], number: int) -> str:
    return str(row.get("id") or row.get("instrument") or number)


def _arms_and_blocks(protocol: Protocol) -> None:
    _all_different([one.id for one in protocol.arm], "arm")
    _all_different([one.title for one in protocol.arm], "title of an arm")
    shares = sum(one.share for one in protocol.arm)
    for size in protocol.randomisation.blocks:
        if size % shares or not shares <= size <= LARGEST_BLOCK:
            raise ValueError(
                f"a block of {size} can't be shared {shares} ways; sizes are multiples up to {LARGEST_BLOCK}"
            )
    _all_different([str(size) for size in protocol.randomisation.blocks], "block size")


def _strata(protocol: Protocol) -> None:
    _all_different(protocol.randomisation.strata, "factor")
    kinds = {one.id: one.kind for one in protocol.screening.questions}
    for factor in protocol.randomisation.strata:
        if kinds.get(factor) is not Kind.CHOICE:
            raise ValueError(f"{factor} is no choice of the screening, so it can't be a factor")


def _criteria(protocol: Protocol) -> None:
    _all_different([one.id for one in protocol.criterion], "criterion")
    kinds = {one.id: one.kind for one in protocol.screening.questions}
    for one in protocol.criterion:
        if one.instrument is not None:
            _known(one.instrument, one.id)
        if one.question is not None:
            fits = {Kind.YES_NO} if one.wanted is not None else {Kind.NUMBER, Kind.SCALE}
            if kinds.get(one.question) not in fits:
                raise ValueError(f"{one.id}: the screening has no question {one.question!r} that it can judge")


def _visits(protocol: Protocol) -> None:
    _all_different([one.id for one in protocol.visit], "visit")
    _all_different([one.title for one in protocol.visit], "title of a visit")
    for one in protocol.visit:
        _all_different(one.instruments, f"instrument of {one.id}")
        for name in one.instruments:
            _known(name, one.id)
    for before, after in pairwise(protocol.visit):
        if after.opens_days < before.closes_days:
            raise ValueError(f"{after.id} opens before {before.id} closes, so answers would be of both")
    if protocol.baseline.due_days != 0 or protocol.visit[1].opens_days < 1:
        raise ValueError("the first visit is the baseline, due on day 0, and all others come after it")


def _outcomes(protocol: Protocol) -> None:
    asked = {one.id: one.instruments for one in protocol.visit}
    if protocol.primary.instrument not in asked.get(protocol.primary.visit, ()):
        raise ValueError(f"{protocol.primary.visit} doesn't ask the primary outcome")
    if protocol.primary.instrument not in protocol.baseline.instruments:
        raise ValueError("the baseline doesn't ask the primary outcome")
    everywhere = {name for names in asked.values() for name in names}
    for one in protocol.secondary:
        if one.instrument not in everywhere:
            raise ValueError(f"no visit asks {one.instrument}")
    for name in protocol.analysis.subgroups:
        questions = {one.id: one.kind for one in protocol.screening.questions}
        if name not in protocol.baseline.instruments and questions.get(name) not in _MODERATORS:
            raise ValueError(
                f"no subgroups by {name!r}: it is no choice or number of the screening, nor at the baseline"
            )
        if name == protocol.primary.instrument:
            raise ValueError(f"no subgroups by {name!r}: its own baseline is in the model already")
    for name in protocol.randomisation.needs:
        if name not in protocol.baseline.instruments:
            raise ValueError(f"{name} is needed before randomisation, and the baseline doesn't ask it")


def _known(name: str, where: str) -> None:
    if name not in instruments():
        raise ValueError(f"{where}: no instrument {name!r}")


def _all_different(names: tuple[str, ...] | list[str], what: str) -> None:
    if len(set(names)) != len(names):
        raise ValueError(f"a {what} appears twice")
