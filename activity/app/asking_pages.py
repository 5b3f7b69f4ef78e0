"""The forms of the programme as pages: asked, checked, kept, and after a check-in the plan that follows from it."""

from datetime import timedelta
from typing import Final

from fastapi import APIRouter, Request
from starlette.responses import Response

from activity.app.content import shown_form
from activity.app.context import Asking, Form, Me, RefusedError
from activity.app.forms import answers_of, day_of, key_of
from activity.app.participant_pages import back_to, seen, writes
from activity.app.rendering import page
from activity.errors import AnswerError, SafetyStopError, TrialError, UnsafePlanError
from activity.questionnaires.definition import Questionnaire
from activity.store.accounts import Role, is_new
from activity.store.asked import FORMS, keep_form, read_form
from activity.store.days import known_days
from activity.store.participants import keep_event
from activity.store.week import keep_week, load_coach, stored_base

ROUTER: Final = APIRouter()
#: The event of a plan that broke a safety rule and wasn't shown.
UNSAFE: Final = "plan-refused"
#: How far back days have a say in a plan.
_LOOKS_BACK: Final = timedelta(days=120)
#: A check-in that is older doesn't make a plan by itself: it is asked again.
_FRESH: Final = timedelta(days=6)


@ROUTER.get("/ask/{name}")
def ask(request: Request, name: str, me: Me) -> Response:
    """Show a form."""
    return page(request, "ask.html", form=_form(name), today=me.today, wrong="", given={})


@ROUTER.post("/ask/{name}")
def answer(request: Request, name: str, me: Me, form: Form) -> Response:
    """Keep the answers to a form, and make the plan that they ask for."""
    asked, day = _form(name), day_of(form, me.today)
    given = answers_of(form, asked)
    try:
        read_form(asked, day, given)
    except AnswerError as error:
        return page(request, "ask.html", 422, form=asked, today=me.today, wrong=_wrong(error), given=given)
    key = key_of(form)
    with writes(me, f"ask {asked.id}") as write:
        if not key or is_new(write, me.who, key):
            keep_form(write, me.who, asked, day, given)
    plan_if_due(me)
    return back_to("/")


def plan_if_due(me: Asking) -> bool:
    """Make the plan of the week that begins today, where none holds and a fresh check-in is there.

    Return whether one was made. A stop isn't an error here: the page of today shows the card.
    """
    now = seen(me)
    checkin = now.known.checkin
    if now.plan is not None or checkin is None or now.today - checkin.date > _FRESH:
        return False
    store = me.context.store
    with store.reading() as connection:
        days = tuple(day for _, day in known_days(connection, me.who, now.today - _LOOKS_BACK))
    coach = load_coach()
    base, _ = stored_base(store, coach.settings)
    try:
        keep_week(store, me.who, days, coach, who=Role.PARTICIPANT.value, first=now.today, base=base)
    except (AnswerError, SafetyStopError, TrialError):
        return False
    except UnsafePlanError as error:
        with writes(me, "plan") as write:
            keep_event(write, me.who, UNSAFE, now.today, {"text": str(error)})
        return False
    return True


def _form(name: str) -> Questionnaire:
    if name not in FORMS:
        raise RefusedError(404, "There is no such page.")
    return shown_form(name)


def _wrong(error: AnswerError) -> str:
    return f"Something can't be right: {error.what}. Please look again."
