"""The drawings: one of each exercise, small, well-formed, spoken, and with bodies that touch what they should."""

import math
import re
from itertools import pairwise
from xml.etree import ElementTree as ET

import pytest
from coach_weeks import content
from hypothesis import given
from hypothesis import strategies as st

from activity.coach.content import Equipment, Exercise, Position
from activity.errors import ContentError
from activity.report.drawing.body import ARM_CM, FOOT_CM, JOINTS, LEG_CM, TRUNK_CM, Body, between, body_of, radius
from activity.report.drawing.exercise import exercise_drawing
from activity.report.drawing.pose import Limb, Pose, PropKind, View, load_poses, shipped_poses
from activity.report.drawing.props import SEAT_CM, STEP_CM
from activity.report.drawing.svg import draw

SVG = "{http://www.w3.org/2000/svg}"
MOST_BYTES = 6000
EXERCISES = content().exercises
POSES = shipped_poses()
#: What a drawing shows of the things that an exercise needs; a mat is the floor, and a towel a strap.
SHOWN = {
    Equipment.CHAIR: PropKind.CHAIR,
    Equipment.WALL: PropKind.WALL,
    Equipment.TOWEL: PropKind.STRAP,
    Equipment.PILLOW: PropKind.PILLOW,
    Equipment.BAND: PropKind.STRAP,
    Equipment.WATER_BOTTLE: PropKind.BOTTLE,
    Equipment.STEP: PropKind.STEP,
}
UP = {
    "waist": "pelvis", "chest": "waist", "right-elbow": "right-shoulder", "right-hand": "right-elbow",
    "left-knee": "left-hip", "left-ankle": "left-knee", "left-toe": "left-ankle",
}  # fmt: skip
LENGTHS = {
    "waist": TRUNK_CM, "chest": TRUNK_CM, "right-elbow": ARM_CM[0], "right-hand": ARM_CM[1],
    "left-knee": LEG_CM[0], "left-ankle": LEG_CM[1], "left-toe": FOOT_CM,
}  # fmt: skip
each_exercise = pytest.mark.parametrize("exercise", EXERCISES, ids=lambda exercise: exercise.id)


def lowest(body: Body, *joints: str) -> float:
    """How far above the floor the lowest of these joints, or of all, is; 0 touches it."""
    return min(at[1] - radius(name) for name, at in body.joints.items() if name in (joints or JOINTS))


def kinds(exercise: Exercise) -> set[PropKind]:
    return {prop.kind for name in exercise.frames for prop in POSES[name].props}


@each_exercise
def test_a_drawing_is_small_well_formed_spoken_and_runs_nothing(exercise: Exercise) -> None:
    text = exercise_drawing(exercise)
    assert len(text.encode()) < MOST_BYTES
    root = ET.fromstring(text)
    assert root.tag == f"{SVG}svg"
    assert root.get("role") == "img"
    title, description = root.find(f"{SVG}title"), root.find(f"{SVG}desc")
    assert title is not None
    assert description is not None
    assert title.text == exercise.name
    assert str(description.text).endswith(".")
    assert root.get("aria-labelledby") == f"{title.get('id')} {description.get('id')}"
    allowed = {"svg", "title", "desc", "g", "path", "circle", "text"}
    for node in root.iter():
        assert node.tag.removeprefix(SVG) in allowed
        assert not {"href", "style", "class"} & {name.rsplit("}", 1)[-1] for name in node.attrib}
        assert not any(name.startswith("on") for name in node.attrib)
        assert node.get("stroke") in {None, "none", "currentColor"}
        assert node.get("fill") in {None, "none", "currentColor"}
    assert not re.search(r"url\(|nan|inf\b|https?://(?!www\.w3\.org/2000/svg)", text)


@each_exercise
def test_all_that_is_drawn_lies_inside_its_frame(exercise: Exercise) -> None:
    root = ET.fromstring(exercise_drawing(exercise))
    _, _, width, height = map(float, str(root.get("viewBox")).split())
    assert 40 < width < 420
    assert 40 < height < 420
    for group in root.findall(f"{SVG}g"):
        right, down = map(float, re.findall(r"-?[\d.]+", str(group.get("transform"))))
        for path in group.iter(f"{SVG}path"):
            for x, y in re.findall(r"[ML](-?[\d.]+) (-?[\d.]+)", str(path.get("d"))):
                assert -2 <= float(x) + right <= width + 2
                assert -2 <= float(y) + down <= height + 2


