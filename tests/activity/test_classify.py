"""The classifier: what it says is its members' word, its files are held to their hashes, smoothing is Viterbi's."""

import hashlib
import itertools
import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import oracles
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from activity.classify.artefact import DEFAULT_MODEL, load_model, member_bytes, save_model
from activity.classify.composed import compose, fill, learn_transitions
from activity.classify.kinds import KINDS
from activity.classify.labelled import LabelledGrid
from activity.classify.model import Boosted, Model, kind_probability, predict, walk, walk_boosted
from activity.classify.network import Convolution, Network, embed, head_logits, least_width, softmax
from activity.classify.personal import personalise
from activity.classify.raw import cut_windows
from activity.classify.smooth import smooth
from activity.classify.train import ESTIMATORS, BoostSettings, Settings, boost, fit, fit_kinds
from activity.errors import ModelError, NotEnoughDataError
from activity.labels import ACTIVITIES, Activity
from activity.resources import shipped
from activity.signal.regularise import Grid
from activity.windows import Windows

SHIPPED = (DEFAULT_MODEL, "accurate")


def small_network(rng: np.random.Generator, kinds: int = len(KINDS)) -> Network:
    """A network of three convolutions with weights drawn at random."""
    shape = ((4, 6, 5, 2), (6, 8, 4, 3), (8, 5, 3, 1))  # channels in, out, taps, stride
    convolutions = tuple(
        Convolution(
            rng.normal(0, 0.4, (taps, before, after)).astype(np.float32),
            rng.normal(0, 0.1, after).astype(np.float32),
            stride,
        )
        for before, after, taps, stride in shape
    )
    return Network(convolutions, rng.normal(0, 1, (10, kinds)), rng.normal(0, 1, kinds), rng.uniform(0.5, 2, 10))


def model_of(*members: Network, temperature: float = 1.0) -> Model:
    """A model of the grid's rate and windows of ten seconds."""
    kinds = tuple(kind.name for kind in KINDS)
    return Model("made", kinds, members, 25.0, 10.0, temperature, "", {"digest": ""})


def windows_of(rng: np.random.Generator, n: int, width: int = 250) -> np.ndarray:
    return (rng.normal(0, 0.4, (n, width, 3)) + np.array([0.0, -0.9, 0.1])).astype(np.float32)


def labelled(rng: np.random.Generator, n: int = 240, columns: int = 12) -> tuple[np.ndarray, np.ndarray]:
    """Windows whose first two columns tell four activities apart, with sixteenths that hit thresholds often."""
    activity = rng.integers(0, 4, n).astype(np.int8)
    features = (rng.integers(-32, 32, (n, columns)) / 16).astype(np.float32)
    features[:, 0] += activity
    features[:, 1] -= activity
    return features, activity


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_the_walker_says_what_scikit_learn_says(estimator: str, rng: np.random.Generator) -> None:
    features, activity = labelled(rng)
    trained = fit(features, activity, Settings(estimator=estimator, trees=15))
    rows = np.vstack([features, rng.normal(0, 2, (500, 12)).astype(np.float32)])
    np.testing.assert_allclose(walk(trained.forest, rows), trained.estimator.predict_proba(rows), rtol=0, atol=1e-12)


def test_the_walker_says_what_scikit_learns_booster_says(rng: np.random.Generator) -> None:
    features, activity = labelled(rng)
    trained = boost(features, activity, BoostSettings(rounds=12, leaves=7, least_leaf=5))
    rows = np.vstack([features, rng.normal(0, 2, (500, 12)).astype(np.float32)])
    said = walk_boosted(trained.boosted, rows)
    np.testing.assert_allclose(said, trained.estimator.predict_proba(rows), rtol=0, atol=1e-12)
    assert (said.argmax(axis=1)[:240] == activity).mean() > 0.8


