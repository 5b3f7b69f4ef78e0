"""Features: the kernel against plain numpy and scipy, and what must not change when the band is turned."""

import itertools

import numpy as np
import oracles
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from activity.features.table import BANDS_HZ, FEATURES, LEAST_COVERAGE, compute_features
from activity.signal.regularise import Grid, regularise
from activity.windows import Windows
from device.readers.table import read_recordings

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
        assert_same(row, expected, tolerance=1e-4)


@given(SEEDS, st.integers(1, 50))
@settings(max_examples=40, deadline=None)
def test_missing_rows_are_drawn_straight_as_in_plain_numpy(seed, n_holes):
    accel_g = movement(seed, n_windows=1)
    accel_g[np.random.default_rng(seed).choice(WIDTH, n_holes, replace=False)] = np.nan
    expected = oracles.window_features(accel_g, RATE_HZ, BANDS_HZ)
    assert_same(features(accel_g)[0], expected, tolerance=1e-4)


def test_a_window_with_too_few_rows_is_nan_and_its_neighbours_are_not():
    accel_g = movement(5, n_windows=3)
    accel_g[WIDTH : WIDTH + WIDTH - int(LEAST_COVERAGE * WIDTH) + 1] = np.nan
    rows = features(accel_g)
    assert np.isnan(rows[1]).all()
    assert np.isfinite(rows[[0, 2]]).all()


def turned_anyhow(accel_g, seed):
    """The same movement, felt by a band that is worn in another way; with odd seeds in a mirror."""
    way = Rotation.random(rng=seed).as_matrix()
    if seed % 2:
        way[0] *= -1.0
    return (accel_g @ way.T).astype(np.float32)


@given(SEEDS)
@settings(max_examples=60, deadline=None)
def test_features_not_marked_turned_are_the_same_however_the_band_is_worn(seed):
    accel_g = movement(seed, n_windows=1)
    before, after = features(accel_g)[0], features(turned_anyhow(accel_g, seed))[0]
    keep = [i for i, f in enumerate(FEATURES) if not f.turned]
    assert_same(after[keep], before[keep], [NAMES[i] for i in keep], tolerance=1e-3)


@pytest.mark.data
def test_real_wrists_have_the_same_features_however_the_band_is_worn(recordings_dir):
    way = Rotation.random(rng=5).as_matrix()
    keep = [i for i, f in enumerate(FEATURES) if not f.turned]
    off = []
    for _, wrist in itertools.islice(read_recordings(recordings_dir / "selfback-wrist.parquet"), 0, None, 6):
        grid = regularise(wrist, RATE_HZ)
        before = features(grid.accel_g)[:, keep]
        after = features((grid.accel_g @ way.T).astype(np.float32))[:, keep]
        off.append((np.abs(after - before) / (np.abs(before) + 1.0)).ravel())
    # Where two directions or two bins are equally strong, the last bit of a sample decides between them
    assert (np.concatenate(off) > 0.01).mean() < 1e-4


def test_only_the_place_of_down_turns_with_the_band():
    assert [feature.name for feature in FEATURES if feature.turned] == ["down_x", "down_y", "down_z"]


@given(SEEDS, st.integers(1, 70), st.integers(0, 200))
@settings(max_examples=20, deadline=None)
def test_a_window_has_the_same_bits_alone_and_anywhere_among_others(seed, n_windows, n_holes):
    accel_g = movement(seed, n_windows)
    rng = np.random.default_rng(seed)
    accel_g[rng.choice(len(accel_g), n_holes, replace=False)] = np.nan
    rows = features(accel_g)
    for w in rng.choice(n_windows, min(n_windows, 5), replace=False):
        np.testing.assert_array_equal(features(accel_g[w * WIDTH : (w + 1) * WIDTH])[0], rows[w])


def test_a_day_on_many_threads_is_the_day_window_by_window():
    accel_g = movement(3, n_windows=8640)
    rows = features(accel_g)
    for w in range(0, 8640, 97):
        np.testing.assert_array_equal(features(accel_g[w * WIDTH : (w + 1) * WIDTH])[0], rows[w])


