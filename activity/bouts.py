"""Bouts: stretches of one activity, made from epochs."""

from dataclasses import dataclass

import numpy as np

from activity.epochs import UNKNOWN, Epochs
from activity.labels import ACTIVITIES, Activity


@dataclass(frozen=True, slots=True)
class Bout:
    """A stretch of one activity in ``[start_ns, stop_ns)``, UTC; ``steps`` is NaN where unknown."""

    start_ns: int
    stop_ns: int
    activity: Activity
    steps: float

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return (self.stop_ns - self.start_ns) / 1e9


def bouts_from(epochs: Epochs) -> tuple[Bout, ...]:
    """Return the stretches of one activity in time order: adjoining epochs that are worn and recognised.

    Their durations add up to the width of all such epochs; a gap, unworn or unrecognised time ends a bout.
    """
    width_ns = round(epochs.width_s * 1e9)
    place = np.flatnonzero((epochs.worn == 1) & (epochs.activity != UNKNOWN))
    if place.size == 0:
        return ()
    activity, time_ns = epochs.activity[place], epochs.time_ns[place]
    # Half a width of play: epochs lie on an even grid, so anything further apart is a missing epoch.
    breaks = (np.diff(activity) != 0) | (np.diff(time_ns) > width_ns + width_ns // 2)
    first = np.concatenate(([0], np.flatnonzero(breaks) + 1))
    last = np.concatenate((first[1:], [place.size])) - 1
    steps = np.add.reduceat(epochs.steps[place].astype(np.float64), first)
    return tuple(
        Bout(int(time_ns[a]), int(time_ns[b]) + width_ns, ACTIVITIES[int(activity[a])], float(taken))
        for a, b, taken in zip(first, last, steps, strict=True)
    )
