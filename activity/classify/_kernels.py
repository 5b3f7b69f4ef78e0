"""The forest as loops: trees outside, rows inside, so that a tree stays in cache."""

from typing import Any, TypeAlias

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
