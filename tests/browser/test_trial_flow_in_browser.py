"""The flow of a trial in a real browser: its words stay in their boxes, and nothing is asked for."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from trial_flow import example

from activity.trial.flow_diagram import flow_diagram

playwright_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

pytestmark = pytest.mark.browser
#: Words that leave the box that they begin in; and names of stages, in no box, that reach the first column of boxes.
OUTSIDE = """
() => {
  const boxes = [...document.querySelectorAll('rect')].slice(1).map(node => node.getBoundingClientRect());
  const out = [];
  for (const node of document.querySelectorAll('text')) {
    const word = node.getBoundingClientRect();
    const box = boxes.find(b => b.left <= word.left && word.left < b.right && b.top <= word.top && word.top < b.bottom);
    const leaves = box ? word.right > box.right - 4 || word.bottom > box.bottom : word.right > boxes[3].left;
    if (leaves) out.push(node.textContent);
  }
  return out;
}
"""


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


@pytest.mark.parametrize("width", [480, 900, 1600])
def test_the_words_of_the_flow_stay_in_their_boxes(browser, tmp_path: Path, width: int) -> None:
    (tmp_path / "flow.svg").write_text(flow_diagram(example()), encoding="utf-8")
    page = browser.new_page(viewport={"width": width, "height": 900})
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto((tmp_path / "flow.svg").as_uri())
    assert page.evaluate("document.querySelectorAll('text').length") > 30
    assert page.evaluate(OUTSIDE) == []
    assert asked == [(tmp_path / "flow.svg").as_uri()]
    page.close()


def test_a_reader_of_screens_hears_every_count(browser, tmp_path: Path) -> None:
    svg = flow_diagram(example())
    page = browser.new_page()
    page.set_content(f"<!doctype html><title>t</title>{svg}")
    image = page.get_by_role("img")
    assert image.count() == 1
    label = image.evaluate(
        "node => document.getElementById(node.getAttribute('aria-labelledby').split(' ')[1]).textContent"
    )
    assert "Randomised: 469" in label
    page.close()
