from datetime import timedelta

import pytest
from coach_weeks import HEALTHY, START, content, good_week, plan_before, week_of
from hypothesis import given
from hypothesis import strategies as st

from activity.coach.currency import (
    ActivityEntry,
    ActivityWeek,
    Effort,
    WalkedDay,
    activity_week,
    load_activities,
    walked_day,
    worth_minutes,
    worth_steps,
)
from activity.coach.week import make_plan
from activity.day.intensity import Intensity
from activity.errors import AnswerError, ContentError
from activity.resources import shipped

TABLE = load_activities()
RULES = content().rules
RULE = RULES.activity_week
ROWS = [(kind, energy) for kind in TABLE.activity for energy in kind.energy]
YESTERDAY = START - timedelta(days=1)

entries = st.builds(
    lambda row, ago, minutes: ActivityEntry(START - timedelta(days=ago), row[0].id, minutes, row[1].effort),
    st.sampled_from(ROWS),
    st.integers(-2, 9),
    st.integers(1, 360),
)
walked = st.builds(
    lambda ago, moderate, share: WalkedDay(
        START - timedelta(days=ago), moderate, None if moderate is None else float(moderate // share)
    ),
    st.integers(1, 7),
    st.none() | st.integers(0, 300).map(float),
    st.integers(1, 9),
)


@pytest.mark.parametrize(
    ("kind", "energy"), ROWS, ids=lambda row: getattr(row, "id", None) or getattr(row, "effort", "")
)
def test_every_row_says_what_a_minute_is_worth(kind, energy) -> None:
    half_an_hour = ActivityEntry(YESTERDAY, kind.id, 30, energy.effort)
    worth = {"light": 0, "moderate": 30, "vigorous": 60}[energy.worth]
    assert worth_minutes(half_an_hour, TABLE, RULE) == worth
    steps = {"light": 0, "moderate": 3000, "vigorous": 3900}[energy.worth]
    assert worth_steps(half_an_hour, TABLE, RULE) == (0 if kind.band_counts else steps)
    assert energy.code or "no table of energy" in TABLE.uncoded


def test_energies_of_the_compendium_are_those_that_were_published() -> None:
    known = {"01018": 3.5, "01030": 8.0, "18240": 5.8, "18230": 9.8, "02054": 3.5, "02050": 6.0, "02120": 5.3,
             "02101": 2.3, "08245": 3.8, "05026": 3.5, "03040": 3.0, "02071": 4.8}  # fmt: skip
    shown = {energy.code: energy.met for _, energy in ROWS}
    assert {code: shown[code] for code in known} == known


@given(st.lists(entries, max_size=12), st.lists(walked, max_size=7, unique_by=lambda one: one.date))
def test_a_week_adds_up_whatever_the_order_and_knows_only_its_own_days(written, days) -> None:
    week = activity_week(written, days, TABLE, RULES, START)
    again = activity_week(written[::-1], days[::-1], TABLE, RULES, START)
    inside = [entry for entry in written if 1 <= (START - entry.date).days <= 7]
    assert week == again
    assert week.other_minutes == sum(worth_minutes(entry, TABLE, RULE) for entry in inside)
    assert sum(week.other_steps.values()) == sum(worth_steps(entry, TABLE, RULE) for entry in inside)
    assert week.walked_days == sum(day.moderate_minutes is not None for day in days)
    assert week.minutes == week.walked_minutes + week.other_minutes


def test_a_vigorous_minute_counts_twice_and_a_day_that_is_not_known_counts_nothing() -> None:
    intensity = Intensity({"mvpa_cadence_minutes": 30.0, "vigorous_cadence_minutes": 10.0}, None, None)
    unknown = Intensity({"mvpa_cadence_minutes": None, "vigorous_cadence_minutes": None}, None, None)
    days = [walked_day(YESTERDAY, intensity), walked_day(YESTERDAY - timedelta(days=1), unknown)]
    week = activity_week([], days, TABLE, RULES, START)
    assert (week.walked_minutes, week.walked_days) == (40.0, 1)


@pytest.mark.parametrize(
    "entry",
    [
        ActivityEntry(YESTERDAY, "flying", 30, Effort.LIGHT),
        ActivityEntry(YESTERDAY, "swimming", 30, Effort.LIGHT),
        ActivityEntry(YESTERDAY, "swimming", 0, Effort.MODERATE),
        ActivityEntry(YESTERDAY, "swimming", 361, Effort.MODERATE),
    ],
)
def test_an_entry_that_cannot_be_is_refused(entry) -> None:
    with pytest.raises(AnswerError):
        worth_minutes(entry, TABLE, RULE)


def goal_after(walked: int, swum: int, days: int = 7):
    week = ActivityWeek(0.0, 0, 60.0, 300.0, {START - timedelta(days=n): swum for n in range(1, 8)})
    plan = make_plan(
        HEALTHY, good_week(), week_of([walked] * days), content=content(), start=START, seed=1,
        previous=plan_before(6000, 5000), activity=week,
    )  # fmt: skip
    return plan.goal


@given(st.integers(0, 15_000), st.integers(-5, 100_000))
def test_other_activity_never_takes_a_goal_up_and_stands_for_at_most_half_of_it(walked, swum) -> None:
    without, with_it = goal_after(walked, 0), goal_after(walked, swum)
    assert with_it.steps_per_day <= max(6000, without.steps_per_day)
    assert with_it.steps_per_day >= without.steps_per_day
    assert (with_it.change == "raise") == (walked >= 6000)
    if walked < 3000:
        assert with_it.steps_per_day == without.steps_per_day


def test_a_day_of_swimming_keeps_a_goal_from_going_down_and_says_so() -> None:
    assert goal_after(4000, 0).change == "lower"
    kept = goal_after(4000, 2000)
    assert (kept.change, kept.steps_per_day) == ("hold", 6000)
    assert "7 of the days" in kept.reasons[-1].text
    assert goal_after(4000, 2000, days=3).change == "keep"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("met = 3.5", "met = 35"),
        ('"moderate", met = 5.8, code = "01019"', '"moderate", met = 2.8, code = "01019"'),
        ('id = "exercise-bike"', 'id = "cycling"'),
        ('"01018"', '"1018"'),
    ],
)
def test_a_table_that_cannot_be_is_refused(old, new, tmp_path) -> None:
    text = shipped("data", "content", "activities.toml").read_text(encoding="utf-8")
    assert old in text
    (tmp_path / "activities.toml").write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(ContentError):
        load_activities(tmp_path)
