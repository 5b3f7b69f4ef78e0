"""Steps: as many as there were, where they were, and none where nobody steps."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from activity.labels import ACTIVITIES, Activity
from activity.signal.regularise import Grid, regularise
from activity.steps.evaluate import CountedWalk, count_alone, count_steps, score_steps
from activity.steps.peaks import BEFORE_S, PAD_S, Carry, rhythm_step_times_ns, step_times_ns, steps_of_windows
from activity.windows import WINDOW_S, Windows
from device.recording import NS_PER_S
from device.simulator.motion import Motion, Part, Wearer, synthesise

RATE_HZ = 25.0
WINDOWS = Windows.of_seconds(WINDOW_S, RATE_HZ)
START_NS = 1_790_000_000 * NS_PER_S
WALKING = ACTIVITIES.index(Activity.WALKING)


def swing(cadence_hz: float, minutes: float = 2.0, noise_g: float = 0.02, seed: int = 1) -> Grid:
    """A wrist whose size of acceleration swings once a step."""
    time_s = np.arange(round(minutes * 60 * RATE_HZ)) / RATE_HZ
    noise = np.random.default_rng(seed).normal(0, noise_g, (time_s.size, 3))
    accel = noise + np.array([0.0, -1.0, 0.0])
    accel[:, 1] -= 0.2 * np.sin(2 * np.pi * cadence_hz * time_s)
    return Grid(accel.astype(np.float32), RATE_HZ, START_NS)


def walk(person: int, part: str = "walk", minutes: float = 2.0, rate_hz: float = RATE_HZ) -> Motion:
    return synthesise((Part(part, minutes),), Wearer.draw(person), rate_hz=rate_hz, seed=person, start_ns=START_NS)


def walked(person: int, part: str = "walk", minutes: float = 2.0) -> Grid:
    return regularise(walk(person, part, minutes).recording)


def times(grid: Grid, activity: Activity = Activity.WALKING) -> np.ndarray:
    windows = Windows.of_seconds(WINDOW_S, grid.rate_hz)
    codes = np.full(-(-len(grid) // windows.width_samples), ACTIVITIES.index(activity), dtype=np.int8)
    return step_times_ns(grid, windows, codes)


def like(grid: Grid, accel_g: np.ndarray) -> Grid:
    return Grid(np.ascontiguousarray(accel_g, dtype=np.float32), grid.rate_hz, grid.start_ns)


@given(st.floats(1.0, 2.4), st.integers(0, 99))
@settings(max_examples=40, deadline=None)
def test_an_even_swing_is_counted_to_the_step(cadence_hz: float, seed: int) -> None:
    found = times(swing(cadence_hz, seed=seed))
    assert len(found) == pytest.approx(120 * cadence_hz, abs=2.5)
    assert np.all(np.diff(found) > 0)
    assert np.median(np.diff(found)) == pytest.approx(NS_PER_S / cadence_hz, rel=0.03)


@given(st.floats(0.8, 1.15), st.integers(0, 20))
@settings(max_examples=20, deadline=None)
def test_steps_scale_with_cadence(slower: float, person: int) -> None:
    """The same walk played slower or faster has the same steps."""
    grid = walked(400 + person)
    assume(1.0 < slower * times(grid).size / 120.0 < 2.3)
    rows = np.arange(0.0, len(grid) - 1, slower)
    played = np.stack([np.interp(rows, np.arange(len(grid)), axis) for axis in grid.accel_g.T], axis=1)
    assert times(like(grid, played)).size == pytest.approx(times(grid).size, rel=0.03)


@given(st.integers(1, 249), st.integers(0, 20))
@settings(max_examples=15, deadline=None)
def test_where_a_recording_begins_does_not_matter(rows: int, person: int) -> None:
    grid = walked(400 + person)
    later = Grid(grid.accel_g[rows:], RATE_HZ, START_NS + rows * grid.step_ns)
    whole, part = times(grid), times(later)
    inside = (START_NS + 25 * NS_PER_S, START_NS + 95 * NS_PER_S)
    whole, part = (found[(found > inside[0]) & (found < inside[1])] for found in (whole, part))
    assert abs(whole.size - part.size) <= 2
    nearest = np.abs(whole[:, None] - part[None, :]).min(axis=1)
    assert np.quantile(nearest, 0.9) < 0.05 * NS_PER_S


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=15, deadline=None)
def test_the_way_the_band_is_worn_does_not_matter(seed: int) -> None:
    grid = walked(401)
    turn, _ = np.linalg.qr(np.random.default_rng(seed).normal(size=(3, 3)))
    found = times(like(grid, grid.accel_g @ turn))
    assert found.size == times(grid).size
    assert np.abs(found - times(grid)).max() < NS_PER_S // 1000


@pytest.mark.parametrize("part", ["stroll", "walk", "run"])
@pytest.mark.parametrize("rate_hz", [12.5, 31.25, 50.0, 100.0])
def test_the_rate_of_the_grid_changes_nothing_beyond_a_step_in_a_hundred(part: str, rate_hz: float) -> None:
    activity = Activity.RUNNING if part == "run" else Activity.WALKING
    for person in (402, 405, 410):
        of = walk(person, part)
        counted = count_steps(regularise(walk(person, part, rate_hz=rate_hz).recording, rate_hz), activity)
        assert counted == pytest.approx(of.step_times_ns.size, rel=0.015, abs=2)


def test_a_rate_at_which_steps_cannot_be_seen_counts_nothing() -> None:
    assert times(Grid(np.random.default_rng(0).normal(0, 1, (600, 3)).astype(np.float32), 1.0, 0)).size == 0


@pytest.mark.parametrize("rate_hz", [12.5, 25.0, 50.0])
def test_window_by_window_is_the_same_to_the_nanosecond(rate_hz: float) -> None:
    script = (Part("walk", 0.7), Part("stand", 0.4), Part("run", 0.5), Part("dishes", 0.5), Part("stroll", 0.6))
    made = synthesise(script, Wearer.draw(7), rate_hz=rate_hz, seed=3, start_ns=START_NS)
    grid = regularise(made.recording, rate_hz)
    windows = Windows.of_seconds(WINDOW_S, rate_hz)
    width = windows.width_samples
    codes = np.full(windows.count(len(grid)), WALKING, dtype=np.int8)
    codes[[5, 9]] = ACTIVITIES.index(Activity.OTHER)
    carry, found = Carry(), []
    for w in range(codes.size):
        first = max(0, w - 1) * width  # the window before is more than BEFORE_S
        stop = min(len(grid), (w + 1) * width + round(PAD_S * rate_hz))
        heard = Grid(grid.accel_g[first:stop], rate_hz, START_NS + first * grid.step_ns)
        steps, carry = steps_of_windows(heard, windows, w - first // width, codes[w : w + 1], carry)
        found.append(steps)
    assert BEFORE_S <= WINDOW_S
    assert PAD_S <= 2.0
    assert np.array_equal(np.concatenate(found), step_times_ns(grid, windows, codes))


def test_a_grid_of_sizes_alone_is_counted_like_three_axes() -> None:
    for person in range(403, 409):
        grid = walked(person)
        sizes = np.zeros_like(grid.accel_g)
        sizes[:, 0] = np.linalg.norm(grid.accel_g, axis=1)
        assert times(like(grid, sizes)).size == pytest.approx(times(grid).size, abs=3)


def test_a_still_wrist_takes_no_steps_whatever_the_classifier_says() -> None:
    still = np.random.default_rng(0).normal(0, 0.004, (3000, 3)).astype(np.float32) + np.float32([0, 0, 1])
    assert times(Grid(still, RATE_HZ, START_NS)).size == 0


def test_windows_of_no_stepping_activity_hold_no_step() -> None:
    grid = swing(1.8)
    codes = np.full(WINDOWS.count(len(grid)), ACTIVITIES.index(Activity.SITTING), dtype=np.int8)
    codes[5] = WALKING
    found = step_times_ns(grid, WINDOWS, codes)
    assert 16 <= found.size <= 20
    assert np.all((found >= START_NS + 50 * NS_PER_S) & (found < START_NS + 60 * NS_PER_S))


@given(st.integers(300, 900), st.integers(15, 600))
@settings(max_examples=20, deadline=None)
def test_no_step_is_put_where_no_sample_came(first: int, length: int) -> None:
    grid = swing(1.8)
    accel_g = np.array(grid.accel_g)
    accel_g[first : first + length] = np.nan
    found = times(like(grid, accel_g))
    rows = np.rint((found - START_NS) / grid.step_ns).astype(int)
    assert not np.isnan(accel_g[rows, 0]).any()
    assert np.all(np.diff(found) > 0)
    assert found.size == pytest.approx((120 - length / RATE_HZ) * 1.8, abs=4)


@given(st.integers(0, 99))
@settings(max_examples=15, deadline=None)
def test_single_samples_lost_lose_no_steps(seed: int) -> None:
    grid = swing(1.8)
    accel_g = np.array(grid.accel_g)
    accel_g[np.random.default_rng(seed).random(len(grid)) < 0.05] = np.nan
    found = times(like(grid, accel_g))
    assert found.size == pytest.approx(216, abs=3)
    assert not np.isnan(accel_g[np.rint((found - START_NS) / grid.step_ns).astype(int), 0]).any()


def test_an_edge_between_windows_neither_loses_nor_doubles_a_step() -> None:
    grid = swing(1.7, minutes=5)
    apart_s = np.diff(times(grid)) / NS_PER_S
    assert apart_s.max() < 1.5 / 1.7
    assert apart_s.min() > 0.5 / 1.7


BROKEN = {
    "nothing at all": lambda g: g[:0],
    "one sample": lambda g: g[:1],
    "nothing but NaN": lambda g: np.full_like(g, np.nan),
    "constant": lambda g: np.full_like(g, 0.577),
    "zero": np.zeros_like,
    "infinite": lambda g: np.full_like(g, np.inf),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_sensor_takes_no_steps(name: str) -> None:
    grid = like(swing(1.8), BROKEN[name](np.array(swing(1.8).accel_g)))
    assert count_steps(grid, Activity.WALKING) == 0
    assert count_alone(grid) == 0


SPOILT = {
    "clipped at 2 g": lambda g: np.clip(g, -2.0, 2.0),
    "clipped at 1.5 g": lambda g: np.clip(g, -1.5, 1.5),
    "six bits of 2 g": lambda g: np.round(np.clip(g, -2.0, 2.0) * 16.0) / 16.0,
    "an axis that is stuck": lambda g: g * np.float32([1.0, 1.0, 0.0]),
    "50 mg off": lambda g: g + np.float32([0.05, -0.05, 0.05]),
    "a spike": lambda g: np.where((np.arange(len(g)) == 700)[:, None], np.float32(1e18), g),
    "twice the noise": lambda g: g + np.random.default_rng(5).normal(0, 0.03, g.shape),
}


@pytest.mark.parametrize("name", SPOILT)
@pytest.mark.parametrize("part", ["walk", "run"])
def test_a_spoilt_signal_costs_few_steps(name: str, part: str) -> None:
    for person in (400, 403, 406):
        grid = walked(person, part)
        activity = Activity.RUNNING if part == "run" else Activity.WALKING
        clean, spoilt = (
            times(grid, activity).size,
            times(like(grid, SPOILT[name](np.array(grid.accel_g))), activity).size,
        )
        assert spoilt == pytest.approx(clean, rel=0.1 if name in ("a spike", "an axis that is stuck") else 0.03)


@pytest.mark.parametrize("part", ["stroll", "walk", "brisk", "run"])
def test_simulated_walks_are_counted_within_a_percent_and_in_their_places(part: str) -> None:
    counted, true, near = 0, 0, []
    for person in range(400, 412):
        of = walk(person, part, 3)
        found = times(regularise(of.recording), Activity.RUNNING if part == "run" else Activity.WALKING)
        counted += found.size
        true += of.step_times_ns.size
        lag = found[:, None] - of.step_times_ns[None, :]
        near.append(
            np.median(np.abs(lag - np.median(lag[np.arange(found.size), np.abs(lag).argmin(axis=1)])).min(axis=1))
        )
    assert counted == pytest.approx(true, rel=0.01)
    assert max(near) < 0.08 * NS_PER_S


@pytest.mark.parametrize("told", [Activity.WALKING, Activity.RUNNING])
@pytest.mark.parametrize("part", ["walk", "run"])
def test_the_wrong_word_for_a_gait_neither_halves_nor_doubles_it(part: str, told: Activity) -> None:
    of = walk(404, part, 3)
    assert count_steps(regularise(of.recording), told) == pytest.approx(of.step_times_ns.size, rel=0.02)


def test_a_short_stop_in_a_walk_is_not_filled_with_steps() -> None:
    counted, true = 0, 0
    for person in range(500, 508):
        script = (Part("walk", 0.5), Part("stand", 4 / 60)) * 8
        of = synthesise(script, Wearer.draw(person), rate_hz=RATE_HZ, seed=person, start_ns=START_NS)
        counted += count_steps(regularise(of.recording), Activity.WALKING)
        true += of.step_times_ns.size
    assert counted == pytest.approx(true, rel=0.03)


@pytest.mark.parametrize(("part", "told_a_minute"), [("drive", 0.5), ("dishes", 20.0), ("sit", 1.0), ("stand", 5.0)])
def test_hands_at_work_take_no_steps(part: str, told_a_minute: float) -> None:
    grids = [walked(person, part, 4) for person in range(600, 608)]
    assert sum(rhythm_step_times_ns(grid).size for grid in grids) <= 1
    assert sum(times(grid).size for grid in grids) <= told_a_minute * 4 * 8


def test_a_walk_within_housework_is_found_without_a_classifier() -> None:
    counted, true = 0, 0
    for person in (701, 703, 705):
        script = (Part("dishes", 2), Part("walk", 2), Part("drive", 2))
        of = synthesise(script, Wearer.draw(person), rate_hz=RATE_HZ, seed=person, start_ns=START_NS)
        counted += count_alone(regularise(of.recording))
        true += of.step_times_ns.size
    assert counted == pytest.approx(true, rel=0.15)


def test_scores_are_of_each_recording_and_not_of_their_sum() -> None:
    walks = [CountedWalk("walk", 100, 90, "a", 1.0), CountedWalk("walk", 200, 220, "b", 2.0)]
    (score,) = score_steps(walks)
    assert (score.recordings, score.counted) == (2, 310)
    assert score.mape_percent == pytest.approx(10.0)
    assert score.bias_percent == pytest.approx(0.0)
    assert score.worst_percent == pytest.approx(-10.0)
    assert score.worst == "a"


def test_hand_work_has_steps_a_minute_and_no_percentage() -> None:
    (score,) = score_steps([CountedWalk("dishes", 0, 6, "a", 2.0), CountedWalk("dishes", 0, 0, "b", 1.0)])
    assert score.mape_percent is None
    assert score.false_per_minute == pytest.approx(2.0)


@given(
    st.sampled_from([8.0, 9.7, 12.5, 20.0, 24.9, 26.3, 31.25, 33.3, 64.0, 100.0, 1600.0]),
    st.sampled_from([1.0, 2.0, 10.0, 30.0]),
    st.integers(0, 2**32 - 1),
)
@settings(max_examples=40, deadline=None)
def test_whatever_comes_steps_are_in_order_and_where_samples_are(rate_hz: float, width_s: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    n = int(rng.integers(0, round(30 * rate_hz)))
    accel_g = rng.normal(0.0, rng.choice([0.05, 0.3, 1.0]), (n, 3)) + np.array([0.0, 0.0, 1.0])
    accel_g[:, 2] += 0.3 * np.sin(2 * np.pi * rng.uniform(0.7, 3.5) * np.arange(n) / rate_hz)
    for _ in range(rng.integers(0, 4) if n else 0):
        first = int(rng.integers(0, n))
        accel_g[first : first + int(rng.integers(1, n // 3 + 2))] = rng.choice([np.nan, np.inf, 1e30])
    grid = Grid(accel_g.astype(np.float32), rate_hz, START_NS)
    windows = Windows.of_seconds(width_s, rate_hz)
    codes = rng.choice([WALKING, 0], -(-n // windows.width_samples)).astype(np.int8)
    for found in (step_times_ns(grid, windows, codes), rhythm_step_times_ns(grid)):
        rows = np.rint((found - START_NS) / grid.step_ns).astype(int)
        assert np.all(np.diff(found) > 0)
        assert not np.isnan(grid.accel_g[rows, 0]).any()
