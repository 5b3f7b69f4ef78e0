"""Chairs, walls and what is held, as lines in space."""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from activity.report.drawing.body import Body, Vector
from activity.report.drawing.pose import Prop, PropKind

SEAT_CM: Final = 44.0  #: height of a chair's seat
STEP_CM: Final = 18.0
_SEAT_DEPTH: Final = 40.0
_SEAT_HALF: Final = 20.0
_BACK: Final = 88.0
_WALL: Final = 178.0
_WALL_HALF: Final = 34.0


@dataclass(frozen=True, slots=True)
class Outline:
    """A line through points in space; ``front`` ones are drawn over the body."""

    points: tuple[Vector, ...]
    width_cm: float
    closed: bool = False
    front: bool = False
    heads: int = 0  #: of an arrow


def outlines(props: Iterable[Prop], body: Body) -> list[Outline]:
    """Return the lines of all props."""
    return [outline for prop in props for outline in _DRAWN[prop.kind](prop, body)]


def _chair(prop: Prop, _: Body) -> list[Outline]:
    """Return a chair; ``at`` is the middle of its seat on the floor, and it looks along x before it is turned."""
    x, z = _on_floor(prop)
    cos, sin = math.cos(math.radians(prop.turn)), math.sin(math.radians(prop.turn))

    def corner(ahead: float, right: float, height: float) -> Vector:
        return (x + ahead * cos + right * sin, height, z - ahead * sin + right * cos)

    half, deep = _SEAT_HALF, _SEAT_DEPTH / 2
    corners = ((-deep, -half), (-deep, half), (deep, half), (deep, -half))
    legs = [Outline((corner(a, r, SEAT_CM), corner(a, r, 0.0)), 3) for a, r in corners]
    seat = Outline(tuple(corner(a, r, SEAT_CM) for a, r in corners), 3, closed=True)
    back = tuple(corner(-deep, r, h) for r, h in ((-half, SEAT_CM), (-half, _BACK), (half, _BACK), (half, SEAT_CM)))
    return [*legs, seat, Outline(back, 3)]


def _wall(prop: Prop, _: Body) -> list[Outline]:
    """Return a wall across x at ``at``; with a turn of 90 it stands across z."""
    x, z = _on_floor(prop)
    along_x, along_z = (_WALL_HALF, 0.0) if prop.turn else (0.0, _WALL_HALF)
    (a, b), (c, d) = (x - along_x, z - along_z), (x + along_x, z + along_z)
    return [Outline(((a, 0.0, b), (a, _WALL, b), (c, _WALL, d), (c, 0.0, d)), 2, closed=True)]


def _step(prop: Prop, _: Body) -> list[Outline]:
    """Return a step whose front edge is at ``at``."""
    x, z = _on_floor(prop)
    near, far, deep, high = z + 26, z - 26, x + 32, STEP_CM
    side = Outline(((x, 0.0, near), (x, high, near), (deep, high, near), (deep, 0.0, near)), 2, closed=True)
    top = Outline(((x, high, near), (x, high, far), (deep, high, far), (deep, high, near)), 2, closed=True)
    return [top, side]


def _pillow(prop: Prop, _: Body) -> list[Outline]:
    return [_round(prop.at, 15.0, 5.0, 16)]


def _roll(prop: Prop, _: Body) -> list[Outline]:
    return [_round(prop.at, 6.0, 4.5, 12)]


def _strap(prop: Prop, body: Body) -> list[Outline]:
    return [Outline(tuple(body.joints[name] for name in prop.joints), 2.5, front=True)]


def _bottle(prop: Prop, body: Body) -> list[Outline]:
    found = []
    for name in prop.joints:
        x, y, z = body.joints[name]
        found.append(Outline(((x, y - 9, z), (x, y + 9, z)), 8, front=True))
    return found


def _arrow(prop: Prop, _: Body) -> list[Outline]:
    """Return an arrow, bent as a quadratic curve if it has a ``via``."""
    start, stop = _in_space(prop.at), _in_space(prop.to)
    middle = _in_space(prop.via) if prop.via else tuple((a + b) / 2 for a, b in zip(start, stop, strict=True))
    shares = [i / 8 for i in range(9)]
    points = tuple(
        ((1 - t) ** 2 * start[0] + 2 * t * (1 - t) * middle[0] + t * t * stop[0],
         (1 - t) ** 2 * start[1] + 2 * t * (1 - t) * middle[1] + t * t * stop[1],
         (1 - t) ** 2 * start[2] + 2 * t * (1 - t) * middle[2] + t * t * stop[2])
        for t in shares
    )  # fmt: skip
    return [Outline(points, 2.4, front=True, heads=2 if prop.both else 1)]


def _in_space(at: tuple[float, ...]) -> Vector:
    return (at[0], at[1], at[2] if len(at) > 2 else 0.0)


def _on_floor(prop: Prop) -> tuple[float, float]:
    return prop.at[0], prop.at[2] if len(prop.at) > 2 else 0.0


def _round(at: tuple[float, ...], wide: float, high: float, corners: int) -> Outline:
    z = at[2] if len(at) > 2 else 0.0
    turns = [2 * math.pi * i / corners for i in range(corners)]
    return Outline(tuple((at[0] + wide * math.cos(t), at[1] + high * math.sin(t), z) for t in turns), 2, closed=True)


_DRAWN: Final[Mapping[PropKind, Callable[[Prop, Body], list[Outline]]]] = {
    PropKind.CHAIR: _chair,
    PropKind.WALL: _wall,
    PropKind.STEP: _step,
    PropKind.PILLOW: _pillow,
    PropKind.ROLL: _roll,
    PropKind.STRAP: _strap,
    PropKind.BOTTLE: _bottle,
    PropKind.ARROW: _arrow,
}
