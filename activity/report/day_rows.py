"""Geometry of a day in one row: the strip of activities over the steps of each minute, on one axis.

Across in percent of the width, down in pixels, as the large chart of a day; the scale of steps is the same in all rows.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from activity.day.calendar import NS_PER_MINUTE
from activity.day.intensity import CUT_POINTS
from activity.day.summary import DaySummary
from activity.report.charts import Block, Tick, hour_ticks, strip_blocks, strip_paths
from activity.report.strip import Kind, Span
from activity.report.wording import count, duration, long_date, short_date

STRIP_TOP: Final = 2
STRIP_HEIGHT: Final = 34
STEPS_TOP: Final = STRIP_TOP + STRIP_HEIGHT + 8
STEPS_HEIGHT: Final = 46
STEPS_BASE: Final = STEPS_TOP + STEPS_HEIGHT
AXIS_Y: Final = STEPS_BASE + 16
ROW_HEIGHT: Final = AXIS_Y + 4
#: At least so many steps a minute fit, so that quick walking stands alike high on quiet and on lively weeks.
_TOP_SPM: Final = 130.0
#: From here on a minute is moderate (the first of the cut-points).
MODERATE_SPM: Final = CUT_POINTS[0].least


@dataclass(frozen=True, slots=True)
class DayRow:
    """Everything that the template draws of one day, and the words that say the same."""

    id: str
    date: str
    said: str  #: the figures of the day in a line
    length_s: int
    length_minutes: int
    paths: tuple[tuple[Kind, str], ...]
    blocks: tuple[Block, ...]
    steps: str  #: SVG path: a line a minute with steps, x in minutes, y in 0..STEPS_HEIGHT
    moderate_y: float
    holes: tuple[Block, ...]  #: stretches without worn time, on the base line of the steps
    ticks: tuple[Tick, ...]
    title: str
    description: str


def day_row(
    day: DaySummary, spans: tuple[Span, ...], step_times_ns: NDArray[np.int64], *, top_spm: float, said: str
) -> DayRow:
    """Return the row of one local day; ``top_spm`` reaches to the top of the steps."""
    length_s = day.length_minutes * 60
    spm = minute_steps(day, step_times_ns)
    return DayRow(
        id=day.date.isoformat(),
        date=long_date(day.date),
        said=said,
        length_s=length_s,
        length_minutes=day.length_minutes,
        paths=strip_paths(spans, STRIP_HEIGHT),
        blocks=tuple(strip_blocks(spans, length_s, STRIP_TOP + STRIP_HEIGHT, STRIP_HEIGHT)),
        steps=_lines(spm, top_spm),
        moderate_y=STEPS_BASE - STEPS_HEIGHT * MODERATE_SPM / top_spm,
        holes=tuple(_hole(span, length_s) for span in spans if span.kind in {Kind.UNWORN, Kind.UNRECORDED}),
        ticks=hour_ticks(day),
        title=f"Activities and steps a minute on {short_date(day.date)}",
        description=_description(day, spm),
    )


def minute_steps(day: DaySummary, step_times_ns: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the steps of each minute of a local day, counted from its midnight as time passed."""
    place = (step_times_ns - day.start_ns) // NS_PER_MINUTE
    inside = (place >= 0) & (place < day.length_minutes)
    return np.bincount(place[inside], minlength=day.length_minutes)


def top_of(days: tuple[DaySummary, ...]) -> float:
    """Return the scale that fits all days."""
    return max([_TOP_SPM, *(day.peak_1min_spm or 0.0 for day in days)])


def _lines(spm: NDArray[np.int64], top_spm: float) -> str:
    heights = np.minimum(spm / top_spm, 1.0) * STEPS_HEIGHT
    return "".join(f"M{at}.5 {STEPS_HEIGHT}v-{heights[at]:.1f}" for at in np.flatnonzero(spm).tolist())


def _hole(span: Span, length_s: int) -> Block:
    x, width = 100 * span.start_s / length_s, 100 * span.duration_s / length_s
    return Block(x, width, STEPS_BASE, 0, span.kind, "", wide=False)


def _description(day: DaySummary, spm: NDArray[np.int64]) -> str:
    if day.steps is None:
        return "No steps are known of this day."
    stepping = int((spm > 0).sum())
    lasted = "; ".join(
        f"{activity.value} {duration(minutes)}" for activity, minutes in day.minutes.items() if minutes >= 0.5
    )
    return (
        f"{lasted or 'no activity known'}. {count(day.steps)} steps in {stepping} minutes, at most {spm.max()} in one."
    )
