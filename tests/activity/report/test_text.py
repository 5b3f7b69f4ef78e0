"""A day and a plan in a terminal: 80 columns, in words, with what is not known said as that."""

from dataclasses import replace

import pytest
from coach_weeks import content
from example_page import page_data

from activity.report.text import WIDTH, day_lines, message_lines, plan_lines

DATA = page_data()


def text(lines: list[str]) -> str:
    return " ".join(" ".join(lines).split())


def test_no_line_is_wider_than_a_terminal() -> None:
    assert DATA.plan is not None
    assert DATA.message is not None
    lines = [*day_lines(DATA.day), *plan_lines(DATA.plan, DATA.message)]
    assert max(map(len, lines)) <= WIDTH


def test_steps_that_are_not_known_are_not_zero() -> None:
    assert "steps not known" in text(day_lines(replace(DATA.day, steps=None)))
    assert "steps 0" in text(day_lines(replace(DATA.day, steps=0)))


def test_a_day_that_can_not_be_judged_says_why() -> None:
    quality = replace(DATA.day.quality, valid=False, reasons=("only 3 h worn", "half of it is missing"))
    assert "Only 3 h worn. Half of it is missing." in text(day_lines(replace(DATA.day, quality=quality)))


def test_every_item_of_the_plan_stands_there_with_its_reasons() -> None:
    assert DATA.plan is not None
    assert DATA.message is not None
    said = text(plan_lines(DATA.plan, DATA.message))
    assert f"{DATA.plan.goal.steps_per_day:,} a day" in said
    for item in (DATA.plan.goal, *DATA.plan.exercises, DATA.message):
        for reason in item.reasons:
            assert reason.text[1:] in said
    for exercise in DATA.plan.exercises:
        assert exercise.name in said
        assert exercise.dose in said


def test_a_quiz_is_asked_with_its_options_and_without_its_answer() -> None:
    assert DATA.message is not None
    quiz = next(message.quiz for message in content().messages if message.quiz)
    said = text(message_lines(replace(DATA.message, quiz=quiz)))
    assert quiz.question in said
    for number, option in enumerate(quiz.options, 1):
        assert f"{number} {option.text}" in said
        assert option.answer not in said


@pytest.mark.parametrize("provisional", [True, False])
def test_a_goal_that_rests_on_too_little_is_called_provisional(provisional: bool) -> None:
    assert DATA.plan is not None
    assert DATA.message is not None
    plan = replace(DATA.plan, goal=replace(DATA.plan.goal, provisional=provisional))
    assert ("(provisional)" in text(plan_lines(plan, DATA.message))) is provisional
