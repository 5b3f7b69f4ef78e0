"""The gate before every plan: an urgent warning sign stops it, an unanswered one stops a first plan.

What stopped once stays stopped: a new check-in without the sign isn't enough, a clinician has to say that it is safe.
"""

from collections.abc import Iterable
from datetime import date

from activity.coach.plan import WeeklyPlan
from activity.coach.rules import Rules
from activity.errors import AnswerError, SafetyStopError
from activity.questionnaires.checkin import CheckIn
from activity.questionnaires.definition import Questionnaire, Urgency
from activity.questionnaires.eligibility import Eligibility


def pass_gate(checkin: CheckIn | None, previous: WeeklyPlan | None, start: date, form: Questionnaire) -> None:
    """Return if a plan may be made.

    Raises ``SafetyStopError`` with the help card on an urgent sign, whatever the age of the check-in, and
    ``AnswerError`` where the inputs can't belong together or a first plan has no answers to the warning signs.
    """
    if checkin is not None:
        stop_on_urgent_signs(checkin, form)
        if checkin.date > start:
            raise AnswerError(
                f"the check-in is of {checkin.date}, after the start of the plan", form.id, f"a date up to {start}"
            )
    if previous is None and (checkin is None or checkin.red_flags is None):
        raise AnswerError(
            "the warning signs were not all answered, so no first plan can be made",
            form.id,
            "yes or no for " + ", ".join(sign.id for sign in form.warning_signs),
        )
    if previous is not None and previous.start >= start:
        raise AnswerError(
            f"the previous plan starts on {previous.start}", "previous plan", f"one that starts before {start}"
        )


def stop_on_urgent_signs(checkin: CheckIn, form: Questionnaire) -> None:
    """Return if no answer is an urgent warning sign; else ``SafetyStopError`` with the help card."""
    known = {sign.id: sign for sign in form.warning_signs}
    flags = checkin.red_flags or ()
    # A sign that this form doesn't know, from an older or newer form, counts as urgent.
    urgent = [name for name in flags if name not in known or known[name].urgency is Urgency.URGENT]
    if not urgent or form.help_card is None:
        return
    asked = [known[name].text if name in known else name for name in urgent]
    card = form.help_card
    raise SafetyStopError(
        f"you answered yes to: {' '.join(asked)}",
        "",
        "no urgent warning sign",
        "\n".join((card.title, *card.lines)),
    )


def stop_unless_cleared(checkins: Iterable[CheckIn | None], cleared: date | None, form: Questionnaire) -> None:
    """Return if every urgent sign of earlier check-ins was cleared by a clinician on its day or later."""
    for checkin in checkins:
        if checkin is not None and (cleared is None or cleared < checkin.date):
            stop_on_urgent_signs(checkin, form)


def pass_enrolment(
    eligibility: Eligibility | None, cleared: date | None, start: date, rules: Rules, form: Questionnaire
) -> None:
    """Return if somebody may take part: every exclusion was answered within a year, and none keeps them out.

    ``cleared`` is the newest day on which a clinician said that it is safe to go on, in spite of an exclusion.
    Raises ``AnswerError`` where something has to be asked first, ``SafetyStopError`` where a clinician has to decide.
    """
    days = rules.eligibility.valid_days
    if eligibility is None or eligibility.open or not 0 <= (start - eligibility.date).days <= days:
        raise AnswerError(
            "who this is for was not asked, or not all of it, or over a year ago",
            form.id,
            f"an answer to every question, at most {days} days old",
            "selfback ask ID eligibility",
        )
    if eligibility.kept_out and (cleared is None or cleared < eligibility.date):
        asked = {question.id: question.text for question in form.questions}
        raise SafetyStopError(
            f"{rules.eligibility.reason} You were asked: {' '.join(asked[name] for name in eligibility.kept_out)}",
            "",
            "a clinician who knows you and says that it is safe",
            "talk to your doctor or physiotherapist, and to the people who run your programme",
        )
