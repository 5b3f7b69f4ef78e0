"""``selfback plan``: the plan of a week, made from what is kept of somebody and the days of their recordings."""

import hashlib
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from activity.cli import console
from activity.cli.storing import day_of, opened, store_option, who_option

if TYPE_CHECKING:
    from activity.day.summary import DaySummary


@click.command(
    short_help="Make the plan of a week for a participant, and keep it.",
    epilog="The same answers, days and content give the same plan. Exit code 7: a warning sign; there is no plan, and "
    "the help card is shown.",
)
@click.argument("id_", metavar="ID")
@store_option
@who_option
@click.option("--results", type=click.Path(path_type=Path), default=None, help="Folder that `selfback process` wrote.")
@click.option("--recording", "recordings", multiple=True, help="Name of a recording of theirs in it; may come again.")
@click.option("--start", default=None, help="First day of the week.  [default: today]")
@click.option("--why", is_flag=True, help="Say of each item which answers and whose weeks are behind it.")
@click.option("--dry-run", is_flag=True, help="Make the plan and show it; keep nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print the plan as a JSON document.")
def command(
    id_: str, *, store: str | None, who: str, results: Path | None, recordings: tuple[str, ...], start: str | None,
    why: bool, dry_run: bool, as_json: bool,
) -> None:  # fmt: skip
    """Make the plan of a week from a participant's answers, last plan and days, show it, and keep it as shown."""
    from activity.coach.content import load_content
    from activity.coach.plan_document import plan_to_document
    from activity.coach.week import make_plan
    from activity.report.text import explanation_lines, plan_lines
    from activity.store.history import history
    from activity.store.participants import keep_plan, participant
    from activity.store.writing import writing

    if recordings and results is None:
        raise click.UsageError("--recording is of a folder of --results")
    days = _days(results, recordings) if results else ()
    with opened(store) as kept:
        with kept.reading() as connection:
            one = participant(connection, id_)
            first = day_of(start, one, "--start")
            known = history(connection, one, first)
        plan = make_plan(
            known.profile, known.checkin, days, content=load_content(), start=first, seed=_seed(one.id, first),
            previous=known.previous, previous_checkin=known.previous_checkin, message_history=known.messages,
            plan_history=known.plans,
        )  # fmt: skip
        document = plan_to_document(plan)
        if not dry_run:
            with writing(kept, who, "plan") as write:
                keep_plan(write, one, document)
    if as_json:
        console.emit_json(document)
    else:
        lines = plan_lines(plan, plan.messages[0])
        console.emit("\n".join([*lines, "", *explanation_lines(plan)] if why else lines))


def _seed(key: str, first: date) -> int:
    """Return the seed of somebody's week: draws differ between people and weeks, and are the same when made again."""
    return int(hashlib.sha256(f"{key}/{first}".encode()).hexdigest()[:8], 16)


def _days(results: Path, recordings: tuple[str, ...]) -> "tuple[DaySummary, ...]":
    """Return the days of recordings in order; of a day that two hold, the one with more wear."""
    from activity.reprocess.results import days_of, infos_named

    best: dict[date, DaySummary] = {}
    for name in infos_named(results, recordings):
        for day in days_of(results, name):
            if day.date not in best or day.wear_minutes > best[day.date].wear_minutes:
                best[day.date] = day
    return tuple(best[key] for key in sorted(best))
