"""The app in a real browser: every page in both themes, no violation of axe, readable offline, answers sent once.

``SELFBACK_LONG_CAMPAIGN=1`` cuts the network 200 times; ``SELFBACK_SCREENSHOTS=FOLDER`` writes a picture of each page.
"""

import os
import random
import shutil
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from app_clients import participant_cookie, staff_cookie

from activity.app.context import Context
from activity.app.demo import ZONE, fill_demo
from activity.app.server import make_app
from activity.app.settings import Settings
from activity.store.accounts import Role
from activity.store.engine import open_store
from activity.store.participants import Participant, kept
from activity.store.schema import ANSWERS
from activity.store.standing import BACK_TODAY

playwright_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
axe_api = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed")
uvicorn = pytest.importorskip("uvicorn", reason="uvicorn is not installed")

pytestmark = pytest.mark.browser
LONG = bool(os.environ.get("SELFBACK_LONG_CAMPAIGN"))
CUTS = 200 if LONG else 8
#: Each width and each theme once; all pairs in a long campaign.
THEMES = [(320, "light"), (390, "dark"), *([(320, "dark"), (390, "light")] if LONG else [])]
MINE = ("/", "/week", "/exercises", "/why", "/flare", "/help", "/settings", "/ask/weekly-checkin", "/ask/profile")
TODAY_BYTES = 100_000


