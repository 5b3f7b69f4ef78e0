"""Axivity files sample by sample: what the bytes say, whatever was lost between them."""

import itertools
from pathlib import Path

import cwa_writer
import numpy as np
import oracles
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from device.readers.axivity.sectors import SECTORS_AT_ONCE
from device.readers.table import open_recordings, read_recording
from device.recording import CHUNK_SAMPLES, NS_PER_S

QUICK = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def noise_sectors(count: int, layout: int, seed: int) -> np.ndarray:
    """Sectors whose samples are any bits at all."""
    rng = np.random.default_rng(seed)
    held = cwa_writer.HELD[layout]
    made = cwa_writer.sectors(np.zeros((count * held, 3)), layout=layout)
    made["data"] = rng.integers(0, 256, (count, 480), dtype=np.uint8)
    made["count"] = rng.integers(1, held + 1, count)
    return cwa_writer.with_checksums(made)


def flat(sectors: int) -> np.ndarray:
    """Samples of a band that lies flat."""
    return np.tile(np.array([0.0, 0.0, 1.0]), (sectors * 120, 1))


def written(path: Path, *sectors: np.ndarray) -> Path:
    path.write_bytes(cwa_writer.header() + b"".join(some.tobytes() for some in sectors))
    return path


@QUICK
@given(st.integers(1, 6), st.sampled_from([cwa_writer.PACKED, cwa_writer.WORDS]), st.integers(0, 999))
def test_any_bits_are_the_samples_that_the_format_says(tmp_path, count, layout, seed):
    made = noise_sectors(count, layout, seed)
    made["count"] = cwa_writer.HELD[layout]
    recording = read_recording(written(tmp_path / "a.cwa", cwa_writer.with_checksums(made)))
    expected = [sample for one in made for sample in oracles.axivity_samples(one.tobytes())]
    np.testing.assert_array_equal(recording.accel_g, np.array(expected, dtype=np.float32))


@pytest.mark.data
def test_real_samples_are_those_that_the_format_says(recordings_dir):
    for path in sorted((recordings_dir / "device-files" / "axivity-cwa").iterdir()):
        content = path.read_bytes()
        sectors = [content[at : at + 512] for at in range(1024, len(content) - 511, 512)]
        good = [one for one in sectors if np.frombuffer(one, "<u2").sum(dtype=np.uint64) & 0xFFFF == 0]
        expected = np.array([sample for one in good for sample in oracles.axivity_samples(one)], dtype=np.float32)
        np.testing.assert_array_equal(read_recording(path).accel_g, expected, err_msg=path.name)


@QUICK
@given(lost=st.sets(st.integers(0, 29), max_size=20), seed=st.integers(0, 99))
def test_lost_sectors_are_gaps_and_the_rest_keeps_its_times(tmp_path, lost, seed):
    accel_g = np.random.default_rng(seed).uniform(-2, 2, (30 * 120, 3))
    made = cwa_writer.sectors(accel_g)
    whole = read_recording(written(tmp_path / "a.cwa", made))
    kept = [k for k in range(30) if k not in lost]
    part = read_recording(written(tmp_path / "b.cwa", made[kept]))
    rows = np.concatenate([np.arange(120 * k, 120 * (k + 1)) for k in kept])
    np.testing.assert_array_equal(part.accel_g, whole.accel_g[rows])
    # The last sector of a run goes on at the pace of the one before it, and a lone one at the nominal rate.
    assert np.abs(part.time_ns - whole.time_ns[rows]).max() < NS_PER_S // 1000
    assert len(part.segments) == 1 + sum(b - a > 1 for a, b in itertools.pairwise(kept))


def test_a_clock_that_is_set_in_mid_recording_is_told_and_begins_a_new_stretch(tmp_path):
    early = cwa_writer.sectors(flat(10))
    late = cwa_writer.sectors(flat(10), first=10, start=cwa_writer.START.replace(hour=12))
    recording = read_recording(written(tmp_path / "a.cwa", early, late))
    (damage,) = recording.damage
    assert (damage.what, damage.count) == ("clock that jumps between sectors that follow each other", 1)
    assert recording.n_samples == 2400
    assert recording.gaps[0].duration_s == pytest.approx(4 * 3600, abs=0.1)


def test_a_long_file_comes_in_chunks_that_are_the_whole(tmp_path):
    accel_g = np.random.default_rng(3).uniform(-2, 2, ((2 * SECTORS_AT_ONCE + 7) * 120, 3))
    path = cwa_writer.write(tmp_path / "a.cwa", iter([accel_g]))
    ((_, stream),) = open_recordings(path)
    sizes = [chunk.time_ns.size for chunk in stream.chunks()]
    assert len(sizes) == 3
    assert max(sizes) <= CHUNK_SAMPLES
    recording = read_recording(path)
    assert recording.n_samples == len(accel_g)
    assert len(recording.segments) == 1
    np.testing.assert_allclose(recording.accel_g, accel_g, atol=4 / 256)


@QUICK
@given(st.integers(0, 20 * 512 + 1024))
def test_a_file_that_ends_anywhere_gives_its_whole_sectors(tmp_path, size):
    made = cwa_writer.sectors(flat(20))
    content = (cwa_writer.header() + made.tobytes())[:size]
    path = tmp_path / "a.cwa"
    path.write_bytes(content)
    whole = max(0, size - 1024) // 512
    if whole:
        assert read_recording(path).n_samples == 120 * whole
