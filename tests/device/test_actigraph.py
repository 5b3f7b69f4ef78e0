"""ActiGraph files second by second: what the bytes say, whatever was lost between them."""

import math
import struct
import zipfile
from pathlib import Path

import gt3x_writer
import numpy as np
import oracles
import pytest
from check_by_twin import check_by_twin
from gt3x_writer import EVENT, PACKED, PARAMETERS, START_S, WORDS, content, info_text, packed, record, seconds, words
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from device.errors import ContainerError, DamagedFileError, UnknownFormatError
from device.readers.actigraph import records
from device.readers.table import open_recordings, read_recording
from device.recording import CHUNK_SAMPLES, NS_PER_S

MANY = settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
QUICK = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def noise(seconds_: int, seed: int, rate: int = 30) -> np.ndarray:
    return np.random.default_rng(seed).integers(-2048, 2048, (seconds_, rate, 3))


def written(path: Path, log: bytes, info: bytes | None = None, **more: bytes) -> Path:
    path.write_bytes(content(log, info, **more))
    return path


@QUICK
@given(st.sampled_from([PACKED, WORDS]), st.integers(1, 64), st.integers(0, 999), st.sampled_from([256.0, 341.0]))
def test_any_bits_are_the_samples_that_the_format_says(tmp_path, kind, rate, seed, per_g):
    raw = noise(4, seed, rate)
    pack = packed if kind == PACKED else words
    log = b"".join(record(kind, START_S + k, pack(one)) for k, one in enumerate(raw))
    info = info_text(Acceleration_Scale=str(per_g), Sample_Rate=str(rate))
    recording = read_recording(written(tmp_path / "a.gt3x", log, info))
    np.testing.assert_array_equal(recording.accel_g, (raw.reshape(-1, 3) / per_g).astype(np.float32))
    assert recording.damage == ()
    assert len(recording.segments) == 1


#: What can be in a log beside whole seconds of samples.
STRANGE = {
    "event": lambda at, by: record(EVENT, at, bytes(by % 4)),
    "cable": lambda at, _: record(PACKED, at, b"\1"),
    "unknown": lambda at, by: record(100 + by, at, bytes(by)),
    "odd": lambda at, by: record(PACKED if by % 2 else WORDS, at, bytes(by)),
    "bad": lambda at, by: record(PACKED, at, packed(noise(1, by)[0]), bad=True),
    "garbage": lambda _, by: bytes(np.random.default_rng(by).integers(0, 256, by, dtype=np.uint8)),
    "separators": lambda _, by: b"\x1e" * by,
    "long": lambda at, by: struct.pack("<BBIH", 0x1E, 0, at, 60_000 + by),
    "short": lambda at, by: record(WORDS, at, words(noise(1, by)[0][: 1 + by % 29])),
    "later": lambda at, by: record(WORDS, at + by, words(noise(1, by)[0])),
    "earlier": lambda at, by: record(PACKED, at - by, packed(noise(1, by)[0])),
    "unset": lambda _, by: record(PACKED, by, packed(noise(1, by)[0])),
}
BLOW = st.tuples(st.integers(0, 9), st.sampled_from(sorted(STRANGE)), st.integers(0, 90))


@MANY
@given(st.integers(0, 99), st.lists(BLOW, max_size=5), st.sets(st.integers(0, 9), max_size=6), st.integers(0, 300))
def test_whatever_befell_a_log_its_samples_and_times_are_those_of_the_slow_twin(tmp_path, seed, blows, lost, cut):
    parts = [record(PACKED, START_S + k, packed(one)) for k, one in enumerate(noise(10, seed))]
    for at, what, by in blows:
        parts[at] += STRANGE[what](START_S + at, by)
    log = b"".join(part for k, part in enumerate(parts) if k not in lost)
    log = log[: len(log) - cut]
    check_by_twin(written(tmp_path / "a.gt3x", log), oracles.gt3x_recording(log, 30.0, 256.0))


@pytest.mark.data
def test_real_files_have_the_samples_and_times_of_the_slow_twin(recordings_dir):
    for path in sorted((recordings_dir / "device-files" / "actigraph-gt3x").iterdir()):
        with zipfile.ZipFile(path) as archive:
            log, info = archive.read("log.bin"), archive.read("info.txt").decode()
        rate_hz = float(info.split("Sample Rate: ")[1].split()[0])
        check_by_twin(path, oracles.gt3x_recording(log, rate_hz, 256.0))


