"""The page in a real browser: narrow and wide, light and dark, on paper, and for people who don't see it."""

import importlib
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import example_page
import pytest

from activity.cli.main import run
from activity.report.page import render_page

playwright_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

pytestmark = pytest.mark.browser
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
#: Of results as they lie on disk: a page of a recording, and the list.
RESULTS = ("recording", "overview")
PAGES = {
    "short": example_page.page_data,
    "judged": example_page.judged_page_data,
    "long": example_page.long_page_data,
    "bare": example_page.bare_page_data,
}
#: Pairs of chart words whose boxes share area, and words that leave the chart sideways.
CLASHES = """
() => {
  const words = [...document.querySelectorAll('.chart text')]
    .map(node => ({said: node.textContent, box: node.getBoundingClientRect(),
                   chart: node.closest('.chart').getBoundingClientRect()}))
    .filter(word => word.box.width > 0);
  const out = words.filter(w => w.box.left < w.chart.left - 1 || w.box.right > w.chart.right + 1).map(w => w.said);
  words.forEach((a, i) => words.slice(i + 1).forEach(b => {
    const wide = Math.min(a.box.right, b.box.right) - Math.max(a.box.left, b.box.left);
    const high = Math.min(a.box.bottom, b.box.bottom) - Math.max(a.box.top, b.box.top);
    if (wide > 0.5 && high > 0.5) out.push(a.said + ' / ' + b.said);
  }));
  return out;
}
"""


@pytest.fixture(scope="module")
def browser() -> Iterator["playwright_api.Browser"]:
    """A headless Chromium; a machine without one skips, continuous integration fails."""
    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if program is None:
        reason = "no Chromium on this machine"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    with playwright_api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=program, args=list(FLAGS))
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def folder(processed: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pages as files, as a person opens them."""
    folder = tmp_path_factory.mktemp("pages")
    shutil.copytree(processed, folder / "out")
    assert run(["report", str(folder / "out")]) == 0
    shutil.copy(next((folder / "out").glob("*/report.html")), folder / "recording.html")
    shutil.copy(folder / "out" / "report.html", folder / "overview.html")
    for name, data in PAGES.items():
        (folder / f"{name}.html").write_text(render_page(data()), encoding="utf-8")
    return folder


@pytest.mark.parametrize("name", ["short", "judged", "bare", *RESULTS])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 390, 704, 1280])
def test_a_page_fits_its_window_and_nothing_complains(
    browser, folder: Path, name: str, scheme: str, width: int
) -> None:
    context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
    page = context.new_page()
    complaints: list[str] = []
    asked: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto((folder / f"{name}.html").as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate(CLASHES) == []
    headings = page.locator("h1, h2, h3, h4")
    assert headings.count() > 2
    assert all(heading.is_visible() for heading in headings.all())
    for summary in page.locator("summary").all():
        summary.click()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert ground == {"light": "rgb(248, 244, 237)", "dark": "rgb(23, 21, 19)"}[scheme]
    assert complaints == []
    assert asked == [(folder / f"{name}.html").as_uri()]
    context.close()


@pytest.mark.parametrize("name", PAGES)
def test_a_page_prints_on_two_sheets_of_a4_at_most(browser, folder: Path, name: str) -> None:
    context = browser.new_context(color_scheme="dark")
    page = context.new_page()
    page.goto((folder / f"{name}.html").as_uri())
    printed = page.pdf(prefer_css_page_size=True)
    assert 1 <= len(re.findall(rb"/Type\s*/Page\b", printed)) <= 2
    width, height = map(float, re.findall(rb"/MediaBox\s*\[0 0 ([\d.]+) ([\d.]+)\]", printed)[0])
    assert (width, height) == pytest.approx((595, 842), abs=1.5)
    context.close()


def _axe():
    if os.environ.get("CI"):
        return importlib.import_module("axe_playwright_python.sync_playwright")
    return pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", [*PAGES, *RESULTS])
def test_axe_finds_no_fault(browser, folder: Path, name: str, scheme: str) -> None:
    axe = _axe()
    context = browser.new_context(viewport={"width": 320, "height": 800}, color_scheme=scheme, bypass_csp=True)
    page = context.new_page()
    page.goto((folder / f"{name}.html").as_uri())
    for summary in page.locator("summary").all():
        summary.click()
    results = axe.Axe().run(page)
    assert [(fault["id"], fault["help"]) for fault in results.response["violations"]] == []
    context.close()


def test_letters_twice_as_large_still_fit_a_phone(browser, folder: Path) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 800})
    page = context.new_page()
    page.goto((folder / "short.html").as_uri())
    page.evaluate("document.documentElement.style.setProperty('font-size', '200%')")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    context.close()


def test_the_disclosures_open_by_keyboard(browser, folder: Path) -> None:
    context = browser.new_context()
    page = context.new_page()
    page.goto((folder / "short.html").as_uri())
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.locator("details.table").get_attribute("open") is not None
    assert page.locator("details.table tbody tr").count() == 24
    context.close()
