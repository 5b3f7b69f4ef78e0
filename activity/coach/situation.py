"""Where a person stands at the start of a week: flare or not, and what forbids asking for more."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from activity.coach.exercise_log import ExerciseLog
from activity.coach.plan import DailyMessage, WeeklyPlan
from activity.coach.rules import Rule, Rules
from activity.coach.worsening import worse_weeks
from activity.day.summary import DaySummary
from activity.questionnaires.checkin import CheckIn
from activity.questionnaires.definition import Questionnaire, Urgency
from activity.questionnaires.profile import Profile


@dataclass(frozen=True, slots=True)
class Inputs:
    """All that the plan of one week is made from, apart from content and seed."""

    start: date
    profile: Profile
    checkin: CheckIn | None
    previous_checkin: CheckIn | None
    days: tuple[DaySummary, ...]  #: that a goal may be judged on, before ``start``, in order
    previous: WeeklyPlan | None
    message_history: tuple[DailyMessage, ...]
    plan_history: tuple[WeeklyPlan, ...] = ()  #: before ``start``; ``previous`` counts anyway
    exercise_log: tuple[ExerciseLog, ...] = ()
    earlier_checkins: tuple[CheckIn, ...] = ()  #: before ``previous_checkin``, in any order
    cleared: date | None = None  #: newest day on which a clinician said that it is safe to go on

    @property
    def checkins(self) -> tuple[CheckIn, ...]:
        """Return all check-ins there are; of two of one day, the one that holds comes first."""
        return tuple(one for one in (self.checkin, self.previous_checkin, *self.earlier_checkins) if one is not None)


@dataclass(frozen=True, slots=True)
class Situation:
    """A week's start as the goal, the exercises and the messages all see it."""

    start: date
    checkin: CheckIn | None  #: None when there is none, or it is too old to say anything
    pain_change: int | None  #: average pain, this check-in less the one before
    flare: bool
    gentle: bool  #: a sign that a clinician should look at soon
    holds: tuple[Rule, ...]  #: each forbids more than last week
    worse_again: bool = False  #: worse weeks running, which takes the plan a step down
    sign_open: bool = False  #: the sign is still there after the days in which it was to be looked at

    @property
    def easy_week(self) -> bool:
        """Return whether exercises are kept to relief and gentle movement."""
        return self.flare or self.gentle or self.worse_again


def judged_days(days: Iterable[DaySummary], before: date) -> tuple[DaySummary, ...]:
    """Return the days a goal may be judged on, in order, one a date; missing days are simply not there."""
    known = {day.date: day for day in days if day.date < before and day.quality.valid and day.steps is not None}
    return tuple(known[key] for key in sorted(known))


def read_situation(inputs: Inputs, rules: Rules, form: Questionnaire) -> Situation:
    """Return where a person stands at the start of the week; what isn't known holds the plan, and never raises it."""
    start, checkin, previous = inputs.start, inputs.checkin, inputs.previous
    oldest = start - timedelta(days=rules.goal_stale.stale_days)
    holds: list[Rule] = []
    if checkin is not None and checkin.date < oldest:
        checkin = None
    newest = inputs.days[-1].date if inputs.days else None
    if checkin is None or (newest is not None and newest < oldest) or (previous and previous.start < oldest):
        holds.append(rules.goal_stale)
    if checkin and (checkin.average_pain is None or checkin.red_flags is None):
        holds.append(rules.hold_unanswered)
    worse_again = checkin is not None and worse_weeks(inputs.checkins, start, rules) >= rules.goal_worse_again.weeks
    if checkin and (checkin.felt_worse or worse_again):
        holds.append(rules.hold_worse)
    soon = {sign.id for sign in form.warning_signs if sign.urgency is Urgency.SOON}
    gentle = checkin is not None and not soon.isdisjoint(checkin.red_flags or ())
    if gentle:
        holds.append(rules.hold_sign)
    if previous and (start - previous.start).days < rules.goal_too_soon.least_days:
        holds.append(rules.goal_too_soon)
    change = _pain_change(checkin, inputs.previous_checkin, rules.goal_stale.stale_days)
    sign_open = gentle and _open_since(checkin, inputs, soon, rules.hold_sign.days)
    flare = _flares(checkin, change, rules)
    return Situation(start, checkin, change, flare, gentle, tuple(holds), worse_again, sign_open)


def _open_since(checkin: CheckIn | None, inputs: Inputs, soon: set[str], days: int) -> bool:
    """Return whether a sign of this check-in was told of so many days before, and in every check-in since."""
    if checkin is None:
        return False
    still = soon & set(checkin.red_flags or ())
    for one in sorted(inputs.checkins, key=lambda one: one.date, reverse=True):
        still &= set(one.red_flags or ())
        if still and (checkin.date - one.date).days >= days:
            return True
    return False


def _pain_change(checkin: CheckIn | None, earlier: CheckIn | None, stale_days: int) -> int | None:
    if checkin is None or earlier is None or not 0 < (checkin.date - earlier.date).days <= stale_days:
        return None
    if checkin.average_pain is None or earlier.average_pain is None:
        return None
    return checkin.average_pain - earlier.average_pain


def _flares(checkin: CheckIn | None, change: int | None, rules: Rules) -> bool:
    if checkin is None or checkin.average_pain is None:
        return False
    rose = change is not None and change >= rules.flare.pain_rise
    return rose or checkin.average_pain >= rules.flare.pain_level
