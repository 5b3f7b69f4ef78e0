"""Days and questionnaires as FHIR R4 resources in one Bundle, for systems of hospitals.

Codes and profile rules: HL7 Physical Activity Implementation Guide 1.0.0. There are no LOINC codes for most of our
instruments, so that their questions are told apart by the address of the questionnaire and ``linkId``, and no code is
made up. A person is named by their id in the study and by nothing else.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID, uuid5

from activity.day.summary import DaySummary
from activity.questionnaires.instrument import Form, Instrument, answer_form, item_answers
from activity.questionnaires.scoring import Score

LOINC: Final = "http://loinc.org"
UCUM: Final = "http://unitsofmeasure.org"
CATEGORY: Final = "http://terminology.hl7.org/CodeSystem/observation-category"
ACTIVITY_CODES: Final = "http://hl7.org/fhir/us/physical-activity/CodeSystem/pa-temporary-codes"
#: The code of the implementation guide for minutes of a day, whoever or whatever tells of them.
MVPA_DISPLAY: Final = (
    "On those days that you engage in moderate to strenuous exercise, how many minutes, on average, do you exercise"
)
#: Names of ours: not an address on any network.
OURS: Final = "urn:selfback"
_SPACE: Final = UUID("0e9b9f5a-52cd-5b2c-9a64-3f7f0c1d2e11")


@dataclass(frozen=True, slots=True)
class Answered:
    """Answers to an instrument on a day, and what they came to."""

    instrument: Instrument
    day: date
    document: Mapping[str, Any]
    score: Score


def bundle(resources: Iterable[dict[str, Any]], made: datetime) -> dict[str, Any]:
    """Return a collection of resources."""
    entries = [{"fullUrl": f"urn:uuid:{resource['id']}", "resource": resource} for resource in resources]
    return {"resourceType": "Bundle", "type": "collection", "timestamp": made.isoformat(), "entry": entries}


def day_observations(
    person: str, days: Iterable[DaySummary], mvpa_minutes: Mapping[str, float | None]
) -> list[dict[str, Any]]:
    """Return the steps of each valid day, with the share worn, and its minutes of moderate to vigorous activity.

    ``mvpa_minutes`` is by ISO date, None where it isn't known.
    """
    found = []
    for day in days:
        if not day.quality.valid or day.steps is None:
            continue
        on = day.date.isoformat()
        worn = {
            "code": _coded(ACTIVITY_CODES, "DeviceActivePercentage", "Share of the day that the band was worn"),
            "valueQuantity": _quantity(round(100 * day.wear_minutes / day.length_minutes, 1), "%", "%"),
        }
        steps = _observation(person, on, ("41950-7", "Number of steps in 24 hour Measured"))
        found.append(steps | {"valueQuantity": _quantity(day.steps, "steps per day", "/d"), "component": [worn]})
        minutes = mvpa_minutes.get(on)
        if minutes is not None:
            code = ("68516-4", MVPA_DISPLAY)
            active = _observation(person, on, code)
            found.append(active | {"valueQuantity": _quantity(round(minutes, 1), "minutes per day", "min/d")})
    return found


def pain_observation(person: str, answered: Answered) -> dict[str, Any] | None:
    """Return a numeric rating of pain as an Observation; None where it has no score."""
    if answered.score.value is None:
        return None
    code = ("72514-3", "Pain severity - 0-10 verbal numeric rating [Score] - Reported")
    found = _observation(person, answered.day.isoformat(), code, category="survey", salt=answered.instrument.id)
    return found | {"valueQuantity": _quantity(answered.score.value, "score", "{score}")}


def questionnaire(row: Instrument) -> dict[str, Any]:
    """Return an instrument's items without the words of their owners, which only a licence could give."""
    kinds = {Form.SCALE: "integer", Form.YES_NO: "boolean", Form.CHOOSE_ONE: "choice", Form.CHOOSE_ANY: "choice"}
    items = [
        {"linkId": question.id, "text": question.text, "type": kinds[row.form], "repeats": row.form is Form.CHOOSE_ANY}
        | _options(row, question.options)
        for question in answer_form(row).questions
    ]
    return {
        "resourceType": "Questionnaire",
        "id": str(uuid5(_SPACE, _url(row))),
        "url": _url(row),
        "version": row.version,
        "title": row.title,
        "status": "active",
        "item": [*items, {"linkId": "score", "text": "Score", "type": "decimal", "readOnly": True}],
    }


def questionnaire_response(person: str, answered: Answered) -> dict[str, Any]:
    """Return the answers to an instrument; what was left open isn't there, and without a score there is none."""
    row, items = answered.instrument, []
    raw = item_answers(row, answered.document)
    for place, question in enumerate(answer_form(row).questions):
        if row.form is Form.CHOOSE_ANY:
            chosen = [option for option, value in zip(question.options, raw, strict=True) if value]
            answers = [{"valueCoding": _coding(row, option.id, option.label)} for option in chosen]
        else:
            answers = _answer(row, question.options, raw[place])
        if answers:
            items.append({"linkId": question.id, "answer": answers})
    if answered.score.value is not None:
        items.append({"linkId": "score", "answer": [{"valueDecimal": answered.score.value}]})
    complete = answered.score.value is not None or not answered.score.why
    return {
        "resourceType": "QuestionnaireResponse",
        "id": str(uuid5(_SPACE, f"{person}/{_url(row)}/{answered.day}")),
        "questionnaire": f"{_url(row)}|{row.version}",
        "status": "completed" if complete else "in-progress",
        "subject": _subject(person),
        "authored": answered.day.isoformat(),
        "item": items,
    }


def _answer(row: Instrument, options: Any, value: int | None) -> list[dict[str, Any]]:
    if value is None:
        return []
    match row.form:
        case Form.YES_NO:
            return [{"valueBoolean": bool(value)}]
        case Form.CHOOSE_ONE:
            option = options[value - row.low]
            return [{"valueCoding": _coding(row, option.id, option.label)}]
        case _:
            return [{"valueInteger": value}]


def _options(row: Instrument, options: Any) -> dict[str, Any]:
    if row.form not in {Form.CHOOSE_ONE, Form.CHOOSE_ANY}:
        return {}
    return {"answerOption": [{"valueCoding": _coding(row, option.id, option.label)} for option in options]}


def _coding(row: Instrument, code: str, display: str) -> dict[str, str]:
    return {"system": _url(row), "code": code, "display": display}


def _url(row: Instrument) -> str:
    return f"{OURS}:questionnaire:{row.id}"


def _observation(
    person: str, on: str, code: tuple[str, str], *, category: str = "activity", salt: str = ""
) -> dict[str, Any]:
    categories = [_coded(CATEGORY, category, category.capitalize())]
    if category == "activity":
        categories.append(_coded(ACTIVITY_CODES, "PhysicalActivity", "Physical Activity"))
    return {
        "resourceType": "Observation",
        "id": str(uuid5(_SPACE, f"{person}/{on}/{code[0]}/{salt}")),
        "status": "final",
        "category": categories,
        "code": _coded(LOINC, *code),
        "subject": _subject(person),
        "effectiveDateTime": on,
    }


def _subject(person: str) -> dict[str, Any]:
    return {"type": "Patient", "identifier": {"system": f"{OURS}:participant", "value": person}}


def _coded(system: str, code: str, display: str) -> dict[str, Any]:
    return {"coding": [{"system": system, "code": code, "display": display}]}


def _quantity(value: float, unit: str, code: str) -> dict[str, Any]:
    return {"value": value, "unit": unit, "system": UCUM, "code": code}
