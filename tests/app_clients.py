"""Browsers as the app sees them: signed in as somebody, or as nobody; sending forms as a page would."""

import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from activity.app.context import Context, Links
from activity.app.credentials import form_token, hash_of, new_secret
from activity.app.server import make_app
from activity.app.shield import Shield
from activity.app.throttle import Throttle
from activity.store.accounts import Role, StaffMember, invite, keep_staff, open_session, open_staff_session
from activity.store.participants import Participant
from activity.store.writing import writing

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # its next version wants another client than the one that older ones need
    from starlette.testclient import TestClient

ORIGIN = "http://127.0.0.1:8765"
FROM_A_PAGE = {"sec-fetch-site": "same-origin", "sec-fetch-mode": "navigate", "origin": ORIGIN}


@dataclass
class Clock:
    """A clock that stands until it is put on."""

    now: datetime

    def __call__(self) -> datetime:
        return self.now


def browser(app: Shield, cookie: str = "", address: str = ORIGIN) -> TestClient:
    """A browser with a cookie; it follows nothing by itself."""
    client = TestClient(app, base_url=address, follow_redirects=False)
    if cookie:
        client.cookies.set("selfback", cookie)
    return client


def participant_cookie(context: Context, who: Participant) -> str:
    link, cookie, now = new_secret(), new_secret(), context.clock()
    with writing(context.store, "test") as write:
        invite(write, who, hash_of(link), now + timedelta(days=1))
        open_session(write, hash_of(link), hash_of(cookie), device="phone", now=now, until=now + timedelta(days=30))
    return cookie


def staff_cookie(context: Context, role: Role, site: str = "") -> str:
    cookie, name = new_secret(), f"{role.value}-{site or 'all'}"
    with writing(context.store, "test") as write:
        keep_staff(write, StaffMember(name, role, site, "hash", "SECRET"))
        until = context.clock() + timedelta(hours=1)
        open_staff_session(write, (name, role, site), proof=new_secret(), secret=hash_of(cookie), until=until)
    return cookie


def send(client: TestClient, address: str, fields: Mapping[str, object] | None = None, **headers: str):
    """Send a form as a page does that this browser was given."""
    token = form_token(client.cookies.get("selfback") or "")
    data = {"form_token": token, **(fields or {})}
    return client.post(address, data=data, headers={**FROM_A_PAGE, **headers})


def fresh(context: Context) -> Shield:
    """The app with its throttles and links unused."""
    return make_app(replace(context, links=Links(), by_account=Throttle(5, 900.0), by_address=Throttle(1000, 900.0)))


def token_in(text: str) -> str:
    return re.search(r'name="form_token" value="([0-9a-f]{64})"', text).group(1)
