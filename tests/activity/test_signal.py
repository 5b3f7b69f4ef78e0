"""The even grid, calibration, wear and movement metrics: what each promises, on signals whose truth is known."""

import itertools

import numpy as np
import oracles
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from activity.epochs import UNKNOWN
from activity.signal.calibrate import apply_calibration, calibrate
from activity.signal.metrics import moments
from activity.signal.regularise import LONGEST_S, Grid, regularise
from activity.signal.wear import find_wear
from activity.windows import Windows
from device.errors import RecordingError
from device.readers.table import read_recordings
from device.recording import NS_PER_S, Recording, Segment
from device.simulator.motion import Part, Wearer, synthesise, working_day

START_NS = 1_790_000_000_000_000_000
WINDOWS = Windows(250)
SEEDS = st.integers(0, 2**32 - 1)


def recording(accel_g, time_s):
    time_ns = START_NS + np.rint(np.asarray(time_s) * NS_PER_S).astype(np.int64)
    return Recording.from_times(np.asarray(accel_g, dtype=np.float32), time_ns)


def sine_after_resampling(frequency_hz, source_hz=100.0):
    time_s = np.arange(round(60 * source_hz)) / source_hz
    accel_g = np.tile(np.sin(2 * np.pi * frequency_hz * time_s)[:, None], (1, 3))
    return regularise(recording(accel_g, time_s), 25.0).accel_g[50:-50, 0]


def resting(directions, sd_g=0.002, seed=0, seconds=10):
    """A grid at 25 Hz that rests ten seconds in each direction (k, 3)."""
    accel_g = np.repeat(directions, 25 * seconds, axis=0)
    accel_g = accel_g + sd_g * np.random.default_rng(seed).standard_normal(accel_g.shape)
    return Grid(accel_g.astype(np.float32), 25.0, START_NS)


def sphere(n, seed):
    return Rotation.random(n, rng=seed).apply([0.0, 0.0, 1.0])


# The even grid


@pytest.mark.parametrize("source_hz", [100.0, 97.1, 102.7, 50.0])
def test_resampling_keeps_a_step_rhythm(source_hz):
    even = sine_after_resampling(2.0, source_hz)
    assert np.sqrt(2) * even.std() == pytest.approx(1.0, abs=0.02)
    place_s = (50 + np.arange(even.size)) / 25.0
    assert even @ np.sin(2 * np.pi * 2.0 * place_s) / (even.size / 2) == pytest.approx(1.0, abs=0.02)


@pytest.mark.parametrize("frequency_hz", [20.0, 23.0, 25.0, 40.0])
def test_resampling_keeps_what_would_alias_out(frequency_hz):
    assert np.abs(sine_after_resampling(frequency_hz)).max() < 10 ** (-30.0 / 20)


@given(SEEDS, st.sampled_from([25.0, 31.25, 62.5, 100.0]))
@settings(max_examples=25, deadline=None)
def test_resampling_is_the_formula_whatever_times_gaps_and_holes(seed, source_hz):
    rng = np.random.default_rng(seed)
    time_s = np.cumsum(rng.uniform(0.7, 1.3, 400) / source_hz)
    time_s[150:] += rng.uniform(1.5, 4.0)
    accel_g = np.round(16 * rng.uniform(-8, 8, (400, 3))) / 16
    accel_g[rng.random(400) < 0.1] = np.nan
    jagged = recording(accel_g, time_s)
    actual, expected = regularise(jagged, 25.0).accel_g, oracles.resample(jagged, 25.0)
    np.testing.assert_array_equal(np.isnan(actual), np.isnan(expected))
    # A table of 512 cells stands for the formula; weights of both signs make up to three of what they sum to.
    np.testing.assert_allclose(actual, expected, atol=2e-3)


def assert_formula(even, rate_hz, atol):
    actual, expected = regularise(even, rate_hz).accel_g, oracles.resample(even, rate_hz)
    np.testing.assert_array_equal(np.isnan(actual), np.isnan(expected))
    np.testing.assert_allclose(actual, expected, atol=atol)


@given(
    SEEDS, st.sampled_from([12.5, 25.0, 26.0, 50.0, 97.1, 100.0, 102.7, 400.0, 1600.0]), st.sampled_from([25.0, 50.0])
)
@settings(max_examples=25, deadline=None)
def test_even_steps_are_resampled_by_the_formula_too(seed, source_hz, rate_hz):
    rng = np.random.default_rng(seed)
    accel_g = rng.uniform(-2, 2, (1500, 3)) + rng.uniform(-1, 1, 3)
    assert_formula(recording(accel_g, np.arange(1500) / source_hz), rate_hz, atol=2e-5)


