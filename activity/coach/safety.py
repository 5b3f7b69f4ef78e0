"""The finished plan, checked again by other means than those that made it.

The filter of ``suitability.py`` reads each exercise's own ``not_for`` and ``equipment``; this check reads its movements
and position against the conditions, and the words of its steps against what is at hand. The goal's caps are worked out
again from the old plan, not taken from ``goal.py``. Nothing is mended here: a plan that breaks a rule is a fault of the
program, and isn't shown.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Final

from activity.coach.content import Content, Equipment, Group
from activity.coach.plan import DailyMessage, PlannedExercise, WeeklyPlan
from activity.coach.situation import Inputs
from activity.errors import UnsafePlanError
from activity.questionnaires.checkin import CheckIn
from activity.questionnaires.definition import Urgency
from activity.questionnaires.profile import Profile

#: How the steps of an exercise name what it needs; a test holds these words to each exercise's own list.
NAMED: Final[Mapping[Equipment, str]] = {
    Equipment.CHAIR: r"\bchair\b",
    Equipment.WALL: r"\bwall\b",
    Equipment.MAT: r"\bmat\b",
    Equipment.TOWEL: r"\btowel\b",
    Equipment.PILLOW: r"\bpillow\b",
    Equipment.BAND: r"\bband\b",
    Equipment.WATER_BOTTLE: r"\bbottles?\b",
    Equipment.STEP: r"\b(low|the) step\b",
}
_GENTLE_GROUPS = frozenset({Group.PAIN_RELIEF.value, Group.FLEXIBILITY.value})


def check_plan(plan: WeeklyPlan, inputs: Inputs, content: Content) -> None:
    """Return if the plan is safe to show; ``UnsafePlanError`` names the rules that it breaks."""
    problems = [
        *_sign_problems(inputs.checkin, content),
        *_exercise_problems(plan, inputs.profile, content),
        *_equipment_problems(plan, inputs.profile, content),
        *_log_problems(plan, inputs),
        *_dose_problems(plan, inputs, content),
        *_goal_problems(plan, inputs, content),
        *_easy_week_problems(plan, inputs, content),
        *_message_problems(plan, inputs.message_history, content),
    ]
    if problems:
        raise UnsafePlanError(
            "; ".join(problems),
            f"plan of {plan.start}",
            "a plan that keeps every safety rule",
            "don't use this plan, and report the fault",
        )


def _sign_problems(checkin: CheckIn | None, content: Content) -> Iterable[str]:
    urgent = {sign.id for sign in content.checkin.questions if sign.urgency is Urgency.URGENT}
    for flag in (checkin.red_flags if checkin else None) or ():
        if flag in urgent:
            yield f"a plan was made in spite of {flag}"


def _is_flare(inputs: Inputs, content: Content) -> bool:
    now, before, rules = inputs.checkin, inputs.previous_checkin, content.rules
    if now is None or now.average_pain is None or (inputs.start - now.date).days > rules.goal_stale.stale_days:
        return False
    if now.average_pain >= rules.flare.pain_level:
        return True
    if (
        before is None
        or before.average_pain is None
        or not 1 <= (now.date - before.date).days <= rules.goal_stale.stale_days
    ):
        return False
    return now.average_pain - before.average_pain >= rules.flare.pain_rise


def _exercise_problems(plan: WeeklyPlan, profile: Profile, content: Content) -> Iterable[str]:
    present = None if profile.conditions is None else set(profile.conditions)
    for planned in plan.exercises:
        exercise = next((known for known in content.exercises if known.id == planned.id), None)
        if exercise is None:
            yield f"{planned.id} is not an exercise of this content"
            continue
        if planned.steps != exercise.steps or planned.caution != exercise.caution or planned.level != exercise.level:
            yield f"{planned.id} is not shown as the content has it"
        if planned.id in profile.declined_exercises:
            yield f"{planned.id} was declined"
        if profile.avoid_positions is not None and exercise.position.value in profile.avoid_positions:
            yield f"{planned.id} is done {exercise.position.value}, which is to be avoided"
        for condition in content.conditions:
            if (present is None or condition.id in present) and condition.rules_out(exercise):
                yield f"{planned.id} does not suit {condition.id}"


def _equipment_problems(plan: WeeklyPlan, profile: Profile, content: Content) -> Iterable[str]:
    """Read what a person will read: a thing that the sentences name has to be at hand."""
    known = content.rules.exercise_equipment.equipment if profile.equipment is None else profile.equipment
    for planned in plan.exercises:
        words = " ".join(planned.steps).lower()
        for thing, pattern in NAMED.items():
            if thing.value not in known and re.search(pattern, words):
                yield f"{planned.id} needs a {thing.value}, which isn't at hand"


def _log_problems(plan: WeeklyPlan, inputs: Inputs) -> Iterable[str]:
    refused = {row.exercise for row in inputs.exercise_log if row.swap == "never"}
    for planned in plan.exercises:
        if planned.id in refused:
            yield f"{planned.id} was refused for good"


def _dose_problems(plan: WeeklyPlan, inputs: Inputs, content: Content) -> Iterable[str]:
    exercises = {exercise.id: exercise for exercise in content.exercises}
    rule = content.rules.exercise_return
    before: dict[str, PlannedExercise] = {}
    for old in sorted((*inputs.plan_history, *([inputs.previous] if inputs.previous else [])), key=lambda p: p.start):
        for planned in old.exercises:
            known = exercises.get(planned.id)
            changing = known is not None and known.group.value in _GENTLE_GROUPS
            days = rule.changing_days if changing else rule.strength_days
            if (
                known is not None
                and old.start < plan.start
                and (old is inputs.previous or (plan.start - old.start).days <= days)
            ):
                before[known.family] = planned
    for planned in plan.exercises:
        known = exercises.get(planned.id)
        last = before.get(known.family) if known else None
        if last is None:
            if planned.dose_step > 0 or planned.level > 2:
                yield f"{planned.id} is new and does not start at its least dose"
        elif planned.level > last.level:
            if planned.level > last.level + 1 or planned.dose_step > 0:
                yield f"{planned.id} goes up by more than one level"
        elif planned.level == last.level and planned.dose_step > last.dose_step + 1:
            yield f"{planned.id} goes up by more than one dose"


def _goal_problems(plan: WeeklyPlan, inputs: Inputs, content: Content) -> Iterable[str]:
    caps, goal, previous = content.rules.goal_caps, plan.goal.steps_per_day, inputs.previous
    if goal < caps.smallest_steps:
        yield f"{goal} steps is below the smallest goal"
    if previous is None or previous.goal.provisional:
        own = [day.steps for day in inputs.days if day.quality.valid and day.steps is not None]
        most = max(max(own, default=0) + caps.raise_steps, content.rules.goal_baseline.seed_steps)
        if goal > most:
            yield f"{goal} steps is more than {most}, a first step up from the best day"
    if previous is None or goal <= previous.goal.steps_per_day:
        return
    old = previous.goal.steps_per_day
    rise = f"the goal rises from {old} to {goal}"
    if _is_flare(inputs, content):
        yield f"{rise} in a flare"
    checkin = inputs.checkin
    if checkin is None or checkin.average_pain is None or checkin.red_flags is None or checkin.felt_worse:
        yield f"{rise} without a check-in that allows it"
    recent = {day.date for day in inputs.days if day.quality.valid and 1 <= (plan.start - day.date).days <= 7}
    if len(recent) < content.rules.goal_few_days.needed_days:
        yield f"{rise} on {len(recent)} valid days"
    if previous.goal.provisional:
        return
    if goal - old > caps.raise_steps or 100 * (goal - old) > caps.raise_percent * old:
        yield f"{rise}, more than a cap allows"
    if goal > max(caps.ceiling_steps, previous.goal.baseline_steps or 0):
        yield f"{rise}, above the ceiling"


def _easy_week_problems(plan: WeeklyPlan, inputs: Inputs, content: Content) -> Iterable[str]:
    if not _is_flare(inputs, content):
        return
    for planned in plan.exercises:
        if planned.group not in _GENTLE_GROUPS:
            yield f"{planned.id} is {planned.group} in a flare"
    if plan.exercises and plan.exercises[0].group != Group.PAIN_RELIEF.value:
        yield "pain relief does not come first in a flare"


def _message_problems(plan: WeeklyPlan, history: Iterable[DailyMessage], content: Content) -> Iterable[str]:
    seen = {(message.id, message.date) for message in history if message.date < plan.start}
    for message in plan.messages:
        for name, day in seen:
            if name == message.id and (message.date - day).days < content.rules.message_gap.days:
                yield f"message {name} was shown on {day} and again on {message.date}"
        seen.add((message.id, message.date))
