"""What makes weeks alike and plans good, as read from ``data/content/similarity.toml``: tables, checked and frozen."""

import hashlib
from enum import StrEnum
from importlib.resources.abc import Traversable
from math import fsum
from typing import Annotated, Any, Final, Literal, Self

from pydantic import Field, model_validator

from activity.coach.cases.case import Adherence, Dynamic, Movement, Static, SubPlan
from activity.coach.plan import Trust
from activity.questionnaires.definition import Checked, checked, read_toml
from activity.resources import shipped

PARTS: Final[dict[str, tuple[str, ...]]] = {
    "static": Static.__slots__,
    "dynamic": Dynamic.__slots__,
    "movement": Movement.__slots__,
    "adherence": Adherence.__slots__,
}
#: What an outcome is measured against: of the week before the plan, or of the plan itself.
BEFORE: Final[dict[str, str]] = {
    "average_pain": "dynamic",
    "interference": "dynamic",
    "confidence": "dynamic",
    "steps_per_day": "movement",
}
PLANNED: Final[dict[str, str]] = {"sessions_done": "sessions_per_week"}

Weight = Annotated[float, Field(ge=0.0, le=1.0)]
Share = Annotated[float, Field(ge=0.0, le=1.0)]
Positive = Annotated[float, Field(gt=0.0, allow_inf_nan=False)]


class GoalChange(StrEnum):
    """How a week's goal stood to the one before."""

    LESS = "less"
    SAME = "same"
    SMALL = "small"
    LARGE = "large"


class Kind(StrEnum):
    """How two values of an attribute are compared."""

    NUMERIC = "numeric"  #: alike up to the important change, then falling in a line to nothing at ``span``
    ORDINAL = "ordinal"  #: by places in ``levels``
    NOMINAL = "nominal"  #: the same or not, but for the pairs in ``alike``
    SET = "set"  #: the share that both have, of what either has (Jaccard)


class Weights(Checked):
    """One weight a sub-plan."""

    activity: Weight
    exercise: Weight
    education: Weight

    def of(self, subplan: SubPlan) -> float:
        """Return the weight in a sub-plan."""
        value: float = getattr(self, subplan.value)
        return value


class Attribute(Checked):
    """One thing that two weeks are compared by."""

    name: str
    part: str
    kind: Kind
    important: float = Field(default=0.0, ge=0.0, allow_inf_nan=False)  #: the least difference that matters
    span: Positive = 1.0  #: the difference from which nothing is alike
    levels: tuple[str, ...] = ()
    alike: tuple[tuple[str, str, Share], ...] = ()  #: two levels and how much they are alike
    weights: Weights
    source: str = Field(min_length=10)
    trust: Trust

    @model_validator(mode="after")
    def _fits_its_kind(self) -> Self:
        if self.name not in PARTS.get(self.part, ()):
            raise ValueError(f"a week has no {self.part}.{self.name}")
        if self.kind is Kind.NUMERIC and self.span <= self.important:
            raise ValueError(f"{self.name}: the span is to be more than the important change")
        if (self.kind in (Kind.ORDINAL, Kind.NOMINAL)) != (len(set(self.levels)) >= 2):
            raise ValueError(
                f"{self.name}: two levels or more belong to an ordinal or nominal attribute, and only there"
            )
        if strangers := {level for pair in self.alike for level in pair[:2]} - set(self.levels):
            raise ValueError(f"{self.name}: no such levels: {sorted(strangers)}")
        return self


class SuccessPart(Checked):
    """One thing that a week's success is made of."""

    name: str
    better: Literal["lower", "higher", "share"]
    best: float | None = None  #: the value that can't be bettered; staying there is full success
    important: Positive = 1.0  #: a change by so much is full success, or none
    weights: Weights
    source: str = Field(min_length=10)
    trust: Trust

    @model_validator(mode="after")
    def _is_measured(self) -> Self:
        if self.name not in (PLANNED if self.better == "share" else BEFORE):
            raise ValueError(f"{self.name} is not measured before and after a week")
        return self