@given(SEEDS, st.sampled_from([25.0, 97.1, 100.0]), st.integers(1, 200))
@settings(max_examples=25, deadline=None)
def test_holes_in_even_steps_count_for_nothing(seed, source_hz, n_holes):
    rng = np.random.default_rng(seed)
    accel_g = rng.uniform(-2, 2, (1500, 3))
    accel_g[rng.choice(1500, n_holes, replace=False)] = np.nan
    accel_g[700 : 700 + n_holes] = np.nan
    assert_formula(recording(accel_g, np.arange(1500) / source_hz), 25.0, atol=2e-4)


@given(SEEDS, st.sampled_from([50.0, 100.0]))
@settings(max_examples=25, deadline=None)
def test_a_clock_that_steps_or_stalls_is_followed(seed, source_hz):
    rng = np.random.default_rng(seed)
    steps_s = np.full(4000, 1 / source_hz)
    steps_s[rng.choice(4000, 3)] = rng.uniform(0.2, 0.9, 3)
    steps_s[2000:] *= 1.0 + rng.choice([0.0, 0.002, 0.05])
    time_s = np.cumsum(steps_s)
    wave = np.sin(2 * np.pi * 1.7 * time_s)[:, None] * rng.uniform(-1, 1, 3)
    # up to a hundredth of a step is taken for even: at 11 g/s, and 10 to 20 ms a step, a milli-g or two
    assert_formula(recording(wave, time_s), 25.0, atol=2e-3)


@given(SEEDS)
@settings(max_examples=10, deadline=None)
def test_a_clock_read_once_a_block_is_followed_from_block_to_block(seed):
    rng = np.random.default_rng(seed)
    time_s = np.cumsum(np.repeat(rng.uniform(0.00995, 0.01005, 30), 120))
    wave = np.sin(2 * np.pi * 1.7 * time_s)[:, None] * rng.uniform(-1, 1, 3)
    assert_formula(recording(wave, time_s), 25.0, atol=1e-3)