@dataclass
class Running:
    """The app on a port, and whom it is about."""

    address: str
    context: Context
    who: Participant


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """The app served as the command does, on a port that is free."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    store = open_store(str(tmp_path_factory.mktemp("app") / "s.sqlite"))
    context = Context(store, Settings(f"http://127.0.0.1:{port}"))
    today = datetime.now(UTC).astimezone(ZoneInfo(ZONE)).date()
    who = fill_demo(context, today, people=4, weeks=2)
    server = uvicorn.Server(
        uvicorn.Config(make_app(context), host="127.0.0.1", port=port, log_level="error", access_log=False, ws="none")
    )
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    yield Running(f"http://127.0.0.1:{port}", context, who)
    server.should_exit = True
    thread.join()
    store.close()


@pytest.fixture(scope="module")
def chromium() -> Iterator["playwright_api.Browser"]:
    """A headless Chromium; a machine without one skips, continuous integration fails."""
    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if program is None:
        if os.environ.get("CI"):
            pytest.fail("no Chromium on this machine")
        pytest.skip("no Chromium on this machine")
    with playwright_api.sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
        yield opened
        opened.close()


def phone(chromium, running: Running, cookie: str, **more):
    """A phone with the cookie of somebody who is signed in."""
    context = chromium.new_context(**({"viewport": {"width": 390, "height": 844}, "timezone_id": ZONE} | more))
    context.add_cookies([{"name": "selfback", "value": cookie, "url": running.address}])
    return context


def until(page, script: str) -> None:
    """Wait for something to be so; the policy of the pages forbids the usual way, which evaluates text."""
    for _ in range(500):
        if page.evaluate(script):
            return
        page.wait_for_timeout(20)
    pytest.fail(f"never so: {script}")


def look(page, name: str) -> None:
    folder = os.environ.get("SELFBACK_SCREENSHOTS")
    if folder:
        Path(folder).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=str(Path(folder) / f"{name}.png"), full_page=True)


def checked(page, name: str) -> None:
    """No violation of axe, nothing wider than the screen, and nothing that the policy had to stop."""
    found = axe_api.Axe().run(page)
    assert [(one["id"], [node["html"][:120] for node in one["nodes"]]) for one in found.response["violations"]] == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{name} is wider than the screen"
    look(page, name)


@pytest.mark.parametrize(("width", "theme"), THEMES)
def test_every_page_of_a_participant_is_accessible(chromium, running: Running, theme: str, width: int) -> None:
    cookie = participant_cookie(running.context, running.who)
    view = {"width": width, "height": 700}
    context = phone(chromium, running, cookie, viewport=view, color_scheme=theme, bypass_csp=True)
    page = context.new_page()
    for path in MINE:
        page.goto(running.address + path)
        checked(page, f"{path.strip('/').replace('/', '-') or 'today'}-{theme}-{width}")
    context.close()


@pytest.mark.parametrize("theme", ["light", "dark"] if LONG else ["light"])
def test_the_pages_of_staff_are_accessible_and_a_person_fits_a_sheet(
    chromium, running: Running, theme: str, tmp_path: Path
) -> None:
    cookie = staff_cookie(running.context, Role.CLINICIAN, "odense")
    context = phone(
        chromium, running, cookie, viewport={"width": 1200, "height": 900}, color_scheme=theme, bypass_csp=True
    )
    page = context.new_page()
    page.goto(f"{running.address}/staff")
    checked(page, f"people-{theme}")
    page.click("tbody a")
    checked(page, f"person-{theme}")
    sheet = page.pdf(path=str(tmp_path / "sheet.pdf"), format="A4")
    assert sheet.count(b"/Type /Page\n") + sheet.count(b"/Type /Page ") == 1 or b"/Count 1" in sheet
    context.close()


def test_nothing_is_stopped_by_the_policy_today_is_light_and_the_app_can_be_installed(
    chromium, running: Running
) -> None:
    context = phone(chromium, running, participant_cookie(running.context, running.who))
    page = context.new_page()
    said, sizes = [], []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("response", lambda answer: sizes.append(len(answer.body())))
    page.goto(running.address, wait_until="networkidle")
    assert said == []
    assert sum(sizes) < TODAY_BYTES
    page.evaluate("navigator.serviceWorker.ready")
    found = context.new_cdp_session(page).send("Page.getInstallabilityErrors")["installabilityErrors"]
    assert {one["errorId"] for one in found} <= {"in-incognito"}  # which every browser of a test is
    context.close()


def test_today_is_readable_without_a_network(chromium, running: Running) -> None:
    context = phone(chromium, running, participant_cookie(running.context, running.who))
    page = context.new_page()
    page.goto(running.address)
    page.evaluate("navigator.serviceWorker.ready")
    until(page, "caches.match('/help').then(found => !!found)")
    title = page.locator(".todo b").first.inner_text()
    context.set_offline(True)
    page.reload()
    assert page.locator(".todo b").first.inner_text() == title
    assert "No network" in page.locator("#net").inner_text()
    page.goto(f"{running.address}/help")
    assert "Call for help now if" in page.content()
    context.close()


def test_an_urgent_sign_without_a_network_leads_to_help_at_once(chromium, running: Running) -> None:
    context = phone(chromium, running, participant_cookie(running.context, running.who))
    page = context.new_page()
    page.goto(running.address)
    page.evaluate("navigator.serviceWorker.ready")
    until(page, "caches.match('/help').then(found => !!found)")
    page.goto(f"{running.address}/ask/weekly-checkin")
    context.set_offline(True)
    page.locator("input[data-urgent]").first.check(force=True)
    page.click("text=Send")
    page.wait_for_url("**/help")
    assert "Call for help now if" in page.content()
    context.close()


def test_cuts_of_the_network_lose_no_answer_and_send_none_twice(chromium, running: Running) -> None:
    """Cut before the request, or after the server kept it and before its answer comes back."""
    rng = random.Random(11)
    context = phone(chromium, running, participant_cookie(running.context, running.who))
    page = context.new_page()
    page.goto(running.address)
    expected: list[int] = []
    before = len(pains(running))

    def lost(route) -> None:
        route.fetch(max_redirects=0)
        route.abort()

    for _ in range(CUTS):
        page.goto(f"{running.address}/flare")  # a page with a form; the answer goes where the form says
        pain, cut = rng.randint(0, 10), rng.choice(["before", "after", "none"])
        page.evaluate(FORM, pain)
        if cut == "before":
            context.set_offline(True)
        elif cut == "after":
            page.route("**/back", lost)
        page.evaluate("document.getElementById('cut').requestSubmit()")
        if cut == "none":
            page.wait_for_url(f"{running.address}/")
        else:
            until(page, "!document.getElementById('cut').dataset.busy")
        context.set_offline(False)
        page.unroute_all(behavior="wait")
        expected.append(pain)
    page.goto(running.address)
    until(page, WAITING)
    assert sorted(pains(running)[before:]) == sorted(expected)
    context.close()


FORM = """
pain => {
  const form = document.createElement('form');
  form.id = 'cut'; form.method = 'post'; form.action = '/back'; form.dataset.queue = ''; form.dataset.day = '1';
  const token = document.querySelector('[name=form_token]').cloneNode();
  const field = document.createElement('input');
  field.name = 'pain'; field.value = pain;
  form.append(token, field);
  document.body.append(form);
}
"""
WAITING = """
() => new Promise(done => {
  const asked = indexedDB.open('selfback', 1);
  asked.onsuccess = () => {
    const count = asked.result.transaction('waiting').objectStore('waiting').count();
    count.onsuccess = () => { asked.result.close(); done(count.result === 0); };
  };
})
"""


def pains(running: Running) -> list[int]:
    with running.context.store.reading() as connection:
        rows = kept(connection, running.who, ANSWERS)
    return [row.document["pain"] for row in rows if row.facts["instrument"] == BACK_TODAY]