def test_no_two_exercises_have_the_same_drawing() -> None:
    pictures = {re.sub(r"<title.*?</desc>|aria-labelledby=\S+ \S+", "", exercise_drawing(one)) for one in EXERCISES}
    assert len(pictures) == len(EXERCISES)


def test_every_pose_is_drawn_somewhere_or_begins_another() -> None:
    used = {name for exercise in EXERCISES for name in exercise.frames}
    text = load_text()
    begun = set(re.findall(r'^like = "(.*)"$', text, re.MULTILINE))
    assert set(POSES) == used | (begun & set(POSES))


def load_text() -> str:
    from activity.resources import shipped

    return shipped("data", "content", "poses.toml").read_text(encoding="utf-8")


@each_exercise
def test_a_drawing_shows_what_the_exercise_needs_and_nothing_else(exercise: Exercise) -> None:
    needed = {SHOWN[thing] for thing in exercise.equipment if thing in SHOWN}
    extra = {PropKind.ARROW} | ({PropKind.PILLOW} if "pillow" in exercise.caution.lower() else set())
    assert needed <= kinds(exercise)
    assert kinds(exercise) <= needed | extra


@pytest.mark.parametrize("name", POSES)
def test_no_part_of_a_body_is_under_the_floor_and_some_part_is_on_something(name: str) -> None:
    pose = POSES[name]
    body = body_of(pose)
    assert lowest(body) >= -2.0
    rests = lowest(body) <= 1.5 or any(prop.kind in {PropKind.CHAIR, PropKind.STEP} for prop in pose.props)
    assert rests
    assert all(at[1] < 215 for at in body.joints.values())


@each_exercise
def test_the_first_frame_holds_the_body_in_the_position_that_is_said(exercise: Exercise) -> None:
    pose = POSES[exercise.frames[0]]
    body = body_of(pose)
    at = body.joints
    trunk = (at["chest"][0] - at["pelvis"][0], at["chest"][1] - at["pelvis"][1])
    nose = tuple(a - b for a, b in zip(at["nose"], at["head"], strict=True))
    flat = abs(trunk[1]) < 22
    match exercise.position:
        case Position.LYING_BACK:
            assert at["chest"][0] < at["pelvis"][0]
            assert lowest(body, "chest", "head") < 3
            assert nose[1] > 8
        case Position.LYING_FRONT:
            assert flat
            assert at["chest"][0] > at["pelvis"][0]
            assert nose[1] < -8
        case Position.LYING_SIDE:
            assert at["left-hip"][1] > at["right-hip"][1] + 10
            assert lowest(body, "right-hip", "right-knee") < 12
            assert nose[2] > 8
        case Position.HANDS_KNEES:
            assert flat
            assert lowest(body, "right-hand", "left-hand") < 2
            assert lowest(body, "right-knee", "left-knee") < 2
        case Position.KNEELING:
            assert lowest(body, "right-knee") < 3
        case Position.SITTING:
            assert abs(lowest(body, "pelvis") - SEAT_CM) < 1.5
            assert lowest(body, "left-ankle", "left-toe") < 3
        case Position.STANDING:
            assert lowest(body, "right-ankle", "left-ankle") < 2 or lowest(body, "right-ankle") > STEP_CM - 2
            assert at["pelvis"][1] > 60


@each_exercise
def test_what_carries_the_body_stays_where_it_is_from_frame_to_frame(exercise: Exercise) -> None:
    bodies = [body_of(POSES[name]) for name in exercise.frames]
    if exercise.position is Position.LYING_SIDE or exercise.id in {"step-up", "childs-pose", "wall-sit", "wall-sway"}:
        return  # there the feet, or what the knees carry, is what moves
    for before, after in pairwise(bodies):
        shift = {joint: math.dist(before.joints[joint], after.joints[joint]) for joint in ("right-ankle", "left-ankle")}
        carrying = ("pelvis", "chest") if exercise.position in {Position.LYING_BACK, Position.LYING_FRONT} else ()
        shift |= {joint: math.dist(before.joints[joint], after.joints[joint]) for joint in carrying}
        shift |= {
            f"{side}-knee": math.dist(before.joints[f"{side}-knee"], after.joints[f"{side}-knee"])
            for side in ("left", "right")
            if exercise.position in {Position.HANDS_KNEES, Position.KNEELING}
        }
        assert min(shift.values()) < 6, shift


