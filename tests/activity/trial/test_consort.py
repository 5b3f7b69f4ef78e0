"""The flow of a trial: every count adds up to the one before, and the drawing says what the text says."""

import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from trial_flow import example

from activity.report.palette import LIGHT, contrast
from activity.trial.consort import NO_REASON, Course, arm_lines, flow, flow_rows, flow_text
from activity.trial.flow_diagram import flow_diagram
from activity.trial.protocol import load_protocol, protocol_from_document
from activity.trial.visits import State

STUDY = load_protocol()
ARMS = [one.id for one in STUDY.arm]
VISITS = [one.id for one in STUDY.visit]
GOLDEN = Path(__file__).parents[2] / "golden" / "trial_flow.svg"
SVG = "{http://www.w3.org/2000/svg}"

reasons = st.sampled_from(["", "moved away", '<b>too & "much"</b>'])


@st.composite
def courses(draw: st.DrawFn) -> Course:
    arm = draw(st.sampled_from(["", *ARMS]))
    if not arm:
        unmet = tuple(one.id for one in STUDY.criterion if draw(st.booleans()) and draw(st.booleans()))
        return Course(unmet=unmet, agreed=draw(st.sampled_from([None, True, False])))
    visits = {name: draw(st.sampled_from(list(State))) for name in VISITS}
    observed = frozenset(name for name, state in visits.items() if state in {State.DONE, State.DONE_LATE})
    received = draw(st.booleans()) if arm == "selfback" else None
    left = draw(st.none() | reasons)
    return Course(agreed=True, arm=arm, received=received, left=left, visits=visits, observed=observed)


people = st.lists(courses(), max_size=40)
gone = st.dictionaries(st.sampled_from(ARMS), st.integers(0, 3))


@settings(max_examples=120, deadline=None)
@given(people=people, erased=gone)
def test_everybody_stands_in_one_place_at_each_stage(people: list[Course], erased: dict[str, int]) -> None:
    found = flow(STUDY, people, erased)
    assert found.assessed == len(people) + sum(erased.values())
    assert found.assessed == found.excluded_people + found.waiting + found.randomised
    assert found.randomised == sum(arm.allocated for arm in found.arms)
    for arm in found.arms:
        here = arm.allocated - arm.erased
        assert arm.received is None or arm.received + (arm.not_received or 0) == here
        assert sum(number for _, number in arm.left) <= here
        for one in arm.follow_up:
            assert one.observed + one.lost + one.stopped + one.waiting == here
        assert arm.analysed == {one.visit: one.observed for one in arm.follow_up}["3-months"]


@settings(max_examples=60, deadline=None)
@given(people=people, erased=gone)
def test_the_drawing_is_well_formed_and_says_every_line_of_the_text(
    people: list[Course], erased: dict[str, int]
) -> None:
    found = flow(STUDY, people, erased)
    root = ET.fromstring(flow_diagram(found))
    assert root.find(f"{SVG}desc").text == flow_text(found)  # type: ignore[union-attr]
    said = " ".join("".join(node.itertext()) for node in root.iter(f"{SVG}text"))
    lines = [f"Assessed for eligibility: {found.assessed}", f"Randomised: {found.randomised}"]
    lines += [line for arm in found.arms for stage in arm_lines(arm, found.primary) for line in stage]
    for line in lines:
        assert " ".join(line.split()) in said


def boxes(root: ET.Element) -> list[tuple[float, float, float, float]]:
    rects = [node.attrib for node in root.iter(f"{SVG}rect")][1:]  # the first is the paper
    return [
        (float(r["x"]), float(r["y"]), float(r["x"]) + float(r["width"]), float(r["y"]) + float(r["height"]))
        for r in rects
    ]


