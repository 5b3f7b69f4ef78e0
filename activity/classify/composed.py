"""Days composed of real windows: where smoothing over time is learned and judged, since no recording has transitions.

How long people keep at one activity, and what follows, are round numbers of our own after what is published: most
walking bouts are under a minute, six in ten under 30 s (Orendurff et al., J Rehabil Res Dev 2008); a flight of stairs
takes 10 to 20 s; sitting comes in spells of minutes to an hour (Diaz et al., Ann Intern Med 2017).
"""

import itertools
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from activity.labels import ACTIVITIES, Activity
from activity.windows import WINDOW_S

DAYS_LEARNED: Final = 200
WINDOWS_A_DAY: Final = 16 * 360


@dataclass(frozen=True, slots=True)
class Habit:
    """How long one keeps at an activity (log-normal), and how often each other one follows."""

    median_s: float
    spread: float  #: sd of the logarithm
    then: dict[Activity, float]


_SIT, _STAND, _LIE = Activity.SITTING, Activity.STANDING, Activity.LYING
_WALK, _RUN, _STAIRS, _OTHER = Activity.WALKING, Activity.RUNNING, Activity.STAIRS, Activity.OTHER

HABITS: Final[dict[Activity, Habit]] = {
    _SIT: Habit(420.0, 1.2, {_STAND: 4, _WALK: 3, _OTHER: 2, _LIE: 0.5}),
    _STAND: Habit(60.0, 1.0, {_WALK: 4, _SIT: 2, _OTHER: 3}),
    _LIE: Habit(1200.0, 1.0, {_SIT: 2, _STAND: 1}),
    _WALK: Habit(40.0, 1.1, {_STAND: 5, _SIT: 2, _OTHER: 2, _STAIRS: 1, _RUN: 0.1}),
    _RUN: Habit(600.0, 0.7, {_WALK: 3, _STAND: 1}),
    _STAIRS: Habit(14.0, 0.4, {_WALK: 4, _STAND: 1}),
    _OTHER: Habit(90.0, 1.0, {_STAND: 3, _WALK: 2, _SIT: 2}),
}


def compose(windows: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Return the index in ``ACTIVITIES`` of each window of a composed day; no bout is shorter than a window."""
    parts: list[NDArray[np.int64]] = []
    filled, now = 0, _SIT
    while filled < windows:
        habit = HABITS[now]
        length = max(1, round(float(rng.lognormal(np.log(habit.median_s), habit.spread)) / WINDOW_S))
        parts.append(np.full(length, ACTIVITIES.index(now)))
        filled += length
        weight = np.array(list(habit.then.values()))
        now = list(habit.then)[int(rng.choice(weight.size, p=weight / weight.sum()))]
    return np.concatenate(parts)[:windows]


def learn_transitions(seed: int) -> NDArray[np.float64]:
    """Return (n, n) chances that a window of one activity is followed by one of another, over ``ACTIVITIES``.

    Every change has been seen once more than it was, so that none is impossible.
    """
    count = np.ones((len(ACTIVITIES), len(ACTIVITIES)))
    for day in range(DAYS_LEARNED):
        path = compose(WINDOWS_A_DAY, np.random.default_rng([seed, day]))
        np.add.at(count, (path[:-1], path[1:]), 1.0)
    out: NDArray[np.float64] = count / count.sum(axis=1, keepdims=True)
    return out


def fill(
    path: NDArray[np.int64], parts: dict[int, list[NDArray[np.int64]]], rng: np.random.Generator
) -> NDArray[np.int64]:
    """Return a row for each window of ``path``: for each bout a run of rows of one of its activity's recordings.

    ``parts`` has, for each activity, recordings as rows in order; a bout longer than a recording goes round in it.
    """
    edges = np.concatenate([[0], np.flatnonzero(np.diff(path)) + 1, [path.size]])
    rows = np.empty(path.size, np.int64)
    for start, stop in itertools.pairwise(edges):
        choices = parts[int(path[start])]
        part = choices[int(rng.integers(len(choices)))]
        first = int(rng.integers(part.size))
        rows[start:stop] = part[(first + np.arange(stop - start)) % part.size]
    return rows
