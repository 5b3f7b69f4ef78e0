"""The weekly plan: gate, situation, goal, exercises, messages, and the finished plan checked again.

With a case base, other people's weeks choose among what the rules allow; without one the rules decide alone.
"""

from collections.abc import Iterable
from datetime import date, timedelta
from random import Random

from activity.coach.adverse import possible_adverse_events
from activity.coach.cases.problem import problem_of
from activity.coach.cases.reuse import Advisor
from activity.coach.content import Content
from activity.coach.currency import ActivityWeek
from activity.coach.education import Fact, plan_messages
from activity.coach.exercise_log import ExerciseLog
from activity.coach.exercises import plan_session
from activity.coach.explanation import explained, load_explanations
from activity.coach.gate import pass_gate, stop_unless_cleared
from activity.coach.goal import step_goal
from activity.coach.pacing import pacing_of
from activity.coach.plan import DailyMessage, Reason, WeeklyPlan
from activity.coach.progress import past_of
from activity.coach.quiz import MessageFeedback
from activity.coach.rules import Rules, explain
from activity.coach.safety import check_plan
from activity.coach.situation import Inputs, Situation, judged_days, read_situation
from activity.day.summary import DaySummary
from activity.errors import AnswerError
from activity.questionnaires.checkin import CheckIn
from activity.questionnaires.profile import Profile


def make_plan(
    profile: Profile,
    checkin: CheckIn | None,
    days: Iterable[DaySummary],
    *,
    content: Content,
    start: date,
    seed: int,
    previous: WeeklyPlan | None = None,
    previous_checkin: CheckIn | None = None,
    message_history: Iterable[DailyMessage] = (),
    message_feedback: Iterable[MessageFeedback] = (),
    plan_history: Iterable[WeeklyPlan] = (),
    exercise_log: Iterable[ExerciseLog] = (),
    advisor: Advisor | None = None,
    earlier_checkins: Iterable[CheckIn] = (),
    cleared: date | None = None,
    activity: ActivityWeek | None = None,
) -> WeeklyPlan:
    """Return the plan for the week from ``start``; the same inputs give the same plan.

    Parameters
    ----------
    profile
        What stays true of the person.
    checkin
        This week's answers; None when there are none, which holds the plan. A first plan needs them.
    days
        Every day known so far, in any order; those from ``start`` on are not looked at.
    previous
        Last week's plan.
    previous_checkin
        The check-in before this one; without it a rise of pain can't be seen, only its level.
    message_history
        Messages of earlier plans; those of ``previous`` are counted anyway.
    message_feedback
        Quizzes answered and messages rated so far, in any order; those from ``start`` on are not looked at.
    plan_history
        Earlier plans, in any order; they say which exercises are due again, and at which dose. ``previous`` is counted
        anyway.
    exercise_log
        What was said of single exercises, in any order: ratings, pain, and what was swapped or refused.
    advisor
        What other people's weeks say of this one, such as ``CaseAdvisor``.
    earlier_checkins
        Check-ins before ``previous_checkin``, in any order; without them a worse back is seen only where it was said.
    cleared
        Day of the newest entry of a clinician that it is safe to go on; an urgent sign before it no longer stops.
    activity
        The past week in one currency; activity without steps may keep a goal from going down.

    Raises
    ------
    SafetyStopError
        An urgent warning sign; its remedy is the help card.
    AnswerError
        A first plan without answers to the warning signs, or dates that can't belong together.
    UnsafePlanError
        The finished plan broke a safety rule when checked again.
    """
    rules = content.rules
    earlier = tuple(earlier_checkins)
    pass_gate(checkin, previous, start, content.checkin)
    stop_unless_cleared((previous_checkin, *earlier), cleared, content.checkin)
    judged = judged_days(days, start)
    history = (*message_history, *(previous.messages if previous else ()))
    plans, log = tuple(plan_history), tuple(exercise_log)
    inputs = Inputs(start, profile, checkin, previous_checkin, judged, previous, history, plans, log, earlier, cleared)
    situation = read_situation(inputs, rules, content.checkin)
    past = past_of(previous, plans, log, start)
    advice = advisor(problem_of(inputs), _rng(seed, start, "advice")) if advisor else None
    rng = _rng(seed, start, "exercises")
    session = plan_session(situation, profile, previous, content, rng, past=past, advice=advice)
    facts = week_facts(situation, inputs)
    other_steps = activity.other_steps if activity else {}
    goal = step_goal(situation, judged, previous, rules, advice=advice, other_steps=other_steps)
    plan = WeeklyPlan(
        start=start,
        goal=goal,
        sessions_per_week=session.per_week,
        session_minutes=session.minutes,
        exercises=session.exercises,
        messages=plan_messages(
            facts,
            history,
            content,
            start,
            _rng(seed, start, "messages"),
            feedback=message_feedback,
            advice=advice,
        ),
        notes=(
            *_advice(situation, profile, content),
            *session.notes,
            *pacing_of(judged, start, goal.steps_per_day, rules).advice,
            *_activity_notes(activity, rules),
        ),
        content_version=content.version,
        seed=seed,
        learned_from=advice.learned_from if advice else "",
        possible_adverse_events=possible_adverse_events(situation, rules),
    )
    check_plan(plan, inputs, content)
    return explained(plan, inputs, content, load_explanations())


