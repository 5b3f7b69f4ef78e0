"""No week of anybody breaks an invariant: some thousand in every run, a hundred thousand when asked for.

Run the long one: ``SELFBACK_LONG_CAMPAIGN=1 pytest tests/activity/coach/test_people_weeks.py -s``
"""

import os
import time
from dataclasses import replace

import pytest
from people_weeks import WEEKS, live

from activity.coach import week as coach
from activity.day.summary import DayQuality

GOOD = DayQuality(True, (), 900.0, 0.0, 0.0)
LONG = bool(os.environ.get("SELFBACK_LONG_CAMPAIGN"))
PEOPLE = 8400 if LONG else 170


def test_no_invariant_is_broken_in_thousands_of_weeks_of_awkward_people(capsys) -> None:
    began = time.perf_counter()
    count = live(range(PEOPLE))
    took_s = time.perf_counter() - began
    with capsys.disabled():
        if LONG:
            print(
                f"\n{count.weeks:,} weeks of {count.people:,} people: {count.plans:,} plans, {count.stops:,} stops, "
                f"{count.changed:,} goals changed, {len(count.broken)} broken, {took_s:.0f} s, "
                f"{count.weeks / took_s:.0f} weeks a second\n{dict(count.changes)}\n{dict(count.events)}"
            )
    assert count.broken == []
    assert count.weeks == PEOPLE * WEEKS
    assert min(count.plans, count.stops, count.changed) > count.weeks // 50
    assert set(count.changes) == {"first", "raise", "hold", "lower", "flare", "worse", "keep"}
    assert set(count.events) == {"worse-again", "felt-worse", "exercise-pain", "flare", "sign-open"}


@pytest.mark.parametrize(
    ("part", "number"), [("holds", "5:"), ("flare", "2:"), ("gentle", "2:"), ("worse_again", "8:"), ("days", "4:")]
)
def test_a_coach_without_one_of_its_guards_breaks_an_invariant(
    part: str, number: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    read, judge = coach.read_situation, coach.judged_days
    monkeypatch.setattr(coach, "check_plan", lambda *_: None)
    if part == "days":
        unjudged = lambda days, start: tuple(replace(d, quality=GOOD) for d in days if d.date < start)  # noqa: E731
        monkeypatch.setattr(coach, "judged_days", lambda days, start: judge(unjudged(days, start), start))
    else:
        nothing = () if part == "holds" else False
        monkeypatch.setattr(coach, "read_situation", lambda *given: replace(read(*given), **{part: nothing}))
    broken = live(range(60)).broken
    assert any(f": {number}" in sentence for sentence in broken)
