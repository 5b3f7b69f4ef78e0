"""Steps: as many as there were, where they were, and none where nothing swings."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from activity.classify.labelled import read_labelled
from activity.labels import ACTIVITIES, STEPPING, Activity
from activity.signal.regularise import Grid, regularise
from activity.steps.evaluate import CountedWalk, count_steps, score_steps
from activity.steps.peaks import step_times_ns
from activity.windows import WINDOW_S, Windows
from device.readers.table import read_recordings
from device.recording import NS_PER_S
from device.simulator.motion import Part, Wearer, synthesise

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


def times(grid: Grid, activity: Activity = Activity.WALKING) -> np.ndarray:
    codes = np.full(WINDOWS.count(len(grid)), ACTIVITIES.index(activity), dtype=np.int8)
    return step_times_ns(grid, WINDOWS, codes)


@given(st.floats(1.3, 2.4), st.integers(0, 99))
@settings(max_examples=40, deadline=None)
def test_an_even_swing_is_counted_to_the_step(cadence_hz: float, seed: int) -> None:
    found = times(swing(cadence_hz, seed=seed))
    assert len(found) == pytest.approx(120 * cadence_hz, abs=2.5)
    assert np.all(np.diff(found) > 0)
    assert np.median(np.diff(found)) == pytest.approx(NS_PER_S / cadence_hz, rel=0.03)


def test_the_way_the_band_is_worn_does_not_matter() -> None:
    grid = swing(1.8)
    turned = Grid(np.ascontiguousarray(grid.accel_g[:, [2, 0, 1]]), RATE_HZ, START_NS)
    assert np.array_equal(times(grid), times(turned))


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


def test_no_step_is_put_where_no_sample_came() -> None:
    grid = swing(1.8)
    accel_g = np.array(grid.accel_g)
    accel_g[500:1000] = np.nan
    found = times(Grid(accel_g, RATE_HZ, START_NS))
    inside = (found > START_NS + 20 * NS_PER_S) & (found < START_NS + 40 * NS_PER_S)
    assert not inside.any()
    assert found.size == pytest.approx(100 * 1.8, abs=5)


def test_an_edge_between_windows_neither_loses_nor_doubles_a_step() -> None:
    grid = swing(1.7, minutes=5)
    apart_s = np.diff(times(grid)) / NS_PER_S
    assert apart_s.max() < 1.5 / 1.7
    assert apart_s.min() > 0.5 / 1.7


@pytest.mark.parametrize("part", ["stroll", "walk", "brisk", "run"])
def test_simulated_walks_are_counted_within_three_percent_and_in_their_places(part: str) -> None:
    counted, true = 0, 0
    for person in range(400, 412):
        of = synthesise((Part(part, 3),), Wearer.draw(person), rate_hz=RATE_HZ, seed=person, start_ns=START_NS)
        activity = Activity.RUNNING if part == "run" else Activity.WALKING
        counted += count_steps(regularise(of.recording), activity)
        true += of.step_times_ns.size
    assert counted == pytest.approx(true, rel=0.03)


def test_a_short_stop_in_a_walk_is_not_filled_with_steps() -> None:
    counted, true = 0, 0
    for person in range(500, 508):
        script = (Part("walk", 0.5), Part("stand", 4 / 60)) * 8
        of = synthesise(script, Wearer.draw(person), rate_hz=RATE_HZ, seed=person, start_ns=START_NS)
        counted += count_steps(regularise(of.recording), Activity.WALKING)
        true += of.step_times_ns.size
    assert counted == pytest.approx(true, rel=0.055)  # 8 % without the rule for stops


@pytest.mark.data
def test_selfback_people_are_counted_as_their_thigh_sensors_agree(recordings_dir: Path) -> None:
    table = pd.read_parquet(recordings_dir / "selfback-steps-reference.parquet")
    table = table[table["quality"] == "high"]
    reference = {(r.subject, r.activity): r.steps_ref for r in table.itertuples()}
    walks = [
        CountedWalk(grid.original, reference[grid.subject, grid.original], count_steps(grid.grid, grid.activity))
        for grid in read_labelled(recordings_dir / "selfback-wrist.parquet", RATE_HZ)
        if (grid.subject, grid.original) in reference and grid.activity in STEPPING
    ]
    scores = {score.original: score for score in score_steps(walks)}
    most_percent = {
        "walk_slow": 3.0,
        "walk_mod": 1.0,
        "walk_fast": 2.0,
        "jogging": 1.0,
        "upstairs": 4.0,
        "downstairs": 9.0,
    }
    assert set(scores) == set(most_percent)
    for name, limit in most_percent.items():
        assert scores[name].mape_percent <= limit, scores[name]
        assert abs(scores[name].bias_percent) <= limit, scores[name]
        assert scores[name].worst_percent <= 40.0, scores[name]


@pytest.mark.data
def test_instrumented_strides_of_a_hand_held_phone_are_counted_within_five_percent(recordings_dir: Path) -> None:
    counted = {
        name: count_steps(regularise(recording), Activity.WALKING)
        for name, recording in read_recordings(recordings_dir / "oxford-swingingarm.parquet")
    }
    assert len(counted) == 2
    for name, true in zip(sorted(counted), (266, 270), strict=True):
        assert counted[name] == pytest.approx(true, rel=0.05)


def test_scores_are_of_each_recording_and_not_of_their_sum() -> None:
    (score,) = score_steps([CountedWalk("walk", 100, 90), CountedWalk("walk", 200, 220), CountedWalk("walk", 0, 3)])
    assert (score.recordings, score.counted) == (2, 310)
    assert score.mape_percent == pytest.approx(10.0)
    assert score.bias_percent == pytest.approx(0.0)
    assert score.worst_percent == pytest.approx(10.0)
