from datetime import timedelta

import pacing_oracle
from coach_weeks import START, content, day, week_of
from hypothesis import given
from hypothesis import strategies as st

from activity.coach.pacing import is_crowded, pacing_of
from activity.coach.situation import judged_days

RULES = content().rules
EVEN = [5000] * 14
BOOM = [5000, 12_000, 1000, 5000, 5000] * 3


def pacing(steps, goal: int = 5500):
    return pacing_of(judged_days(week_of(steps), START), START, goal, RULES)


amounts = st.none() | st.sampled_from([0, 2999, 3000, 3001, 5000, 8999, 9000, 9001, 20_000]) | st.integers(0, 20_000)


@given(st.lists(amounts, max_size=20))
def test_swings_are_those_of_the_slow_twin(steps) -> None:
    found = pacing(steps)
    usual, swings = pacing_oracle.swings(
        [(d.date, d.steps if d.quality.valid else None) for d in week_of(steps)], START
    )
    assert found.usual_steps == usual
    assert [(swing.busy, list(swing.quiet)) for swing in found.swings] == swings
    assert bool(found.advice) == (len(swings) >= 2)


@given(st.integers(0, 20_000), st.lists(st.booleans(), min_size=14, max_size=14))
def test_even_days_and_days_without_the_band_are_no_swing(steps, worn) -> None:
    assert pacing([steps if on else None for on in worn]).swings == ()


def test_two_busy_days_that_are_paid_for_bring_advice_with_the_goal_in_it() -> None:
    found = pacing(BOOM)
    assert [swing.busy for swing in found.swings] == [START - timedelta(days=ago) for ago in (14, 9, 4)]
    assert all(swing.quiet == (swing.busy + timedelta(days=1),) for swing in found.swings)
    assert [reason.rule for reason in found.advice] == ["pacing", "pacing-smooth", "pacing-easy-day"]
    assert "3 times" in found.advice[0].text
    assert "about 5,500 steps" in found.advice[1].text
    assert "at about 7,100" in found.advice[1].text


def test_one_busy_day_or_too_few_days_bring_no_advice() -> None:
    assert pacing([*EVEN[:5], 12_000, 1000, *EVEN[7:]]).advice == ()
    assert pacing(BOOM[:4]).usual_steps is None
    assert pacing([*BOOM[:10], *[5000] * 10]).advice == ()


def test_of_busy_days_in_a_row_the_last_one_is_paid_for() -> None:
    (swing,) = pacing([5000, 5000, 12_000, 12_000, 1000, 1000, 5000, 5000, 5000]).swings
    assert swing.busy == START - timedelta(days=6)
    assert len(swing.quiet) == 2


def test_a_day_is_crowded_when_most_of_its_steps_came_within_three_hours() -> None:
    rule = RULES.pacing_spread
    assert is_crowded(day(START, 5000, hours=True), rule)
    assert not is_crowded(day(START, 5000), rule)
    assert not is_crowded(day(START, 0, hours=True), rule)
    late = [day(d.date, d.steps, hours=True) for d in week_of(BOOM)]
    assert pacing_of(judged_days(late, START), START, 5500, RULES).advice[-1].rule == "pacing-spread"
