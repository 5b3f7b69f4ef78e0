"""The finished plan, checked again by other means than those that made it.

The filter of ``suitability.py`` reads each exercise's own ``not_for`` and ``equipment``; this check reads its movements
and position against the conditions, and the words of its steps against what is at hand. The goal's caps are worked out
again from the old plan, not taken from ``goal.py``. Nothing is mended here: a plan that breaks a rule is a fault of the
program, and isn't shown.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
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
#: Rules whose reasons say that nothing goes up this week.
_NOT_UPWARD = frozenset(
    {
        "goal-stale", "goal-too-soon", "goal-few-days", "goal-provisional", "goal-flare", "goal-flare-again",
        "goal-worse-again", "goal-own-pace", "hold-unanswered", "hold-worse", "hold-sign", "flare",
    }
)  # fmt: skip
_GENTLE_GROUPS = frozenset({Group.PAIN_RELIEF.value, Group.FLEXIBILITY.value})


def check_plan(plan: WeeklyPlan, inputs: Inputs, content: Content) -> None:
    """Return if the plan is safe to show; ``UnsafePlanError`` names the rules that it breaks."""
    _stop_at(
        plan,
        [
            *_sign_problems(inputs, content),
            *_exercise_problems(plan, inputs.profile, content),
            *_equipment_problems(plan, inputs.profile, content),
            *_log_problems(plan, inputs),
            *_dose_problems(plan, inputs, content),
            *_goal_problems(plan, inputs, content),
            *_bound_problems(plan, inputs, content),
            *_easy_week_problems(plan, inputs, content),
            *_worse_problems(plan, inputs, content),
            *_message_problems(plan, inputs.message_history, content),
            *_whole_problems(plan, content),
        ],
    )


def check_own_goal(proposed: WeeklyPlan, changed: WeeklyPlan, content: Content) -> None:
    """Return if a person's own goal is one that they may set, and nothing else of the plan changed."""
    _stop_at(changed, list(_own_goal_problems(proposed, changed, content)))


def _stop_at(plan: WeeklyPlan, problems: list[str]) -> None:
    if problems:
        raise UnsafePlanError(
            "; ".join(problems),
            f"plan of {plan.start}",
            "a plan that keeps every safety rule",
            "don't use this plan, and report the fault",
        )


def _sign_problems(inputs: Inputs, content: Content) -> Iterable[str]:
    urgent = {sign.id for sign in content.checkin.questions if sign.urgency is Urgency.URGENT}
    for checkin in inputs.checkins:
        seen = checkin is inputs.checkin or inputs.cleared is None or inputs.cleared < checkin.date
        for flag in checkin.red_flags or ():
            if seen and flag in urgent:
                yield f"a plan was made in spite of {flag} on {checkin.date}"


def _allows_more(inputs: Inputs, content: Content) -> str:
    """Return why nothing may go up this week, empty if it may."""
    now, rules = inputs.checkin, content.rules
    if _is_flare(inputs, content):
        return "in a flare"
    if now is None or now.average_pain is None or now.red_flags is None or now.red_flags or now.felt_worse:
        return "without a check-in that allows it"
    if (inputs.start - now.date).days > rules.goal_stale.stale_days:
        return f"on a check-in of {now.date}"
    if inputs.previous and not (
        rules.goal_too_soon.least_days <= (inputs.start - inputs.previous.start).days <= rules.goal_stale.stale_days
    ):
        return f"after a plan of {inputs.previous.start}"
    if _is_worse_again(inputs, content):
        return "although the back gets worse"
    return ""


def _is_worse_again(inputs: Inputs, content: Content) -> bool:
    """Return whether the last weeks were each worse than the one before, by their answers alone."""
    rule, stale = content.rules.goal_worse_again, content.rules.goal_stale.stale_days
    if inputs.checkin is None or (inputs.start - inputs.checkin.date).days > stale:
        return False
    weeks: list[CheckIn] = []
    for one in sorted(inputs.checkins, key=lambda one: one.date, reverse=True):
        told = one.date <= inputs.start and (one.felt_worse is not None or one.average_pain is not None)
        if told and (not weeks or (weeks[-1].date - one.date).days >= rule.apart_days):
            weeks.append(one)
    days = [inputs.start, *(one.date for one in weeks)]
    for number, one in enumerate(weeks[: rule.weeks]):
        rises = []
        for before in weeks[number + 1 : number + 2]:
            pains = (one.average_pain, before.average_pain)
            near = (one.date - before.date).days <= stale
            rises = [pains[0] - pains[1]] if near and pains[0] is not None and pains[1] is not None else []
        if (days[number] - one.date).days > stale or not (one.felt_worse or max(rises, default=0) >= rule.pain_rise):
            return False
    return len(weeks) >= rule.weeks


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
    for planned in plan.exercises:
        yield from _unsuited(planned, profile, content)


