"""The classifier: the walker is scikit-learn's equal, its files are held to their hashes, smoothing is Viterbi's."""

import hashlib
import itertools
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from activity.classify.artefact import DEFAULT_MODEL, forest_bytes, load_model
from activity.classify.labelled import Labelled, join, label_windows, read_labelled, select
from activity.classify.model import predict, walk
from activity.classify.smooth import smooth
from activity.classify.train import ESTIMATORS, Settings, fit, prepare
from activity.errors import ModelError, NotEnoughDataError
from activity.features.table import FEATURES
from activity.labels import ACTIVITIES
from activity.resources import shipped


def labelled(rng: np.random.Generator, n: int = 240, columns: int = 12) -> Labelled:
    """Windows whose first two columns tell four activities apart, with sixteenths that hit thresholds often."""
    activity = rng.integers(0, 4, n).astype(np.int8)
    features = (rng.integers(-32, 32, (n, columns)) / 16).astype(np.float32)
    features[:, 0] += activity
    features[:, 1] -= activity
    return Labelled(features, activity, np.array([f"p{i % 6}" for i in range(n)]), activity.astype(str))


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_the_walker_says_what_scikit_learn_says(estimator: str, rng: np.random.Generator) -> None:
    windows = labelled(rng)
    trained = fit(windows, Settings(estimator=estimator, trees=15))
    rows = np.vstack([windows.features, rng.normal(0, 2, (500, 12)).astype(np.float32)])
    np.testing.assert_allclose(walk(trained.forest, rows), trained.estimator.predict_proba(rows), rtol=0, atol=1e-12)


def test_the_same_data_and_settings_give_the_same_bytes(rng: np.random.Generator) -> None:
    windows = labelled(rng)
    first, again = (forest_bytes(fit(windows, Settings(trees=7)).forest) for _ in range(2))
    assert first == again
    assert forest_bytes(fit(windows, Settings(trees=7, seed=1)).forest) != first


def test_one_activity_can_not_be_told_from_nothing(rng: np.random.Generator) -> None:
    windows = labelled(rng)
    with pytest.raises(NotEnoughDataError):
        fit(select(windows, windows.activity == 0), Settings(trees=2))


def test_a_window_with_a_nan_is_not_judged() -> None:
    model = load_model()
    rows = np.zeros((3, len(FEATURES)), dtype=np.float32)
    rows[1, 17] = np.nan
    said = predict(model, rows)
    assert np.isnan(said[1]).all()
    np.testing.assert_allclose(said[[0, 2]].sum(axis=1), 1.0)


