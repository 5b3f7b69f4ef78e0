"""Packed files: what is read from them, and what is refused before it can do harm."""

import gzip
import io
import struct
import tracemalloc
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pytest
from reader_samples import EXPORTS, MORE, SAMPLES, parquet_bytes, table

from device.errors import ContainerError, DamagedFileError, ReadError, UnknownFormatError
from device.readers import containers
from device.readers.table import SUFFIXES, open_recordings, read_recording, read_recordings, reader_for
from device.recording import Recording

CWA, CSV = SAMPLES["axivity"].content, SAMPLES["csv"].content


def zipped(members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, content in members.items():
            info = zipfile.ZipInfo(name)
            info.compress_type = method
            archive.writestr(info, content)
    return out.getvalue()


def written(folder: Path, content: bytes, name: str = "a.zip") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def refused(folder: Path, content: bytes, name: str = "a.zip") -> ContainerError:
    with pytest.raises(ContainerError) as caught:
        list(read_recordings(written(folder, content, name)))
    return caught.value


def test_folders_are_searched_for_packed_files_of_each_format():
    assert {".cwa.gz", ".csv.gz", ".parquet.gz", ".zip"} <= set(SUFFIXES)


def test_each_member_of_a_zip_is_a_recording_by_its_name(tmp_path):
    many = MORE["parquet"][0].content
    path = written(tmp_path, zipped({"one/a.cwa": CWA, "two/a.cwa": CWA, "b.csv": CSV, "ours.parquet": many}))
    found = {name: recording.n_samples for name, recording in read_recordings(path)}
    assert found == {"one/a.cwa": 480, "two/a.cwa": 480, "b.csv": 400, "ours.parquet": 400}
    with pytest.raises(ReadError, match="several recordings"):
        read_recording(path)


def test_recordings_in_a_member_keep_their_names(tmp_path):
    import pyarrow as pa

    both = parquet_bytes(table(subject=pa.array(["a"] * 100 + ["b"] * 300)))
    alone = written(tmp_path, zipped({"t.parquet": both}), "alone.zip")
    assert [name for name, _ in read_recordings(alone)] == ["a", "b"]
    two = written(tmp_path, zipped({"t.parquet": both, "u.csv": CSV}), "two.zip")
    assert [name for name, _ in read_recordings(two)] == ["t.parquet-a", "t.parquet-b", "u.csv"]


def test_what_is_no_recording_is_left_out_and_said(tmp_path):
    members = {"__MACOSX/._a.cwa": b"x", ".DS_Store": b"x", "folder/": b"", "notes.txt": b"hello", "a.cwa": CWA}
    recording = read_recording(written(tmp_path, zipped(members)))
    assert recording.n_samples == 480
    (damage,) = recording.damage
    assert (damage.what, damage.count, damage.outcome) == ("member of the .zip that is no recording", 1, "left out")


def test_a_damaged_member_fails_alone(tmp_path):
    path = written(tmp_path, zipped({"a.csv": b"time,x,y\n", "b.csv": CSV, "c.parquet": b"PAR1", "d.cwa": CWA}))
    outcomes = {}
    for name, stream in open_recordings(path):
        try:
            outcomes[name] = sum(chunk.time_ns.size for chunk in stream.chunks())
        except ReadError as fault:
            outcomes[name] = fault.code if str(path) in fault.where and name in fault.where else fault.where
    assert outcomes == {"a.csv": "file-columns", "b.csv": 400, "c.parquet": "file-damaged", "d.cwa": 480}


def test_streams_of_members_can_still_be_read_when_all_are_open(tmp_path):
    path = written(tmp_path, zipped({"a.cwa": CWA, "b.cwa": CWA}))
    streams = [stream for _, stream in open_recordings(path)]
    first, second = (Recording.from_stream(stream) for stream in streams)
    assert np.array_equal(first.accel_g, second.accel_g)


def test_a_zip_without_a_recording_is_told_so(tmp_path):
    for members in ({"notes.txt": b"hello"}, {}):
        with pytest.raises(UnknownFormatError, match="no recording"):
            reader_for(written(tmp_path, zipped(members)))


NAMES = [
    "../a.cwa",
    "a/../../b.cwa",
    "/etc/a.cwa",
    "\\\\host\\a.cwa",
    "C:\\a.cwa",
    "..\\a.cwa",
    "NUL.cwa",
    "x/com1.csv",
]


@pytest.mark.parametrize("name", [*NAMES, "a\nb.cwa"])
def test_a_name_that_misleads_refuses_the_archive(name, tmp_path):
    # zipfile mends some names when it writes, so the name is put in afterwards.
    content = zipped({"good.cwa": CWA, "z" * len(name): CWA}).replace(b"z" * len(name), name.encode())
    assert "name" in refused(tmp_path, content).what
    assert [path.name for path in tmp_path.iterdir()] == ["a.zip"]


def test_links_are_refused(tmp_path):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        info = zipfile.ZipInfo("a.cwa")
        info.external_attr = 0o120777 << 16
        archive.writestr(info, "/etc/passwd")
    assert "link" in refused(tmp_path, out.getvalue()).what


def test_encrypted_members_are_refused(tmp_path):
    content = bytearray(zipped({"a.cwa": CWA}))
    central = content.rindex(b"PK\1\2")
    content[central + 8] |= 1
    content[6] |= 1
    assert "encrypted" in refused(tmp_path, bytes(content)).what


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_methods_than_deflate_are_refused(method, tmp_path):
    assert "deflate" in refused(tmp_path, zipped({"a.cwa": CWA}, method)).what


def test_archives_in_archives_are_refused(tmp_path):
    inner = zipped({"a.cwa": CWA})
    nested = {
        "a.zip": zipped({"b.zip": inner}),
        "b.zip": zipped({"b.cwa.gz": gzip.compress(CWA)}),
        "c.zip.gz": gzip.compress(inner),
        "d.cwa.gz": gzip.compress(gzip.compress(CWA)),
    }
    for name, content in nested.items():
        assert "archive in an archive" in refused(tmp_path, content, name).what


@pytest.fixture
def small_limits(monkeypatch):
    monkeypatch.setattr(containers, "RATIO_FLOOR_BYTES", 1 << 16)


def test_a_zip_bomb_is_stopped_while_it_unpacks_whatever_it_claims(tmp_path, small_limits):
    bomb = zipped({"a.csv": CSV + b"\0" * (8 << 20)})
    assert "claims" in refused(tmp_path, bomb).what
    lying = bytearray(bomb)
    central = lying.rindex(b"PK\1\2")
    lying[central + 24 : central + 28] = struct.pack("<I", 100_000)
    assert "unpack" in refused(tmp_path, bytes(lying)).what


def test_members_that_share_their_bytes_count_each_time(tmp_path, small_limits):
    """The better bomb: many entries of the list point to the same packed bytes."""
    content = zipped({"a.csv": CSV})
    at = content.rindex(b"PK\1\2")
    end = content.rindex(b"PK\5\6")
    entry = content[at:end]
    tail = bytearray(content[end:])
    tail[8:12] = struct.pack("<HH", 300, 300)
    tail[12:16] = struct.pack("<I", 300 * len(entry))
    faults = set()
    for _, stream in open_recordings(written(tmp_path, content[:at] + entry * 300 + bytes(tail))):
        try:
            for _ in stream.chunks():
                pass
        except ReadError as fault:
            faults.add(fault.code)
    assert faults <= {"file-container", "file-columns", "file-damaged"}
    assert "file-container" in faults


@pytest.mark.parametrize("name", ["bomb.csv.gz", "bomb.cwa.gz"])
def test_a_gz_bomb_is_stopped_in_bounded_memory(name, tmp_path, small_limits):
    begin = CSV if "csv" in name else CWA
    path = written(tmp_path, gzip.compress(begin + b"1" * (64 << 20), 9), name)
    reader_for(path)
    tracemalloc.start()
    try:
        with pytest.raises(ReadError, match=r"unpacks to more|characters|straddling"):
            list(read_recordings(path))
        assert tracemalloc.get_traced_memory()[1] < 40 << 20
    finally:
        tracemalloc.stop()


def test_the_ceiling_holds_whatever_the_ratio(tmp_path, monkeypatch):
    monkeypatch.setattr(containers, "MAX_BYTES", 1000)
    for name, content in (("a.cwa.gz", gzip.compress(CWA)), ("a.csv.gz", gzip.compress(CSV))):
        assert "unpacks to more" in refused(tmp_path, content, name).what
    assert "claims" in refused(tmp_path, zipped({"a.cwa": CWA})).what


def test_too_many_members_are_refused_before_they_are_listed(tmp_path):
    assert "1,001 members" in refused(tmp_path, zipped({f"{k}.csv": b"" for k in range(1001)})).what
    long = zipped({f"{'n' * 2000}{k}.csv": b"" for k in range(600)})
    assert "list of members" in refused(tmp_path, long).what


def test_a_gz_that_breaks_off_gives_what_came_and_says_so(tmp_path):
    content = gzip.compress(np.random.default_rng(0).bytes(0) + CWA + CWA[1024:] * 40, 0)
    recording = read_recording(written(tmp_path, content[: len(content) // 2], "a.cwa.gz"))
    assert recording.n_samples > 0
    assert recording.damage[0].what.startswith("packed file that breaks off")


def test_a_gz_whose_checksum_fails_says_so(tmp_path):
    content = bytearray(gzip.compress(CWA))
    content[-8] ^= 1
    assert "checksum" in read_recording(written(tmp_path, bytes(content), "a.cwa.gz")).damage[0].what


def test_a_text_that_breaks_off_in_its_gz_is_refused(tmp_path):
    content = gzip.compress(EXPORTS["stepcount"])
    with pytest.raises(DamagedFileError):
        read_recording(written(tmp_path, content[:-200], "a.csv.gz"))


def test_no_room_to_unpack_is_a_typed_fault(tmp_path, monkeypatch):
    path = written(tmp_path, gzip.compress(CWA), "a.cwa.gz")

    def full(*_args: object, **_more: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(containers.tempfile, "TemporaryFile", full)
    with pytest.raises(ReadError, match="No space left"):
        read_recording(path)


def test_text_is_read_from_a_gz_of_several_parts(tmp_path):
    half = len(CSV) // 2
    content = gzip.compress(CSV[:half]) + gzip.compress(CSV[half:])
    assert read_recording(written(tmp_path, content, "a.csv.gz")).n_samples == 400


def test_deflate_is_what_the_limits_are_about():
    """The highest ratio that deflate reaches is far above the limit, so that the limit is what stops it."""
    zeros = bytes(1 << 24)
    assert len(zeros) / len(zlib.compress(zeros, 9)) > 5 * containers.MAX_RATIO