def test_boosted_trees_come_back_from_disk_as_they_were(tmp_path: Path, rng: np.random.Generator) -> None:
    boosted = boost(*labelled(rng), BoostSettings(rounds=3, leaves=5, least_leaf=5)).boosted
    kinds = [str(activity) for activity in tuple(Activity)[:4]]
    save_model(tmp_path / "b", (boosted,), facts() | {"kinds": kinds})
    (again,) = load_model(tmp_path / "b").members
    assert isinstance(again, Boosted)
    np.testing.assert_array_equal(again.base, boosted.base)
    for name in ("roots", "feature", "threshold", "right", "value"):
        np.testing.assert_array_equal(getattr(again.trees, name), getattr(boosted.trees, name))


@pytest.mark.parametrize("base", [np.zeros(3), np.array([0.0, 0.0, np.nan, 0.0])])
def test_boosted_trees_whose_logits_do_not_fit_are_refused(tmp_path: Path, rng: np.random.Generator, base) -> None:
    boosted = boost(*labelled(rng), BoostSettings(rounds=2, leaves=5, least_leaf=5)).boosted
    kinds = [str(activity) for activity in tuple(Activity)[:4]]
    save_model(tmp_path / "b", (replace(boosted, base=base),), facts() | {"kinds": kinds})
    with pytest.raises(ModelError, match="logits"):
        load_model(tmp_path / "b")


def test_the_same_data_and_settings_give_the_same_bytes(rng: np.random.Generator) -> None:
    windows = labelled(rng)
    first, again = (member_bytes(fit(*windows, Settings(trees=7)).forest) for _ in range(2))
    assert first == again
    assert member_bytes(fit(*windows, Settings(trees=7, seed=1)).forest) != first


def test_one_activity_can_not_be_told_from_nothing(rng: np.random.Generator) -> None:
    features, activity = labelled(rng)
    with pytest.raises(NotEnoughDataError):
        fit(features, np.zeros_like(activity), Settings(trees=2))


@pytest.mark.parametrize("width", [30, 100, 250])
def test_a_network_says_what_its_slow_twin_says(width: int, rng: np.random.Generator) -> None:
    network = small_network(rng)
    assert least_width(network) <= 30
    rows = windows_of(rng, 5, width)
    expected = np.array([oracles.network_logits(network, row) for row in rows])
    np.testing.assert_allclose(head_logits(network, embed(network, rows)), expected, rtol=1e-4, atol=1e-4)


def test_a_network_needs_its_least_width_and_no_more(rng: np.random.Generator) -> None:
    network = small_network(rng)
    width = least_width(network)
    assert embed(network, windows_of(rng, 2, width)).shape == (2, 10)
    with pytest.raises(ValueError, match="window"):
        embed(network, windows_of(rng, 2, width - 1))


def test_a_window_alone_is_told_as_among_others(rng: np.random.Generator) -> None:
    network, rows = small_network(rng), windows_of(rng, 300)
    together = embed(network, rows)
    for at in (0, 127, 128, 299):
        np.testing.assert_allclose(embed(network, rows[at : at + 1])[0], together[at], rtol=0, atol=1e-5)


def test_a_model_is_the_mean_of_its_members(rng: np.random.Generator) -> None:
    one, other, rows = small_network(rng), small_network(rng), windows_of(rng, 4)
    said = [softmax(head_logits(network, embed(network, rows))) for network in (one, other)]
    np.testing.assert_allclose(kind_probability(model_of(one, other), rows), np.mean(said, axis=0), atol=1e-12)


@given(st.floats(0.3, 4.0))
def test_temperature_changes_how_sure_a_model_is_and_not_what_it_says(temperature: float) -> None:
    rng = np.random.default_rng(3)
    network, rows = small_network(rng), windows_of(rng, 20)
    plain = kind_probability(model_of(network), rows)
    warm = kind_probability(model_of(network, temperature=temperature), rows)
    np.testing.assert_allclose(warm.sum(axis=1), 1.0)
    assert (warm.argmax(axis=1) == plain.argmax(axis=1)).all()
    surer = warm.max(axis=1) >= plain.max(axis=1) - 1e-9
    assert surer.all() if temperature <= 1.0 else (warm.max(axis=1) <= plain.max(axis=1) + 1e-9).all()


