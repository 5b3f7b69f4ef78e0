"""Changed windows are still windows of the same movement, and other bands' recordings are what their names say."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from activity.classify.augment import CHANCES, Strips, augmented, draw, hand_work, restless, rotations
from activity.classify.labelled import LabelledRecording, gridded
from activity.classify.travel import AS_WORN, CLIP_G, STEP_G, TOGETHER, TRAVELS, Travel, travelled
from device.recording import NS_PER_S, Recording

BY_NAME = {chance.name: chance.change for chance in CHANCES}


def walk_like(rng: np.random.Generator, n: int = 16, width: int = 250) -> np.ndarray:
    time_s = np.arange(width) / 25.0
    beat = np.sin(2 * np.pi * 1.8 * time_s)[None, :, None] * rng.uniform(0.1, 0.6, (n, 1, 3))
    return (beat + np.array([0.1, -0.95, 0.2]) + rng.normal(0, 0.02, (n, width, 3))).astype(np.float32)


@pytest.mark.parametrize("name", BY_NAME)
def test_every_change_keeps_shape_and_is_the_same_with_the_same_seed(name: str, rng: np.random.Generator) -> None:
    windows = walk_like(rng)
    before = windows.copy()
    first, again = (BY_NAME[name](windows, np.random.default_rng(5)) for _ in range(2))
    assert first.shape == windows.shape
    assert np.isfinite(first).all()
    np.testing.assert_array_equal(first, again)
    np.testing.assert_array_equal(windows, before)


@pytest.mark.parametrize("name", ["tilted", "any way round", "other axes", "other wrist"])
def test_turning_and_mirroring_leave_the_size_of_acceleration(name: str, rng: np.random.Generator) -> None:
    windows = walk_like(rng)
    changed = BY_NAME[name](windows, rng)
    np.testing.assert_allclose(np.linalg.norm(changed, axis=2), np.linalg.norm(windows, axis=2), atol=1e-5)
    assert np.abs(changed - windows).max() > 0.05


@given(st.integers(0, 2**31), st.floats(0.1, 180.0))
def test_a_rotation_is_one_and_no_larger_than_asked(seed: int, most_deg: float) -> None:
    turns = rotations(20, most_deg, np.random.default_rng(seed)).astype(float)
    np.testing.assert_allclose(turns @ turns.transpose(0, 2, 1), np.tile(np.eye(3), (20, 1, 1)), atol=1e-5)
    np.testing.assert_allclose(np.linalg.det(turns), 1.0, atol=1e-5)
    cosine = (np.trace(turns, axis1=1, axis2=2) - 1.0) / 2.0
    assert np.rad2deg(np.arccos(np.clip(cosine, -1.0, 1.0))).max() <= most_deg + 0.1


def test_a_drawn_window_is_a_piece_of_its_strip_at_its_speed(rng: np.random.Generator) -> None:
    ramp = np.arange(1000, dtype=np.float32)
    accel_g = np.column_stack([ramp, ramp + 5000, -ramp])
    strips = Strips(accel_g, np.array([0, 600]), np.array([600, 400]))
    chosen = np.array([0, 1, 0, 1] * 20)
    stretch = rng.uniform(0.7, 1.3, chosen.size)
    windows = draw(strips, chosen, 250, stretch, rng)
    np.testing.assert_allclose(np.diff(windows[:, :, 0], axis=1), np.tile(stretch[:, None], (1, 249)), atol=2e-3)
    assert (windows[chosen == 0, :, 0] <= 599).all()
    assert (windows[chosen == 1, :, 0] >= 600).all()


def test_a_strip_just_long_enough_is_played_as_fast_as_it_allows(rng: np.random.Generator) -> None:
    ramp = np.repeat(np.arange(250, dtype=np.float32)[:, None], 3, axis=1)
    windows = draw(Strips(ramp, np.array([0]), np.array([250])), np.zeros(5, np.int64), 250, np.full(5, 1.4), rng)
    np.testing.assert_allclose(windows, np.tile(ramp, (5, 1, 1)), atol=1e-3)


def test_rest_is_made_restless_and_movement_is_not(rng: np.random.Generator) -> None:
    rest = np.tile(np.array([0.0, 0.0, 1.0], np.float32), (200, 250, 1))
    moved = restless(rest, 25.0, rng) - rest
    rms_g = np.sqrt((moved**2).sum(axis=2).mean(axis=1))
    assert 0.003 < rms_g.min() < rms_g.max() < 0.06
    np.testing.assert_allclose(moved.mean(axis=1), 0.0, atol=0.02)


def test_made_up_hand_work_has_no_beat_of_a_gait(rng: np.random.Generator) -> None:
    work = hand_work(300, 250, 25.0, rng)
    even = work - work.mean(axis=1, keepdims=True)
    power = (np.abs(np.fft.rfft(even, axis=1)) ** 2).sum(axis=2)
    at_a_gait = power[:, 12:33].max(axis=1) / power[:, 1:].sum(axis=1)  # one line from 1.2 to 3.2 Hz, where steps are
    assert np.quantile(at_a_gait, 0.9) < 0.3


def test_augmentation_changes_every_window_and_the_same_seed_the_same_way(rng: np.random.Generator) -> None:
    windows = walk_like(rng, 64)
    still = np.zeros(64, dtype=bool)
    first, again = (augmented(windows, still, 25.0, np.random.default_rng(1)) for _ in range(2))
    np.testing.assert_array_equal(first, again)
    assert (np.abs(first - windows).max(axis=(1, 2)) > 1e-3).all()


def recorded(rng: np.random.Generator, seconds: int = 30, rate_hz: float = 100.0) -> LabelledRecording:
    n = round(seconds * rate_hz)
    accel_g = np.float32([0.0, -1.0, 0.0]) + rng.normal(0.0, 0.8, (n, 3)).astype(np.float32)
    time_ns = np.rint(np.arange(n) * NS_PER_S / rate_hz).astype(np.int64)
    return LabelledRecording("p", "walking", Recording.from_times(accel_g.astype(np.float32), time_ns))


@pytest.mark.parametrize("travel", TRAVELS, ids=lambda travel: travel.name)
def test_every_way_of_travelling_gives_a_recording_of_the_same_time(travel: Travel, rng: np.random.Generator) -> None:
    part = recorded(rng)
    (gone,) = travelled((part,), travel, seed=1)
    (again,) = travelled((part,), travel, seed=1)
    np.testing.assert_array_equal(gone.recording.accel_g, again.recording.accel_g)
    assert abs(len(gridded(gone, 25.0).grid) - len(gridded(part, 25.0).grid)) <= 2
    assert (travel.name == AS_WORN) == np.array_equal(gone.recording.accel_g, part.recording.accel_g)


def test_all_together_is_slow_and_clipped_and_coarse(rng: np.random.Generator) -> None:
    (together,) = [travel for travel in TRAVELS if travel.name == TOGETHER]
    (gone,) = travelled((recorded(rng),), together, seed=1)
    assert gone.recording.rate_hz == pytest.approx(12.5, rel=0.01)
    assert np.abs(gone.recording.accel_g).max() <= CLIP_G
    np.testing.assert_allclose(gone.recording.accel_g / STEP_G, np.round(gone.recording.accel_g / STEP_G), atol=1e-5)