@settings(max_examples=40, deadline=None)
@given(people=people, arms=st.integers(2, 4))
def test_no_two_boxes_touch_and_all_lie_on_the_paper_with_however_many_arms(people: list[Course], arms: int) -> None:
    document = STUDY.document()
    document["arm"] = [
        {"id": f"arm-{number}", "title": f"Arm {number} with a rather long name", "share": 1} for number in range(arms)
    ]
    document["randomisation"]["blocks"] = [12]
    moved = [Course(one.unmet, one.open, one.agreed, f"arm-{len(one.visits) % arms}" if one.arm else "", None, one.left,
                    one.visits, one.observed) for one in people]  # fmt: skip
    root = ET.fromstring(flow_diagram(flow(protocol_from_document(document), moved, {})))
    _, _, width, height = map(float, root.attrib["viewBox"].split())
    found = boxes(root)
    assert len(found) == 3 + 3 * arms
    for number, (left, top, right, bottom) in enumerate(found):
        assert left >= 0
        assert top >= 0
        assert right <= width
        assert bottom <= height
        for other in found[number + 1 :]:
            assert right <= other[0] or other[2] <= left or bottom <= other[1] or other[3] <= top


def test_the_first_reason_in_the_order_of_the_protocol_counts_and_declining_comes_after_it() -> None:
    found = flow(
        STUDY,
        [
            Course(unmet=("adult", "care")),
            Course(unmet=("care",), agreed=False),
            Course(agreed=False),
            Course(agreed=True),
        ],
        {},
    )
    assert found.excluded == (
        ("not met: 18 or older", 1), ("not met: sought care within the past 8 weeks", 1), ("declined to take part", 1)
    )  # fmt: skip
    assert found.waiting == 1


def test_every_count_of_the_flow_is_a_row_and_an_arm_adds_up() -> None:
    found = example()
    rows = flow_rows(found)
    numbers = {(row["arm"], row["what"]): row["people"] for row in rows}
    assert len(numbers) == len(rows)
    assert numbers["", "assessed for eligibility"] == found.assessed
    outside = sum(int(row["people"]) for row in rows if row["stage"] == "enrolment") - found.assessed
    assert outside == found.assessed
    for arm in found.arms:
        for one in arm.follow_up:
            kinds = ("observed", "lost", "stopped", "to come")
            parts = [numbers[arm.id, f"{one.visit}: {kind}"] for kind in kinds]
            assert sum(map(int, parts)) == arm.allocated - arm.erased


def test_whoever_gives_no_reason_is_counted_under_that() -> None:
    visits = dict.fromkeys(VISITS, State.NOT_YET)
    found = flow(STUDY, [Course(arm="selfback", received=False, left="", visits=visits)], {})
    assert found.arms[1].left == ((NO_REASON, 1),)
    assert found.arms[0].left == ()


def test_an_arm_with_nothing_to_receive_says_nothing_of_it() -> None:
    found = flow(STUDY, [], {"usual-care": 1})
    assert not any("Received" in line for stage in arm_lines(found.arms[0], found.primary) for line in stage)
    assert any("Received" in line for stage in arm_lines(found.arms[1], found.primary) for line in stage)
    assert "erased" in flow_text(found)


def test_the_drawing_is_as_it_was_looked_at() -> None:
    again = "run: PYTHONPATH=.:tests python tests/golden/write_trial_flow.py, and look at it"
    assert flow_diagram(example()) == GOLDEN.read_text(encoding="utf-8"), again


def test_the_drawing_holds_no_script_style_or_link_and_its_words_can_be_read() -> None:
    svg = GOLDEN.read_text(encoding="utf-8")
    assert not re.search(r"<script|<style|href|<image|url\(|on\w+=", svg)
    assert 'role="img"' in svg
    assert 'aria-labelledby="flow-title flow-desc"' in svg
    for ink, ground in ((LIGHT.ink, LIGHT.paper), (LIGHT.accent, LIGHT.card)):
        assert contrast(ink, ground) >= 4.5
    assert contrast(LIGHT.muted, LIGHT.card) >= 3


@pytest.mark.parametrize("text", ["Randomised: ", "Follow-up", "Allocation", "Analysis", "Enrolment"])
def test_the_stages_are_named(text: str) -> None:
    assert text in GOLDEN.read_text(encoding="utf-8")
