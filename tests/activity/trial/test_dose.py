"""Use: what counts lies in the weeks that count, days count once, and what isn't known isn't zero."""

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from activity.trial.dose import Traces, Use, WeekWorn, dose
from activity.trial.protocol import load_protocol

BOUNDS = load_protocol().dose
DAY = date(2026, 3, 2)
LATER = DAY + timedelta(days=400)


def on(days: int) -> date:
    return DAY + timedelta(days=days)


def weekly(number: int) -> tuple[date, ...]:
    return tuple(on(7 * week) for week in range(number))


@pytest.mark.parametrize(
    ("plans", "use"), [(0, Use.NONE), (1, Use.LOW), (4, Use.LOW), (5, Use.MODERATE), (9, Use.MODERATE), (10, Use.HIGH)]
)
def test_the_class_of_use_changes_at_its_bounds(plans: int, use: Use) -> None:
    found = dose(BOUNDS, DAY, Traces(plans=weekly(plans)), LATER)
    assert (found.plans, found.use) == (plans, use)


def test_the_first_day_counts_and_the_day_after_the_last_does_not() -> None:
    days = (on(-1), on(0), on(83), on(84))
    found = dose(BOUNDS, DAY, Traces(plans=days, exercises=days, messages=days, quizzes=days), LATER)
    assert (found.plans, found.exercises, found.messages, found.quizzes, found.weeks) == (2, 2, 2, 2, 12)


def test_what_is_to_come_does_not_count_yet() -> None:
    found = dose(BOUNDS, DAY, Traces(plans=weekly(12)), on(20))
    assert (found.plans, found.weeks) == (3, 3)
    assert dose(BOUNDS, DAY, Traces(plans=weekly(12)), on(-5)).weeks == 0


def test_band_days_are_those_of_weeks_after_randomisation_and_goals_are_judged_on_them_alone() -> None:
    weeks = (
        WeekWorn(on(0), 7, 100),  # the week before randomisation
        WeekWorn(on(7), 6, 50),
        WeekWorn(on(14), 3, None),  # no goal was judged
        WeekWorn(on(21), 0, None),
        WeekWorn(on(84), 4, 75),  # the last of the twelve
        WeekWorn(on(91), 7, 100),
    )
    found = dose(BOUNDS, DAY, Traces(weeks=weeks), LATER)
    assert (found.band_days, found.band_weeks, found.goal_days, found.goal_judged_days) == (13, 2, 6, 10)


def test_goals_that_were_never_judged_are_not_known_rather_than_missed() -> None:
    found = dose(BOUNDS, DAY, Traces(weeks=(WeekWorn(on(7), 5, None), WeekWorn(on(14), 0, 0))), LATER)
    assert (found.goal_days, found.goal_judged_days, found.band_days) == (None, 0, 5)


@settings(max_examples=80, deadline=None)
@given(starts=st.lists(st.integers(-20, 120), max_size=30), today=st.integers(-5, 150))
def test_no_day_counts_twice_however_often_a_plan_is_made_anew(starts: list[int], today: int) -> None:
    weeks = tuple(WeekWorn(on(start), 7, 100) for start in starts)
    found = dose(BOUNDS, DAY, Traces(plans=tuple(map(on, starts + starts)), weeks=weeks), on(today))
    assert found.band_days <= max(min(today + 1, 84), 0)
    assert found.plans <= len(set(starts))
    assert found.goal_judged_days == found.band_days
    assert found.band_weeks <= found.weeks


def test_exercises_of_one_day_are_one_day() -> None:
    found = dose(BOUNDS, DAY, Traces(exercises=(on(1), on(1), on(2))), LATER)
    assert (found.exercises, found.exercise_days) == (3, 2)
