"""Weights are learnt where there is something to learn, and stay as they were where there isn't."""

from dataclasses import replace
from random import Random

import pytest
from case_weeks import case, crowd, shipped

from activity.coach.cases.base import case_base
from activity.coach.cases.case import SubPlan
from activity.coach.cases.learn import LEAST_PEOPLE, learn_weights
from activity.errors import CaseError


def weeks(seed: int, by_fear: bool):
    """Weeks that go well for those who aren't afraid, or by luck alone."""
    rng = Random(seed)
    cases = []
    for number in range(160):
        fear, stress = rng.randint(0, 10), rng.randint(0, 10)
        good = fear <= 5 if by_fear else rng.random() < 0.5
        one = case(f"p{number:03d}", 0, -2 if good else 2)
        dynamic = replace(one.problem.dynamic, fear=fear, stress=stress, sleep_trouble=rng.randint(0, 10))
        cases.append(replace(one, problem=replace(one.problem, dynamic=dynamic)))
    few = shipped().model_copy(update={"retrieval": shipped().retrieval.model_copy(update={"neighbours": 15})})
    return case_base(cases, few)


def test_what_foretells_success_gains_weight() -> None:
    learnt = learn_weights(weeks(1, by_fear=True), SubPlan.EDUCATION, Random(1))
    names = [attribute.name for attribute in shipped().attribute]
    before = dict(zip(names, shipped().weights(SubPlan.EDUCATION), strict=True))
    after = dict(zip(names, learnt.weights, strict=True))
    assert learnt.kept
    assert learnt.error < learnt.error_before < learnt.error_of_mean
    assert after["fear"] > 1.5 * before["fear"]
    assert after["fear"] == max(after.values())
    assert sum(learnt.weights) == pytest.approx(1.0)
    assert shipped().with_weights(SubPlan.EDUCATION, learnt.weights).weights(SubPlan.EDUCATION) == learnt.weights


def test_what_does_not_hold_for_people_held_out_is_not_learnt() -> None:
    for seed in range(4):
        learnt = learn_weights(weeks(seed, by_fear=False), SubPlan.EDUCATION, Random(seed))
        assert learnt.kept == (learnt.error < learnt.error_before)
        if not learnt.kept:
            assert learnt.weights == shipped().weights(SubPlan.EDUCATION)
        assert learnt.error > 0.8 * learnt.error_of_mean, "luck was foretold"


def test_too_few_people_teach_nothing() -> None:
    with pytest.raises(CaseError, match=f"{LEAST_PEOPLE - 1} people"):
        learn_weights(case_base(crowd(LEAST_PEOPLE - 1, 1), shipped()), SubPlan.ACTIVITY, Random(1))


def test_the_same_seed_learns_the_same() -> None:
    base = weeks(2, by_fear=True)
    assert learn_weights(base, SubPlan.ACTIVITY, Random(3)) == learn_weights(base, SubPlan.ACTIVITY, Random(3))
