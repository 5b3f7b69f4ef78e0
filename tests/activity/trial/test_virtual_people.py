"""Virtual people: the same every time, the same in both worlds but for what helps, and coached by the real coach."""

from dataclasses import replace
from math import isclose, isnan
from random import Random
from statistics import correlation, fmean

import pytest
from case_weeks import shipped
from coach_weeks import content

from activity.coach.cases.case import Provenance
from activity.coach.cases.document import made_up
from activity.trial.virtual.arms import ARMS, Arm, difference, made_up_cases, run_arm, run_arms
from activity.trial.virtual.life import after_a_week, first_state
from activity.trial.virtual.people import World, draw_people, fit, offer_of


def small(arm: str, seed: int = 1):
    return run_arm(arm, draw_people(12, World.SHARED, seed), 4, seed, content=content(), settings=shipped())


def test_both_worlds_have_the_same_people_but_for_what_helps_them() -> None:
    shared, private = (draw_people(50, world, 3) for world in World)
    assert [replace(one, needs=()) for one in shared] == [replace(one, needs=()) for one in private]
    assert all(one.needs != other.needs for one, other in zip(shared, private, strict=True))


def test_what_helps_can_be_read_off_people_in_the_shared_world_only() -> None:
    for world, strong in ((World.SHARED, True), (World.PRIVATE, False)):
        people = draw_people(800, world, 5)
        seen = abs(correlation([one.fear for one in people], [one.needs[1] for one in people]))
        assert (seen > 0.5) == strong
        assert (seen < 0.1) != strong


def test_needs_and_offers_are_of_length_one_and_fit_from_minus_1_to_1() -> None:
    person = draw_people(1, World.SHARED, 1)[0]
    for name in ("goal/large", "exercise/bridge", "theme/sleep"):
        offer = offer_of(name, 1)
        assert isclose(fit(offer, offer), 1.0)
        assert -1.0 <= fit(person.needs, offer) <= 1.0
        assert offer == offer_of(name, 1) != offer_of(name, 2)


def test_a_plan_that_fits_eases_pain_more_than_one_that_does_not() -> None:
    person = replace(draw_people(1, World.SHARED, 1)[0], pain=6.0)
    state = first_state(person)
    fits, unfit = (
        fmean(after_a_week(person, state, helped, Random(seed)).pain for seed in range(200)) for helped in (1.0, -1.0)
    )
    assert fits < unfit - 1.0


@pytest.mark.parametrize("arm", ARMS)
def test_an_arm_comes_out_the_same_again_and_loses_nobody(arm: str) -> None:
    one = small(arm)
    assert one == small(arm)
    assert len(one.success) == len(one.pain_change) == 12
    assert one.plans + one.stops == 48
    assert one.retained <= 48
    assert not any(map(isnan, one.success))


def test_arms_differ_and_a_difference_has_an_interval() -> None:
    results = run_arms(12, 4, World.SHARED, 2, content=content(), settings=shipped())
    assert len({result.fit for result in results.values()}) == len(ARMS)
    apart = difference(results[Arm.COACH], results[Arm.RULES], lambda result: result.pain_change)
    assert apart.low < apart.mean < apart.high
    none = difference(results[Arm.RULES], results[Arm.RULES], lambda result: result.pain_change)
    assert (none.low, none.mean, none.high) == (0.0, 0.0, 0.0)


def test_the_shipped_cases_are_made_up_and_as_their_script_writes_them() -> None:
    read = made_up()
    again = made_up_cases(60, 4, 20210802, content=content(), settings=shipped())
    assert read.faults == ()
    assert {case.provenance for case in read.cases} == {Provenance.SYNTHETIC}
    assert [(case.id, case.plan, case.outcome) for case in read.cases] == [
        (case.id, case.plan, case.outcome) for case in again
    ], "run tests/golden/write_case_base.py"