def todays_message(plan: WeeklyPlan, today: date) -> DailyMessage:
    """Return the message of a day of the plan's week; ``AnswerError`` for any other day."""
    for message in plan.messages:
        if message.date == today:
            return message
    last = plan.start + timedelta(days=6)
    raise AnswerError(f"no message for {today}", "weekly plan", f"a day from {plan.start} to {last}", "make a new plan")


def week_facts(situation: Situation, inputs: Inputs) -> dict[str, Fact]:
    """Return what is known of the week by the names that message triggers use; None where it isn't known."""
    checkin, previous, conditions = situation.checkin, inputs.previous, inputs.profile.conditions
    names = ("average_pain", "interference", "confidence", "fear", "sleep_trouble", "stress", "barriers")
    facts: dict[str, Fact] = {name: getattr(checkin, name) if checkin else None for name in names}
    facts["flare"] = situation.flare
    facts["pain_change"] = situation.pain_change
    facts["condition_count"] = None if conditions is None else len(conditions)
    facts["sessions_done"] = checkin.sessions_done if checkin and previous else None
    facts["goal_met_percent"] = None
    if previous:
        week = [day for day in inputs.days if previous.start <= day.date]
        met = sum(day.steps is not None and day.steps >= previous.goal.steps_per_day for day in week)
        facts["goal_met_percent"] = 100 * met // len(week) if week else None
    return facts


def _advice(situation: Situation, profile: Profile, content: Content) -> list[Reason]:
    """Return the notes that come first: what to see a clinician about, then the limit of pain."""
    rules = content.rules
    notes = [explain(rules.hold_sign)] if situation.gentle else []
    notes += [explain(rules.hold_sign_open)] if situation.sign_open else []
    notes += [explain(rules.hold_worse)] if rules.hold_worse in situation.holds else []
    ask_first = {condition.id for condition in content.conditions if condition.ask_first}
    if not ask_first.isdisjoint(profile.conditions or ()):
        notes.append(explain(rules.advice_ask_first))
    if situation.flare:
        notes.append(explain(rules.flare))
    notes += [explain(rule) for rule in (rules.goal_stale, rules.hold_unanswered) if rule in situation.holds]
    notes.append(explain(rules.exercise_pain_limit, pain=rules.exercise_pain_limit.pain))
    return notes


def _activity_notes(activity: ActivityWeek | None, rules: Rules) -> list[Reason]:
    if activity is None or not activity.other_minutes:
        return []
    steps, other = sum(activity.other_steps.values()), round(activity.other_minutes)
    if activity.walked_days < rules.activity_week.needed_days:
        return [explain(rules.activity_other, other=other, steps=steps)]
    return [explain(rules.activity_week, minutes=round(activity.minutes), other=other, steps=steps)]


def _rng(seed: int, start: date, part: str) -> Random:
    # Seeded with text, so that each part has its own draws and a new part doesn't change the others.
    return Random(f"{seed}/{start.isoformat()}/{part}")  # noqa: S311 - a draw to be repeated, not a secret
