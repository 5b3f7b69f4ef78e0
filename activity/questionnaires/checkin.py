"""CheckIn: what a person says about the past week. Unanswered is None, and is never taken for an answer."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date
from pathlib import Path
from typing import Any, Final

from activity.errors import AnswerError
from activity.questionnaires.answers import check_answers, check_date, read_answers
from activity.questionnaires.definition import Questionnaire, load_questionnaire

SCALES: Final = (
    "average_pain",
    "worst_pain",
    "interference",
    "confidence",
    "fear",
    "sleep_trouble",
    "stress",
    "exercise_pain",
)


@dataclass(frozen=True, slots=True)
class CheckIn:
    """One weekly check-in; scales run from 0 to 10, and all but confidence are worse when higher."""

    date: date
    average_pain: int | None = None  #: past seven days
    worst_pain: int | None = None
    interference: int | None = None  #: how far the back got in the way of the person's own chosen activity
    confidence: int | None = None  #: up is better
    fear: int | None = None  #: of moving
    sleep_trouble: int | None = None
    stress: int | None = None
    barriers: tuple[str, ...] | None = None  #: option ids, sorted
    minutes: int | None = None  #: for one exercise session
    sessions_wanted: int | None = None  #: in the coming week
    sessions_done: int | None = None  #: in the past week
    exercise_feel: str | None = None  #: "too-easy", "right" or "too-hard"
    exercise_pain: int | None = None  #: while exercising
    felt_worse: bool | None = None  #: whether last week's plan made the back worse
    #: Warning signs answered with yes. None: no yes so far, but not all were answered.
    red_flags: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        for name in SCALES:
            value = getattr(self, name)
            if value is not None and not 0 <= value <= 10:
                raise AnswerError(f"{value} is out of range", f"check-in, {name}", "a whole number from 0 to 10")


def load_checkin(given: Mapping[str, object], form: Questionnaire | None = None) -> CheckIn:
    """Return a check-in from answers by question id plus ``date``; ``AnswerError`` on a value that can't be.

    Parameters
    ----------
    given
        ``date`` (a date or ISO text) and any of the questions of ``weekly-checkin``.
    form
        The questionnaire that was asked; the shipped one if not given.
    """
    form = form or load_questionnaire("weekly-checkin")
    if "date" not in given:
        raise AnswerError("no date", form.id, "date = the day of the check-in, such as 2026-03-02")
    day = check_date(given["date"], f"{form.id}, date")
    asked = {name: value for name, value in given.items() if name != "date"}
    answers: dict[str, Any] = dict(check_answers(form, asked))
    signs = [question.id for question in form.warning_signs]
    present = tuple(name for name in signs if answers[name])
    open_signs = any(answers[name] is None for name in signs)
    if wrong := contradiction(answers):
        raise AnswerError(wrong, form.id, "answers that can both be true")
    values = {field.name: answers[field.name] for field in fields(CheckIn) if field.name in answers}
    return CheckIn(date=day, red_flags=None if open_signs and not present else present, **values)


def contradiction(answers: Mapping[str, object]) -> str:
    """Return what can't be true of answers taken together; empty where nothing is wrong with them."""
    average, worst = answers.get("average_pain"), answers.get("worst_pain")
    if isinstance(average, int) and isinstance(worst, int) and average > worst:
        return f"pain of {average} on average and of {worst} at its worst"
    return ""


def read_checkin(path: Path) -> CheckIn:
    """Return the check-in in a TOML or JSON file."""
    return load_checkin(read_answers(path))