def test_kinds_are_summed_up_to_activities(rng: np.random.Generator) -> None:
    model, rows = model_of(small_network(rng)), windows_of(rng, 3)
    by_kind = kind_probability(model, rows)
    said = predict(model, Grid(rows.reshape(-1, 3), 25.0, 0), Windows(250))
    walking = [i for i, kind in enumerate(KINDS) if kind.activity is Activity.WALKING]
    np.testing.assert_allclose(said[:, model.classes.index(Activity.WALKING)], by_kind[:, walking].sum(axis=1))
    np.testing.assert_allclose(said.sum(axis=1), 1.0)


def test_a_window_of_which_too_little_came_is_not_judged(rng: np.random.Generator) -> None:
    rows = windows_of(rng, 3)
    rows[1, :60] = np.nan
    rows[2, 100:140] = np.nan
    said = predict(model_of(small_network(rng)), Grid(rows.reshape(-1, 3), 25.0, 0), Windows(250))
    assert np.isnan(said[1]).all()
    np.testing.assert_allclose(said[[0, 2]].sum(axis=1), 1.0)


def test_what_is_missing_in_a_window_is_drawn_straight(rng: np.random.Generator) -> None:
    rows = windows_of(rng, 1)
    whole = rows.copy()
    rows[0, 10:20] = np.nan
    cut, known = cut_windows(Grid(rows.reshape(-1, 3), 25.0, 0), Windows(250))
    assert known.all()
    straight = whole[0, 9] + (whole[0, 20] - whole[0, 9]) * (np.arange(1, 11) / 11)[:, None]
    np.testing.assert_allclose(cut[0, 10:20], straight, atol=1e-6)
    np.testing.assert_array_equal(cut[0, 20:], whole[0, 20:])


def test_a_grid_of_another_rate_is_refused(rng: np.random.Generator) -> None:
    with pytest.raises(ModelError, match="50 Hz"):
        predict(model_of(small_network(rng)), Grid(windows_of(rng, 4).reshape(-1, 3), 50.0, 0), Windows(500))


def test_a_forest_tells_all_kinds_and_knows_what_it_never_saw(rng: np.random.Generator) -> None:
    beat = np.sin(np.arange(1500) * 0.45)[:, None] * [0.1, 0.4, 0.1]

    def grid(still: list[int], moving: np.ndarray) -> Grid:
        return Grid((rng.normal(0, 0.02, (1500, 3)) + still + moving).astype(np.float32), 25.0, 0)

    grids = tuple(
        LabelledGrid(f"p{person}", kind, kind, grid(still, size * beat))
        for person in range(2)
        for kind, still, size in (("sitting", [0, 0, 1], 0.0), ("walk_mod", [0, -1, 0], 1.0))
    )
    forest = fit_kinds(grids, 250, Settings(trees=20))
    assert forest.value.shape[1] == len(KINDS)
    np.testing.assert_allclose(forest.value.sum(axis=1), 1.0)
    never = [i for i, kind in enumerate(KINDS) if kind.name not in {"sitting", "walk_mod", "other"}]
    assert not forest.value[:, never].any()


def test_a_personal_fit_learns_the_wearer_and_leaves_the_rest(rng: np.random.Generator) -> None:
    network, rows = small_network(rng), windows_of(rng, 40)
    said = head_logits(network, embed(network, rows)).argmax(axis=1)
    wanted = (said + 1) % 3
    (fitted,) = personalise((network,), rows[:30], wanted[:30], prior=0.01)
    assert isinstance(fitted, Network)
    right = head_logits(fitted, embed(fitted, rows[:30])).argmax(axis=1) == wanted[:30]
    assert right.mean() > 0.9
    (stiff,) = personalise((network,), rows[:30], wanted[:30], prior=1e9)
    assert isinstance(stiff, Network)
    np.testing.assert_allclose(stiff.head, network.head, atol=1e-6)
    assert stiff.convolutions is network.convolutions


def test_nothing_of_ones_own_is_no_personal_fit(rng: np.random.Generator) -> None:
    with pytest.raises(NotEnoughDataError):
        personalise((small_network(rng),), windows_of(rng, 0), np.empty(0, np.int64))


def facts() -> dict[str, object]:
    kinds = [kind.name for kind in KINDS]
    return {"name": "made", "kinds": kinds, "rate_hz": 25.0, "width_s": 10.0, "temperature": 1.25}


