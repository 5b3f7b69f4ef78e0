"""The simulated movement keeps its word: labels, steps, range, rates and seeds."""

import time
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device.errors import RecordingError
from device.simulator.motion import LABELS, STEPPING, Part, Wearer, cadence_hz, synthesise, working_day

START_NS = 1_760_000_000_123_456_789

parts = st.builds(Part, st.sampled_from(sorted(LABELS)), st.floats(0.01, 1.5))
scripts = st.lists(parts, min_size=1, max_size=5)
wearers = st.one_of(
    st.just(Wearer()), st.builds(Wearer.draw, st.integers(0, 2**31), st.sampled_from(["right", "left"]))
)
rates_hz = st.floats(12.5, 100.0)
seeds = st.integers(0, 2**31)


@settings(max_examples=40, deadline=None)
@given(scripts, wearers, rates_hz, seeds)
def test_labels_cover_the_recording_in_order_without_overlap(script, wearer, rate_hz, seed):
    motion = synthesise(script, wearer, rate_hz=rate_hz, seed=seed, start_ns=START_NS)
    edges = [START_NS]
    for span, part in zip(motion.labels, script, strict=True):
        assert span.start_ns == edges[-1]
        assert span.part == part
        assert span.label == LABELS[part.activity]
        edges.append(span.stop_ns)
    assert abs(edges[-1] - START_NS - sum(part.minutes for part in script) * 60e9) < 2
    times = motion.recording.time_ns
    assert times[0] == START_NS
    assert times[-1] < edges[-1] <= times[-1] + 1e9 / rate_hz + 2


@settings(max_examples=40, deadline=None)
@given(scripts, wearers, seeds, rates_hz)
def test_any_rate_gives_the_same_labels_and_steps(script, wearer, seed, rate_hz):
    one = synthesise(script, wearer, rate_hz=100.0, seed=seed, start_ns=START_NS)
    other = synthesise(script, wearer, rate_hz=rate_hz, seed=seed, start_ns=START_NS)
    assert one.labels == other.labels
    assert np.array_equal(one.step_times_ns, other.step_times_ns)


@settings(max_examples=40, deadline=None)
@given(scripts, wearers, rates_hz, seeds)
def test_steps_lie_only_within_stepping_parts_and_in_order(script, wearer, rate_hz, seed):
    motion = synthesise(script, wearer, rate_hz=rate_hz, seed=seed, start_ns=START_NS)
    inside = np.zeros(motion.step_times_ns.size, dtype=bool)
    for span in motion.labels:
        if span.part.activity in STEPPING:
            inside |= (motion.step_times_ns >= span.start_ns) & (motion.step_times_ns < span.stop_ns)
    assert inside.all()
    assert (np.diff(motion.step_times_ns) > 0).all()


@settings(max_examples=25, deadline=None)
@given(st.sampled_from(sorted(STEPPING)), wearers, seeds)
def test_the_median_step_rate_is_the_declared_cadence(activity, wearer, seed):
    motion = synthesise([Part(activity, 2.0)], wearer, rate_hz=25.0, seed=seed, start_ns=0)
    rate_hz = 1e9 / np.median(np.diff(motion.step_times_ns))
    assert rate_hz == pytest.approx(cadence_hz(activity, wearer), rel=0.01)


@settings(max_examples=20, deadline=None)
@given(scripts, wearers, seeds, st.sampled_from([2.0, 4.0, 8.0, 16.0]))
def test_values_are_whole_counts_within_the_range(script, wearer, seed, range_g):
    motion = synthesise(script, wearer, rate_hz=50.0, seed=seed, start_ns=0, range_g=range_g)
    counts = motion.recording.accel_g.astype(np.float64) * 32768 / range_g
    assert np.array_equal(counts, np.rint(counts))
    assert counts.min() >= -32768
    assert counts.max() <= 32767


@settings(max_examples=10, deadline=None)
@given(scripts, wearers, rates_hz, seeds)
def test_the_same_seed_gives_the_same_bytes(script, wearer, rate_hz, seed):
    one, two = (synthesise(script, wearer, rate_hz=rate_hz, seed=seed, start_ns=5) for _ in range(2))
    assert one.recording.accel_g.tobytes() == two.recording.accel_g.tobytes()
    assert one.recording.time_ns.tobytes() == two.recording.time_ns.tobytes()


