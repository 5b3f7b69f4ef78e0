"""The ways in and out: a one-time link for participants, password and code for staff, and signing out."""

from datetime import timedelta
from typing import Final

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from activity.app.context import (
    DEVICE_STAYS,
    LINK_HOLDS,
    STAFF_STAYS,
    Context,
    Form,
    Me,
    RefusedError,
    Staff,
    context_of,
)
from activity.app.credentials import hash_of, matching_counter, new_secret, password_fits
from activity.app.forms import text_of
from activity.app.rendering import page, set_cookie
from activity.errors import AccessDeniedError
from activity.store.accounts import (
    Role,
    end_session,
    end_staff_session,
    invite,
    open_session,
    open_staff_session,
    staff_member,
)
from activity.store.participants import Participant
from activity.store.writing import writing

ROUTER: Final = APIRouter()
#: What a browser forgets when somebody signs out: pages that are kept for when there is no network, too.
FORGET: Final = '"cache", "storage"'
_TOO_OFTEN: Final = "That was tried too often. Wait a quarter of an hour."
#: Words of a browser's name that say what kind of device it is; the name itself isn't kept.
_PHONES: Final = ("android", "iphone", "mobile")
_TABLETS: Final = ("ipad", "tablet")


def invitation_for(context: Context, who: Participant, by: str, holds: timedelta = LINK_HOLDS) -> str:
    """Return the address of a new one-time link for a participant."""
    secret = new_secret()
    with writing(context.store, by, "invite", context.clock) as write:
        invite(write, who, hash_of(secret), context.clock() + holds)
    return f"{context.settings.origin}/enter/{secret}"


def staff_link(context: Context, role: Role, site: str = "") -> str:
    """Return the address of a link that signs staff in once, while this process runs: who started it owns the store."""
    secret = new_secret()
    context.links.known[hash_of(secret)] = role, site
    return f"{context.settings.origin}/staff/enter/{secret}"


@ROUTER.get("/enter/{secret}")
def enter(request: Request, secret: str) -> Response:
    """Show a button: a link is used by pressing it, not by a mail program that looks at what a link shows."""
    return page(request, "enter.html", action=f"/enter/{secret}", staff=False)


@ROUTER.post("/enter/{secret}")
def enter_now(request: Request, secret: str, form: Form) -> Response:  # noqa: ARG001 - the form's token is checked
    """Sign a device in by a one-time link."""
    context = context_of(request)
    cookie, now = new_secret(), context.clock()
    try:
        with writing(context.store, Role.PARTICIPANT.value, "sign in", context.clock) as write:
            open_session(
                write, hash_of(secret), hash_of(cookie), device=_kind(request), now=now, until=now + DEVICE_STAYS
            )
    except AccessDeniedError as error:
        return page(request, "refused.html", 403, title="This link no longer works", text=_sentence(error))
    response = RedirectResponse("/", 303)
    set_cookie(response, context.settings, cookie, int(DEVICE_STAYS.total_seconds()))
    return response


@ROUTER.post("/leave")
def leave(me: Me, form: Form) -> Response:  # noqa: ARG001 - the form's token is checked
    """Sign this device out, and let the browser forget what it kept."""
    with writing(me.context.store, Role.PARTICIPANT.value, "sign out", me.context.clock) as write:
        end_session(write, me.who, me.session)
    return _gone(me.context, "/signed-out")


@ROUTER.get("/signed-out")
def signed_out(request: Request) -> Response:
    """Say that a device is signed out."""
    return page(request, "refused.html", title="You are signed out", text="Ask your team for a link to come back.")


@ROUTER.get("/staff/login")
def login(request: Request) -> Response:
    """Show the page on which staff sign in."""
    return page(request, "login.html", wrong="")


@ROUTER.post("/staff/login")
def login_now(request: Request, form: Form) -> Response:
    """Sign staff in by password and one-time code; what was wrong isn't said."""
    context = context_of(request)
    _slow_down(request, context)
    name = text_of(form, "staff", 60).lower()
    now_s = context.clock().timestamp()
    if not context.by_account.allows(name, now_s):
        raise RefusedError(429, _TOO_OFTEN)
    with context.store.reading() as connection:
        member = staff_member(connection, name)
    known = member if member is not None and member.is_open else None
    fits = password_fits(known.password if known else None, str(form.get("password", "")))
    counter = matching_counter(known.totp, text_of(form, "code", 12), now_s) if known else None
    if not fits or known is None or counter is None:
        return page(request, "login.html", 403, wrong="That didn't fit. Check all three.")
    context.by_account.forget(name)
    return _signed_in(context, (known.id, known.role, known.site), f"totp {known.id} {counter}")


@ROUTER.get("/staff/enter/{secret}")
def staff_enter(request: Request, secret: str) -> Response:
    """Show a button that signs staff in by a link."""
    return page(request, "enter.html", action=f"/staff/enter/{secret}", staff=True)


@ROUTER.post("/staff/enter/{secret}")
def staff_enter_now(request: Request, secret: str, form: Form) -> Response:  # noqa: ARG001 - the token is checked
    """Sign staff in by the link that the program printed, once."""
    context = context_of(request)
    _slow_down(request, context)
    found = context.links.known.pop(hash_of(secret), None)
    if found is None:
        text = "It was used before, or the program was started again since."
        return page(request, "refused.html", 403, title="This link no longer works", text=text)
    role, site = found
    return _signed_in(context, (f"local-{role.value}", role, site), f"link {hash_of(secret)}")


@ROUTER.post("/staff/leave")
def staff_leave(staff: Staff, form: Form) -> Response:  # noqa: ARG001 - the form's token is checked
    """Sign staff out."""
    with writing(staff.context.store, staff.session.staff, "sign out", staff.context.clock) as write:
        end_staff_session(write, staff.session.session)
    return _gone(staff.context, "/staff/login")


def _signed_in(context: Context, who: tuple[str, Role, str], proof: str) -> Response:
    cookie = new_secret()
    try:
        with writing(context.store, who[0], "sign in", context.clock) as write:
            until = context.clock() + STAFF_STAYS
            open_staff_session(write, who, proof=proof, secret=hash_of(cookie), until=until)
    except AccessDeniedError as error:
        raise RefusedError(403, _sentence(error)) from error
    response = RedirectResponse("/staff", 303)
    set_cookie(response, context.settings, cookie, int(STAFF_STAYS.total_seconds()))
    return response


def _gone(context: Context, address: str) -> Response:
    response = RedirectResponse(address, 303)
    settings = context.settings
    response.delete_cookie(settings.cookie, path="/", secure=settings.is_secure, httponly=True, samesite="lax")
    response.headers["clear-site-data"] = FORGET
    return response


def _slow_down(request: Request, context: Context) -> None:
    address = request.client.host if request.client else ""
    if not context.by_address.allows(address, context.clock().timestamp()):
        raise RefusedError(429, _TOO_OFTEN)


def _kind(request: Request) -> str:
    name = request.headers.get("user-agent", "").lower()
    kinds = (("tablet", _TABLETS), ("phone", _PHONES))
    return next((kind for kind, words in kinds if any(word in name for word in words)), "computer")


def _sentence(error: AccessDeniedError) -> str:
    return f"{error.what[:1].upper()}{error.what[1:]}. To go on, {error.remedy}."
