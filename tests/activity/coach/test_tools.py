"""The three tools: times of a night, practices that last as long as they say, goals put into words."""

import re
from datetime import date, datetime, time, timedelta
from pathlib import Path

import pytest
from coach_weeks import START
from hypothesis import given
from hypothesis import strategies as st
from reading_level import grade

from activity.coach.tool_content import GOAL_QUESTIONS, load_tools
from activity.coach.tools import MOST_CHARACTERS, goal_line, goal_plan, practice_of, sleep_plan, timed_steps
from activity.errors import AnswerError, ContentError
from activity.resources import shipped

TOOLS = load_tools()
EXAMPLES = {question.id: question.example for question in TOOLS.goal.question}
clocks = st.times().map(lambda clock: clock.replace(second=0, microsecond=0))
lines = st.text(st.characters(categories=["L", "N"], include_characters=" ,'"), min_size=1, max_size=60).filter(
    lambda text: text.strip(" ,'")
)


def minutes_from(first: time, last: time) -> int:
    """The minutes until a clock that shows ``first`` shows ``last``."""
    day = date(2000, 1, 1)
    return int((datetime.combine(day, last) - datetime.combine(day, first)).total_seconds() // 60) % 1440


@given(clocks, st.integers(60, 100).map(lambda tenths: tenths / 10))
def test_a_night_is_as_long_as_asked_for_and_starts_after_winding_down(get_up, hours) -> None:
    plan = sleep_plan(TOOLS.sleep, get_up, hours)
    assert minutes_from(plan.bed, plan.get_up) == round(hours * 60)
    assert minutes_from(plan.reminder, plan.bed) == TOOLS.sleep.wind_down_minutes
    assert f"{get_up:%H:%M}" in plan.text
    assert len(plan.habits) == len(TOOLS.sleep.habit)


def test_half_past_six_after_the_usual_night_means_winding_down_at_half_past_nine() -> None:
    plan = sleep_plan(TOOLS.sleep, time(6, 30))
    assert (plan.bed, plan.reminder) == (time(22, 30), time(21, 30))


@pytest.mark.parametrize("hours", [0.0, 5.9, 10.1, 24.0, -8.0, float("nan")])
def test_a_night_that_is_too_short_or_too_long_is_refused(hours: float) -> None:
    with pytest.raises(AnswerError, match="6 to 10 hours"):
        sleep_plan(TOOLS.sleep, time(7), hours)


@pytest.mark.parametrize("minutes", [1, 3, 10])
def test_a_practice_lasts_as_long_as_it_says_without_a_hole(minutes: int) -> None:
    steps = list(timed_steps(practice_of(TOOLS.mindfulness, minutes)))
    assert [step.start_s for step in steps[1:]] == [step.start_s + step.seconds for step in steps[:-1]]
    assert (steps[0].start_s, steps[-1].start_s + steps[-1].seconds) == (0, minutes * 60)


def test_a_length_that_is_not_there_is_refused_with_those_that_are() -> None:
    with pytest.raises(AnswerError, match="1, 3, 10 minutes"):
        practice_of(TOOLS.mindfulness, 5)


@given(st.fixed_dictionaries(dict.fromkeys(GOAL_QUESTIONS, lines)), st.integers(0, 10), st.integers(1, 84))
def test_a_goal_holds_every_line_and_says_when_it_is_too_big(answers, sure, days) -> None:
    until = START + timedelta(days=days)
    plan = goal_plan(TOOLS.goal, answers, sure=sure, today=START, until=until)
    for name, typed in answers.items():
        assert plan.answers[name] in plan.text
        assert plan.answers[name] == goal_line(name, typed)
    assert f"{until:%B %Y}" in plan.text
    assert bool(plan.advice) == (sure < TOOLS.goal.sure_at_least)


@given(st.text(max_size=300))
def test_a_line_is_one_short_line_or_refused_and_stays_as_it_is(typed: str) -> None:
    try:
        line = goal_line("what", typed)
    except AnswerError:
        return
    assert 1 <= len(line) <= MOST_CHARACTERS
    assert line.isprintable()
    assert goal_line("what", line) == line


def test_a_line_with_placeholders_is_taken_as_it_is() -> None:
    plan = goal_plan(TOOLS.goal, {**EXAMPLES, "what": "{until} {0}"}, sure=9, today=START, until=None)
    assert plan.text.startswith("I will {until} {0}, ")
    assert plan.until == START + timedelta(days=TOOLS.goal.default_days)


@pytest.mark.parametrize(
    ("change", "sure", "days", "word"),
    [
        ({"what": " . "}, 7, 7, "goal, what"),
        ({"why": "x" * 141}, 7, 7, "goal, why"),
        ({"what": "a\x00b"}, 7, 7, "goal, what"),
        ({"reward": "cake"}, 7, 7, "reward"),
        ({}, 11, 7, "0 to 10"),
        ({}, -1, 7, "0 to 10"),
        ({}, 7, 0, "2026-03-03"),
        ({}, 7, 85, "2026-05-25"),
    ],
)
def test_a_goal_that_can_not_be_put_into_words_is_refused_with_its_place(change, sure, days, word) -> None:
    with pytest.raises(AnswerError, match=word):
        goal_plan(TOOLS.goal, EXAMPLES | change, sure=sure, today=START, until=START + timedelta(days=days))


def test_the_tools_read_at_about_twelve_years_and_name_their_sources() -> None:
    practices = [step.text for practice in TOOLS.mindfulness.practice for step in practice.steps]
    habits = [habit.text for habit in TOOLS.sleep.habit]
    questions = [question.text for question in TOOLS.goal.question]
    for texts in (practices, habits, questions, [TOOLS.sleep.intro, TOOLS.mindfulness.intro, TOOLS.goal.intro]):
        assert grade(" ".join(texts)) <= 6.0
    for tool in (TOOLS.sleep, TOOLS.mindfulness, TOOLS.goal, *TOOLS.sleep.habit):
        assert tool.source.startswith("Design default: ") or re.search(r"\b(19|20)\d\d\b", tool.source)


@pytest.mark.parametrize(
    ("old", "new", "word"),
    [
        ("minutes = 3\n", "minutes = 4\n", "180 s, not 4"),
        ("minutes = 3\n", "minutes = 1\n", "practice"),
        ("usual_hours = 8.0", "usual_hours = 11.0", "usual_hours"),
        ("about {bed}", "about {noon}", "noon"),
        ("{obstacle}, then", "rain, then", "each answer"),
        ('id = "why"', 'id = "whither"', "the questions are"),
        ("default_days = 28", "default_days = 100", "default_days"),
    ],
)
def test_tools_that_break_their_schema_are_refused(tmp_path: Path, old: str, new: str, word: str) -> None:
    text = shipped("data", "content", "tools.toml").read_text(encoding="utf-8")
    assert old in text
    (tmp_path / "tools.toml").write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ContentError, match=word):
        load_tools(tmp_path)