def test_a_saved_model_says_the_same_when_loaded(tmp_path: Path, rng: np.random.Generator) -> None:
    members = (small_network(rng), small_network(rng))
    save_model(tmp_path / "made", members, facts())
    loaded, rows = load_model(tmp_path / "made"), windows_of(rng, 6)
    np.testing.assert_array_equal(
        kind_probability(loaded, rows), kind_probability(model_of(*members, temperature=1.25), rows)
    )
    assert [member_bytes(member) for member in loaded.members] == [member_bytes(member) for member in members]


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the shipped model that may be spoiled."""
    folder = tmp_path / "copy"
    shutil.copytree(Path(str(shipped("models", DEFAULT_MODEL))), folder)
    return folder


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_model_holds_its_hashes_and_is_small(name: str) -> None:
    folder = Path(str(shipped("models", name)))
    assert load_model(name).digest == load_model(folder).digest
    assert sum(path.stat().st_size for path in folder.iterdir()) < 2_000_000


@pytest.mark.parametrize("at", [0, 100, -100])
def test_a_changed_byte_of_the_arrays_is_refused(copy: Path, at: int) -> None:
    (arrays,) = copy.glob("*.npz")
    raw = bytearray(arrays.read_bytes())
    raw[at] ^= 1
    arrays.write_bytes(raw)
    with pytest.raises(ModelError, match="SHA-256") as caught:
        load_model(copy)
    assert caught.value.exit_code == 5
    assert caught.value.remedy


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("feature_version", "0-none", "features"),
        ("format", 99, "format"),
        ("kinds", ["sitting", "flying"], "kinds"),
        ("members", [], "members"),
        ("width_s", 1.0, "too short"),
        ("transitions", [[1.0]], "transitions"),
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


def spoil_arrays(folder: Path, **changed: np.ndarray) -> None:
    """Put other arrays into a model's only member, and the right hash beside it."""
    (file,) = folder.glob("*.npz")
    with np.load(file) as archive:
        arrays = {name: archive[name] for name in archive.files}
    np.savez(file, **(arrays | changed))
    facts = json.loads((folder / "model.json").read_text())
    facts["files"][file.name] = hashlib.sha256(file.read_bytes()).hexdigest()
    (folder / "model.json").write_text(json.dumps(facts))


@pytest.mark.parametrize(
    "changed",
    [
        {"head": np.zeros((3, 10))},
        {"spread": np.zeros(128)},
        {"head_bias": np.full(10, np.nan)},
        {"strides": np.array([0, 2, 2, 2])},
        {"bias_1": np.zeros(5, np.float32)},
    ],
)
def test_a_network_that_does_not_fit_is_refused_even_with_a_right_hash(
    copy: Path, changed: dict[str, np.ndarray]
) -> None:
    spoil_arrays(copy, **changed)
    with pytest.raises(ModelError):
        load_model(copy)


def test_a_forest_that_would_loop_is_refused_even_with_a_right_hash(tmp_path: Path, rng: np.random.Generator) -> None:
    forest = fit(*labelled(rng), Settings(trees=3)).forest
    kinds = [str(activity) for activity in tuple(Activity)[: forest.value.shape[1]]]
    save_model(tmp_path / "trees", (forest,), facts() | {"kinds": kinds})
    assert load_model(tmp_path / "trees").feature_version
    inner = int(np.flatnonzero(forest.feature >= 0)[5])
    right = forest.right.copy()
    right[inner] = inner
    spoil_arrays(tmp_path / "trees", right=right)
    with pytest.raises(ModelError):
        load_model(tmp_path / "trees")


def test_no_model_of_that_name_says_what_to_ask() -> None:
    with pytest.raises(ModelError, match="no model 'ankle'") as caught:
        load_model("ankle")
    assert "model info" in caught.value.remedy


def stay_of(stay: float, n: int) -> np.ndarray:
    """Transitions that stay with one chance and share out the rest."""
    return np.where(np.eye(n) == 1.0, stay, (1.0 - stay) / (n - 1))


