"""Training with scikit-learn: labelled windows to trees of plain arrays, and to the recipe that was published."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import ExtraTreesClassifier, HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from threadpoolctl import threadpool_limits

from activity.classify.augment import HAND_WORK, augmented, hand_work
from activity.classify.kinds import KINDS, OTHER
from activity.classify.labelled import LabelledGrid
from activity.classify.model import Boosted, Forest
from activity.classify.published import cosine_features
from activity.classify.raw import cut_windows, grid_of
from activity.errors import NotEnoughDataError
from activity.features.table import compute_features
from activity.labels import ROLLUP, Rollup
from activity.windows import Windows

#: Times that a forest sees each window as another band would have given it, beside the window as it is.
AUGMENTED_COPIES: Final = 3


@dataclass(frozen=True, slots=True)
class Settings:
    """All that decides a forest, given the data."""

    estimator: str = "extra-trees"
    trees: int = 200
    least_leaf: int = 3  #: windows in a leaf
    feature_share: float = 0.2  #: of the features tried at a split
    seed: int = 2021


def _trees(kind: type[ExtraTreesClassifier] | type[RandomForestClassifier]) -> Callable[[Settings], Any]:
    def make(settings: Settings) -> Any:
        return kind(
            n_estimators=settings.trees,
            min_samples_leaf=settings.least_leaf,
            max_features=settings.feature_share,
            class_weight="balanced",
            n_jobs=2,
            random_state=settings.seed,
        )

    return make


#: name and how it is made; each has to be a forest of trees whose leaf values are averaged
ESTIMATORS: Final[dict[str, Callable[[Settings], Any]]] = {
    "extra-trees": _trees(ExtraTreesClassifier),
    "random-forest": _trees(RandomForestClassifier),
}


@dataclass(frozen=True, slots=True, eq=False)
class Trained:
    """A forest, the numbers its columns stand for, and scikit-learn's own estimator to compare it with."""

    forest: Forest
    targets: tuple[int, ...]
    estimator: Any


def fit(features: NDArray[np.float32], target: NDArray[np.integer[Any]], settings: Settings) -> Trained:
    """Return a forest that tells the numbers in ``target`` (n,) by their features (n, n_features) apart.

    The same windows and settings give the same arrays. Raises ``NotEnoughDataError`` where all are one.
    """
    present = np.unique(target)
    if present.size < 2:
        raise NotEnoughDataError(f"{present.size} activities to tell apart", expected="two or more")
    estimator = ESTIMATORS[settings.estimator](settings)
    estimator.fit(features, target)
    return Trained(_forest(estimator), tuple(map(int, estimator.classes_)), estimator)


def fit_kinds(grids: tuple[LabelledGrid, ...], width: int, settings: Settings) -> Forest:
    """Return a forest that tells all of ``KINDS`` apart, trained on windows as they are and as other bands see them."""
    rows, kind = kind_windows(grids, width)
    rate_hz = grids[0].grid.rate_hz
    rng = np.random.default_rng(settings.seed)
    still = np.array([ROLLUP[part.activity] is Rollup.STILL for part in KINDS])[kind]
    copies = [augmented(rows, still, rate_hz, rng) for _ in range(AUGMENTED_COPIES)]
    work = augmented(hand_work(HAND_WORK, width, rate_hz, rng), np.zeros(HAND_WORK, dtype=np.bool_), rate_hz, rng)
    features = compute_features(grid_of(np.concatenate([rows, *copies, work]), rate_hz), Windows(width))
    target = np.concatenate([np.tile(kind, 1 + AUGMENTED_COPIES), np.full(HAND_WORK, OTHER)])
    trained = fit(features, target, settings)
    value = np.zeros((len(trained.forest.value), len(KINDS)))
    value[:, trained.targets] = trained.forest.value
    return replace(trained.forest, value=value)


