"""What of a week may be an adverse event: found by rule, judged by a person."""

from collections.abc import Mapping
from typing import Final

from activity.coach.plan import AdverseEvent, Reason
from activity.coach.rules import Rules, explain
from activity.coach.situation import Situation

#: Kinds in the order in which they are told, each with what it is in words for trial staff.
KINDS: Final[Mapping[str, str]] = {
    "worse-again": "the back was worse for weeks running",
    "felt-worse": "the plan made the back worse, in the person's own view",
    "exercise-pain": "exercises hurt as much as makes them easier",
    "flare": "average pain rose by an important amount, or is high",
    "sign-open": "a sign that isn't urgent was not looked at in time",
}


def possible_adverse_events(situation: Situation, rules: Rules) -> tuple[AdverseEvent, ...]:
    """Return what may have gone wrong, in the order of ``KINDS``; nothing where there is no recent check-in."""
    checkin = situation.checkin
    if checkin is None:
        return ()
    found: dict[str, Reason] = {}
    if situation.worse_again:
        found["worse-again"] = explain(rules.hold_worse)
    if checkin.felt_worse:
        found["felt-worse"] = explain(rules.event_felt_worse)
    if checkin.exercise_pain is not None and checkin.exercise_pain >= rules.exercise_regress.pain_at_least:
        found["exercise-pain"] = explain(rules.event_exercise_pain)
    if situation.flare:
        found["flare"] = explain(rules.flare)
    if situation.sign_open:
        found["sign-open"] = explain(rules.hold_sign_open)
    # Unlike a hold, an event is of the check-in that told of it, so that a plan made twice tells of it once.
    return tuple(AdverseEvent(kind, checkin.date, found[kind]) for kind in KINDS if kind in found)
