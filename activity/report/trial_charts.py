"""Geometry of the two figures of a trial: means by visit and arm, and differences with their intervals, one a line."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, log10
from typing import Final

WIDTH: Final = 720
LEFT: Final = 56
RIGHT: Final = 16
TOP: Final = 16
HEIGHT: Final = 300
BASE: Final = TOP + HEIGHT
#: Distance between the arms of one visit, so that their intervals don't hide each other.
APART: Final = 10
LINE: Final = 26  #: height of a line of the forest
NAMES: Final = 300  #: width of the names in the forest
NUMBERS: Final = 170


@dataclass(frozen=True, slots=True)
class Point:
    """A value with its interval."""

    label: str
    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Tick:
    """A mark on an axis."""

    at: float
    label: str


@dataclass(frozen=True, slots=True)
class Mark:
    """A point as it is drawn: of the value, and of both ends of its interval."""

    x: float
    y: float
    low: float
    high: float
    said: str


@dataclass(frozen=True, slots=True)
class Course:
    """The means of one arm, in the order of the visits."""

    name: str
    marks: tuple[Mark, ...]

    @property
    def path(self) -> str:
        """Points of the line through the means."""
        return " ".join(f"{mark.x:.1f},{mark.y:.1f}" for mark in self.marks)


@dataclass(frozen=True, slots=True)
class Courses:
    """The figure of means by visit."""

    arms: tuple[Course, ...]
    visits: tuple[Tick, ...]
    ticks: tuple[Tick, ...]
    height: int = BASE + 34
    width: int = WIDTH


@dataclass(frozen=True, slots=True)
class ForestLine:
    """One line of the forest; without a mark it is a heading."""

    y: float
    name: str
    mark: Mark | None
    numbers: str


@dataclass(frozen=True, slots=True)
class Forest:
    """The figure of differences."""

    lines: tuple[ForestLine, ...]
    ticks: tuple[Tick, ...]
    zero: float
    bottom: float
    width: int = WIDTH

    @property
    def height(self) -> float:
        """Height of the drawing, with the axis."""
        return self.bottom + 34


def courses(visits: Sequence[str], arms: Sequence[tuple[str, Sequence[Point | None]]]) -> Courses:
    """Return the figure of each arm's values, one a visit, None where there is none; values grow upwards."""
    known = [point for _, points in arms for point in points if point]
    scale = _scale(min(point.low for point in known), max(point.high for point in known))
    step = (WIDTH - LEFT - RIGHT) / max(len(visits), 1)
    middles = [LEFT + step * (place + 0.5) for place in range(len(visits))]

    def y(value: float) -> float:
        return round(BASE - HEIGHT * (value - scale[0]) / (scale[-1] - scale[0]), 1)

    drawn = []
    for number, (name, points) in enumerate(arms):
        aside = (number - (len(arms) - 1) / 2) * APART
        marks = tuple(
            Mark(round(x + aside, 1), y(point.value), y(point.low), y(point.high), _said(name, point))
            for x, point in zip(middles, points, strict=True)
            if point
        )
        drawn.append(Course(name, marks))
    return Courses(
        arms=tuple(drawn),
        visits=tuple(Tick(round(x, 1), name) for x, name in zip(middles, visits, strict=True)),
        ticks=tuple(Tick(y(value), f"{value:g}") for value in scale),
    )


def forest(parts: Sequence[tuple[str, Sequence[Point]]]) -> Forest:
    """Return the figure of differences under their headings; zero is always on the axis."""
    known = [point for _, points in parts for point in points]
    scale = _scale(min(0.0, *(point.low for point in known)), max(0.0, *(point.high for point in known)))
    left, right = NAMES, WIDTH - NUMBERS

    def x(value: float) -> float:
        return round(left + (right - left) * (value - scale[0]) / (scale[-1] - scale[0]), 1)

    lines: list[ForestLine] = []
    for heading, points in parts:
        if heading:
            lines.append(ForestLine(TOP + LINE * (len(lines) + 0.5), heading, None, ""))
        for point in points:
            y = TOP + LINE * (len(lines) + 0.5)
            mark = Mark(x(point.value), y, x(point.low), x(point.high), f"{point.label}: {_numbers(point)}")
            lines.append(ForestLine(y, point.label, mark, _numbers(point)))
    bottom = TOP + LINE * len(lines) + 6
    return Forest(
        tuple(lines), tuple(Tick(x(value), f"{value:g}".replace("-", "−")) for value in scale), x(0.0), bottom
    )


def _said(name: str, point: Point) -> str:
    return f"{name}, {point.label}: {_numbers(point)}"


def _numbers(point: Point) -> str:
    return f"{point.value:.2f} ({point.low:.2f} to {point.high:.2f})".replace("-", "−")


def _scale(low: float, high: float) -> list[float]:
    """Return from four to eight round numbers that hold both."""
    span = max(high - low, 1e-9)
    power = 10.0 ** floor(log10(span / 4))
    step = next(power * size for size in (1, 2, 5, 10) if span / (power * size) <= 6)
    first, last = floor(low / step), ceil(high / step)
    return [round(step * number, 10) for number in range(first, max(last, first + 1) + 1)]
