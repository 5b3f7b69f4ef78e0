"""Where every joint of a posed body is, in space: directions followed from the pelvis outwards.

Proportions are near those of Drillis and Contini (1966) as given in Winter, Biomechanics and Motor Control of Human
Movement, table 4.1, and rounded; a drawing has to be read, not measured.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from activity.report.drawing.pose import SIDES, Frame, Limb, Pose

Vector = tuple[float, float, float]

TRUNK_CM: Final = 25.0  #: each of its two halves
NECK_CM: Final = 17.0  #: from between the shoulders to the middle of the head
NOSE_CM: Final = 12.0  #: its tip from the middle of the head
CROWN_CM: Final = 17.0  #: a place over the head, where an arrow shows its way
SHOULDER_CM: Final[Mapping[Frame, float]] = {Frame.UPRIGHT: 16.0, Frame.RIGHT_SIDE: 9.0}  #: half the width
HIP_CM: Final = 8.0  #: half the width
ARM_CM: Final = (26.0, 23.0)  #: the second half ends in the fist
LEG_CM: Final = (42.0, 42.0)
FOOT_CM: Final = 15.0

#: Half of what a part is thick.
RADIUS_CM: Final[Mapping[str, float]] = {
    "pelvis": 8.0,
    "waist": 8.0,
    "chest": 8.0,
    "head": 10.5,
    "nose": 2.5,
    "crown": 2.0,
    "shoulder": 5.0,
    "elbow": 3.8,
    "hand": 3.5,
    "hip": 6.0,
    "knee": 5.0,
    "ankle": 4.0,
    "toe": 3.5,
}


@dataclass(frozen=True, slots=True)
class Body:
    """A body in space: each joint by name, such as ``waist`` or ``left-hand``."""

    joints: Mapping[str, Vector]
    frame: Frame


def radius(joint: str) -> float:
    """Return half of what the body is thick at a joint."""
    return RADIUS_CM[joint.rsplit("-", 1)[-1]]


def body_of(pose: Pose) -> Body:
    """Return where the joints of a pose are; one without a height of the pelvis lies or stands on the floor."""
    x, y, *z = pose.pelvis
    where = (x or 0.0, z[0] or 0.0) if z else (x or 0.0, 0.0)
    if y is None:
        # What reaches for a place in space says nothing of how high the rest stands.
        reaching = {f"{side}-{limb}" for side in SIDES for limb in ("arm", "leg") if getattr(pose, f"{side}_{limb}").to}
        free = _joints(pose, (where[0], 0.0, where[1]))
        y = -min(at[1] - radius(name) for name, at in free.items() if _LIMB_OF.get(name) not in reaching)
    return Body(_joints(pose, (where[0], y, where[1])), pose.frame)


def between(start: Body, end: Body, share: float) -> Body:
    """Return the body on its way between two poses: limbs swing about their joints and keep their length."""
    joints = {"pelvis": _mix(start.joints["pelvis"], end.joints["pelvis"], share)}
    for child, parent in _TREE.items():
        one = _minus(start.joints[child], start.joints[parent])
        other = _minus(end.joints[child], end.joints[parent])
        joints[child] = _plus(joints[parent], _swung(one, other, share))
    return Body(joints, end.frame)


#: Each joint and the one it hangs from, parents first.
_TREE: Final[Mapping[str, str]] = {
    "waist": "pelvis",
    "chest": "waist",
    "head": "chest",
    "nose": "head",
    "crown": "head",
    **{f"{side}-shoulder": "chest" for side in SIDES},
    **{f"{side}-elbow": f"{side}-shoulder" for side in SIDES},
    **{f"{side}-hand": f"{side}-elbow" for side in SIDES},
    **{f"{side}-hip": "pelvis" for side in SIDES},
    **{f"{side}-knee": f"{side}-hip" for side in SIDES},
    **{f"{side}-ankle": f"{side}-knee" for side in SIDES},
    **{f"{side}-toe": f"{side}-ankle" for side in SIDES},
}
JOINTS: Final = ("pelvis", *_TREE)
_LIMB_OF: Final[Mapping[str, str]] = {
    f"{side}-{joint}": f"{side}-{limb}"
    for side in SIDES
    for limb, joints in (("arm", ("elbow", "hand")), ("leg", ("knee", "ankle", "toe")))
    for joint in joints
}

_KNEE: Final = 1  #: bends to the front
_ELBOW: Final = -1  #: bends to the back
_ON_FLOOR_CM: Final = 5.0  #: height of an ankle up to which the sole is on the floor
_FLAT: Final = 1e-6  #: of a square of a length, for directions that say nothing


def _joints(pose: Pose, pelvis: Vector) -> dict[str, Vector]:
    lower = _direction(pose, pose.trunk[0], pose.lean[0], 1)
    upper = _direction(pose, pose.trunk[1], pose.lean[1], 1)
    waist = _plus(pelvis, lower, TRUNK_CM)
    chest = _plus(waist, upper, TRUNK_CM)
    head_angle = pose.trunk[1] if pose.head is None else pose.head
    look = _turned(_direction(pose, head_angle, pose.lean[1] + pose.head_out, 1), upper, pose.twist)
    head = _plus(chest, look, NECK_CM)
    nose = _plus(head, _turned(_forward(pose, look), look, pose.twist), NOSE_CM)
    joints = {"pelvis": pelvis, "waist": waist, "chest": chest, "head": head, "nose": nose}
    joints["crown"] = _plus(head, look, CROWN_CM)
    right_of_chest = _turned(_right(pose, pose.trunk[1], upper), upper, pose.twist)
    right_of_hips = _turned(_right(pose, pose.trunk[0], lower), lower, pose.roll)
    for side, sign in (("right", 1), ("left", -1)):
        shoulder = _plus(chest, right_of_chest, sign * SHOULDER_CM[pose.frame])
        hip = _plus(pelvis, right_of_hips, sign * HIP_CM)
        arm: Limb = getattr(pose, f"{side}_arm")
        leg: Limb = getattr(pose, f"{side}_leg")
        elbow, hand = _limb(_Root(pose, sign, shoulder, upper, pose.twist), arm, ARM_CM, _ELBOW)
        hips = _Root(pose, sign, hip, lower, pose.roll)
        knee, ankle = _limb(hips, leg, LEG_CM, _KNEE)
        toe = _plus(ankle, _foot(hips, leg, _unit(_minus(ankle, knee))), FOOT_CM)
        joints |= {f"{side}-shoulder": shoulder, f"{side}-elbow": elbow, f"{side}-hand": hand}
        joints |= {f"{side}-hip": hip, f"{side}-knee": knee, f"{side}-ankle": ankle, f"{side}-toe": toe}
    return joints


@dataclass(frozen=True, slots=True)
class _Root:
    """Where a limb begins, and the turn of the trunk that it takes part in."""

    pose: Pose
    sign: int  #: 1 right, -1 left
    at: Vector
    axis: Vector
    turn: float

    def direction(self, angle: float, out: float) -> Vector:
        return _turned(_direction(self.pose, angle, out, self.sign), self.axis, self.turn)


def _limb(root: _Root, limb: Limb, lengths: tuple[float, float], bends: int) -> tuple[Vector, Vector]:
    """Return the middle joint and the end of a limb; ``bends`` is 1 where it bends to the front."""
    if limb.to is not None:
        target = (limb.to[0], limb.to[1], root.sign * limb.to[2] if len(limb.to) > 2 else root.at[2])
        if limb.bend is not None:
            return _reach(root.at, target, lengths, root.direction(limb.bend, limb.bend_out))
        front = _forward(root.pose, _unit(_minus(root.at, target)))
        return _reach(root.at, target, lengths, _scaled(_turned(front, root.axis, root.turn), bends))
    upper = 180.0 if limb.upper is None else limb.upper
    lower = upper if limb.lower is None else limb.lower
    middle = _plus(root.at, root.direction(upper, limb.out), lengths[0])
    lower_out = limb.out if limb.lower_out is None else limb.lower_out
    return middle, _plus(middle, root.direction(lower, lower_out), lengths[1])


def _foot(root: _Root, leg: Limb, shin: Vector) -> Vector:
    """Return the way a foot points: as is said, flat where it was put on the floor, else square to the shin."""
    if leg.end is not None:
        return root.direction(leg.end, leg.end_out)
    if leg.to is not None and leg.to[1] <= _ON_FLOOR_CM:
        return root.direction(90, leg.end_out)
    return _forward(root.pose, _scaled(shin, -1))


def _forward(pose: Pose, up: Vector) -> Vector:
    """Return the way the front of a part looks whose upward direction is ``up``."""
    front = _cross(up, _placed(pose, (0.0, 0.0, 1.0)))
    return _unit(front) if _dot(front, front) > _FLAT else _placed(pose, (1.0, 0.0, 0.0))


def _right(pose: Pose, angle: float, up: Vector) -> Vector:
    return _unit(_cross(_direction(pose, angle + 90, 0, 1), up))


def _reach(root: Vector, target: Vector, lengths: tuple[float, float], pole: Vector) -> tuple[Vector, Vector]:
    """Return middle joint and end of a limb that reaches for a place: as far as it can, bent towards ``pole``."""
    first, second = lengths
    line = _minus(target, root)
    far = min(max(math.sqrt(_dot(line, line)), abs(first - second) + 0.1), first + second - 0.01)
    along = _unit(line)
    ahead = (first * first - second * second + far * far) / (2 * far)
    aside = math.sqrt(max(first * first - ahead * ahead, 0.0))
    off = _unit(_minus(pole, along, _dot(pole, along)))
    return _plus(_plus(root, along, ahead), off, aside), _plus(root, along, far)


def _direction(pose: Pose, angle: float, out: float, sign: int) -> Vector:
    a, o = math.radians(angle), math.radians(out)
    return _placed(pose, (math.sin(a) * math.cos(o), math.cos(a) * math.cos(o), sign * math.sin(o)))


def _placed(pose: Pose, own: Vector) -> Vector:
    forward, up, right = own
    if pose.frame is Frame.RIGHT_SIDE:
        return (-up, -right, forward)
    return own


def _turned(vector: Vector, axis: Vector, degrees: float) -> Vector:
    """Return a vector turned about a unit axis, by Rodrigues' formula."""
    if not degrees:
        return vector
    a = math.radians(degrees)
    side = _cross(axis, vector)
    along = _dot(axis, vector) * (1 - math.cos(a))
    return _plus(_plus(_scaled(vector, math.cos(a)), side, math.sin(a)), axis, along)