def _unsuited(planned: PlannedExercise, profile: Profile, content: Content) -> Iterable[str]:
    present = None if profile.conditions is None else set(profile.conditions)
    exercise = next((known for known in content.exercises if known.id == planned.id), None)
    if exercise is None:
        yield f"{planned.id} is not an exercise of this content"
        return
    if planned.steps != exercise.steps or planned.caution != exercise.caution or planned.level != exercise.level:
        yield f"{planned.id} is not shown as the content has it"
    if planned.id in profile.declined_exercises:
        yield f"{planned.id} was declined"
    if profile.avoid_positions is None and exercise.position.value not in content.rules.exercise_unasked.positions:
        yield f"{planned.id} is done {exercise.position.value}, which was not asked about"
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
    rule, held = content.rules.exercise_return, _allows_more(inputs, content)
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
        elif held and _goes_up(planned, last, plan, inputs, content):
            yield f"{planned.id} goes up {held}"
        elif planned.level > last.level:
            if planned.level > last.level + 1 or planned.dose_step > 0:
                yield f"{planned.id} goes up by more than one level"
        elif planned.level == last.level and planned.dose_step > last.dose_step + 1:
            yield f"{planned.id} goes up by more than one dose"


def _goes_up(
    planned: PlannedExercise, last: PlannedExercise, plan: WeeklyPlan, inputs: Inputs, content: Content
) -> bool:
    """Return whether an exercise asks for more; one in the place of what no longer suits may start at level 2."""
    if planned.level == last.level:
        return planned.dose_step > last.dose_step
    before = replace(plan, exercises=(last,))
    gone = (
        *_exercise_problems(before, inputs.profile, content),
        *_equipment_problems(before, inputs.profile, content),
        *_log_problems(before, inputs),
    )
    return planned.level > last.level and not gone


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
    if held := _allows_more(inputs, content):
        yield f"{rise} {held}"
    recent = {day.date for day in inputs.days if day.quality.valid and 1 <= (plan.start - day.date).days <= 7}
    if len(recent) < content.rules.goal_few_days.needed_days:
        yield f"{rise} on {len(recent)} valid days"
    if previous.goal.provisional:
        return
    if goal - old > caps.raise_steps or 100 * (goal - old) > caps.raise_percent * old:
        yield f"{rise}, more than a cap allows"
    if goal > max(caps.ceiling_steps, previous.goal.baseline_steps or 0):
        yield f"{rise}, above the ceiling"


def _bound_problems(plan: WeeklyPlan, inputs: Inputs, content: Content) -> Iterable[str]:
    goal, caps, percent = plan.goal, content.rules.goal_caps, content.rules.goal_own.percent
    if goal.proposed_steps is not None:
        yield "a new plan already has the person's own goal"
    least, most = goal.least_steps, goal.most_steps
    if least is None or most is None or not least <= goal.steps_per_day <= most:
        yield "the goal lies outside of what the person may change it to"
        return
    if least < min(goal.steps_per_day, caps.smallest_steps) or 100 * least < (100 - percent) * goal.steps_per_day:
        yield f"the person may take the goal down to {least}"
    if most > goal.steps_per_day and _allows_more(inputs, content):
        yield f"the person may take the goal up to {most} {_allows_more(inputs, content)}"
    if 100 * most > (100 + percent) * goal.steps_per_day:
        yield f"the person may take the goal up to {most}, more than {percent} % more"
    if most > max(goal.steps_per_day, caps.ceiling_steps, goal.baseline_steps or 0):
        yield f"the person may take the goal up to {most}, above the ceiling"


