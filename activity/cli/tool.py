"""``selfback tool``: the sleep, mindfulness and goal tools, walked through on a terminal or from a pipe."""

import sys
import time
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from activity.cli import console
from activity.cli.storing import day_of, opened, store_option, who_option

if TYPE_CHECKING:
    from activity.coach.tool_content import GoalTool

_Value = TypeVar("_Value")


@click.group(short_help="Work out bedtime, practise mindfulness, or set a goal.")
def command() -> None:
    """Work out when to wind down for the night, practise mindfulness step by step, or put a goal into words."""


def participant_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add ``--participant`` to a command that can keep what it made."""
    return click.option("--participant", "id_", default=None, metavar="ID", help="Keep the result for a participant.")(
        command
    )


@command.command(short_help="Work out when to go to bed and when to wind down.")
@click.option("--get-up", default=None, metavar="HH:MM", help="When to get up; asked for if it isn't given.")
@click.option("--hours", type=float, default=None, help="Hours in bed.  [default: the tool's usual night]")
@participant_option
@store_option
@who_option
@click.option("--json", "as_json", is_flag=True, help="Print a JSON document.")
def sleep(
    *, get_up: str | None, hours: float | None, id_: str | None, store: str | None, who: str, as_json: bool
) -> None:
    """Work out from the time to get up when to go to bed and when to start winding down; list what helps sleep."""
    from activity.coach.tool_content import load_tools
    from activity.coach.tools import sleep_plan

    tool = load_tools().sleep
    if get_up is None:
        console.note(f"{tool.title}\n{tool.intro}\n")
        clock = _asked("When do you want to get up? HH:MM", _clock)
    else:
        clock = _clock(get_up)
    plan = sleep_plan(tool, clock, hours)
    document = {
        "get_up": f"{plan.get_up:%H:%M}", "hours": plan.hours, "bed": f"{plan.bed:%H:%M}",
        "reminder": f"{plan.reminder:%H:%M}", "text": plan.text, "habits": list(plan.habits),
    }  # fmt: skip
    _kept("tool-sleep", document, id_, store, who)
    if as_json:
        console.emit_json(document)
    else:
        console.emit("\n".join([plan.text, "", *(f"- {habit}" for habit in plan.habits)]))


@command.command(short_help="Go through a mindfulness practice step by step.")
@click.option("--minutes", type=int, default=3, help="Length of the practice: 1, 3 or 10.")
@click.option("--pace/--no-pace", default=None, help="Show each step when its time comes.  [default: on a terminal]")
@click.option("--json", "as_json", is_flag=True, help="Print the whole practice as a JSON document, at once.")
def mindfulness(*, minutes: int, pace: bool | None, as_json: bool) -> None:
    """Go through a scripted practice: each step at its time on a terminal, all of them with their times in a pipe."""
    from activity.coach.tool_content import load_tools
    from activity.coach.tools import practice_of, timed_steps

    tool = load_tools().mindfulness
    practice = practice_of(tool, minutes)
    steps = tuple(timed_steps(practice))
    if as_json:
        said = [{"start_s": step.start_s, "seconds": step.seconds, "text": step.text} for step in steps]
        console.emit_json({"title": practice.title, "minutes": practice.minutes, "steps": said})
        return
    paced = sys.stdout.isatty() if pace is None else pace
    console.emit(practice.title)
    for step in steps:
        console.emit(f"{step.start_s // 60:2d}:{step.start_s % 60:02d}  {step.text}")
        if paced:
            sys.stdout.flush()
            time.sleep(step.seconds)
    console.emit(f"{practice.minutes:2d}:00  That was it.")


@command.command(short_help="Put a goal into words, with an if-then plan.")
@click.option("--answers", type=click.Path(path_type=Path), default=None, help="TOML or JSON file of the answers.")
@click.option("--today", default=None, help="Day on which the goal is made.  [default: today]")
@participant_option
@store_option
@who_option
@click.option("--json", "as_json", is_flag=True, help="Print a JSON document.")
def goal(
    *, answers: Path | None, today: str | None, id_: str | None, store: str | None, who: str, as_json: bool
) -> None:
    """Ask for what, how much, when and where, why, and what to do if something gets in the way; print the goal.

    A file of answers holds a line for each of these, `sure` from 0 to 10, and `until`, a date that may be left out.
    """
    from activity.coach.tool_content import load_tools
    from activity.coach.tools import goal_plan
    from activity.questionnaires.answers import check_date, read_answers

    tool = load_tools().goal
    made_on = _day(today, "--today") if today else datetime.now(UTC).astimezone().date()
    given: dict[str, Any] = dict(read_answers(answers)) if answers else _walk(tool)
    until = given.pop("until", None)
    plan = goal_plan(
        tool,
        {name: str(value) for name, value in given.items() if name != "sure"},
        sure=_whole(given.get("sure")),
        today=made_on,
        until=None if until in {None, ""} else check_date(until, "goal, until"),
    )
    document = {
        "text": plan.text, "until": plan.until.isoformat(), "sure": plan.sure, "advice": plan.advice,
        "answers": dict(plan.answers),
    }  # fmt: skip
    _kept("tool-goal", document, id_, store, who, day=made_on)
    if as_json:
        console.emit_json(document)
    else:
        console.emit(plan.text)
        if plan.advice:
            console.note(plan.advice)


def _walk(tool: "GoalTool") -> dict[str, object]:
    from activity.coach.tools import goal_line

    console.note(f"{tool.title}\n{tool.intro}\n")
    given: dict[str, object] = {
        question.id: _asked(f"{question.text}\n   e.g. {question.example}\n  ", partial(goal_line, question.id))
        for question in tool.question
    }
    given["sure"] = _asked("How sure are you that you can do it, from 0 to 10?", _whole)
    given["until"] = _asked(
        f"Until when will you try it? A date, or nothing for {tool.default_days} days",
        lambda typed: _day(typed, "until") if typed else None,
    )
    return given


def _asked(prompt: str, understood: Callable[[str], _Value]) -> _Value:
    """Return what was typed as a value; what can't be one is asked again."""
    from activity.errors import AnswerError

    while True:
        typed = str(click.prompt(prompt, default="", show_default=False, err=True)).strip()
        try:
            return understood(typed)
        except (AnswerError, click.BadParameter) as error:
            console.note(f"   {error.message if isinstance(error, click.BadParameter) else error}")


