"""Features: the kernel against plain numpy and scipy, and what must not change when the band is turned."""

import numpy as np
import oracles
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from activity.features.table import BANDS_HZ, FEATURES, LEAST_COVERAGE, compute_features
from activity.signal.regularise import Grid
from activity.windows import Windows

RATE_HZ = 25.0
WIDTH = 250
NAMES = [feature.name for feature in FEATURES]
SEEDS = st.integers(0, 2**32 - 1)


def movement(seed, n_windows=2):
    """Acceleration (n, 3) with gravity somewhere, three rhythms of different strength and noise."""
    rng = np.random.default_rng(seed)
    time_s = np.arange(n_windows * WIDTH) / RATE_HZ
    gravity = rng.standard_normal(3)
    accel_g = np.tile(gravity / np.linalg.norm(gravity), (time_s.size, 1))
    for strength in (0.3, 0.15, 0.05):
        wave = np.sin(2 * np.pi * rng.uniform(0.5, 5.0) * time_s + rng.uniform(0, 6)) + 0.5
        accel_g += strength * wave[:, None] * rng.standard_normal(3)
    return (accel_g + rng.uniform(0.005, 0.1) * rng.standard_normal(accel_g.shape)).astype(np.float32)


def features(accel_g):
    return compute_features(Grid(accel_g, RATE_HZ, 0), Windows(WIDTH))


def assert_same(actual, expected, names=NAMES, tolerance=2e-4):
    off = np.abs(actual - expected) / (np.abs(expected) + 1.0)
    worst = np.argsort(-off)[:5]
    assert off.max() < tolerance, [(names[i], actual[i], expected[i]) for i in worst]


@given(SEEDS)
@settings(max_examples=40, deadline=None)
def test_features_are_those_of_plain_numpy(seed):
    accel_g = movement(seed)
    for row, start in zip(features(accel_g), (0, WIDTH), strict=True):
        expected = oracles.window_features(accel_g[start : start + WIDTH], RATE_HZ, BANDS_HZ)
        assert_same(row, expected, tolerance=1e-5)


@given(SEEDS, st.integers(1, 50))
@settings(max_examples=40, deadline=None)
def test_missing_rows_are_drawn_straight_as_in_plain_numpy(seed, n_holes):
    accel_g = movement(seed, n_windows=1)
    accel_g[np.random.default_rng(seed).choice(WIDTH, n_holes, replace=False)] = np.nan
    expected = oracles.window_features(accel_g, RATE_HZ, BANDS_HZ)
    assert_same(features(accel_g)[0], expected, tolerance=1e-5)


def test_a_window_with_too_few_rows_is_nan_and_its_neighbours_are_not():
    accel_g = movement(5, n_windows=3)
    accel_g[WIDTH : WIDTH + WIDTH - int(LEAST_COVERAGE * WIDTH) + 1] = np.nan
    rows = features(accel_g)
    assert np.isnan(rows[1]).all()
    assert np.isfinite(rows[[0, 2]]).all()


@given(SEEDS)
@settings(max_examples=40, deadline=None)
def test_features_not_marked_turned_are_the_same_however_the_band_is_worn(seed):
    accel_g = movement(seed, n_windows=1)
    turned = (accel_g @ Rotation.random(rng=seed).as_matrix().T).astype(np.float32)
    before, after = features(accel_g)[0], features(turned)[0]
    keep = [i for i, f in enumerate(FEATURES) if not f.turned]
    assert_same(after[keep], before[keep], [NAMES[i] for i in keep], tolerance=1e-3)


@given(SEEDS)
@settings(max_examples=40, deadline=None)
def test_the_forward_stream_is_the_same_or_its_mirror_image_however_the_band_is_worn(seed):
    accel_g = movement(seed, n_windows=1)
    turned = (accel_g @ Rotation.random(rng=seed).as_matrix().T).astype(np.float32)
    before = dict(zip(NAMES, features(accel_g)[0], strict=True))
    after = dict(zip(NAMES, features(turned)[0], strict=True))
    for name in ("forward_skewness", "forward_step_skewness"):
        assert abs(after[name]) == pytest.approx(abs(before[name]), abs=2e-3)


@given(SEEDS)
@settings(max_examples=20, deadline=None)
def test_a_shift_by_whole_windows_shifts_the_rows(seed):
    accel_g = movement(seed, n_windows=4)
    np.testing.assert_array_equal(features(accel_g)[1:], features(accel_g[WIDTH:]))


@pytest.mark.parametrize("still", [np.zeros(3), np.array([0.0, 0.0, 1.0]), np.array([8.0, 8.0, 8.0])])
def test_a_band_that_reads_one_value_for_ever_gives_finite_features(still):
    assert np.isfinite(features(np.tile(still.astype(np.float32), (WIDTH, 1)))).all()


def test_a_grid_shorter_than_a_window_has_no_row():
    assert features(movement(0)[: WIDTH - 1]).shape == (0, len(FEATURES))


def test_names_are_unique():
    assert len(set(NAMES)) == len(NAMES)
