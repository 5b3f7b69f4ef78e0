"""Measures of movement: equal to what their authors' programs say, and honest about what never came."""

import importlib.util
import json
from pathlib import Path

import numpy as np
import oracles
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from activity.signal.calibrate import Calibration
from activity.signal.movement import stretches
from activity.signal.movement.counts import counts
from activity.signal.movement.mims import mims
from activity.signal.movement.size import enmo_mg, mad_mg
from activity.signal.movement.table import METRICS, measure
from activity.signal.regularise import Grid
from device.recording import NS_PER_S, Recording

GOLDEN = Path(__file__).parents[1] / "golden"
START_NS = 1_790_000_040_000_000_000
AS_IT_IS = Calibration((0.0, 0.0, 0.0), (1.0, 1.0, 1.0), 0.0, 0.0, applied=False, reason="", still_windows=0)
SEEDS = st.integers(0, 2**32 - 1)


@pytest.fixture(scope="module")
def golden():
    return json.loads((GOLDEN / "movement.json").read_text())


@pytest.fixture(scope="module")
def wrist_g():
    spec = importlib.util.spec_from_file_location("write_movement", GOLDEN / "write_movement.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.wrist_g


def grid(accel_g, rate_hz):
    return Grid(np.asarray(accel_g, dtype=np.float32), rate_hz, START_NS)


def recording(accel_g, rate_hz, start_ns=START_NS):
    time_ns = start_ns + np.rint(np.arange(len(accel_g)) * NS_PER_S / rate_hz).astype(np.int64)
    return Recording.from_times(np.asarray(accel_g, dtype=np.float32), time_ns)


def random_walk(n, seed, missing=0.0):
    rng = np.random.default_rng(seed)
    accel_g = np.cumsum(rng.normal(0, 0.05, (n, 3)), axis=0) * rng.choice([0.1, 1.0]) + [0.0, 0.0, 1.0]
    for _ in range(rng.integers(0, 4) if missing else 0):
        at = rng.integers(0, n)
        accel_g[at : at + rng.integers(1, round(missing * n) + 2)] = np.nan
    return accel_g.astype(np.float32)


# The published programs


def test_counts_are_those_of_the_maker(golden, wrist_g):
    for rate_hz in ("30", "60", "90"):
        assert golden["counts"][rate_hz] == golden["counts"]["30"]
    np.testing.assert_array_equal(counts(grid(wrist_g(30.0), 30.0), 60.0)[:, :3], golden["counts"]["30"])


@pytest.mark.parametrize("rate_hz", [25.0, 50.0, 60.0, 97.3, 100.0])
def test_counts_at_another_rate_are_near_those_at_the_makers(golden, wrist_g, rate_hz):
    columns = measure(recording(wrist_g(rate_hz), rate_hz).stream(), AS_IT_IS).columns
    axes = np.stack([columns[f"counts_{axis}"] for axis in "xyz"], axis=1)
    np.testing.assert_allclose(axes, golden["counts"]["30"], rtol=0.01, atol=8)


def test_mims_areas_are_those_of_another_program_but_for_how_the_filter_begins(golden, wrist_g):
    expected = np.array(golden["mims_by_axis"]).sum(axis=1)
    ours = mims(grid(wrist_g(100.0), 100.0), 60.0)[:, 0]
    np.testing.assert_allclose(ours[1:], expected[1:], rtol=1e-3)
    assert ours[0] < expected[0]  # theirs rings with the first second's gravity


def test_a_sine_in_the_middle_of_the_band_has_the_area_under_its_half_waves():
    t_s = np.arange(12_000) / 100.0
    accel_g = np.zeros((12_000, 3))
    accel_g[:, 1] = 0.5 * np.sin(2 * np.pi * 1.0 * t_s) + 1.0
    assert mims(grid(accel_g, 100.0), 60.0)[1, 0] == pytest.approx(0.5 * 2 / np.pi * 60.0, rel=0.01)


# Plain twins


@given(SEEDS, st.sampled_from([5.0, 15.0, 60.0]))
@settings(max_examples=30, deadline=None)
def test_enmo_and_mad_are_those_of_plain_numpy(seed, epoch_s):
    accel_g = random_walk(1400, seed, missing=0.2)
    expected = oracles.sizes_mg(accel_g, 10.0, epoch_s)
    for ours, theirs in zip((enmo_mg, mad_mg), expected, strict=True):
        np.testing.assert_allclose(ours(grid(accel_g, 10.0), epoch_s)[:, 0], theirs, rtol=1e-4, atol=1e-3)


@given(SEEDS)
@settings(max_examples=20, deadline=None)
def test_counts_are_those_of_a_loop_over_the_difference_equation(seed):
    accel_g = random_walk(1900, seed, missing=0.1)
    np.testing.assert_allclose(counts(grid(accel_g, 30.0), 20.0)[:, :3], oracles.counts(accel_g, 600), atol=1e-9)


@given(SEEDS)
@settings(max_examples=10, deadline=None)
def test_where_blocks_are_cut_does_not_matter(seed):
    accel_g = random_walk(4000, seed, missing=0.1)
    whole = [metric.measure(grid(accel_g, metric.rate_hz), 5.0) for metric in METRICS]
    with pytest.MonkeyPatch.context() as patch:
        for name in ("stretches.BLOCK_ROWS", "size.BLOCK_ROWS"):
            patch.setattr(f"activity.signal.movement.{name}", 303)
        cut = [metric.measure(grid(accel_g, metric.rate_hz), 5.0) for metric in METRICS]
    for name, a, b in zip(METRICS, whole, cut, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6, atol=1e-9, err_msg=name.name)


# What must not change them


@given(SEEDS)
@settings(max_examples=15, deadline=None)
def test_measures_of_size_are_the_same_however_the_band_is_worn(seed):
    accel_g = random_walk(1200, seed)
    turned = Rotation.random(rng=seed).apply(accel_g)
    for of in (enmo_mg, mad_mg):
        np.testing.assert_allclose(of(grid(turned, 20.0), 60.0), of(grid(accel_g, 20.0), 60.0), rtol=1e-3, atol=0.05)


@pytest.mark.parametrize("rate_hz", [25.0, 50.0, 102.7])
def test_the_rate_of_the_band_matters_little(wrist_g, rate_hz):
    at_100 = measure(recording(wrist_g(100.0), 100.0).stream(), AS_IT_IS).columns
    found = measure(recording(wrist_g(rate_hz), rate_hz).stream(), AS_IT_IS).columns
    for name, column in found.items():
        np.testing.assert_allclose(column, at_100[name], rtol=0.05, atol=8 if "counts" in name else 0.2, err_msg=name)


def test_nothing_is_carried_over_a_gap(wrist_g):
    accel_g = wrist_g(50.0)
    before, after = recording(accel_g[:9000], 50.0), recording(accel_g[:9000], 50.0, START_NS + 300 * NS_PER_S)
    both = Recording.from_times(
        np.vstack([before.accel_g, after.accel_g]), np.concatenate([before.time_ns, after.time_ns])
    )
    found, alone = measure(both.stream(), AS_IT_IS), measure(before.stream(), AS_IT_IS)
    assert ((found.time_ns - START_NS) // (60 * NS_PER_S)).tolist() == [0, 1, 2, 5, 6, 7]
    for name in found.columns:
        np.testing.assert_allclose(found.columns[name][:3], alone.columns[name], rtol=1e-3, err_msg=name)
        np.testing.assert_allclose(found.columns[name][3:], alone.columns[name], rtol=2e-3, atol=2, err_msg=name)


def test_a_minute_of_which_too_little_came_is_not_known_and_one_of_which_most_came_is(wrist_g):
    accel_g = wrist_g(50.0)
    keep = np.ones(len(accel_g), dtype=bool)
    keep[6100:6500] = False  # 8 s of minute 2
    keep[9100:9300] = False  # 4 s of minute 3
    whole = recording(accel_g, 50.0)
    holed = Recording.from_times(whole.accel_g[keep], whole.time_ns[keep])
    found, full = measure(holed.stream(), AS_IT_IS), measure(whole.stream(), AS_IT_IS)
    assert found.coverage[2] == pytest.approx(52 / 60, abs=0.003)
    for name, column in found.columns.items():
        assert np.isnan(column).tolist() == [False, False, True, False, False, False], name
        assert column[3] == pytest.approx(full.columns[name][3], rel=0.06, abs=15), name


def test_a_recording_of_less_than_a_minute_has_no_row():
    assert measure(recording(np.ones((1000, 3)), 25.0).stream(), AS_IT_IS).time_ns.size == 0


def test_the_table_names_each_column_once_and_its_source():
    names = [name for metric in METRICS for name in metric.columns]
    assert len(set(names)) == len(names)
    assert all(metric.source and metric.unit for metric in METRICS)


def test_threes_begin_where_epochs_do():
    assert stretches.epoch_count(5400, 1800) == 3
    assert stretches.epoch_count(5399, 1800) == 3
    assert stretches.epoch_count(5219, 1800) == 2


def test_measures_do_not_depend_on_how_much_is_measured_at_once(wrist_g, monkeypatch):
    wrist = np.resize(wrist_g(100.0), (150_000, 3))
    holed = wrist.copy()
    holed[30_000:41_000] = np.nan
    at_once = measure(recording(holed, 100.0).stream(), AS_IT_IS)
    monkeypatch.setattr("activity.signal.movement.table._AT_ONCE_S", 180.0)
    in_blocks = measure(recording(holed, 100.0).stream(), AS_IT_IS)
    np.testing.assert_array_equal(in_blocks.time_ns, at_once.time_ns)
    assert at_once.time_ns.size > 20
    for name, values in at_once.columns.items():
        np.testing.assert_allclose(in_blocks.columns[name], values, rtol=1e-7, err_msg=name)
