"""The kinds of movement that a model tells apart before they are summed up to activities."""

from dataclasses import dataclass
from typing import Final

from activity.labels import Activity


@dataclass(frozen=True, slots=True)
class Kind:
    """One way of being active; ``slowest`` and ``fastest`` say how much it may be stretched and stay of its kind."""

    name: str
    activity: Activity
    slowest: float = 1.0
    fastest: float = 1.0


#: The nine of the selfBACK recordings, by which their paces and the two ways on stairs are told apart, and ``other``.
#: A slow walk played slower is a slow walk still, a moderate one is not.
KINDS: Final = (
    Kind("sitting", Activity.SITTING),
    Kind("standing", Activity.STANDING),
    Kind("lying", Activity.LYING),
    Kind("walk_slow", Activity.WALKING, 0.7, 1.04),
    Kind("walk_mod", Activity.WALKING, 0.95, 1.05),
    Kind("walk_fast", Activity.WALKING, 0.96, 1.15),
    Kind("jogging", Activity.RUNNING, 0.92, 1.08),
    Kind("upstairs", Activity.STAIRS, 0.8, 1.12),
    Kind("downstairs", Activity.STAIRS, 0.8, 1.12),
    Kind("other", Activity.OTHER, 0.6, 1.5),
)
KIND_INDEX: Final = {kind.name: index for index, kind in enumerate(KINDS)}
OTHER: Final = KIND_INDEX["other"]


def activity_of(name: str) -> Activity:
    """Return the activity of a kind, or of an activity by its own name; ``ValueError`` for another name."""
    index = KIND_INDEX.get(name)
    return Activity(name) if index is None else KINDS[index].activity
