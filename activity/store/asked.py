"""The answers to a form of the programme, checked and kept where each form is kept."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from activity.questionnaires.answers import check_answers
from activity.questionnaires.checkin import CheckIn, load_checkin
from activity.questionnaires.definition import Questionnaire
from activity.questionnaires.eligibility import Eligibility, load_eligibility
from activity.questionnaires.profile import load_profile
from activity.store.history import CHECKIN_FORM, ELIGIBILITY_FORM
from activity.store.participants import Participant, keep_answers, keep_event, keep_profile
from activity.store.writing import Writing

PROFILE_FORM = "profile"
#: The event of a warning sign that was answered with yes.
WARNING_SIGN = "warning-sign"


def read_form(form: Questionnaire, day: date, given: Mapping[str, Any]) -> CheckIn | Eligibility | None:
    """Return what answers come to, where their form has a type; ``AnswerError`` on a value that can't be."""
    match form.id:
        case "profile":
            load_profile(given, form)
        case "eligibility":
            return load_eligibility({**given, "date": day}, form)
        case "weekly-checkin":
            return load_checkin({**given, "date": day}, form)
        case _:
            check_answers(form, given)
    return None


def keep_form(
    write: Writing, who: Participant, form: Questionnaire, day: date, given: Mapping[str, Any]
) -> CheckIn | Eligibility | None:
    """Keep answers, and an event for staff where a warning sign is among them; return what `read_form` does."""
    found = read_form(form, day, given)
    if form.id == PROFILE_FORM:
        keep_profile(write, who, given)
    else:
        keep_answers(write, who, (form.id, form.version), day, given)
    if isinstance(found, CheckIn) and found.red_flags:
        # Whoever looks after them has to see it, also where no plan is made meanwhile.
        keep_event(write, who, WARNING_SIGN, day, {"signs": list(found.red_flags)})
    return found


#: Forms of the programme in the order in which they are asked.
FORMS = (ELIGIBILITY_FORM, PROFILE_FORM, CHECKIN_FORM)
