"""Calibration from little rest: what was seen comes to 1 g, and what wasn't seen is seldom made worse."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from activity.signal.calibrate import GAIN_SD, LEAST_STILL, OFFSET_SD_G, Calibration, calibrate
from activity.signal.metrics import Moments, moments
from activity.signal.regularise import regularise
from activity.windows import Windows
from device.recording import Recording

EVERY_WAY = Rotation.random(400, rng=1).apply([0.0, 0.0, 1.0])
SEEDS = st.integers(0, 2**32 - 1)


def still(mean_g):
    """Moments of whole windows at rest."""
    n = len(mean_g)
    return Moments(np.ones(n), np.asarray(mean_g), np.full((n, 3), 0.005), np.zeros(n))


def attitudes(count, rng, windows=20):
    """Directions of rest: ``windows`` within some degrees of each of ``count`` random ones."""
    out = np.repeat(Rotation.random(count, rng=rng).apply([0.0, 0.0, 1.0]), windows, axis=0)
    out += 0.05 * rng.standard_normal(out.shape)
    return out / np.linalg.norm(out, axis=1)[:, None]


def sensor(rng):
    return rng.normal(0.0, OFFSET_SD_G, 3), 1.0 + rng.normal(0.0, GAIN_SD, 3)


def as_measured(true_g, offset_g, gain):
    return true_g / gain + offset_g


def errors_mg(found: Calibration, offset_g, gain):
    """How far each of 400 directions is off 1 g, before and after."""
    raw = as_measured(EVERY_WAY, offset_g, gain)
    after = (raw - found.offset_g) * np.array(found.gain)
    return tuple(1000.0 * np.abs(np.linalg.norm(a, axis=1) - 1.0) for a in (raw, after))


@given(SEEDS, st.integers(1, 4))
@settings(max_examples=60, deadline=None)
def test_what_was_seen_comes_to_one_g_and_no_unseen_direction_is_off_by_far_more(seed, count):
    rng = np.random.default_rng(seed)
    offset_g, gain = sensor(rng)
    places = as_measured(attitudes(count, rng), offset_g, gain)
    found = calibrate(still(places + rng.normal(0, 0.002, places.shape)))
    assert found.error_after_mg <= found.error_before_mg
    if not found.applied:
        return
    assert found.error_after_mg < 10.0
    before, after = errors_mg(found, offset_g, gain)
    # The correction follows an error that was seen: it can't be wrong by more than that, twice.
    seen_mg = 1000.0 * np.abs(np.linalg.norm(places, axis=1) - 1.0).max()
    assert (after - before).max() < 2.0 * seen_mg + 15.0


@pytest.mark.parametrize(("count", "share_left"), [(1, 0.8), (2, 0.6), (3, 0.45), (6, 0.2), (10, 0.1)])
def test_the_more_attitudes_the_less_is_left_of_the_error_in_all_directions(count, share_left):
    before_mg, after_mg = [], []
    for seed in range(120):
        rng = np.random.default_rng(seed)
        offset_g, gain = sensor(rng)
        found = calibrate(still(as_measured(attitudes(count, rng), offset_g, gain)))
        before, after = errors_mg(found, offset_g, gain)
        before_mg.append(before.mean())
        after_mg.append(after.mean())
    assert np.mean(after_mg) < share_left * np.mean(before_mg)
    assert np.mean(np.array(after_mg) > np.array(before_mg) + 4.0) < 0.02


@given(SEEDS)
@settings(max_examples=30, deadline=None)
def test_a_perfect_sensor_is_left_nearly_alone(seed):
    rng = np.random.default_rng(seed)
    found = calibrate(still(attitudes(3, rng) + rng.normal(0, 0.001, (60, 3))))
    _, after = errors_mg(found, np.zeros(3), np.ones(3))
    assert after.mean() < 4.0
    assert after.max() < 12.0


def test_a_long_night_in_one_attitude_weighs_no_more_than_a_short_rest_in_another():
    rng = np.random.default_rng(4)
    offset_g, gain = np.array([0.05, -0.04, 0.02]), np.ones(3)
    first, second = attitudes(1, rng, 3000), attitudes(1, rng, 12)
    found = calibrate(still(as_measured(np.vstack([first, second]), offset_g, gain)))
    left = (as_measured(second, offset_g, gain) - found.offset_g) * np.array(found.gain)
    assert 1000.0 * np.abs(np.linalg.norm(left, axis=1) - 1.0).mean() < 4.0


def test_it_says_whether_all_was_seen_a_part_or_nothing():
    rng = np.random.default_rng(0)
    full = calibrate(still(as_measured(EVERY_WAY, [0.03, 0.0, 0.0], np.ones(3))))
    assert (full.kind, full.reason) == ("full", "")
    part = calibrate(still(as_measured(attitudes(2, rng), [0.03, 0.02, 0.03], np.ones(3))))
    assert part.kind == "part"
    assert "didn't rest both ways" in part.reason
    none = calibrate(still(EVERY_WAY[: LEAST_STILL - 1]))
    assert (none.kind, none.applied) == ("none", False)
    assert none.reason.startswith(f"{LEAST_STILL - 1} windows at rest")


@pytest.mark.data
def test_bands_that_were_42_mg_off_come_within_5_and_help_in_a_posture_left_out(recordings_dir):
    windows = Windows(250)
    seen = {}
    still_only = [("activity", "in", ["lying", "sitting", "standing"])]
    frame = pd.read_parquet(recordings_dir / "selfback-wrist.parquet", filters=still_only)
    for (subject, activity), rows in frame.groupby(["subject", "activity"], observed=True):
        moved = rows[rows["t"].diff().fillna(1) > 0]
        grid = regularise(
            Recording.from_times(moved[["x", "y", "z"]].to_numpy(np.float32), moved["t"].to_numpy()), 25.0
        )
        seen.setdefault(subject, {})[activity] = moments(grid, windows)
    before, after, left_out = [], [], []
    for postures in seen.values():
        whole = calibrate(joined(postures.values()))
        if whole.still_windows:
            before.append((whole.error_before_mg, whole.still_windows))
            after.append((whole.error_after_mg, whole.still_windows))
        for name, measures in postures.items():
            found = calibrate(joined(m for other, m in postures.items() if other != name))
            alone = calibrate(measures)
            if alone.still_windows >= 3:
                rest = measures.mean_g[(measures.coverage >= 0.9) & np.all(measures.sd_g < 0.013, axis=1)]
                now = np.linalg.norm((rest - found.offset_g) * np.array(found.gain), axis=1)
                left_out.append((alone.error_before_mg, 1000.0 * np.abs(now - 1.0).mean()))
    assert weighted(before) > 35.0
    assert weighted(after) < 5.0
    held = np.array(left_out).mean(axis=0)
    assert held[1] < 0.7 * held[0]


def joined(parts):
    parts = list(parts)
    return Moments(*(np.concatenate([getattr(p, n) for p in parts]) for n in ("coverage", "mean_g", "sd_g", "enmo_mg")))


def weighted(rows):
    value, weight = np.array(rows).T
    return np.average(value, weights=weight)
