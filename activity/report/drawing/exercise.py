"""The drawing of an exercise of the library: its poses, its arrows, and its picture in words."""

from collections.abc import Mapping, Sequence
from typing import Final

from activity.coach.content import Exercise, Position
from activity.errors import ContentError
from activity.report.drawing.body import JOINTS
from activity.report.drawing.pose import Pose, PropKind, shipped_poses
from activity.report.drawing.svg import draw

POSITION_WORDS: Final[Mapping[Position, str]] = {
    Position.LYING_BACK: "lying on the back",
    Position.LYING_SIDE: "lying on the side",
    Position.LYING_FRONT: "lying on the front",
    Position.HANDS_KNEES: "on hands and knees",
    Position.KNEELING: "kneeling",
    Position.SITTING: "sitting",
    Position.STANDING: "standing",
}
_COUNTS: Final = ("No", "One", "Two", "Three")
_PARTS: Final[Mapping[str, str]] = {
    "hand": "hand",
    "ankle": "foot",
    "knee": "knee",
    "pelvis": "hips",
    "waist": "back",
    "crown": "head",
}


def exercise_drawing(exercise: Exercise, poses: Mapping[str, Pose] | None = None) -> str:
    """Return the SVG of an exercise; ``ContentError`` if it names a pose or a joint that there isn't."""
    known = shipped_poses() if poses is None else poses
    for names, there in ((exercise.frames, known), (exercise.trails, JOINTS)):
        if strangers := [name for name in names if name not in there]:
            raise ContentError(
                f"{strangers[0]!r} can't be drawn", f"exercise {exercise.id}", "a pose of poses.toml, or a joint"
            )
    frames = [known[name] for name in exercise.frames]
    return draw(exercise.id, exercise.name, picture_words(exercise, frames), frames, exercise.trails)


def picture_words(exercise: Exercise, frames: Sequence[Pose]) -> str:
    """Return what the drawing of an exercise shows, for people who don't see it."""
    count = len(exercise.frames)
    pictures = f"{_COUNTS[count]} picture{'s' if count > 1 else ''} of a person {POSITION_WORDS[exercise.position]}."
    if not exercise.trails:
        pointing = any(prop.kind is PropKind.ARROW for frame in frames for prop in frame.props)
        return f"{pictures} An arrow shows which way to move or press." if pointing else pictures
    return (
        f"{pictures} {'Arrows show' if len(exercise.trails) > 1 else 'An arrow shows'} how {_moving(exercise.trails)}."
    )


def _moving(trails: Sequence[str]) -> str:
    parts = ["the " + " ".join(_PARTS.get(word, word) for word in joint.split("-")) for joint in trails]
    plural = len(parts) > 1 or parts[0].endswith("hips")
    return f"{' and '.join(parts)} {'move' if plural else 'moves'}"
