"""``selfback plan``: the plan of a week, made from what is kept of somebody and the days of their recordings."""

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from activity.cli import console
from activity.cli.storing import day_of, opened, store_option, who_option
from activity.cli.wearing import later_days, names_of_band, say_days

if TYPE_CHECKING:
    from activity.coach.cases.base import CaseBase
    from activity.coach.cases.settings import Settings
    from activity.coach.currency import WalkedDay
    from activity.coach.plan import WeeklyPlan
    from activity.day.summary import DaySummary
    from activity.store.engine import Store
    from activity.store.participants import Participant

#: Weeks of the people in the same store.
STORED: Final = "store"


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
    default=STORED,
    metavar="store|none|made-up|FILE",
    show_default=True,
    help="Weeks of other people to learn from: those in the store whose people agreed, none, the shipped ones that "
    "nobody lived, or a file with a case a line.",
)
@click.option("--why", is_flag=True, help="Say of each item which answers and whose weeks are behind it.")
@click.option("--dry-run", is_flag=True, help="Make the plan and show it; keep nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print the plan as a JSON document.")
def command(
    id_: str | None, *, store: str | None, who: str, results: Path | None, recordings: tuple[str, ...],
    band: str | None, start: str | None, cases: str, why: bool, dry_run: bool, as_json: bool,
) -> None:  # fmt: skip
    """Make the plan of a week from a participant's answers, last plan and days, show it, and keep it as shown."""
    from activity.coach.plan_document import plan_to_document
    from activity.store.participants import participant

    if (id_ is None) == (band is None):
        raise click.UsageError("ID or --band, one of them")
    if recordings and (results is None or band):
        raise click.UsageError("--recording is of a folder of --results, and not for --band, which finds its own")
    with opened(store) as kept:
        if band is not None:
            if results is None:
                raise click.UsageError("--band finds its days in --results")
            one, days, walked = wearer_and_days(kept, band, results)
        else:
            with kept.reading() as connection:
                one = participant(connection, id_ or "")
            days, walked = _days_and_walking(results, recordings) if results else ((), ())
        plan = make_week(kept, one, days, who=who, start=start, cases=cases, dry_run=dry_run, walked=walked)
    if as_json:
        console.emit_json(plan_to_document(plan))
    else:
        show_plan(plan, why=why)


def wearer_and_days(
    kept: "Store", band: str, results: Path
) -> "tuple[Participant, tuple[DaySummary, ...], tuple[WalkedDay, ...]]":
    """Return who wears a band, the days of it since they have it, and all its walking.

    `BandUnassignedError` where nobody does.
    """
    from activity.store.bands import checked_serial, wearer

    with kept.reading() as connection:
        found = wearer(connection, band)
    names = names_of_band(results, checked_serial(band))
    days, walked = _days_and_walking(results, names) if names else ((), ())
    days = later_days(days, found.since)
    say_days(len(days), band, found.since)
    return found.participant, days, walked


def make_week(
    kept: "Store", one: "Participant", days: "tuple[DaySummary, ...]", *, who: str, start: str | None = None,
    cases: str = STORED, dry_run: bool = False, walked: "tuple[WalkedDay, ...]" = (),
) -> "WeeklyPlan":  # fmt: skip
    """Make somebody's plan from what is kept of them, their days and the weeks of others, and keep it."""
    from activity.store.week import keep_week, load_coach

    coach, first = load_coach(), day_of(start, one, "--start")
    base = _case_base(kept, cases, coach.settings)
    made = keep_week(kept, one, days, coach, who=who, first=first, base=base, dry_run=dry_run, walked=walked)
    for said in made.notes:
        console.note(said)
    return made.plan


def show_plan(plan: "WeeklyPlan", *, why: bool = False) -> None:
    """Print a plan, and where asked why it is so."""
    from activity.report.text import explanation_lines, plan_lines

    lines = plan_lines(plan, plan.messages[0])
    console.emit("\n".join([*lines, "", *explanation_lines(plan)] if why else lines))


def _case_base(kept: "Store", cases: str, settings: "Settings") -> "CaseBase | None":
    """Return the weeks to learn from; what could not be read of them is said and left out."""
    from activity.coach.cases.base import case_base
    from activity.coach.cases.document import made_up, read_cases
    from activity.store.week import stored_base

    if cases == "none":
        return None
    if cases == STORED:
        base, faults = stored_base(kept, settings)
    else:
        file = made_up() if cases == "made-up" else read_cases(Path(cases))
        base, faults = case_base(file.cases, settings), file.faults
    for fault in faults:
        console.note(f"left out: {fault}")
    return base if base and base.cases else None


def _days_and_walking(
    results: Path, recordings: tuple[str, ...]
) -> "tuple[tuple[DaySummary, ...], tuple[WalkedDay, ...]]":
    """Return the days of recordings in order and their walking; of a day that two hold, the one with more wear."""
    from activity.coach.currency import WalkedDay
    from activity.reprocess.results import day_rows, days_of, infos_named

    best: dict[date, tuple[DaySummary, WalkedDay]] = {}
    for name in infos_named(results, recordings):
        for day, row in zip(days_of(results, name), day_rows(results, name), strict=True):
            if day.date not in best or day.wear_minutes > best[day.date][0].wear_minutes:
                # Minutes of a day with too little wear are known, but not what they are minutes of.
                known = row if day.quality.valid else {}
                cadence = (known.get("mvpa_cadence_minutes"), known.get("vigorous_cadence_minutes"))
                best[day.date] = day, WalkedDay(day.date, *cadence)
    chosen = [best[key] for key in sorted(best)]
    return tuple(day for day, _ in chosen), tuple(walked for _, walked in chosen)