angles = st.integers(-180, 180)
limbs = st.builds(Limb, upper=angles, lower=angles, out=st.integers(-90, 90)) | st.builds(
    Limb, to=st.tuples(*[st.integers(-120, 120).map(float)] * 3), bend=st.none() | angles
)
poses = st.builds(
    Pose,
    id=st.just("any"),
    view=st.sampled_from(View),
    pelvis=st.sampled_from([(0.0, None), (5.0, 60.0), (5.0, 60.0, -3.0)]),
    trunk=st.tuples(angles, angles),
    lean=st.tuples(st.integers(-40, 40), st.integers(-40, 40)),
    twist=st.integers(-60, 60),
    roll=st.integers(-60, 60),
    right_arm=limbs,
    left_leg=limbs,
)


def bones_are_whole(body: Body) -> bool:
    return all(
        math.isclose(math.dist(body.joints[child], body.joints[parent]), LENGTHS[child], rel_tol=1e-3)
        for child, parent in UP.items()
    )


@given(poses, poses, st.floats(0, 1))
def test_bones_keep_their_length_in_any_pose_and_on_the_way_between_two(one, other, share) -> None:
    first, second = body_of(one), body_of(other)
    assert bones_are_whole(first)
    assert bones_are_whole(second)
    way = between(first, second, share)
    for joint, at in between(first, second, 0.0).joints.items():
        assert math.dist(at, first.joints[joint]) < 0.2
    assert set(way.joints) == set(JOINTS)
    assert all(math.isfinite(value) for at in way.joints.values() for value in at)


@given(st.floats(-60, 60), st.floats(6, 80), st.floats(-30, 30))
def test_a_hand_is_where_it_is_put_if_the_arm_can_reach_it(x, y, z) -> None:
    body = body_of(Pose(id="any", pelvis=(0.0, 52.0), right_arm=Limb(to=(x, y, z))))
    shoulder, hand = body.joints["right-shoulder"], body.joints["right-hand"]
    far = math.dist(shoulder, (x, y, z))
    if abs(ARM_CM[0] - ARM_CM[1]) + 0.2 < far < sum(ARM_CM) - 0.1:
        assert math.dist(hand, (x, y, z)) < 0.01
    else:
        assert math.dist(shoulder, hand) <= sum(ARM_CM)


@given(poses, poses)
def test_any_poses_become_well_formed_drawings(one, other) -> None:
    text = draw("a", "<&\"'>", "]]>", [one, other], ["right-hand", "crown"])
    assert ET.fromstring(text).find(f"{SVG}title").text == "<&\"'>"


def test_knees_bend_to_the_front_and_elbows_to_the_back() -> None:
    body = body_of(Pose(id="any", pelvis=(0.0, 60.0), right_leg=Limb(to=(0.0, 4.0)), right_arm=Limb(to=(0.0, 80.0))))
    assert body.joints["right-knee"][0] > 5
    assert body.joints["right-elbow"][0] < -5


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ('[[pose]]\nid = "a"\n[[pose]]\nid = "a"\n', "'a'"),
        ('[[pose]]\nid = "a"\nlike = "b"\n', "'a'"),
        ('[[pose]]\nid = "a"\nlegs = { upper = 3, to = [1, 2] }\n', "upper"),
        ('[[pose]]\nid = "a"\ntail = 3\n', "tail"),
        ('[[pose]]\nid = "a"\nprops = [{ kind = "horse" }]\n', "kind"),
    ],
)
def test_poses_that_break_their_schema_are_refused_with_their_name(tmp_path, text, word) -> None:
    (tmp_path / "poses.toml").write_text(text, encoding="utf-8")
    with pytest.raises(ContentError, match=word):
        load_poses(tmp_path / "poses.toml")


@pytest.mark.parametrize("change", [{"frames": ("headstand",)}, {"trails": ("tail",)}])
def test_an_exercise_that_names_no_pose_or_joint_is_refused(change) -> None:
    with pytest.raises(ContentError, match=r"headstand|tail"):
        exercise_drawing(EXERCISES[0].model_copy(update=change))
