"""A day and a plan as plain lines for a terminal: 80 columns, no colour, readable aloud."""

import textwrap
from typing import Final

from activity.coach.content import Exercise
from activity.coach.plan import DailyMessage, PlannedExercise, Reason, StepGoal, WeeklyPlan
from activity.coach.progress import ladder
from activity.coach.rules import Rules
from activity.day.summary import DaySummary
from activity.labels import ACTIVITIES
from activity.report.library_page import exercise_facts
from activity.report.wording import duration_words, long_date, sentence

WIDTH: Final = 80


def day_lines(day: DaySummary) -> list[str]:
    """Return what one day came to, the part that can't be judged included."""
    lines = [f"Day {long_date(day.date)} ({day.zone})"]
    lines += _pair(
        "worn", f"{duration_words(day.wear_minutes)} of {duration_words(day.quality.recorded_minutes)} recorded"
    )
    lines += _pair("steps", "not known" if day.steps is None else f"{day.steps:,}")
    parts = [f"{name} {duration_words(day.minutes[name])}" for name in ACTIVITIES if day.minutes.get(name)]
    lines += _pair("activities", ", ".join(parts) or "none recognised")
    lines += _pair("longest still", duration_words(day.longest_still_minutes))
    lines += _pair("walking bouts", f"{day.bouts} of a minute or longer")
    if day.peak_1min_spm is not None:
        lines += _pair("best minute", f"{day.peak_1min_spm:.0f} steps")
    lines += _pair(
        "quality", "enough to judge the day" if day.quality.valid else " ".join(map(sentence, day.quality.reasons))
    )
    return lines


def plan_lines(plan: WeeklyPlan, message: DailyMessage) -> list[str]:
    """Return the week's plan and today's message, each item with its reason."""
    lines = [f"Plan for the week from {long_date(plan.start)}", *_goal_lines(plan.goal)]
    lines += [
        "",
        f"  Exercises: {plan.sessions_per_week} sessions of about {plan.session_minutes} minutes, each with",
    ]
    for exercise in plan.exercises:
        lines += _exercise_lines(exercise)
    for reason in plan.notes:
        lines += _wrapped(f"Note: {reason.text}", indent=2)
    return [*lines, "", *message_lines(message)]


def explanation_lines(plan: WeeklyPlan) -> list[str]:
    """Return why each item of a plan is what it is: reasons, answers, other people's weeks, and how to change it."""
    names = {item.id: item.name for item in plan.exercises} | {item.id: item.title for item in plan.messages}
    lines = ["Why this plan"]
    for why in plan.explanations:
        lines += ["", *_wrapped(names.get(why.item, f"{plan.goal.steps_per_day:,} steps a day"), indent=2)]
        lines += [line for text in why.because for line in _wrapped(text, indent=4)]
        for answer in why.answers:
            colon = "" if answer.asked.endswith("?") else ":"
            lines += _wrapped(f"From you: {answer.asked}{colon} {answer.said}.", indent=4)
        lines += [*_wrapped(f"Others: {why.others}", indent=4), *_wrapped(f"To change it: {why.change}", indent=4)]
    return lines


def message_lines(message: DailyMessage) -> list[str]:
    """Return the message of a day, why it is this one, and its quiz without the answer."""
    head = f"Message for {message.date:%A}: {message.title}"
    lines = [head, *_wrapped(message.text, indent=2), *_why(message.reasons, indent=2)]
    if message.quiz is not None:
        lines += _wrapped(f"Question: {message.quiz.question}", indent=2)
        lines += [f"    {number} {option.text}" for number, option in enumerate(message.quiz.options, 1)]
    return lines


def exercise_row(exercise: Exercise) -> str:
    """Return an exercise of the library as one line of a list."""
    return f"{exercise.id:<24}{exercise.group.value:<25}{exercise.level}  {exercise.name}"


def exercise_lines(exercise: Exercise, rules: Rules) -> list[str]:
    """Return an exercise of the library in full: what it is, how it is done, and who it isn't for."""
    lines = [f"{exercise.name} ({exercise.id})", *_wrapped(", ".join(exercise_facts(exercise)), indent=2)]
    for number, step in enumerate(exercise.steps, 1):
        lines += _wrapped(f"{number}. {step}", indent=2)
    lines += _wrapped(f"Take care: {exercise.caution}", indent=2)
    lines += _pair("group", exercise.group.value)
    lines += _pair("doses", ", then ".join(ladder(exercise, rules)) + (" a side" if exercise.sided else ""))
    lines += _pair("left out with", ", ".join(exercise.not_for) or "none of the conditions that are asked for")
    return [*lines, *_pair("source", exercise.source)]


def _goal_lines(goal: StepGoal) -> list[str]:
    provisional = " (provisional)" if goal.provisional else ""
    lines = [f"  Steps: {goal.steps_per_day:,} a day{provisional}", *_why(goal.reasons, indent=4)]
    if goal.proposed_steps is None and goal.least_steps is not None and goal.most_steps is not None:
        words = f"You may set your own goal, from {goal.least_steps:,} to {goal.most_steps:,} steps."
        lines += _wrapped(words, indent=4)
    return lines


def _exercise_lines(exercise: PlannedExercise) -> list[str]:
    head = f"- {exercise.name}, level {exercise.level}: {exercise.dose} ({exercise.group})"
    return [*_wrapped(head, indent=4), *_why(exercise.reasons, indent=6)]


def _why(reasons: tuple[Reason, ...], indent: int) -> list[str]:
    return [line for reason in reasons for line in _wrapped(f"because {_lower(reason.text)}", indent)]


def _lower(text: str) -> str:
    """Return the text as the second half of a sentence; "I" and abbreviations keep their capitals."""
    return text if text[:2].isupper() or text[:2] == "I " else text[:1].lower() + text[1:]


def _pair(name: str, value: str) -> list[str]:
    head = f"  {name:<14}"
    return textwrap.wrap(head + value, WIDTH, subsequent_indent=" " * len(head), break_long_words=False)


def _wrapped(text: str, indent: int) -> list[str]:
    space = " " * indent
    return textwrap.wrap(text, WIDTH, initial_indent=space, subsequent_indent=space, break_long_words=False)
