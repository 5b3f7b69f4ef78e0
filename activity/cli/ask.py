"""``selfback ask``: a questionnaire, asked in the terminal or taken from a file, and kept."""

from pathlib import Path
from typing import Any, Final

import click

from activity.cli import console
from activity.cli.storing import day_of, opened, store_option, who_option

FORMS: Final = ("profile", "eligibility", "baseline", "weekly-checkin")


@click.command(
    short_help="Ask a participant a questionnaire, and keep the answers.",
    epilog="Every question may be left open. Exit code 7: an answer is a warning sign; the help card is shown, and the "
    "answers are kept.",
)
@click.argument("id_", metavar="ID")
@click.argument("form", default="weekly-checkin")
@store_option
@who_option
@click.option(
    "--items",
    type=click.Path(path_type=Path),
    default=None,
    help="TOML file of an instrument's texts, where they are its owners' and you may use them.",
)
@click.option(
    "--value-set",
    type=click.Path(path_type=Path),
    default=None,
    help="File of what EQ-5D-5L profiles are worth in a country: CSV of all of them, or TOML of a model.",
)
@click.option("--answers", type=click.Path(path_type=Path), default=None, help="TOML or JSON file of the answers.")
@click.option("--date", "date_", default=None, help="Day that the answers are of.  [default: today]")
@click.option("--json", "as_json", is_flag=True, help="Print what was kept as JSON.")
def command(
    id_: str, form: str, *, store: str | None, who: str, items: Path | None, value_set: Path | None,
    answers: Path | None, date_: str | None, as_json: bool,
) -> None:  # fmt: skip
    """Ask a participant a questionnaire, and keep the answers.

    FORM is `profile`, `eligibility`, `baseline`, `weekly-checkin`, or an instrument such as `rmdq-24`, which is scored.
    """
    from activity.cli.asking import keep_instrument

    if form in FORMS:
        if items or value_set:
            raise click.UsageError(f"--items and --value-set are of instruments, not of {form}")
        keep(id_, form, store=store, who=who, answers=answers, date_=date_, as_json=as_json)
    else:
        keep_instrument(
            id_, form, store=store, who=who, items=items, value_set=value_set, answers=answers, date_=date_,
            as_json=as_json,
        )  # fmt: skip


def keep(
    id_: str, form: str, *, store: str | None, who: str, answers: Path | None, date_: str | None, as_json: bool
) -> None:
    """Ask or read the answers, check them, keep them, and stop at a warning sign with the help card."""
    from activity.cli.asking import ask
    from activity.coach.content import load_content
    from activity.coach.gate import pass_enrolment, stop_on_urgent_signs
    from activity.questionnaires.answers import check_date, read_answers
    from activity.questionnaires.checkin import CheckIn, contradiction
    from activity.questionnaires.definition import load_questionnaire
    from activity.questionnaires.eligibility import Eligibility
    from activity.store.asked import keep_form
    from activity.store.participants import participant
    from activity.store.writing import writing

    asked = load_questionnaire(form)
    with opened(store) as kept:
        with kept.reading() as connection:
            one = participant(connection, id_)
        day = day_of(date_, one, "--date")
        given: dict[str, Any] = dict(read_answers(answers)) if answers else ask(asked, wrong=contradiction)
        if "date" in given:
            day = check_date(given.pop("date"), f"{form}, date")
        with writing(kept, who, f"ask {form}") as write:
            found = keep_form(write, one, asked, day, given)
    said = {"id": one.id, "form": form, "date": day.isoformat(), "answered": len(given), "asked": len(asked.questions)}
    if as_json:
        console.emit_json(said)
    else:
        console.emit(f"{one.id}: {said['answered']} of {said['asked']} questions answered, kept as of {said['date']}")
    if isinstance(found, CheckIn):
        stop_on_urgent_signs(found, asked)
    if isinstance(found, Eligibility):
        pass_enrolment(found, None, day, load_content().rules, asked)
