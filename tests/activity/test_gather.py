"""A recording read piece by piece is what it is when it is read at once, to the bit, in little memory."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from activity.classify.artefact import load_model
from activity.recognise import BLOCK_WINDOWS, recognise, recognise_gathered
from activity.signal.clipping import Looker
from activity.signal.gather import Gathered, RowsInMemory, gather
from activity.signal.regularise import LONGEST_S, PART_ROWS, regularise
from device.errors import RecordingError
from device.recording import NS_PER_S, Chunk, Damage, Recording, Stream
from device.simulator.motion import Part, Wearer, synthesise

START_NS = 1_790_000_000_000_000_000


def made(minutes: float, rate_hz: float, gaps_s: tuple[float, ...], seed: int) -> Recording:
    """Return a recording of noise around 1 g with unsteady times, in as many segments as there are gaps and one."""
    rng = np.random.default_rng(seed)
    each = round(minutes * 60 * rate_hz / (len(gaps_s) + 1))
    steps_s = rng.normal(1.0 / rate_hz, 0.02 / rate_hz, (len(gaps_s) + 1, each))
    steps_s[1:, 0] += np.array(gaps_s)
    time_ns = START_NS + np.round(np.cumsum(steps_s.ravel()) * NS_PER_S).astype(np.int64)
    accel_g = (np.array([0.0, 0.0, 1.0]) + rng.normal(0.0, 0.2, (time_ns.size, 3))).astype(np.float32)
    return Recording.from_times(accel_g, time_ns)


def in_pieces(recording: Recording, sizes: list[int]) -> Stream:
    """Return a recording as a stream of chunks of the given sizes, in turn, again and again."""

    def chunks():
        edge = 0
        starts = np.array([segment.start for segment in recording.segments])
        for size in itertools.cycle(sizes):
            stop = min(edge + size, recording.n_samples)
            here = tuple((starts[(starts >= edge) & (starts < stop)] - edge).tolist())
            damage = (Damage("odd", 1, "kept"),) if size else ()
            yield Chunk(recording.accel_g[edge:stop], recording.time_ns[edge:stop], here, damage)
            edge = stop
            if edge == recording.n_samples:
                return

    return Stream(chunks)


def rows_of(gathered: Gathered) -> np.ndarray:
    return gathered.grid(0, gathered.n_rows).accel_g


@settings(max_examples=40, deadline=None)
@given(
    minutes=st.floats(0.01, 25.0),
    rate_hz=st.sampled_from([12.5, 25.0, 31.7, 100.0]),
    gaps_s=st.lists(st.sampled_from([1.1, 7.0, 400.0, 5000.0]), max_size=3),
    sizes=st.lists(st.integers(1, 40_000), min_size=1, max_size=4),
    seed=st.integers(0, 99),
)
def test_a_grid_is_the_same_to_the_bit_whatever_the_chunks(minutes, rate_hz, gaps_s, sizes, seed):
    recording = made(minutes, rate_hz, tuple(gaps_s), seed)
    if sum(sizes) * 200 < recording.n_samples * len(sizes):  # thousands of tiny chunks only cost time
        sizes = [max(size, recording.n_samples // 200 + 1) for size in sizes]
    whole = regularise(recording, 25.0)
    gathered = gather(in_pieces(recording, sizes), 25.0, RowsInMemory())
    assert gathered.start_ns == whole.start_ns
    np.testing.assert_array_equal(rows_of(gathered), whole.accel_g)
    assert gathered.extent.stretches == recording.extent.stretches


def test_what_is_known_of_a_recording_does_not_depend_on_its_chunks():
    recording = made(3.0, 100.0, (30.0,), 1)
    gathered = gather(in_pieces(recording, [1000, 0, 77]), 25.0, RowsInMemory())
    assert gathered.extent.samples == recording.n_samples
    assert gathered.extent.gaps == recording.gaps
    assert gathered.extent.rate_hz == recording.rate_hz
    assert [damage.what for damage in gathered.extent.damage] == ["odd"]


@settings(max_examples=20, deadline=None)
@given(sizes=st.lists(st.integers(1, 90_000), min_size=1, max_size=5), seed=st.integers(0, 9))
def test_what_is_looked_at_does_not_depend_on_the_chunks(sizes, seed):
    recording = made(30.0, 100.0, (), seed)
    sizes = [max(size, 1000) for size in sizes]
    looks = []
    for stream in (recording.stream(), in_pieces(recording, sizes)):
        looker = Looker()
        for chunk in stream.chunks():
            looker.add(chunk)
        looks.append(looker.look())
    for name in ("time_ns", "furthest_g", "values_g"):
        np.testing.assert_array_equal(getattr(looks[0], name), getattr(looks[1], name))


def test_epochs_and_steps_do_not_depend_on_chunks_or_blocks(monkeypatch):
    script = (Part("sit", 2), Part("walk", 6), Part("stand", 1), Part("run", 2), Part("walk", 5), Part("sit", 2))
    recording = synthesise(script, Wearer(), rate_hz=50.0, seed=3, start_ns=START_NS).recording
    model = load_model()
    whole = recognise(recording, model)
    assert whole.step_times_ns.size > 500
    monkeypatch.setattr("activity.recognise.BLOCK_WINDOWS", 7)
    assert BLOCK_WINDOWS > 7
    split = recognise_gathered(gather(in_pieces(recording, [3001, 999]), model.rate_hz, RowsInMemory()), model)
    np.testing.assert_array_equal(split.step_times_ns, whole.step_times_ns)
    for name in ("time_ns", "activity", "steps", "cadence_spm", "enmo_mg", "worn", "coverage"):
        np.testing.assert_array_equal(getattr(split.epochs, name), getattr(whole.epochs, name), err_msg=name)
    np.testing.assert_allclose(split.epochs.probability, whole.epochs.probability, atol=1e-6)


def test_a_value_that_is_missing_on_one_axis_is_missing_on_all():
    recording = made(2.0, 100.0, (), 2)
    accel_g = recording.accel_g.copy()
    accel_g[3000:3400, 1] = np.inf
    gathered = gather(replace(recording, accel_g=accel_g).stream(), 25.0, RowsInMemory())
    rows = rows_of(gathered)
    assert np.isnan(rows[760:840]).all()
    assert not np.isinf(rows).any()


def test_time_that_goes_back_between_chunks_is_an_error():
    one = made(0.1, 100.0, (), 0)
    twice = Stream(lambda: iter([Chunk(one.accel_g, one.time_ns, (0,)), Chunk(one.accel_g, one.time_ns, (0,))]))
    with pytest.raises(RecordingError, match="time doesn't move on"):
        gather(twice, 25.0, RowsInMemory())


def test_a_clock_that_jumps_by_years_is_refused_before_memory_is_taken():
    one = made(0.1, 100.0, (), 0)
    later = Chunk(one.accel_g, one.time_ns + round(2 * LONGEST_S) * NS_PER_S, (0,))
    with pytest.raises(RecordingError, match="days apart"):
        gather(Stream(lambda: iter([Chunk(one.accel_g, one.time_ns, (0,)), later])), 25.0, RowsInMemory())


def test_whole_parts_of_a_gap_are_not_laid_aside():
    class Counting(RowsInMemory):
        laid = 0

        def add(self, first, rows):
            self.laid += len(rows)
            super().add(first, rows)

    rows = Counting()
    gathered = gather(made(1.0, 50.0, (20 * 86_400.0,), 4).stream(), 25.0, rows)
    assert gathered.n_rows > 40_000_000
    assert rows.laid <= 18 * PART_ROWS
