"""Profile: what stays true of a person for months, and decides which exercises are not for them."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from activity.errors import AnswerError
from activity.questionnaires.answers import check_answers, read_answers
from activity.questionnaires.definition import Questionnaire, load_questionnaire


@dataclass(frozen=True, slots=True)
class Profile:
    """Conditions and positions by id; None means not asked yet, which the coach treats as "could be any"."""

    conditions: tuple[str, ...] | None = None
    avoid_positions: tuple[str, ...] | None = None
    declined_exercises: tuple[str, ...] = ()  #: exercises the person said no to
    equipment: tuple[str, ...] | None = None  #: what is at hand; None: not asked, so no more than a wall and a chair
    share_weeks: bool | None = None  #: whether others may learn from this person's weeks; only True is consent


def load_profile(given: Mapping[str, object], form: Questionnaire | None = None) -> Profile:
    """Return a profile from answers by question id; ``declined_exercises`` may be given as a list of ids."""
    form = form or load_questionnaire("profile")
    declined = given.get("declined_exercises", ())
    if not isinstance(declined, list | tuple) or not all(isinstance(name, str) for name in declined):
        raise AnswerError(f"{declined!r} is not a list", "profile, declined_exercises", "a list of exercise ids")
    asked = {name: value for name, value in given.items() if name != "declined_exercises"}
    answers: dict[str, Any] = dict(check_answers(form, asked))
    return Profile(**answers, declined_exercises=tuple(sorted(set(declined))))


def read_profile(path: Path) -> Profile:
    """Return the profile in a TOML or JSON file."""
    return load_profile(read_answers(path))
