"""What a request is answered with: the store, the clock, who asks, and the form that they sent."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Final
from zoneinfo import ZoneInfo

from fastapi import Depends, Request
from starlette.datastructures import FormData

from activity.app.credentials import form_token, hash_of, same
from activity.app.settings import Settings
from activity.app.shield import SAFE
from activity.app.throttle import Throttle
from activity.store.accounts import Role, StaffSession, session_of, staff_session_of
from activity.store.engine import Store
from activity.store.participants import Participant

#: How long a device stays signed in: 400 days is what browsers keep a cookie at most (RFC 6265bis, 5.5).
DEVICE_STAYS: Final = timedelta(days=400)
#: How long staff stay signed in: a working day.
STAFF_STAYS: Final = timedelta(hours=10)
LINK_HOLDS: Final = timedelta(days=7)
TOKEN_FIELD: Final = "form_token"  # noqa: S105 - the name of a field


def utc_now() -> datetime:
    """Return the time."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Links:
    """Links that sign staff in once, for as long as this process runs; by hash, with role and site."""

    known: dict[str, tuple[Role, str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Context:
    """What every page is made with."""

    store: Store
    settings: Settings
    clock: Callable[[], datetime] = utc_now
    links: Links = field(default_factory=Links)
    by_account: Throttle = field(default_factory=lambda: Throttle(most=5, window_s=900.0))
    by_address: Throttle = field(default_factory=lambda: Throttle(most=30, window_s=900.0))


class NobodyError(Exception):
    """Nobody is signed in who may see this; the page to sign in by is shown instead."""

    def __init__(self, *, staff: bool) -> None:
        super().__init__(staff)
        self.staff = staff


class RefusedError(Exception):
    """Somebody is signed in who may not see this, or sent what their page didn't offer."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(status, text)
        self.status, self.text = status, text


@dataclass(frozen=True, slots=True)
class Asking:
    """A participant who is signed in."""

    context: Context
    who: Participant
    session: int
    cookie: str

    @property
    def today(self) -> date:
        """The date where they live."""
        return self.context.clock().astimezone(ZoneInfo(self.who.zone)).date()


@dataclass(frozen=True, slots=True)
class AskingStaff:
    """Somebody of the staff who is signed in."""

    context: Context
    session: StaffSession
    cookie: str


def context_of(request: Request) -> Context:
    """Return what the app was made with."""
    found: Context = request.app.state.context
    return found


def cookie_of(request: Request) -> str:
    """Return the secret that a browser brings; empty where it brings none."""
    return request.cookies.get(context_of(request).settings.cookie, "")


async def checked_form(request: Request) -> FormData:
    """Return the form of a request; `RefusedError` where an unsafe one doesn't bring back the token of its page."""
    if request.method in SAFE:
        return FormData()
    form = await request.form(max_files=0, max_fields=200)
    token, cookie = form.get(TOKEN_FIELD), cookie_of(request)
    if not cookie or not isinstance(token, str) or not same(token, form_token(cookie)):
        raise RefusedError(403, "This page is too old to send from. Load it again.")
    return form


def participant_asks(request: Request) -> Asking:
    """Return the participant who asks; `NobodyError` where none does."""
    context, cookie = context_of(request), cookie_of(request)
    if cookie:
        with context.store.reading() as connection:
            found = session_of(connection, hash_of(cookie), context.clock())
        if found is not None:
            return Asking(context, found[1], found[0], cookie)
    raise NobodyError(staff=False)


def staff_asks(request: Request) -> AskingStaff:
    """Return who of the staff asks; `NobodyError` where none does."""
    context, cookie = context_of(request), cookie_of(request)
    if cookie:
        with context.store.reading() as connection:
            found = staff_session_of(connection, hash_of(cookie), context.clock())
        if found is not None:
            return AskingStaff(context, found, cookie)
    raise NobodyError(staff=True)


Me = Annotated[Asking, Depends(participant_asks)]
Staff = Annotated[AskingStaff, Depends(staff_asks)]
Form = Annotated[FormData, Depends(checked_form)]
