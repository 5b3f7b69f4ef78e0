"""Small charts of the pages as SVG without a style of their own: classes are coloured by the style sheet."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Final

from activity.report.wording import count, short_date

_WIDTH: Final = 560
_HEIGHT: Final = 150
_TOP: Final = 16  # room for the label of the goal
_FOOT: Final = 20  # room for the dates
_LEFT: Final = 26
_GUTTER: Final = 58  # for the goal, beside the bars
_LEAST_STEPS: Final = 4000  # so that a few steps don't fill the chart


def bars(
    today: date, number: int, days: Mapping[date, tuple[int | None, bool]], goal: int | None
) -> str:  # fmt: skip
    """Return the steps of the last days against a goal; days that can't be judged are grey, unknown ones a dot."""
    most = max([_LEAST_STEPS, goal or 0, *(steps or 0 for steps, _ in days.values())])
    plot = _HEIGHT - _TOP - _FOOT
    slot = (_WIDTH - _GUTTER) / number
    parts, known = [], 0
    for at in range(number):
        day = today - timedelta(days=number - 1 - at)
        steps, judged = days.get(day, (None, False))
        left, wide = _GUTTER + at * slot + slot * 0.14, slot * 0.72
        if steps is None:
            parts.append(f'<circle class="absent" cx="{left + wide / 2:.1f}" cy="{_TOP + plot - 3:.1f}" r="1.6"/>')
        else:
            known += judged
            high = max(2.0, plot * steps / most)
            kind = "unsure" if not judged else "met" if goal is not None and steps >= goal else "part"
            parts.append(
                f'<rect class="{kind}" x="{left:.1f}" y="{_TOP + plot - high:.1f}" width="{wide:.1f}" '
                f'height="{high:.1f}" rx="2"/>'
            )
        if (number - 1 - at) % 7 == 0:
            parts.append(f'<text x="{left + wide:.1f}" y="{_HEIGHT - 5}" text-anchor="end">{short_date(day)}</text>')
    if goal is not None:
        high = _TOP + plot - plot * goal / most
        parts.append(f'<path class="goal-line" d="M{_GUTTER} {high:.1f}H{_WIDTH}"/>')
        parts.append(
            f'<text x="0" y="{high - 3:.1f}">goal now</text><text x="0" y="{high + 11:.1f}">{count(goal)}</text>'
        )
    words = f"Steps of the last {number} days, {known} of them with enough wear to judge."
    return _svg(words, parts)


def line(points: Sequence[tuple[date, int]], today: date, title: str) -> str:
    """Return answers from 0 to 10 over the last twelve weeks as a line; empty where there is none."""
    first = today - timedelta(days=84)
    shown = [(day, value) for day, value in points if day >= first]
    if not shown:
        return ""
    plot = _HEIGHT - _TOP - _FOOT

    def at(day: date, value: int) -> str:
        along = _LEFT + (_WIDTH - _LEFT - 12) * (day - first).days / 84
        return f"{along:.1f} {_TOP + plot * (10 - value) / 10:.1f}"

    grid = [
        f'<path class="grid" d="M{_LEFT} {_TOP + plot * (10 - value) / 10:.1f}H{_WIDTH}"/>'
        f'<text x="{_LEFT - 6}" y="{_TOP + plot * (10 - value) / 10 + 4:.1f}" text-anchor="end">{value}</text>'
        for value in (0, 5, 10)
    ]
    dots = []
    for day, value in shown:
        along, down = at(day, value).split()
        dots.append(f'<circle class="point" cx="{along}" cy="{down}" r="3.5"/>')
    path = f'<path class="line" d="M{"L".join(at(day, value) for day, value in shown)}"/>'
    ends = [f'<text x="{_LEFT}" y="{_HEIGHT - 5}">{short_date(first)}</text>',
            f'<text x="{_WIDTH}" y="{_HEIGHT - 5}" text-anchor="end">{short_date(today)}</text>']  # fmt: skip
    return _svg(f"{title}: {shown[0][1]} at first, {shown[-1][1]} last, of 10.", [*grid, path, *dots, *ends])


def _svg(words: str, parts: Sequence[str]) -> str:
    return f'<svg class="chart" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{words}">{"".join(parts)}</svg>'