@pytest.mark.data
def test_real_files_say_what_recorded_them_and_are_whole(recordings_dir):
    folder = recordings_dir / "device-files" / "actigraph-gt3x"
    found = {path.stem: read_recording(path) for path in sorted(folder.iterdir())}
    assert {name: (r.n_samples, len(r.segments), r.band.model, r.band.placement) for name, r in found.items()} == {
        "ggir_actigraph_testfile": (17_640, 24, "wGT3XBT", "waist"),
        "pygt3x_ism_disabled_wrist_30hz": (9_000, 1, "Link", "wrist"),
        "pygt3x_ism_enabled_wrist_30hz": (2_190, 3, "Link", "right wrist"),
        "wristpy_example_actigraph_60hz": (4_860, 1, "wGT3XBT", ""),
        "wristpy_idle_sleep_mode_30hz": (3_870, 2, "wGT3XBT", ""),
    }
    for recording in found.values():
        assert recording.damage == ()
        # Gravity alone for most of the time: the scale is right.
        assert 0.95 < float(np.median(np.linalg.norm(recording.accel_g, axis=1))) < 1.05


@pytest.mark.data
def test_what_a_device_slept_through_is_a_gap_and_none_where_it_did_not_sleep(recordings_dir):
    folder = recordings_dir / "device-files" / "actigraph-gt3x"
    asleep = read_recording(folder / "pygt3x_ism_enabled_wrist_30hz.gt3x")
    awake = read_recording(folder / "pygt3x_ism_disabled_wrist_30hz.gt3x")
    assert [gap.duration_s for gap in asleep.gaps] == pytest.approx([47.0, 59.0], abs=60.0)
    assert awake.gaps == ()
    span_s = (asleep.time_ns[-1] - asleep.time_ns[0]) / NS_PER_S
    assert sum(gap.duration_s for gap in asleep.gaps) == pytest.approx(span_s - asleep.n_samples / 30, abs=0.1)


@pytest.mark.parametrize(
    ("info", "parameter", "per_g"),
    [
        (info_text(), None, 256.0),
        (info_text(Acceleration_Scale="341,0"), 256.0, 341.0),
        (info_text(Acceleration_Scale=None), 256.0, 256.0),
        (info_text(Acceleration_Scale="nan", Serial_Number="NEO1C15110104"), None, 341.0),
        (info_text(Acceleration_Scale="0", Serial_Number="TAS1E42150038"), None, 256.0),
        (info_text(Acceleration_Scale="x", Serial_Number="NEO1C15110104"), 256.0, 256.0),
    ],
)
def test_the_scale_is_that_of_the_info_else_of_the_parameters_else_of_the_serial(info, parameter, per_g, tmp_path):
    log = b"".join(seconds(np.tile([0.0, 0.0, 1.0], (90, 1))))
    if parameter:
        mantissa, exponent = math.frexp(parameter)
        code = (exponent & 0xFF) << 24 | round(mantissa * 2**23)
        log = record(PARAMETERS, START_S, struct.pack("<HHI", 0, 55, code)) + log
    recording = read_recording(written(tmp_path / "a.gt3x", log, info))
    assert recording.accel_g[0].tolist() == [0.0, 0.0, np.float32(256 / per_g)]


def test_without_any_scale_the_samples_are_refused(tmp_path):
    info = info_text(Acceleration_Scale=None, Serial_Number=None)
    with pytest.raises(DamagedFileError, match="how many steps are a g"):
        read_recording(written(tmp_path / "a.gt3x", b"".join(seconds(np.zeros((60, 3)))), info))


def test_the_wall_clock_is_read_in_the_zone_asked_for_and_a_clock_set_elsewhere_is_told(tmp_path):
    path = written(tmp_path / "a.gt3x", b"".join(seconds(np.zeros((60, 3)))))
    plain, oslo, tokyo = (read_recording(path, zone) for zone in ("UTC", "Europe/Oslo", "Asia/Tokyo"))
    assert plain.time_ns[0] == START_S * NS_PER_S
    assert (plain.time_ns[0] - oslo.time_ns[0], oslo.damage) == (2 * 3600 * NS_PER_S, ())
    assert [row.what for row in tokyo.damage] == ["clock set at UTC+2 h, which isn't Asia/Tokyo"]


def test_whose_the_device_was_is_not_read(tmp_path):
    recording = read_recording(written(tmp_path / "a.gt3x", b"".join(seconds(np.zeros((60, 3))))))
    assert "Planted" not in repr(recording.band)
    assert recording.band.placement == "left wrist"


def test_a_rate_that_nobody_says_is_that_of_the_seconds(tmp_path):
    log = b"".join(seconds(np.zeros((180, 3)), rate=60))
    recording = read_recording(written(tmp_path / "a.gt3x", log, info_text(Sample_Rate=None)))
    assert recording.band.nominal_rate_hz == 60.0
    assert recording.rate_hz == pytest.approx(60.0)


