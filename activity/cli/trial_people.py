"""``selfback trial eligible``, ``consent``, ``randomise``, ``withdraw`` and ``adverse``: one person of a study."""

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from activity.cli import console
from activity.cli.storing import day_of, opened, store_option, today_of, who_option
from activity.cli.trialing import date_option, frozen_study, json_option, key_option

if TYPE_CHECKING:
    from activity.trial.protocol import Protocol
    from activity.trial.screening import Verdict

#: What a reason has at most: it stands in the flow diagram.
MOST_REASON = 80


@click.command(
    short_help="Screen somebody by the criteria of the study.",
    epilog="Exit code 7: a criterion isn't met, or isn't known yet; the answers are kept.",
)
@click.argument("id_", metavar="ID")
@click.option("--answers", type=click.Path(path_type=Path), default=None, help="TOML or JSON file of the answers.")
@click.option("--again", is_flag=True, help="Ask again, though there are answers.")
@date_option
@store_option
@who_option
@json_option
def eligible(
    id_: str, *, answers: Path | None, again: bool, date_: str | None, store: str | None, who: str, as_json: bool
) -> None:
    """Screen somebody: ask what the protocol asks, keep the answers, and say which criteria are met.

    Scores and exclusions come from what is kept: `selfback ask ID rmdq-24`, `selfback ask ID eligibility`.
    """
    from activity.cli.asking import ask
    from activity.errors import NotEligibleError
    from activity.questionnaires.answers import check_date, read_answers
    from activity.store.enrolment import keep_screening, screened
    from activity.store.participants import participant
    from activity.store.study import study
    from activity.store.writing import writing
    from activity.trial.screening import judge

    with opened(store) as kept:
        with kept.reading() as connection:
            one, protocol = participant(connection, id_), study(connection).protocol
            day = day_of(date_, one, "--date")
            known = screened(connection, one, protocol, day)
        if answers or again or known is None:
            given: dict[str, Any] = dict(read_answers(answers)) if answers else ask(protocol.screening)
            day = check_date(given.pop("date", day), "trial-screening, date")
            with writing(kept, who, "trial eligible") as write:
                keep_screening(write, one, protocol, day, given)
        with kept.reading() as connection:
            known = screened(connection, one, protocol, day)
    if known is None:  # answers of a day to come are kept, and don't count yet
        raise NotEligibleError(f"the screening of {one.id} is of a day to come", protocol.id, "a day up to today")
    verdict = judge(protocol, known)
    said = {"id": one.id, "date": known.on.isoformat(), "eligible": verdict.eligible, "unmet": list(verdict.unmet),
            "open": list(verdict.open), "criteria": len(protocol.criterion)}  # fmt: skip
    if as_json:
        console.emit_json(said)
    else:
        _say_verdict(one.id, protocol, verdict, known.on)
    if not verdict.eligible:
        raise NotEligibleError(
            f"{len(verdict.unmet)} not met and {len(verdict.open)} not known of {len(protocol.criterion)} criteria",
            one.id, "every criterion met",
        )  # fmt: skip


def _say_verdict(id_: str, protocol: "Protocol", verdict: "Verdict", on: date) -> None:
    console.emit(f"{id_}: {'eligible' if verdict.eligible else 'not eligible'} by the screening of {on}")
    for criterion in protocol.criterion:
        state = "not met" if criterion.id in verdict.unmet else "not known" if criterion.id in verdict.open else "met"
        console.emit(f"  {state:<9}  {criterion.text}")


@click.command(short_help="Keep that somebody agreed to take part, or declined.")
@click.argument("id_", metavar="ID")
@click.option("--document", default=None, help="Version of the information.  [default: the protocol's]")
@click.option("--declined", is_flag=True, help="They don't want to take part.")
@date_option
@store_option
@who_option
@json_option
def consent(
    id_: str, *, document: str | None, declined: bool, date_: str | None, store: str | None, who: str, as_json: bool
) -> None:
    """Keep that somebody agreed to take part, and to which information; the signed paper stays with you."""
    from activity.errors import AlreadyRandomisedError
    from activity.store.allocation import allocation
    from activity.store.enrolment import keep_consent
    from activity.store.participants import participant
    from activity.store.study import study
    from activity.store.writing import writing

    with opened(store) as kept, writing(kept, who, "trial consent") as write:
        one, protocol = participant(write.connection, id_), study(write.connection).protocol
        day = day_of(date_, one, "--date")
        if declined and allocation(write.connection, one) is not None:
            raise AlreadyRandomisedError(
                f"{one.id} takes part", protocol.id, "a withdrawal", f"selfback trial withdraw {one.id}"
            )
        version = document or protocol.consent.document
        keep_consent(write, one, day, document=version, given=not declined)
    said = {
        "id": one.id,
        "date": day.isoformat(),
        "document": document or protocol.consent.document,
        "given": not declined,
    }
    if as_json:
        console.emit_json(said)
    else:
        console.emit(f"{one.id}: {'declined' if declined else 'agreed to'} document {version} on {day}")


