"""Who is retrieved: the most alike, of other people, whose week was over; every contribution is kept."""

from dataclasses import replace
from datetime import timedelta

import pytest
from case_weeks import START, case, crowd, known, problems, shipped, similarity
from hypothesis import given
from hypothesis import strategies as st

from activity.coach.cases.base import case_base
from activity.coach.cases.case import SUBPLANS, Provenance, SubPlan
from activity.coach.cases.retrieve import retrieve
from activity.errors import CaseError


@given(problems, st.integers(0, 40), st.integers(0, 1000))
def test_the_most_alike_come_first_and_no_one_is_left_out_for_somebody_less_alike(problem, count, seed) -> None:
    cases = crowd(count, seed, weeks=2)
    rule = shipped().retrieval
    for subplan, found in retrieve(problem, case_base(cases, shipped())).items():
        values = {one.id: similarity(problem, one.problem, subplan, shipped()) for one in cases}
        wanted = sorted(v for v in values.values() if v is not None and v >= rule.least_similarity)[::-1]
        got = [neighbour.similarity for neighbour in found.neighbours]
        assert got == pytest.approx(wanted[: rule.neighbours], abs=1e-9)
        assert found.searched == sum(value is not None for value in values.values())
        assert found.people == len({neighbour.case.person for neighbour in found.neighbours})
        assert found.enough == (found.people >= rule.least_people)


@given(problems, st.integers(0, 1000))
def test_contributions_sum_to_the_similarity(problem, seed) -> None:
    for found in retrieve(problem, case_base(crowd(20, seed), shipped())).values():
        for place, neighbour in enumerate(found.neighbours):
            parts = found.contributions(place)
            assert sum(part.points for part in parts) == pytest.approx(neighbour.similarity)
            assert sum(part.weight for part in parts) == pytest.approx(1.0)
            assert all(part.points == part.weight * part.local for part in parts)


def test_own_weeks_and_weeks_that_were_not_over_do_not_count() -> None:
    running = case("running")
    running = replace(
        running,
        problem=known(START - timedelta(days=1)),
        outcome=replace(running.outcome, on=START + timedelta(days=6)),
    )
    cases = [case("me"), case("other"), running]
    found = retrieve(known(), case_base(cases, shipped()), "me")[SubPlan.ACTIVITY]
    assert [neighbour.case.person for neighbour in found.neighbours] == ["other"]


def test_no_person_fills_the_neighbourhood() -> None:
    cases = [case("often", week) for week in range(12)] + [case(f"p{number}") for number in range(3)]
    found = retrieve(known(), case_base(cases, shipped()))[SubPlan.EXERCISE]
    counted = [neighbour.case.person for neighbour in found.neighbours]
    assert counted.count("often") == shipped().retrieval.weeks_of_a_person
    assert found.people == 4
    assert not found.enough


@pytest.mark.parametrize("subplan", SUBPLANS)
def test_weeks_without_consent_or_outcome_are_not_in_the_base(subplan) -> None:
    cases = [case("no", consent=False), case("open", outcome=None), case("yes")]
    found = retrieve(known(), case_base(cases, shipped()))[subplan]
    assert [neighbour.case.person for neighbour in found.neighbours] == ["yes"]


def test_the_order_in_which_cases_come_changes_nothing() -> None:
    cases = crowd(60, 3, weeks=2)
    there, back = (retrieve(known(), case_base(order, shipped())) for order in (cases, cases[::-1]))
    for subplan in SUBPLANS:
        assert there[subplan].neighbours == back[subplan].neighbours
    assert case_base(cases, shipped()).version == case_base(cases[::-1], shipped()).version


def test_made_up_weeks_are_known_as_such() -> None:
    cases = [case("lived"), case("drawn", provenance=Provenance.SYNTHETIC)]
    assert retrieve(known(), case_base(cases, shipped()))[SubPlan.ACTIVITY].made_up
    assert not retrieve(known(), case_base(cases[:1], shipped()))[SubPlan.ACTIVITY].made_up


def test_two_cases_with_one_id_are_refused() -> None:
    with pytest.raises(CaseError, match="same id"):
        case_base([case("one"), case("one")], shipped())
