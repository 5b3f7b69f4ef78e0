"""Axivity files sample by sample: what the bytes say, whatever was lost between them."""

import itertools
from datetime import timedelta
from pathlib import Path

import cwa_writer
import numpy as np
import oracles
import pytest
from check_by_twin import check_by_twin
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from device.errors import DamagedFileError
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
@given(st.integers(1, 6), st.sampled_from(sorted(cwa_writer.HELD)), st.integers(0, 999))
def test_any_bits_are_the_samples_that_the_format_says(tmp_path, count, layout, seed):
    made = noise_sectors(count, layout, seed)
    made["count"] = cwa_writer.HELD[layout]
    recording = read_recording(written(tmp_path / "a.cwa", cwa_writer.with_checksums(made)))
    expected = [sample for one in made for sample in oracles.axivity_samples(one.tobytes())]
    np.testing.assert_array_equal(recording.accel_g, np.array(expected, dtype=np.float32))


#: What can befall a sector, other than being lost: a change of its fields, after which its checksum is right again.
BLOWS = {
    "clock": lambda one, by: one.__setitem__("stamp", cwa_writer.stamps(cwa_writer.START, np.array([by]))[0]),
    "stamp": lambda one, by: one.__setitem__("stamp", (int(one["stamp"]) + by * 7919) & 0xFFFFFFFF),
    "year 2000": lambda one, by: one.__setitem__("stamp", int(one["stamp"]) & 0x3FFFFFF),
    "fraction": lambda one, by: one.__setitem__("fraction", by * 5003 & 0xFFFF),
    "stamp_at": lambda one, by: one.__setitem__("stamp_at", by),
    "session": lambda one, by: one.__setitem__("session", abs(by)),
    "number": lambda one, by: one.__setitem__("number", (int(one["number"]) + by) & 0xFFFFFFFF),
    "rate": lambda one, by: one.__setitem__("rate", by & 0xFF),
    "count": lambda one, by: one.__setitem__("count", abs(by) % 130),
    "layout": lambda one, by: (
        one.__setitem__("layout", (0x30, 0x32, 0x62, 0x92, 0x31)[by % 5]),
        one.__setitem__("count", 26),
    ),
    "scale": lambda one, by: one.__setitem__("scale", by * 997 & 0xFFFF),
    "mark": lambda one, by: one.__setitem__("magic", b"XA"),
}
BLOW = st.tuples(st.integers(0, 11), st.sampled_from(sorted(BLOWS)), st.integers(-150, 150))
SPLIT = st.lists(st.integers(0, 11), max_size=3)


def battered(seed: int, blows: list[tuple[int, str, int]], cuts: list[int], moved: list[int]) -> np.ndarray:
    """Twelve sectors of any bits, of which some are changed, some broken, and some stand elsewhere or nowhere."""
    made = noise_sectors(12, sorted(cwa_writer.HELD)[seed % 3], seed)
    made["count"][:] = cwa_writer.HELD[int(made["layout"][0])]
    for at, what, by in blows:
        # From the sector on: a clock that is set, a rate that changes, stay so.
        for k in range(at, 12 if by % 2 else at + 1):
            BLOWS[what](made[k], by + k - at if what == "clock" else by)
    made = cwa_writer.with_checksums(made)
    for at in cuts:
        made["data"][at, 7] ^= 1
    order = list(range(12))
    for at in moved:
        order.insert((at * 5) % len(order), order.pop(at % len(order)))
        order.pop(at % len(order))
    return made[order]


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 99), st.lists(BLOW, max_size=4), SPLIT, SPLIT, st.integers(0, 511))
def test_whatever_befell_a_file_its_samples_and_times_are_those_of_the_slow_twin(
    tmp_path, seed, blows, cuts, moved, rest
):
    content = cwa_writer.header() + battered(seed, blows, cuts, moved).tobytes()
    check(tmp_path / "a.cwa", content[: len(content) - rest])


