"""The pages of a participant: today, the week, exercises, why, flare, help, settings."""

import json
from typing import Any, Final

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from activity.app.content import shown_content, shown_form
from activity.app.context import Asking, Form, Me, RefusedError
from activity.app.exercising import offered, sessions_done
from activity.app.forms import day_of, key_of, number_of, text_of
from activity.app.rendering import page
from activity.app.today import is_late, new_thing, steps_of, week_steps, week_words
from activity.coach.content import Content
from activity.coach.exercise_log import Rating, Swap, load_exercise_log
from activity.coach.own_goal import GoalWish, with_own_goal
from activity.coach.plan import DailyMessage, WeeklyPlan
from activity.coach.plan_document import plan_to_document
from activity.coach.week import todays_message
from activity.errors import AnswerError, ProtocolChangedError, TrialError
from activity.store.accounts import Role, devices, end_session, is_new
from activity.store.history import CHECKIN_FORM, ELIGIBILITY_FORM, FEEDBACK_FORM
from activity.store.participants import export, keep_answers, keep_edit, keep_exercise, keep_message, keep_plan
from activity.store.standing import (
    Standing,
    keep_back,
    keep_flare,
    keep_opened,
    kept_out,
    next_form,
    pain_by_week,
    standing,
    stop_of,
)
from activity.store.week import check_given_plans
from activity.store.writing import Writing, writing

ROUTER: Final = APIRouter()
#: What a goal may be changed by, in steps.
_GOAL_CHOICES: Final = 9


def seen(me: Asking) -> Standing:
    """Return where somebody stands today."""
    with me.context.store.reading() as connection:
        return standing(connection, me.who, me.today)


def writes(me: Asking, reason: str) -> Any:
    """Return a transaction in which a participant writes."""
    return writing(me.context.store, Role.PARTICIPANT.value, reason, me.context.clock)


def back_to(address: str) -> RedirectResponse:
    """Return the way to a page after something was sent."""
    return RedirectResponse(address, 303)


@ROUTER.get("/")
def today(request: Request, me: Me) -> Response:
    """Show today's plan, or what has to be answered before there is one, or the help card."""
    now, content = seen(me), shown_content()
    stop = stop_of(now, content)
    if stop is None:
        _note_opened(me, now)
    form = None if stop else next_form(now, content, shown_form(ELIGIBILITY_FORM))
    message = _message(now)
    return page(
        request, "today.html", now=now, stop=_card(content) if stop else None, form=form,
        refused=kept_out(now, content, shown_form(ELIGIBILITY_FORM)), steps=steps_of(now, me.today),
        exercises=offered(now, content), sessions=sessions_done(now), message=message,
        said=next((one for one in now.feedback if message and one.message == message.id), None),
        without_plan=_is_without_plan(me), late=is_late(now), new=new_thing(now), back=now.back.get(me.today),
        checkin=CHECKIN_FORM,
    )  # fmt: skip


@ROUTER.get("/week")
def week(request: Request, me: Me) -> Response:
    """Show the days of the week against the goal, how the pain went, and how far the goal may be changed."""
    now = seen(me)
    days = week_steps(now)
    known = now.known
    pain = pain_by_week((*known.earlier_checkins, known.previous_checkin, known.checkin))
    return page(
        request, "week.html", now=now, days=days, words=week_words(days, me.today), pain=list(pain.items())[-12:],
        sessions=sessions_done(now), choices=goal_choices(now.plan, shown_content()) if now.plan else (),
    )  # fmt: skip


