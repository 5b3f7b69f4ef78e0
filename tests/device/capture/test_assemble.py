"""Packets become the samples that were taken, at the times they were taken; order and copies don't matter."""

import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device.capture.assemble import ClockAnchor, assemble_log, assemble_stream, decode_segments
from device.capture.segments import Packet, Segment, SegmentHead, SegmentWriter, read_segment
from device.errors import RecordingError
from device.profiles import openband
from device.profiles.openband import (
    CONTROL_UUID,
    LOG_UUID,
    STREAM_UUID,
    ClockNow,
    Flag,
    LogBlock,
    LogEntry,
    LogPage,
    Notification,
    Opcode,
    Reply,
    Status,
)
from device.profiles.pieces import split_block
from device.recording import Recording

HZ = 32_768
NS = 1_000_000_000
UTC_NS = 1_700_000_000 * NS
UUIDS = (STREAM_UUID, LOG_UUID, CONTROL_UUID)
HEAD = SegmentHead(UTC_NS, 0, UUIDS)


def raw(n: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(-32768, 32767, (n, 3)).astype(np.int16)


def stream(
    n: int, *, each: int = 10, rate_hz: float = 50.0, seq: int = 0, ticks: int = 0, boot: int = 1, slow: float = 1.0
):
    """Return (UTC of arrival, notification) of a band that does what it should; its samples are ``raw(n * each)``."""
    samples = raw(n * each)
    found = []
    for i in range(n):
        at = round(i * each * HZ / rate_hz * slow)
        frame = Notification(
            (seq + i) % 65536, (ticks + at) % 2**32, rate_hz, 8, samples[i * each : (i + 1) * each], 0, boot
        )
        last = at + round((each - 1) * HZ / rate_hz * slow)
        found.append((UTC_NS + last * NS // HZ + 5_000_000, frame))
    return found


def log(n: int, *, each: int = 80, rate_hz: float = 25.0, log_id: int = 7, ticks: int = 1_000, boot: int = 3):
    samples = raw(n * each)
    return [
        LogBlock(
            log_id, i, ticks + round(i * each * HZ / rate_hz), rate_hz, 8, samples[i * each : (i + 1) * each], 0, boot
        )
        for i in range(n)
    ]


def same(a: Recording, b: Recording) -> bool:
    equal = a.accel_g.tobytes() == b.accel_g.tobytes() and a.time_ns.tobytes() == b.time_ns.tobytes()
    return equal and (a.segments, a.damage, repr(a.band)) == (b.segments, b.damage, repr(b.band))


def damage(recording: Recording) -> dict[str, int]:
    return {row.what: row.count for row in recording.damage}


ANCHOR = ClockAnchor(3, 1_000, UTC_NS)


def test_a_log_is_what_was_stored_at_the_times_it_was_taken() -> None:
    found = assemble_log(log(100), [ANCHOR], zone="Europe/Oslo")
    assert np.array_equal(found.accel_g, raw(8000).astype(np.float32) * np.float32(8 / 32768))
    assert np.abs(found.time_ns - (UTC_NS + np.arange(8000) * NS // 25)).max() < 50_000
    assert (len(found.segments), found.damage, found.zone) == (1, (), "Europe/Oslo")
    assert (found.band.nominal_rate_hz, found.band.range_g) == (25.0, 8.0)
    assert found.rate_hz == pytest.approx(25.0, rel=1e-6)


def test_a_missing_block_is_a_gap_of_its_length() -> None:
    blocks = log(20)
    found = assemble_log([b for b in blocks if b.index not in (5, 6, 11)], [ANCHOR])
    assert [s.stop - s.start for s in found.segments] == [400, 320, 640]
    assert [gap.duration_s for gap in found.gaps] == pytest.approx([6.4, 3.2], abs=1e-3)
    assert damage(found) == {"samples missing between blocks": 240}


@settings(deadline=None, max_examples=40)
@given(st.lists(st.integers(0, 19), min_size=1, max_size=40), st.randoms(use_true_random=False))
def test_the_order_of_blocks_and_copies_of_them_do_not_matter(chosen: list[int], order: random.Random) -> None:
    blocks = log(20)
    once = assemble_log([blocks[i] for i in sorted(set(chosen))], [ANCHOR])
    order.shuffle(chosen)
    assert same(assemble_log([blocks[i] for i in chosen], [ANCHOR]), once)


def test_of_two_blocks_of_one_name_the_same_is_taken_in_any_order() -> None:
    blocks = log(3)
    other = replace(blocks[1], samples=raw(80, seed=9))
    found = assemble_log([*blocks, other], [ANCHOR])
    assert same(found, assemble_log([other, *reversed(blocks)], [ANCHOR]))
    assert damage(found) == {"two different blocks of one name": 1}


def test_a_log_of_an_earlier_boot_is_timed_by_the_bands_own_clock() -> None:
    entry = LogEntry(7, 0, 10, 1_000, UTC_NS // NS - 500, 25.0, 8, boot=2)
    old = log(10, boot=2)
    found = assemble_log(old, [ANCHOR], [entry])
    assert found.time_ns[0] == UTC_NS - 500 * NS
    assert damage(found) == {"block of an earlier start of the band": 10}
    with pytest.raises(RecordingError):
        assemble_log(old, [ANCHOR], [replace(entry, start_unix_s=0)])


def test_blocks_without_any_time_are_left_out_and_counted() -> None:
    found = assemble_log([*log(4, log_id=6, boot=2), *log(10)], [ANCHOR])
    assert found.n_samples == 800
    assert damage(found) == {"block of an earlier start of the band, its clock not set": 4}


def test_anchors_an_hour_apart_measure_the_drift_and_near_ones_do_not() -> None:
    day = 24 * 3600
    near = assemble_log(log(10), [ANCHOR, ClockAnchor(3, 1_000 + 100 * HZ, UTC_NS + 100 * NS + 9_000_000)])
    assert near.time_ns[0] == UTC_NS
    far = [ANCHOR, ClockAnchor(3, 1_000 + day * HZ, UTC_NS + day * NS + 40 * day * 1_000)]
    assert assemble_log(log(10), far).rate_hz == pytest.approx(25 / (1 + 40e-6), rel=3e-6)


def test_a_band_that_samples_slower_than_it_says_keeps_even_times() -> None:
    found = assemble_stream(stream(500, slow=1.05))
    assert len(found.segments) == 1
    assert found.rate_hz == pytest.approx(50 / 1.05, rel=1e-4)
    steps = np.diff(found.time_ns)
    assert steps.max() - steps.min() < 100_000


def test_a_stream_crosses_the_wraps_of_both_its_counters() -> None:
    found = assemble_stream(stream(300, seq=65_400, ticks=2**32 - 20 * HZ))
    assert np.array_equal(found.accel_g, raw(3000).astype(np.float32) * np.float32(8 / 32768))
    assert (len(found.segments), found.damage) == (1, ())
    assert found.rate_hz == pytest.approx(50.0, rel=1e-5)


def test_lost_notifications_are_a_gap_and_counted() -> None:
    sent = stream(100)
    found = assemble_stream(sent[:40] + sent[45:])
    assert [s.stop - s.start for s in found.segments] == [400, 550]
    assert found.gaps[0].duration_s == pytest.approx(1.0, abs=1e-3)
    assert damage(found) == {"samples missing between notifications": 50}


def test_a_notification_that_comes_again_later_is_left_out() -> None:
    sent = stream(100)
    found = assemble_stream([*sent, (sent[60][0] + 7, sent[50][1])])
    assert found.n_samples == 1000
    assert len(found.segments) == 1
    assert damage(found) == {"notification that came twice": 1}


def test_a_reboot_begins_a_segment_with_its_own_clock() -> None:
    first, second = stream(50, boot=1, ticks=90 * HZ), stream(50, boot=2)
    found = assemble_stream(first + [(utc + 60 * NS, n) for utc, n in second])
    assert [s.stop - s.start for s in found.segments] == [500, 500]
    assert found.gaps[0].duration_s == pytest.approx(50.0, abs=0.05)


@pytest.mark.parametrize("step_s", [-3600, -2, 2, 7200])
def test_a_clock_that_is_set_begins_a_segment_and_moves_no_sample(step_s: int) -> None:
    sent = stream(200, ticks=10_000 * HZ)
    moved = [(u, replace(n, ticks=n.ticks + step_s * HZ)) if i >= 100 else (u, n) for i, (u, n) in enumerate(sent)]
    found = assemble_stream(moved)
    assert len(found.segments) == 2
    assert np.abs(found.time_ns - (UTC_NS + np.arange(2000) * NS // 50)).max() < 10_000_000


def test_an_overflow_on_the_band_is_a_gap_not_a_clock_that_was_set() -> None:
    sent = stream(100)
    late = [(u + 5 * NS, replace(n, ticks=n.ticks + 5 * HZ)) for u, n in sent[50:]]
    late[0] = (late[0][0], replace(late[0][1], flags=int(Flag.OVERFLOW)))
    found = assemble_stream(sent[:50] + late)
    assert found.gaps[0].duration_s == pytest.approx(5.0, abs=1e-3)
    assert damage(found) == {"samples missing between notifications": 250}


@settings(deadline=None, max_examples=40)
@given(st.lists(st.integers(0, 59), min_size=1, max_size=120), st.integers(0, 4), st.randoms(use_true_random=False))
def test_the_order_of_packets_and_copies_of_them_do_not_matter(
    chosen: list[int], bad: int, order: random.Random
) -> None:
    live = [(STREAM_UUID, utc, openband.encode_notification(n)) for utc, n in stream(30, seq=65_520)]
    stored = [(LOG_UUID, UTC_NS + i, openband.encode_block(b)) for i, b in enumerate(log(30))]
    stored[bad] = (LOG_UUID, UTC_NS + bad, stored[bad][2][:-1] + b"\0")
    clock = Reply(Opcode.GET_CLOCK, 1, Status.OK, ClockNow(1_000, 3))
    everything = [(CONTROL_UUID, UTC_NS, openband.encode_reply(clock)), *live, *stored]
    packets = [Packet(utc - UTC_NS, uuid, payload) for uuid, utc, payload in everything]

    def both(taken: list[Packet]) -> tuple[Recording, ...]:
        found = decode_segments([Segment(HEAD, tuple(taken), True)])
        made = []
        if found.notifications:
            made.append(assemble_stream(found.notifications, damage=found.damage))
        if found.blocks:
            made.append(assemble_log(found.blocks, found.anchors, found.logs, damage=found.damage))
        return tuple(made)

    once = [packets[0], *(packets[1 + i] for i in sorted(set(chosen)))]
    many = [packets[0], *(packets[1 + i] for i in chosen)]
    order.shuffle(many)
    pairs = list(zip(both(once), both(many), strict=True))
    assert all(same(a, b) for a, b in pairs)


@pytest.mark.parametrize("max_payload", [20, 244, 514])
def test_a_capture_on_disk_becomes_the_recording_that_the_band_took(tmp_path: Path, max_payload: int) -> None:
    entry = LogEntry(7, 0, 30, 1_000, 0, 25.0, 8, boot=3)
    replies = (
        Reply(Opcode.GET_CLOCK, 1, Status.OK, ClockNow(1_000, 3)),
        Reply(Opcode.LIST_LOGS, 2, Status.OK, LogPage(1, 0, (entry,))),
    )
    with SegmentWriter(tmp_path / "s.arrows", HEAD, lambda: 0) as writer:
        for reply in replies:
            writer.append(0, CONTROL_UUID, openband.encode_reply(reply))
        for block in log(30):
            for piece in split_block(openband.encode_block(block), max_payload):
                writer.append(0, LOG_UUID, piece)
    found = decode_segments([read_segment(writer.path)])
    assert (found.logs, found.anchors, found.damage) == ((entry,), (ClockAnchor(3, 1_000, UTC_NS),), ())
    assert same(assemble_log(found.blocks, found.anchors, found.logs), assemble_log(log(30), [ANCHOR]))


def test_what_is_no_frame_is_counted_and_the_rest_is_kept() -> None:
    good = [Packet(utc - UTC_NS, STREAM_UUID, openband.encode_notification(n)) for utc, n in stream(20)]
    bad = [Packet(-1, STREAM_UUID, b""), Packet(-2, LOG_UUID, b"SB"), Packet(-3, CONTROL_UUID, b"\x09\0\0")]
    found = decode_segments([Segment(HEAD, (*good, *bad), False, 3, 2)])
    assert len(found.notifications) == 20
    assert {row.what: row.count for row in found.damage} == {
        "notification that is not a frame": 1,
        "block with a bad checksum or shape": 1,
        "reply that is not one": 1,
        "captured packet with a bad checksum": 2,
    }


def test_nothing_to_assemble_is_a_recording_error() -> None:
    with pytest.raises(RecordingError):
        assemble_log([], [])
    with pytest.raises(RecordingError):
        assemble_stream([])
