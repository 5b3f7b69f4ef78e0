"""GENEActiv files page by page: what the lines say, whatever was lost between them."""

import re
from datetime import timedelta
from pathlib import Path

import geneactiv_writer
import numpy as np
import oracles
import pytest
from check_by_twin import check_by_twin
from geneactiv_writer import GAIN, OFFSET, START, digits, header, page, pages, raw_of, stamp
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from device.errors import DamagedFileError, UnknownFormatError
from device.readers.geneactiv import pages as pages_module
from device.readers.table import open_recordings, read_recording
from device.recording import NS_PER_S

MANY = settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
QUICK = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
CALIBRATIONS = st.sampled_from([(GAIN, OFFSET), ((25522, -1, 24829), (0, -1129, 4095))])
START_NS = int(START.timestamp()) * NS_PER_S


def noise(count: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(-2048, 2048, (count * 300, 3))


def written(path: Path, *parts: bytes, **changes: str | None) -> Path:
    path.write_bytes(header(**changes) + b"".join(parts))
    return path


def still(count: int) -> np.ndarray:
    return raw_of(np.tile([0.0, 0.0, 1.0], (count * 300, 1)))


@QUICK
@given(
    st.integers(1, 5), st.integers(0, 999), st.sampled_from([(GAIN, OFFSET), ((25522, -1, 24829), (0, -1129, 4095))])
)
def test_any_bits_are_the_samples_that_the_header_makes_of_them(tmp_path, count, seed, calibration):
    raw, (gain, offset) = noise(count, seed), calibration
    said = {f"{axis}_{what}": str(values[k]) for k, axis in enumerate("xyz")
            for what, values in (("gain", gain), ("offset", offset))}  # fmt: skip
    recording = read_recording(written(tmp_path / "a.bin", *pages(raw), **said))
    np.testing.assert_array_equal(recording.accel_g, ((raw * 100.0 - offset) / gain).astype(np.float32))
    np.testing.assert_array_equal(recording.time_ns, START_NS + np.arange(len(raw)) * NS_PER_S // 100)
    assert recording.damage == ()


#: What can stand between pages, or in place of a line of one.
STRANGE = {
    "line": lambda by: b"Unassigned:\r\n" * (by % 4),
    "empty": lambda by: b"\r\n" * by,
    "garbage": lambda by: bytes(np.random.default_rng(by).integers(0, 256, by, dtype=np.uint8)),
    "long": lambda by: b"F" * (8000 + 5 * by) + b"\r\n",
    "begun": lambda by: b"Recorded Data\r\n" * (1 + by % 2),
    "digits": lambda by: b"A" * by * 12 + b"\n",
    "other rate": lambda by: page(digits(noise(1, by)), by, stamp(START + timedelta(seconds=3 * by)), f"{by},5"),
    "earlier": lambda by: page(digits(noise(1, by)), 4, stamp(START - timedelta(seconds=by))),
    "later": lambda by: page(digits(noise(1, by)), 4, stamp(START + timedelta(seconds=by))),
    "unset": lambda by: page(digits(noise(1, by)), by, stamp(START.replace(year=1970))),
    "no time": lambda by: page(digits(noise(1, by)), by, "2026-13-01 00:00:00:000"),
    "no number": lambda by: page(digits(noise(1, by)), "x" * by, stamp(START)),
    "no rate": lambda by: page(digits(noise(1, by)), by, stamp(START), "1" * (4 + by % 9)),
    "no digit": lambda by: page("G" + digits(noise(1, by))[1:], by, stamp(START)),
    "short": lambda by: page(digits(noise(1, by))[: 40 * by], by, stamp(START)),
}
BLOW = st.tuples(st.integers(0, 5), st.sampled_from(sorted(STRANGE)), st.integers(0, 90), st.integers(0, 400))


@MANY
@given(
    st.integers(0, 99), st.lists(BLOW, max_size=4), st.sets(st.integers(0, 5), max_size=4), st.integers(0, 4200),
    st.sampled_from(["\r\n", "\n"]),
)  # fmt: skip
def test_whatever_befell_a_file_its_samples_and_times_are_those_of_the_slow_twin(
    tmp_path, seed, blows, lost, cut, newline
):
    parts = pages(noise(6, seed), newline=newline)
    for at, what, by, where in blows:
        # Half of the blows fall into a page, the others between two.
        place = where if by % 2 else len(parts[at])
        parts[at] = parts[at][:place] + STRANGE[what](by) + parts[at][place:]
    content = header(newline) + b"".join(part for k, part in enumerate(parts) if k not in lost)
    content = content[: max(len(header(newline)), len(content) - cut)]
    path = tmp_path / "a.bin"
    path.write_bytes(content)
    check_by_twin(path, oracles.geneactiv_recording(content, GAIN, OFFSET))


@pytest.mark.data
def test_real_files_have_the_samples_and_times_of_the_slow_twin(recordings_dir):
    for path in sorted((recordings_dir / "device-files" / "geneactiv-bin").iterdir()):
        content = path.read_bytes()
        gain, offset = (
            [int(re.search(rf"{axis} {what}:(-?\d+)".encode(), content)[1]) for axis in "xyz"]
            for what in ("gain", "offset")
        )
        check_by_twin(path, oracles.geneactiv_recording(content, gain, offset))


@pytest.mark.data
def test_real_files_say_what_recorded_them_and_what_is_missing(recordings_dir):
    folder = recordings_dir / "device-files" / "geneactiv-bin"
    found = {path.stem: read_recording(path) for path in sorted(folder.iterdir())}
    facts = {name: (r.n_samples, len(r.segments), r.band.serial, r.band.nominal_rate_hz) for name, r in found.items()}
    assert facts == {
        "ggirread_GENEActiv_testfile": (16 * 300 + 231, 1, "012967", 85.7),
        "skdh_gnactv_sample": (900, 1, "051386", 50.0),
        "wristpy_example_geneactiv_60hz": (27_300, 1, "101806", 60.0),
    }
    assert [row.count for row in found["ggirread_GENEActiv_testfile"].damage] == [222_048 - 17]
    assert found["skdh_gnactv_sample"].band.placement == "back"
    for recording in found.values():
        assert 0.95 < float(np.median(np.linalg.norm(recording.accel_g, axis=1))) < 1.05


@pytest.mark.parametrize("change", [{"x_gain": None}, {"y_offset": "x"}, {"z_gain": "0"}])
def test_a_header_that_does_not_say_how_steps_become_g_is_refused(change, tmp_path):
    with pytest.raises(DamagedFileError, match="how steps become g"):
        read_recording(written(tmp_path / "a.bin", *pages(still(1)), **change))


def test_what_was_wrong_with_pages_is_told_one_by_one(tmp_path):
    whole = pages(still(6))
    parts = [
        whole[0], whole[1].replace(b"Sequence Number:1", b"Sequence Number:"), whole[2][:-100] + b"\r\n",
        whole[3][:-100] + b"?" + whole[3][-99:], b"Recorded Data\r\n", whole[4], whole[5][: -12 * 100 - 2],
    ]  # fmt: skip
    recording = read_recording(written(tmp_path / "a.bin", *parts, Number_of_Pages="9"))
    assert [(row.what, row.count, row.first_at) for row in recording.damage] == [
        ("page without a number, time or rate", 1, "page 1"),
        ("page whose samples aren't hexadecimal", 1, "page 3"),
        ("page without samples", 1, "page 4"),
        ("page that is longer or shorter than pages are", 1, "page 2"),
        ("page that the header counts", 2, "the end of the file"),
    ]
    assert recording.n_samples == 300 + 300 + 200


def test_the_wall_clock_is_read_in_the_zone_asked_for_and_a_clock_set_elsewhere_is_told(tmp_path):
    path = written(tmp_path / "a.bin", *pages(still(2)))
    plain, oslo, tokyo = (read_recording(path, zone) for zone in ("UTC", "Europe/Oslo", "Asia/Tokyo"))
    assert plain.time_ns[0] == START_NS
    assert (plain.time_ns[0] - oslo.time_ns[0], oslo.damage) == (2 * 3600 * NS_PER_S, ())
    assert [row.what for row in tokyo.damage] == ["clock set at UTC+2 h, which isn't Asia/Tokyo"]


def test_whose_the_device_was_is_not_read(tmp_path):
    recording = read_recording(written(tmp_path / "a.bin", *pages(still(1))))
    assert "Planted" not in repr(recording.band)
    assert recording.band.placement == "left wrist"


def test_pages_far_apart_in_a_file_are_read_one_by_one(tmp_path):
    parts = pages(still(3))
    between = (b"Unassigned:" + b"x" * 4000 + b"\r\n") * 1500
    whole = read_recording(written(tmp_path / "a.bin", *parts))
    apart = read_recording(written(tmp_path / "b.bin", between.join(parts)))
    np.testing.assert_array_equal(apart.accel_g, whole.accel_g)
    np.testing.assert_array_equal(apart.time_ns, whole.time_ns)


def test_a_long_file_comes_in_chunks_that_are_the_whole(tmp_path, monkeypatch):
    path = written(tmp_path / "a.bin", *pages(noise(300, 3)))
    whole = read_recording(path)
    assert whole.n_samples == 90_000
    for block, at_once in ((1, 1), (1000, 7), (3700, 299), (1 << 20, 1000)):
        monkeypatch.setattr(pages_module, "BLOCK_BYTES", block if block > 1 else 50)
        monkeypatch.setattr("device.readers.geneactiv.read.PAGES_AT_ONCE", at_once)
        cut = read_recording(path)
        np.testing.assert_array_equal(cut.accel_g, whole.accel_g)
        np.testing.assert_array_equal(cut.time_ns, whole.time_ns)
        assert cut.segments == whole.segments


def test_a_file_that_changes_while_it_is_read_is_refused_in_words(tmp_path):
    parts = pages(still(20))
    for changed in (parts[:9], [b"\n", *parts], [part.replace(b"F", b"x") for part in parts], []):
        ((_, stream),) = open_recordings(written(tmp_path / "a.bin", *parts))
        written(tmp_path / "a.bin", *changed)
        with pytest.raises(DamagedFileError, match="a moment ago"):
            list(stream.chunks())


def test_more_pages_than_any_memory_holds_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(pages_module, "MOST_PAGES", 3)
    with pytest.raises(DamagedFileError, match="more than 3 pages"):
        read_recording(written(tmp_path / "a.bin", *pages(still(4))))


def test_a_bin_file_of_another_maker_is_refused_as_unknown(tmp_path):
    path = tmp_path / "a.bin"
    path.write_bytes(b"GENEA/1.00\r\nSerial-Number:01275\r\n")
    with pytest.raises(UnknownFormatError):
        read_recording(path)


@pytest.mark.data
def test_the_writer_of_these_files_writes_what_real_devices_do(recordings_dir):
    content = (recordings_dir / "device-files" / "geneactiv-bin" / "wristpy_example_geneactiv_60hz.bin").read_bytes()
    real = content[content.index(b"Recorded Data") :].split(b"\n")[:10]
    made = geneactiv_writer.page("", 0, stamp(START)).split(b"\r\n")[:10]
    assert [line.split(b":")[0].strip() for line in real][:9] == [line.split(b":")[0] for line in made][:9]
