"""Live recognition says of every window what the batch says of it, however the samples come in."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from activity.classify.artefact import load_model
from activity.epochs import UNKNOWN
from activity.labels import ACTIVITIES, Activity
from activity.live import LiveRecogniser, LiveWindow
from activity.recognise import Recognised, recognise
from activity.steps.peaks import PAD_S
from device.errors import RecordingError
from device.recording import NS_PER_S, Recording
from device.simulator.motion import Part, Wearer, synthesise

START_NS = 1_790_000_000 * NS_PER_S
SCRIPT = (Part("sit", 0.7), Part("walk", 1.6), Part("stand", 0.5), Part("run", 0.8), Part("climb", 0.5))


def made(rate_hz: float, seed: int = 3) -> Recording:
    return synthesise(SCRIPT, Wearer.draw(seed), rate_hz=rate_hz, seed=seed, start_ns=START_NS).recording


def follow(recording: Recording, cuts: list[int], batch: Recognised) -> list[LiveWindow]:
    """Push a recording in pieces, and return all windows."""
    live = LiveRecogniser(load_model(), batch.calibration)
    told: list[LiveWindow] = []
    edges = sorted({0, recording.n_samples, *(cut % recording.n_samples for cut in cuts)})
    for start, stop in itertools.pairwise(edges):
        told += live.push(recording.accel_g[start:stop], recording.time_ns[start:stop])
    return told + live.finish()


def check(told: list[LiveWindow], batch: Recognised, tolerance: float = 1e-5) -> None:
    epochs = batch.epochs
    assert [window.time_ns for window in told] == epochs.time_ns.tolist()
    found = np.array([window.probability for window in told])
    np.testing.assert_allclose(found, epochs.probability, rtol=0, atol=tolerance)
    np.testing.assert_array_equal([window.activity for window in told], epochs.activity)
    steps = np.concatenate([window.step_times_ns for window in told])
    assert steps.size == batch.step_times_ns.size
    assert not steps.size or np.abs(steps - batch.step_times_ns).max() < 1_000_000


@pytest.mark.parametrize("rate_hz", [12.5, 25.0, 50.0, 100.0])
def test_live_is_batch_at_every_rate(rate_hz: float) -> None:
    recording = made(rate_hz)
    batch = recognise(recording, load_model(), smoothing=False)
    assert batch.step_times_ns.size > 200
    check(follow(recording, list(range(0, recording.n_samples, round(0.6 * rate_hz))), batch), batch)


@settings(max_examples=10, deadline=None)
@given(st.lists(st.integers(0, 6000), max_size=60), st.integers(0, 2**31))
def test_live_is_batch_however_the_stream_is_cut_and_broken(cuts: list[int], seed: int) -> None:
    rng = np.random.default_rng(seed)
    whole = made(25.0)
    lost = np.zeros(whole.n_samples, dtype=bool)
    for _ in range(3):
        start = int(rng.integers(whole.n_samples))
        lost[start : start + int(rng.integers(1, 900))] = True
    lost[0] = False
    jitter_ns = rng.integers(-4_000_000, 4_000_000, whole.n_samples)
    accel_g = whole.accel_g.copy()
    accel_g[rng.integers(0, whole.n_samples, 40)] = np.nan
    accel_g[rng.integers(0, whole.n_samples, 10), rng.integers(0, 3, 10)] = np.nan
    recording = Recording.from_times(accel_g[~lost], (whole.time_ns + jitter_ns)[~lost])
    batch = recognise(recording, load_model(), smoothing=False)
    check(follow(recording, cuts, batch), batch)


def test_a_window_is_told_within_a_window_of_the_movement() -> None:
    recording, live = made(50.0), LiveRecogniser(load_model())
    for start in range(0, recording.n_samples, 10):
        piece = slice(start, start + 10)
        for window in live.push(recording.accel_g[piece], recording.time_ns[piece]):
            late_s = (recording.time_ns[piece][-1] - window.time_ns) / NS_PER_S - 10.0
            assert 0.0 <= late_s < PAD_S + 0.6


def test_memory_is_bounded() -> None:
    live, n = LiveRecogniser(load_model()), 25 * 60
    accel_g = np.float32([0.0, 0.0, 1.0]) + np.float32(0.01) * (np.arange(3 * n).reshape(n, 3) % 7)
    for minute in range(60):
        time_ns = START_NS + (np.arange(n, dtype=np.int64) + minute * n) * (NS_PER_S // 25)
        live.push(accel_g.astype(np.float32), time_ns)
        waiting = sum(part_ns.size for _, part_ns in live._waiting)  # what the promise is about
        assert live._time_ns.size + waiting < 25 * 60


def test_a_sensor_that_freezes_is_not_believed() -> None:
    live = LiveRecogniser(load_model())
    time_ns = START_NS + np.arange(25 * 60, dtype=np.int64) * (NS_PER_S // 25)
    told = live.push(np.tile(np.float32([0.1, -0.9, 0.3]), (time_ns.size, 1)), time_ns)
    assert len(told) == 5
    assert all(window.activity == UNKNOWN and np.isnan(window.confidence) for window in told)


def test_time_that_stands_still_is_refused() -> None:
    live = LiveRecogniser(load_model())
    one = np.float32([[0.0, 0.0, 1.0]])
    live.push(one, np.array([START_NS]))
    with pytest.raises(RecordingError):
        live.push(one, np.array([START_NS]))


def test_nothing_told_of_nothing() -> None:
    live = LiveRecogniser(load_model())
    assert live.push(np.empty((0, 3), np.float32), np.empty(0, np.int64)) == []
    assert live.finish() == []
    assert ACTIVITIES.index(Activity.SITTING) == 0