def goal_choices(plan: WeeklyPlan, content: Content) -> tuple[int, ...]:
    """Return what the goal may be changed to, at most some choices, evenly apart, with today's goal among them."""
    least, most, unit = plan.goal.least_steps, plan.goal.most_steps, content.rules.goal_caps.round_to
    if least is None or most is None:
        return ()
    low, high = -(-least // unit), most // unit
    apart = max(1, -(-(high - low) // (_GOAL_CHOICES - 1)))
    return tuple(sorted({*(unit * number for number in range(low, high + 1, apart)), plan.goal.steps_per_day}))


@ROUTER.post("/goal")
def change_goal(me: Me, form: Form) -> Response:
    """Change the step goal within the bounds of the plan."""
    steps, now = number_of(form, "steps", 0, 100_000), seen(me)
    if now.plan is None or steps is None:
        raise RefusedError(409, "There is no plan to change this week.")
    try:
        changed = with_own_goal(now.plan, GoalWish(steps=steps), shown_content())
    except AnswerError as error:
        raise RefusedError(400, f"That goal isn't possible: {error.what}.") from error
    edit = {"goal": {"from": now.plan.goal.steps_per_day, "to": changed.goal.steps_per_day}}
    with writes(me, "goal") as write:
        if _is_first(write, me, form):
            keep_edit(write, me.who, now.plan_number, edit)
            keep_plan(write, me.who, plan_to_document(changed))
    return back_to("/week")


@ROUTER.get("/exercises")
def exercises(request: Request, me: Me) -> Response:
    """Show the exercises with drawing, counter and rating; none while a warning sign stops the plan."""
    now, content = seen(me), shown_content()
    stop = stop_of(now, content)
    return page(
        request, "exercises.html", now=now, stop=_card(content) if stop else None,
        exercises=() if stop else offered(now, content), sessions=sessions_done(now),
    )  # fmt: skip


@ROUTER.post("/did")
def did(me: Me, form: Form) -> Response:
    """Keep that an exercise was done, how it felt, and whether another one is wanted."""
    name, rating, swap = (text_of(form, field, 60) for field in ("exercise", "rating", "swap"))
    if shown_content().exercise(name) is None or rating not in {"", *Rating} or swap not in {"", *Swap}:
        raise RefusedError(400, "This page sent something that it doesn't offer.")
    day, pain = day_of(form, me.today), number_of(form, "pain", 0, 10)
    said: dict[str, Any] = {"date": day.isoformat(), "exercise": name, "done": text_of(form, "done", 3) != "no"}
    said |= {key: value for key, value in (("rating", rating), ("swap", swap)) if value}
    said |= {"pain": pain} if pain is not None else {}
    load_exercise_log([said])
    with writes(me, "did") as write:
        if _is_first(write, me, form):
            keep_exercise(write, me.who, name, day, said)
    return back_to("/exercises")


@ROUTER.post("/back")
def back(me: Me, form: Form) -> Response:
    """Keep how the back is, in one tap."""
    pain = number_of(form, "pain", 0, 10)
    if pain is not None:
        with writes(me, "back") as write:
            if _is_first(write, me, form):
                keep_back(write, me.who, day_of(form, me.today), pain)
    return back_to("/")


@ROUTER.post("/message")
def message_said(me: Me, form: Form) -> Response:
    """Keep what somebody says back about the message of the day."""
    now = seen(me)
    message = _message(now)
    if now.plan is None or message is None:
        raise RefusedError(409, "There is no message today.")
    said: dict[str, Any] = {"message": message.id}
    number, helpful = number_of(form, "answer", 1, 4), text_of(form, "helpful", 3)
    if message.quiz is not None and number is not None:
        try:
            said |= {"answer": number, "right": message.quiz.chosen(number).right}
        except AnswerError as error:
            raise RefusedError(400, "This page sent something that it doesn't offer.") from error
    if helpful:
        said["helpful"] = helpful == "yes"
    with writes(me, "message") as write:
        if len(said) > 1 and _is_first(write, me, form):
            keep_answers(write, me.who, (FEEDBACK_FORM, now.plan.content_version), me.today, said)
    return back_to("/#message")


@ROUTER.get("/why")
def why(request: Request, me: Me) -> Response:
    """Show of each item of the plan which answers and whose weeks are behind it."""
    now = seen(me)
    names = {one.id: one.name for one in now.plan.exercises} if now.plan else {}
    names |= {one.id: one.title for one in now.plan.messages} if now.plan else {}
    return page(request, "why.html", now=now, names=names)


@ROUTER.get("/flare")
def flare(request: Request, me: Me) -> Response:
    """Show what flare mode is, and whether it is on."""
    now, content = seen(me), shown_content()
    stop = stop_of(now, content)
    return page(request, "flare.html", now=now, stop=_card(content) if stop else None)


@ROUTER.post("/flare")
def set_flare(me: Me, form: Form) -> Response:
    """Turn flare mode on or off."""
    with writes(me, "flare") as write:
        if _is_first(write, me, form):
            keep_flare(write, me.who, day_of(form, me.today), on=text_of(form, "on", 3) != "no")
    return back_to("/")


@ROUTER.get("/help")
def get_help(request: Request, me: Me) -> Response:
    """Show when to get help and how; it is kept for when there is no network."""
    return page(request, "help.html", card=_card(shown_content()), who=me.who)


@ROUTER.get("/settings")
def settings(request: Request, me: Me) -> Response:
    """Show the devices that are signed in, and the way to all data."""
    with me.context.store.reading() as connection:
        found = devices(connection, me.who, me.context.clock())
    return page(request, "settings.html", devices=found, this=me.session, who=me.who)


@ROUTER.post("/devices")
def end_device(me: Me, form: Form) -> Response:
    """Sign another device out."""
    number = number_of(form, "session", 1, 999_999_999)
    with writes(me, "sign out") as write:
        if number is None or not end_session(write, me.who, number):
            raise RefusedError(404, "That device isn't signed in.")
    return back_to("/settings")


@ROUTER.get("/my-data.json")
def my_data(me: Me) -> Response:
    """Give all that is kept of somebody, for them to keep."""
    with me.context.store.reading() as connection:
        found = export(connection, me.who)
    headers = {"content-disposition": 'attachment; filename="my-data.json"'}
    return Response(json.dumps(found, indent=1, ensure_ascii=False), media_type="application/json", headers=headers)


def _note_opened(me: Asking, now: Standing) -> None:
    """Keep that the app was opened today, and that today's message was shown, once a day."""
    if me.today in now.opened_on:
        return
    message = _message(now)
    with writes(me, "open") as write:
        if keep_opened(write, me.who, me.today) and message is not None and now.plan is not None:
            shown = next(m for m in plan_to_document(now.plan)["messages"] if m["date"] == me.today.isoformat())
            keep_message(write, me.who, shown)


def _is_without_plan(me: Asking) -> bool:
    """Return whether the arm of a study that somebody is in is given no plans, so that none is asked for."""
    try:
        with me.context.store.reading() as connection:
            check_given_plans(connection, me.who)
    except ProtocolChangedError:
        return False  # their plan waits for the staff of the study
    except TrialError:
        return True
    return False


def _is_first(write: Writing, me: Asking, form: Form) -> bool:
    """Return whether what was sent is new; what comes again under its key, as after a lost answer, is kept once."""
    key = key_of(form)
    return not key or is_new(write, me.who, key)


def _message(now: Standing) -> DailyMessage | None:
    try:
        return todays_message(now.plan, now.today) if now.plan else None
    except AnswerError:
        return None


def _card(content: Content) -> Any:
    return content.checkin.help_card