@click.command(
    short_help="Give somebody their arm.",
    epilog="Exit code 5: the key isn't the study's, a place was changed, or the study isn't what it began with; "
    "7: not eligible, not agreed, or without a baseline.",
)
@click.argument("id_", metavar="ID")
@key_option(required=True)
@store_option
@who_option
@json_option
def randomise(id_: str, *, key: Path, store: str | None, who: str, as_json: bool) -> None:
    """Give somebody the next place of their stratum, once and for good. Nothing is shown before it is kept."""
    from activity.store.allocation import randomise as draw
    from activity.store.participants import participant
    from activity.store.writing import writing
    from activity.trial.key import check_apart, read_key

    with opened(store) as kept:
        check_apart(key, kept.file)
        secret = read_key(key)
        with writing(kept, who, "trial randomise") as write:
            running = frozen_study(write)
            one = participant(write.connection, id_)
            found = draw(write, running, secret, one, today_of(one))
    if as_json:
        console.emit_json(
            {"id": one.id, "arm": found.arm, "place": found.place, "date": found.randomised.on.isoformat()}
        )
    else:
        console.emit(f"{one.id}: {running.protocol.arm_title(found.arm)} ({found.arm}), on {found.randomised.on}")


@click.command(short_help="Keep that somebody gives up the treatment, or doesn't want to be asked.")
@click.argument("id_", metavar="ID")
@click.argument("source", metavar="FROM", type=click.Choice(["treatment", "follow-up"]))
@click.option("--reason", default="", help="Why, in a few words that name nobody; it is counted.")
@date_option
@store_option
@who_option
@json_option
def withdraw(
    id_: str, source: str, *, reason: str, date_: str | None, store: str | None, who: str, as_json: bool
) -> None:
    """Keep that somebody gives up the `treatment`, or doesn't want to be asked any more (`follow-up`).

    What they answered stays; to take it out at their wish, too: `selfback participant erase ID`.
    """
    from activity.errors import AnswerError, TrialError
    from activity.store.allocation import allocation
    from activity.store.enrolment import keep_withdrawal
    from activity.store.participants import participant
    from activity.store.writing import writing

    if len(reason) > MOST_REASON or not reason.isprintable():
        raise AnswerError(f"{len(reason)} letters", "--reason", f"at most {MOST_REASON} on one line")
    with opened(store) as kept, writing(kept, who, "trial withdraw") as write:
        one = participant(write.connection, id_)
        day = day_of(date_, one, "--date")
        taken = allocation(write.connection, one)
        if taken is None or day < taken.randomised.on:
            raise TrialError(f"{one.id} wasn't randomised by {day}", "trial withdraw", "somebody who takes part",
                             f"selfback trial consent {one.id} --declined")  # fmt: skip
        keep_withdrawal(write, one, day, source=source, reason=reason.strip())
    if as_json:
        console.emit_json({"id": one.id, "from": source, "date": day.isoformat(), "reason": reason.strip()})
    else:
        console.emit(f"{one.id}: withdrew from {source} on {day}")


@click.command(short_help="Write down an adverse event.")
@click.argument("id_", metavar="ID")
@click.argument("what")
@click.option(
    "--severity", type=click.Choice(["mild", "moderate", "severe"]), required=True, help="How much it troubled them."
)
@click.option(
    "--serious", is_flag=True,
    help="Death, danger to life, hospital, lasting disability, or as important (ICH E2A, II.B).",
)  # fmt: skip
@click.option(
    "--related", type=click.Choice(["no", "possible", "probable"]), required=True, help="Whether the study caused it."
)
@date_option
@store_option
@who_option
@json_option
def adverse(
    id_: str, what: str, *, severity: str, serious: bool, related: str, date_: str | None, store: str | None, who: str,
    as_json: bool,
) -> None:  # fmt: skip
    """Write down that WHAT went wrong, as judged by staff; nothing in it may name anybody."""
    from activity.errors import AnswerError
    from activity.store.course import ADVERSE
    from activity.store.participants import keep_event, participant
    from activity.store.writing import MOST_SAID, writing

    if not what.strip() or len(what) > MOST_SAID or not what.isprintable():
        raise AnswerError("it can't be kept", "WHAT", f"what went wrong, in at most {MOST_SAID} letters on one line")
    document = {"what": what.strip(), "severity": severity, "serious": serious, "related": related}
    with opened(store) as kept, writing(kept, who, "trial adverse") as write:
        one = participant(write.connection, id_)
        day = day_of(date_, one, "--date")
        keep_event(write, one, ADVERSE, day, document)
    if as_json:
        console.emit_json({"id": one.id, "date": day.isoformat(), **document})
    else:
        console.emit(f"{one.id}: adverse event of {day} kept, {severity}{', serious' if serious else ''}")
