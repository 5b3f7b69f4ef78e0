"""Pacing: days of doing much too much that are followed by days of doing much too little, and what helps.

Such swings are known as boom and bust. They are looked for among judged days only: a day without the band is neither.
Being busy once is no swing, and nothing here lowers or raises a goal: it is advice.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from statistics import median

from activity.coach.plan import Reason
from activity.coach.rules import PacingSpread, Rules, explain
from activity.day.summary import DaySummary


@dataclass(frozen=True, slots=True)
class Swing:
    """A day much above the usual one, and the days much below it that came after."""

    busy: date
    quiet: tuple[date, ...]
    crowded: bool  #: whether most of the busy day's steps came within a few hours


@dataclass(frozen=True, slots=True)
class Pacing:
    """How evenly somebody moved."""

    usual_steps: float | None  #: median of the window; None where too few days could be judged
    swings: tuple[Swing, ...]
    advice: tuple[Reason, ...]  #: nothing unless swings came often enough


def pacing_of(days: Sequence[DaySummary], start: date, goal_steps: int, rules: Rules) -> Pacing:
    """Return the swings of the days before ``start`` and advice on them; ``days`` are judged ones, one a date.

    Design default after Hasenbring and Verbunt 2010 and Andrews et al. 2012, see the rule ``pacing``: busy is from
    180 % of the median day, quiet up to 60 % of it, within two days after.
    """
    rule = rules.pacing
    first = start - timedelta(days=rule.window_days)
    window = {day.date: day for day in days if first <= day.date < start and day.steps is not None}
    steps = {when: day.steps for when, day in window.items() if day.steps is not None}
    if len(window) < rule.needed_days:
        return Pacing(None, (), ())
    usual = float(median(steps.values()))
    busy = sorted(when for when, count in steps.items() if usual > 0.0 and 100 * count >= rule.boom_percent * usual)
    swings = []
    for when in busy:
        quiet = []
        for after in range(1, rule.within_days + 1):
            other = when + timedelta(days=after)
            if other in busy:
                break  # the quiet days belong to the last of some busy ones
            if other in steps and 100 * steps[other] <= rule.bust_percent * usual:
                quiet.append(other)
        if quiet:
            swings.append(Swing(when, tuple(quiet), is_crowded(window[when], rules.pacing_spread)))
    return Pacing(usual, tuple(swings), _advice(swings, goal_steps, rules))


def is_crowded(day: DaySummary, rule: PacingSpread) -> bool:
    """Return whether more than a share of a day's steps came within a few hours in a row; False if that isn't known."""
    if sum(hour is not None for hour in day.hourly_steps) < rule.needed_hours:
        return False
    hours = [hour or 0.0 for hour in day.hourly_steps]
    most = max(sum(hours[at : at + rule.hours]) for at in range(len(hours)))
    return 100.0 * most > rule.share_percent * sum(hours)


def _advice(swings: list[Swing], goal_steps: int, rules: Rules) -> tuple[Reason, ...]:
    if len(swings) < rules.pacing.swings:
        return ()
    unit = rules.goal_caps.round_to
    most = goal_steps * rules.pacing_smooth.most_percent // 100 // unit * unit
    advice = [
        explain(rules.pacing, count=len(swings)),
        explain(rules.pacing_smooth, goal=goal_steps, most=most),
        explain(rules.pacing_easy_day),
    ]
    if any(swing.crowded for swing in swings):
        advice.append(explain(rules.pacing_spread))
    return tuple(advice)
