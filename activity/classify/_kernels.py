"""Forest, network and smoothing as loops; in the forest trees outside, rows inside, so that a tree stays in cache."""

from typing import Any, TypeAlias

import numpy as np
from numba import njit
from numpy.typing import NDArray

Array: TypeAlias = NDArray[Any]


@njit(cache=True, nogil=True)
def add_trees(
    roots: Array, feature: Array, threshold: Array, right: Array, value: Array, rows: Array, out: Array
) -> None:
    """Add each tree's leaf value for each row to ``out`` (n_rows, n_classes); a node's left child follows it."""
    n_classes = value.shape[1]
    for t in range(roots.size):
        for i in range(rows.shape[0]):
            node = roots[t]
            while feature[node] >= 0:
                if rows[i, feature[node]] <= threshold[node]:
                    node += 1
                else:
                    node = right[node]
            leaf = right[node]
            for c in range(n_classes):
                out[i, c] += value[leaf, c]


@njit(cache=True, nogil=True)
def viterbi(score: Array, log_transition: Array, came_from: Array, out: Array) -> None:
    """Write the path of classes with the largest sum of scores and log transitions to ``out`` (n,)."""
    n, k = score.shape
    total = score[0].copy()
    moved = np.empty(k)
    for i in range(1, n):
        for c in range(k):
            best = 0
            for b in range(1, k):
                if total[b] + log_transition[b, c] > total[best] + log_transition[best, c]:
                    best = b
            came_from[i, c] = best
            moved[c] = total[best] + log_transition[best, c] + score[i, c]
        total[:] = moved
    out[n - 1] = np.argmax(total)
    for i in range(n - 1, 0, -1):
        out[i - 1] = came_from[i, out[i]]


@njit(cache=True, nogil=True)
def with_size(windows: Array, out: Array) -> None:
    """Fill ``out`` (n, width, 4) with the axes of windows (n, width, 3) and the size of acceleration less 1 g."""
    for w in range(windows.shape[0]):
        for t in range(windows.shape[1]):
            x, y, z = windows[w, t, 0], windows[w, t, 1], windows[w, t, 2]
            out[w, t, 0] = x
            out[w, t, 1] = y
            out[w, t, 2] = z
            out[w, t, 3] = np.sqrt(x * x + y * y + z * z) - np.float32(1.0)


@njit(cache=True, nogil=True)
def unfold(rows: Array, stride: int, out: Array) -> None:
    """Fill ``out`` (n, steps, taps * channels) with what each step of a convolution sees of ``rows`` (n, values)."""
    n, steps, values = out.shape
    for w in range(n):
        for t in range(steps):
            first = t * stride
            for v in range(values):
                out[w, t, v] = rows[w, first + v]


@njit(cache=True, nogil=True)
def rectify(values: Array, bias: Array) -> None:
    """Add ``bias`` to each row of ``values`` (n, channels), and set what is below zero to zero."""
    for i in range(values.shape[0]):
        for c in range(values.shape[1]):
            values[i, c] = max(values[i, c] + bias[c], np.float32(0.0))
