"""The table of outcomes says what was seen, what was estimated, by what model, and what was given up."""

import os
import re
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from trial_reference import VISITS, made_table, table

from activity.trial.analysis.binary import fit_binary, responders
from activity.trial.analysis.clda import fit_clda
from activity.trial.analysis.tables import HEADINGS, as_html, as_text, mean_rows, p_value, share_rows

if not os.environ.get("CI"):
    pytest.importorskip("statsmodels", reason="needs the extra `trial`")


def test_means_are_those_of_who_was_seen() -> None:
    made = table()
    rows = mean_rows("RMDQ", fit_clda(made), "app")
    assert [row.visit for row in rows] == list(VISITS)
    values = made.values[made.arm == 1, 2]
    cell = rows[2].arm
    assert cell.seen == (~np.isnan(values)).sum()
    assert (cell.mean, cell.sd) == (pytest.approx(np.nanmean(values)), pytest.approx(np.nanstd(values, ddof=1)))
    assert rows[0].difference is None


def test_text_has_a_line_a_row_and_names_the_model() -> None:
    fit = fit_binary(table(), responders(table()))
    rows = [*mean_rows("RMDQ", fit_clda(table()), "app"), *share_rows("4 points or more", fit, "app")]
    lines = as_text(rows).splitlines()
    assert len(lines) == 1 + len(rows)
    assert all("constrained longitudinal analysis, unstructured covariance, REML" in line for line in lines[1:6])
    assert all("exchangeable working correlation, robust errors" in line for line in lines[6:])
    assert "one mean by design" in lines[1]
    assert re.search(r"needed to treat .* to benefit", lines[7])


def test_html_is_well_formed_with_headings_and_nothing_unescaped() -> None:
    html = as_html(mean_rows("RMDQ <points>", fit_clda(table()), "app"), "Outcomes & more")
    root = ET.fromstring(html)
    assert [cell.text for cell in root.findall("thead/tr/th")] == list(HEADINGS)
    assert {len(row) for row in root.findall("tbody/tr")} == {len(HEADINGS)}
    assert root.findtext("caption") == "Outcomes & more"
    assert root.findtext("tbody/tr/th") == "RMDQ <points>"


def test_what_was_given_up_stands_in_the_row(rng) -> None:
    made = made_table(rng)
    values = made.values.copy()
    values[:, 3] = values[:, 2]
    assert "unstructured covariance ->" in as_text(mean_rows("RMDQ", fit_clda(made.with_values(values)), "app"))
    success = responders(made, 1.0)
    success[made.arm == 1, 1] = 1.0
    text = as_text(share_rows("better", fit_binary(made, success), "app"))
    assert "odds ratio not estimable" in text
    assert "crude shares" in text
    assert "nan" not in text


def test_a_p_value_is_never_zero() -> None:
    assert [p_value(p) for p in (0.0, 0.0004, 0.0312, 1.0, float("nan"))] == [
        "< 0.001",
        "< 0.001",
        "0.031",
        "1.000",
        "-",
    ]
