"""One or more frames of an exercise as a small SVG: a tube figure, what stands by, and an arrow for the movement.

All strokes are ``currentColor``, so a drawing shows on light and on dark; it holds no script, no style and no link.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from xml.sax.saxutils import escape, quoteattr

from activity.report.drawing.body import Body, Vector, between, body_of, radius
from activity.report.drawing.pose import SIDES, Frame, Pose, View
from activity.report.drawing.props import Outline, outlines

Point = tuple[float, float]

#: How the viewer stands: degrees round to the front, and degrees above the floor.
_CAMERA: Final[Mapping[View, Point]] = {
    View.SIDE: (14, 7),
    View.FRONT: (82, 7),
    View.QUARTER: (48, 12),
    View.BEHIND: (-98, 7),
    View.ABOVE: (12, 34),
}
#: Depth between two shoulders or hips from which one limb is drawn as the far one.
_FAR_CM: Final[Mapping[str, float]] = {"arm": 12.0, "leg": 6.0}
_TONES: Final = {"far": 0.38, "trunk": 0.62, "near": 1.0, "prop": 0.5}
_MARGIN: Final = 6.0
_GAP: Final = 14.0
_LABEL: Final = 16.0  #: size of the numbers of frames
_TALL: Final = 1.15  #: frames wider than this times their height stand under each other
_TRAIL_STEPS: Final = 8
_LEAST_TRAIL: Final = 4.0  #: what moves less gets no arrow


@dataclass(frozen=True, slots=True)
class _Frame:
    """One frame on paper, in centimetres with y down; ``box`` is left, top, right, bottom."""

    marks: tuple[str, ...]
    box: tuple[float, float, float, float]


def draw(name: str, title: str, description: str, poses: Sequence[Pose], trails: Sequence[str] = ()) -> str:
    """Return the SVG of an exercise.

    Parameters
    ----------
    name
        What its ids start with; unique on the page it will stand on.
    title, description
        What people hear who don't see it.
    poses
        One frame each, in order.
    trails
        Joints whose way from the frame before is drawn with an arrow.
    """
    frames = []
    for number, pose in enumerate(poses):
        before = poses[number - 1] if number else None
        frames.append(_frame(pose, before, trails))
    marks, width, height = _laid_out(frames)
    label = quoteattr(f"{name}-title {name}-desc")
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" role="img" '
        f'aria-labelledby={label} fill="none" stroke="currentColor" stroke-linecap="round" stroke-linejoin="round">'
    )
    said = (
        f"<title id={quoteattr(name + '-title')}>{escape(title)}</title>"
        f"<desc id={quoteattr(name + '-desc')}>{escape(description)}</desc>"
    )
    return f"{head}{said}{''.join(marks)}</svg>\n"


def _laid_out(frames: Sequence[_Frame]) -> tuple[list[str], float, float]:
    """Return the frames side by side on one floor, or under each other where they are wide."""
    wide = max(frame.box[2] - frame.box[0] for frame in frames)
    tall = max(frame.box[3] - frame.box[1] for frame in frames)
    stacked = wide > _TALL * tall
    top = min(frame.box[1] for frame in frames)
    x = y = 0.0
    marks = []
    for number, frame in enumerate(frames, 1):
        left, over = (min(f.box[0] for f in frames), frame.box[1]) if stacked else (frame.box[0], top)
        room = _LABEL if len(frames) > 1 else 0.0
        marks.append(f'<g transform="translate({x - left:.1f} {y - over + room:.1f})">{"".join(frame.marks)}</g>')
        if room:
            marks.append(
                f'<text x="{x + 2:.0f}" y="{y + _LABEL - 1:.0f}" font-size="{_LABEL:.0f}" font-family="sans-serif" '
                f'fill="currentColor" stroke="none">{number}</text>'
            )
        if stacked:
            y += frame.box[3] - frame.box[1] + room + _GAP
        else:
            x += frame.box[2] - frame.box[0] + _GAP
    room = _LABEL if len(frames) > 1 else 0.0
    if stacked:
        right = max(frame.box[2] for frame in frames)
        return marks, right - min(frame.box[0] for frame in frames), y - _GAP
    return marks, x - _GAP, max(frame.box[3] for frame in frames) - top + room


def _frame(pose: Pose, before: Pose | None, trails: Sequence[str]) -> _Frame:
    camera = _CAMERA[pose.view]
    body = body_of(pose)
    flat = {name: _seen(at, camera) for name, at in body.joints.items()}
    behind: list[str] = []
    front: list[str] = []
    corners = [
        (at[0] + side * radius(name), at[1] + side * radius(name))
        for name, at in flat.items()
        if name != "crown"
        for side in (-1, 1)
    ]
    for outline in outlines(pose.props, body):
        points = [_seen(at, camera) for at in outline.points]
        corners += points
        (front if outline.front else behind).append(
            _arrow(points, outline.heads) if outline.heads else _outline(outline, points)
        )
    marks = [*behind, *_figure(body, flat, camera), *front]
    ways = [_trail(body_of(before), body, joint, camera) for joint in trails] if before else []
    for way in ways:
        if math.dist(way[0], way[-1]) >= _LEAST_TRAIL:
            corners += way
            marks.append(_arrow(way))
    mat = _mat(pose, body)
    corners += mat
    left, right = min(x for x, _ in corners) - _MARGIN, max(x for x, _ in corners) + _MARGIN
    top, bottom = min(y for _, y in corners) - _MARGIN, max(0.0, *(y for _, y in corners)) + 3
    return _Frame((_floor(mat, (left, right)), *marks), (left, top, right, bottom))


def _floor(mat: Sequence[Point], room: Point) -> str:
    """Return the floor: a line, or for who looks down on it the part that the body is on."""
    if not mat:
        return f'<path d="M{room[0] + 3:.0f} 1H{room[1] - 3:.0f}" stroke-width="2" opacity=".5"/>'
    return _outline(Outline((), 1, closed=True), mat)


def _mat(pose: Pose, body: Body) -> list[Point]:
    """Return the corners of the floor that a body is on; none where it is seen from its edge."""
    if pose.view is not View.ABOVE:
        return []
    xs, zs = ([at[axis] for name, at in body.joints.items() if name != "crown"] for axis in (0, 2))
    left, right, far, near = min(xs) - 12, max(xs) + 12, min(zs) - 12, max(zs) + 12
    corners = ((left, far), (right, far), (right, near), (left, near))
    return [_seen((x, 0.0, z), _CAMERA[pose.view]) for x, z in corners]


def _trail(start: Body, body: Body, joint: str, camera: Point) -> list[Point]:
    """Return the way of a joint from one frame to the next."""
    shares = [step / _TRAIL_STEPS for step in range(_TRAIL_STEPS + 1)]
    return [_seen(between(start, body, share).joints[joint], camera) for share in shares]


def _seen(at: Vector, camera: Point) -> Point:
    """Return where a point of space is on paper, y down."""
    around, above = (math.radians(angle) for angle in camera)
    x = at[0] * math.cos(around) - at[2] * math.sin(around)
    return x, -(at[1] * math.cos(above) - _near(at, camera) * math.sin(above))


def _near(at: Vector, camera: Point) -> float:
    """Return how near a point is to the viewer, on the floor."""
    around = math.radians(camera[0])
    return at[0] * math.sin(around) + at[2] * math.cos(around)


def _depth(at: Vector, camera: Point) -> float:
    above = math.radians(camera[1])
    return _near(at, camera) * math.cos(above) + at[1] * math.sin(above)


def _figure(body: Body, flat: Mapping[str, Point], camera: Point) -> list[str]:
    """Return the parts of the body, the farthest first; of two limbs the far one is lighter."""
    depth = {name: _depth(at, camera) for name, at in body.joints.items()}
    parts = [((depth["pelvis"] + depth["chest"]) / 2, _trunk(flat))]
    for limb, chain in (("arm", ("shoulder", "elbow", "hand")), ("leg", ("hip", "knee", "ankle", "toe"))):
        for side, other in (SIDES, SIDES[::-1]):
            names = [f"{side}-{joint}" for joint in chain]
            behind = depth[f"{other}-{chain[0]}"] - depth[names[0]] > _FAR_CM[limb]
            far = side == "right" if body.frame is Frame.RIGHT_SIDE else behind
            place = sum(depth[name] for name in names) / len(names)
            parts.append((place, _tube([flat[n] for n in names], [radius(n) for n in names], far=far)))
    return [mark for _, mark in sorted(parts, key=lambda part: part[0])]


def _trunk(flat: Mapping[str, Point]) -> str:
    pelvis, waist, chest, head, nose = (flat[name] for name in ("pelvis", "waist", "chest", "head", "nose"))
    spine = f'<path d="M{_at(pelvis)}Q{_at(_through(pelvis, waist, chest))} {_at(chest)}" stroke-width="16"/>'
    girdles = "".join(
        f'<path d="M{_at(flat["right-" + joint])}L{_at(flat["left-" + joint])}" stroke-width="{width}"/>'
        for joint, width in (("shoulder", 9), ("hip", 12))
    )
    neck = f'<path d="M{_at(chest)}L{_at(head)}" stroke-width="7"/>'
    face = (
        f'<circle cx="{head[0]:.1f}" cy="{head[1]:.1f}" r="10.5" fill="currentColor" stroke="none"/>'
        f'<path d="M{_at(head)}L{_at(nose)}" stroke-width="5"/>'
    )
    return f'<g opacity="{_TONES["trunk"]}">{spine}{girdles}{neck}{face}</g>'


def _through(start: Point, middle: Point, stop: Point) -> Point:
    """Return the control point of a quadratic curve that passes through ``middle`` half way."""
    return (2 * middle[0] - (start[0] + stop[0]) / 2, 2 * middle[1] - (start[1] + stop[1]) / 2)


def _tube(points: Sequence[Point], radii: Sequence[float], *, far: bool) -> str:
    parts = "".join(
        f'<path d="M{_at(a)}L{_at(b)}" stroke-width="{2 * min(one, other) * 0.95:.1f}"/>'
        for a, b, one, other in zip(points, points[1:], radii, radii[1:], strict=False)
    )
    return f'<g opacity="{_TONES["far" if far else "near"]}">{parts}</g>'


def _outline(outline: Outline, points: Sequence[Point]) -> str:
    shape = f"M{'L'.join(map(_at, points))}{'Z' if outline.closed else ''}"
    fill = ' fill="currentColor" fill-opacity=".16"' if outline.closed else ""
    tone = 1.0 if outline.front else _TONES["prop"]
    return f'<path d="{shape}" stroke-width="{outline.width_cm}" opacity="{tone}"{fill}/>'


def _arrow(way: Sequence[Point], heads: int = 1) -> str:
    """Return a way with a head at its end, or at both."""
    line = f'<path d="M{"L".join(map(_at, way))}" stroke-width="2.4" stroke-dasharray="1 5"/>'
    ends = [(way[-1], way[-2]), (way[0], way[1])][:heads]
    return line + "".join(_head(tip, back) for tip, back in ends)


def _head(tip: Point, back: Point) -> str:
    angle = math.atan2(tip[1] - back[1], tip[0] - back[0])
    wings = [(tip[0] - 8 * math.cos(angle + turn), tip[1] - 8 * math.sin(angle + turn)) for turn in (-0.5, 0.5)]
    return f'<path d="M{_at(wings[0])}L{_at(tip)}L{_at(wings[1])}" stroke-width="3"/>'


def _at(point: Iterable[float]) -> str:
    return " ".join(f"{value:.1f}" for value in point)