def _swung(one: Vector, other: Vector, share: float) -> Vector:
    """Return a vector between two of the same length, on the arc between them."""
    length = math.sqrt(_dot(one, one))
    angle = math.acos(max(-1.0, min(1.0, _dot(_unit(one), _unit(other)))))
    if angle < 1e-4 or math.pi - angle < 1e-4:
        return _mix(one, other, share)
    first, second = math.sin((1 - share) * angle), math.sin(share * angle)
    return _scaled(_unit(_plus(_scaled(_unit(one), first), _unit(other), second)), length)


def _plus(a: Vector, b: Vector, times: float = 1.0) -> Vector:
    return (a[0] + b[0] * times, a[1] + b[1] * times, a[2] + b[2] * times)


def _minus(a: Vector, b: Vector, times: float = 1.0) -> Vector:
    return _plus(a, b, -times)


def _scaled(a: Vector, times: float) -> Vector:
    return (a[0] * times, a[1] * times, a[2] * times)


def _mix(a: Vector, b: Vector, share: float) -> Vector:
    return _plus(_scaled(a, 1 - share), b, share)


def _dot(a: Vector, b: Vector) -> float:
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


def _cross(a: Vector, b: Vector) -> Vector:
    return (a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0])


def _unit(a: Vector) -> Vector:
    length = math.sqrt(_dot(a, a)) or 1.0
    return _scaled(a, 1 / length)