def test_features_of_another_shape_are_refused() -> None:
    with pytest.raises(ModelError, match="shape"):
        predict(load_model(), np.zeros((3, 5), dtype=np.float32))


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the shipped model that may be spoiled."""
    folder = tmp_path / "copy"
    shutil.copytree(Path(str(shipped("models", DEFAULT_MODEL))), folder)
    return folder


def test_the_shipped_model_holds_its_hashes(copy: Path) -> None:
    assert load_model(copy).digest == load_model().digest


@pytest.mark.parametrize("at", [0, 100, -100])
def test_a_changed_byte_of_the_arrays_is_refused(copy: Path, at: int) -> None:
    raw = bytearray((copy / "forest.npz").read_bytes())
    raw[at] ^= 1
    (copy / "forest.npz").write_bytes(raw)
    with pytest.raises(ModelError, match="SHA-256") as caught:
        load_model(copy)
    assert caught.value.exit_code == 5
    assert caught.value.remedy


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("feature_version", "0-none", "features"),
        ("feature_names", ["size_log_sd"], "names"),
        ("format", 99, "format"),
    ],
)
def test_a_model_that_does_not_fit_this_program_is_refused(copy: Path, key: str, value: object, said: str) -> None:
    facts = json.loads((copy / "model.json").read_text())
    (copy / "model.json").write_text(json.dumps(facts | {key: value}))
    with pytest.raises(ModelError, match=said):
        load_model(copy)


@pytest.mark.parametrize("spoil", ["", "[]", "{}", '{"format": 1'])
def test_a_description_that_is_none_is_refused(copy: Path, spoil: str) -> None:
    (copy / "model.json").write_text(spoil)
    with pytest.raises(ModelError):
        load_model(copy)


def test_a_forest_that_would_loop_is_refused_even_with_a_right_hash(copy: Path) -> None:
    with np.load(copy / "forest.npz") as archive:
        arrays = {name: archive[name] for name in archive.files}
    inner = int(np.flatnonzero(arrays["feature"] >= 0)[5])
    arrays["right"][inner] = inner
    np.savez(copy / "forest.npz", **arrays)
    facts = json.loads((copy / "model.json").read_text())
    facts["files"]["forest.npz"] = hashlib.sha256((copy / "forest.npz").read_bytes()).hexdigest()
    (copy / "model.json").write_text(json.dumps(facts))
    with pytest.raises(ModelError):
        load_model(copy)


def test_no_model_of_that_name_says_what_to_ask() -> None:
    with pytest.raises(ModelError, match="no model 'ankle'") as caught:
        load_model("ankle")
    assert "model info" in caught.value.remedy


def likeliest(score: np.ndarray, stay: float) -> float:
    """The best sum over all paths, by trying them all."""
    n, k = score.shape
    best = -np.inf
    for path in itertools.product(range(k), repeat=n):
        total = sum(score[i, c] for i, c in enumerate(path))
        total += sum(np.log(stay) if a == b else np.log((1 - stay) / (k - 1)) for a, b in itertools.pairwise(path))
        best = max(best, total)
    return float(best)


@given(st.integers(0, 2**32 - 1), st.integers(1, 6), st.floats(0.4, 0.95))
def test_smoothing_finds_the_likeliest_of_all_paths(seed: int, n: int, stay: float) -> None:
    probability = np.random.default_rng(seed).dirichlet(np.ones(3), n)
    path = smooth(probability, np.ones(n, dtype=bool), stay)
    score = np.log(probability + 0.02)
    total = sum(score[i, c] for i, c in enumerate(path))
    total += sum(np.log(stay) if a == b else np.log((1 - stay) / 2) for a, b in itertools.pairwise(path.tolist()))
    assert total == pytest.approx(likeliest(score, stay))


def test_a_lone_doubtful_window_is_smoothed_and_a_sure_one_is_not() -> None:
    probability = np.tile([0.9, 0.1], (9, 1))
    probability[4] = [0.45, 0.55]
    assert smooth(probability, np.ones(9, dtype=bool)).tolist() == [0] * 9
    probability[4] = [0.0, 1.0]
    assert smooth(probability, np.ones(9, dtype=bool)).tolist() == [0, 0, 0, 0, 1, 0, 0, 0, 0]


def test_nothing_is_carried_over_a_window_that_is_not_known() -> None:
    probability = np.tile([0.55, 0.45], (5, 1))
    probability[:2] = [0.0, 1.0]
    known = np.array([True, True, False, True, True])
    assert smooth(probability, known).tolist() == [1, 1, -1, 0, 0]


def test_the_card_says_what_the_description_says() -> None:
    folder = Path(str(shipped("models", DEFAULT_MODEL)))
    facts = json.loads((folder / "model.json").read_text())
    card = (folder / "CARD.md").read_text(encoding="utf-8")
    assert facts["files"]["forest.npz"] in card
    for score in facts["scores"]:
        assert f"| {score['view']} | {score['windows']} | {score['people']} | {score['macro_f1']:.3f} |" in card
        confusion = np.array(score["confusion"])
        hits = np.diag(confusion[:, : len(confusion)])
        f1 = 2 * hits / (confusion.sum(axis=1) + confusion[:, : len(confusion)].sum(axis=0))
        assert score["macro_f1"] == pytest.approx(f1.mean())


def test_the_card_reaches_what_was_asked_of_the_first_version() -> None:
    (four,) = [score for score in load_model().facts["scores"] if score["view"] == "4 classes"]
    assert four["people"] == 44
    assert four["macro_f1"] >= 0.90


@pytest.mark.data
def test_people_who_were_left_out_are_recognised_as_the_card_says(recordings_dir: Path) -> None:
    grids = read_labelled(recordings_dir / "selfback-wrist.parquet", 25.0)
    people = sorted({grid.subject for grid in grids})
    away = set(people[::9])
    assert len(away) == 5
    plain, copies = prepare(tuple(grid for grid in grids if grid.subject not in away), 10.0, Settings())
    trained = fit(join(plain, copies), Settings(trees=60))
    test = label_windows(tuple(grid for grid in grids if grid.subject in away), 10.0)
    found = np.array([ACTIVITIES.index(a) for a in trained.classes])[walk(trained.forest, test.features).argmax(axis=1)]
    rollup = np.array([0, 0, 0, 1, 2, 3, 4])
    true, said = rollup[test.activity], rollup[found]
    f1 = [2 * np.sum((true == c) & (said == c)) / (np.sum(true == c) + np.sum(said == c)) for c in range(4)]
    assert np.mean(f1) >= 0.90, f1


@pytest.mark.data
def test_the_shipped_model_learned_from_the_recordings_at_hand(recordings_dir: Path) -> None:
    for source in load_model().facts["sources"]:
        if source["sha256"]:
            with (recordings_dir / source["name"]).open("rb") as file:
                assert hashlib.file_digest(file, "sha256").hexdigest() == source["sha256"]
