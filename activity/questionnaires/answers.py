"""Answers against their questions: what was answered is checked, what wasn't stays None."""

import json
import tomllib
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Final

from activity.errors import AnswerError
from activity.questionnaires.definition import Kind, Question, Questionnaire

Answer = int | bool | str | tuple[str, ...] | None

_LARGEST_FILE: Final = 1 << 20  #: bytes; a form's answers are a few hundred


def check_answers(form: Questionnaire, given: Mapping[str, object]) -> dict[str, Answer]:
    """Return one entry a question, None where unanswered; ``AnswerError`` on a value its question can't take."""
    known = {question.id for question in form.questions}
    for name in given:
        if name not in known:
            raise AnswerError(f"{name!r} is not asked", form.id, f"one of {', '.join(sorted(known))}")
    return {question.id: _check(form, question, given.get(question.id)) for question in form.questions}


def read_answers(path: Path) -> dict[str, object]:
    """Return what a TOML or JSON file of answers holds; ``AnswerError`` if it isn't one."""
    try:
        if path.stat().st_size > _LARGEST_FILE:
            raise AnswerError("too large for a form's answers", str(path), f"at most {_LARGEST_FILE} bytes")
        text = path.read_text(encoding="utf-8")
        values = json.loads(text) if path.suffix.lower() == ".json" else tomllib.loads(text)
    except OSError as error:
        raise AnswerError(f"can't be read: {error.strerror}", str(path), "a readable file") from error
    except (ValueError, RecursionError) as error:
        raise AnswerError(f"not a file of answers: {error}", str(path), "TOML, or JSON in a .json file") from error
    if not isinstance(values, dict):
        raise AnswerError("holds no table of answers", str(path), "question = answer")
    return values


def check_date(value: object, where: str) -> date:
    """Return a date given as a date or as ISO text; ``AnswerError`` on anything else."""
    if type(value) is date:  # a datetime is a date too, and has no place here
        return value
    if isinstance(value, str):
        try:
            return date.fromisoformat(value)
        except ValueError:
            pass
    raise AnswerError(f"{value!r} is not a date", where, "a date such as 2026-03-02")


def _check(form: Questionnaire, question: Question, value: object) -> Answer:
    if value is None:
        return None
    where = f"{form.id}, {question.id}"
    match question.kind:
        case Kind.SCALE | Kind.NUMBER:
            return _number(question, value, where)
        case Kind.YES_NO:
            if not isinstance(value, bool):
                raise AnswerError(f"{value!r} is neither yes nor no", where, "true or false")
            return value
        case Kind.CHOICE:
            return _choice(question, value, where)
        case Kind.CHOICES:
            if not isinstance(value, list | tuple | set | frozenset):
                raise AnswerError(f"{value!r} is not a list", where, "a list of option ids, empty for none")
            return tuple(sorted({_choice(question, item, where) for item in value}))


def _number(question: Question, value: object, where: str) -> int:
    low, high = question.low, question.high
    expected = f"a whole number from {low} to {high}"
    if isinstance(value, bool) or not isinstance(value, int) or low is None or high is None:
        raise AnswerError(f"{value!r} is not a whole number", where, expected)
    if not low <= value <= high:
        raise AnswerError(f"{value} is out of range", where, expected)
    return value


def _choice(question: Question, value: object, where: str) -> str:
    ids = [option.id for option in question.options]
    if not isinstance(value, str) or value not in ids:
        raise AnswerError(f"{value!r} is not an option", where, f"one of {', '.join(ids)}")
    return value
