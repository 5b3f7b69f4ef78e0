"""Geometry of the day chart: the strip of activities over the steps of each hour, on one axis.

Across, everything is in percent of the chart's width, so that a phone and a desk draw the same chart with
letters of the same size; down, everything is in pixels.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import Final

from activity.day.summary import DaySummary
from activity.labels import Activity
from activity.report.strip import Kind, Span, minutes_of
from activity.report.wording import clock, count, duration, plural

#: Height of a block as a share of the strip: the second cue beside colour, rising with effort.
HEIGHT: Final = {
    Kind.LYING: 0.22,
    Kind.SITTING: 0.38,
    Kind.STANDING: 0.54,
    Kind.OTHER: 0.68,
    Kind.WALKING: 0.82,
    Kind.STAIRS: 0.92,
    Kind.RUNNING: 1.0,
    Kind.UNKNOWN: 0.38,
    Kind.UNWORN: 1.0,
    Kind.UNRECORDED: 0.0,
}
NAME: Final = {
    Kind.LYING: "Lying",
    Kind.SITTING: "Sitting",
    Kind.STANDING: "Standing",
    Kind.OTHER: "Other movement",
    Kind.WALKING: "Walking",
    Kind.STAIRS: "Stairs",
    Kind.RUNNING: "Running",
    Kind.UNKNOWN: "Not recognised",
    Kind.UNWORN: "Not worn",
    Kind.UNRECORDED: "Not recorded",
}
PATTERNED: Final = frozenset({Kind.UNKNOWN, Kind.UNWORN, Kind.UNRECORDED})

STRIP_TOP: Final = 30
STRIP_HEIGHT: Final = 88
STRIP_BASE: Final = STRIP_TOP + STRIP_HEIGHT
AXIS_Y: Final = STRIP_BASE + 18
BARS_TITLE_Y: Final = AXIS_Y + 32
BARS_TOP: Final = BARS_TITLE_Y + 26
BARS_HEIGHT: Final = 92
BARS_BASE: Final = BARS_TOP + BARS_HEIGHT
CHART_HEIGHT: Final = BARS_BASE + 6

_FULL_BAR_STEPS: Final = 250  # a quiet day keeps small bars: below this, the highest bar isn't drawn to the top
_WORDS_FIT_PERCENT: Final = 17.0  # "not recorded" on a 280 px chart
_WORDS_FIT_WIDE_PERCENT: Final = 9.0  # the same on a 640 px chart
_BAR_GAP_SHARE: Final = 0.12


@dataclass(frozen=True, slots=True)
class Block:
    """A patterned stretch of the strip, with the words that fit on it (``wide`` only on a wide chart)."""

    x: float
    width: float
    y: float
    height: float
    kind: Kind
    label: str
    wide: bool

    @property
    def middle(self) -> float:
        """Where words are centred, in percent."""
        return self.x + self.width / 2


@dataclass(frozen=True, slots=True)
class Bar:
    """Steps of one hour; a bar without height is an hour worn without a step."""

    x: float
    width: float
    y: float
    height: float
    label: str
    peak: bool
    anchor: str

    @property
    def text_x(self) -> float:
        """Where the number stands, in percent."""
        return {"start": self.x, "middle": self.x + self.width / 2, "end": self.x + self.width}[self.anchor]


@dataclass(frozen=True, slots=True)
class Tick:
    """An hour on the axis; ``wide`` ones carry words only on a wide chart."""

    x: float
    label: str
    wide: bool
    anchor: str


@dataclass(frozen=True, slots=True)
class LegendRow:
    """A kind with its swatch (20 px high) and how long it lasted."""

    kind: Kind
    name: str
    minutes: float

    @property
    def swatch_height(self) -> float:
        """Height of the swatch in a box of 20 px."""
        return max(HEIGHT[self.kind] * 20, 1.5)


@dataclass(frozen=True, slots=True)
class HourRow:
    """One hour in the table that says what the bars show."""

    start: str
    stop: str
    steps: str


@dataclass(frozen=True, slots=True)
class DayChart:
    """Everything that the template draws, and the words that say the same."""

    length_s: int
    paths: tuple[tuple[Kind, str], ...]  #: one SVG path an activity, x in seconds, y in 0..STRIP_HEIGHT
    blocks: tuple[Block, ...]
    bars: tuple[Bar, ...]
    holes: tuple[Block, ...]  #: runs of hours without data
    ticks: tuple[Tick, ...]
    legend: tuple[LegendRow, ...]
    hours: tuple[HourRow, ...]
    title: str
    description: str
    strip_top: int = STRIP_TOP
    strip_height: int = STRIP_HEIGHT
    strip_base: int = STRIP_BASE
    axis_y: int = AXIS_Y
    bars_title_y: int = BARS_TITLE_Y
    bars_top: int = BARS_TOP
    bars_base: int = BARS_BASE
    height: int = CHART_HEIGHT


def day_chart(day: DaySummary, spans: tuple[Span, ...]) -> DayChart:
    """Return the chart of one local day."""
    length_s = day.length_minutes * 60
    legend = _legend(day, spans)
    return DayChart(
        length_s=length_s,
        paths=strip_paths(spans, STRIP_HEIGHT),
        blocks=strip_blocks(spans, length_s, STRIP_BASE, STRIP_HEIGHT),
        bars=_bars(day),
        holes=_holes(day),
        ticks=hour_ticks(day),
        legend=legend,
        hours=_hours(day),
        title=f"Activities and steps per hour on {day.date.isoformat()}",
        description=_description(day, legend),
    )


def strip_paths(spans: tuple[Span, ...], strip_height: float) -> tuple[tuple[Kind, str], ...]:
    """Return the blocks of each activity as one path, low ones first so that short efforts stay on top.

    Across in seconds of the day, down in pixels of a strip of that height.
    """
    paths = []
    for kind in sorted(HEIGHT, key=HEIGHT.__getitem__):
        if kind in PATTERNED:
            continue
        height = HEIGHT[kind] * strip_height
        blocks = [
            f"M{span.start_s:.0f} {strip_height - height:.1f}h{span.duration_s:.0f}v{height:.1f}"
            f"h-{span.duration_s:.0f}z"
            for span in spans
            if span.kind is kind
        ]
        if blocks:
            paths.append((kind, "".join(blocks)))
    return tuple(paths)


def strip_blocks(spans: tuple[Span, ...], length_s: int, base: float, strip_height: float) -> tuple[Block, ...]:
    """Return the stretches of which no activity is known, on a strip of that height over ``base``."""
    words = {Kind.UNWORN: "not worn", Kind.UNRECORDED: "not recorded", Kind.UNKNOWN: ""}
    blocks = []
    for span in spans:
        if span.kind in PATTERNED:
            height = HEIGHT[span.kind] * strip_height
            x, width = 100 * span.start_s / length_s, 100 * span.duration_s / length_s
            label, wide = _words(words[span.kind], width)
            blocks.append(Block(x, width, base - height, height, span.kind, label, wide))
    return tuple(blocks)


def _words(words: str, width: float) -> tuple[str, bool]:
    """Return the words if they fit, and whether they do so on a wide chart only."""
    return (words if width >= _WORDS_FIT_WIDE_PERCENT else ""), width < _WORDS_FIT_PERCENT


def _known(steps: float | None) -> bool:
    return steps is not None and not math.isnan(steps)


def _hour_edges(day: DaySummary) -> list[tuple[float, float]]:
    """Return where each hour lies, in percent."""
    minutes = [min(60 * hour, day.length_minutes) for hour in range(len(day.hourly_steps) + 1)]
    shares = [100 * minute / day.length_minutes for minute in minutes]
    return list(pairwise(shares))


def _bars(day: DaySummary) -> tuple[Bar, ...]:
    known = [steps for steps in day.hourly_steps if steps is not None and not math.isnan(steps)]
    top = max([_FULL_BAR_STEPS, *known])
    peak = max(range(len(day.hourly_steps)), key=lambda hour: _sortable(day.hourly_steps[hour]), default=-1)
    bars = []
    for hour, (steps, (left, right)) in enumerate(zip(day.hourly_steps, _hour_edges(day), strict=True)):
        if steps is None or math.isnan(steps):
            continue
        height = BARS_HEIGHT * steps / top
        inset = (right - left) * _BAR_GAP_SHARE
        anchor = "start" if left < 4 else "end" if right > 96 else "middle"
        is_peak = hour == peak and steps > 0
        bars.append(
            Bar(left + inset, right - left - 2 * inset, BARS_BASE - height, height, count(steps), is_peak, anchor)
        )
    return tuple(bars)


def _sortable(steps: float | None) -> float:
    return -1.0 if steps is None or math.isnan(steps) else steps


def _holes(day: DaySummary) -> tuple[Block, ...]:
    holes = []
    hours = zip(day.hourly_steps, _hour_edges(day), strict=True)
    for known, run in groupby(hours, key=lambda hour: _known(hour[0])):
        if not known:
            edges = [edge for _, edge in run]
            x, width = edges[0][0], edges[-1][1] - edges[0][0]
            label, wide = _words("no data", width)
            holes.append(Block(x, width, BARS_BASE, 0, Kind.UNRECORDED, label, wide))
    return tuple(holes)


def hour_ticks(day: DaySummary) -> tuple[Tick, ...]:
    """Return a tick at every third hour of the wall clock; a clock hour that comes twice is named once."""
    ticks: list[Tick] = []
    named: set[str] = set()
    for elapsed in range(0, day.length_minutes, 60):
        label = clock(day.start_ns + elapsed * 60_000_000_000, day.zone)
        hour = int(label[:2])
        if hour % 3 or label in named:
            continue
        named.add(label)
        ticks.append(Tick(100 * elapsed / day.length_minutes, label, bool(hour % 6), "middle" if elapsed else "start"))
    return (*ticks, Tick(100.0, "24:00", wide=False, anchor="end"))


def _legend(day: DaySummary, spans: tuple[Span, ...]) -> tuple[LegendRow, ...]:
    return legend_rows(day.minutes, day.quality.unknown_minutes, day.quality.missing_minutes, spans)


def legend_rows(
    minutes: Mapping[Activity, float], unknown: float, missing: float, spans: tuple[Span, ...]
) -> tuple[LegendRow, ...]:
    """Return a row for each kind that is there; what summaries count in minutes is taken from them."""
    lasted = {Kind(activity.value): counted for activity, counted in minutes.items()}
    lasted[Kind.UNKNOWN] = unknown
    lasted[Kind.UNWORN] = minutes_of(spans, Kind.UNWORN)
    lasted[Kind.UNRECORDED] = missing
    return tuple(LegendRow(kind, NAME[kind], lasted[kind]) for kind in NAME if lasted.get(kind, 0) > 0)


def _hours(day: DaySummary) -> tuple[HourRow, ...]:
    rows = []
    for hour, steps in enumerate(day.hourly_steps):
        start_ns = day.start_ns + hour * 3_600_000_000_000
        stop_ns = day.start_ns + min(60 * (hour + 1), day.length_minutes) * 60_000_000_000
        stop = clock(stop_ns, day.zone) if hour + 1 < len(day.hourly_steps) else "24:00"
        said = "no data" if steps is None or math.isnan(steps) else count(steps)
        rows.append(HourRow(clock(start_ns, day.zone), stop, said))
    return tuple(rows)


def _description(day: DaySummary, legend: tuple[LegendRow, ...]) -> str:
    lasted = "; ".join(f"{row.name.lower()} {duration(row.minutes)}" for row in legend) or "nothing recorded"
    known = [(steps, row) for steps, row in zip(day.hourly_steps, _hours(day), strict=True) if _known(steps)]
    if not known:
        return f"{lasted}. Steps: no data."
    best = max(known, key=lambda pair: _sortable(pair[0]))[1]
    silent = plural(len(day.hourly_steps) - len(known), "hour")
    return f"{lasted}. Most steps in one hour: {best.steps}, {best.start} to {best.stop}. {silent} without data."
