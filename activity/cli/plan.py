"""``selfback plan``: the plan of a week, made from what is kept of somebody and the days of their recordings."""

import hashlib
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from activity.cli import console
from activity.cli.storing import day_of, opened, store_option, who_option
from activity.cli.wearing import later_days, names_of_band, say_days

if TYPE_CHECKING:
    from activity.coach.cases.base import CaseBase
    from activity.coach.plan import WeeklyPlan
    from activity.day.summary import DaySummary
    from activity.store.engine import Store
    from activity.store.participants import Participant


@click.command(
    short_help="Make the plan of a week for a participant, and keep it.",
    epilog="The same answers, days and content give the same plan. Exit code 7: a warning sign; there is no plan, and "
    "the help card is shown.",
)
@click.argument("id_", metavar="[ID]", required=False)
@store_option
@who_option
@click.option("--results", type=click.Path(path_type=Path), default=None, help="Folder that `selfback process` wrote.")
@click.option("--recording", "recordings", multiple=True, help="Name of a recording of theirs in it; may come again.")
@click.option(
    "--band", default=None, metavar="SERIAL", help="Instead of ID: whoever wears the band, with its days since then."
)
@click.option("--start", default=None, help="First day of the week.  [default: today]")
@click.option(
    "--cases",
    default=None,
    metavar="FILE|made-up",
    help="Weeks of other people to learn from: a file with a case a line, or `made-up` for the shipped ones, which "
    "nobody lived.  [default: none; rules decide alone]",
)
@click.option("--why", is_flag=True, help="Say of each item which answers and whose weeks are behind it.")
@click.option("--dry-run", is_flag=True, help="Make the plan and show it; keep nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print the plan as a JSON document.")
def command(
    id_: str | None, *, store: str | None, who: str, results: Path | None, recordings: tuple[str, ...],
    band: str | None, start: str | None, cases: str | None, why: bool, dry_run: bool, as_json: bool,
) -> None:  # fmt: skip
    """Make the plan of a week from a participant's answers, last plan and days, show it, and keep it as shown."""
    from activity.coach.plan_document import plan_to_document
    from activity.store.participants import participant

    if (id_ is None) == (band is None):
        raise click.UsageError("ID or --band, one of them")
    if recordings and (results is None or band):
        raise click.UsageError("--recording is of a folder of --results, and not for --band, which finds its own")
    base = _case_base(cases) if cases else None
    with opened(store) as kept:
        if band is not None:
            if results is None:
                raise click.UsageError("--band finds its days in --results")
            one, days = wearer_and_days(kept, band, results)
        else:
            with kept.reading() as connection:
                one = participant(connection, id_ or "")
            days = _days(results, recordings) if results else ()
        plan = make_week(kept, one, days, who=who, start=start, base=base, dry_run=dry_run)
    if as_json:
        console.emit_json(plan_to_document(plan))
    else:
        show_plan(plan, why=why)


def wearer_and_days(kept: "Store", band: str, results: Path) -> "tuple[Participant, tuple[DaySummary, ...]]":
    """Return who wears a band, and the days of it since they have it; `BandUnassignedError` where nobody does."""
    from activity.store.bands import checked_serial, wearer

    with kept.reading() as connection:
        found = wearer(connection, band)
    names = names_of_band(results, checked_serial(band))
    days = later_days(_days(results, names) if names else (), found.since)
    say_days(len(days), band, found.since)
    return found.participant, days


def make_week(
    kept: "Store", one: "Participant", days: "tuple[DaySummary, ...]", *, who: str, start: str | None = None,
    base: "CaseBase | None" = None, dry_run: bool = False,
) -> "WeeklyPlan":  # fmt: skip
    """Make somebody's plan from what is kept of them and their days, and keep it as it will be shown."""
    from activity.coach.cases.reuse import CaseAdvisor
    from activity.coach.content import load_content
    from activity.coach.plan_document import plan_to_document
    from activity.coach.week import make_plan
    from activity.store.history import history
    from activity.store.participants import keep_plan
    from activity.store.writing import writing

    first = day_of(start, one, "--start")
    with kept.reading() as connection:
        known = history(connection, one, first)
    plan = make_plan(
        known.profile, known.checkin, days, content=load_content(), start=first, seed=_seed(one.id, first),
        previous=known.previous, previous_checkin=known.previous_checkin, message_history=known.messages,
        message_feedback=known.feedback, plan_history=known.plans,
        advisor=CaseAdvisor(base, one.id) if base else None,
    )  # fmt: skip
    if not dry_run:
        with writing(kept, who, "plan") as write:
            keep_plan(write, one, plan_to_document(plan))
    return plan


def show_plan(plan: "WeeklyPlan", *, why: bool = False) -> None:
    """Print a plan, and where asked why it is so."""
    from activity.report.text import explanation_lines, plan_lines

    lines = plan_lines(plan, plan.messages[0])
    console.emit("\n".join([*lines, "", *explanation_lines(plan)] if why else lines))


def _case_base(cases: str) -> "CaseBase":
    """Return the cases of a file in columns; what could not be read of it is said and left out."""
    from activity.coach.cases.base import case_base
    from activity.coach.cases.document import made_up, read_cases
    from activity.coach.cases.settings import load_settings

    found = made_up() if cases == "made-up" else read_cases(Path(cases))
    for fault in found.faults:
        console.note(f"left out: {fault}")
    return case_base(found.cases, load_settings())


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
