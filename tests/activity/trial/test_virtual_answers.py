"""Answers of virtual people come to the score that was wanted, in every instrument."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from activity.questionnaires.answers import check_answers
from activity.questionnaires.instrument import Combine, Instrument, answer_form, instruments, item_answers
from activity.questionnaires.scoring import score
from activity.trial.published import Design
from activity.trial.virtual.courses import draw_courses, eligible, true_difference_of_eligible
from activity.trial.virtual.item_answers import answers_to

SCORED = [row for row in instruments().values() if row.combine is not Combine.VALUE_SET]


def scored(row: Instrument, document: dict[str, object]) -> float | None:
    return score(row, item_answers(row, check_answers(answer_form(row), document))).value


@pytest.mark.parametrize("row", SCORED, ids=lambda row: row.id)
def test_every_score_that_there_is_can_be_answered(row: Instrument) -> None:
    each = len(row.counted) if row.combine is Combine.MEAN else 1
    low, high = round((row.score_low or 0) * each), round(row.score_high * each)
    for number in range(low, high + 1):
        wanted = number / each
        assert scored(row, answers_to(row, wanted, Random(number))) == pytest.approx(wanted)


@given(st.sampled_from(list(instruments().values())), st.floats(-100, 100), st.integers(0, 99))
def test_a_score_that_there_isnt_becomes_the_nearest(row: Instrument, wanted: float, seed: int) -> None:
    document = answers_to(row, wanted, Random(seed))
    check_answers(answer_form(row), document)
    found = None if row.combine is Combine.VALUE_SET else scored(row, document)
    if found is not None:
        low, high = row.score_low or 0.0, row.score_high
        assert found == pytest.approx(min(max(wanted, low), high), abs=1.0)


def test_people_are_the_same_in_both_arms_until_they_are_treated() -> None:
    courses = draw_courses(Design(), 2000, 3)
    assert (courses.felt[0, :, 0] == courses.felt[1, :, 0]).all()
    assert (courses.felt[0] != courses.felt[1]).any()
    without = draw_courses(Design().without_effect(), 2000, 3)
    assert (without.felt[0] == without.felt[1]).all()


def test_the_true_difference_of_those_who_may_take_part_is_near_what_was_published() -> None:
    truth = true_difference_of_eligible(Design(), 6, 2, people=100_000)
    assert truth.value == pytest.approx(-0.77, abs=0.02)
    assert true_difference_of_eligible(Design().without_effect(), 6, 2, people=1000).value == 0.0


def test_who_may_take_part_has_the_points_before() -> None:
    courses = draw_courses(Design(), 500, 1)
    may = eligible(courses, 6)
    assert courses.felt[0, may, 0].min() >= 6
    assert 0.8 < may.mean() < 0.95