def test_a_row_is_the_same_in_a_long_recording_and_in_a_short_one(rng):
    accel_g = rng.uniform(-2, 2, (600_000, 3)).astype(np.float32)
    time_s = np.arange(600_000) / 100.0
    whole = regularise(recording(accel_g, time_s), 25.0).accel_g
    for start in (0, 280_000, 590_000):
        part = regularise(recording(accel_g[start : start + 8000], time_s[start : start + 8000]), 25.0).accel_g
        np.testing.assert_allclose(part[10:-10], whole[start // 4 :][: len(part)][10:-10], atol=2e-6)


@given(st.integers(1, 40), st.sampled_from([25.0, 100.0]))
@settings(max_examples=25, deadline=None)
def test_segments_that_adjoin_share_no_row_and_leave_none_out(n_segments, source_hz):
    n = 1200
    whole = recording(np.ones((n, 3)), np.arange(n) / source_hz)
    edges = np.linspace(0, n, n_segments + 1).astype(int)
    cut = Recording(whole.accel_g, whole.time_ns, tuple(Segment(int(a), int(b)) for a, b in itertools.pairwise(edges)))
    np.testing.assert_allclose(regularise(cut, 25.0).accel_g, 1.0, atol=1e-5)


@given(st.floats(1.05, 30.0), st.sampled_from([25.0, 50.0, 100.0]), st.floats(0.0, 0.04))
@settings(max_examples=40, deadline=None)
def test_nothing_is_bridged_over_a_gap(gap_s, source_hz, shift_s):
    n = 500
    time_s = np.arange(2 * n) / source_hz
    time_s[n:] += gap_s + shift_s
    grid = regularise(recording(np.ones((2 * n, 3)), time_s), 25.0)
    at_s = np.arange(len(grid)) / 25.0
    inside = (at_s > time_s[n - 1] + 0.5 / source_hz + 1e-6) & (at_s < time_s[n] - 0.5 / source_hz - 1e-6)
    outside = (at_s <= time_s[n - 1]) | (at_s >= time_s[n])
    assert inside.any()
    assert np.isnan(grid.accel_g[inside]).all()
    np.testing.assert_allclose(grid.accel_g[outside], 1.0, atol=1e-5)


@given(SEEDS)
@settings(max_examples=25, deadline=None)
def test_a_constant_stays_itself_up_to_the_edges(seed):
    rng = np.random.default_rng(seed)
    value = rng.uniform(-8, 8, 3).astype(np.float32)
    time_s = np.cumsum(rng.uniform(0.9, 1.1, 300) / 100.0)
    grid = regularise(recording(np.tile(value, (300, 1)), time_s), 25.0)
    np.testing.assert_allclose(grid.accel_g, np.tile(value, (len(grid), 1)), atol=1e-5)


def test_a_single_sample_is_a_grid_of_one_row():
    grid = regularise(recording([[0.0, 0.0, 1.0]], [0.0]), 25.0)
    np.testing.assert_array_equal(grid.accel_g, [[0.0, 0.0, 1.0]])


def test_no_sample_is_a_grid_of_no_row():
    assert len(regularise(recording(np.empty((0, 3)), []), 25.0)) == 0


def test_a_clock_that_jumps_by_years_is_refused():
    with pytest.raises(RecordingError, match="days apart"):
        regularise(recording(np.ones((2, 3)), [0.0, 2 * LONGEST_S]), 25.0)


def test_a_grid_is_read_only():
    with pytest.raises(ValueError, match="read-only"):
        resting(sphere(1, 0)).accel_g[0, 0] = 1.0


# Movement metrics


@given(SEEDS, st.floats(0.0, 1.0))
@settings(max_examples=30, deadline=None)
def test_moments_are_those_of_plain_numpy(seed, missing):
    rng = np.random.default_rng(seed)
    accel_g = (rng.standard_normal((1100, 3)) * rng.choice([1e-3, 1.0]) + rng.uniform(-2, 2, 3)).astype(np.float32)
    accel_g[rng.random(1100) < missing] = np.nan
    actual, expected = moments(Grid(accel_g, 25.0, 0), WINDOWS), oracles.window_moments(accel_g, 250)
    np.testing.assert_array_equal(actual.coverage, expected[:, 0] / 250)
    np.testing.assert_allclose(actual.mean_g, expected[:, 1:4], rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(actual.sd_g, expected[:, 4:7], rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(actual.enmo_mg, expected[:, 7] * 1000, rtol=1e-9, atol=1e-9)


@given(SEEDS)
@settings(max_examples=30, deadline=None)
def test_enmo_is_the_same_however_the_band_is_worn(seed):
    rng = np.random.default_rng(seed)
    accel_g = rng.normal([0.0, 0.0, 1.0], 0.4, (1000, 3))
    turned = Rotation.random(rng=seed).apply(accel_g)
    before, after = (moments(Grid(a.astype(np.float32), 25.0, 0), WINDOWS).enmo_mg for a in (accel_g, turned))
    np.testing.assert_allclose(after, before, rtol=1e-5)


def test_enmo_takes_no_debt_from_samples_below_one_g():
    accel_g = np.zeros((250, 3), dtype=np.float32)
    accel_g[:, 2] = np.where(np.arange(250) % 2, 1.5, 0.5)
    assert moments(Grid(accel_g, 25.0, 0), WINDOWS).enmo_mg == pytest.approx([250.0])


def test_a_window_that_never_came_has_no_enmo():
    measures = moments(Grid(np.full((250, 3), np.nan, np.float32), 25.0, 0), WINDOWS)
    assert measures.coverage == 0.0
    assert np.isnan(measures.enmo_mg).all()


# Calibration

ERRORS = st.tuples(*[st.floats(-0.08, 0.08)] * 3)
GAINS = st.tuples(*[st.floats(0.95, 1.05)] * 3)


@given(ERRORS, GAINS, SEEDS)
@settings(max_examples=40, deadline=None)
def test_calibration_finds_a_planted_offset_and_gain(offset_g, gain, seed):
    raw = resting(sphere(200, seed) / gain + offset_g, seed=seed)
    found = calibrate(moments(raw, WINDOWS))
    if not found.applied:
        # nothing to gain where nothing was planted
        assert found.error_before_mg < 1.0
        return
    np.testing.assert_allclose(found.offset_g, offset_g, atol=0.002)
    np.testing.assert_allclose(found.gain, gain, atol=0.004)
    assert found.error_after_mg < min(1.0, found.error_before_mg)
    again = moments(apply_calibration(raw, found), WINDOWS).mean_g
    assert 1000 * np.abs(np.linalg.norm(again, axis=1) - 1.0).mean() == pytest.approx(found.error_after_mg, abs=0.01)


def test_calibration_is_not_led_astray_by_a_few_windows_of_even_movement():
    places = sphere(200, 3)
    places[:10] *= 1.1
    found = calibrate(moments(resting(places / 1.02 + [0.04, -0.03, 0.02]), WINDOWS))
    assert found.applied
    np.testing.assert_allclose(found.offset_g, [0.04, -0.03, 0.02], atol=0.003)


def test_calibration_of_restless_data_has_no_error_to_tell():
    found = calibrate(moments(resting(sphere(100, 0), sd_g=0.1), WINDOWS))
    assert not found.applied
    assert np.isnan(found.error_before_mg)
    assert found.reason.startswith("0 windows at rest")


def test_calibration_ignores_windows_that_came_in_part():
    raw = resting(sphere(100, 0) / 1.03)
    accel_g = np.array(raw.accel_g)
    accel_g.reshape(-1, 250, 3)[:, :50] = np.nan
    assert calibrate(moments(Grid(accel_g, 25.0, 0), WINDOWS)).still_windows == 0


# Wear


def off_and_found(script, seed, noise_g=None):
    """Whether each window is truly off the wrist, and what was found."""
    wearer = Wearer.draw(seed) if noise_g is None else Wearer(noise_g=noise_g)
    motion = synthesise(script, wearer, rate_hz=25.0, seed=seed, start_ns=START_NS)
    grid = regularise(motion.recording, 25.0)
    found = find_wear(moments(grid, WINDOWS), 10.0)
    middle_ns = START_NS + (np.arange(found.size) * 10 + 5) * NS_PER_S
    off = np.zeros(found.size, dtype=bool)
    for span in motion.labels:
        if span.label == "unworn":
            off |= (middle_ns >= span.start_ns) & (middle_ns < span.stop_ns)
    return off, found


@pytest.mark.parametrize("seed", range(4))
def test_a_band_on_the_table_is_found_in_a_working_day_and_nothing_else_is(seed):
    off, found = off_and_found(working_day(START_NS, seed), seed)
    assert (found[off] == 0).mean() > 0.95
    assert (found[~off] == 1).all()


@pytest.mark.parametrize("posture", ["sit", "lie"])
@pytest.mark.parametrize("seed", [100, 101])
def test_eight_hours_of_rest_are_worn(posture, seed):
    _, found = off_and_found([Part(posture, 480.0)], seed)
    assert (found == 1).all()


def test_five_minutes_on_the_table_are_too_short_to_tell():
    _, found = off_and_found([Part("sit", 20.0), Part("unworn", 5.0), Part("sit", 20.0)], 1)
    assert (found == 1).all()


def test_a_noisy_sensor_on_the_table_takes_an_hour():
    for minutes, share in ((30.0, 0.0), (70.0, 1.0)):
        _, found = off_and_found([Part("unworn", minutes)], 1, noise_g=0.012)
        assert (found == 0).mean() == share


def breathing(minutes, amplitude_g):
    """A wrist so still that only breath, at 15 a minute, changes where it points, and it comes and goes."""
    time_s = np.arange(round(minutes * 60 * 25)) / 25.0
    depth = amplitude_g * (1.0 + np.sin(2 * np.pi * time_s / 97.0))
    angle = depth * np.sin(2 * np.pi * 0.25 * time_s)
    accel_g = np.stack([np.sin(angle), np.zeros_like(angle), np.cos(angle)], axis=1)
    noise_g = 0.0025 * np.random.default_rng(9).standard_normal(accel_g.shape)
    return find_wear(moments(Grid((accel_g + noise_g).astype(np.float32), 25.0, 0), WINDOWS), 10.0)


def test_breath_of_a_third_of_a_degree_is_worn_for_half_an_hour_but_not_for_an_hour():
    assert (breathing(30, 0.0032) == 1).all()
    assert (breathing(61, 0.0032) == 0).all()


def test_a_hand_that_sinks_by_two_degrees_in_a_quarter_of_an_hour_is_worn():
    angle = np.linspace(0.0, np.deg2rad(2.0), 90)
    sinking = np.stack([np.sin(angle), np.zeros(90), np.cos(angle)], axis=1)
    assert (find_wear(moments(resting(sinking), WINDOWS), 10.0) == 1).all()


def test_a_turned_band_starts_a_new_spell():
    directions = np.repeat([[0.0, 0.0, 1.0], [0.0, 1.0, 0.0]], 40, axis=0)
    assert (find_wear(moments(resting(directions), WINDOWS), 10.0) == 1).all()
    directions = np.repeat([[0.0, 0.0, 1.0], [0.0, 1.0, 0.0]], [40, 60], axis=0)
    found = find_wear(moments(resting(directions), WINDOWS), 10.0)
    np.testing.assert_array_equal(found, np.repeat([1, 0], [40, 60]))


def test_a_window_that_never_came_is_unknown_and_ends_a_spell():
    accel_g = np.array(resting(np.tile([0.0, 0.0, 1.0], (100, 1))).accel_g)
    accel_g[50 * 250 : 51 * 250] = np.nan
    found = find_wear(moments(Grid(accel_g, 25.0, 0), WINDOWS), 10.0)
    np.testing.assert_array_equal(found, np.repeat([1, UNKNOWN, 1], [50, 1, 49]))


@pytest.mark.data
def test_real_wrists_at_rest_are_worn(recordings_dir):
    for name, rest in read_recordings(recordings_dir / "selfback-wrist.parquet"):
        if name.endswith(("-lying", "-sitting", "-standing")):
            assert (find_wear(moments(regularise(rest, 25.0), WINDOWS), 10.0) == 1).all(), name
