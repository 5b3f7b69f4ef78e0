"""A questionnaire asked in the terminal, a question at a time; an empty line leaves one open.

After an urgent warning sign only the other signs are still asked.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import click

from activity.cli import console
from activity.cli.storing import day_of, opened
from activity.errors import AnswerError
from activity.questionnaires.answers import check_answers
from activity.questionnaires.definition import Kind, Question, Questionnaire, Urgency

_YES = {"y": True, "yes": True, "n": False, "no": False}


def ask(
    form: Questionnaire,
    line: Callable[[str], str] | None = None,
    wrong: Callable[[Mapping[str, Any]], str] = lambda _: "",
) -> dict[str, Any]:
    """Return the answers that were given; what can't be an answer is asked again.

    ``line`` reads one line, ``wrong`` says what can't be true of the answers so far taken together.
    """
    read = line or (lambda prompt: str(click.prompt(prompt, default="", show_default=False, err=True)))
    click.echo(f"{form.title}\n{form.intro}\n", err=True)
    answers: dict[str, Any] = {}
    urgent = False
    for number, question in enumerate(form.questions, 1):
        if urgent and question.urgency is None:
            break  # who has to get help isn't asked how they slept
        click.echo(f"{number} of {len(form.questions)}. {question.text}", err=True)
        for text in (question.hint, *_choices(question)):
            if text:
                click.echo(f"   {text}", err=True)
        value = _answer(form, question, read)
        while value is not None and (why := wrong({**answers, question.id: value})):
            click.echo(f"   That can't be: {why}.", err=True)
            value = _answer(form, question, read)
        if value is not None:
            answers[question.id] = value
            urgent |= value is True and question.urgency is Urgency.URGENT
    return answers


def _choices(question: Question) -> list[str]:
    match question.kind:
        case Kind.SCALE:
            return [f"{question.low} {question.low_label} … {question.high} {question.high_label}"]
        case Kind.CHOICE | Kind.CHOICES:
            return [f"{number} {option.label}" for number, option in enumerate(question.options, 1)]
        case _:
            return []


def _answer(form: Questionnaire, question: Question, read: Callable[[str], str]) -> Any:
    while True:
        typed = read(f"   {_expected(question)}").strip()
        if not typed:
            return None
        try:
            value = _understood(question, typed)
            return check_answers(form, {question.id: value})[question.id]
        except (AnswerError, ValueError, IndexError):
            click.echo(f"   That isn't {_expected(question)}.", err=True)


def _expected(question: Question) -> str:
    match question.kind:
        case Kind.YES_NO:
            return "yes or no"
        case Kind.CHOICE:
            return f"a number from 1 to {len(question.options)}"
        case Kind.CHOICES:
            return f"numbers from 1 to {len(question.options)}, or 0 for none"
        case _:
            return f"a whole number from {question.low} to {question.high}"


def _understood(question: Question, typed: str) -> Any:
    match question.kind:
        case Kind.YES_NO:
            return _YES.get(typed.lower(), typed)
        case Kind.CHOICE:
            return _option(question, typed)
        case Kind.CHOICES:
            parts = typed.replace(",", " ").split()
            return [] if parts == ["0"] else [_option(question, part) for part in parts]
        case _:
            return int(typed)


def _option(question: Question, typed: str) -> str:
    number = int(typed)
    if number < 1:
        raise ValueError(typed)
    return question.options[number - 1].id


def keep_instrument(
    id_: str, name: str, *, store: str | None, who: str, items: Path | None, value_set: Path | None,
    answers: Path | None, date_: str | None, as_json: bool,
) -> None:  # fmt: skip
    """Ask an instrument or read its answers, keep them as they were given, and say what they come to."""
    from activity.questionnaires.answers import check_date, read_answers
    from activity.questionnaires.instrument import (
        answer_form,
        asked_form,
        form_version,
        instrument,
        item_answers,
        read_pack,
    )
    from activity.questionnaires.scoring import score
    from activity.questionnaires.value_set import read_value_set
    from activity.store.participants import keep_answers, participant
    from activity.store.writing import writing

    row = instrument(name)
    values = read_value_set(value_set) if value_set else None
    pack = read_pack(items, row) if items else None
    form = answer_form(row) if answers else asked_form(row, pack)
    with opened(store) as kept:
        with kept.reading() as connection:
            one = participant(connection, id_)
        given: dict[str, Any] = dict(read_answers(answers)) if answers else ask(form)
        day = check_date(given.pop("date", day_of(date_, one, "--date")), f"{name}, date")
        found = score(row, item_answers(row, check_answers(form, given)), values)
        with writing(kept, who, f"ask {name}") as write:
            keep_answers(write, one, (row.id, form_version(row, pack)), day, given)
    said = {"id": one.id, "form": name, "date": day.isoformat(), "score": found.value, "answered": found.answered,
            "imputed": found.imputed, "rule": found.rule.value, "why": found.why, "better": row.better}  # fmt: skip
    if as_json:
        console.emit_json(said)
    elif found.value is None:
        console.emit(f"{one.id}: {row.title}: no score, {found.why}; kept as of {day}")
    else:
        console.emit(f"{one.id}: {row.title}: {found.value:g}, {row.better} is better; kept as of {day}")
    if found.signpost:
        console.note(found.signpost)
