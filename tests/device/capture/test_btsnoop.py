"""A session that was recorded as it went over HCI gives the same packets, and so the same recording, when replayed."""

import asyncio
import random
import struct
from pathlib import Path

import numpy as np
import pytest

from device.capture.assemble import assemble_stream, decode_segments
from device.capture.btsnoop import BtsnoopWriter, replayed
from device.capture.segments import read_segment
from device.errors import CaptureError, CaptureWriteError, RadioNameError
from device.link.collect import LiveCapture, live_recording, record_live
from device.link.radio import open_adapter, radio, simulated
from device.recording import NS_PER_S
from device.simulator.band import BandFacts, SimulatedBand
from device.simulator.faults import FaultPlan
from device.simulator.memory import BandClock, Trace
from device.simulator.radio import VirtualAir
from device.simulator.virtual_time import run_virtually
from device.wire.codes import STREAM_UUID

NOW_NS = 1_790_000_000 * NS_PER_S
SAMPLES = np.random.default_rng(12).integers(-9000, 9000, (5000, 3)).astype(np.int16)
NAME = "session.sensitive.btsnoop"


def session(folder: Path, mtu: int = 247) -> LiveCapture:
    """A minute with a break of the link in it, captured in both ways at once."""
    capture = LiveCapture(folder / "live")

    async def test() -> None:
        loop = asyncio.get_running_loop()

        def now_ns() -> int:
            return NOW_NS + round(loop.time() * NS_PER_S)

        clock, plan = BandClock(NOW_NS - 10**12, 4, now_ns=now_ns), FaultPlan(disconnect_before=frozenset({30}))
        live, facts = Trace(SAMPLES, 50.0), BandFacts(max_mtu=mtu)
        with BtsnoopWriter(folder / NAME, now_ns) as snooper:
            async with (
                VirtualAir(snooper=snooper) as air,
                SimulatedBand(air, clock, live=live, faults=plan, facts=facts),
                open_adapter(simulated(air.backends)) as adapter,
            ):
                await record_live(adapter, capture, seconds=60.0, clock_ns=now_ns, utc_ns=now_ns)

    run_virtually(test())
    return capture


@pytest.mark.parametrize("mtu", [65, 247, 517])
def test_a_session_replayed_is_the_capture_byte_for_byte(tmp_path: Path, mtu: int) -> None:
    capture = session(tmp_path, mtu)
    again = replayed(tmp_path / NAME)
    assert len(again) == len(capture.segments) == 2
    for segment, path in zip(again, capture.segments, strict=True):
        stream = [packet.payload for packet in segment.packets if packet.characteristic == STREAM_UUID]
        assert stream == [packet.payload for packet in read_segment(path).packets]
    first = live_recording(capture, tmp_path / "live.parquet")
    found = decode_segments(again)
    second = assemble_stream(found.notifications, damage=found.damage)
    assert second.accel_g.tobytes() == first.accel_g.tobytes()
    assert second.segments == first.segments
    assert np.abs(second.time_ns - first.time_ns).max() <= 1_000


def test_such_a_file_says_that_it_is_sensitive_and_is_nobody_elses(tmp_path: Path) -> None:
    session(tmp_path)
    assert (tmp_path / NAME).stat().st_mode & 0o777 == 0o600
    with pytest.raises(CaptureWriteError, match="File exists"):
        BtsnoopWriter(tmp_path / NAME, lambda: NOW_NS)
    with pytest.raises(CaptureWriteError, match="has to say so"):
        BtsnoopWriter(tmp_path / "session.btsnoop", lambda: NOW_NS)
    with pytest.raises(RadioNameError, match="HCI"):
        radio("system", tmp_path / NAME)


def test_a_file_of_the_linux_monitor_is_replayed_too(tmp_path: Path) -> None:
    session(tmp_path)
    data = (tmp_path / NAME).read_bytes()
    made, at = [struct.pack(">8sII", b"btsnoop\0", 1, 2001)], 16
    codes = {(1, 0): 2, (4, 1): 3, (2, 0): 4, (2, 1): 5}
    while at < len(data):
        size, _, flags, _, time_us = struct.unpack_from(">IIIIQ", data, at)
        kind, body = data[at + 24], data[at + 25 : at + 24 + size]
        made.append(struct.pack(">IIIIQ", size - 1, size - 1, codes[kind, flags & 1], 0, time_us) + body)
        at += 24 + size
    (tmp_path / "monitor").write_bytes(b"".join(made))
    assert replayed(tmp_path / "monitor") == replayed(tmp_path / NAME)


def test_what_is_cut_or_changed_anywhere_gives_what_is_whole_or_a_clear_fault(tmp_path: Path) -> None:
    session(tmp_path)
    data, rng, path = (tmp_path / NAME).read_bytes(), random.Random(5), tmp_path / "changed"
    known = {packet.payload for segment in replayed(tmp_path / NAME) for packet in segment.packets}
    for _ in range(150):
        path.write_bytes(data[: rng.randrange(16, len(data))])
        assert {packet.payload for segment in replayed(path) for packet in segment.packets} <= known
        changed = bytearray(data)
        for _ in range(rng.randint(1, 20)):
            changed[rng.randrange(16, len(data))] = rng.choice([0, 1, 2, 5, 255])
        path.write_bytes(changed)
        decode_segments(replayed(path))
    for content in (b"", b"btsnoop\0", data[:8] + bytes(8)):
        path.write_bytes(content)
        with pytest.raises(CaptureError):
            replayed(path)
