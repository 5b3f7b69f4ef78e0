"""The page and the figures of a trial."""

import os
import re
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st
from trial_flow import example
from virtual_trial import STUDY, drawn_people

from activity.report.pdf import write_pdf
from activity.report.trial_charts import BASE, TOP, Point, courses, forest
from activity.report.trial_page import TrialData, answer_lines, figure_ids, render_trial
from activity.trial.analysis.results import results
from activity.trial.analysis.study import analyse_study
from activity.trial.published_table import beside, load_published

QUICK = STUDY.model_copy(update={"analysis": STUDY.analysis.model_copy(update={"imputations": 4})})
FOUND = analyse_study(QUICK, drawn_people(), seed=1)
ROWS = results(QUICK, FOUND)


def page(**changes: object) -> str:
    data = {
        "protocol": QUICK, "flow": example(), "analysis": FOUND, "harms": (),
        "published": beside(load_published(), ROWS), "provenance": (("Program", "selfback"),),
        "intended_use": "Not a medical device.",
    }  # fmt: skip
    return render_trial(TrialData(**{**data, **changes}))  # type: ignore[arg-type]


def weasyprint_urls() -> ModuleType:
    """A machine without Pango skips; continuous integration fails."""
    try:
        return import_module("weasyprint.urls")
    except OSError as error:
        if os.environ.get("CI"):
            pytest.fail(f"no Pango on this machine: {error}")
        pytest.skip(f"no Pango on this machine: {error}")


def test_every_figure_is_a_row_of_the_results() -> None:
    assert set(figure_ids(page())) <= {row.id for row in ROWS}


def test_the_first_lines_say_whom_the_primary_difference_favours() -> None:
    (line,) = answer_lines(QUICK, FOUND)
    assert "Roland-Morris" in line.text
    assert "3 months" in line.text
    assert "favours" in line.text or "points towards" in line.text


def test_what_wasnt_done_stands_on_the_page() -> None:
    assert "Worst back pain in the past week: not done" in page()


def test_a_page_runs_nothing_and_asks_for_nothing() -> None:
    html = page()
    assert "default-src &#39;none&#39;" in html
    assert not re.search(r"<script|style=\"|\bon\w+=\"|src=|<link", html)


def test_a_study_that_nobody_lived_says_so_and_another_doesnt() -> None:
    assert "Nobody of this trial lived" not in page()
    assert "Nobody of this trial lived" in page(protocol=QUICK.model_copy(update={"virtual": True}))


def test_numbers_below_zero_have_a_minus_sign() -> None:
    cells = re.findall(r"<td[^>]*>([^<]*)</td>", page())
    assert any("−" in cell for cell in cells)
    assert not [cell for cell in cells if re.search(r"(?<!\w)-\d", cell)]


@pytest.mark.parametrize("address", ["https://example.org/x.png", "file:///etc/hostname", "data:image/png;base64,AA"])
def test_a_page_that_asks_for_something_is_not_made_into_pdf(address: str, tmp_path: Path) -> None:
    faults = weasyprint_urls()
    with pytest.raises(faults.FatalURLFetchingError):
        write_pdf(f'<img src="{address}">', tmp_path / "x.pdf")
    assert list(tmp_path.iterdir()) == []


VALUES = st.floats(-50, 50, allow_nan=False)


@st.composite
def points(draw: st.DrawFn) -> Point:
    low, value, high = sorted(draw(st.tuples(VALUES, VALUES, VALUES)))
    return Point("p", value, low, high)


@given(st.lists(points(), min_size=1, max_size=6), st.lists(points(), min_size=1, max_size=6))
def test_means_stay_in_the_frame_and_higher_is_higher(one: list[Point], other: list[Point]) -> None:
    size = min(len(one), len(other))
    arms = (("a", one[:size]), ("b", other[:size]))
    figure = courses([f"v{place}" for place in range(size)], arms)
    marks = [mark for arm in figure.arms for mark in arm.marks]
    assert all(TOP <= y <= BASE for mark in marks for y in (mark.y, mark.low, mark.high))
    assert all(mark.high <= mark.y <= mark.low for mark in marks)
    assert len(figure.ticks) <= 9


@given(st.lists(points(), min_size=1, max_size=20))
def test_the_forest_holds_zero_and_every_interval(found: list[Point]) -> None:
    figure = forest([("everybody", found)])
    edges = [tick.at for tick in figure.ticks]
    assert min(edges) <= figure.zero <= max(edges)
    for line in figure.lines:
        if line.mark:
            assert min(edges) <= line.mark.low <= line.mark.x <= line.mark.high <= max(edges)
    assert len({line.y for line in figure.lines}) == len(figure.lines) == len(found) + 1
