"""A study as REDCap takes it: a data dictionary, events, and one flat table of records; and answers from it again.

Format: a row a record and event, repeated instruments on rows of their own, raw codes, checkboxes as ``field___code``,
dates ``YYYY-MM-DD``, empty for missing, ``<form>_complete`` 0 or 2 (Harris et al. 2009, J Biomed Inform 42:377, and the
export of the program). Only letters, digits and underscores are in names.
"""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from activity.errors import AnswerError
from activity.questionnaires.answers import check_answers
from activity.questionnaires.definition import Kind, Question
from activity.questionnaires.instrument import Instrument, answer_form, instruments
from activity.trial.protocol import Protocol

#: The eighteen columns of a data dictionary, in the order that REDCap wants.
DICTIONARY_COLUMNS: Final = (
    "Variable / Field Name", "Form Name", "Section Header", "Field Type", "Field Label",
    "Choices, Calculations, OR Slider Labels", "Field Note", "Text Validation Type OR Show Slider Number",
    "Text Validation Min", "Text Validation Max", "Identifier?", "Branching Logic (Show field only if...)",
    "Required Field?", "Custom Alignment", "Question Number (surveys only)", "Matrix Group Name", "Matrix Ranking?",
    "Field Annotation",
)  # fmt: skip
RECORD: Final = "record_id"
EVENT: Final = "redcap_event_name"
REPEAT: Final = "redcap_repeat_instrument"
INSTANCE: Final = "redcap_repeat_instance"
#: What is said of somebody once, at the baseline.
ENROLMENT: Final = "enrolment"
DAYS: Final = "daily_activity"
HARMS: Final = "adverse_event"
COMPLETE: Final = "2"

