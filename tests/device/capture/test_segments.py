"""What was written is read, wherever the file was cut and whatever happened to its bytes.

64 kB at every byte and every bit: ``SELFBACK_LONG_CAMPAIGN=1 pytest tests/device/capture/test_segments.py``
"""

import errno
import hashlib
import json
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from device.capture import segments
from device.capture.bounds import MOST_MONOTONIC_NS
from device.capture.segments import Packet, SegmentHead, SegmentWriter, next_segment, read_segment
from device.errors import CaptureError
from device.recording import BandInfo

UUIDS = ("stream", "log", "control")
HEAD = SegmentHead(
    utc_ns=1_700_000_000_000_000_000,
    monotonic_ns=5_000_000_000,
    characteristics=UUIDS,
    address="F0:00:00:00:00:01",
    band=BandInfo(serial="42", range_g=8.0),
    program="selfback 0.1.0",
    reason="test",
)
BATCHES = (3, 1, 5, 2)
LONG = bool(os.environ.get("SELFBACK_LONG_CAMPAIGN"))

arrivals = st.integers(0, MOST_MONOTONIC_NS - 1)
packets = st.lists(
    st.builds(Packet, arrivals, st.sampled_from(UUIDS), st.binary(max_size=40)),
    max_size=30,
).map(lambda found: sorted({p.arrival_ns: p for p in found}.values(), key=lambda p: p.arrival_ns))


class Clock:
    """A clock that a test moves."""

    now_ns = 0

    def __call__(self) -> int:
        return self.now_ns


def write(path: Path) -> tuple[list[Packet], list[int]]:
    """Write ``BATCHES`` and close; return the packets and the file size after the head and after each batch."""
    made: list[Packet] = []
    with SegmentWriter(path, HEAD, Clock()) as writer:
        sizes = [path.stat().st_size]
        for n in BATCHES:
            batch = [Packet(len(made) + i, UUIDS[i % 3], bytes(range(i + 3))) for i in range(n)]
            writer.write(batch)
            writer.flush()
            made += batch
            sizes.append(path.stat().st_size)
    return made, sizes


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=30)
@given(packets, st.integers(1, 10))
def test_packets_come_back_as_they_went(tmp_path: Path, sent: list[Packet], every: int) -> None:
    path = next_segment(tmp_path)
    with SegmentWriter(path, HEAD, Clock()) as writer:
        for number, packet in enumerate(sent, 1):
            writer.append(packet.arrival_ns, packet.characteristic, packet.payload)
            if number % every == 0:
                writer.flush()
    found = read_segment(path)
    assert found.packets == tuple(sent)
    assert (found.closed, found.torn_bytes, found.damaged_packets) == (True, 0, 0)
    assert repr(found.head) == repr(HEAD)


def test_a_file_cut_at_any_byte_gives_back_every_whole_batch(tmp_path: Path) -> None:
    path = tmp_path / "whole.arrows"
    made, sizes = write(path)
    data = path.read_bytes()
    torn = tmp_path / "torn.arrows"
    for cut in range(len(data) + 1):
        torn.write_bytes(data[:cut])
        if cut < sizes[0]:
            with pytest.raises(CaptureError, match="torn"):
                read_segment(torn)
            continue
        found = read_segment(torn)
        whole = sum(size <= cut for size in sizes[1:])
        assert found.packets == tuple(made[: sum(BATCHES[:whole])])
        # At the very end the two marks that close a stream are there or count as torn.
        assert found.torn_bytes == (0 if cut == len(data) else cut - sizes[whole])
        assert not found.closed


def write_64_kb(path: Path) -> tuple[list[Packet], list[int], bytes]:
    """Write 64 kB in batches of four notifications; return the packets, where each batch ends, and the bytes."""
    made: list[Packet] = []
    with SegmentWriter(path, HEAD, Clock()) as writer:
        ends = [path.stat().st_size]
        while ends[-1] < 64 * 1024:
            made += [Packet(n, "stream", n.to_bytes(2, "little") * 121) for n in range(len(made), len(made) + 4)]
            writer.write(made[-4:])
            writer.flush()
            ends.append(path.stat().st_size)
    return made, ends, path.read_bytes()


def test_a_capture_of_64_kb_cut_anywhere_gives_back_every_whole_batch(tmp_path: Path) -> None:
    made, ends, data = write_64_kb(tmp_path / "whole.arrows")
    torn = tmp_path / "torn.arrows"
    for cut in range(ends[0], len(data), 1 if LONG else 61):
        torn.write_bytes(data[:cut])
        assert read_segment(torn).packets == tuple(made[: 4 * sum(end <= cut for end in ends[1:])])


