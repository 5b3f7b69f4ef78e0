"""``selfback message``: what somebody is told today, from the plan of their week."""

import click

from activity.cli import console
from activity.cli.storing import day_of, opened, store_option, who_option


@click.command(short_help="Show a participant's message of the day, and keep that it was shown.")
@click.argument("id_", metavar="ID")
@store_option
@who_option
@click.option("--date", "date_", default=None, help="Day of the message.  [default: today]")
@click.option("--dry-run", is_flag=True, help="Show it; keep nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print the message as a JSON document.")
def command(id_: str, *, store: str | None, who: str, date_: str | None, dry_run: bool, as_json: bool) -> None:
    """Show the message of the day from the plan that is kept, and keep that it was shown, and how."""
    from activity.coach.plan_document import plan_to_document
    from activity.coach.week import todays_message
    from activity.errors import AnswerError
    from activity.report.text import message_lines
    from activity.store.history import plan_of
    from activity.store.participants import keep_message, participant
    from activity.store.writing import writing

    with opened(store) as kept:
        with kept.reading() as connection:
            one = participant(connection, id_)
            day = day_of(date_, one, "--date")
            found = plan_of(connection, one, day)
        if found is None:
            raise AnswerError(f"no plan holds {day}", one.id, "a plan of that week", f"selfback plan {one.id}")
        message = todays_message(found[1], day)
        document = next(m for m in plan_to_document(found[1])["messages"] if m["date"] == day.isoformat())
        if not dry_run:
            with writing(kept, who, "message") as write:
                keep_message(write, one, document)
    if as_json:
        console.emit_json(document)
    else:
        console.emit("\n".join(message_lines(message)))
