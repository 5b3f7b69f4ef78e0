"""What the wearer of a simulated band does, part by part, and what each part is called."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from device.errors import RecordingError

LABELS: Final[dict[str, str]] = {
    "lie": "lying",
    "sit": "sitting",
    "stand": "standing",
    "stroll": "walking",
    "walk": "walking",
    "brisk": "walking",
    "run": "running",
    "climb": "stairs",
    "descend": "stairs",
    "dishes": "other",
    "drive": "other",
    "unworn": "unworn",
}
"""Common label of each part. They are words, not ``activity.labels``: a band knows nothing of activities."""

STEPPING: Final[frozenset[str]] = frozenset({"stroll", "walk", "brisk", "run", "climb", "descend"})
"""Parts in which there are steps."""

POSTURES: Final[frozenset[str]] = frozenset({"lie", "sit", "stand"})
"""Parts in which the body rests."""

NS_PER_MINUTE: Final = 60_000_000_000


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of one activity (a key of ``LABELS``); ``place`` is a note for people, such as "desk"."""

    activity: str
    minutes: float
    place: str = ""

    def __post_init__(self) -> None:
        if self.activity not in LABELS:
            raise RecordingError(f"no movement is called {self.activity!r}", expected=", ".join(LABELS))
        if not 0.0 < self.minutes < float("inf"):
            raise RecordingError(f"{self.activity} lasts {self.minutes} minutes", expected="more than 0 minutes")


@dataclass(frozen=True, slots=True)
class LabelledSpan:
    """What was truly done in ``[start_ns, stop_ns)``, UTC."""

    start_ns: int
    stop_ns: int
    part: Part
    label: str


def spans_of(script: Sequence[Part], start_ns: int) -> tuple[LabelledSpan, ...]:
    """Return where each part lies; edges are rounded from the sum, so no error adds up over a day."""
    minutes = itertools.accumulate((part.minutes for part in script), initial=0.0)
    edges = [start_ns + round(total * NS_PER_MINUTE) for total in minutes]
    return tuple(
        LabelledSpan(start, stop, part, LABELS[part.activity])
        for (start, stop), part in zip(itertools.pairwise(edges), script, strict=True)
    )


# Hours of an office and warehouse worker with a sore back: long sitting with restless breaks, hardly a brisk step.
# A block is (activity, place, shortest, longest minutes); blocks marked "desk" are stretched to fill the eight hours.
_DAY: Final[tuple[tuple[str, str, float, float], ...]] = (
    ("drive", "to work", 18.0, 24.0),
    ("walk", "car park", 3.0, 5.0),
    ("climb", "stairs to the office", 0.6, 1.0),
    ("sit", "desk", 42.0, 58.0),
    ("stand", "coffee", 3.0, 6.0),
    ("stroll", "corridor", 1.5, 3.0),
    ("sit", "desk", 34.0, 48.0),
    ("descend", "stairs to the warehouse", 0.5, 0.8),
    ("walk", "warehouse", 6.0, 9.0),
    ("stand", "packing table", 8.0, 14.0),
    ("stroll", "warehouse", 4.0, 7.0),
    ("stand", "packing table", 6.0, 10.0),
    ("walk", "back to the office", 2.0, 3.5),
    ("climb", "stairs to the office", 0.6, 1.0),
    ("sit", "desk", 24.0, 34.0),
    ("stroll", "lunch, outdoors", 14.0, 19.0),
    ("sit", "canteen", 16.0, 22.0),
    ("dishes", "tea kitchen", 6.0, 9.0),
    ("sit", "desk", 36.0, 50.0),
    ("lie", "resting the back", 9.0, 13.0),
    ("stand", "high desk", 12.0, 18.0),
    ("brisk", "late for a meeting", 2.5, 4.0),
    ("sit", "meeting", 38.0, 50.0),
    ("unworn", "band off, on the table", 12.0, 16.0),
    ("stand", "high desk", 8.0, 14.0),
    ("sit", "desk", 28.0, 40.0),
    ("descend", "stairs to the warehouse", 0.5, 0.8),
    ("walk", "car park", 4.0, 6.0),
    ("drive", "home", 18.0, 24.0),
    ("stroll", "with the dog", 7.0, 10.0),
)
_DAY_SECONDS: Final = 8 * 3600


def working_day(start_ns: int, seed: int) -> tuple[Part, ...]:
    """Return eight hours, to the second, of a worker with a sore back; every start and seed is a day of its own."""
    rng = np.random.default_rng([seed, start_ns // NS_PER_MINUTE])
    seconds = [round(60.0 * rng.uniform(low, high)) for _, _, low, high in _DAY]
    desks = [index for index, (_, place, _, _) in enumerate(_DAY) if place == "desk"]
    spare = _DAY_SECONDS - sum(seconds)
    for rank, index in enumerate(desks):
        # Whole seconds, the remainder shared out one by one, so that the day sums to eight hours exactly.
        seconds[index] += spare // len(desks) + (1 if rank < spare % len(desks) else 0)
    return tuple(
        Part(activity, duration / 60.0, place) for (activity, place, _, _), duration in zip(_DAY, seconds, strict=True)
    )