@dataclass(frozen=True, slots=True)
class BoostSettings:
    """All that decides boosted trees, given the data."""

    rounds: int = 150  #: each adds a tree a kind
    leaves: int = 16  #: of a tree at most
    rate: float = 0.08  #: of learning
    least_leaf: int = 20  #: windows in a leaf
    feature_share: float = 0.3  #: of the features tried at a split
    penalty: float = 1.0  #: on the squares of leaves
    copies: int = 4  #: of the windows, each changed as other bands, wrists and people would have
    seed: int = 2021


@dataclass(frozen=True, slots=True, eq=False)
class TrainedBoosted:
    """Boosted trees, the numbers their columns stand for, and scikit-learn's own estimator to compare them with."""

    boosted: Boosted
    targets: tuple[int, ...]
    estimator: Any


def boost(features: NDArray[np.float32], target: NDArray[np.integer[Any]], settings: BoostSettings) -> TrainedBoosted:
    """Return boosted trees that tell the numbers in ``target`` (n,) by their features (n, n_features) apart.

    The same windows and settings give the same arrays. Raises ``NotEnoughDataError`` for fewer than three numbers.
    """
    present = np.unique(target)
    if present.size < 3:
        raise NotEnoughDataError(f"{present.size} activities to tell apart", expected="three or more")
    estimator = HistGradientBoostingClassifier(
        max_iter=settings.rounds,
        max_leaf_nodes=settings.leaves,
        learning_rate=settings.rate,
        min_samples_leaf=settings.least_leaf,
        max_features=settings.feature_share,
        l2_regularization=settings.penalty,
        class_weight="balanced",
        early_stopping=False,
        random_state=settings.seed,
    )
    with threadpool_limits(1, "openmp"):  # threads that wait for each other on busy cores take ten times as long
        estimator.fit(features, target)
    return TrainedBoosted(_boosted(estimator), tuple(map(int, estimator.classes_)), estimator)