def likeliest(score: np.ndarray, transitions: np.ndarray) -> float:
    """The best sum over all paths, by trying them all."""
    n, k = score.shape
    best = -np.inf
    for path in itertools.product(range(k), repeat=n):
        total = sum(score[i, c] for i, c in enumerate(path))
        total += sum(np.log(transitions[a, b]) for a, b in itertools.pairwise(path))
        best = max(best, total)
    return float(best)


@settings(deadline=None)  # the first call compiles
@given(st.integers(0, 2**32 - 1), st.integers(1, 6))
def test_smoothing_finds_the_likeliest_of_all_paths(seed: int, n: int) -> None:
    rng = np.random.default_rng(seed)
    probability, transitions = rng.dirichlet(np.ones(3), n), rng.dirichlet(np.ones(3), 3)
    path = smooth(probability, np.ones(n, dtype=bool), transitions)
    score = np.log(probability + 0.02)
    total = sum(score[i, c] for i, c in enumerate(path))
    total += sum(np.log(transitions[a, b]) for a, b in itertools.pairwise(path.tolist()))
    assert total == pytest.approx(likeliest(score, transitions))


def test_a_lone_doubtful_window_is_smoothed_and_a_sure_one_is_not() -> None:
    probability = np.tile([0.9, 0.1], (9, 1))
    probability[4] = [0.45, 0.55]
    assert smooth(probability, np.ones(9, dtype=bool), stay_of(0.75, 2)).tolist() == [0] * 9
    probability[4] = [0.0, 1.0]
    assert smooth(probability, np.ones(9, dtype=bool), stay_of(0.75, 2)).tolist() == [0, 0, 0, 0, 1, 0, 0, 0, 0]


def test_nothing_is_carried_over_a_window_that_is_not_known() -> None:
    probability = np.tile([0.55, 0.45], (5, 1))
    probability[:2] = [0.0, 1.0]
    probability[2] = np.nan
    known = np.array([True, True, False, True, True])
    assert smooth(probability, known, stay_of(0.75, 2)).tolist() == [1, 1, -1, 0, 0]


def test_learned_transitions_stay_and_leave_nothing_impossible() -> None:
    transitions = learn_transitions(3)
    np.testing.assert_allclose(transitions.sum(axis=1), 1.0)
    assert (transitions > 0.0).all()
    stairs, lying, walking = (ACTIVITIES.index(a) for a in (Activity.STAIRS, Activity.LYING, Activity.WALKING))
    assert transitions[lying, lying] > transitions[walking, walking] > transitions[stairs, stairs]
    assert transitions[stairs, walking] > transitions[stairs, lying]


def test_a_composed_day_is_filled_with_runs_of_the_right_recordings(rng: np.random.Generator) -> None:
    path = compose(20_000, rng)
    assert set(path) == set(range(len(ACTIVITIES)))
    parts = {code: [np.arange(20) + 1000 * code, np.arange(5) + 1000 * code + 500] for code in range(len(ACTIVITIES))}
    rows = fill(path, parts, rng)
    assert (rows // 1000 == path).all()
    runs_on = np.diff(rows)[np.diff(path) == 0]
    assert set(runs_on.tolist()) <= {1, -19, -4}


@pytest.mark.parametrize("name", SHIPPED)
def test_the_card_says_what_the_description_says(name: str) -> None:
    folder = Path(str(shipped("models", name)))
    card = (folder / "CARD.md").read_text(encoding="utf-8")
    assert load_model(name).digest in card
    first = load_model(name).facts["judged"][0]
    for score in first["scores"]:
        assert f"| {score['view']} | {score['windows']} | {score['people']} | {score['macro_f1']:.3f} |" in card
        confusion = np.array(score["confusion"])
        hits = np.diag(confusion[:, : len(confusion)])
        f1 = 2 * hits / (confusion.sum(axis=1) + confusion[:, : len(confusion)].sum(axis=0))
        assert score["macro_f1"] == pytest.approx(f1.mean())


@pytest.mark.data
@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_model_learned_from_the_recordings_at_hand(name: str, recordings_dir: Path) -> None:
    for source in load_model(name).facts["sources"]:
        if source["sha256"]:
            with (recordings_dir / source["name"]).open("rb") as file:
                assert hashlib.file_digest(file, "sha256").hexdigest() == source["sha256"]
