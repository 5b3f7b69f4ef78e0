"""The gate before every plan: an urgent warning sign stops it, an unanswered one stops a first plan."""

from datetime import date

from activity.coach.plan import WeeklyPlan
from activity.errors import AnswerError, SafetyStopError
from activity.questionnaires.checkin import CheckIn
from activity.questionnaires.definition import Questionnaire, Urgency


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
