"""Figures that were published, as data, and the same figures of another trial beside them."""

from collections.abc import Iterable
from dataclasses import dataclass
from importlib.resources.abc import Traversable

from pydantic import Field

from activity.coach.plan import Trust
from activity.questionnaires.definition import Checked, checked, read_toml
from activity.resources import shipped
from activity.trial.analysis.results import Result


class PublishedFigure(Checked):
    """One figure; ``result`` names the row of the results that is the same."""

    what: str = Field(min_length=5)
    result: str = Field(pattern=r"^[a-z0-9.-]+$")
    value: float
    low: float | None = None
    high: float | None = None
    p: float | None = None
    percent: bool = False  #: ours is a share
    trust: Trust


class PublishedTable(Checked):
    """All of them."""

    version: str
    source: str = Field(min_length=20)
    figure: tuple[PublishedFigure, ...] = Field(min_length=1)


@dataclass(frozen=True, slots=True)
class Beside:
    """A published figure and ours, as text; ``inside`` tells if the published value lies in our interval."""

    what: str
    published: str
    ours: str
    id: str
    inside: bool | None  #: None where ours has no interval


def load_published(file: Traversable | None = None) -> PublishedTable:
    """Return the figures in a file, or those that are shipped; ``ContentError``."""
    file = file or shipped("data", "study", "published.toml")
    values, _ = read_toml(file)
    return checked(PublishedTable, values, file.name)


def beside(table: PublishedTable, ours: Iterable[Result]) -> tuple[Beside, ...]:
    """Return each published figure beside ours, which says so where there is none."""
    known = {one.id: one for one in ours}
    return tuple(_row(figure, known.get(figure.result)) for figure in table.figure)


def _row(figure: PublishedFigure, found: Result | None) -> Beside:
    published = _words(figure.value, figure.low, figure.high, figure.p)
    if found is None or found.value is None:
        return Beside(figure.what, published, "not estimated", figure.result, None)
    scale = 100.0 if figure.percent else 1.0
    mine = _words(scale * found.value, found.low, found.high, found.p)
    bounded = found.low is not None and found.high is not None
    inside = found.low <= figure.value <= found.high if bounded else None  # type: ignore[operator]
    return Beside(figure.what, published, mine, figure.result, inside)


def _words(value: float, low: float | None, high: float | None, p: float | None) -> str:
    plain = f"{value:.0f}" if value == round(value) else f"{value:.2f}"
    bounds = "" if low is None or high is None else f" ({low:.2f} to {high:.2f})"
    chance = "" if p is None else f", p {p:.3f}" if p >= 0.001 else ", p < 0.001"
    return f"{plain}{bounds}{chance}"
