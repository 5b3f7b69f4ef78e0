"""The flow of a trial as a drawing: boxes and arrows in one SVG without scripts, styles or links.

What it shows stands in it as text, too, for people who don't see it.
"""

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final
from xml.sax.saxutils import escape

from activity.report.palette import LIGHT
from activity.trial.consort import ArmFlow, Flow, arm_lines, flow_text

_SIZE: Final = 14  #: of letters, in units of the drawing
_LINE: Final = 20
_LETTER: Final = 7.6  #: a bit more than the mean of letters in common sans-serif fonts at that size
_PAD: Final = 12
_GAP: Final = 36  #: between boxes, with room for an arrow
_MARGIN: Final = 20
_STAGE: Final = 96  #: width of the names of stages on the left
_BOX: Final = 380
_HEAD: Final = 7  #: half of an arrow's head


@dataclass(frozen=True, slots=True)
class _Box:
    """A box with its lines; the first stands out."""

    left: float
    top: float
    width: float
    lines: tuple[str, ...]

    @property
    def height(self) -> float:
        return len(self.lines) * _LINE + 2 * _PAD

    @property
    def bottom(self) -> float:
        return self.top + self.height

    @property
    def middle(self) -> float:
        return self.left + self.width / 2


def flow_diagram(found: Flow) -> str:
    """Return the SVG of the counts of a trial."""
    columns = max(len(found.arms), 2)
    width = 2 * _MARGIN + _STAGE + columns * _BOX + (columns - 1) * _GAP
    centre = _MARGIN + _STAGE + (width - 2 * _MARGIN - _STAGE) / 2
    marks: list[str] = []
    randomised = _enrolment(found, centre, width, marks)
    rows = _arms(found, randomised, marks)
    height = max(box.bottom for box in rows[-1]) + _MARGIN
    for name, box in zip(("Allocation", "Follow-up", "Analysis"), (row[0] for row in rows), strict=True):
        marks.append(_stage(name, box))
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" role="img" '
        f'aria-labelledby="flow-title flow-desc" font-family="system-ui, sans-serif" font-size="{_SIZE}">'
    )
    said = (
        f'<title id="flow-title">{escape("Flow of participants: " + found.title)}</title>'
        f'<desc id="flow-desc">{escape(flow_text(found))}</desc>'
    )
    paper = f'<rect width="{width:.0f}" height="{height:.0f}" fill="{LIGHT.card}"/>'
    return "\n".join((head, said, paper, *marks, "</svg>")) + "\n"


def _enrolment(found: Flow, centre: float, width: float, marks: list[str]) -> _Box:
    """Draw who was assessed, excluded and randomised; return the last box."""
    half = _BOX / 2
    assessed = _box(centre - half - _GAP / 2, _MARGIN, _BOX, [f"Assessed for eligibility: {found.assessed}"])
    left = assessed.middle + _GAP
    said = [f"Excluded: {found.excluded_people}", *(f"{text}: {number}" for text, number in found.excluded)]
    if found.waiting:
        said.append(f"Beside them, not yet randomised: {found.waiting}")
    excluded = _box(left, assessed.bottom + _GAP / 2, width - _MARGIN - left, said)
    randomised = _box(assessed.left, excluded.bottom + _GAP / 2, _BOX, [f"Randomised: {found.randomised}"])
    middle = excluded.top + excluded.height / 2
    marks += [
        _arrow((assessed.middle, assessed.bottom), (randomised.middle, randomised.top)),
        _arrow((assessed.middle, middle), (excluded.left, middle)),
        *(_drawn(box) for box in (assessed, excluded, randomised)),
        _stage("Enrolment", assessed),
    ]
    return randomised


def _arms(found: Flow, randomised: _Box, marks: list[str]) -> list[list[_Box]]:
    """Draw the three stages of every arm; return the boxes by stage."""
    stages = [_stage_lines(arm, found.primary) for arm in found.arms]
    rows: list[list[_Box]] = []
    top = randomised.bottom + 1.5 * _GAP
    for stage in range(3):
        row = [
            _box(_MARGIN + _STAGE + column * (_BOX + _GAP), top, _BOX, said[stage])
            for column, said in enumerate(stages)
        ]
        rows.append(row)
        top = max(box.bottom for box in row) + _GAP
    turn = randomised.bottom + 0.75 * _GAP
    marks.append(_line((randomised.middle, randomised.bottom), (randomised.middle, turn)))
    marks.append(_line((rows[0][0].middle, turn), (rows[0][-1].middle, turn)))
    for above, below in pairwise(rows):
        ends = zip(above, below, strict=True)
        marks += [_arrow((one.middle, one.bottom), (other.middle, other.top)) for one, other in ends]
    marks += [_arrow((box.middle, turn), (box.middle, box.top)) for box in rows[0]]
    marks += [_drawn(box) for row in rows for box in row]
    return rows


def _stage_lines(arm: ArmFlow, primary: str) -> tuple[list[str], ...]:
    allocated, follow_up, analysed = arm_lines(arm, primary)
    return [arm.title, *allocated], ["Primary outcome at each visit", *follow_up], ["Primary analysis", *analysed]


def _box(left: float, top: float, width: float, said: Sequence[str]) -> _Box:
    letters = int((width - 2 * _PAD) / _LETTER)
    lines = [line for text in said for line in textwrap.wrap(text, letters, subsequent_indent="  ")]
    return _Box(left, top, width, tuple(lines))


def _drawn(box: _Box) -> str:
    rect = (
        f'<rect x="{box.left:.1f}" y="{box.top:.1f}" width="{box.width:.1f}" height="{box.height:.1f}" rx="6" '
        f'fill="{LIGHT.paper}" stroke="{LIGHT.muted}"/>'
    )
    return rect + "".join(_text(box, number, line) for number, line in enumerate(box.lines))


def _text(box: _Box, number: int, line: str) -> str:
    x = box.left + _PAD + (len(line) - len(line.lstrip())) * _LETTER
    y = box.top + _PAD + (number + 0.72) * _LINE
    weight = ' font-weight="600"' if number == 0 else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" fill="{LIGHT.ink}"{weight}>{escape(line.strip())}</text>'


def _stage(name: str, box: _Box) -> str:
    y = box.top + _PAD + 0.72 * _LINE
    return f'<text x="{_MARGIN}" y="{y:.1f}" fill="{LIGHT.accent}" font-weight="600">{name}</text>'


def _line(start: tuple[float, float], end: tuple[float, float]) -> str:
    (a, b), (c, d) = start, end
    return f'<path d="M{a:.1f} {b:.1f}L{c:.1f} {d:.1f}" stroke="{LIGHT.muted}" stroke-width="1.5" fill="none"/>'


def _arrow(start: tuple[float, float], end: tuple[float, float]) -> str:
    """Return a line with a head, straight down or to the right."""
    x, y = end
    down = start[0] == x
    back = (x, y - _HEAD) if down else (x - _HEAD, y)
    sides = ((-_HEAD / 2, 0.0), (_HEAD / 2, 0.0)) if down else ((0.0, -_HEAD / 2), (0.0, _HEAD / 2))
    corners = "".join(f"L{back[0] + dx:.1f} {back[1] + dy:.1f}" for dx, dy in sides)
    return _line(start, back) + f'<path d="M{x:.1f} {y:.1f}{corners}Z" fill="{LIGHT.muted}"/>'
