"""People of a trial in a store: screened, agreed, with a baseline; for tests that need somebody to randomise."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from activity.questionnaires.definition import load_questionnaire
from activity.store.allocation import Allocated, randomise
from activity.store.engine import Store
from activity.store.enrolment import keep_consent, keep_screening
from activity.store.history import ELIGIBILITY_FORM
from activity.store.participants import Participant, add_participant, keep_answers
from activity.store.study import begin_study, study
from activity.store.writing import writing
from activity.trial.protocol import Protocol, load_protocol
from activity.trial.randomisation import key_check

STUDY = load_protocol()
KEY = bytes(range(32))
PINS = {"rules.toml": "0" * 64, "models/fast": "1" * 64}
DAY = date(2026, 3, 2)

SCREENING: dict[str, Any] = {
    "age": 47, "care_days": 20, "specific_cause": False, "phone": True, "email": True, "other_trial": False,
    "country": "denmark", "provider": "gp",
}  # fmt: skip
#: No exclusion holds.
FIT: dict[str, Any] = {one.id: not one.keeps_out for one in load_questionnaire("eligibility").questions}


def rmdq(score: int) -> dict[str, Any]:
    """Answers to the Roland-Morris questionnaire that come to a score."""
    return {f"q{number}": number <= score for number in range(1, 25)}


def at(day: date, hour: int = 9) -> datetime:
    return datetime.fromisoformat(f"{day.isoformat()}T{hour:02d}:00:00+00:00")


def begin(store: Store, protocol: Protocol = STUDY, key: bytes = KEY) -> None:
    with writing(store, "staff", "trial init") as write:
        begin_study(write, protocol, PINS, key_check(key, protocol.id))


def ready(
    store: Store,
    day: date = DAY,
    *,
    answers: Mapping[str, Any] | None = None,
    score: int | None = 10,
    fit: Mapping[str, Any] | None = None,
    consent: bool | None = True,
    document: str = "1",
) -> Participant:
    """Somebody who may be randomised on a day, unless an argument says otherwise."""
    with writing(store, "staff", "enrol", now=lambda: at(day, 8)) as write:
        one = add_participant(write, "Europe/Copenhagen")
        keep_screening(write, one, STUDY, day, {**SCREENING, **(answers or {})})
        if fit is None or fit:
            keep_answers(write, one, (ELIGIBILITY_FORM, "1"), day, fit or FIT)
        if score is not None:
            keep_answers(write, one, ("rmdq-24", "1"), day, rmdq(score))
        if consent is not None:
            keep_consent(write, one, day, document=document, given=consent)
    return one


def allocate(store: Store, one: Participant, day: date = DAY, key: bytes = KEY) -> Allocated:
    with writing(store, "staff", "trial randomise", now=lambda: at(day)) as write:
        return randomise(write, study(write.connection), key, one, day)


def answer(store: Store, one: Participant, instrument: str, day: date, document: Mapping[str, Any]) -> None:
    with writing(store, "participant", f"ask {instrument}", now=lambda: at(day, 18)) as write:
        keep_answers(write, one, (instrument, "1"), day, document)


def days_on(count: int) -> date:
    return DAY + timedelta(days=count)
