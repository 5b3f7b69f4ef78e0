"""The step goal of a week: the least of three caps, never raised on stale, missing or worrying news.

The three caps are 10 % more, 1,000 steps more, and a ceiling of 10,000 or the person's own higher usual day. A flare
replaces the ceiling with less than the old goal; weeks running of a worse back take a step down; a sign that a
clinician is to look at keeps it to the usual day. All numbers are in ``rules.toml``; goals are whole hundreds.
Activity without steps may keep a goal from going down. It never takes one up.

Within what the rules allow, similar weeks may choose: less of a raise, or a little less than the old goal where it was
met on some days only. They never ask for more than the rules do.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from statistics import median

from activity.coach.cases.case import SubPlan
from activity.coach.cases.reuse import Advice, change_of
from activity.coach.plan import Reason, StepGoal, WeeklyPlan
from activity.coach.rules import GoalBaseline, Rules, explain
from activity.coach.situation import Situation
from activity.day.summary import DaySummary

_WEEK = timedelta(days=7)
_FALLS = frozenset({"flare", "worse", "lower"})


def step_goal(
    situation: Situation,
    days: Sequence[DaySummary],
    previous: WeeklyPlan | None,
    rules: Rules,
    *,
    advice: Advice | None = None,
    other_steps: Mapping[date, int] | None = None,
) -> StepGoal:
    """Return the goal for the week from ``situation.start``; ``days`` are judged days before it, in order.

    ``other_steps`` is what activity without steps was worth, by day.
    """
    goal = _proposed(situation, days, previous, rules, advice=advice, other_steps=other_steps or {})
    if previous is not None and situation.worse_again:
        goal = _stepped_down(goal, previous.goal, situation, rules)
    if situation.gentle:
        goal = _own_pace(goal, previous.goal if previous else goal, rules)
    return _with_bounds(goal, situation, rules)


def _proposed(
    situation: Situation,
    days: Sequence[DaySummary],
    previous: WeeklyPlan | None,
    rules: Rules,
    *,
    advice: Advice | None,
    other_steps: Mapping[date, int],
) -> StepGoal:
    old = previous.goal if previous else None
    baseline = old.baseline_steps if old and not old.provisional else None
    if baseline is None:
        baseline = usual_day(days, rules.goal_baseline)
    if old is None:
        return _first_goal(situation, days, baseline, rules)
    if situation.flare:
        return _flare_goal(old, rules)
    week = [day for day in days if day.date >= situation.start - _WEEK]
    keep = [explain(rule) for rule in situation.holds if rule in (rules.goal_stale, rules.goal_too_soon)]
    if len(week) < rules.goal_few_days.needed_days:
        needed = rules.goal_few_days.needed_days
        keep.append(explain(rules.goal_few_days, valid=len(week), needed=needed))
    if keep:
        return StepGoal(old.steps_per_day, old.provisional, old.baseline_steps, "keep", tuple(keep))
    fresh = _from_baseline(baseline, rules) if old.provisional and baseline is not None else None
    judged = fresh or _judge(old, week, baseline or 0, rules, other_steps)
    if situation.holds and judged.steps_per_day >= old.steps_per_day:
        reasons = tuple(explain(rule) for rule in situation.holds)
        return StepGoal(old.steps_per_day, judged.provisional, baseline, "hold", reasons)
    return judged if advice is None or fresh else _advised(judged, old.steps_per_day, rules, advice)


def usual_day(days: Sequence[DaySummary], rule: GoalBaseline) -> int | None:
    """Return the median steps of the first seven days in a row with enough judged ones, None if there are none yet."""
    for first in days:
        stop = first.date + timedelta(days=rule.window_days)
        steps = [day.steps for day in days if first.date <= day.date < stop and day.steps is not None]
        if len(steps) >= rule.needed_days:
            return int(median(steps))
    return None


def _first_goal(situation: Situation, days: Sequence[DaySummary], baseline: int | None, rules: Rules) -> StepGoal:
    held = situation.flare or bool(situation.holds)
    if baseline is None:
        # With one to three days the person may turn out to walk far less than the seed: then less is asked.
        seen = [day.steps for day in days if day.steps is not None]
        goal = rules.goal_baseline.seed_steps
        if seen:
            usual = int(median(seen))
            goal = min(goal, _unraised(usual, rules) if held else _least_cap(usual, rules))
        return StepGoal(goal, True, None, "first", (explain(rules.goal_provisional),))
    if not held:
        return _from_baseline(baseline, rules)
    goal = _unraised(baseline, rules)
    reasons = [explain(rule) for rule in situation.holds]
    if situation.flare:
        reasons.append(explain(rules.goal_flare_again))
    return StepGoal(goal, False, baseline, "first", (_usual(baseline, rules), *reasons))


def _from_baseline(baseline: int, rules: Rules) -> StepGoal:
    goal = _least_cap(baseline, rules)
    rule = rules.goal_maintain if goal <= baseline else rules.goal_first
    why = explain(rule, goal=goal)
    return StepGoal(goal, False, baseline, "first", (_usual(baseline, rules), why))


def _unraised(steps: int, rules: Rules) -> int:
    return max(rules.goal_caps.smallest_steps, _down(steps, rules))


def _least_cap(steps: int, rules: Rules) -> int:
    caps = rules.goal_caps
    by_percent = max(steps * (100 + caps.raise_percent) // 100, caps.minimum_steps)
    least = min(by_percent, steps + caps.raise_steps, _ceiling(steps, rules))
    return max(caps.smallest_steps, _down(least, rules))


def _flare_goal(old: StepGoal, rules: Rules) -> StepGoal:
    if old.change == "flare":
        reasons = (explain(rules.goal_flare_again),)
        return StepGoal(old.steps_per_day, old.provisional, old.baseline_steps, "flare", reasons)
    lowered = _up(old.steps_per_day * (100 - rules.goal_flare.drop_percent), rules)
    goal = min(old.steps_per_day, max(rules.goal_caps.smallest_steps, lowered))
    why = explain(rules.goal_flare, old=old.steps_per_day, goal=goal)
    return StepGoal(goal, old.provisional, old.baseline_steps, "flare", (why,))


def _stepped_down(goal: StepGoal, old: StepGoal, situation: Situation, rules: Rules) -> StepGoal:
    """Return the goal a step below the old one, unless that step was taken within this week already."""
    if old.change == "worse" and rules.goal_too_soon in situation.holds:
        return goal
    rule = rules.goal_worse_again
    lowered = max(rules.goal_caps.smallest_steps, _down(old.steps_per_day * (100 - rule.drop_percent) // 100, rules))
    if goal.steps_per_day <= lowered:
        return goal
    steps = min(old.steps_per_day, lowered)
    why = explain(rule, weeks=rule.weeks, old=old.steps_per_day, goal=steps)
    return replace(goal, steps_per_day=steps, change="worse", reasons=(why,))


def _own_pace(goal: StepGoal, old: StepGoal, rules: Rules) -> StepGoal:
    """Return the goal no higher than the usual day, but at most a flare's drop lower than the old one."""
    if goal.baseline_steps is None:
        return goal
    least = _up(old.steps_per_day * (100 - rules.goal_flare.drop_percent), rules)
    steps = min(goal.steps_per_day, max(least, _unraised(goal.baseline_steps, rules)))
    why = explain(rules.goal_own_pace, goal=steps)
    change = goal.change if steps == goal.steps_per_day or goal.change in _FALLS else "lower"
    return replace(goal, steps_per_day=steps, change=change, reasons=(*goal.reasons, why))


