"""Smoothing over time: activities last longer than a window, so a lone odd window is probably a mistake."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

#: Chance that the next ten seconds are the same activity. Stairs last 10 to 20 s, so it has to stay modest: with it
#: a single window has to be about nine times as likely as its neighbours' activity to stand against both.
STAY: Final = 0.75
_FLOOR: Final = 0.02  # a forest that never saw something says zero; no window may veto a whole path


def smooth(probability: NDArray[np.float64], known: NDArray[np.bool_], stay: float = STAY) -> NDArray[np.int64]:
    """Return the most likely path of classes (Viterbi) over runs of ``known`` windows; -1 elsewhere.

    ``probability`` is (n, n_classes); ``stay`` is more than one in ``n_classes``. Nothing is carried over
    windows that are not known.
    """
    path = np.full(len(probability), -1, dtype=np.int64)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], known, [False]]).astype(np.int8)))
    for start, stop in edges.reshape(-1, 2).tolist():
        path[start:stop] = _viterbi(np.log(probability[start:stop] + _FLOOR), stay)
    return path


def _viterbi(score: NDArray[np.float64], stay: float) -> NDArray[np.int64]:
    n, k = score.shape
    # With one chance of staying and one of leaving, the best way into a class is from itself or from the best.
    keep, leave = np.log(stay), np.log((1.0 - stay) / max(k - 1, 1))
    came_from = np.empty((n, k), dtype=np.int64)
    total = score[0].copy()
    own = np.arange(k)
    for i in range(1, n):
        best = int(np.argmax(total))
        moved = total[best] + leave
        stayed = total + keep
        came_from[i] = np.where(stayed >= moved, own, best)
        total = np.maximum(stayed, moved) + score[i]
    path = np.empty(n, dtype=np.int64)
    path[-1] = int(np.argmax(total))
    for i in range(n - 1, 0, -1):
        path[i - 1] = came_from[i, path[i]]
    return path
