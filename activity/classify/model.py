"""A model as values, and what it says of features."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from activity.classify import _kernels
from activity.errors import ModelError
from activity.labels import Activity


@dataclass(frozen=True, slots=True, eq=False)
class Forest:
    """Trees laid end to end; a node's left child is the next node, ``feature`` is -1 at a leaf."""

    roots: NDArray[np.int32]  #: (n_trees,) first node of each tree
    feature: NDArray[np.int16]  #: (n_nodes,)
    threshold: NDArray[np.float32]  #: (n_nodes,) a row goes left where its feature is at most this
    right: NDArray[np.int32]  #: (n_nodes,) right child; at a leaf its row in ``value``
    value: NDArray[np.float64]  #: (n_leaves, n_classes) share of each class


@dataclass(frozen=True, slots=True, eq=False)
class Model:
    """A trained classifier with all that decides whether it fits a recording."""

    name: str
    classes: tuple[Activity, ...]
    feature_names: tuple[str, ...]
    feature_version: str
    rate_hz: float  #: of the grid that features are computed on
    width_s: float  #: of a window
    forest: Forest
    facts: dict[str, Any]  #: model.json as it stands: training data, settings, scores, hashes

    @property
    def digest(self) -> str:
        """SHA-256 of the forest: two models with the same digest say the same."""
        return str(self.facts["files"]["forest.npz"])


def predict(model: Model, features: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return (n, len(classes)) probabilities; a row with a NaN in it is NaN throughout."""
    rows = np.ascontiguousarray(features, dtype=np.float32)
    if rows.ndim != 2 or rows.shape[1] != len(model.feature_names):
        raise ModelError(
            f"features have shape {rows.shape}", where=model.name, expected=f"(n, {len(model.feature_names)})"
        )
    known = ~np.isnan(rows).any(axis=1)
    out = np.full((len(rows), len(model.classes)), np.nan)
    out[known] = walk(model.forest, rows[known])
    return out


def walk(forest: Forest, rows: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the mean of the trees' leaf values for each row."""
    total = np.zeros((len(rows), forest.value.shape[1]))
    _kernels.add_trees(forest.roots, forest.feature, forest.threshold, forest.right, forest.value, rows, total)
    total /= forest.roots.size
    return total
