"""A pose as ``data/content/poses.toml`` has it: directions of limbs or where hands and feet are, and what stands by.

Lengths are centimetres of a body 164 cm tall; the floor is ``y = 0``, ``x`` runs the way an upright person looks, ``z``
to their right. Directions are degrees of a clock seen from the right side: 0 up, 90 forwards, 180 down, -90 back.
"""

from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from importlib.resources.abc import Traversable
from typing import Annotated, Any, Final, Self

from pydantic import Field, model_validator

from activity.errors import ContentError
from activity.questionnaires.definition import Checked, checked, read_toml
from activity.resources import shipped

Spot = Annotated[tuple[float, ...], Field(min_length=2, max_length=3)]


class View(StrEnum):
    """Where the body is looked at from."""

    SIDE = "side"
    FRONT = "front"
    QUARTER = "quarter"  #: half way between the two
    BEHIND = "behind"
    ABOVE = "above"  #: from the side and well above, for people who lie


class Frame(StrEnum):
    """How the body's own axes lie in the world before any joint bends."""

    UPRIGHT = "upright"
    RIGHT_SIDE = "right-side"  #: lying on the right side, head to the left, face to the viewer


class PropKind(StrEnum):
    """Things that a drawing may show beside the floor."""

    CHAIR = "chair"
    WALL = "wall"
    STEP = "step"
    PILLOW = "pillow"
    ROLL = "roll"  #: a rolled towel
    STRAP = "strap"  #: a band or a towel, taut between its joints
    BOTTLE = "bottle"
    ARROW = "arrow"


class Prop(Checked):
    """One thing: at ``at`` (x, y, z), or held between or at ``joints``."""

    kind: PropKind
    at: Spot = (0.0, 0.0)
    joints: tuple[str, ...] = ()
    turn: float = 0.0  #: degrees about the upright axis; a chair at 0 looks along x, a wall at 0 stands across it
    to: Spot = (0.0, 0.0)  #: where an arrow ends
    via: Spot | None = None  #: what an arrow bends towards
    both: bool = False  #: an arrow with two heads


class Limb(Checked):
    """An arm or a leg: two directions, or the place its wrist or ankle is at."""

    upper: float | None = None
    lower: float | None = None
    out: float = 0.0  #: degrees out to its own side; below 0 across the body
    lower_out: float | None = None  #: of the forearm or shin, where it differs
    to: Spot | None = None  #: of the wrist or ankle, z out to its own side; elbow and knee are worked out
    bend: float | None = None  #: direction that elbow or knee points to; as the joint bends by itself if not given
    bend_out: float = 0.0
    end: float | None = None  #: direction of the foot; forwards of the shin if not given
    end_out: float = 0.0

    @model_validator(mode="after")
    def _said_one_way(self) -> Self:
        if (self.to is None) == (self.upper is None):
            raise ValueError("a limb has either `to` or `upper`")
        return self


class Pose(Checked):
    """One still picture of the body."""

    id: str = Field(pattern=r"^[a-z][a-z0-9-]*$")
    view: View = View.SIDE
    frame: Frame = Frame.UPRIGHT
    pelvis: tuple[float | None, ...] = (0.0, None)  #: x, y, z; without y the body sinks until it touches the floor
    trunk: tuple[float, float] = (0.0, 0.0)  #: direction of the lower and of the upper half
    lean: tuple[float, float] = (0.0, 0.0)  #: degrees of both halves to the right
    twist: float = 0.0  #: degrees of chest and arms about the spine, to the left
    roll: float = 0.0  #: degrees of the legs about the spine, to the left
    head: float | None = None  #: as the upper trunk if not given
    head_out: float = 0.0
    right_arm: Limb = Limb(upper=180, lower=175)
    left_arm: Limb = Limb(upper=180, lower=175)
    right_leg: Limb = Limb(upper=180, lower=180)
    left_leg: Limb = Limb(upper=180, lower=180)
    props: tuple[Prop, ...] = ()


SIDES: Final = ("right", "left")


@cache
def shipped_poses() -> Mapping[str, Pose]:
    """Return the shipped poses by id."""
    return load_poses(shipped("data", "content", "poses.toml"))


def load_poses(file: Traversable) -> Mapping[str, Pose]:
    """Return the poses of a file by id; ``ContentError`` says what doesn't fit.

    A pose may take everything it doesn't say from an earlier one (``like``), and say both sides at once (``arms``,
    ``legs``).
    """
    values, _ = read_toml(file)
    known: dict[str, dict[str, Any]] = {}
    poses: dict[str, Pose] = {}
    for row in values.get("pose", ()):
        name = str(row.get("id"))
        if name in known or row.get("like", "") not in {"", *known}:
            raise ContentError(f"pose {name!r}", file.name, "an id of its own, and `like` that of an earlier pose")
        known[name] = known.get(row.get("like", ""), {}) | _both_sides(row)
        poses[name] = checked(Pose, known[name], f"{file.name}, {name}")
    return poses


def _both_sides(row: Mapping[str, Any]) -> dict[str, Any]:
    both = {f"{side}_{limb}": row[f"{limb}s"] for limb in ("arm", "leg") if f"{limb}s" in row for side in SIDES}
    return both | {name: value for name, value in row.items() if name not in {"like", "arms", "legs"}}
