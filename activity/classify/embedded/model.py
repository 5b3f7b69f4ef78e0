"""Trees in whole numbers as values, and what they say of windows: the twin of what a band computes."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from activity.classify.embedded.features import integer_features
from activity.classify.embedded.integer import weights
from activity.labels import Activity

#: A place below 0 is a leaf, and its score is this much more; a score of 256 doubles the odds of a class.
LEAF: Final = 16384
#: So that a sum of scores is within 32 bits.
MOST_TREES: Final = 65535


@dataclass(frozen=True, slots=True, eq=False)
class IntegerForest:
    """Inner nodes of all trees. A place from 0 on is a node; one below 0 is a leaf with the score ``place + LEAF``."""

    base: NDArray[np.int16]  #: (n_classes,) what each class's score begins with
    roots: NDArray[np.int16]  #: (n_trees,) place where each tree begins; tree t is of class t % n_classes
    feature: NDArray[np.uint8]  #: (n_nodes,)
    threshold: NDArray[np.int16]  #: (n_nodes,) a window goes left where its feature is at most this
    left: NDArray[np.int16]  #: (n_nodes,) place
    right: NDArray[np.int16]  #: (n_nodes,) place

    @property
    def table_bytes(self) -> int:
        """Bytes of all its arrays, as they lie in a band's flash."""
        return sum(getattr(self, name).nbytes for name in ("base", "roots", "feature", "threshold", "left", "right"))


@dataclass(frozen=True, slots=True, eq=False)
class EmbeddedModel:
    """A classifier that fits on a band."""

    name: str
    classes: tuple[Activity, ...]
    feature_version: str
    forest: IntegerForest
    facts: dict[str, Any]  #: model.json as it stands: training data, settings, scores, hashes

    @property
    def digest(self) -> str:
        """SHA-256 of the forest: two models with the same digest say the same."""
        return str(self.facts["files"]["forest.npz"])


@dataclass(frozen=True, slots=True, eq=False)
class Verdict:
    """What a model says of windows."""

    activity: NDArray[np.int64]  #: (n,) index into the model's classes; the first of those with the best score
    score: NDArray[np.int64]  #: (n, n_classes)

    @property
    def confidence(self) -> NDArray[np.int64]:
        """(n, n_classes) probabilities in 1/255."""
        weight = weights(self.score)
        shares: NDArray[np.int64] = weight * 255 // weight.sum(axis=1, keepdims=True)
        return shares


def recognise(model: EmbeddedModel, samples: NDArray[np.int16], range_g: int) -> Verdict:
    """Return what a band with this model says of (n, 250, 3) samples in counts of ``range_g`` / 32768."""
    return judge(model.forest, integer_features(samples, range_g))


def judge(forest: IntegerForest, features: NDArray[np.int16]) -> Verdict:
    """Return what a forest says of (n, n_features) rows."""
    n_classes = forest.base.size
    score = np.tile(forest.base.astype(np.int64), (len(features), 1))
    row = np.arange(len(features))
    for tree, root in enumerate(forest.roots):
        place = np.full(len(features), root, dtype=np.int64)
        while (inner := place >= 0).any():
            node = np.where(inner, place, 0)
            goes_left = features[row, forest.feature[node]] <= forest.threshold[node]
            place = np.where(inner, np.where(goes_left, forest.left[node], forest.right[node]), place)
        score[:, tree % n_classes] += place + LEAF
    return Verdict(score.argmax(axis=1), score)
