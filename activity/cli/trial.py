"""``selfback trial``: a study run by its protocol, from the first screening to the last table."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from activity.cli import console
from activity.cli.storing import opened, store_option, who_option
from activity.cli.trial_analyse import analyse
from activity.cli.trial_people import adverse, consent, eligible, randomise, withdraw
from activity.cli.trial_simulate import simulate
from activity.cli.trial_visits import answer, visits
from activity.cli.trialing import as_of, date_option, json_option, key_option

if TYPE_CHECKING:
    from activity.trial.dose import Dose

INTEGRITY = 5


@click.group(short_help="Run a study by its protocol.")
def command() -> None:
    """Run a study by its protocol: who may take part, random arms, visits and reminders, and who came how far."""


@command.command(
    short_help="Begin a study with its protocol, or amend it.",
    epilog="Exit code 5: the study runs already with another protocol, content or model; what changed is listed.",
)
@click.argument("study", type=click.Path(path_type=Path), metavar="STUDY.toml")
@click.option("--key", type=click.Path(path_type=Path), default=None, help="File to write the new key to.")
@click.option("--amend", default=None, metavar="WHY", help="Keep what changed as an amendment, with why.")
@click.option("--dry-run", is_flag=True, help="Say what would change, and change nothing.")
@store_option
@who_option
@json_option
def init(
    study: Path, *, key: Path | None, amend: str | None, dry_run: bool, store: str | None, who: str, as_json: bool
) -> None:
    """Begin a study with the protocol in STUDY.toml, which `data/study/README.md` explains, and freeze it.

    Its key is written to a file of its own, which the store never holds: keep a copy of it elsewhere.
    """
    from activity.cli.trialing import begin
    from activity.errors import AnswerError
    from activity.store.study import amend_study, study_changes
    from activity.store.study import study as running_study
    from activity.store.writing import writing
    from activity.trial.pins import pins
    from activity.trial.protocol import load_protocol

    protocol = load_protocol(study)
    frozen = pins(protocol.model)
    changed: tuple[str, ...] = ()
    new = False
    with opened(store) as kept:
        if dry_run:
            with kept.reading() as connection:
                changed = study_changes(running_study(connection), protocol, frozen)
        elif amend is None:
            new = begin(kept, protocol, frozen, key, who)
        elif not amend.strip():
            raise AnswerError("an amendment without a reason", "trial init", '--amend "why"')
        else:
            with writing(kept, who, "trial init --amend") as write:
                changed = amend_study(write, protocol, frozen, amend)
    said = {"study": protocol.id, "digest": protocol.digest, "new": new, "changes": list(changed), "pins": frozen}
    if as_json:
        console.emit_json(said)
        return
    console.emit(f"{protocol.id}, version {protocol.version}: {protocol.digest}")
    for line in changed:
        console.emit(f"  {line}")
    if not changed and not new:
        console.emit("  nothing changed")
    if new:
        console.note(f"The key is in {key}. Keep a copy elsewhere; without it nobody can be randomised.")


@command.command(short_help="Count who came how far.")
@click.option("--svg", type=click.Path(path_type=Path), default=None, help="File to write the flow diagram to.")
@date_option
@store_option
@json_option
def consort(*, svg: Path | None, date_: str | None, store: str | None, as_json: bool) -> None:
    """Count who was assessed, excluded, randomised, lost and analysed, as CONSORT asks for it; and what went wrong."""
    from dataclasses import asdict

    from activity.reprocess.output import write_page
    from activity.store.allocation import erased_places
    from activity.store.course import courses, harms
    from activity.store.study import study
    from activity.trial.consort import flow, flow_text
    from activity.trial.flow_diagram import flow_diagram

    with opened(store) as kept, kept.reading() as connection:
        protocol = study(connection).protocol
        found = flow(protocol, courses(connection, protocol, as_of(date_)), erased_places(connection))
        wrong = harms(connection, protocol)
    if svg is not None:
        write_page(svg, flow_diagram(found))
    if as_json:
        said = asdict(found) | {"adverse": [asdict(one) for one in wrong], "svg": str(svg) if svg else None}
        console.emit_json(said)
        return
    console.emit(flow_text(found))
    for one in wrong:
        console.emit(
            f"Adverse events, {protocol.arm_title(one.arm)}: {one.events} of {one.people} people, {one.serious} "
            f"serious, {one.related} may be related; {one.suspected} found by rule, to be judged"
        )
    if svg is not None:
        console.note(f"drawn in {svg}")


@command.command(
    short_help="Say how much was used.",
    epilog="A comparison by use isn't a randomised one: whoever uses more differs in other ways, too.",
)
@date_option
@store_option
@json_option
def use(*, date_: str | None, store: str | None, as_json: bool) -> None:
    """Say for everybody who was randomised how much they used in the weeks that count: plans, days, exercises."""
    from dataclasses import asdict

    from activity.store.course import doses
    from activity.store.study import study

    with opened(store) as kept, kept.reading() as connection:
        protocol = study(connection).protocol
        found = doses(connection, protocol, as_of(date_))
    for who, arm, dose in found:
        if as_json:
            console.emit_json({"id": who.id, "arm": arm, **asdict(dose)})
        else:
            console.emit(f"{who.id}  {arm}  {_dose_line(dose)}")


def _dose_line(dose: "Dose") -> str:
    goals = "no goal judged" if dose.goal_days is None else f"goal met on {dose.goal_days} of {dose.goal_judged_days}"
    return (
        f"use {dose.use}: {dose.plans} plans in {dose.weeks} weeks, {dose.band_days} band days, {goals}, "
        f"{dose.exercises} exercises on {dose.exercise_days} days, {dose.messages} messages, {dose.quizzes} quizzes"
    )


@command.command(
    short_help="Prove the allocations and the audit.",
    epilog="Exit code 5: something isn't what was written, or the study isn't what it began with.",
)
@key_option(required=False)
@click.option("--seal", default="", help="A last seal that was written down before; it has to be there still.")
@store_option
@json_option
def verify(*, key: Path | None, seal: str, store: str | None, as_json: bool) -> int:
    """Prove the audit, what the study is frozen to, and each allocation; with the key its arm and its seal, too.

    Write the last seal down where nobody of this store can write, and give it to the next check.
    """
    from activity.store.allocation import verify as check
    from activity.store.audit import breaches
    from activity.store.study import study, study_changes
    from activity.trial.key import read_key
    from activity.trial.pins import pins

    secret = read_key(key) if key else None
    with opened(store) as kept, kept.reading() as connection:
        running = study(connection)
        found = check(connection, secret, seal)
        findings = [f"audit: {breach.what}" for breach in breaches(connection)]
    findings += [f"allocation: {what}" for what in found.findings]
    frozen = pins(running.protocol.model)
    findings += [f"frozen: {what}" for what in study_changes(running, running.protocol, frozen)]
    said = {
        "study": running.protocol.id, "digest": running.protocol.digest, "amendments": list(running.amendments),
        "places": found.places, "holders": found.holders, "last_seal": found.last_seal,
        "with_key": secret is not None, "findings": findings,
    }  # fmt: skip
    if as_json:
        console.emit_json(said)
    else:
        console.emit(
            f"{running.protocol.id}: {found.places} places taken, {found.holders} of them by people who are here"
        )
        console.emit(f"  last seal {found.last_seal}")
        for line in findings:
            console.emit(f"  {line}")
        if secret is None:
            console.note("Arms and seals weren't checked: give the key with --key.")
    return INTEGRITY if findings else 0


for part in (eligible, consent, randomise, visits, answer, withdraw, adverse, analyse, simulate):
    command.add_command(part)