@pytest.mark.parametrize("still", [0.0, 1e-30, 0.1, 1.0, 8.0, 1e6, 3e38, np.inf, -np.inf])
@pytest.mark.parametrize("axes", [[1, 1, 1], [0, 0, 1], [0.3, 1, -0.7]])
def test_a_band_that_reads_one_value_for_ever_gives_finite_features(still, axes):
    value = still * np.array(axes) if np.isfinite(still) else np.full(3, still)
    with np.errstate(over="ignore"):
        rows = features(np.tile(value.astype(np.float32), (WIDTH, 1)))
    assert np.isfinite(rows).all()


@given(SEEDS, st.floats(-30.0, 38.0), st.floats(0.0, 0.2))
@settings(max_examples=60, deadline=None)
def test_whatever_the_values_a_covered_window_has_finite_features(seed, exponent, missing):
    rng = np.random.default_rng(seed)
    accel_g = rng.standard_normal((WIDTH, 3)) * 10.0**exponent + rng.choice([0.0, 1.0])
    accel_g[rng.random((WIDTH, 3)) < 0.02] = rng.choice([0.0, np.inf, -np.inf, 1.0, -8.0])
    accel_g[rng.choice(WIDTH, int(missing * WIDTH), replace=False)] = np.nan
    with np.errstate(over="ignore"):
        rows = features(accel_g.astype(np.float32))
    assert np.isfinite(rows).all()


@given(SEEDS)
@settings(max_examples=20, deadline=None)
def test_a_shift_by_whole_windows_shifts_the_rows(seed):
    accel_g = movement(seed, n_windows=4)
    np.testing.assert_array_equal(features(accel_g)[1:], features(accel_g[WIDTH:]))


@pytest.mark.parametrize("rate_hz", [12.5, 20.0, 31.25, 50.0, 100.0])
@pytest.mark.parametrize("width_s", [4.0, 10.0, 12.8])
def test_features_are_those_of_plain_numpy_at_other_rates_and_widths(rate_hz, width_s):
    windows = Windows.of_seconds(width_s, rate_hz)
    accel_g = movement(11, n_windows=windows.width_samples // WIDTH + 1)[: windows.width_samples]
    row = compute_features(Grid(accel_g, rate_hz, 0), windows)[0]
    assert_same(row, oracles.window_features(accel_g, rate_hz, BANDS_HZ), tolerance=1e-4)


def test_a_window_too_short_for_a_stride_is_refused():
    with pytest.raises(ValueError, match="hold no stride"):
        compute_features(Grid(movement(0), RATE_HZ, 0), Windows(40))


@pytest.mark.parametrize("steps_hz", [1.5, 1.8, 2.0, 2.6])
def test_a_walk_shows_its_step_its_stride_and_its_harmonics(steps_hz):
    time_s = np.arange(WIDTH) / RATE_HZ
    accel_g = np.zeros((WIDTH, 3), np.float32)
    accel_g[:, 2] = 1.0 + 0.3 * np.sin(2 * np.pi * steps_hz * time_s)
    accel_g[:, 0] = 0.1 * np.sin(np.pi * steps_hz * time_s + 0.7)
    row = dict(zip(NAMES, features(accel_g)[0], strict=True))
    assert row["vertical_step_s"] == pytest.approx(1 / steps_hz, rel=0.01)
    assert row["axes_stride_s"] == pytest.approx(2 / steps_hz, rel=0.01)
    assert row["vertical_peak_hz"] == pytest.approx(steps_hz, abs=0.03)
    assert row["vertical_odd_to_even"] < -4.0
    assert row["forward_odd_to_even"] > 4.0
    assert row["vertical_symmetry"] == pytest.approx(0.0, abs=0.02)


def test_a_grid_shorter_than_a_window_has_no_row():
    assert features(movement(0)[: WIDTH - 1]).shape == (0, len(FEATURES))


def test_names_are_unique():
    assert len(set(NAMES)) == len(NAMES)
