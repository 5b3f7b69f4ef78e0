"""The pages of those who look after people: who needs attention, and one person on one page."""

from datetime import date
from typing import Final
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Request
from starlette.responses import Response

from activity.app.charts import bars, line
from activity.app.content import shown_content, shown_form
from activity.app.context import AskingStaff, Form, RefusedError, Staff
from activity.app.credentials import handle_of, same
from activity.app.entering import invitation_for
from activity.app.forms import text_of
from activity.app.participant_pages import back_to
from activity.app.rendering import page
from activity.coach.adverse import KINDS
from activity.questionnaires.checkin import CheckIn
from activity.report.wording import count
from activity.store.accounts import Role, record_access, site_of, sites, staff
from activity.store.caseload import NEEDS, NOTE, caseload, events_of, weeks_of
from activity.store.history import CHECKIN_FORM, CLEARANCE
from activity.store.participants import Participant, keep_event, participants
from activity.store.standing import Standing, standing, stop_of
from activity.store.writing import writing

ROUTER: Final = APIRouter()
#: Who may see people, change what is kept of them, give out links, and see accounts.
SEES: Final = frozenset({Role.CLINICIAN, Role.TRIAL})
WRITES: Final = frozenset({Role.CLINICIAN})
INVITES: Final = frozenset({Role.CLINICIAN, Role.TRIAL})
ACCOUNTS: Final = frozenset({Role.ADMIN})
#: What events are in words; others are told as they are kept.
_EVENTS: Final = {
    "warning-sign": "warning sign in a check-in",
    CLEARANCE: "clinician: safe to go on",
    NOTE: "note",
    "flare-mode": "flare mode",
    "plan-refused": "a plan was refused by the safety check",
    "adverse-event": "adverse event",
    "trial-consent": "consent",
    "trial-withdrawal": "withdrawal",
    "trial-reminder": "reminder",
} | {f"possible-{kind}": f"to be judged: {text}" for kind, text in KINDS.items()}


@ROUTER.get("/staff")
def everybody(request: Request, asks: Staff) -> Response:
    """Show who needs attention first; of a clinician, the people of their site; to an administrator, accounts."""
    if asks.session.role in ACCOUNTS:
        return _accounts(request, asks)
    today = asks.context.clock().date()
    rise = shown_content().rules.flare.pain_rise
    with asks.context.store.reading() as connection:
        found = caseload(connection, _site(asks), today, rise)
    _log(asks, "people", None)
    rows = [(handle_of(asks.cookie, one.who.id), one) for one in found]
    counts = {name: sum(name in one.needs for one in found) for name in NEEDS}
    return page(request, "people.html", rows=rows, needs=NEEDS, counts=counts, me=asks.session, today=today)


@ROUTER.get("/staff/person/{handle}")
def person(request: Request, handle: str, asks: Staff) -> Response:
    """Show one person on one page; that it was looked at is kept."""
    who = _person(asks, handle)
    _log(asks, "person", who)
    return _person_page(request, asks, handle, who, link="")


@ROUTER.post("/staff/person/{handle}/note")
def note(handle: str, asks: Staff, form: Form) -> Response:
    """Keep what a clinician wants to remember."""
    who, text = _person(asks, handle, WRITES), text_of(form, "text")
    if text:
        with writing(asks.context.store, asks.session.staff, "note", asks.context.clock) as write:
            keep_event(write, who, NOTE, asks.context.clock().date(), {"text": text})
    return back_to(f"/staff/person/{handle}")


@ROUTER.post("/staff/person/{handle}/clear")
def clear(handle: str, asks: Staff, form: Form) -> Response:
    """Keep that a clinician says that it is safe to go on."""
    who, text = _person(asks, handle, WRITES), text_of(form, "text")
    if text_of(form, "sure", 3) != "yes":
        raise RefusedError(400, "Tick the box to say that you have looked at it.")
    with writing(asks.context.store, asks.session.staff, "clearance", asks.context.clock) as write:
        keep_event(write, who, CLEARANCE, asks.context.clock().date(), {"note": text})
    return back_to(f"/staff/person/{handle}")


@ROUTER.post("/staff/person/{handle}/invite")
def invite_person(request: Request, handle: str, asks: Staff, form: Form) -> Response:  # noqa: ARG001 - token checked
    """Make a new one-time link and show it once."""
    who = _person(asks, handle, INVITES)
    link = invitation_for(asks.context, who, asks.session.staff)
    _log(asks, "person", who)
    return _person_page(request, asks, handle, who, link=link)


def _person_page(request: Request, asks: AskingStaff, handle: str, who: Participant, *, link: str) -> Response:
    today = asks.context.clock().astimezone(ZoneInfo(who.zone)).date()
    with asks.context.store.reading() as connection:
        now = standing(connection, who, today)
        weeks, events, site = weeks_of(connection, who, now), events_of(connection, who), site_of(connection, who)
    content = shown_content()
    known = now.known
    checkins = [one for one in (*known.earlier_checkins, known.previous_checkin, known.checkin) if one is not None]
    labels = {one.id: one.text for one in shown_form(CHECKIN_FORM).warning_signs}
    return page(
        request, "person.html", who=who, site=site, now=now, weeks=weeks, stop=stop_of(now, content),
        events=[(_EVENTS.get(row.facts["kind"], row.facts["kind"]), row) for row in events[:12]], link=link,
        steps=_steps_chart(now), pain=_scale_chart(checkins, "average_pain", "Pain", today),
        function=_scale_chart(checkins, "interference", "Back in the way", today), handle=handle, labels=labels,
        may_write=asks.session.role in WRITES, me=asks.session, last=checkins[-1] if checkins else None, today=today,
    )  # fmt: skip


def _steps_chart(now: Standing) -> str:
    days = {day.date: day for _, day in now.days}
    goal = now.plan.goal.steps_per_day if now.plan is not None else None
    return bars(now.today, 28, {key: (day.steps, day.quality.valid) for key, day in days.items()}, goal)


def _scale_chart(checkins: list[CheckIn], field: str, title: str, today: date) -> str:
    points = [(one.date, getattr(one, field)) for one in checkins]
    return line([(day, value) for day, value in points if value is not None], today, title)


def _accounts(request: Request, asks: AskingStaff) -> Response:
    with asks.context.store.reading() as connection:
        found, people = staff(connection), len(participants(connection))
        number = len(set(sites(connection).values()))
    _log(asks, "accounts", None)
    return page(request, "accounts.html", staff=found, people=count(people), sites=number, me=asks.session)


def _site(asks: AskingStaff) -> str | None:
    """Return the site whose people somebody may see; None for all."""
    if asks.session.role not in SEES:
        raise RefusedError(403, "This page isn't for your role.")
    return asks.session.site if asks.session.role is Role.CLINICIAN else None


def _person(asks: AskingStaff, handle: str, roles: frozenset[Role] = SEES) -> Participant:
    """Return who a handle of this session names; whom one may not see isn't told from whom there isn't."""
    site = _site(asks)
    if asks.session.role not in roles:
        raise RefusedError(403, "This page isn't for your role.")
    with asks.context.store.reading() as connection:
        where, people = sites(connection), participants(connection)
    for one in people:
        if (site is None or where.get(one.id, "") == site) and same(handle_of(asks.cookie, one.id), handle):
            return one
    raise RefusedError(404, "There is nobody here.")


def _log(asks: AskingStaff, what: str, who: Participant | None) -> None:
    with writing(asks.context.store, asks.session.staff, f"look at {what}", asks.context.clock) as write:
        record_access(write, asks.session.role, what, who)
