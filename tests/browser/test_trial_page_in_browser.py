"""The page of a trial in a real browser: it fits, is quiet, and axe finds no fault in either theme."""

import os
import shutil
from collections.abc import Iterator

import pytest
from trial_flow import example
from virtual_trial import STUDY, drawn_people

from activity.report.trial_page import TrialData, render_trial
from activity.trial.analysis.results import results
from activity.trial.analysis.study import analyse_study
from activity.trial.published_table import beside, load_published

playwright_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def browser() -> Iterator["playwright_api.Browser"]:
    """A headless Chromium; a machine without one skips, continuous integration fails."""
    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if program is None:
        if os.environ.get("CI"):
            pytest.fail("no Chromium on this machine")
        pytest.skip("no Chromium on this machine")
    with playwright_api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> str:
    quick = STUDY.model_copy(update={"analysis": STUDY.analysis.model_copy(update={"imputations": 3}), "virtual": True})
    found = analyse_study(quick, drawn_people(), seed=1)
    published = beside(load_published(), results(quick, found))
    data = TrialData(quick, example(), found, (), published, (("Program", "selfback"),), "Not a medical device.")
    page = tmp_path_factory.mktemp("page") / "report.html"
    page.write_text(render_trial(data), encoding="utf-8")
    return page.as_uri()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_fault_and_nothing_complains(browser, address: str, scheme: str) -> None:
    from axe_playwright_python.sync_playwright import Axe

    page = browser.new_page(color_scheme=scheme)
    asked: list[str] = []
    complaints: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: complaints.append(message.text))
    page.goto(address)
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    assert asked == [address]
    assert complaints == []
    page.close()


@pytest.mark.parametrize("width", [320, 768, 1400])
def test_the_page_is_no_wider_than_its_window(browser, address: str, width: int) -> None:
    page = browser.new_page(viewport={"width": width, "height": 900})
    page.goto(address)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.close()
