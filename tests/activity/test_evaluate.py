"""Judging: nobody is judged by a model that has seen them, and every figure is what its formula says."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import f1_score

from activity.classify.evaluate import Told, Trial, calibrated, fold_of, hold_out, score, temperature
from activity.classify.judge import judge
from activity.classify.kinds import KIND_INDEX, KINDS
from activity.classify.labelled import EXERCISES, LABELS, LabelledGrid
from activity.classify.published import COEFFICIENTS, cosine_features
from activity.classify.recipes import RECIPES
from activity.classify.travel import AS_WORN
from activity.classify.views import VIEWS, View
from activity.labels import Activity
from activity.signal.regularise import Grid

N_KINDS = len(KINDS)


def told(rng: np.random.Generator, n: int = 600, sure: float = 3.0) -> Told:
    """Predictions that are right more often than not."""
    kind = rng.integers(0, N_KINDS, n)
    logits = rng.normal(0, 1, (n, N_KINDS)) + sure * np.eye(N_KINDS)[kind]
    probability = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    names = np.array([k.name for k in KINDS])[kind]
    return Told(kind, np.array([f"p{i % 7}" for i in range(n)]), names, np.arange(n), np.arange(n) % 5, probability)


@pytest.mark.parametrize("view", VIEWS.values(), ids=lambda view: view.name)
def test_macro_f1_is_that_of_scikit_learn(view: View, rng: np.random.Generator) -> None:
    said = told(rng)
    found = score(said, view)
    code, n = view.codes(), len(view.classes)
    rows = (code[said.kind] >= 0) & (code[said.kind] < n)
    best = view.probability(said.probability[rows]).argmax(axis=1)
    expected = f1_score(code[said.kind[rows]], best, labels=range(n), average="macro")
    assert found.macro_f1 == pytest.approx(expected)
    assert np.sum(found.confusion) == found.windows == rows.sum()


@pytest.mark.parametrize("view", VIEWS.values(), ids=lambda view: view.name)
def test_a_view_takes_every_kind_once_or_leaves_it_out(view: View) -> None:
    code = view.codes()
    assert (code < len(view.classes) + 1).all()
    assert code[KIND_INDEX["other"]] == len(view.classes)
    assert [KINDS[i].name for i in np.flatnonzero(code < 0)] == list(view.without)


def test_a_kind_that_a_view_leaves_out_does_not_compete() -> None:
    view = VIEWS["6 classes of the data set"]
    probability = np.zeros((1, N_KINDS))
    probability[0, [KIND_INDEX["lying"], KIND_INDEX["sitting"]]] = [0.9, 0.1]
    assert list(view.classes)[view.probability(probability)[0].argmax()] == "sitting"


@given(st.integers(1, 60), st.integers(0, 12), st.integers(0, 99))
def test_every_person_is_in_one_fold_and_folds_are_even(people: int, folds: int, seed: int) -> None:
    place = fold_of(np.array([f"p{i}" for i in range(people)]), folds, seed)
    sizes = np.bincount(list(place.values()))
    assert len(place) == people
    assert sizes.max() - sizes.min() <= 1 or folds > people


def test_a_model_that_boasts_is_cooled_to_what_it_is_worth(rng: np.random.Generator) -> None:
    said = told(rng, 4000)
    boasting = said.probability**3.0
    boasting /= boasting.sum(axis=1, keepdims=True)
    assert temperature(boasting, said.kind) == pytest.approx(3.0 * temperature(said.probability, said.kind), rel=0.02)
    _, curve = calibrated(
        Told(said.kind, said.subject, said.original, said.part, said.fold, boasting), VIEWS["9 kinds"]
    )
    assert curve.error < 0.05
    assert sum(bin_.windows for bin_ in curve.curve) == np.sum(said.kind != KIND_INDEX["other"])


def made_grids(rng: np.random.Generator) -> tuple[LabelledGrid, ...]:
    """Four people who sit, walk and do an exercise, each at an own pace."""
    grids = []
    for person in range(4):
        time_s = np.arange(1000) / 25.0
        for label, hz, size in (("sitting", 0.0, 0.0), ("walk_mod", 1.7 + 0.05 * person, 0.4), ("pendulum", 0.4, 0.8)):
            beat = size * np.sin(2 * np.pi * hz * time_s)[:, None] * [0.3, 1.0, 0.2]
            accel_g = (beat + np.array([0.0, -1.0, 0.0]) + rng.normal(0, 0.01, (1000, 3))).astype(np.float32)
            grids.append(LabelledGrid(f"p{person}", label, LABELS[label], Grid(accel_g, 25.0, 0)))
    return tuple(grids)


@pytest.mark.parametrize("recipe", ["forest", "published"])
def test_a_recipe_is_judged_by_people_it_has_not_seen(recipe: str, rng: np.random.Generator) -> None:
    grids = made_grids(rng)
    place = fold_of(np.array([grid.subject for grid in grids]), 2, 0)
    held_out = hold_out(Trial(recipe, {AS_WORN: grids, "again": grids}, 250, place, 1))
    said = held_out.told[AS_WORN]
    assert len(said.kind) == 4 * 3 * 4
    assert all(place[str(person)] == fold for person, fold in zip(said.subject, said.fold, strict=True))
    np.testing.assert_array_equal(said.probability, held_out.told["again"].probability)
    judged = judge(held_out, recipe, RECIPES[recipe].what, 2, 1)
    assert np.mean(list(judged.recall.values())) > 0.6
    assert judged.personal == ()


def test_the_result_does_not_depend_on_the_number_of_workers(rng: np.random.Generator) -> None:
    grids = made_grids(rng)
    trial = Trial("published", {AS_WORN: grids}, 250, fold_of(np.array([g.subject for g in grids]), 2, 0), 1)
    alone, shared = hold_out(trial), hold_out(trial, workers=2)
    np.testing.assert_array_equal(alone.told[AS_WORN].probability, shared.told[AS_WORN].probability)


def test_the_published_features_are_sizes_of_cosines() -> None:
    time_s = np.arange(250) / 25.0
    window = np.zeros((1, 250, 3), np.float32)
    window[0, :, 1] = np.cos(np.pi * 30 * (np.arange(250) + 0.5) / 250)  # the 30th cosine itself: 1.5 Hz
    assert time_s[-1] < 10.0
    features = cosine_features(window).reshape(4, COEFFICIENTS)
    assert features[1].argmax() == 30
    assert features[0].max() < 1e-4


def test_every_label_of_the_data_sets_has_a_kind_or_an_activity() -> None:
    names = {kind.name for kind in KINDS} | {str(activity) for activity in Activity}
    assert set(LABELS.values()) <= names
    assert set(LABELS) >= set(EXERCISES)
