"""A study as REDCap takes it, and its answers from it again."""

import csv
import io
import re
from datetime import date, timedelta
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from trial_people import DAY, STUDY, allocate, answer, begin, ready, rmdq

from activity.errors import AnswerError
from activity.export.redcap import (
    DICTIONARY_COLUMNS,
    EVENT,
    HARMS,
    RECORD,
    AnswerSet,
    Enrolled,
    Repeated,
    answers_of,
    csv_text,
    data_dictionary,
    event_table,
    record_columns,
    records,
)
from activity.questionnaires.answers import check_answers
from activity.questionnaires.instrument import answer_form, instruments
from activity.store.course import ADVERSE
from activity.store.engine import Store
from activity.store.exported import exported, keep_new_answers, new_answers
from activity.store.participants import keep_event
from activity.store.writing import writing
from activity.trial.virtual.item_answers import answers_to

#: Every instrument there is, at every visit: more than any study asks, so that each kind of field comes up.
EVERYTHING = STUDY.model_copy(
    update={"visit": tuple(v.model_copy(update={"instruments": tuple(instruments())}) for v in STUDY.visit)}
)


def read(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


@st.composite
def answer_sets(draw: st.DrawFn) -> AnswerSet:
    row = draw(st.sampled_from(list(instruments().values())))
    document = answers_to(row, draw(st.floats(-5, 60)), Random(draw(st.integers(0, 999))))
    kept = {name: value for name, value in document.items() if draw(st.integers(0, 9)) or name == "q1"}
    person, visit = draw(st.sampled_from(["AAA-111", "BBB-222"])), draw(st.sampled_from(EVERYTHING.visit)).id
    return AnswerSet(person, visit, row.id, draw(st.dates(date(2020, 1, 1), date(2040, 1, 1))), kept)


@given(st.lists(answer_sets(), max_size=8, unique_by=lambda one: (one.person, one.visit, one.instrument)))
def test_answers_come_back_as_they_were_given(found: list[AnswerSet]) -> None:
    rows = records(EVERYTHING, (), found, ())
    back = answers_of(EVERYTHING, read(csv_text(record_columns(EVERYTHING), rows)))
    key = lambda one: (one.person, one.visit, one.instrument)  # noqa: E731
    assert sorted(back, key=key) == sorted(found, key=key)


def test_the_dictionary_is_one_that_redcap_takes() -> None:
    rows = data_dictionary(EVERYTHING)
    names = [row[DICTIONARY_COLUMNS[0]] for row in rows]
    assert names[0] == RECORD
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[a-z][a-z0-9_]*", name) for name in names)
    forms = [row["Form Name"] for row in rows]
    assert all(re.fullmatch(r"[a-z][a-z0-9_]*", form) for form in forms)
    assert len({form for form, before in zip(forms, ["", *forms], strict=False) if form != before}) == len(set(forms))
    assert {row["Field Type"] for row in rows} == {"text", "yesno", "radio", "checkbox"}
    for row in rows:
        choices = row["Choices, Calculations, OR Slider Labels"]
        assert bool(choices) == (row["Field Type"] in {"radio", "checkbox"})
        assert all(re.fullmatch(r"\s*[a-z0-9_]+, .+", one) for one in choices.split("|") if choices)


def test_each_form_of_a_visit_belongs_to_its_event() -> None:
    pairs = {(row["unique_event_name"], row["form"]) for row in event_table(STUDY)}
    assert ("6_weeks_arm_1", "gpe") in pairs
    assert ("baseline_arm_1", "gpe") not in pairs
    assert len(pairs) == 3 + sum(len(visit.instruments) for visit in STUDY.visit)


def test_no_column_is_written_that_the_dictionary_doesnt_name() -> None:
    told = AnswerSet("AAA-111", "baseline", "rmdq-24", DAY, rmdq(7), 7.0)
    rows = records(STUDY, (Enrolled("AAA-111", "selfback", DAY, {"age": 50, "country": "norway"}),), (told,), ())
    assert set().union(*rows) <= set(record_columns(STUDY))
    assert rows[0]["rmdq_24_score"] == "7"
    assert rows[0]["rmdq_24_q7"] == "1"
    assert rows[0]["rmdq_24_q8"] == "0"
    assert (rows[0]["arm"], rows[0]["age"], rows[0]["country"]) == ("selfback", "50", "norway")


def test_what_repeats_stands_on_rows_of_its_own_and_is_counted() -> None:
    found = [Repeated("AAA-111", HARMS, {"ae_date": "2026-03-0" + str(n), "ae_serious": False}) for n in (1, 2)]
    rows = records(STUDY, (), (), found)
    assert [row["redcap_repeat_instance"] for row in rows] == ["1", "2"]
    assert {row["ae_serious"] for row in rows} == {"0"}
    assert answers_of(STUDY, rows) == ()


@pytest.mark.parametrize(
    ("changed", "what"),
    [
        ({"rmdq_24_q1": "yes"}, "rmdq_24_q1 can't be read"),
        ({"rmdq_24_date": "2.3.2026"}, "rmdq_24_date is '2.3.2026'"),
        ({"nrs_average_date": "2026-03-02", "nrs_average_q1": "11"}, "11"),
        ({EVENT: "week_99_arm_1"}, "isn't of this study"),
        ({RECORD: ""}, "isn't of this study"),
        ({"nrs_average_q1": "3"}, "nrs_average_date is ''"),
    ],
)
def test_a_record_that_cant_be_is_refused_by_its_field(changed: dict[str, str], what: str) -> None:
    row = records(STUDY, (), (AnswerSet("AAA-111", "baseline", "rmdq-24", DAY, rmdq(7)),), ())[0]
    with pytest.raises(AnswerError) as caught:
        answers_of(STUDY, [{**row, **changed}])
    assert what in str(caught.value)


def test_a_study_that_is_exported_and_read_again_leaves_the_store_as_it_is(store: Store, tmp_path: Path) -> None:
    begin(store)
    people = [ready(store, score=score) for score in (8, 14)]
    for one in people:
        allocate(store, one)
        answer(store, one, "rmdq-24", DAY + timedelta(days=40), rmdq(5))
    with writing(store, "staff", "trial adverse") as write:
        said = {"what": "fell", "severity": "mild", "serious": False, "related": "no"}
        keep_event(write, people[0], ADVERSE, DAY + timedelta(days=3), said)
    with store.reading() as connection:
        found = exported(connection, STUDY, lambda _: DAY + timedelta(days=60), {})
    assert len(found.enrolled) == 2
    assert [(one.visit, one.score) for one in found.answered] in (
        [("baseline", 8.0), ("6-weeks", 5.0), ("baseline", 14.0), ("6-weeks", 5.0)],
        [("baseline", 14.0), ("6-weeks", 5.0), ("baseline", 8.0), ("6-weeks", 5.0)],
    )
    rows = records(STUDY, found.enrolled, found.answered, found.repeated)
    back = answers_of(STUDY, read(csv_text(record_columns(STUDY), rows)))
    with store.reading() as connection:
        assert new_answers(connection, back) == ()
    changed = AnswerSet(back[0].person, back[0].visit, back[0].instrument, back[0].day, rmdq(20))
    with writing(store, "staff", "export from-redcap") as write:
        assert keep_new_answers(write, [*back, changed]) == 1
    with store.reading() as connection:
        assert new_answers(connection, [changed]) == ()


def test_answers_are_checked_as_if_they_were_asked() -> None:
    for row in instruments().values():
        document = answers_to(row, 3.0, Random(1))
        assert check_answers(answer_form(row), document)