@pytest.mark.parametrize("members", [{"info.txt": b"x"}, {"log.bin": b"x"}, {"a.txt": b"x"}, {}])
def test_a_file_without_its_log_or_info_is_refused_in_words(members, tmp_path):
    path = tmp_path / "a.gt3x"
    with zipfile.ZipFile(path, "w") as archive:
        for name, value in members.items():
            archive.writestr(name, value)
    with pytest.raises(DamagedFileError, match=r"no .*in it"):
        read_recording(path)


def test_a_file_of_old_firmware_is_refused_with_a_way_out(tmp_path):
    path = tmp_path / "a.gt3x"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("info.txt", info_text())
        archive.writestr("activity.bin", bytes(100))
    with pytest.raises(UnknownFormatError, match=r"activity\.bin") as caught:
        read_recording(path)
    assert "CSV" in caught.value.remedy


@pytest.mark.parametrize("deflate", [True, False])
def test_a_log_that_breaks_off_in_its_packing_is_read_up_to_there(deflate, tmp_path):
    log = b"".join(record(PACKED, START_S + k, packed(one)) for k, one in enumerate(noise(400, 1)))
    whole = content(log, deflate=deflate)
    path = tmp_path / "a.gt3x"
    path.write_bytes(whole)
    recording = read_recording(path)
    broken = bytearray(whole)
    middle = len(whole) // 2
    broken[middle : middle + 40] = bytes(40)
    path.write_bytes(bytes(broken))
    part = read_recording(path)
    assert 0 < part.n_samples < recording.n_samples
    assert part.damage
    np.testing.assert_array_equal(part.accel_g[:300], recording.accel_g[:300])


def test_a_log_that_unpacks_to_far_more_than_it_should_is_refused_before_it_fills_memory(tmp_path):
    path = written(tmp_path / "a.gt3x", bytes(64 << 20))
    with pytest.raises((ContainerError, DamagedFileError)):
        read_recording(path)


def test_a_long_log_comes_in_chunks_that_are_the_whole(tmp_path, monkeypatch):
    raw = noise(300, 5)
    log = b"".join(record(PACKED, START_S + k, packed(one)) for k, one in enumerate(raw))
    path = written(tmp_path / "a.gt3x", log)
    whole = read_recording(path)
    for size in (1, 7, 100, 143, 4096):
        monkeypatch.setattr("device.readers.actigraph.read.BLOCK_BYTES", size)
        cut = read_recording(path)
        np.testing.assert_array_equal(cut.accel_g, whole.accel_g)
        np.testing.assert_array_equal(cut.time_ns, whole.time_ns)
        assert cut.segments == whole.segments


def test_a_chunk_is_never_larger_than_chunks_are(tmp_path):
    most = (records.BLOCK_BYTES + records.RECORD_BYTES) * 8 // 36
    assert most <= CHUNK_SAMPLES
    log = b"".join(record(PACKED, START_S + 15 * k, bytes(65_529)) for k in range(40))
    ((_, stream),) = open_recordings(written(tmp_path / "a.gt3x", log, info_text(Sample_Rate="1000")))
    sizes = [chunk.time_ns.size for chunk in stream.chunks()]
    assert sum(sizes) == 40 * (65_529 * 8 // 36)
    assert max(sizes) <= CHUNK_SAMPLES


def test_a_file_that_changes_while_it_is_read_is_refused_in_words(tmp_path):
    parts = seconds(np.zeros((900, 3)))
    path = written(tmp_path / "a.gt3x", b"".join(parts))
    for log in (b"".join(parts[:9]), b"".join(parts[1:]), parts[0][:-1]):
        ((_, stream),) = open_recordings(path)
        path.write_bytes(content(log))
        with pytest.raises(DamagedFileError, match="a moment ago"):
            list(stream.chunks())
        path.write_bytes(content(b"".join(parts)))


def test_more_records_than_anybody_recorded_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(records, "MOST_RECORDS", 5)
    with pytest.raises(DamagedFileError, match="more than 5 records"):
        read_recording(written(tmp_path / "a.gt3x", b"".join(seconds(np.zeros((180, 3))))))


def test_the_writer_of_these_files_writes_what_real_devices_do(recordings_dir):
    path = recordings_dir / "device-files" / "actigraph-gt3x" / "pygt3x_ism_disabled_wrist_30hz.gt3x"
    with zipfile.ZipFile(path) as archive:
        log = archive.read("log.bin")
    for kind, second, payload in oracles.gt3x_records(log):
        assert gt3x_writer.record(kind, second, payload) in log
