"""``selfback log``: activity that the band doesn't see, in the currency of the week."""

import click

from activity.cli import console
from activity.cli.storing import day_of, opened, store_option, who_option


@click.command(
    short_help="Write down activity that the band doesn't see.",
    epilog="Effort: light (could sing), moderate (could talk), vigorous (a few words only). It may keep a step goal "
    "from going down, for at most half of a day's goal; it never takes one up.",
)
@click.argument("id_", metavar="ID")
@click.argument("activity", metavar="ACTIVITY")
@click.argument("minutes", type=int, metavar="MINUTES")
@click.option(
    "--effort", type=click.Choice(["light", "moderate", "vigorous"]), default="moderate", help="How hard it was."
)
@store_option
@who_option
@click.option("--date", "date_", default=None, help="Day of the activity.  [default: today]")
@click.option("--json", "as_json", is_flag=True, help="Print what it is worth as JSON.")
def command(
    id_: str, activity: str, minutes: int, *, effort: str, store: str | None, who: str, date_: str | None, as_json: bool
) -> None:  # fmt: skip
    """Write down minutes of cycling, swimming, strength, wheeling or other activity, and say what they are worth."""
    from activity.coach.content import load_content
    from activity.coach.currency import ActivityEntry, Effort, load_activities, worth_minutes, worth_steps
    from activity.store.history import ACTIVITY_LOG
    from activity.store.participants import keep_answers, participant
    from activity.store.writing import writing

    table, rule = load_activities(), load_content().rules.activity_week
    with opened(store) as kept:
        with kept.reading() as connection:
            one = participant(connection, id_)
        entry = ActivityEntry(day_of(date_, one, "--date"), activity, minutes, Effort(effort))
        worth, steps = worth_minutes(entry, table, rule), worth_steps(entry, table, rule)
        document = {"activity": activity, "minutes": minutes, "effort": effort}
        with writing(kept, who, "log") as write:
            keep_answers(write, one, (ACTIVITY_LOG, table.version), entry.date, document)
    said = {"id": one.id, "date": entry.date.isoformat(), **document, "active_minutes": worth, "steps": steps}
    if as_json:
        console.emit_json(said)
    else:
        also = f", worth about {steps:,} steps" if steps else ""
        console.emit(f"{one.id}: {minutes} minutes of {activity} ({effort}): {worth:.0f} active minutes{also}")
