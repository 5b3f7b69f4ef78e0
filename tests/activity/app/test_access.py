"""Who sees what: every route against nobody, another participant, staff of each kind; nothing of anybody leaks."""

import re
from dataclasses import dataclass

import pytest
from app_clients import FROM_A_PAGE, TestClient, browser, fresh, participant_cookie, send, staff_cookie

from activity.app import asking_pages, entering, participant_pages, staff_pages
from activity.app.context import Context
from activity.app.credentials import handle_of
from activity.app.shield import HEADERS, POLICY
from activity.store.accounts import Role
from activity.store.participants import Participant, export

SECRET = "Planted Word"
ROOMS = (participant_pages, asking_pages, entering, staff_pages)
ROUTES = [(method, route.path) for room in ROOMS for route in room.ROUTER.routes for method in sorted(route.methods)]
#: Routes that anybody may see: they say nothing of anybody.
OPEN = {
    "/enter/{secret}", "/signed-out", "/staff/login", "/staff/enter/{secret}",
}  # fmt: skip
STAFF = {path for _, path in ROUTES if path.startswith("/staff") and path not in OPEN}
MINE = {path for _, path in ROUTES} - OPEN - STAFF


@dataclass
class World:
    """Everybody who could ask, each in a browser of their own, and the one that it is about."""

    who: Participant
    other: Participant
    browsers: dict[str, TestClient]
    cookies: dict[str, str]

    def address(self, path: str, asker: str) -> str:
        handle = handle_of(self.cookies.get(asker, "nobody"), self.who.id)
        return path.format(handle=handle, secret="x" * 43, name="weekly-checkin")

    def ask(self, method: str, path: str, asker: str):
        client = self.browsers[asker]
        if method == "GET":
            return client.get(self.address(path, asker), headers={"sec-fetch-site": "none"})
        return send(client, self.address(path, asker), {"text": "a note", "sure": "yes", "pain": "3"})


@pytest.fixture
def world(context: Context, people: tuple[Participant, Participant]) -> World:
    app = fresh(context)
    who, other = people
    cookies = {
        "self": participant_cookie(context, who),
        "another participant": participant_cookie(context, other),
        "clinician": staff_cookie(context, Role.CLINICIAN, "odense"),
        "clinician of another site": staff_cookie(context, Role.CLINICIAN, "trondheim"),
        "trial": staff_cookie(context, Role.TRIAL),
        "admin": staff_cookie(context, Role.ADMIN),
    }
    browsers = {name: browser(app, cookie) for name, cookie in cookies.items()}
    return World(who, other, {**browsers, "nobody": browser(app)}, cookies)


def test_routes_are_all_of_a_kind_that_is_tested() -> None:
    assert len(ROUTES) >= 30
    assert {method for method, _ in ROUTES} == {"GET", "POST"}
    assert {"/", "/week", "/exercises", "/my-data.json", "/ask/{name}"} <= MINE
    assert {"/staff", "/staff/person/{handle}", "/staff/person/{handle}/clear"} <= STAFF


@pytest.mark.parametrize("asker", ["nobody", "another participant", "clinician of another site", "admin"])
def test_nothing_of_somebody_is_told_to_whom_it_does_not_concern(world: World, asker: str) -> None:
    for method, path in ROUTES:
        if path in {"/leave", "/staff/leave", "/devices"}:
            continue
        answer = world.ask(method, path, asker)
        assert answer.status_code < 500, (method, path)
        assert world.who.id not in answer.text, (method, path)
        assert SECRET not in answer.text, (method, path)
        if path in MINE and asker != "another participant":
            assert answer.status_code in {401, 403}, (method, path)
        if path in STAFF and asker in {"nobody", "another participant"}:
            assert answer.status_code in {303, 403}, (method, path)
            assert answer.headers.get("location", "/staff/login") == "/staff/login"
        if "{handle}" in path and asker.startswith(("clinician", "admin")):
            assert answer.status_code in {403, 404}, (method, path)


def test_a_clinician_sees_their_site_and_trial_staff_see_all(world: World) -> None:
    mine, others = (world.browsers[name].get("/staff").text for name in ("clinician", "clinician of another site"))
    assert world.who.id in mine
    assert world.other.id not in mine
    assert world.who.id not in others
    everything = world.browsers["trial"].get("/staff").text
    assert world.who.id in everything
    assert world.other.id in everything
    for asker in ("clinician", "trial"):
        page = world.ask("GET", "/staff/person/{handle}", asker)
        assert page.status_code == 200
        assert SECRET in page.text


def test_everybody_on_the_list_has_a_page_also_who_never_began(world: World) -> None:
    addresses = re.findall(r'href="(/staff/person/[0-9a-f]+)"', world.browsers["trial"].get("/staff").text)
    assert len(addresses) == 5
    assert [world.browsers["trial"].get(address).status_code for address in addresses] == [200] * 5


