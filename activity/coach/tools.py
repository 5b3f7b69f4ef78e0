"""The three tools: when to wind down for the night, a practice step by step, and a goal put into words."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final

from activity.coach.tool_content import GOAL_QUESTIONS, GoalTool, MindfulnessTool, Practice, SleepTool
from activity.errors import AnswerError

#: A line of a goal; more is a diary, and won't fit on a card.
MOST_CHARACTERS: Final = 140


@dataclass(frozen=True, slots=True)
class SleepPlan:
    """The times of a night, as a clock on the wall shows them, and what helps."""

    get_up: time
    hours: float
    bed: time
    reminder: time  #: when to start winding down
    text: str
    habits: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TimedStep:
    """One step of a practice."""

    start_s: int  #: from the start of the practice
    seconds: int
    text: str


@dataclass(frozen=True, slots=True)
class GoalPlan:
    """A goal with an if-then plan, as the person put it."""

    text: str
    until: date
    sure: int  #: how sure the person is of doing it, 0 to 10
    advice: str  #: empty when the person is sure enough
    answers: Mapping[str, str]


def sleep_plan(tool: SleepTool, get_up: time, hours: float | None = None) -> SleepPlan:
    """Return when to go to bed and when to wind down; ``AnswerError`` for a night that is too short or too long.

    Times are those of a clock on the wall, so a night in which the clocks change is an hour longer or shorter.
    """
    wanted = tool.usual_hours if hours is None else hours
    if not tool.least_hours <= wanted <= tool.most_hours:
        raise AnswerError(f"{wanted:g} hours in bed", "sleep", f"{tool.least_hours:g} to {tool.most_hours:g} hours")
    bed = _earlier(get_up, timedelta(hours=wanted))
    reminder = _earlier(bed, timedelta(minutes=tool.wind_down_minutes))
    times = {"get_up": get_up, "bed": bed, "reminder": reminder}
    text = tool.summary.format(hours=f"{wanted:g}", **{name: f"{value:%H:%M}" for name, value in times.items()})
    return SleepPlan(get_up, wanted, bed, reminder, text, tuple(habit.text for habit in tool.habit))


def practice_of(tool: MindfulnessTool, minutes: int) -> Practice:
    """Return the practice of that length; ``AnswerError`` names the lengths that there are."""
    for practice in tool.practice:
        if practice.minutes == minutes:
            return practice
    lengths = ", ".join(str(practice.minutes) for practice in tool.practice)
    raise AnswerError(f"no practice of {minutes} minutes", "mindfulness", f"one of {lengths} minutes")


def timed_steps(practice: Practice) -> Iterator[TimedStep]:
    """Yield the steps of a practice, each with when it starts."""
    start = 0
    for step in practice.steps:
        yield TimedStep(start, step.seconds, step.text)
        start += step.seconds


def goal_plan(tool: GoalTool, answers: Mapping[str, str], *, sure: int, today: date, until: date | None) -> GoalPlan:
    """Return a goal put into words.

    Parameters
    ----------
    answers
        One line for each of ``GOAL_QUESTIONS``.
    sure
        How sure the person is of doing it, 0 to 10.
    until
        Last day of trying it; None for the usual length.

    Raises
    ------
    AnswerError
        A line that is missing, empty or too long; a day or a number that is out of range.
    """
    if strangers := sorted(set(answers) - set(GOAL_QUESTIONS)):
        raise AnswerError(f"{strangers[0]!r} isn't asked for", "goal", f"answers to {', '.join(GOAL_QUESTIONS)}")
    lines = {name: goal_line(name, answers.get(name, "")) for name in GOAL_QUESTIONS}
    if not 0 <= sure <= 10:
        raise AnswerError(f"{sure}", "goal, how sure you are", "a whole number from 0 to 10")
    last = until or today + timedelta(days=tool.default_days)
    if not tool.least_days <= (last - today).days <= tool.most_days:
        first, end = (today + timedelta(days=days) for days in (tool.least_days, tool.most_days))
        raise AnswerError(f"{last}", "goal, until", f"a day from {first} to {end}")
    text = tool.text.format(**lines, until=f"{last.day} {last:%B %Y}")
    return GoalPlan(text, last, sure, "" if sure >= tool.sure_at_least else tool.unsure, lines)


def goal_line(name: str, typed: str) -> str:
    """Return one line of a goal without stray space and full stop; ``AnswerError`` if nothing or too much is left."""
    line = " ".join(typed.split()).rstrip(" .!,;")
    if not line or not line.isprintable() or len(line) > MOST_CHARACTERS:
        shown = line if len(line) <= 30 else line[:27] + "..."
        raise AnswerError(repr(shown), f"goal, {name}", f"one line of 1 to {MOST_CHARACTERS} characters")
    return line


def _earlier(clock: time, by: timedelta) -> time:
    return (datetime.combine(date(2000, 1, 2), clock) - by).time()
