"""What every reader promises: one set of tests that each row of READERS passes, packed and unpacked."""

import dataclasses
import gzip
import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from reader_samples import MORE, SAMPLES, Sample

from device.errors import EmptyFileError, Fault, ReadError, RecordingError
from device.readers.table import READERS, known_formats, open_recordings, read_recording, reader_for
from device.recording import CHUNK_SAMPLES, NS_PER_S, BandInfo, Chunk, Recording

ROWS = pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.name)
EACH = pytest.mark.parametrize(
    ("reader", "sample"),
    [(reader, sample) for reader in READERS for sample in (SAMPLES[reader.name], *MORE.get(reader.name, ()))],
    ids=lambda value: value.name,
)
PACKED = ("", ".gz", ".zip")
#: A journal is nothing without the segments beside it.
PACKABLE = [reader for reader in READERS if reader.name != "log"]
QUICK = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
WORDS = [b"AX", b"MD", b"PAR1", b"PK\3\4", b"\x1f\x8b", b"\0", b"\xff", b"\n", b",", b"t,x,y,z\n", b'"']


def zipped(**members: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return out.getvalue()


def packed(content: bytes, name: str, how: str) -> bytes:
    return {"": lambda: content, ".gz": lambda: gzip.compress(content), ".zip": lambda: zipped(**{name: content})}[
        how
    ]()


def written(folder: Path, content: bytes, name: str) -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def check_chunks(chunks: list[Chunk]) -> None:
    """The rules of `Chunk`, one by one."""
    samples = [chunk for chunk in chunks if chunk.time_ns.size]
    assert 0 in samples[0].starts
    last_ns = None
    for chunk in samples:
        assert chunk.accel_g.dtype == np.float32
        assert chunk.time_ns.dtype == np.int64
        assert chunk.accel_g.shape == (chunk.time_ns.size, 3)
        assert chunk.time_ns.size <= CHUNK_SAMPLES
        assert np.all(chunk.time_ns[1:] > chunk.time_ns[:-1])
        assert last_ns is None or chunk.time_ns[0] > last_ns
        assert list(chunk.starts) == sorted(set(chunk.starts))
        assert all(type(start) is int and 0 <= start < chunk.time_ns.size for start in chunk.starts)
        missing = np.isnan(chunk.accel_g)
        assert np.array_equal(missing.any(axis=1), missing.all(axis=1))
        assert not np.isinf(chunk.accel_g).any()
        last_ns = chunk.time_ns[-1]
    for chunk in chunks:
        assert chunk.time_ns.size or not chunk.starts
        assert all(damage.count > 0 and damage.what and damage.outcome for damage in chunk.damage)


def check_band(band: BandInfo) -> None:
    for field in dataclasses.fields(BandInfo):
        assert type(getattr(band, field.name)) is (float if field.name in {"range_g", "nominal_rate_hz"} else str)


def equal(a: Recording, b: Recording) -> bool:
    arrays = np.array_equal(a.accel_g, b.accel_g, equal_nan=True) and np.array_equal(a.time_ns, b.time_ns)
    return arrays and (a.segments, a.damage, a.zone, repr(a.band)) == (b.segments, b.damage, b.zone, repr(b.band))


def outcome(path: Path) -> str:
    """Read a file to its end; anything but a recording by the rules, or a typed fault, is a failure of the reader."""
    samples = 0
    try:
        for _, stream in open_recordings(path):
            chunks = list(stream.chunks())
            check_band(stream.band)
            check_chunks(chunks)
            samples += sum(chunk.time_ns.size for chunk in chunks)
    except (ReadError, RecordingError) as fault:
        return fault.code
    assert samples > 0
    return "read"


@EACH
def test_a_whole_file_is_read_by_the_rules_each_time_anew(reader, sample, tmp_path):
    path = sample.write(tmp_path)
    assert reader_for(path).name == reader.name
    ((name, stream),) = open_recordings(path)
    assert name == ""
    check_band(stream.band)
    first, again = list(stream.chunks()), list(stream.chunks())
    check_chunks(first)
    check_chunks(again)
    a, b = (Recording.from_stream(dataclasses.replace(stream, chunks=lambda taken=taken: iter(taken)))
            for taken in (first, again))  # fmt: skip
    assert equal(a, b)
    assert equal(a, read_recording(path))
    assert a.n_samples == sample.samples


@EACH
@pytest.mark.parametrize("how", [".gz", ".zip"])
def test_what_is_packed_is_read_as_if_it_were_not(reader, sample, how, tmp_path):
    if reader not in PACKABLE:
        pytest.skip("it is read with the files beside it")
    plain = read_recording(sample.write(tmp_path))
    path = written(tmp_path, packed(sample.content, sample.name, how), sample.name + how)
    assert equal(read_recording(path), plain)
    ((_, stream),) = open_recordings(path)
    check_chunks(list(stream.chunks()))
    assert equal(Recording.from_stream(stream), plain)


@ROWS
def test_a_file_is_known_by_any_of_its_suffixes(reader, tmp_path):
    for suffix in reader.suffixes:
        name = suffix.upper() if reader in PACKABLE and suffix.startswith(".") else suffix
        path = SAMPLES[reader.name].write(tmp_path, f"a{name}" if name.startswith(".") else name)
        assert read_recording(path).damage == ()
        assert suffix in known_formats()


@pytest.mark.parametrize("how", PACKED)
@pytest.mark.parametrize("reader", [row for row in READERS if row.magic], ids=lambda reader: reader.name)
def test_first_bytes_win_over_a_wrong_suffix(reader, how, tmp_path):
    sample = SAMPLES[reader.name]
    for wrong in ("a.csv", "a.parquet", "a.bin", "a.cwa", "a"):
        path = written(tmp_path, packed(sample.content, wrong, how), wrong)
        assert read_recording(path).n_samples == sample.samples


@ROWS
@pytest.mark.parametrize("how", PACKED)
def test_an_empty_file_is_said_to_be_empty(reader, how, tmp_path):
    name = SAMPLES[reader.name].name
    with pytest.raises(EmptyFileError) as caught:
        read_recording(written(tmp_path, packed(b"", name, how), f"{name}{how}"))
    assert name in caught.value.where


@ROWS
def test_a_folder_and_a_missing_file_are_typed_faults(reader, tmp_path):
    folder = tmp_path / f"folder{reader.suffixes[0]}"
    folder.mkdir()
    for path in (folder, tmp_path / f"missing{reader.suffixes[0]}"):
        with pytest.raises(ReadError):
            read_recording(path)


@ROWS
@pytest.mark.parametrize("how", PACKED)
def test_a_file_that_may_not_be_read_is_a_typed_fault(reader, how, tmp_path, monkeypatch):
    sample = SAMPLES[reader.name]
    path = written(tmp_path, packed(sample.content, sample.name, how), f"{sample.name}{how}")

    def refuse(*_args, **_more):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(ReadError, match="Permission denied"):
        read_recording(path)


@ROWS
def test_a_file_in_a_folder_that_may_not_be_written_is_read(reader, tmp_path):
    path = SAMPLES[reader.name].write(tmp_path)
    before = sorted(tmp_path.iterdir())
    tmp_path.chmod(0o500)
    try:
        assert outcome(path) == "read"
    finally:
        tmp_path.chmod(0o700)
    assert sorted(tmp_path.iterdir()) == before


@ROWS
def test_an_unknown_zone_is_a_typed_fault(reader, tmp_path):
    with pytest.raises(ReadError, match="no time zone"):
        read_recording(SAMPLES[reader.name].write(tmp_path), "Europe/Atlantis")


@ROWS
def test_the_zone_is_that_of_the_recording_and_moves_it_by_whole_hours_or_not_at_all(reader, tmp_path):
    path = SAMPLES[reader.name].write(tmp_path)
    here, there = read_recording(path), read_recording(path, "Asia/Tokyo")
    assert there.zone == "Asia/Tokyo"
    assert set((here.time_ns - there.time_ns).tolist()) <= {0, 9 * 3600 * NS_PER_S}


@ROWS
@pytest.mark.parametrize("how", PACKED)
@QUICK
@given(data=st.data())
def test_a_file_cut_at_any_byte_is_read_or_refused_in_words(reader, how, tmp_path, data):
    sample = SAMPLES[reader.name]
    sample.write(tmp_path)
    whole = packed(sample.content, sample.name, how)
    cut = data.draw(st.integers(0, len(whole) - 1))
    outcome(written(tmp_path, whole[:cut], f"{sample.name}{how}"))


@ROWS
@pytest.mark.parametrize("how", PACKED)
@QUICK
@given(data=st.data())
def test_a_file_with_broken_bytes_is_read_or_refused_in_words(reader, how, tmp_path, data):
    sample = SAMPLES[reader.name]
    sample.write(tmp_path)
    content = bytearray(packed(sample.content, sample.name, how))
    hostile = st.sampled_from([0, 1, 0x7F, 0x80, 0xFE, 0xFF, *b'AX",\n-e9'])
    # Half of the blows fall on the first bytes and the last, where formats keep what they trust.
    place = st.one_of(st.integers(0, len(content) - 1), st.integers(0, 63), st.integers(-64, -1))
    for at, byte in data.draw(st.lists(st.tuples(place, hostile), min_size=1, max_size=30)):
        content[at] = byte
    outcome(written(tmp_path, bytes(content), f"{sample.name}{how}"))


@ROWS
@QUICK
@given(noise=st.lists(st.sampled_from(WORDS), max_size=600))
def test_noise_of_the_formats_own_words_is_refused_in_words(reader, tmp_path, noise):
    outcome(written(tmp_path, b"".join(noise), SAMPLES[reader.name].name))


@ROWS
def test_reading_leaves_no_file_open(reader, tmp_path):
    sample = SAMPLES[reader.name]
    path = sample.write(tmp_path)
    packs = [written(tmp_path, packed(sample.content, sample.name, how), f"b{sample.name}{how}") for how in PACKED[1:]]
    handles = Path("/proc/self/fd")
    if not handles.exists():
        pytest.skip("this system doesn't list open files")
    before = len(list(handles.iterdir()))
    for each in (path, *packs):
        outcome(each)
        for _, stream in open_recordings(path):
            next(stream.chunks())
    assert len(list(handles.iterdir())) <= before


def test_a_fault_of_a_stream_names_the_file(tmp_path):
    text = SAMPLES["csv"].content.decode().splitlines()
    text[300] = text[5]
    path = written(tmp_path, gzip.compress("\n".join(text).encode()), "a.csv.gz")
    with pytest.raises(Fault) as caught:
        read_recording(path)
    assert str(path) in caught.value.where


def test_each_row_has_a_sample():
    assert {row.name for row in READERS} == set(SAMPLES)
    assert all(isinstance(sample, Sample) for samples in MORE.values() for sample in samples)
