"""What virtual people say: to a screening, to an instrument at a visit, and in a check-in."""

from collections.abc import Sequence
from random import Random
from typing import Any

from activity.questionnaires.checkin import CheckIn
from activity.questionnaires.definition import Kind, Questionnaire
from activity.questionnaires.instrument import Combine, Instrument
from activity.trial.protocol import Protocol
from activity.trial.virtual.life import State
from activity.trial.virtual.people import Person, on_scale

#: RMDQ points that go with one point of pain on its scale from 0 to 10.
_RMDQ_A_POINT = 2.4


def screening_answers(protocol: Protocol, rng: Random) -> dict[str, Any]:
    """Return answers that meet every criterion that is about a question; everything else is by chance."""
    rules = {one.question: one for one in protocol.criterion if one.question}
    found: dict[str, Any] = {}
    for question in protocol.screening.questions:
        rule = rules.get(question.id)
        match question.kind:
            case Kind.YES_NO:
                found[question.id] = bool(rule.wanted) if rule else rng.random() < 0.5
            case Kind.CHOICE:
                found[question.id] = rng.choice(question.options).id
            case _:
                low = rule.at_least if rule and rule.at_least is not None else question.low or 0
                high = rule.at_most if rule and rule.at_most is not None else min(question.high or 100, low + 62)
                found[question.id] = rng.randint(round(low), round(high))
    return found


def score_beside(row: Instrument, rmdq: float, before: float, person: Person, rng: Random) -> float:
    """Return the score of an instrument that goes with an RMDQ now and before; for a value set, how bad it is."""
    bad = min(1.0, max(0.0, rmdq / 24 + rng.gauss(0.0, 0.12)))
    if row.score_low is not None and row.score_low < 0:  # a judgement of change, with no change at zero
        return min(row.score_high, max(row.score_low, round((before - rmdq) / 2.0 + rng.gauss(0.0, 1.2))))
    if row.combine is Combine.VALUE_SET:
        return bad
    low, high = row.score_low or 0.0, row.score_high
    share, self_said = (bad, person.fear) if row.better == "lower" else (1.0 - bad, person.confidence)
    return low + (high - low) * (0.7 * share + 0.03 * self_said)


def state_between(rmdq: Sequence[float], due_days: Sequence[int], day: int, person: Person, rng: Random) -> State:
    """Return how somebody is on a day: between the scores of the visits about it, with the noise of a week."""
    at = min(day, due_days[-1])
    after = next(place for place, due in enumerate(due_days) if due >= at)
    before = max(after - 1, 0)
    share = (at - due_days[before]) / (due_days[after] - due_days[before]) if after else 0.0
    now = rmdq[before] + share * (rmdq[after] - rmdq[before])
    pain = on_scale(now / _RMDQ_A_POINT + rng.gauss(0.0, 0.7))
    limits = on_scale(now / _RMDQ_A_POINT + rng.gauss(0.0, 0.7))
    return State(pain, limits, person.confidence, person.usual_steps * (1.1 - 0.02 * now))


def checkin_answers(told: CheckIn, form: Questionnaire) -> dict[str, Any]:
    """Return a check-in as the answers that were given to its form."""
    known = {one.id for one in form.questions}
    signs = {one.id: one.id in (told.red_flags or ()) for one in form.warning_signs}
    answers = {name: getattr(told, name) for name in CheckIn.__slots__ if name in known}
    return {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in (answers | signs).items()
        if value is not None
    }