def test_another_seed_is_another_recording_and_another_wearer_walks_otherwise():
    script = [Part("walk", 1.0)]
    base = synthesise(script, Wearer.draw(1), rate_hz=25, seed=1, start_ns=0).recording.accel_g
    assert not np.array_equal(
        base, synthesise(script, Wearer.draw(1), rate_hz=25, seed=2, start_ns=0).recording.accel_g
    )
    assert not np.array_equal(
        base, synthesise(script, Wearer.draw(2), rate_hz=25, seed=1, start_ns=0).recording.accel_g
    )


def test_steps_fall_where_the_magnitude_peaks():
    for activity in sorted(STEPPING):
        motion = synthesise([Part(activity, 3.0)], Wearer(), rate_hz=100.0, seed=3, start_ns=0)
        magnitude = np.linalg.norm(motion.recording.accel_g, axis=1)
        steps_s = motion.step_times_ns / 1e9
        phase = 2 * np.pi * np.interp(np.arange(magnitude.size) / 100.0, steps_s, np.arange(steps_s.size))
        inside = slice(200, -200)
        beat = np.mean((magnitude[inside] - magnitude[inside].mean()) * np.exp(-1j * phase[inside]))
        assert abs(np.angle(beat)) < 0.6, activity  # a tenth of a step


def test_eight_hours_at_25_hz_take_no_more_than_three_seconds():
    script = working_day(START_NS, seed=4)
    began = time.process_time()
    motion = synthesise(script, Wearer.draw(4), rate_hz=25.0, seed=4, start_ns=START_NS)
    assert time.process_time() - began <= 3.0
    assert motion.recording.n_samples == 720_000


@settings(max_examples=50, deadline=None)
@given(seeds, st.integers(0, 2**62))
def test_a_working_day_is_eight_hours_and_has_every_kind_of_part(seed, start_ns):
    script = working_day(start_ns, seed)
    assert round(sum(part.minutes for part in script) * 60e9) == 8 * 3600 * 10**9
    assert {LABELS[part.activity] for part in script} >= {"sitting", "standing", "lying", "walking", "stairs", "other"}
    assert "unworn" in {part.activity for part in script}


def test_a_band_on_a_table_shows_nothing_but_its_own_noise():
    wearer = replace(Wearer.draw(9), noise_g=0.004)
    motion = synthesise([Part("unworn", 2.0)], wearer, rate_hz=100.0, seed=1, start_ns=0)
    assert np.allclose(motion.recording.accel_g.std(axis=0), 0.004, rtol=0.05)


def test_neighbours_are_blended_and_gravity_never_fades():
    still = replace(Wearer(), noise_g=0.0)
    motion = synthesise(
        [Part("lie", 0.2), Part("stand", 0.2), Part("sit", 0.2)], still, rate_hz=50.0, seed=8, start_ns=0
    )
    accel_g = motion.recording.accel_g
    assert np.abs(np.diff(accel_g, axis=0)).max() < 0.3
    assert np.linalg.norm(accel_g, axis=1).min() > 0.7


def test_the_left_wrist_is_the_mirror_image_of_the_right():
    script = [Part("walk", 0.5)]
    right, left = (
        synthesise(
            script, replace(Wearer(), side=side, noise_g=0.0), rate_hz=50.0, seed=1, start_ns=0
        ).recording.accel_g
        for side in ("right", "left")
    )
    assert np.allclose(right * [-1, 1, 1], left, atol=1e-3)


@pytest.mark.parametrize("bad", [("swim", 1.0), ("walk", 0.0), ("walk", -1.0), ("walk", float("nan"))])
def test_a_part_that_makes_no_sense_is_refused(bad):
    with pytest.raises(RecordingError):
        Part(*bad)


@pytest.mark.parametrize("rate_hz", [0.0, 12.4, 400.0, float("nan")])
def test_a_rate_that_makes_no_sense_is_refused(rate_hz):
    with pytest.raises(RecordingError):
        synthesise([Part("walk", 0.1)], Wearer(), rate_hz=rate_hz, seed=0, start_ns=0)


def test_an_empty_script_is_refused():
    with pytest.raises(RecordingError):
        synthesise([], Wearer(), rate_hz=25.0, seed=0, start_ns=0)
