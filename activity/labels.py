"""The activities and their order, which models, tables and charts all use."""

from enum import StrEnum
from typing import Final


class Activity(StrEnum):
    """What the wearer of a band does; time without wear is not an activity."""

    SITTING = "sitting"
    STANDING = "standing"
    LYING = "lying"
    WALKING = "walking"
    RUNNING = "running"
    STAIRS = "stairs"
    OTHER = "other"  #: moving, but none of these: hand work, driving, housework


class Rollup(StrEnum):
    """Activities as most tables show them: postures are one."""

    STILL = "still"
    WALKING = "walking"
    RUNNING = "running"
    STAIRS = "stairs"
    OTHER = "other"


ACTIVITIES: Final[tuple[Activity, ...]] = tuple(Activity)
ROLLUPS: Final[tuple[Rollup, ...]] = tuple(Rollup)

ROLLUP: Final[dict[Activity, Rollup]] = {
    Activity.SITTING: Rollup.STILL,
    Activity.STANDING: Rollup.STILL,
    Activity.LYING: Rollup.STILL,
    Activity.WALKING: Rollup.WALKING,
    Activity.RUNNING: Rollup.RUNNING,
    Activity.STAIRS: Rollup.STAIRS,
    Activity.OTHER: Rollup.OTHER,
}

STEPPING: Final[frozenset[Activity]] = frozenset({Activity.WALKING, Activity.RUNNING, Activity.STAIRS})
