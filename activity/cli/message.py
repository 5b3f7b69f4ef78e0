"""``selfback message``: what somebody is told today, from the plan of their week, and what they say back."""

from typing import TYPE_CHECKING, Any

import click

from activity.cli import console
from activity.cli.storing import day_of, opened, store_option, who_option

if TYPE_CHECKING:
    from activity.coach.plan import DailyMessage
    from activity.coach.quiz import QuizOption


@click.command(short_help="Show a participant's message of the day, and keep that it was shown.")
@click.argument("id_", metavar="ID")
@store_option
@who_option
@click.option("--date", "date_", default=None, help="Day of the message.  [default: today]")
@click.option("--answer", type=int, default=None, metavar="N", help="Answer the message's question with option N.")
@click.option("--helpful/--not-helpful", default=None, help="Say whether the message helped.")
@click.option("--dry-run", is_flag=True, help="Show it; keep nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print the message as a JSON document.")
def command(
    id_: str, *, store: str | None, who: str, date_: str | None, answer: int | None, helpful: bool | None,
    dry_run: bool, as_json: bool,
) -> None:  # fmt: skip
    """Show the message of the day from the plan that is kept, and keep that it was shown, and what was said back.

    A message that helped has its turn again sooner, and a theme with a wrong answer is spoken of again.
    """
    from activity.coach.plan_document import plan_to_document
    from activity.coach.week import todays_message
    from activity.report.text import message_lines
    from activity.store.history import FEEDBACK_FORM, held_plan
    from activity.store.participants import keep_answers, keep_message, participant
    from activity.store.writing import writing

    with opened(store) as kept:
        with kept.reading() as connection:
            one = participant(connection, id_)
            day = day_of(date_, one, "--date")
            _, plan = held_plan(connection, one, day)
        message = todays_message(plan, day)
        chosen = _chosen(message, answer)
        said = _said(message, answer, chosen, helpful)
        document = next(m for m in plan_to_document(plan)["messages"] if m["date"] == day.isoformat())
        if not dry_run:
            with writing(kept, who, "message") as write:
                if said:
                    keep_answers(write, one, (FEEDBACK_FORM, plan.content_version), day, said)
                else:
                    keep_message(write, one, document)
    if as_json:
        console.emit_json({**document, "said": said})
    elif said:
        console.emit("Thank you. It is kept." if chosen is None else chosen.answer)
    else:
        console.emit("\n".join(message_lines(message)))
        if message.quiz is not None:
            console.note(f"to answer: selfback message {one.id} --date {day} --answer N")


def _chosen(message: "DailyMessage", answer: int | None) -> "QuizOption | None":
    from activity.errors import AnswerError

    if answer is None:
        return None
    if message.quiz is None:
        raise AnswerError("no question to answer", f"message {message.title!r}", "a message with a question")
    return message.quiz.chosen(answer)


def _said(
    message: "DailyMessage", answer: int | None, chosen: "QuizOption | None", helpful: bool | None
) -> dict[str, Any]:
    """Return what was said back, as it is kept; empty where nothing was."""
    said: dict[str, Any] = {}
    if chosen is not None:
        said |= {"answer": answer, "right": chosen.right}
    if helpful is not None:
        said["helpful"] = helpful
    return {"message": message.id, **said} if said else {}
