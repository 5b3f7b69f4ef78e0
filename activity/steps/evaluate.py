"""How near the counted steps come to a reference, recording by recording, summed up by kind of movement."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from activity.labels import ACTIVITIES, Activity
from activity.signal.regularise import Grid
from activity.steps.peaks import rhythm_step_times_ns, step_times_ns
from activity.windows import WINDOW_S, Windows


@dataclass(frozen=True, slots=True, eq=False)
class Walk:
    """One recording of one kind of movement, and the steps it truly has; hand work has none."""

    source: str
    kind: str  #: as the data set calls it
    name: str  #: of the person or the recording
    activity: Activity  #: what a classifier would have to say; of hand work, what it says when it is fooled
    reference: float
    grid: Grid


@dataclass(frozen=True, slots=True)
class CountedWalk:
    """One recording of one person's stepping: what it is called, the steps it truly has, and those counted."""

    original: str
    reference: float
    counted: int
    name: str = ""
    minutes: float = 0.0

    @property
    def error(self) -> float:
        """Counted less true, as a share of the true steps."""
        return (self.counted - self.reference) / self.reference


@dataclass(frozen=True, slots=True)
class StepScores:
    """Errors over all recordings of one kind; percentages are of the reference of each recording."""

    original: str
    recordings: int
    minutes: float
    reference: float  #: steps in all of them together
    counted: int
    mape_percent: float | None  #: mean absolute percentage error; none of recordings without steps
    bias_percent: float | None  #: mean percentage error; below zero, steps are missed
    worst_percent: float | None  #: signed, of the recording that is furthest off
    worst: str  #: name of that recording
    rmse_steps: float
    false_per_minute: float  #: counted beyond the true ones, in all recordings together; below zero, some are missed


def count_steps(grid: Grid, activity: Activity) -> int:
    """Return the steps in a recording of nothing but ``activity``; what is left of the last window counts, too."""
    windows = Windows.of_seconds(WINDOW_S, grid.rate_hz)
    whole = -(-len(grid) // windows.width_samples)
    codes = np.full(whole, ACTIVITIES.index(activity), dtype=np.int8)
    return int(step_times_ns(grid, windows, codes).size)


def count_alone(grid: Grid) -> int:
    """Return the steps in a recording of anything, by its rhythm alone."""
    return int(rhythm_step_times_ns(grid).size)


def score_steps(walks: Iterable[CountedWalk]) -> tuple[StepScores, ...]:
    """Return the scores of each kind of recording, by name; without a true step in any, there are no percentages."""
    groups: dict[str, list[CountedWalk]] = {}
    for walk in walks:
        groups.setdefault(walk.original, []).append(walk)
    return tuple(_score(name, groups[name]) for name in sorted(groups))


def _score(name: str, walks: list[CountedWalk]) -> StepScores:
    stepping = [walk for walk in walks if walk.reference > 0]
    errors = np.array([walk.error for walk in stepping]) * 100.0
    off = np.array([walk.counted - walk.reference for walk in walks])
    worst = int(np.abs(errors).argmax()) if stepping else -1
    minutes = sum(walk.minutes for walk in walks)
    return StepScores(
        original=name,
        recordings=len(walks),
        minutes=minutes,
        reference=float(sum(walk.reference for walk in walks)),
        counted=sum(walk.counted for walk in walks),
        mape_percent=float(np.abs(errors).mean()) if stepping else None,
        bias_percent=float(errors.mean()) if stepping else None,
        worst_percent=float(errors[worst]) if stepping else None,
        worst=stepping[worst].name if stepping else "",
        rmse_steps=float(np.sqrt((off**2).mean())),
        false_per_minute=float(off.sum()) / minutes if minutes else 0.0,
    )
