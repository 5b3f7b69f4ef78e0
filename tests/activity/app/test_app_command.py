"""``selfback app``: accounts and links from the command line, and a demo study that is alive."""

import json
import re
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from app_clients import ORIGIN, browser, fresh, send
from store_commands import Selfback, on_a_store

from activity.app.context import Context
from activity.app.credentials import one_time_code
from activity.store.accounts import site_of, staff
from activity.store.caseload import NEEDS, caseload, weeks_of
from activity.store.check import check_store
from activity.store.engine import open_store
from activity.store.participants import participant, participants
from activity.store.standing import standing

TODAY = date(2026, 11, 24)
PASSWORD = "correct horse battery"


@pytest.fixture
def selfback(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Selfback:
    return on_a_store(tmp_path / "own.sqlite", capsys, monkeypatch)


@pytest.fixture
def password(tmp_path: Path) -> Path:
    path = tmp_path / "password"
    path.write_text(PASSWORD + "\n")
    return path


def test_a_participant_is_invited_and_signs_in_by_the_printed_link(
    selfback: Selfback, context: Context, tmp_path: Path
) -> None:
    _, out, _ = selfback("participant", "add", "--zone", "Europe/Oslo")
    key = out.strip()
    code, out, _ = selfback("app", "invite", key, "--site", "Oslo")
    assert (code, out.startswith(f"{ORIGIN}/enter/")) == (0, True)
    assert key not in out
    store = open_store(str(tmp_path / "own.sqlite"))
    client = browser(fresh(replace(context, store=store)))
    address = out.strip().removeprefix(ORIGIN)
    client.get(address)
    assert send(client, address).status_code == 303
    with store.reading() as connection:
        assert site_of(connection, participant(connection, key)) == "oslo"
    store.close()


def test_an_account_is_made_changed_and_closed(
    selfback: Selfback, context: Context, tmp_path: Path, password: Path
) -> None:
    account = ("app", "staff", "MK", "--role", "clinician", "--site", "oslo")
    code, out, _ = selfback(*account, "--password-file", password)
    assert code == 0
    secret = re.fullmatch(r"otpauth://totp/selfback:mk\?secret=([A-Z2-7]{32})&issuer=selfback\n", out).group(1)  # type: ignore[union-attr]
    store = open_store(str(tmp_path / "own.sqlite"))
    here = replace(context, store=store)
    client = browser(fresh(here))
    client.get("/staff/login")
    code_now = one_time_code(secret, int(here.clock().timestamp()) // 30)
    fields = {"staff": "mk", "password": PASSWORD, "code": code_now}
    assert send(client, "/staff/login", fields).headers["location"] == "/staff"
    assert client.get("/staff").status_code == 200
    _, out, _ = selfback(*account, "--close", "--json")
    assert json.loads(out) == {"id": "mk", "role": "clinician", "site": "oslo", "open": False}
    assert client.get("/staff").status_code == 303
    with store.reading() as connection:
        (member,) = staff(connection)
        assert PASSWORD not in repr(member)
    assert check_store(store).findings == ()
    store.close()


def test_an_account_that_guards_little_is_refused(selfback: Selfback, password: Path) -> None:
    assert selfback("app", "staff", "mk", "--role", "clinician", "--password-file", password)[0] == 2
    password.write_text("short")
    code, _, err = selfback("app", "staff", "mk", "--role", "trial", "--password-file", password)
    assert (code, "12 to 200 characters" in err, "short" in err) == (2, True, False)
    assert selfback("app", "staff", "Mari Kari!", "--role", "trial", "--password-file", password)[0] == 2


def test_an_address_without_encryption_is_refused(selfback: Selfback) -> None:
    _, out, _ = selfback("participant", "add")
    code, _, err = selfback("app", "invite", out.strip(), "--origin", "http://back.example.org")
    assert (code, "https://HOST" in err) == (2, True)


def test_serving_is_meant_where_no_command_is_named(selfback: Selfback) -> None:
    for words in (("app", "--port", "0"), ("app", "serve", "--port", "0")):
        code, _, err = selfback(*words)
        assert (code, "0 is not in the range 1<=x<=65535" in err) == (2, True)
    assert "invite" in selfback("app", "--help")[1]


def test_the_demo_study_is_alive_and_whole(context: Context) -> None:
    with context.store.reading() as connection:
        people = participants(connection)
        found = caseload(connection, None, TODAY, 2)
        planned = [standing(connection, who, TODAY) for who in people]
        weeks = [weeks_of(connection, who, now) for who, now in zip(people, planned, strict=True)]
    assert len(people) == 5
    assert {"not-started", "not-synced"} <= {name for one in found for name in one.needs} <= set(NEEDS)
    assert sum(now.plan is not None for now in planned) >= 3
    assert sum(any(day.date == TODAY for _, day in now.days) for now in planned) >= 2
    assert max(map(len, weeks)) == 2
    assert sum(week.sessions for rows in weeks for week in rows) > 0
    assert check_store(context.store).findings == ()


def test_the_list_puts_who_needs_somebody_first(context: Context) -> None:
    with context.store.reading() as connection:
        found = caseload(connection, None, TODAY, 2)
    order = list(NEEDS)
    urgency = [min(map(order.index, one.needs), default=len(order)) for one in found]
    assert urgency == sorted(urgency)