def test_every_bit_of_a_closed_capture_of_64_kb_counts(tmp_path: Path) -> None:
    path = tmp_path / "closed.arrows"
    _, _, data = write_64_kb(path)
    for at in range(0, 8 * len(data), 1 if LONG else 331):
        changed = bytearray(data)
        changed[at // 8] ^= 1 << at % 8
        path.write_bytes(changed)
        with pytest.raises(CaptureError, match="SHA-256"):
            read_segment(path)


def test_any_changed_byte_of_a_closed_segment_is_seen(tmp_path: Path) -> None:
    path = tmp_path / "closed.arrows"
    write(path)
    data = path.read_bytes()
    for at in range(0, len(data), 7):
        path.write_bytes(data[:at] + bytes((data[at] ^ 1,)) + data[at + 1 :])
        with pytest.raises(CaptureError, match="SHA-256"):
            read_segment(path)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=300)
@given(st.data())
def test_changed_bytes_of_an_open_segment_never_make_a_packet_that_was_not_sent(
    tmp_path: Path, data: st.DataObject
) -> None:
    path = tmp_path / "open.arrows"
    if not path.exists():
        write(path)
        path.with_name("open.arrows.json").unlink()
    whole = path.read_bytes()
    made = {p for n, p in enumerate(read_segment(path).packets)}
    changed = bytearray(whole)
    at = data.draw(st.integers(0, len(whole) - 1))
    changed[at : at + 4] = data.draw(st.sampled_from([b"\0\0\0\0", b"\xff\xff\xff\xff", b"\x01\0\0\0", b"\x80abc"]))
    torn = tmp_path / "changed.arrows"
    torn.write_bytes(changed[: len(whole)])
    try:
        found = read_segment(torn)
    except CaptureError:
        return
    if found.head.characteristics == UUIDS:
        assert set(found.packets) <= made


def test_the_sidecar_holds_the_hash_and_the_counts(tmp_path: Path) -> None:
    path = tmp_path / "one.arrows"
    made, _ = write(path)
    sidecar = json.loads((tmp_path / "one.arrows.json").read_text())
    assert sidecar == {
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "size": path.stat().st_size,
        "packets": len(made),
        "batches": len(BATCHES),
    }


def test_a_damaged_sidecar_is_a_capture_error(tmp_path: Path) -> None:
    path = tmp_path / "one.arrows"
    write(path)
    (tmp_path / "one.arrows.json").write_text("{")
    with pytest.raises(CaptureError, match="sidecar"):
        read_segment(path)


def test_a_batch_is_written_at_most_once_a_second(tmp_path: Path) -> None:
    clock = Clock()
    writer = SegmentWriter(tmp_path / "s.arrows", HEAD, clock)
    for step in range(100):
        clock.now_ns = step * 100_000_000
        writer.append(step, "stream", b"x")
    assert len(read_segment(writer.path).packets) == 91
    assert writer.close().batches == 10


def test_arrivals_keep_the_order_of_the_calls(tmp_path: Path) -> None:
    with SegmentWriter(tmp_path / "s.arrows", HEAD, Clock()) as writer:
        for payload in (b"a", b"b", b"c"):
            writer.append(7, "log", payload)
        writer.append(5, "log", b"d")
    found = read_segment(writer.path).packets
    assert [(p.arrival_ns, p.payload) for p in found] == [(7, b"a"), (8, b"b"), (9, b"c"), (10, b"d")]


def test_a_full_disk_leaves_whole_batches_and_loses_nothing_once_there_is_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = SegmentWriter(tmp_path / "s.arrows", HEAD, Clock())
    writer.append(1, "log", b"first")
    writer.flush()
    size = writer.path.stat().st_size
    writer.append(2, "log", b"second")

    def full(_handle: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(segments.os, "fsync", full)
        with pytest.raises(CaptureError, match="No space") as fault:
            writer.flush()
    assert "room" in fault.value.remedy
    assert writer.path.stat().st_size == size
    assert [p.payload for p in read_segment(writer.path).packets] == [b"first"]
    writer.close()
    assert [p.payload for p in read_segment(writer.path).packets] == [b"first", b"second"]


def test_a_segment_is_never_written_over(tmp_path: Path) -> None:
    path = next_segment(tmp_path)
    SegmentWriter(path, HEAD, Clock()).close()
    with pytest.raises(CaptureError, match="exists"):
        SegmentWriter(path, HEAD, Clock())
    assert next_segment(tmp_path) > path


@pytest.mark.parametrize("content", [b"", b"ARROW1", b"\xff\xff\xff\xff", bytes(200), b"time,x,y,z\n"])
def test_a_file_that_is_no_segment_is_a_capture_error(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "other.arrows"
    path.write_bytes(content)
    with pytest.raises(CaptureError):
        read_segment(path)
    with pytest.raises(CaptureError):
        read_segment(tmp_path / "absent.arrows")