#: Fields of a repeated instrument: name, type, label, validation.
_DAY_FIELDS: Final = (
    ("day_date", "Date", "date_ymd"), ("day_steps", "Steps", "integer"), ("day_wear_minutes", "Minutes worn", "number"),
    ("day_walking_minutes", "Minutes of walking", "number"), ("day_valid", "Worn enough to judge", "integer"),
)  # fmt: skip
_HARM_FIELDS: Final = (
    ("ae_date", "Date", "date_ymd"), ("ae_what", "What went wrong", ""), ("ae_severity", "Severity", ""),
    ("ae_serious", "Serious", "integer"), ("ae_related", "Related to the study", ""),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class AnswerSet:
    """Answers of somebody to an instrument, as they were kept, at a visit."""

    person: str
    visit: str
    instrument: str
    day: date
    document: Mapping[str, Any]
    score: float | None = None


@dataclass(frozen=True, slots=True)
class Enrolled:
    """What is known of somebody from when they were randomised."""

    person: str
    arm: str
    randomised: date
    background: Mapping[str, Any]  #: answers to the screening


@dataclass(frozen=True, slots=True)
class Repeated:
    """A day or an adverse event: values by field name."""

    person: str
    form: str
    values: Mapping[str, Any]


def field_name(*parts: str) -> str:
    """Return the name of a field: small letters, digits and underscores, a letter first."""
    name = "_".join("".join(letter if letter.isalnum() else "_" for letter in part.lower()) for part in parts)
    return name if name[:1].isalpha() else f"f_{name}"


def event_name(visit: str) -> str:
    """Return the unique name of a visit's event, all in one arm of REDCap."""
    return f"{field_name(visit).removeprefix('f_')}_arm_1"


def data_dictionary(protocol: Protocol) -> list[dict[str, str]]:
    """Return a row a field: the enrolment, each instrument of a visit, days and adverse events."""
    rows = [_field(RECORD, ENROLMENT, "text", "Participant")]
    rows += [_field("arm", ENROLMENT, "radio", "Arm", _choices((_code(arm.id), arm.title) for arm in protocol.arm))]
    rows += [_field("randomised", ENROLMENT, "text", "Day of randomisation", validation="date_ymd")]
    rows += [_question_field(field_name(one.id), ENROLMENT, one) for one in protocol.screening.questions]
    for row in _asked(protocol):
        form = field_name(row.id)
        rows.append(_field(f"{form}_date", form, "text", f"{row.title}: day of the answers", validation="date_ymd"))
        rows += [_question_field(field_name(row.id, one.id), form, one) for one in answer_form(row).questions]
        rows.append(_field(f"{form}_score", form, "text", f"{row.title}: score", validation="number"))
    for name, fields in ((DAYS, _DAY_FIELDS), (HARMS, _HARM_FIELDS)):
        rows += [_field(field, name, "text", label, validation=kind) for field, label, kind in fields]
    return rows


def event_table(protocol: Protocol) -> list[dict[str, str]]:
    """Return which form belongs to which event, as REDCap's designation of instruments has it."""
    first = event_name(protocol.baseline.id)
    pairs = [(first, ENROLMENT), (first, DAYS), (first, HARMS)]
    pairs += [(event_name(visit.id), field_name(name)) for visit in protocol.visit for name in visit.instruments]
    return [{"arm_num": "1", "unique_event_name": event, "form": form} for event, form in pairs]


def records(
    protocol: Protocol, enrolled: Iterable[Enrolled], answered: Iterable[AnswerSet], repeated: Iterable[Repeated]
) -> list[dict[str, str]]:
    """Return the flat table: people in order, each with their events, then what repeats."""
    first = event_name(protocol.baseline.id)
    found: dict[tuple[str, str], dict[str, str]] = {}
    for one in enrolled:
        row = {"arm": _code(one.arm), "randomised": one.randomised.isoformat(), f"{ENROLMENT}_complete": COMPLETE}
        row |= _answers({field_name(q.id): q for q in protocol.screening.questions},
                        {field_name(name): value for name, value in one.background.items()})  # fmt: skip
        found[one.person, first] = row
    for given in answered:
        found.setdefault((given.person, event_name(given.visit)), {}).update(_instrument_row(given))
    rows = [{RECORD: person, EVENT: event, **values} for (person, event), values in found.items()]
    instances: dict[tuple[str, str], int] = {}
    for again in repeated:
        number = instances[again.person, again.form] = instances.get((again.person, again.form), 0) + 1
        values = {name: _text(value) for name, value in again.values.items()}
        rows.append(
            {RECORD: again.person, EVENT: first, REPEAT: again.form, INSTANCE: str(number), **values,
             f"{again.form}_complete": COMPLETE}
        )  # fmt: skip
    order = {event_name(visit.id): place for place, visit in enumerate(protocol.visit)}
    return sorted(rows, key=lambda row: (row[RECORD], bool(row.get(REPEAT)), row.get(REPEAT, ""),
                                         int(row.get(INSTANCE, 0)), order[row[EVENT]]))  # fmt: skip


def record_columns(protocol: Protocol) -> tuple[str, ...]:
    """Return the columns of the flat table in REDCap's order: fields form by form, each form's completeness last."""
    columns: list[str] = [RECORD, EVENT, REPEAT, INSTANCE]
    forms: dict[str, list[str]] = {}
    for row in data_dictionary(protocol):
        name, form = row[DICTIONARY_COLUMNS[0]], row[DICTIONARY_COLUMNS[1]]
        if row[DICTIONARY_COLUMNS[3]] == "checkbox":
            codes = [choice.split(",")[0].strip() for choice in row[DICTIONARY_COLUMNS[5]].split("|")]
            forms.setdefault(form, []).extend(f"{name}___{code}" for code in codes)
        elif name != RECORD:
            forms.setdefault(form, []).append(name)
    for form, names in forms.items():
        columns += [*names, f"{form}_complete"]
    return tuple(columns)


def answers_of(protocol: Protocol, rows: Iterable[Mapping[str, str]]) -> tuple[AnswerSet, ...]:
    """Return the answers in a flat table, checked; `AnswerError` names the record, event and field that can't be."""
    visits = {event_name(visit.id): visit for visit in protocol.visit}
    found = []
    for row in rows:
        if row.get(REPEAT):
            continue
        where = f"record {row.get(RECORD, '')!r}, event {row.get(EVENT, '')!r}"
        visit = visits.get(row.get(EVENT, ""))
        if visit is None or not row.get(RECORD):
            raise AnswerError(f"{where} isn't of this study", "records", f"one of {', '.join(visits)}")
        for name in visit.instruments:
            one = _read_instrument(instruments()[name], row, where)
            if one is not None:
                found.append(AnswerSet(row[RECORD], visit.id, name, *one))
    return tuple(found)


def csv_text(columns: Sequence[str], rows: Iterable[Mapping[str, str]]) -> str:
    """Return rows as CSV, empty where there is nothing."""
    out = io.StringIO()
    writer = csv.DictWriter(out, columns, lineterminator="\n", restval="")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def _asked(protocol: Protocol) -> tuple[Instrument, ...]:
    names = dict.fromkeys(name for visit in protocol.visit for name in visit.instruments)
    return tuple(instruments()[name] for name in names)


def _field(
    name: str, form: str, kind: str, label: str, choices: str = "", *, validation: str = "",
    bounds: tuple[str, str] = ("", ""),
) -> dict[str, str]:  # fmt: skip
    row = dict.fromkeys(DICTIONARY_COLUMNS, "")
    values = (name, form, "", kind, label, choices, "", validation, *bounds)
    return row | dict(zip(DICTIONARY_COLUMNS, values, strict=False))


def _question_field(name: str, form: str, one: Question) -> dict[str, str]:
    match one.kind:
        case Kind.YES_NO:
            return _field(name, form, "yesno", one.text)
        case Kind.CHOICE | Kind.CHOICES:
            kind = "radio" if one.kind is Kind.CHOICE else "checkbox"
            choices = _choices((_code(option.id), option.label) for option in one.options)
            return _field(name, form, kind, one.text, choices)
        case _:
            bounds = ("" if one.low is None else str(one.low), "" if one.high is None else str(one.high))
            return _field(name, form, "text", one.text, validation="integer", bounds=bounds)


def _choices(pairs: Iterable[tuple[str, str]]) -> str:
    return " | ".join(f"{code}, {label.replace('|', '/')}" for code, label in pairs)


def _code(option: str) -> str:
    """Return the code of a choice: REDCap makes columns of checkboxes from it."""
    return "".join(letter if letter.isalnum() else "_" for letter in option.lower())


def _instrument_row(one: AnswerSet) -> dict[str, str]:
    row, form = instruments()[one.instrument], field_name(one.instrument)
    questions = {field_name(row.id, question.id): question for question in answer_form(row).questions}
    given = {field_name(row.id, name): value for name, value in one.document.items()}
    score = "" if one.score is None else _text(one.score)
    return {
        f"{form}_date": one.day.isoformat(), f"{form}_score": score, f"{form}_complete": COMPLETE,
        **_answers(questions, given),
    }  # fmt: skip


def _answers(questions: Mapping[str, Question], given: Mapping[str, Any]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, question in questions.items():
        value = given.get(name)
        if question.kind is Kind.CHOICES:
            if value is not None:
                found |= {f"{name}___{_code(o.id)}": str(int(o.id in value)) for o in question.options}
        elif value is not None:
            found[name] = _code(value) if question.kind is Kind.CHOICE else _text(value)
    return found


def _read_instrument(row: Instrument, cells: Mapping[str, str], where: str) -> tuple[date, dict[str, Any]] | None:
    form, document = field_name(row.id), {}
    day = cells.get(f"{form}_date", "")
    for question in answer_form(row).questions:
        name = field_name(row.id, question.id)
        try:
            value = _read(question, name, cells)
        except (ValueError, KeyError) as error:
            raise AnswerError(f"{name} can't be read: {error}", where, "the codes of the data dictionary") from error
        if value is not None:
            document[question.id] = value
    if not day and not document:
        return None
    try:
        on = date.fromisoformat(day)
    except ValueError as error:
        raise AnswerError(f"{form}_date is {day!r}", where, "a day as 2026-03-02") from error
    check_answers(answer_form(row), document)
    return on, document


def _read(question: Question, name: str, cells: Mapping[str, str]) -> Any:
    if question.kind is Kind.CHOICES:
        told = {option.id: cells.get(f"{name}___{_code(option.id)}", "") for option in question.options}
        return [key for key, text in told.items() if text == "1"] if any(told.values()) else None
    text = cells.get(name, "").strip()
    if not text:
        return None
    match question.kind:
        case Kind.YES_NO:
            return {"1": True, "0": False}[text]
        case Kind.CHOICE:
            return {_code(option.id): option.id for option in question.options}[text]
        case _:
            return int(text)


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(int(value))
    return f"{value:g}" if isinstance(value, float) else str(value)
