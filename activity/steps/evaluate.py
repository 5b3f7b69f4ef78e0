"""How near the counted steps come to a reference, recording by recording, summed up by activity."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from activity.labels import ACTIVITIES, Activity
from activity.signal.regularise import Grid
from activity.steps.peaks import step_times_ns
from activity.windows import WINDOW_S, Windows


@dataclass(frozen=True, slots=True)
class CountedWalk:
    """One recording of one person's stepping: what it is called, the steps it truly has, and those counted."""

    original: str
    reference: float
    counted: int

    @property
    def error(self) -> float:
        """Counted less true, as a share of the true steps."""
        return (self.counted - self.reference) / self.reference


@dataclass(frozen=True, slots=True)
class StepScores:
    """Errors over all recordings of one kind; percentages are of the reference of each recording."""

    original: str
    recordings: int
    reference: float  #: steps in all of them together
    counted: int
    mape_percent: float  #: mean absolute percentage error
    bias_percent: float  #: mean percentage error; below zero, steps are missed
    worst_percent: float
    rmse_steps: float


def count_steps(grid: Grid, activity: Activity) -> int:
    """Return the steps in a recording of nothing but ``activity``; what is left of the last window counts, too."""
    windows = Windows.of_seconds(WINDOW_S, grid.rate_hz)
    whole = -(-len(grid) // windows.width_samples)
    accel_g = np.full((whole * windows.width_samples, 3), np.nan, dtype=np.float32)
    accel_g[: len(grid)] = grid.accel_g
    codes = np.full(whole, ACTIVITIES.index(activity), dtype=np.int8)
    return int(step_times_ns(Grid(accel_g, grid.rate_hz, grid.start_ns), windows, codes).size)


def score_steps(walks: Iterable[CountedWalk]) -> tuple[StepScores, ...]:
    """Return the scores of each kind of recording, by name; walks without true steps have no percentage."""
    groups: dict[str, list[CountedWalk]] = {}
    for walk in walks:
        if walk.reference > 0:
            groups.setdefault(walk.original, []).append(walk)
    return tuple(_score(name, groups[name]) for name in sorted(groups))


def _score(name: str, walks: list[CountedWalk]) -> StepScores:
    errors = np.array([walk.error for walk in walks]) * 100.0
    off = np.array([walk.counted - walk.reference for walk in walks])
    return StepScores(
        original=name,
        recordings=len(walks),
        reference=float(sum(walk.reference for walk in walks)),
        counted=sum(walk.counted for walk in walks),
        mape_percent=float(np.abs(errors).mean()),
        bias_percent=float(errors.mean()),
        worst_percent=float(np.abs(errors).max()),
        rmse_steps=float(np.sqrt((off**2).mean())),
    )
