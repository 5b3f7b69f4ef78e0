"""``selfback trial visits`` and ``answer``: which questionnaires wait, whom to remind, and answers in their place."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from activity.cli import console
from activity.cli.storing import day_of, opened, store_option, today_of, who_option
from activity.cli.trialing import date_option, json_option

if TYPE_CHECKING:
    from activity.trial.visits import Reminder, VisitState


@click.command(short_help="Say which visits wait for answers, and whom to remind.")
@click.argument("id_", metavar="[ID]", required=False)
@click.option("--reminders", "only_reminders", is_flag=True, help="Only whom to remind, of what.")
@click.option("--sent", is_flag=True, help="Keep that these reminders were sent, so that they don't come again.")
@date_option
@store_option
@who_option
@json_option
def visits(
    id_: str | None, *, only_reminders: bool, sent: bool, date_: str | None, store: str | None, who: str, as_json: bool
) -> None:
    """Say how each visit stands: not yet, open, due, late, missed, partial or done.

    For ID, or for everybody who agreed to take part.
    """
    from activity.store.course import states_of, taking_part
    from activity.store.enrolment import keep_reminder, reminders_sent
    from activity.store.participants import participant
    from activity.store.study import study
    from activity.store.writing import writing
    from activity.trial.visits import reminders

    if sent and not only_reminders:
        raise click.UsageError("--sent goes with --reminders")
    with opened(store) as kept:
        with kept.reading() as connection:
            protocol = study(connection).protocol
            chosen = [participant(connection, id_)] if id_ else taking_part(connection)
            days = {one.id: day_of(date_, one, "--date") for one in chosen}
            found = {one.id: states_of(connection, protocol, one, days[one.id]) for one in chosen}
            due = {
                one.id: reminders(protocol, found[one.id], reminders_sent(connection, one), days[one.id])
                for one in chosen
            }
        if sent and any(due.values()):
            with writing(kept, who, "trial visits --sent") as write:
                for one in chosen:
                    for row in due[one.id]:
                        keep_reminder(write, one, days[one.id], row.visit, row.number)
    for one in chosen:
        if only_reminders:
            _say_reminders(one.id, due[one.id], as_json=as_json)
        else:
            _say_states(one.id, found[one.id], as_json=as_json)


def _say_reminders(id_: str, due: "tuple[Reminder, ...]", *, as_json: bool) -> None:
    for row in due:
        if as_json:
            said = {"id": id_, "visit": row.visit, "number": row.number, "on": row.on.isoformat()}
            console.emit_json(said | {"missing": list(row.missing)})
        else:
            console.emit(f"{id_}  {row.visit}  reminder {row.number} of {row.on}: {', '.join(row.missing)}")


def _say_states(id_: str, states: "tuple[VisitState, ...]", *, as_json: bool) -> None:
    for row in states:
        days = row.window
        if as_json:
            answered = {name: day.isoformat() for name, day in row.answered}
            bounds = {name: getattr(days, name).isoformat() for name in ("opens", "due", "late", "closes")}
            said: dict[str, Any] = {"id": id_, "visit": row.visit, "state": row.state.value, **bounds}
            console.emit_json(said | {"answered": answered, "missing": list(row.missing)})
        else:
            rest = f"; missing {', '.join(row.missing)}" if row.missing and row.answered else ""
            console.emit(f"{id_}  {row.visit:<10} {row.state.value:<9}  due {days.due}, closes {days.closes}{rest}")


@click.command(
    short_help="Keep answers to an instrument at a visit.",
    epilog="Answers before the baseline, out of the window, to a visit that doesn't ask the instrument, or to a "
    "baseline after randomisation are refused.",
)
@click.argument("id_", metavar="ID")
@click.argument("visit")
@click.argument("instrument")
@click.option("--items", type=click.Path(path_type=Path), default=None, help="TOML file of an instrument's texts.")
@click.option("--value-set", type=click.Path(path_type=Path), default=None, help="CSV file of EQ-5D-5L values.")
@click.option("--answers", type=click.Path(path_type=Path), default=None, help="TOML or JSON file of the answers.")
@date_option
@store_option
@who_option
@json_option
def answer(
    id_: str, visit: str, instrument: str, *, items: Path | None, value_set: Path | None, answers: Path | None,
    date_: str | None, store: str | None, who: str, as_json: bool,
) -> None:  # fmt: skip
    """Ask INSTRUMENT at VISIT, or take its answers from a file, and keep them, if the visit takes them on that day."""
    from activity.cli.asking import keep_instrument
    from activity.errors import VisitError
    from activity.questionnaires.answers import check_date, read_answers
    from activity.store.allocation import allocation
    from activity.store.enrolment import FOLLOW_UP, withdrawals
    from activity.store.participants import participant
    from activity.store.study import study
    from activity.trial.visits import check_answerable

    with opened(store) as kept, kept.reading() as connection:
        one, protocol = participant(connection, id_), study(connection).protocol
        taken = allocation(connection, one)
        stopped = withdrawals(connection, one).get(FOLLOW_UP)
    said = read_answers(answers).get("date") if answers else None
    day = check_date(said, f"{instrument}, date") if said is not None else day_of(date_, one, "--date")
    check_answerable(protocol, taken.randomised if taken else None, (visit, instrument), day, today_of(one))
    if stopped is not None and day >= stopped[0]:
        raise VisitError(f"{one.id} doesn't want to be asked since {stopped[0]}", visit, "nothing more of them")
    keep_instrument(
        id_, instrument, store=store, who=who, items=items, value_set=value_set, answers=answers,
        date_=day.isoformat(), as_json=as_json,
    )  # fmt: skip
