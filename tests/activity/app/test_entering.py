"""Signing in and out: links once, passwords with codes, tries bounded, devices told apart; and nothing in logs."""

import logging
from dataclasses import replace
from datetime import timedelta

import pytest
from app_clients import ORIGIN, browser, fresh, send, token_in

from activity.app.context import Context
from activity.app.credentials import hash_password, one_time_code
from activity.app.entering import invitation_for, staff_link
from activity.app.server import make_app
from activity.app.settings import Settings
from activity.store.accounts import Role, StaffMember, keep_staff
from activity.store.participants import Participant
from activity.store.writing import writing

PASSWORD = "correct horse battery"
TOTP = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"


@pytest.fixture
def account(context: Context) -> StaffMember:
    member = StaffMember("mk", Role.CLINICIAN, "odense", hash_password(PASSWORD), TOTP)
    with writing(context.store, "test") as write:
        keep_staff(write, member)
    return member


def code_of(context: Context, later_s: int = 0) -> str:
    return one_time_code(TOTP, (int(context.clock().timestamp()) + later_s) // 30)


def login(context: Context, client, **fields: str):
    client.get("/staff/login")
    return send(client, "/staff/login", {"staff": "mk", "password": PASSWORD, "code": code_of(context), **fields})


def test_a_link_is_used_by_pressing_the_button_and_once(context: Context, people: tuple[Participant, ...]) -> None:
    app = make_app(context)
    address = invitation_for(context, people[0], "mk").removeprefix(ORIGIN)
    first, second = browser(app), browser(app)
    for _ in range(3):  # a mail program that looks at a link doesn't use it up
        assert "Start" in first.get(address).text
    entered = send(first, address)
    assert (entered.status_code, entered.headers["location"]) == (303, "/")
    cookie = entered.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert "Today" in first.get("/").text
    second.get(address)
    assert send(second, address).status_code == 403
    assert second.get("/").status_code == 401


def test_the_token_of_the_page_is_that_of_its_cookie(context: Context, people: tuple[Participant, ...]) -> None:
    client = browser(make_app(context))
    address = invitation_for(context, people[0], "mk").removeprefix(ORIGIN)
    page = client.get(address)
    fields = {"form_token": token_in(page.text)}
    answer = client.post(address, data=fields, headers={"sec-fetch-site": "same-origin", "origin": ORIGIN})
    assert answer.status_code == 303


def test_with_encryption_the_cookie_is_bound_to_the_host(context: Context, people: tuple[Participant, ...]) -> None:
    origin = "https://back.example.org"
    secure = replace(context, settings=Settings(origin))
    client = browser(make_app(secure), address=origin)
    answer = client.get("/signed-out")
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("__Host-selfback=")
    assert "Secure" in cookie
    assert "Path=/" in cookie
    assert "omain" not in cookie
    assert answer.headers["strict-transport-security"].startswith("max-age=63072000")


def test_signing_out_ends_the_session_and_lets_the_browser_forget(
    context: Context, people: tuple[Participant, ...]
) -> None:
    client = browser(make_app(context))
    address = invitation_for(context, people[0], "mk").removeprefix(ORIGIN)
    client.get(address)
    send(client, address)
    stolen = client.cookies.get("selfback")
    answer = send(client, "/leave")
    assert answer.headers["clear-site-data"] == '"cache", "storage"'
    assert browser(make_app(context), stolen).get("/").status_code == 401


def test_staff_sign_in_with_all_three_and_a_code_once(context: Context, account: StaffMember) -> None:
    app = fresh(context)
    assert login(context, browser(app)).headers["location"] == "/staff"
    assert login(context, browser(app)).status_code == 403  # the code was used
    assert login(context, browser(app), code=code_of(context, 30)).status_code == 303


@pytest.mark.parametrize("wrong", [{"staff": "other"}, {"password": "wrong horse battery"}, {"code": "000000"}])
def test_whatever_is_wrong_the_answer_is_the_same(
    context: Context, account: StaffMember, wrong: dict[str, str]
) -> None:
    client = browser(fresh(context))
    answer = login(context, client, **wrong)
    assert answer.status_code == 403
    assert "That didn&#39;t fit" in answer.text
    assert client.get("/staff").status_code == 303


def test_a_closed_account_signs_nobody_in(context: Context, account: StaffMember) -> None:
    with writing(context.store, "test") as write:
        keep_staff(write, replace(account, is_open=False))
    assert login(context, browser(fresh(context))).status_code == 403


def test_tries_are_bounded_even_from_many_browsers(context: Context, account: StaffMember) -> None:
    app = fresh(context)
    statuses = [login(context, browser(app), password="wrong horse battery").status_code for _ in range(7)]
    assert statuses == [403] * 5 + [429] * 2
    assert login(context, browser(app)).status_code == 429
    context.clock.now += timedelta(minutes=16)  # type: ignore[attr-defined]
    assert login(context, browser(app)).status_code == 303


def test_a_session_of_staff_is_over_after_a_working_day(context: Context, account: StaffMember) -> None:
    client = browser(fresh(context))
    login(context, client)
    assert client.get("/staff").status_code == 200
    context.clock.now += timedelta(hours=10)  # type: ignore[attr-defined]
    assert client.get("/staff").status_code == 303


def test_the_link_that_the_program_prints_signs_in_once(context: Context) -> None:
    app = make_app(context)
    address = staff_link(context, Role.ADMIN).removeprefix(ORIGIN)
    client, other = browser(app), browser(app)
    client.get(address)
    assert send(client, address).headers["location"] == "/staff"
    assert "Accounts" in client.get("/staff").text
    other.get(address)
    assert send(other, address).status_code == 403


def test_a_device_is_signed_out_from_another(context: Context, people: tuple[Participant, ...]) -> None:
    app = make_app(context)
    clients = [browser(app), browser(app)]
    for client in clients:
        address = invitation_for(context, people[0], "mk").removeprefix(ORIGIN)
        client.get(address)
        send(client, address)
    sessions = [one["id"] for one in clients[1].get("/my-data.json").json()["session"]]
    assert send(clients[1], "/devices", {"session": str(sessions[0])}).status_code == 303
    assert [client.get("/").status_code for client in clients] == [401, 200]
    assert send(clients[1], "/devices", {"session": "999"}).status_code == 404


def test_a_page_that_fails_says_nothing_of_anybody(
    context: Context, people: tuple[Participant, ...], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fails(*_: object) -> None:
        raise RuntimeError("Planted Word")

    monkeypatch.setattr("activity.app.participant_pages.standing", fails)
    client = browser(make_app(context))
    address = invitation_for(context, people[0], "mk").removeprefix(ORIGIN)
    client.get(address)
    send(client, address)
    with caplog.at_level(logging.DEBUG):
        answer = client.get("/")
    assert answer.status_code == 500
    assert answer.headers["cache-control"] == "no-store"
    assert "Planted Word" not in answer.text + caplog.text
    assert people[0].id not in caplog.text
    assert "RuntimeError" in caplog.text
