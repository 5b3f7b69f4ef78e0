"""Eligibility: who this is for, asked openly before the first plan and again within a year."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from activity.errors import AnswerError
from activity.questionnaires.answers import check_answers, check_date
from activity.questionnaires.definition import Questionnaire, load_questionnaire


@dataclass(frozen=True, slots=True)
class Eligibility:
    """What of the exclusions holds for a person, by the ids of the questions."""

    date: date
    kept_out: tuple[str, ...]  #: answered as keeps people out
    open: tuple[str, ...]  #: not answered


def load_eligibility(given: Mapping[str, object], form: Questionnaire | None = None) -> Eligibility:
    """Return who may take part from answers by question id plus ``date``; ``AnswerError`` on a value that can't be."""
    form = form or load_questionnaire("eligibility")
    if "date" not in given:
        raise AnswerError("no date", form.id, "date = the day of the answers, such as 2026-03-02")
    day = check_date(given["date"], f"{form.id}, date")
    answers = check_answers(form, {name: value for name, value in given.items() if name != "date"})
    exclusions = [question for question in form.questions if question.keeps_out is not None]
    return Eligibility(
        date=day,
        kept_out=tuple(one.id for one in exclusions if answers[one.id] is one.keeps_out),
        open=tuple(one.id for one in exclusions if answers[one.id] is None),
    )