def boost_kinds(grids: tuple[LabelledGrid, ...], width: int, settings: BoostSettings) -> Boosted:
    """Return boosted trees that tell all of ``KINDS`` apart.

    They learn from the windows as they are, from those that begin half a width later, from both in turn as other
    bands, wrists and people would have given them, and from made-up work with the hands.
    """
    later = tuple(replace(part, grid=replace(part.grid, accel_g=part.grid.accel_g[width // 2 :])) for part in grids)
    given = kind_windows(grids, width), kind_windows(later, width)
    rows, kinds = [given[0][0], given[1][0]], [given[0][1], given[1][1]]
    rate_hz = grids[0].grid.rate_hz
    still = np.array([ROLLUP[part.activity] is Rollup.STILL for part in KINDS])
    for copy in range(settings.copies):
        source, kind = given[copy % 2]
        rows.append(augmented(source, still[kind], rate_hz, np.random.default_rng([settings.seed, copy])))
        kinds.append(kind)
    rng = np.random.default_rng([settings.seed, settings.copies])
    work = hand_work(HAND_WORK, width, rate_hz, rng)
    rows.append(augmented(work, np.zeros(HAND_WORK, dtype=np.bool_), rate_hz, rng))
    kinds.append(np.full(HAND_WORK, OTHER))
    features = compute_features(grid_of(np.concatenate(rows), rate_hz), Windows(width))
    trained = boost(features, np.concatenate(kinds), settings)
    never = np.float64(-30.0)  # a logit of a kind that nobody showed
    base = np.full(len(KINDS), never)
    base[list(trained.targets)] = trained.boosted.base
    value = np.zeros((len(trained.boosted.trees.value), len(KINDS)))
    value[:, trained.targets] = trained.boosted.trees.value
    return Boosted(replace(trained.boosted.trees, value=value), base)


def fit_published(grids: tuple[LabelledGrid, ...], width: int) -> Callable[[NDArray[np.float32]], NDArray[np.float64]]:
    """Return what says (n, len(KINDS)) ones and zeros by the prototype's recipe, in scikit-learn's own defaults."""
    rows, kind = kind_windows(grids, width)
    estimator = make_pipeline(StandardScaler(), SVC()).fit(cosine_features(rows), kind)

    def say(windows: NDArray[np.float32]) -> NDArray[np.float64]:
        out: NDArray[np.float64] = np.eye(len(KINDS))[estimator.predict(cosine_features(windows))]
        return out

    return say


def kind_windows(grids: tuple[LabelledGrid, ...], width: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Return all whole windows (n, width, 3) that enough samples came for, and the index of their kind."""
    rows, kind = [], []
    for part in grids:
        cut, known = cut_windows(part.grid, Windows(width))
        rows.append(cut[known])
        kind.append(np.full(int(known.sum()), part.kind_index))
    return np.concatenate(rows), np.concatenate(kind)


def _forest(estimator: Any) -> Forest:
    roots, features, thresholds, rights, values = [], [], [], [], []
    n_nodes = n_leaves = 0
    for member in estimator.estimators_:
        tree = member.tree_
        leaf = tree.children_left < 0
        if not np.array_equal(tree.children_left[~leaf], np.flatnonzero(~leaf) + 1):
            raise ValueError("scikit-learn no longer lays out trees depth first")
        roots.append(n_nodes)
        features.append(np.where(leaf, -1, tree.feature))
        thresholds.append(_at_most(tree.threshold))
        rights.append(np.where(leaf, np.cumsum(leaf) - 1 + n_leaves, tree.children_right + n_nodes))
        shares = tree.value[leaf, 0, :]
        values.append(shares / shares.sum(axis=1, keepdims=True))
        n_nodes += leaf.size
        n_leaves += int(leaf.sum())
    return Forest(
        np.array(roots, np.int32),
        np.concatenate(features).astype(np.int16),
        np.concatenate(thresholds),
        np.concatenate(rights).astype(np.int32),
        np.concatenate(values),
    )


def _at_most(threshold: NDArray[np.float64]) -> NDArray[np.float32]:
    """Round down to float32: a float32 feature is at most the one exactly where it is at most the other."""
    rounded = threshold.astype(np.float32)
    return np.where(rounded > threshold, np.nextafter(rounded, np.float32(-np.inf)), rounded).astype(np.float32)


def _boosted(estimator: Any) -> Boosted:
    """Return the trees of scikit-learn's booster, read where it keeps them."""
    roots, features, thresholds, rights = [], [], [], []
    values: list[NDArray[np.float64]] = []
    n_nodes = n_leaves = 0
    for trees in estimator._predictors:
        for column, tree in enumerate(trees):
            order = list(depth_first(tree.nodes))
            nodes = tree.nodes[order]
            place = np.empty(len(order), dtype=np.int64)
            place[order] = np.arange(len(order))
            leaf = nodes["is_leaf"].astype(bool)
            roots.append(n_nodes)
            features.append(np.where(leaf, -1, nodes["feature_idx"]))
            thresholds.append(_at_most(np.where(leaf, 0.0, nodes["num_threshold"])))
            rights.append(np.where(leaf, np.cumsum(leaf) - 1 + n_leaves, place[nodes["right"]] + n_nodes))
            added = np.zeros((int(leaf.sum()), len(trees)))
            added[:, column] = nodes["value"][leaf]
            values.append(added)
            n_nodes += leaf.size
            n_leaves += int(leaf.sum())
    forest = Forest(
        np.array(roots, np.int32),
        np.concatenate(features).astype(np.int16),
        np.concatenate(thresholds),
        np.concatenate(rights).astype(np.int32),
        np.concatenate(values),
    )
    return Boosted(forest, np.ravel(estimator._baseline_prediction).astype(np.float64))


def depth_first(nodes: Any) -> Iterator[int]:
    """Yield the indices of the nodes of a tree of scikit-learn's booster, each before its children, left ones first."""
    waiting = [0]
    while waiting:
        index = waiting.pop()
        yield index
        if not nodes[index]["is_leaf"]:
            waiting += [int(nodes[index]["right"]), int(nodes[index]["left"])]