def _with_bounds(goal: StepGoal, situation: Situation, rules: Rules) -> StepGoal:
    """Return the goal with how far the person may change it; up only where nothing speaks against more."""
    steps, percent = goal.steps_per_day, rules.goal_own.percent
    least = min(steps, max(rules.goal_caps.smallest_steps, _up(steps * (100 - percent), rules)))
    held = situation.easy_week or bool(situation.holds) or goal.provisional or goal.change == "keep"
    most = steps
    if not held:
        ceiling = _down(_ceiling(goal.baseline_steps or 0, rules), rules)
        most = max(steps, min(_down(steps * (100 + percent) // 100, rules), ceiling))
    return replace(goal, least_steps=least, most_steps=most)


def _judge(
    old: StepGoal, week: Sequence[DaySummary], baseline: int, rules: Rules, other_steps: Mapping[date, int]
) -> StepGoal:
    steps = [day.steps for day in week if day.steps is not None]
    was = old.steps_per_day
    met = sum(count >= was for count in steps)
    facts = {"met": met, "valid": len(steps)}
    helped = _met_with_other(week, was, rules, other_steps) - met
    goal, change = was, "hold"
    if 100 * met >= rules.goal_raise.met_percent_at_least * len(steps):
        goal = max(was, _raised(was, baseline, rules))
        change = "raise" if goal > was else "hold"
    elif 100 * (met + helped) <= rules.goal_lower.met_percent_at_most * len(steps):
        goal = min(was, _lowered(was, int(median(steps)), baseline, rules))
        change = "lower" if goal < was else "hold"
    why: dict[str, Reason] = {
        "raise": explain(rules.goal_raise, old=was, goal=goal, **facts),
        "lower": explain(rules.goal_lower, old=was, goal=goal, **facts),
        "hold": explain(rules.goal_hold, goal=goal, **facts),
    }
    reasons = (why[change], explain(rules.goal_caps)) if change == "raise" else (why[change],)
    if change == "hold" and helped:
        reasons = (*reasons, explain(rules.goal_other_activity, days=helped, goal=goal))
    if change == "hold" and was >= _ceiling(baseline, rules):
        reasons = (explain(rules.goal_maintain, goal=goal),)
    return StepGoal(goal, False, baseline or None, change, reasons)


def _advised(judged: StepGoal, was: int, rules: Rules, advice: Advice) -> StepGoal:
    """Return the goal that similar weeks went best with, of those that the rules allow."""
    rule = rules.goal_similar
    goals = [judged.steps_per_day]
    if judged.change == "raise":
        goals += [min(judged.steps_per_day, _down(was * (100 + rule.small_percent) // 100, rules)), was]
    elif judged.change == "hold":
        goals += [min(was, max(rules.goal_caps.smallest_steps, _up(was * (100 - rule.less_percent), rules)))]
    options: dict[str, int] = {}
    for goal in goals:
        options.setdefault(change_of(was, goal, advice.settings).value, goal)
    chosen = advice.chosen(SubPlan.ACTIVITY, tuple(options))
    words = advice.settings.words.options[chosen]
    more = advice.reasons(SubPlan.ACTIVITY, chosen, words)
    goal = options[chosen]
    if goal == judged.steps_per_day:
        return replace(judged, reasons=(*judged.reasons, *more))
    change = "raise" if goal > was else "hold" if goal == was else "lower"
    return replace(judged, steps_per_day=goal, change=change, reasons=(explain(rule, goal=goal), *more))


def _met_with_other(week: Sequence[DaySummary], was: int, rules: Rules, other_steps: Mapping[date, int]) -> int:
    most = was * rules.goal_other_activity.most_percent // 100
    return sum(
        day.steps is not None and day.steps + min(most, max(0, other_steps.get(day.date, 0))) >= was for day in week
    )


def _raised(was: int, baseline: int, rules: Rules) -> int:
    caps = rules.goal_caps
    by_percent = was * (100 + caps.raise_percent) // 100
    return _down(min(by_percent, was + caps.raise_steps, _ceiling(baseline, rules)), rules)


def _lowered(was: int, usual: int, baseline: int, rules: Rules) -> int:
    rule = rules.goal_lower
    reachable = _down(max(baseline, usual * rule.median_percent // 100), rules)
    return max(reachable, _up(was * rule.keep_percent, rules), rules.goal_caps.smallest_steps)


def _ceiling(baseline: int, rules: Rules) -> int:
    return max(rules.goal_caps.ceiling_steps, baseline)


def _down(steps: int, rules: Rules) -> int:
    """Round down, so that no cap is passed by rounding."""
    return steps // rules.goal_caps.round_to * rules.goal_caps.round_to


def _up(hundredths: int, rules: Rules) -> int:
    """Round hundredths of a step up, so that no lower bound is passed by rounding."""
    unit = 100 * rules.goal_caps.round_to
    return -(-hundredths // unit) * rules.goal_caps.round_to


def _usual(baseline: int, rules: Rules) -> Reason:
    return explain(rules.goal_baseline, baseline=baseline)
