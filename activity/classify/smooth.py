"""Smoothing over time: activities last longer than a window, so a lone odd window is probably a mistake."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from activity.classify import _kernels

_FLOOR: Final = 0.02  # a model that never saw something says almost zero; no window may veto a whole path


def smooth(
    probability: NDArray[np.float64], known: NDArray[np.bool_], transitions: NDArray[np.float64]
) -> NDArray[np.int64]:
    """Return the most likely path of classes (Viterbi, 1967) over runs of ``known`` windows; -1 elsewhere.

    ``probability`` is (n, n_classes), ``transitions`` (n_classes, n_classes) with rows that sum to 1 and no zero.
    Nothing is carried over windows that are not known.
    """
    path = np.full(len(probability), -1, dtype=np.int64)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], known, [False]]).astype(np.int8)))
    score = np.log(np.where(known[:, None], probability, 1.0) + _FLOOR)
    log_transitions = np.log(transitions)
    came_from = np.empty(score.shape, dtype=np.int8)
    for start, stop in edges.reshape(-1, 2).tolist():
        _kernels.viterbi(score[start:stop], log_transitions, came_from[start:stop], path[start:stop])
    return path