def check(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    check_by_twin(path, oracles.axivity_recording(content))


@pytest.mark.data
def test_real_files_have_the_samples_and_times_of_the_slow_twin(recordings_dir, tmp_path):
    for path in sorted((recordings_dir / "device-files" / "axivity-cwa").iterdir()):
        check(tmp_path / path.name, path.read_bytes())


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


@pytest.mark.parametrize(("unset", "known"), [(4, 0), (4, 6), (6, 4), (5, 5)])
def test_a_clock_that_was_not_set_is_told_and_never_makes_a_gap_of_decades(unset, known, tmp_path):
    start = cwa_writer.START.replace(year=2000, month=1, day=1)
    early = cwa_writer.sectors(flat(unset), start=start)
    late = cwa_writer.sectors(flat(known), first=unset)
    recording = read_recording(written(tmp_path / "a.cwa", early, late))
    said = {damage.what: damage for damage in recording.damage}
    assert recording.n_samples == 120 * max(unset, known)
    assert recording.gaps == ()
    if known:
        lost = said["sample dated decades away from most of the others"]
        assert (lost.count, lost.outcome.split(";")[0]) == (120 * min(unset, known), "left out")
        assert lost.first_at.startswith("sectors 0, 1" if known >= unset else "sectors 6, 7")
    else:
        kept = said["sample with a date before 2005 or after 2089"]
        assert (kept.count, kept.outcome.split(";")[0]) == (480, "kept")


def change_count(content: bytearray) -> bytearray:
    content[1024 + 512 * 7 + 28] = 119
    return content


def change_layout(content: bytearray) -> bytearray:
    content[1024 + 512 * 7 + 25] = cwa_writer.WORDS
    return content


@pytest.mark.parametrize(
    ("change", "where"),
    [(change_count, "sector 7"), (change_layout, "sector 7"), (lambda content: content[:3000], "sector 3")],
)
def test_a_file_that_changes_while_it_is_read_is_refused_in_words(change, where, tmp_path):
    path = written(tmp_path / "a.cwa", cwa_writer.sectors(flat(10)))
    ((_, stream),) = open_recordings(path)
    path.write_bytes(change(bytearray(path.read_bytes())))
    with pytest.raises(DamagedFileError, match=where):
        list(stream.chunks())


def test_a_file_that_grows_while_it_is_read_is_what_it_was(tmp_path):
    made = cwa_writer.sectors(flat(30))
    path = written(tmp_path / "a.cwa", made[:10])
    ((_, stream),) = open_recordings(path)
    written(path, made)
    assert sum(chunk.time_ns.size for chunk in stream.chunks()) == 1200


def test_a_file_larger_than_any_band_is_refused_before_it_is_read(tmp_path):
    path = tmp_path / "a.cwa"
    with path.open("wb") as file:
        file.write(cwa_writer.header())
        file.truncate(1 << 36)  # without taking room on the disk
    with pytest.raises(DamagedFileError, match="68,719,476,736 bytes"):
        read_recording(path)


def test_a_stream_can_be_read_again(tmp_path):
    ((_, stream),) = open_recordings(written(tmp_path / "a.cwa", cwa_writer.sectors(flat(5))))
    once, again = ([chunk.time_ns.tolist() for chunk in stream.chunks()] for _ in range(2))
    assert once == again


def test_a_rate_that_changes_begins_a_new_stretch_at_the_new_rate(tmp_path):
    slow = cwa_writer.sectors(flat(4), rate_hz=50.0, rate_code=cwa_writer.rate_code(50.0))
    start = cwa_writer.START + timedelta(seconds=10)
    fast = cwa_writer.sectors(flat(4), rate_hz=200.0, rate_code=cwa_writer.rate_code(200.0), start=start)
    fast["number"] += 4
    recording = read_recording(written(tmp_path / "a.cwa", slow, cwa_writer.with_checksums(fast)))
    assert recording.damage == ()
    assert [stretch.samples for stretch in recording.extent.stretches] == [480, 480]
    steps_ms = np.diff(recording.time_ns) / 1e6
    assert set(np.rint(steps_ms[:479])) == {20}
    assert set(np.rint(steps_ms[480:])) == {5}
    assert recording.band.nominal_rate_hz == 50.0


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