def test_only_a_clinician_of_the_site_notes_and_clears(world: World, context: Context) -> None:
    for asker, status in (("trial", 403), ("admin", 403), ("clinician of another site", 404), ("clinician", 303)):
        for what in ("note", "clear"):
            assert world.ask("POST", f"/staff/person/{{handle}}/{what}", asker).status_code == status, asker
    with context.store.reading() as connection:
        rows = export(connection, world.who)["event"]
    assert [row["written_by"] for row in rows if row["kind"] == "clearance"] == ["clinician-odense"]


def test_a_link_of_one_session_to_a_person_leads_nowhere_in_another(world: World) -> None:
    address = world.address("/staff/person/{handle}", "clinician")
    assert world.browsers["clinician"].get(address).status_code == 200
    assert world.browsers["trial"].get(address).status_code == 404


def test_no_address_of_a_page_of_staff_holds_an_id(world: World) -> None:
    text = world.browsers["trial"].get("/staff").text
    addresses = re.findall(r'(?:href|action|src)="([^"]*)"', text)
    assert any(one.startswith("/staff/person/") for one in addresses)
    assert not [one for one in addresses if world.who.id in one or world.who.id.replace("-", "") in one]


def test_every_look_of_staff_is_in_what_the_person_takes_with_them(world: World, context: Context) -> None:
    for asker in ("clinician", "trial"):
        world.ask("GET", "/staff/person/{handle}", asker)
    audit = world.browsers["self"].get("/my-data.json").json()["audit"]
    looks = [entry["who"] for entry in audit if entry["kind"] == "access"]
    assert looks == ["clinician-odense", "trial-all"]


@pytest.mark.parametrize("asker", ["self", "clinician", "trial", "admin", "nobody"])
def test_every_answer_tells_the_browser_what_it_may_do(world: World, asker: str) -> None:
    addresses = [path for method, path in ROUTES if method == "GET"]
    addresses += ["/worker.js", "/manifest.webmanifest", "/nowhere", "/static/0/app.css"]
    for path in addresses:
        answer = world.ask("GET", path, asker)
        assert {name: answer.headers.get(name) for name in HEADERS} == dict(HEADERS), path
        if path != "/worker.js":
            assert answer.headers["cache-control"] == "no-store", path
        assert not re.search(r"<script(?![^>]*src=)|\sstyle=|\son\w+=|<style", answer.text), path
        assert "http://" not in re.sub(r"http://(www\.w3\.org|127\.0\.0\.1)", "", answer.text), path
    assert "unsafe" not in POLICY
    assert "*" not in POLICY


def test_what_the_pages_stand_on_may_be_kept_under_the_address_of_its_bytes(world: World) -> None:
    page = world.browsers["nobody"].get("/signed-out").text
    for address in re.findall(r'"(/static/[^"]+)"', page):
        answer = world.browsers["nobody"].get(address)
        assert answer.status_code == 200
        assert "immutable" in answer.headers["cache-control"]


def test_what_changes_something_needs_the_token_of_a_page_and_comes_from_us(world: World, context: Context) -> None:
    with context.store.reading() as connection:
        before = export(connection, world.who)
    for path in sorted(path for method, path in ROUTES if method == "POST"):
        asker = "clinician" if path in STAFF else "self"
        client, address = world.browsers[asker], world.address(path, asker)
        refused = [
            client.post(address, data={"pain": "3"}, headers=FROM_A_PAGE),
            client.post(address, data={"form_token": "0" * 64}, headers=FROM_A_PAGE),
            send(client, address, **{"sec-fetch-site": "cross-site"}),
            send(client, address, **{"sec-fetch-site": "same-site"}),
            send(client, address, **{"sec-fetch-site": "none"}),
            client.post(address, data={"form_token": "x"}, headers={"origin": "https://evil.example"}),
            client.post(address, data={"form_token": "x"}),
            send(client, address, host="evil.example"),
        ]
        assert [answer.status_code for answer in refused] == [403] * 7 + [421], path
    with context.store.reading() as connection:
        assert export(connection, world.who) == before


def test_a_page_of_another_site_can_neither_read_nor_frame(world: World) -> None:
    client = world.browsers["self"]
    assert client.get("/", headers={"sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors"}).status_code == 403
    assert client.get("/", headers={"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}).status_code == 200
    assert "frame-ancestors 'none'" in POLICY


@pytest.mark.parametrize(("length", "status"), [("65537", 413), ("-1", 411), ("x", 411)])
def test_what_is_too_long_is_refused_before_it_is_read(world: World, length: str, status: int) -> None:
    headers = {**FROM_A_PAGE, "content-length": length}
    assert world.browsers["self"].post("/back", content=b"", headers=headers).status_code == status
