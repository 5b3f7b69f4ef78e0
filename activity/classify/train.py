"""Training: labelled windows, turned a little each time as bands sit on wrists, to a forest of plain arrays."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import ExtraTreesClassifier, RandomForestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from activity.classify.augment import HAND_WORK, augmented, hand_work
from activity.classify.kinds import KINDS, OTHER
from activity.classify.labelled import Labelled, LabelledGrid, join, label_windows, select
from activity.classify.model import Forest
from activity.classify.published import cosine_features
from activity.classify.raw import cut_windows, grid_of
from activity.errors import NotEnoughDataError
from activity.features.table import compute_features
from activity.labels import ACTIVITIES, ROLLUP, Activity, Rollup
from activity.windows import Windows

#: Hand work is done in any attitude, and the watch of the exercise recordings has other axes than the bands.
ANY_WAY_DEG: Final = 180.0
#: Times that a forest sees each window as another band would have given it, beside the window as it is.
AUGMENTED_COPIES: Final = 3


@dataclass(frozen=True, slots=True)
class Settings:
    """All that decides a model, given the data."""

    estimator: str = "extra-trees"
    trees: int = 200
    least_leaf: int = 3  #: windows in a leaf
    feature_share: float = 0.2  #: of the features tried at a split
    turned_copies: int = 1  #: of each recording, on top of the recording as it is
    most_turn_deg: float = 20.0  #: of a copy, about any axis; a strap slips and wrists differ
    offset_sd_g: float = 0.02  #: of a copy, each axis; uncalibrated sensors are off by 40 mg in size
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
    """A forest, the classes its columns stand for, and scikit-learn's own estimator to compare it with."""

    forest: Forest
    classes: tuple[Activity, ...]
    estimator: Any


def turn_grids(grids: tuple[LabelledGrid, ...], settings: Settings, copy: int) -> tuple[LabelledGrid, ...]:
    """Return the recordings as a band that sits a little otherwise, and is a little off, would have felt them."""
    rng = np.random.default_rng([settings.seed, copy])
    turned = []
    for part in grids:
        most_deg = ANY_WAY_DEG if part.activity is Activity.OTHER else settings.most_turn_deg
        rotation = _rotation(rng, np.deg2rad(most_deg))
        offset = rng.normal(0.0, settings.offset_sd_g, 3)
        accel_g = (part.grid.accel_g @ rotation.T + offset).astype(np.float32)
        turned.append(replace(part, grid=replace(part.grid, accel_g=accel_g)))
    return tuple(turned)


def prepare(grids: tuple[LabelledGrid, ...], width_s: float, settings: Settings) -> tuple[Labelled, Labelled]:
    """Return the windows as they are, and those of the turned copies."""
    plain = label_windows(grids, width_s)
    copies = [label_windows(turn_grids(grids, settings, copy), width_s) for copy in range(settings.turned_copies)]
    return plain, join(*copies) if copies else _none_of(plain)


def fit(labelled: Labelled, settings: Settings) -> Trained:
    """Return a forest; the same windows and settings give the same arrays."""
    present = np.unique(labelled.activity)
    if present.size < 2:
        raise NotEnoughDataError(f"{present.size} activities to tell apart", expected="two or more")
    estimator = ESTIMATORS[settings.estimator](settings)
    estimator.fit(labelled.features, labelled.activity)
    classes = tuple(ACTIVITIES[int(index)] for index in estimator.classes_)
    return Trained(_forest(estimator), classes, estimator)


def fit_kinds(grids: tuple[LabelledGrid, ...], width: int, settings: Settings) -> Forest:
    """Return a forest that tells all of ``KINDS`` apart, trained on windows as they are and as other bands see them."""
    rows, kind = kind_windows(grids, width)
    rate_hz = grids[0].grid.rate_hz
    rng = np.random.default_rng(settings.seed)
    still = np.array([ROLLUP[part.activity] is Rollup.STILL for part in KINDS])[kind]
    copies = [augmented(rows, still, rate_hz, rng) for _ in range(AUGMENTED_COPIES)]
    work = augmented(hand_work(HAND_WORK, width, rate_hz, rng), np.zeros(HAND_WORK, dtype=np.bool_), rate_hz, rng)
    features = compute_features(grid_of(np.concatenate([rows, *copies, work]), rate_hz), Windows(width))
    estimator = ESTIMATORS[settings.estimator](settings)
    estimator.fit(features, np.concatenate([np.tile(kind, 1 + AUGMENTED_COPIES), np.full(HAND_WORK, OTHER)]))
    forest = _forest(estimator)
    value = np.zeros((len(forest.value), len(KINDS)))
    value[:, estimator.classes_] = forest.value
    return replace(forest, value=value)


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


def _rotation(rng: np.random.Generator, most_rad: float) -> NDArray[np.float64]:
    axis = rng.normal(size=3)
    x, y, z = axis / np.linalg.norm(axis)
    angle = rng.uniform(-most_rad, most_rad)
    cross = np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
    return np.asarray(np.eye(3) + np.sin(angle) * cross + (1.0 - np.cos(angle)) * cross @ cross)


def _none_of(labelled: Labelled) -> Labelled:
    return select(labelled, np.zeros(len(labelled.activity), dtype=np.bool_))


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
