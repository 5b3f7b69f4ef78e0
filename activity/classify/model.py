"""A model as values, and what it says of the windows of a grid."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from activity.classify import _kernels
from activity.classify.kinds import activity_of
from activity.classify.network import INPUT_VERSION, Network, embed, head_logits, softmax
from activity.classify.raw import cut_windows, grid_of
from activity.errors import ModelError
from activity.features.table import FEATURE_VERSION, compute_features
from activity.labels import Activity
from activity.signal.regularise import Grid
from activity.threads import share
from activity.windows import Windows


@dataclass(frozen=True, slots=True, eq=False)
class Forest:
    """Trees laid end to end; a node's left child is the next node, ``feature`` is -1 at a leaf."""

    roots: NDArray[np.int32]  #: (n_trees,) first node of each tree
    feature: NDArray[np.int16]  #: (n_nodes,)
    threshold: NDArray[np.float32]  #: (n_nodes,) a row goes left where its feature is at most this
    right: NDArray[np.int32]  #: (n_nodes,) right child; at a leaf its row in ``value``
    value: NDArray[np.float64]  #: (n_leaves, n_kinds) share of each kind


@dataclass(frozen=True, slots=True, eq=False)
class Boosted:
    """Trees that mend what those before them got wrong: their leaf values are added up and are logits."""

    trees: Forest  #: ``value`` (n_leaves, n_kinds) is what a leaf adds to the logit of each kind
    base: NDArray[np.float64]  #: (n_kinds,) logits before the first tree


Member = Forest | Boosted | Network

#: Chance that the next window is the same activity, for a model that has learned no transitions.
STAY: Final = 0.75


@dataclass(frozen=True, slots=True, eq=False)
class Model:
    """A trained classifier with all that decides whether it fits a recording.

    Trees see the features of a window, networks its samples; the model says the mean of what its members say.
    """

    name: str
    kinds: tuple[str, ...]  #: what the members tell apart: ``kinds.KINDS`` or activities
    members: tuple[Member, ...]
    rate_hz: float  #: of the grid
    width_s: float  #: of a window
    temperature: float  #: above 1 where the members are surer than they are right (Guo et al., ICML 2017)
    feature_version: str  #: of what its members were trained on: ``member_version`` of each
    facts: dict[str, Any]  #: model.json as it stands: training data, settings, scores, hashes

    @property
    def classes(self) -> tuple[Activity, ...]:
        """The activities that the model knows, in the order of its columns."""
        return tuple(dict.fromkeys(activity_of(kind) for kind in self.kinds))

    @property
    def transitions(self) -> NDArray[np.float64]:
        """Chances that a window of one class is followed by one of another, (len(classes), len(classes))."""
        found = self.facts.get("transitions")
        if found is not None:
            return np.array(found, dtype=np.float64)
        others = max(len(self.classes) - 1, 1)
        return np.where(np.eye(len(self.classes)) == 1.0, STAY, (1.0 - STAY) / others)

    @property
    def digest(self) -> str:
        """SHA-256 over the hashes of its files: two models with the same digest say the same."""
        return str(self.facts["digest"])


def member_version(members: tuple[Member, ...]) -> str:
    """Return the version of what this program gives to members of these kinds."""
    versions = {INPUT_VERSION if isinstance(member, Network) else FEATURE_VERSION for member in members}
    return "+".join(sorted(versions))


def predict(model: Model, grid: Grid, windows: Windows) -> NDArray[np.float64]:
    """Return (n_windows, len(classes)) probabilities; a window of which too little came is NaN throughout.

    Raises ``ModelError`` where the grid isn't of the model's rate or the windows not of its width.
    """
    if grid.rate_hz != model.rate_hz or windows != Windows.of_seconds(model.width_s, model.rate_hz):
        raise ModelError(
            f"{windows.width_samples} rows a window at {grid.rate_hz:g} Hz",
            where=model.name,
            expected=f"{model.width_s:g} s at {model.rate_hz:g} Hz",
        )
    rows, known = cut_windows(grid, windows)
    out = np.full((len(known), len(model.classes)), np.nan)
    out[known] = by_activity(model, kind_probability(model, rows if known.all() else rows[known]))
    return out


def kind_probability(model: Model, rows: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return (n, len(kinds)) probabilities of whole windows (n, width, 3) in g."""
    return tempered(members_probability(model.members, rows, model.rate_hz), model.temperature)


def members_probability(members: tuple[Member, ...], rows: NDArray[np.float32], rate_hz: float) -> NDArray[np.float64]:
    """Return the mean of what the members say of whole windows (n, width, 3) in g."""
    said = []
    features: NDArray[np.float32] | None = None
    for member in members:
        if isinstance(member, Network):
            said.append(softmax(head_logits(member, embed(member, rows))))
        else:
            if features is None:
                features = compute_features(grid_of(rows, rate_hz), Windows(rows.shape[1]))
            said.append(walk(member, features) if isinstance(member, Forest) else walk_boosted(member, features))
    mean: NDArray[np.float64] = np.mean(said, axis=0)
    return mean


def tempered(probability: NDArray[np.float64], temperature: float) -> NDArray[np.float64]:
    """Return the probabilities raised to ``1 / temperature`` and summing to 1 again."""
    if temperature == 1.0:
        return probability
    return softmax(np.log(np.maximum(probability, 1e-9)) / temperature)


def by_activity(model: Model, probability: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return (n, len(classes)) sums of the (n, len(kinds)) probabilities of each activity's kinds."""
    classes = model.classes
    out = np.zeros((len(probability), len(classes)))
    for column, kind in enumerate(model.kinds):
        out[:, classes.index(activity_of(kind))] += probability[:, column]
    return out


def walk(forest: Forest, rows: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the mean of the trees' leaf values for each row of features."""
    total = np.zeros((len(rows), forest.value.shape[1]))
    _add_trees(forest, rows, total)
    total /= forest.roots.size
    return total


def walk_boosted(boosted: Boosted, rows: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the probabilities of each row of features: the softmax of the trees' sum."""
    logits = np.tile(boosted.base, (len(rows), 1))
    _add_trees(boosted.trees, rows, logits)
    return softmax(logits)


def _add_trees(forest: Forest, rows: NDArray[np.float32], total: NDArray[np.float64]) -> None:
    """Add the trees' leaf values for each row to ``total``; rows are shared between the processors."""

    def some(first: int, last: int) -> None:
        arrays = forest.roots, forest.feature, forest.threshold, forest.right, forest.value
        _kernels.add_trees(*arrays, rows[first:last], total[first:last])

    share(some, len(rows), least=256)
