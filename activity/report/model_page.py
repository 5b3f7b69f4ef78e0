"""The page of an evaluation: recipes side by side, as one HTML file that needs nothing else and runs nothing."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from activity.report.frame import environment, style

if TYPE_CHECKING:
    from activity.classify.card import DataSource
    from activity.classify.judge import Judged

SIDE: Final = 260  #: of the calibration plot, in CSS pixels
MARGIN: Final = 36


@dataclass(frozen=True, slots=True)
class Dot:
    """A bin of the calibration curve on the plot; its area is its share of the windows."""

    x: float
    y: float
    r: float
    label: str


def render_model_page(judged: "tuple[Judged, ...]", sources: "tuple[DataSource, ...]") -> str:
    """Return the page; the same results give the same text."""
    look = style("page.css", "model.css")
    html: str = (
        environment()
        .get_template("model.html")
        .render(
            judged=judged,
            sources=sources,
            dots={(one.recipe, one.seed): dots(one) for one in judged},
            side=SIDE,
            margin=MARGIN,
            style=look.sheet,
            policy=look.policy,
        )
    )
    return html


def dots(judged: "Judged") -> tuple[Dot, ...]:
    """Return the calibration curve as dots in a square of ``SIDE`` pixels, certainty to the right, truth upwards."""
    windows = sum(one.windows for one in judged.calibration.curve)
    return tuple(
        Dot(
            round(one.confidence * SIDE, 1),
            round((1.0 - one.accuracy) * SIDE, 1),
            round(3.0 + 40.0 * (one.windows / windows) ** 0.5 / 3.0, 1),
            f"{one.windows} windows said with {one.confidence:.2f} were right {one.accuracy:.2f} of the time",
        )
        for one in judged.calibration.curve
    )