class Sourced(Checked):
    """A table of numbers with where they come from."""

    source: str = Field(min_length=10)
    trust: Trust


class Retrieval(Sourced):
    """Who counts as similar."""

    neighbours: int = Field(ge=5, le=500)
    weeks_of_a_person: int = Field(ge=1)
    least_similarity: Share
    least_known: Share
    least_people: int = Field(ge=5)  #: the safety rules ask for five; a file can't ask for fewer


class Reuse(Sourced):
    """How neighbours' weeks become proposals."""

    prior_weeks: Positive
    prior_own_weeks: Positive
    variety_margin: Share
    hold_within_percent: float = Field(ge=0.0)
    large_change_percent: Positive
    helped_from: Share
    explore_percent: int = Field(ge=0, le=30)


class Retain(Sourced):
    """What is kept."""

    per_person: int = Field(ge=1)
    duplicate_similarity: Share
    outcome_from_days: int = Field(ge=1)
    outcome_to_days: int = Field(le=28)


class SureWord(Checked):
    """How sure a share is, from half the width of its interval."""

    label: str
    within: Share


class ShareWord(Checked):
    """A share in a word."""

    label: str
    from_share: Share = Field(alias="from")


class Words(Checked):
    """What is said to the participant."""

    people: str
    made_up: str
    explore: str
    options: dict[str, str]  #: each change of a goal, after "and"
    sure: tuple[SureWord, ...] = Field(min_length=1)
    share: tuple[ShareWord, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _always_finds_a_word(self) -> Self:
        widths = [word.within for word in self.sure]
        shares = [word.from_share for word in self.share]
        if widths != sorted(widths) or widths[-1] < 1.0 or shares != sorted(shares, reverse=True) or shares[-1] > 0.0:
            raise ValueError("words stand in order and cover everything from 0 to 1")
        if set(self.options) != {*GoalChange, "exercise", "theme"}:
            raise ValueError(f"options have words for {sorted(self.options)}")
        for text in (self.people, self.made_up):
            text.format(people=5, option="", share="", sure="")
        return self


class Settings(Checked):
    """All that similarity, success and the four Rs go by."""

    version: str  #: of the file, and a hash of it
    retrieval: Retrieval
    reuse: Reuse
    retain: Retain
    success: tuple[SuccessPart, ...] = Field(min_length=1)
    attribute: tuple[Attribute, ...] = Field(min_length=1)
    words: Words

    @model_validator(mode="after")
    def _weights_are_whole(self) -> Self:
        for rows in (self.attribute, self.success):
            names = [row.name for row in rows]
            if len(set(names)) < len(names):
                raise ValueError("a name appears twice")
            for subplan in SubPlan:
                if abs(fsum(row.weights.of(subplan) for row in rows) - 1.0) > 1e-6:
                    raise ValueError(f"the weights of {subplan} don't sum to 1")
        return self

    def weights(self, subplan: SubPlan) -> tuple[float, ...]:
        """Return the weights of a sub-plan in the order of the attributes."""
        return tuple(attribute.weights.of(subplan) for attribute in self.attribute)

    def with_weights(self, subplan: SubPlan, weights: tuple[float, ...]) -> "Settings":
        """Return the same settings with other weights for one sub-plan; ``ContentError`` if they don't sum to 1."""
        values: dict[str, Any] = self.model_dump(by_alias=True)
        for row, weight in zip(values["attribute"], weights, strict=True):
            row["weights"][subplan.value] = weight
        return checked(Settings, values, f"weights of {subplan}")


def load_settings(file: Traversable | None = None) -> Settings:
    """Return the shipped settings, or those of another file; ``ContentError`` says what's wrong."""
    file = file or shipped("data", "content").joinpath("similarity.toml")
    values, raw = read_toml(file)
    digest = hashlib.sha256(raw).hexdigest()[:12]
    return checked(Settings, {**values, "version": f"{values.get('version', '?')}+{digest}"}, file.name)
