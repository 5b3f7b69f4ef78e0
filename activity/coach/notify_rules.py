"""What may be notified, when and how often, read from ``data/content/notifications.toml`` and checked once."""

from collections import Counter
from datetime import time
from enum import StrEnum
from importlib.resources.abc import Traversable
from string import Formatter
from typing import Annotated, Any, Final, Literal, Self

from pydantic import ConfigDict, Field, model_validator

from activity.coach.content import Id
from activity.coach.rules import Comparison, Rule, named
from activity.questionnaires.definition import Checked, checked, read_toml
from activity.resources import shipped

HELP_CARD: Final = "help-card"  #: the one kind that may be sent while a plan is stopped
#: What a text may speak of; one that speaks of what isn't known is not sent.
TEXT_FILLS: Final = frozenset({"goal", "steps_left", "still_minutes", "message"})
#: What a kind may depend on.
FACTS: Final = frozenset(
    {
        "stopped", "easy_week", "goal", "percent_today", "percent_yesterday", "percent_week", "week_ends",
        "still_minutes", "exercise_due", "checkin_days_late", "hours_since_sync", "days_since_opened", "message_unread",
    }
)  # fmt: skip


class Level(StrEnum):
    """How much of a goal was reached; the four levels of the project's admin tool."""

    LOW = "low"
    MODERATE = "moderate"
    HIGH = "high"
    FULL = "full"


class Scope(StrEnum):
    """Whether a text speaks of a day or of a week."""

    DAY = "day"
    WEEK = "week"


class Quiet(Rule):
    """The hours in which nothing is sent to a person who has not chosen others: from ``start`` until ``stop``."""

    start: time
    stop: time


class Limits(Rule):
    """How much may be sent, all kinds together."""

    per_day: Annotated[int, Field(ge=1, le=10)]
    per_week: Annotated[int, Field(ge=1, le=70)]
    least_minutes_between: Annotated[int, Field(ge=1, le=1440)]
    silent_after_days: Annotated[int, Field(ge=1)]  #: without opening the app


class BackOff(Rule):
    """When a kind that isn't opened comes half as often, and when no more; ``question`` asks about it once."""

    ignored_after_hours: Annotated[int, Field(ge=1, le=72)]
    halve_after: Annotated[int, Field(ge=1)]
    stop_after: Annotated[int, Field(ge=2)]
    question: str

    @model_validator(mode="after")
    def _halves_before_it_stops(self) -> Self:
        if self.halve_after >= self.stop_after:
            raise ValueError("halve_after must be below stop_after")
        return self


class Levels(Rule):
    """From what percentage of the goal each level starts."""

    moderate: Annotated[int, Field(ge=1)]
    high: int
    full: Annotated[int, Field(le=100)]

    @model_validator(mode="after")
    def _rise(self) -> Self:
        if not self.moderate < self.high < self.full:
            raise ValueError("levels must rise: moderate < high < full")
        return self


class Text(Checked):
    """One wording; without ``levels`` it fits any, also when none is known."""

    id: Id
    text: Annotated[str, Field(min_length=10, max_length=120)]
    levels: tuple[Level, ...] = ()

    @model_validator(mode="after")
    def _speaks_of_what_is_known(self) -> Self:
        if unknown := self.fills - TEXT_FILLS:
            raise ValueError(f"{self.id}: its text speaks of {sorted(unknown)}, which isn't known")
        return self

    @property
    def fills(self) -> frozenset[str]:
        """Return the names that its text speaks of."""
        return frozenset(name for _, name, _, _ in Formatter().parse(self.text) if name is not None)


class Kind(Rule):
    """One kind of notification: when it is due, how often it may come, and its wordings.

    It is due from ``earliest`` until ``latest``, or for ``window_minutes`` from the time that the person chose for
    ``at``. ``when`` lists what has to hold, all of it.
    """

    title: str = Field(min_length=4, max_length=40)
    category: Id
    scope: Scope
    level_of: Literal["today", "yesterday", "week"] | None = None
    when: tuple[Comparison, ...] = ()
    earliest: time | None = None
    latest: time | None = None
    at: Literal["sleep_reminder", "exercise_time"] | None = None
    window_minutes: Annotated[int, Field(ge=5, le=240)] | None = None
    per_day: Annotated[int, Field(ge=1, le=4)]
    per_week: Annotated[int, Field(ge=1, le=14)]
    backs_off: bool = True
    texts: Annotated[tuple[Text, ...], Field(min_length=2)]

    @model_validator(mode="after")
    def _has_one_kind_of_window(self) -> Self:
        ranged = self.earliest is not None and self.latest is not None
        chosen = self.at is not None and self.window_minutes is not None
        if ranged == chosen or (self.earliest is None) != (self.latest is None):
            raise ValueError(f"{self.id}: needs earliest and latest, or at and window_minutes")
        if self.earliest and self.latest and self.earliest >= self.latest:
            raise ValueError(f"{self.id}: earliest must be before latest")
        if unknown := {part.field for part in self.when} - FACTS:
            raise ValueError(f"{self.id}: depends on {sorted(unknown)}, which isn't known")
        if any(text.levels for text in self.texts) and self.level_of is None:
            raise ValueError(f"{self.id}: has texts by level and doesn't say of what")
        return self


class NotifyRules(Checked):
    """Everything that decides on notifications; kinds in order of weight."""

    model_config = ConfigDict(alias_generator=lambda name: name.replace("_", "-"))

    version: str
    quiet: Quiet
    limits: Limits
    back_off: BackOff
    levels: Levels
    kind: Annotated[tuple[Kind, ...], Field(min_length=1)]

    @model_validator(mode="before")
    @classmethod
    def _take_ids_from_keys(cls, values: Any) -> Any:
        if not isinstance(values, dict):
            return values
        return {name: named(value, name) for name, value in values.items()}

    @model_validator(mode="after")
    def _ids_are_unique(self) -> Self:
        counts = Counter([kind.id for kind in self.kind])
        counts.update(text.id for kind in self.kind for text in kind.texts)
        if twice := [name for name, count in counts.items() if count > 1]:
            raise ValueError(f"{twice[0]!r} appears twice")
        card = self.find(HELP_CARD)
        if card is None or card.backs_off or not any(part.field == "stopped" for part in card.when):
            raise ValueError(f"a kind {HELP_CARD!r} is needed that speaks when a plan is stopped and never backs off")
        return self

    def find(self, name: str) -> Kind | None:
        """Return the kind of that id, None if there is none."""
        return next((kind for kind in self.kind if kind.id == name), None)


def load_notify_rules(folder: Traversable | None = None) -> NotifyRules:
    """Return the shipped rules, or those of a folder with the same file; ``ContentError`` says what's wrong."""
    values, _ = read_toml((folder or shipped("data", "content")).joinpath("notifications.toml"))
    return checked(NotifyRules, values, "notifications.toml")
