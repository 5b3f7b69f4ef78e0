"""How alike two weeks are: agrees with its slow twin, symmetric, 1 for itself, and blind to what doesn't matter."""

import math
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from case_weeks import START, case, known, problems, shipped, similarity
from hypothesis import given
from hypothesis import strategies as st

from activity.coach.cases.base import case_base
from activity.coach.cases.case import SUBPLANS
from activity.coach.cases.settings import Kind
from activity.coach.cases.similarity import global_similarity, local_similarities
from activity.errors import CaseError


def alike(one, others, subplan):
    past = [replace(problem, start=START - timedelta(days=7)) for problem in others]
    base = case_base([case(f"p{number:02d}", problem=problem) for number, problem in enumerate(past)], shipped())
    return global_similarity(local_similarities(one, base), base, subplan)


@given(problems, st.lists(problems, min_size=1, max_size=6), st.sampled_from(SUBPLANS))
def test_it_agrees_with_its_slow_twin_on_any_weeks(one, others, subplan) -> None:
    for got, other in zip(alike(one, others, subplan), others, strict=True):
        wanted = similarity(one, other, subplan, shipped())
        assert math.isnan(got) if wanted is None else got == pytest.approx(wanted, abs=1e-12)


@given(problems, problems, st.sampled_from(SUBPLANS))
def test_it_is_symmetric_and_from_0_to_1(one, other, subplan) -> None:
    there, back = alike(one, [other], subplan)[0], alike(other, [one], subplan)[0]
    assert (math.isnan(there) and math.isnan(back)) or there == pytest.approx(back, abs=1e-12)
    assert math.isnan(there) or -1e-12 <= there <= 1.0 + 1e-12


@given(problems, st.sampled_from(SUBPLANS))
def test_a_week_is_wholly_like_itself_or_too_little_is_known(problem, subplan) -> None:
    got = alike(problem, [problem], subplan)[0]
    assert math.isnan(got) or got == pytest.approx(1.0)


@pytest.mark.parametrize(
    "attribute", [a for a in shipped().attribute if a.part == "dynamic" and a.kind is Kind.NUMERIC]
)
def test_a_difference_up_to_the_important_change_is_none(attribute) -> None:
    for change in range(6):
        got = alike(known(), [known(**{attribute.name: 5 - change})], SUBPLANS[2])[0]
        if attribute.weights.education:
            assert (got == pytest.approx(1.0)) == (change <= attribute.important), change


def test_what_one_week_does_not_know_is_left_out_and_not_taken_for_different() -> None:
    open_answer = known(fear=None)
    assert alike(open_answer, [known(fear=10)], SUBPLANS[0])[0] == pytest.approx(1.0)


def test_a_level_that_is_not_there_is_named() -> None:
    strange = known(START - timedelta(days=7))
    object.__setattr__(strange.adherence, "exercise_feel", "fine")
    with pytest.raises(CaseError, match="'fine' is no level"):
        case_base([case("p", problem=strange)], shipped())


def test_a_base_without_cases_can_be_asked() -> None:
    base = case_base([], shipped())
    local = local_similarities(known(), base)
    assert local.shape == (len(shipped().attribute), 0)
    assert global_similarity(local, base, SUBPLANS[0]).shape == (0,)
    assert not np.isnan(local).any()
