"""``selfback plan``: the plan of a week, made from what is kept of somebody and the days of their recordings."""

import hashlib
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from activity.cli import console
from activity.cli.storing import day_of, opened, store_option, who_option
from activity.cli.wearing import later_days, names_of_band, say_days

if TYPE_CHECKING:
    from collections.abc import Iterator

    from activity.coach.cases.base import CaseBase
    from activity.coach.cases.case import Case
    from activity.coach.cases.settings import Settings
    from activity.coach.content import Content
    from activity.coach.currency import WalkedDay
    from activity.coach.plan import WeeklyPlan
    from activity.day.summary import DaySummary
    from activity.store.engine import Store
    from activity.store.history import History
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
    """Make somebody's plan from what is kept of them and their days, and keep it as it will be shown.

    The week before is judged and kept to learn from, and the one that begins is kept to be judged.
    """
    from activity.coach.cases.reuse import CaseAdvisor
    from activity.coach.cases.settings import load_settings
    from activity.coach.content import load_content
    from activity.coach.currency import activity_week, load_activities
    from activity.coach.gate import pass_enrolment, pass_gate
    from activity.coach.plan_document import plan_to_document
    from activity.coach.week import make_plan
    from activity.questionnaires.definition import load_questionnaire
    from activity.store.history import history, plan_of
    from activity.store.learning import open_case, write_case
    from activity.store.participants import keep_plan, keep_possible_events
    from activity.store.writing import writing

    first = day_of(start, one, "--start")
    with kept.reading() as connection:
        known = history(connection, one, first)
        before = plan_of(connection, one, first)
        unjudged = open_case(connection, one, first)
    content, settings = load_content(), load_settings()
    base = _case_base(kept, cases, settings)
    pass_gate(known.checkin, known.previous, first, content.checkin)
    asked = load_questionnaire("eligibility")
    pass_enrolment(known.eligibility, known.cleared, first, content.rules, asked)
    dates = {day.date for day in days}
    walked = tuple(day for day in walked if day.date in dates)
    plan = make_plan(
        known.profile, known.checkin, days, content=content, start=first, seed=_seed(one.id, first),
        previous=known.previous, previous_checkin=known.previous_checkin, message_history=known.messages,
        message_feedback=known.feedback, plan_history=known.plans, exercise_log=known.exercises,
        advisor=CaseAdvisor(base, one.id) if base else None,
        earlier_checkins=known.earlier_checkins, cleared=known.cleared,
        activity=activity_week(known.activities, walked, load_activities(), content.rules, first),
    )  # fmt: skip
    plan = _with_own_goal_of(before, plan, content)
    if not dry_run:
        with writing(kept, who, "plan") as write:
            keep_plan(write, one, plan_to_document(plan))
            keep_possible_events(write, one, plan)
            for case in cases_of_week(known, unjudged, one, plan, days=days, settings=settings):
                write_case(write, one, case)
    return plan


def cases_of_week(
    known: "History", unjudged: "Case | None", one: "Participant", plan: "WeeklyPlan", *,
    days: "tuple[DaySummary, ...]", settings: "Settings",
) -> "Iterator[Case]":  # fmt: skip
    """Yield the week before, now that it can be judged, and the one that begins."""
    from activity.coach.cases.case import Provenance
    from activity.coach.cases.problem import case_of, judged_week
    from activity.coach.situation import Inputs, judged_days

    seen = judged_days(days, plan.start)
    if unjudged and known.checkin:
        case = judged_week(unjudged, known.previous, known.checkin, seen, settings.retain)
        if case.outcome is not None:
            yield case
    inputs = Inputs(plan.start, known.profile, known.checkin, known.previous_checkin, seen, known.previous, ())
    consent = known.profile.share_weeks is True
    yield case_of(inputs, plan, one.id, Provenance.RETAINED, consent=consent)


def show_plan(plan: "WeeklyPlan", *, why: bool = False) -> None:
    """Print a plan, and where asked why it is so."""
    from activity.report.text import explanation_lines, plan_lines

    lines = plan_lines(plan, plan.messages[0])
    console.emit("\n".join([*lines, "", *explanation_lines(plan)] if why else lines))


def _case_base(kept: "Store", cases: str, settings: "Settings") -> "CaseBase | None":
    """Return the weeks to learn from; what could not be read of them is said and left out."""
    from activity.coach.cases.base import case_base
    from activity.coach.cases.document import made_up, read_cases
    from activity.store.learning import learnt_cases

    if cases == "none":
        return None
    if cases == STORED:
        with kept.reading() as connection:
            found, faults = learnt_cases(connection, settings)
    else:
        file = made_up() if cases == "made-up" else read_cases(Path(cases))
        found, faults = file.cases, file.faults
    for fault in faults:
        console.note(f"left out: {fault}")
    base = case_base(found, settings)
    return base if base.cases else None


def _with_own_goal_of(before: "tuple[int, WeeklyPlan] | None", plan: "WeeklyPlan", content: "Content") -> "WeeklyPlan":
    """Return a plan that is made anew with the goal that the person set in it, where that is still within bounds."""
    from activity.coach.own_goal import GoalWish, with_own_goal
    from activity.errors import AnswerError

    if before is None or before[1].start != plan.start or before[1].goal.proposed_steps is None:
        return plan
    try:
        return with_own_goal(plan, GoalWish(steps=before[1].goal.steps_per_day), content)
    except AnswerError as error:
        console.note(f"the goal they set no longer holds: {error}")
        return plan


def _seed(key: str, first: date) -> int:
    """Return the seed of somebody's week: draws differ between people and weeks, and are the same when made again."""
    return int(hashlib.sha256(f"{key}/{first}".encode()).hexdigest()[:8], 16)


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
