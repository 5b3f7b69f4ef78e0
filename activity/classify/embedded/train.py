"""Training for the band: windows as its sensor counts them, boosted trees, and whole numbers out of those.

For their size, trees that mend what those before them got wrong are far better than trees that vote: 4,000 leaves
of them are as right about new people as 150,000 leaves of extra trees.
"""

from dataclasses import asdict, dataclass, replace
from itertools import chain
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier
from threadpoolctl import threadpool_limits

from activity.classify.augment import HAND_WORK, augmented, hand_work
from activity.classify.embedded.artefact import forest_digest
from activity.classify.embedded.counts import RANGE_G, count_samples
from activity.classify.embedded.features import FEATURE_VERSION, RATE_HZ, WIDTH, integer_features
from activity.classify.embedded.integer import LOG_ONE
from activity.classify.embedded.model import LEAF, EmbeddedModel, IntegerForest, judge
from activity.classify.labelled import LabelledGrid
from activity.classify.raw import cut_windows
from activity.classify.train import depth_first
from activity.errors import NotEnoughDataError
from activity.labels import ACTIVITIES, Activity
from activity.windows import Windows

COPIES: Final = 2  #: of the windows, each changed as other bands and wrists would have

_INT16: Final = np.iinfo(np.int16)
#: Whole numbers of a score that is 1 in natural logarithms.
_UNIT: Final = LOG_ONE / np.log(2.0)
_STILL: Final = tuple(map(ACTIVITIES.index, (Activity.SITTING, Activity.STANDING, Activity.LYING)))


@dataclass(frozen=True, slots=True)
class BandSettings:
    """All that decides a model, given the data; what it makes has to fit 64 kB of flash together with its code."""

    rounds: int = 80  #: each adds a tree a class
    leaves: int = 12  #: of a tree at most
    rate: float = 0.15  #: of learning
    least_leaf: int = 20  #: windows in a leaf
    feature_share: float = 0.3  #: of the features tried at a split
    penalty: float = 1.0  #: on the squares of leaves
    seed: int = 2021


@dataclass(frozen=True, slots=True, eq=False)
class BandWindows:
    """Windows with their truth, in g."""

    accel_g: NDArray[np.float32]  #: (n, WIDTH, 3)
    activity: NDArray[np.int8]  #: (n,) index in ``ACTIVITIES``


def cut(grids: tuple[LabelledGrid, ...], first: int = 0) -> BandWindows:
    """Return every window that enough samples came for, the first of each recording at row ``first``.

    Raises ``ValueError`` for a grid that isn't of 25 Hz.
    """
    accel_g, activity = [], []
    for part in grids:
        if part.grid.rate_hz != RATE_HZ:
            raise ValueError(f"a grid of {part.grid.rate_hz:g} Hz, the band has {RATE_HZ:g} Hz")
        rows, known = cut_windows(replace(part.grid, accel_g=part.grid.accel_g[first:]), Windows(WIDTH))
        accel_g.append(rows[known])
        activity.append(np.full(int(known.sum()), ACTIVITIES.index(part.activity), dtype=np.int8))
    if not accel_g:
        raise NotEnoughDataError("no labelled recording")
    return BandWindows(np.concatenate(accel_g), np.concatenate(activity))


def learn_from(grids: tuple[LabelledGrid, ...], seed: int) -> BandWindows:
    """Return the windows as they are and half a width later, and more of them that nobody wore so.

    Those are ``COPIES`` of both in turn as other bands, wrists and people would have given them, and made-up work with
    the hands.
    """
    plain, later = cut(grids), cut(grids, WIDTH // 2)
    parts = [plain, later]
    for copy in range(COPIES):
        source = (plain, later)[copy % 2]
        parts.append(_changed(source, np.random.default_rng([seed, copy])))
    rng = np.random.default_rng([seed, COPIES])
    other = np.full(HAND_WORK, ACTIVITIES.index(Activity.OTHER), dtype=np.int8)
    parts.append(_changed(BandWindows(hand_work(HAND_WORK, WIDTH, RATE_HZ, rng), other), rng))
    return BandWindows(
        np.concatenate([part.accel_g for part in parts]), np.concatenate([part.activity for part in parts])
    )


def _changed(windows: BandWindows, rng: np.random.Generator) -> BandWindows:
    return BandWindows(augmented(windows.accel_g, np.isin(windows.activity, _STILL), RATE_HZ, rng), windows.activity)


def train_embedded(
    grids: tuple[LabelledGrid, ...],
    settings: BandSettings = BandSettings(),
    *,
    name: str = "band",
    facts: dict[str, Any] | None = None,
) -> EmbeddedModel:
    """Return a model for the band; the same recordings and settings give the same arrays.

    ``facts`` are what model.json is to say besides: sources, scores.
    """
    windows = learn_from(grids, settings.seed)
    forest = fit_forest(integer_features(count_samples(windows.accel_g), RANGE_G), windows.activity, settings)
    classes = tuple(ACTIVITIES[index] for index in np.unique(windows.activity))
    whole = {
        **(facts or {}),
        "name": name,
        "classes": [str(activity) for activity in classes],
        "feature_version": FEATURE_VERSION,
        "settings": asdict(settings),
        "files": {"forest.npz": forest_digest(forest)},
    }
    return EmbeddedModel(name, classes, FEATURE_VERSION, forest, whole)


def fit_forest(features: NDArray[np.int16], truth: NDArray[np.int8], settings: BandSettings) -> IntegerForest:
    """Return whole-number trees for the classes of ``truth``, in their order."""
    if np.unique(truth).size < 3:
        raise NotEnoughDataError(f"{np.unique(truth).size} activities to tell apart", expected="three or more")
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
        estimator.fit(features, truth)
        expected = estimator.decision_function(features[:500])
    forest = _whole(estimator)
    said = judge(forest, features[:500]).score / _UNIT
    if np.abs(said - expected).max() > (settings.rounds + 1) / _UNIT:  # each number was rounded by half at most
        raise ValueError("scikit-learn no longer keeps its trees as they are read here")
    return forest


def _whole(estimator: Any) -> IntegerForest:
    """Return the trees of a fitted estimator in whole numbers; a window goes left where it did before."""
    places: list[int] = []
    rows: list[tuple[int, int, int, int]] = []
    for tree in chain.from_iterable(estimator._predictors):
        nodes = tree.nodes
        inner = [index for index in depth_first(nodes) if not nodes[index]["is_leaf"]]
        place = {index: len(rows) + number for number, index in enumerate(inner)}
        for leaf in np.flatnonzero(nodes["is_leaf"]):
            place[int(leaf)] = int(np.clip(np.rint(nodes[leaf]["value"] * _UNIT), -LEAF, LEAF - 1)) - LEAF
        places.append(place[0])
        for index in inner:
            node = nodes[index]
            threshold = int(np.clip(np.floor(node["num_threshold"]), _INT16.min, _INT16.max))
            rows.append((int(node["feature_idx"]), threshold, place[int(node["left"])], place[int(node["right"])]))
    if len(rows) > _INT16.max:
        raise ValueError(f"{len(rows)} nodes are too many for places of 16 bits")
    feature, limit, left, right = np.array(rows, dtype=np.int64).reshape(-1, 4).T
    base = np.rint(np.ravel(estimator._baseline_prediction) * _UNIT)
    return IntegerForest(
        base=base.astype(np.int16),
        roots=np.array(places, dtype=np.int16),
        feature=feature.astype(np.uint8),
        threshold=limit.astype(np.int16),
        left=left.astype(np.int16),
        right=right.astype(np.int16),
    )
