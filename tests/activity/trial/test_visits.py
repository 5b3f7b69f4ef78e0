"""Visits: every day of every window has one state, answers count once, and nothing before its time is taken."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from activity.errors import VisitError
from activity.questionnaires.instrument import Missing, instruments
from activity.trial.protocol import Protocol, Visit, load_protocol
from activity.trial.visits import (
    Given,
    Randomised,
    State,
    VisitState,
    check_answerable,
    is_complete,
    reminders,
    visit_states,
    window,
)

STUDY = load_protocol()
DAY = date(2026, 3, 2)
WHO = Randomised(DAY, "2026-03-02T09:00:00.000+00:00")
ALL = {one.id: one.instruments for one in STUDY.visit}
BASE = tuple(Given(name, DAY - timedelta(days=1), "2026-03-01T09:00:00.000+00:00", True) for name in ALL["baseline"])
visits = st.sampled_from(STUDY.visit[1:])


def on(days: int) -> date:
    return DAY + timedelta(days=days)


def written(day: date, hour: int = 12) -> str:
    return datetime(day.year, day.month, day.day, hour, tzinfo=UTC).isoformat(timespec="milliseconds")


def answers(visit: Visit, day: int, *, complete: bool = True, leave: int = 0) -> tuple[Given, ...]:
    names = visit.instruments[: len(visit.instruments) - leave]
    return tuple(Given(name, on(day), written(on(day)), complete) for name in names)


def state(visit: Visit, given: tuple[Given, ...], today: int, stopped: int | None = None) -> VisitState:
    found = visit_states(STUDY, WHO, given, on(today), None if stopped is None else on(stopped))
    return {one.visit: one for one in found}[visit.id]


@pytest.mark.parametrize("visit", STUDY.visit[1:], ids=lambda one: one.id)
def test_an_unanswered_visit_goes_through_its_states_at_its_bounds(visit: Visit) -> None:
    bounds = [(visit.opens_days, State.OPEN), (visit.due_days, State.DUE), (visit.late_days, State.LATE),
              (visit.closes_days, State.MISSED)]  # fmt: skip
    before = State.NOT_YET
    for day, after in bounds:
        assert state(visit, (), day - 1).state is before
        assert state(visit, (), day).state is after
        before = after


@settings(max_examples=150, deadline=None)
@given(visit=visits, day=st.integers(-40, 400), today=st.integers(-40, 400), leave=st.integers(0, 3))
def test_answers_count_in_their_window_and_up_to_today(visit: Visit, day: int, today: int, leave: int) -> None:
    found = state(visit, answers(visit, day, leave=leave), today)
    counts = visit.opens_days <= day < visit.closes_days and day <= today
    assert (len(found.answered) > 0) == counts
    assert set(found.missing) | {name for name, _ in found.answered} == set(visit.instruments)
    if counts and not leave:
        assert found.state is (State.DONE if day < visit.late_days else State.DONE_LATE)
    elif counts and today >= visit.closes_days:
        assert found.state is State.PARTIAL
    else:
        assert found.state not in {State.DONE, State.DONE_LATE}


@settings(max_examples=60, deadline=None)
@given(days=st.lists(st.integers(-40, 400), max_size=12))
def test_one_set_of_answers_is_of_one_visit_at_most(days: list[int]) -> None:
    given_ = tuple(Given("rmdq-24", on(day), written(on(day)), True) for day in days)
    found = visit_states(STUDY, WHO, given_, on(400))
    counted = [dict(one.answered)["rmdq-24"] for one in found if "rmdq-24" in dict(one.answered)]
    assert len(counted) == len(set(counted))


@settings(max_examples=60, deadline=None)
@given(visit=visits, first=st.integers(1, 300), second=st.integers(1, 300))
def test_the_first_complete_answers_of_a_window_count_and_later_ones_change_nothing(
    visit: Visit, first: int, second: int
) -> None:
    one, both = answers(visit, first), answers(visit, first) + answers(visit, second)
    if visit.opens_days <= first <= second:
        assert state(visit, one, 400).answered == state(visit, both, 400).answered


def test_of_one_day_the_answers_written_last_hold_also_where_they_are_less() -> None:
    visit = STUDY.visit[1]
    whole = Given("rmdq-24", on(42), written(on(42), 9), True)
    taken_back = Given("rmdq-24", on(42), written(on(42), 10), False)
    assert "rmdq-24" in state(visit, (whole, taken_back), 50).missing
    assert "rmdq-24" in state(visit, (taken_back, whole), 50).missing
    assert (
        "rmdq-24" not in state(visit, (taken_back, whole, Given("rmdq-24", on(43), written(on(43)), True)), 50).missing
    )


def test_incomplete_answers_do_not_make_a_visit_done() -> None:
    visit = STUDY.visit[1]
    assert state(visit, answers(visit, 42, complete=False), 50).state is State.DUE
    assert state(visit, answers(visit, 42, complete=False), 80).state is State.MISSED


def test_a_baseline_is_what_was_written_before_randomisation() -> None:
    assert {one.visit: one.state for one in visit_states(STUDY, WHO, BASE, on(1))}["baseline"] is State.DONE
    later = tuple(Given(one.instrument, one.on, "2026-03-02T09:00:00.001+00:00", True) for one in BASE)
    found = visit_states(STUDY, WHO, later, on(1))[0]
    assert (found.state, found.answered) == (State.MISSED, ())
    old = tuple(Given(one.instrument, on(-31), one.at, True) for one in BASE)
    assert visit_states(STUDY, WHO, old, on(1))[0].answered == ()


def test_before_randomisation_there_is_the_baseline_alone() -> None:
    (found,) = visit_states(STUDY, None, BASE[:3], DAY)
    assert (found.visit, found.state) == ("baseline", State.DUE)
    assert found.missing == ALL["baseline"][3:]
    (done,) = visit_states(STUDY, None, BASE, DAY)
    assert done.state is State.DONE


def test_whoever_stopped_is_asked_no_more_and_what_was_over_stays() -> None:
    found = {one.visit: one.state for one in visit_states(STUDY, WHO, BASE, on(300), on(75))}
    assert found == {"baseline": State.DONE, "6-weeks": State.MISSED, "3-months": State.STOPPED,
                     "6-months": State.STOPPED, "9-months": State.STOPPED}  # fmt: skip
    visit = STUDY.visit[2]
    assert state(visit, answers(visit, 91), 300, stopped=100).state is State.DONE
    assert state(visit, (), 95, stopped=96).state is State.DUE  # not before the day


@settings(max_examples=100, deadline=None)
@given(today=st.integers(0, 400), sent=st.sets(st.tuples(st.sampled_from(sorted(ALL)), st.integers(1, 4))))
def test_reminders_are_of_visits_that_wait_the_newest_only_and_never_twice(
    today: int, sent: set[tuple[str, int]]
) -> None:
    states = visit_states(STUDY, WHO, BASE, on(today))
    found = reminders(STUDY, states, sent, on(today))
    waiting = {one.visit for one in states if one.state in {State.DUE, State.LATE}}
    assert len({one.visit for one in found}) == len(found)
    for one in found:
        assert one.visit in waiting
        assert (one.visit, one.number) not in sent
        assert one.on <= on(today)
        assert one.missing
    again = reminders(STUDY, states, sent | {(one.visit, one.number) for one in found}, on(today))
    assert again == ()


def test_reminders_come_on_their_days_and_stop_with_the_answers() -> None:
    visit = STUDY.visit[1]
    days = {}
    sent: set[tuple[str, int]] = set()
    for today in range(430):
        for one in reminders(STUDY, visit_states(STUDY, WHO, BASE, on(today)), sent, on(today)):
            days.setdefault(one.visit, []).append(today)
            sent.add((one.visit, one.number))
    assert days["6-weeks"] == [42, 45, 49, 56]
    assert {name: len(found) for name, found in days.items()} == dict.fromkeys([one.id for one in STUDY.visit[1:]], 4)
    assert reminders(STUDY, visit_states(STUDY, WHO, answers(visit, 44), on(45)), (), on(45)) == ()
    assert reminders(STUDY, visit_states(STUDY, WHO, (), on(45), on(44)), (), on(45)) == ()
    assert reminders(STUDY, visit_states(STUDY, None, (), DAY), (), DAY) == ()


REFUSED: dict[str, tuple[Any, ...]] = {
    "a visit that isn't there": (WHO, ("5-weeks", "rmdq-24"), 42, 42, "no visit"),
    "an instrument that isn't asked": (WHO, ("6-weeks", "phq-8"), 42, 42, "isn't asked"),
    "a day to come": (WHO, ("6-weeks", "rmdq-24"), 43, 42, "to come"),
    "too early": (WHO, ("6-weeks", "rmdq-24"), 34, 42, "isn't a day of it"),
    "too late": (WHO, ("6-weeks", "rmdq-24"), 70, 80, "isn't a day of it"),
    "before the baseline": (WHO, ("6-weeks", "rmdq-24"), -1, 42, "isn't a day of it"),
    "a follow-up before randomisation": (None, ("6-weeks", "rmdq-24"), 0, 0, "before randomisation"),
    "a baseline after randomisation": (WHO, ("baseline", "rmdq-24"), 0, 0, "knows their arm"),
    "a baseline of long ago": (None, ("baseline", "rmdq-24"), -31, 0, "isn't a day of it"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_answers_out_of_place_are_refused(case: str) -> None:
    who, asked, day, today, said = REFUSED[case]
    with pytest.raises(VisitError, match=said):
        check_answerable(STUDY, who, asked, on(day), on(today))


def test_answers_in_place_are_taken_from_the_first_day_to_the_last() -> None:
    check_answerable(STUDY, None, ("baseline", "rmdq-24"), on(-30), DAY)
    check_answerable(STUDY, None, ("baseline", "rmdq-24"), DAY, DAY)
    for day in (35, 42, 56, 69):
        check_answerable(STUDY, WHO, ("6-weeks", "gpe"), on(day), on(day))


@pytest.mark.parametrize("day_0", [date(2027, 10, 30), date(2028, 2, 28), date(2026, 12, 31), date(2026, 3, 28)])
def test_windows_are_counted_in_local_days_over_clock_changes_and_leap_days(day_0: date) -> None:
    for visit in STUDY.visit:
        days = window(visit, day_0)
        assert (days.due - day_0).days == visit.due_days
        assert days.opens <= days.due < days.late <= days.closes


@settings(max_examples=100, deadline=None)
@given(name=st.sampled_from(sorted(instruments())), data=st.data())
def test_complete_is_what_can_be_scored(name: str, data: st.DataObject) -> None:
    row = instruments()[name]
    gone = data.draw(st.sets(st.sampled_from(range(1, row.items + 1))))
    items = tuple(None if number in gone else row.low for number in range(1, row.items + 1))
    left = len(gone & set(row.counted))
    assert is_complete(row, items) == (left <= row.missing_at_most and left < len(row.counted))
    if row.missing is Missing.NONE:
        assert is_complete(row, items) == (left == 0)


def test_two_visits_never_share_a_day() -> None:
    def days(study: Protocol) -> list[int]:
        return [day for one in study.visit for day in range(one.opens_days, one.closes_days)]

    assert len(days(STUDY)) == len(set(days(STUDY)))
