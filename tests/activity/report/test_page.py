"""The page of a day and a week: self-contained, safe with hostile text, honest about what is missing."""

import base64
import hashlib
import re
from dataclasses import fields, replace
from datetime import timedelta
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import example_page
import pytest
from hypothesis import given
from hypothesis import strategies as st

from activity.report.page import PageData, goal_progress, quality_facts, render_page, shared_reasons
from activity.report.wording import source_beside

GOLDEN = Path(__file__).parents[2] / "golden" / "report_page.html"
HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>{{ 7 * 7 }}</style>"
PAGES = [
    example_page.page_data,
    example_page.judged_page_data,
    example_page.long_page_data,
    example_page.bare_page_data,
]


class Outline(HTMLParser):
    """What tests ask of a page: its tags with attributes, and its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.said: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.said.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.said).split())


def test_the_example_is_the_golden_page_to_the_byte() -> None:
    assert render_page(example_page.page_data()) == GOLDEN.read_text(encoding="utf-8")


@pytest.mark.parametrize("page", PAGES)
def test_a_page_needs_and_runs_nothing_outside_itself(page) -> None:
    html = render_page(page())
    outline = Outline(html)
    for tag, attributes in outline.tags:
        assert tag not in {"script", "img", "link", "iframe", "object", "form", "base"}
        assert not {"style", "src", "href"} & attributes.keys()
        assert not [name for name in attributes if name.startswith("on")]
    assert "http:" not in html
    assert "https:" not in html
    assert "@import" not in html


def test_the_policy_allows_this_style_sheet_by_its_hash_and_nothing_else() -> None:
    html = render_page(example_page.page_data())
    (style,) = re.findall(r"<style>(.*?)</style>", html, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    (policy,) = [a["content"] for _, a in Outline(html).tags if a.get("http-equiv") == "Content-Security-Policy"]
    assert policy == f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


@pytest.mark.parametrize("page", PAGES)
def test_headings_go_down_one_level_at_a_time_and_ids_are_named_once(page) -> None:
    tags = Outline(render_page(page())).tags
    levels = [int(tag[1]) for tag, _ in tags if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    ids = [attributes["id"] for _, attributes in tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    named = " ".join(a["aria-labelledby"] or "" for _, a in tags if "aria-labelledby" in a).split()
    assert set(named) <= set(ids)


def everywhere(value: object, text: str) -> object:
    """Return the value with every string in it, however deep, replaced; plain enums stay."""
    if type(value) is str:
        return text
    if isinstance(value, tuple):
        return tuple(everywhere(item, text) for item in value)
    if hasattr(value, "__dataclass_fields__") and "zone" not in value.__dataclass_fields__:
        return replace(value, **{f.name: everywhere(getattr(value, f.name), text) for f in fields(value)})  # type: ignore[type-var]
    return value


@given(
    st.one_of(
        st.just(HOSTILE),
        st.lists(st.sampled_from([*"<>&\"'{}%#\\\n \u202e", "script", "-->", "]]>", "é"]), min_size=1).map("".join),
    )
)
def test_hostile_text_anywhere_makes_no_tag(text: str) -> None:
    data = example_page.bare_page_data()
    full = example_page.page_data()
    hostile = everywhere(replace(data, plan=full.plan, message=full.message, warnings=full.warnings), text)
    assert isinstance(hostile, PageData)
    tame = replace(hostile, **{f.name: everywhere(getattr(hostile, f.name), "tame") for f in fields(hostile)})
    counted = Outline(render_page(hostile)).tags
    paragraphs = text.count("\n\n")
    assert [t for t, _ in counted if t != "p"] == [t for t, _ in Outline(render_page(tame)).tags if t != "p"]
    assert (
        sum(t == "p" for t, _ in counted) <= sum(t == "p" for t, _ in Outline(render_page(tame)).tags) + paragraphs + 1
    )


def test_a_reason_that_all_exercises_share_is_said_once() -> None:
    data = example_page.page_data()
    (shared,) = shared_reasons(data.plan)
    html = render_page(data)
    assert html.count(shared.text) == 1
    assert html.index(shared.text) < html.index("<h4>")
    assert html.count("starts at the easiest level") == 2


def test_a_hostile_name_stands_on_the_page_as_text() -> None:
    html = render_page(replace(example_page.page_data(), participant=HOSTILE))
    assert "<script" not in html
    assert HOSTILE in "".join(Outline(html).said)


def test_a_day_without_enough_wear_is_not_set_against_the_goal() -> None:
    data = example_page.page_data()
    progress = goal_progress(data.day, data.plan)
    assert progress is not None
    assert progress.share is None
    assert "Not enough wear to judge: 7.5 h worn, 10 h make a valid day." in progress.sentence
    assert 'class="meter"' not in render_page(data)


@given(st.integers(0, 30_000))
def test_a_valid_day_is_set_against_the_goal_with_its_base(steps: int) -> None:
    data = example_page.judged_page_data()
    assert data.plan is not None
    progress = goal_progress(replace(data.day, steps=steps), data.plan)
    assert progress is not None
    assert progress.share == min(1.0, steps / data.plan.goal.steps_per_day)
    assert "of 5\u202f500 steps" in progress.sentence


def test_a_day_outside_the_week_of_the_plan_is_not_set_against_its_goal() -> None:
    data = example_page.judged_page_data()
    assert data.plan is not None
    early = goal_progress(data.day, replace(data.plan, start=data.day.date + timedelta(days=1)))
    assert early is not None
    assert early.share is None
    assert "starts on Wednesday 18 November 2026" in early.sentence
    assert goal_progress(data.day, replace(data.plan, start=data.day.date - timedelta(days=7))) is None


def test_missing_is_said_and_never_shown_as_zero() -> None:
    html = render_page(example_page.bare_page_data())
    text = Outline(html).text
    assert "No data came for this day." in text
    for name in ("Steps", "Walks", "Longest still stretch", "Breaks from stillness", "Quickest minute"):
        assert f"{name} not known" in text
    assert 'class="bar"' not in html
    assert text.count("no data") >= 24
    assert "Steps: no data." in text


def test_signal_facts_that_are_not_known_say_so() -> None:
    data = example_page.bare_page_data()
    values = {fact.name: fact.value for fact in quality_facts(data.day, data.signal)}
    assert values["Calibration"] == "not known"
    assert values["Measured rate"] == "not known"
    assert values["Gaps"] == "not known"
    assert values["Missing"] == "24\u00a0h"


def test_every_reason_source_and_message_of_the_plan_stands_on_the_page() -> None:
    data = example_page.page_data()
    plan = data.plan
    assert plan is not None
    text = Outline(render_page(data)).text
    reasons = [*plan.goal.reasons, *plan.notes, *(r for e in plan.exercises for r in e.reasons)]
    for reason in reasons:
        assert reason.text in text
        assert f"{reason.trust.value} {source_beside(reason.source, reason.trust.value)}" in text
    for exercise in plan.exercises:
        assert all(step in text for step in exercise.steps)
        assert exercise.caution in text
    assert all(message.title in text for message in plan.messages)
    assert data.intended_use in text
    assert all(value in text for row in data.provenance for value in row)
