"""The person's own change to the step goal of a week: bounded, remembered, and what next week is judged against."""

import re
from dataclasses import dataclass, replace
from typing import Final

from activity.coach.content import Content
from activity.coach.plan import Explanation, StepGoal, WeeklyPlan
from activity.coach.rules import explain
from activity.coach.safety import check_own_goal
from activity.errors import AnswerError

_WORDS: Final = re.compile(r"(?P<percent>[+-]\d{1,3})\s*%|(?P<steps>\d{1,6})")


@dataclass(frozen=True, slots=True)
class GoalWish:
    """What somebody wants their goal to be: so many steps, or so much more or less than was proposed."""

    steps: int | None = None
    percent: int | None = None

    def __post_init__(self) -> None:
        if (self.steps is None) == (self.percent is None):
            raise AnswerError("neither steps nor percent, or both", "own goal", "one of the two")


def read_wish(text: str) -> GoalWish:
    """Return the wish that was typed, such as ``5500`` or ``+10%``; ``AnswerError`` if it isn't one."""
    found = _WORDS.fullmatch(text.strip().replace(",", ""))
    if found is None:
        raise AnswerError(f"{text!r} is not a goal", "own goal", "steps such as 5500, or a change such as +10% or -15%")
    if found["percent"] is not None:
        return GoalWish(percent=int(found["percent"]))
    return GoalWish(steps=int(found["steps"]))


def with_own_goal(plan: WeeklyPlan, wish: GoalWish, content: Content) -> WeeklyPlan:
    """Return the plan with the person's own goal; a second change starts from what was proposed, too.

    Goals are whole hundreds, rounded towards the proposal. ``AnswerError`` says what is possible where the wish isn't.
    """
    proposed = plan.goal.steps_per_day if plan.goal.proposed_steps is None else plan.goal.proposed_steps
    unit = content.rules.goal_caps.round_to
    if wish.steps is not None:
        steps = wish.steps
    else:
        steps = _towards(proposed, proposed * (100 + (wish.percent or 0)) // 100, unit)
    least, most = plan.goal.least_steps, plan.goal.most_steps
    if least is None or most is None:
        raise AnswerError(
            "this plan doesn't say how far its goal may be changed", "own goal", "a plan of this version",
            "make the plan again",
        )  # fmt: skip
    if not least <= steps <= most:
        why = " It can't go up this week: see the reasons in the plan." if most == proposed and steps > most else ""
        raise AnswerError(
            f"{steps:,} steps is too far from the {proposed:,} that were proposed.{why}", "own goal",
            f"from {least:,} to {most:,} steps", "change it again next week, when it starts from where you are",
        )  # fmt: skip
    rounded = _towards(proposed, steps, unit)
    told = tuple(reason for reason in plan.goal.reasons if reason.rule != content.rules.goal_own.id)
    if rounded == proposed:
        goal = replace(plan.goal, steps_per_day=proposed, proposed_steps=None, reasons=told)
    else:
        mine = explain(content.rules.goal_own, proposed=proposed, goal=rounded)
        goal = replace(plan.goal, steps_per_day=rounded, proposed_steps=proposed, reasons=(*told, mine))
    changed = replace(plan, goal=goal, explanations=_explained(plan, goal))
    check_own_goal(plan, changed, content)
    return changed


def _explained(plan: WeeklyPlan, goal: StepGoal) -> tuple[Explanation, ...]:
    """Return the explanations with that of the goal ending in the person's own change, if there is one."""
    earlier = {reason.text for reason in plan.goal.reasons}
    mine = tuple(reason.text for reason in goal.reasons if reason.text not in earlier)
    gone = earlier - {reason.text for reason in goal.reasons}
    return tuple(
        replace(one, because=(*(text for text in one.because if text not in gone), *mine))
        if one.kind == "goal"
        else one
        for one in plan.explanations
    )


def _towards(proposed: int, steps: int, unit: int) -> int:
    """Return steps in whole units, rounded towards what was proposed."""
    return steps // unit * unit if steps > proposed else -(-steps // unit) * unit
