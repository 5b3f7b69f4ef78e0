"""What comes back from a page, turned into values that the questionnaires know; what isn't there stays unanswered."""

import re
from datetime import date, timedelta
from typing import Any, Final

from starlette.datastructures import FormData

from activity.app.context import RefusedError
from activity.questionnaires.definition import Kind, Question, Questionnaire

#: How old an answer may be that was given without a network and comes later.
LATEST: Final = timedelta(days=14)
_KEY: Final = re.compile(r"[A-Za-z0-9-]{8,64}")
_YES_NO: Final = {"yes": True, "no": False}


def text_of(form: FormData, name: str, most: int = 400) -> str:
    """Return one field as a line of text, empty where it isn't there; `RefusedError` where it is too long."""
    value = form.get(name, "")
    line = " ".join(value.split()) if isinstance(value, str) else ""
    if len(line) > most or not line.isprintable():
        raise RefusedError(400, f"That is too long: {most} letters are the most.")
    return line


def number_of(form: FormData, name: str, low: int, high: int) -> int | None:
    """Return one field as a whole number, None where it is empty; `RefusedError` where it is none or out of range."""
    text = text_of(form, name, 12)
    if not text:
        return None
    if not re.fullmatch(r"-?[0-9]{1,9}", text) or not low <= int(text) <= high:
        raise RefusedError(400, f"A whole number from {low} to {high} was expected.")
    return int(text)


def key_of(form: FormData) -> str:
    """Return the key under which something is sent once, empty where a page gave none."""
    key = text_of(form, "key", 64)
    if key and not _KEY.fullmatch(key):
        raise RefusedError(400, "This page sent something that it doesn't offer.")
    return key


def day_of(form: FormData, today: date) -> date:
    """Return the day on which something was said; today where the page doesn't say, or can't have said so."""
    try:
        day = date.fromisoformat(text_of(form, "day", 10))
    except ValueError:
        return today
    return day if today - LATEST <= day <= today else today


def answers_of(form: FormData, asked: Questionnaire) -> dict[str, Any]:
    """Return the answers to a questionnaire; `RefusedError` where one has no such form."""
    given = {question.id: _answer(form, question) for question in asked.questions}
    return {name: value for name, value in given.items() if value is not None}


def _answer(form: FormData, question: Question) -> Any:
    name = f"q-{question.id}"
    match question.kind:
        case Kind.SCALE | Kind.NUMBER:
            return number_of(form, name, question.low or 0, question.high or 0)
        case Kind.YES_NO:
            return _YES_NO.get(text_of(form, name, 3))
        case Kind.CHOICE:
            return text_of(form, name) or None
        case Kind.CHOICES:
            chosen = [value for value in form.getlist(name) if isinstance(value, str)]
            # Ticking nothing is no answer; "none of these" is one.
            return [value for value in chosen if value != "none"] if chosen else None