def _own_goal_problems(before: WeeklyPlan, after: WeeklyPlan, content: Content) -> Iterable[str]:
    caps, percent = content.rules.goal_caps, content.rules.goal_own.percent
    proposed = before.goal.proposed_steps or before.goal.steps_per_day
    own = after.goal.steps_per_day
    if replace(after, goal=before.goal, explanations=before.explanations) != before:
        yield "more than the goal was changed"
    if 100 * abs(own - proposed) > percent * proposed:
        yield f"{own} steps is more than {percent} % from the {proposed} that were proposed"
    if own < min(proposed, caps.smallest_steps) or own > max(
        proposed, caps.ceiling_steps, after.goal.baseline_steps or 0
    ):
        yield f"{own} steps is outside of the bounds of every goal"
    told = {reason.rule for reason in (*before.goal.reasons, *before.notes)}
    if own > proposed and (told & _NOT_UPWARD or before.goal.provisional):
        yield f"the person's own goal goes up to {own} in a week in which nothing does"
    if proposed not in {own, after.goal.proposed_steps}:
        yield "what was proposed is not remembered"


def _worse_problems(plan: WeeklyPlan, inputs: Inputs, content: Content) -> Iterable[str]:
    if not _is_worse_again(inputs, content):
        return
    kinds = {event.kind for event in plan.possible_adverse_events}
    if "worse-again" not in kinds:
        yield "a back that gets worse is not told as a possible adverse event"
    if content.rules.hold_worse.id not in {note.rule for note in plan.notes}:
        yield "a back that gets worse, and no advice to see a clinician"
    for planned in plan.exercises:
        if planned.group not in _GENTLE_GROUPS:
            yield f"{planned.id} is {planned.group} although the back gets worse"
    if inputs.previous is None:
        return
    old = inputs.previous.goal
    soon = (plan.start - inputs.previous.start).days < content.rules.goal_too_soon.least_days
    stepped = soon and old.change == "worse"
    if plan.goal.steps_per_day >= old.steps_per_day > content.rules.goal_caps.smallest_steps and not stepped:
        yield f"the goal stays at {plan.goal.steps_per_day} although the back gets worse"


def _whole_problems(plan: WeeklyPlan, content: Content) -> Iterable[str]:
    if not content.rules.exercise_sessions.least <= plan.sessions_per_week <= content.rules.exercise_sessions.most:
        yield f"{plan.sessions_per_week} sessions leave no easy day, or are none"
    if plan.content_version != content.version:
        yield "the plan names other rules than those it was checked by"
    known = {message.id: message for message in content.messages}
    for message in plan.messages:
        source = known.get(message.id)
        if source is None or (source.title, source.text) != (message.title, message.text):
            yield f"message {message.id} is not shown as the content has it"
    said = [("the goal", plan.goal.reasons)]
    said += [(exercise.id, exercise.reasons) for exercise in plan.exercises]
    said += [(message.id, message.reasons) for message in plan.messages]
    for name, reasons in said:
        if not reasons:
            yield f"{name} says nothing of why"


def _easy_week_problems(plan: WeeklyPlan, inputs: Inputs, content: Content) -> Iterable[str]:
    now = inputs.checkin
    recent = now is not None and (inputs.start - now.date).days <= content.rules.goal_stale.stale_days
    sign = recent and now is not None and bool(now.red_flags)
    if sign and content.rules.hold_sign.id not in {note.rule for note in plan.notes}:
        yield "a warning sign, and no advice to see a clinician"
    if not (sign or _is_flare(inputs, content)):
        return
    why = "with a warning sign" if sign else "in a flare"
    for planned in plan.exercises:
        if planned.group not in _GENTLE_GROUPS:
            yield f"{planned.id} is {planned.group} {why}"
    if plan.exercises and plan.exercises[0].group != Group.PAIN_RELIEF.value:
        yield f"pain relief does not come first {why}"


def _message_problems(plan: WeeklyPlan, history: Iterable[DailyMessage], content: Content) -> Iterable[str]:
    seen = {(message.id, message.date) for message in history if message.date < plan.start}
    for message in plan.messages:
        for name, day in seen:
            if name == message.id and (message.date - day).days < content.rules.message_gap.days:
                yield f"message {name} was shown on {day} and again on {message.date}"
        seen.add((message.id, message.date))
