"""Signals as they should not be: each is refused with a typed error or flagged, never silently given a wrong class."""

from dataclasses import replace

import numpy as np
import pytest

from activity.classify.labelled import Labelled
from activity.classify.model import Model
from activity.classify.train import Settings, fit
from activity.epochs import UNKNOWN
from activity.errors import NotEnoughDataError, RateError, UnitsError
from activity.features.table import FEATURE_VERSION, FEATURES, compute_features
from activity.labels import ACTIVITIES, Activity
from activity.recognise import recognise
from activity.signal.regularise import regularise
from activity.windows import Windows
from device.recording import NS_PER_S, Recording
from device.simulator.motion import Part, Wearer, synthesise

START_NS = 1_790_000_000_000_000_000
RATE_HZ = 50.0
SCRIPT = (Part("sit", 2), Part("walk", 3), Part("sit", 2))
SEED = 5


@pytest.fixture(scope="module")
def model() -> Model:
    """A small model that tells sitting from walking, so that these tests don't hang on the shipped one."""
    of = synthesise((Part("sit", 6), Part("walk", 6)), Wearer(), rate_hz=25.0, seed=1, start_ns=START_NS)
    grid = regularise(of.recording, 25.0)
    features = compute_features(grid, Windows(250))
    walking = np.arange(len(features)) >= len(features) // 2
    activity = np.where(walking, ACTIVITIES.index(Activity.WALKING), ACTIVITIES.index(Activity.SITTING))
    rows = ~np.isnan(features).any(axis=1)
    labelled = Labelled(
        features[rows], activity[rows].astype(np.int8), activity[rows].astype(str), activity.astype(str)
    )
    trained = fit(labelled, Settings(trees=20))
    facts = {"files": {"forest.npz": "0"}}
    names = tuple(feature.name for feature in FEATURES)
    return Model("small", trained.classes, names, FEATURE_VERSION, 25.0, 10.0, trained.forest, facts)


@pytest.fixture(scope="module")
def good() -> Recording:
    return synthesise(SCRIPT, Wearer(), rate_hz=RATE_HZ, seed=SEED, start_ns=START_NS).recording


def changed(good: Recording, accel_g: np.ndarray) -> Recording:
    return replace(good, accel_g=np.asarray(accel_g, dtype=np.float32))


def codes(found) -> dict[str, float]:
    return {flag.code: flag.share for flag in found.flags}


def test_a_good_signal_has_no_flags(good, model):
    found = recognise(good, model)
    assert found.flags == ()
    assert (found.epochs.activity != UNKNOWN).all()


# Refused


@pytest.mark.parametrize(
    ("factor", "said", "remedy"),
    [(9.80665, "m/s²", "9.80665"), (1000.0, "mg", "1000"), (256.0, "256", "counts"), (0.125, "0.125", "counts")],
)
def test_another_unit_is_named_and_not_guessed(good, model, factor, said, remedy):
    with pytest.raises(UnitsError, match=said) as caught:
        recognise(changed(good, good.accel_g * factor), model)
    assert remedy in caught.value.remedy


def test_acceleration_without_gravity_is_refused(good, model):
    blocks = good.accel_g[: good.n_samples // 50 * 50].reshape(-1, 50, 3)
    linear = (blocks - blocks.mean(axis=1, keepdims=True)).reshape(-1, 3)
    with pytest.raises(UnitsError, match="gravity"):
        recognise(Recording.from_times(linear, good.time_ns[: len(linear)]), model)


@pytest.mark.parametrize("rate_hz", [0.2, 1.0, 8.0])
def test_too_slow_a_band_is_refused(model, rate_hz):
    n = round(600 * rate_hz)
    jitter = np.random.default_rng(0).normal(0, 0.02, n)
    time_ns = START_NS + np.rint((np.arange(n) / rate_hz + jitter) * NS_PER_S).astype(np.int64)
    with pytest.raises(RateError, match="Hz"):
        recognise(Recording.from_times(np.tile(np.float32([0, 0, 1]), (n, 1)), time_ns), model)


@pytest.mark.parametrize("n", [0, 1, 2, 490])
def test_less_than_a_window_is_not_enough(good, model, n):
    with pytest.raises(NotEnoughDataError):
        recognise(Recording.from_times(good.accel_g[:n], good.time_ns[:n]), model)
