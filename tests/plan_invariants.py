"""What must hold of every week's plan, written from the list of invariants alone and not from the coach's own check.

Numbers stand here as numbers: whoever changes a rule has to change them here as well, and say so.
Each function yields a sentence for whatever is broken; the number in it is that of the invariant.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from activity.coach.content import Content
from activity.coach.plan import WeeklyPlan
from activity.day.summary import DaySummary
from activity.questionnaires.checkin import CheckIn
from activity.questionnaires.profile import Profile

URGENT = {
    "flag_saddle", "flag_bladder_bowel", "flag_leg_weakness", "flag_fever", "flag_injury", "flag_cancer",
    "flag_weight_loss", "flag_chest",
}  # fmt: skip
CALM = {"pain relief", "flexibility"}


@dataclass(frozen=True)
class Week:
    """Everything that somebody knew when the plan was asked for."""

    start: date
    profile: Profile
    checkins: Sequence[CheckIn]  #: oldest first; the last one is this week's unless ``told`` is False
    told: bool
    days: Sequence[DaySummary]
    plans: Sequence[WeeklyPlan]  #: earlier ones, oldest first, as the person left them
    cleared: date | None


def broken_by_plan(week: Week, plan: WeeklyPlan, content: Content) -> Iterator[str]:
    """Yield every invariant that a plan breaks."""
    yield from _stops(week)
    yield from _exercises(week, plan, content)
    yield from _goal(week, plan)
    yield from _worse(week, plan)
    yield from _explained(week, plan, content)


def must_stop(week: Week) -> bool:
    """Return whether there may be no plan at all."""
    return any(True for _ in _stops(week)) or (
        not week.plans and (not week.told or week.checkins[-1].red_flags is None)
    )


def _now(week: Week) -> CheckIn | None:
    if not week.told or not week.checkins:
        return None
    newest = week.checkins[-1]
    return newest if week.start - newest.date <= timedelta(days=14) else None


def _stops(week: Week) -> Iterator[str]:
    for number, check in enumerate(week.checkins):
        last = week.told and number == len(week.checkins) - 1
        safe = not last and week.cleared is not None and week.cleared >= check.date
        if URGENT & set(check.red_flags or ()) and not safe:
            yield f"1: an urgent sign on {check.date}, and a plan"


def _pain_rise(week: Week) -> int | None:
    if not week.told or len(week.checkins) < 2:
        return None
    new, old = week.checkins[-1], week.checkins[-2]
    if new.average_pain is None or old.average_pain is None or not 1 <= (new.date - old.date).days <= 14:
        return None
    return new.average_pain - old.average_pain


def _flare(week: Week) -> bool:
    now = _now(week)
    if now is None or now.average_pain is None:
        return False
    return now.average_pain >= 8 or (_pain_rise(week) or 0) >= 2


def _nothing_up(week: Week) -> bool:
    """Return whether the week is one in which nothing may go up, by invariants 2, 4, 5 and 8."""
    now = _now(week)
    if now is None or now.average_pain is None or now.red_flags is None or now.red_flags or now.felt_worse:
        return True
    if _flare(week) or _worse_twice(week):
        return True
    return bool(week.plans) and not 7 <= (week.start - week.plans[-1].start).days <= 14


def _worse_twice(week: Week) -> bool:
    if _now(week) is None:
        return False
    said = [one for one in week.checkins if one.felt_worse is not None or one.average_pain is not None]
    chain: list[CheckIn] = []
    for one in reversed(said):
        if not chain or (chain[-1].date - one.date).days >= 4:
            chain.append(one)
    if len(chain) < 2 or (week.start - chain[0].date).days > 14 or (chain[0].date - chain[1].date).days > 14:
        return False
    verdicts = []
    for index in (0, 1):
        one = chain[index]
        worse = bool(one.felt_worse)
        if not worse and index + 1 < len(chain):
            before = chain[index + 1]
            pains = one.average_pain, before.average_pain
            if None not in pains and (one.date - before.date).days <= 14:
                worse = one.average_pain > before.average_pain
        verdicts.append(worse)
    return all(verdicts)


def _exercises(week: Week, plan: WeeklyPlan, content: Content) -> Iterator[str]:
    table = {exercise.id: exercise for exercise in content.exercises}
    has = None if week.profile.conditions is None else set(week.profile.conditions)
    for planned in plan.exercises:
        exercise = table[planned.id]
        if has is None and exercise.not_for:
            yield f"3: {planned.id} may not suit somebody whose conditions aren't known"
        if has is not None and has & set(exercise.not_for):
            yield f"3: {planned.id} for {sorted(has & set(exercise.not_for))}"
        for condition in content.conditions:
            if (has is None or condition.id in has) and (
                set(condition.movements) & set(exercise.movements) or exercise.position in condition.positions
            ):
                yield f"3: {planned.id} asks for what {condition.id} forbids"
        if exercise.position.value in (week.profile.avoid_positions or ()):
            yield f"3: {planned.id} in a position that is avoided"
        if planned.id in week.profile.declined_exercises:
            yield f"7: {planned.id} was declined"
    last = {table[one.id].family: one for one in week.plans[-1].exercises if one.id in table} if week.plans else {}
    for planned in plan.exercises:
        before = last.get(table[planned.id].family)
        if before is not None and planned.level > before.level + 1:
            yield f"4: {planned.id} goes up {planned.level - before.level} levels"
        if (
            before is not None
            and before.id == planned.id
            and _nothing_up(week)
            and planned.dose_step > before.dose_step
        ):
            yield f"5: {planned.id} goes up although nothing may"
    now = _now(week)
    calm = _flare(week) or _worse_twice(week) or (now is not None and bool(now.red_flags))
    if calm and not {planned.group for planned in plan.exercises} <= CALM:
        yield "2: exercises that aren't gentle in a week that has to be"
    if not 1 <= plan.sessions_per_week <= 5:
        yield f"4: {plan.sessions_per_week} sessions leave no easy day"


def _goal(week: Week, plan: WeeklyPlan) -> Iterator[str]:
    goal = plan.goal.steps_per_day
    judged = {day.date: day.steps for day in week.days if day.quality.valid and day.date < week.start}
    past = {when: steps for when, steps in judged.items() if steps is not None and (week.start - when).days <= 7}
    own = plan.goal.baseline_steps or 0
    if goal < 500:
        yield f"4: a goal of {goal}"
    if plan.goal.most_steps is None or plan.goal.least_steps is None:
        yield "4: no bounds for the person's own goal"
    elif not 0.8 * goal <= plan.goal.least_steps <= goal <= plan.goal.most_steps <= 1.2 * goal and goal > 600:
        yield f"4: {goal} may be changed from {plan.goal.least_steps} to {plan.goal.most_steps}"
    elif plan.goal.most_steps > goal and (_nothing_up(week) or plan.goal.most_steps > max(10_000, own)):
        yield f"4: the person may go up to {plan.goal.most_steps}"
    known = [steps for steps in judged.values() if steps is not None]
    if not week.plans:
        if goal > max(5000, max(known, default=0) + 1000):
            yield f"4: a first goal of {goal}"
        return
    old = week.plans[-1].goal
    rise = goal - old.steps_per_day
    if rise <= 0:
        return
    if _nothing_up(week):
        yield f"5: the goal rises by {rise} although nothing may"
    if len(past) < 4:
        yield f"4: the goal rises on {len(past)} valid days"
    if old.provisional:
        if goal > max(2000, int(own * 1.1), own):
            yield f"4: {goal} from a usual day of {own}"
        return
    if rise > 1000 or 10 * rise > old.steps_per_day:
        yield f"4: the goal rises by {rise} from {old.steps_per_day}"
    if goal > max(10_000, own):
        yield f"4: a goal of {goal} is above every ceiling"
    if sum(steps >= old.steps_per_day for steps in past.values()) * 10 < 7 * len(past):
        yield "4: the goal rises though it was not walked on seven days of ten"


def _worse(week: Week, plan: WeeklyPlan) -> Iterator[str]:
    now = _now(week)
    kinds = {event.kind for event in plan.possible_adverse_events}
    if now is not None and now.felt_worse and "felt-worse" not in kinds:
        yield "8: worse, and not logged"
    if not _worse_twice(week):
        return
    if "worse-again" not in kinds:
        yield "8: worse two weeks running, and not logged"
    if not any("doctor or physiotherapist" in note.text for note in plan.notes):
        yield "8: worse two weeks running, and nobody to turn to"
    if week.plans:
        old = week.plans[-1]
        again = old.goal.change == "worse" and (week.start - old.start).days < 7
        if plan.goal.steps_per_day >= old.goal.steps_per_day > 500 and not again:
            yield "8: worse two weeks running, and no step down"


def _explained(week: Week, plan: WeeklyPlan, content: Content) -> Iterator[str]:
    if plan.content_version != content.version:
        yield "9: the plan doesn't name its rules"
    items = [("goal", plan.goal.reasons), *((one.id, one.reasons) for one in (*plan.exercises, *plan.messages))]
    for name, reasons in items:
        if not reasons or not all(reason.text and reason.source for reason in reasons):
            yield f"10: {name} isn't explained"
    texts = {message.id: (message.title, message.text) for message in content.messages}
    for message in plan.messages:
        if texts.get(message.id) != (message.title, message.text):
            yield f"11: message {message.id} was never reviewed"
    now = _now(week)
    if now is not None and now.red_flags and not any("make an appointment" in note.text for note in plan.notes):
        yield "2: a sign, and no advice to have it looked at"