def _clock(typed: str) -> Any:
    try:
        return datetime.strptime(typed, "%H:%M").time()  # noqa: DTZ007 - a clock on a wall has no zone
    except ValueError as error:
        raise click.BadParameter(f"{typed!r} isn't a time such as 06:30", param_hint="--get-up") from error


def _day(typed: str, option: str) -> date:
    try:
        return date.fromisoformat(typed)
    except ValueError as error:
        raise click.BadParameter(f"{typed!r} isn't a date such as 2026-03-02", param_hint=option) from error


def _whole(typed: object) -> int:
    from activity.errors import AnswerError

    try:
        return int(str(typed))
    except ValueError as error:
        raise AnswerError(f"{typed!r}", "goal, how sure you are", "a whole number from 0 to 10") from error


def _kept(
    form: str, document: Mapping[str, Any], id_: str | None, store: str | None, who: str, *, day: date | None = None
) -> None:
    """Keep what a tool made for a participant; nothing where none is named."""
    if id_ is None:
        return
    from activity.coach.tool_content import load_tools
    from activity.store.participants import keep_answers, participant
    from activity.store.writing import writing

    with opened(store) as kept:
        with kept.reading() as connection:
            one = participant(connection, id_)
        with writing(kept, who, form) as write:
            keep_answers(write, one, (form, load_tools().version), day or day_of(None, one, "--today"), document)
