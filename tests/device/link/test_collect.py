"""Recording live: every sample at its time, losses of the link as gaps, and what came kept whatever happens."""

import asyncio
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from device.capture.check import check_captures
from device.errors import BandLostError, BandNotFoundError, BandRefusedError
from device.link.collect import LiveCapture, live_recording, record_live
from device.link.connect import Timeouts
from device.link.radio import open_adapter, simulated
from device.recording import NS_PER_S, Recording
from device.simulator.band import SimulatedBand
from device.simulator.faults import FaultPlan
from device.simulator.memory import BandClock, Trace
from device.simulator.radio import VirtualAir
from device.simulator.virtual_time import run_virtually

NOW_NS = 1_790_000_000 * NS_PER_S
QUICK = Timeouts(find_s=2.0, connect_s=5.0, call_s=2.0, silence_s=3.0)
SAMPLES = np.random.default_rng(12).integers(-9000, 9000, (5000, 3)).astype(np.int16)


def record(capture: LiveCapture, seconds: float, faults: FaultPlan | None = None, **options: Any) -> None:
    """Record a simulated band on a virtual clock; a fault comes through."""

    async def test() -> None:
        loop = asyncio.get_running_loop()
        began_s = loop.time()

        def now_ns() -> int:
            return NOW_NS + round((loop.time() - began_s) * NS_PER_S)

        clock = BandClock(NOW_NS - 3600 * NS_PER_S, 4, now_ns=now_ns)
        async with VirtualAir() as air, SimulatedBand(air, clock, live=Trace(SAMPLES, 50.0), faults=faults) as band:
            vanishing = options.pop("switch_off_after_s", None)
            if vanishing is not None:
                loop.call_later(vanishing, lambda: asyncio.ensure_future(switch_off(band)))
            async with open_adapter(simulated(air.backends)) as adapter:
                await record_live(
                    adapter, capture, seconds=seconds, timeouts=QUICK, clock_ns=now_ns, utc_ns=now_ns, **options
                )

    run_virtually(test())


async def switch_off(band: SimulatedBand) -> None:
    await band.device.stop_advertising()
    await band.vanish()
    await band.device.stop_advertising()


def played(recording: Recording, start: int, stop: int) -> bool:
    """Whether a stretch of the recording is the trace from some sample on, without a hole in it."""
    raw = np.rint(recording.accel_g[start:stop] * 4096).astype(np.int16)
    return np.array_equal(raw, SAMPLES[np.arange(len(raw)) % len(SAMPLES)])


def test_ten_minutes_come_whole_and_at_their_time(tmp_path: Path) -> None:
    capture = LiveCapture(tmp_path / "live")
    seen: list[float] = []
    record(capture, 600.0, progress=lambda done, _: seen.append(done))
    assert (capture.losses, capture.overflowed, len(capture.segments)) == (0, 0, 1)
    assert seen == sorted(seen)
    recording = live_recording(capture, tmp_path / "live.parquet", "Europe/Oslo")
    assert recording.n_samples >= 50 * 597
    assert len(recording.segments) == 1
    assert played(recording, 0, recording.n_samples)
    assert abs(int(recording.time_ns[0]) - NOW_NS) < 2 * NS_PER_S
    assert recording.rate_hz == pytest.approx(50.0, rel=1e-5)
    assert (recording.band.serial, recording.zone) == ("SIM-00001A2B", "Europe/Oslo")


def test_a_link_that_breaks_three_times_is_made_again_and_each_break_is_a_gap(tmp_path: Path) -> None:
    capture = LiveCapture(tmp_path / "live")
    record(capture, 600.0, FaultPlan(disconnect_before=frozenset({100, 250, 400})))
    assert (capture.losses, len(capture.segments)) == (3, 4)
    recording = live_recording(capture, tmp_path / "live.parquet")
    assert len(recording.gaps) == 3
    assert all(0.0 < gap.duration_s < 10.0 for gap in recording.gaps)
    assert all(played(recording, segment.start, segment.stop) for segment in recording.segments)
    assert recording.n_samples >= 50 * 570


def test_what_a_full_queue_of_the_band_dropped_is_a_gap_of_its_length(tmp_path: Path) -> None:
    capture = LiveCapture(tmp_path / "live")
    record(capture, 120.0, FaultPlan(drop=frozenset({20, 21})))
    (gap,) = live_recording(capture, tmp_path / "live.parquet").gaps
    assert gap.duration_s == pytest.approx(2 * 38 / 50, abs=0.001)


def test_a_band_that_does_not_come_back_is_lost_and_what_came_is_a_recording(tmp_path: Path) -> None:
    capture = LiveCapture(tmp_path / "live")
    with pytest.raises(BandLostError, match="did not come back"):
        record(capture, 3600.0, switch_off_after_s=100.0, reconnects=3)
    recording = live_recording(capture, tmp_path / "live.parquet")
    assert 50 * 95 < recording.n_samples < 50 * 100
    assert played(recording, 0, recording.n_samples)


def test_a_band_that_was_never_there_is_not_waited_for_again(tmp_path: Path) -> None:
    with pytest.raises(BandNotFoundError):
        record(LiveCapture(tmp_path / "live"), 60.0, FaultPlan(absent=True))


def test_a_rate_that_the_band_can_not_do_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BandRefusedError, match="BAD_REQUEST"):
        record(LiveCapture(tmp_path / "live"), 60.0, rate_hz=33.0)


def test_a_check_of_a_live_capture_lists_each_loss_of_the_link(tmp_path: Path) -> None:
    capture = LiveCapture(tmp_path / "live")
    record(capture, 600.0, FaultPlan(disconnect_before=frozenset({100, 250})))
    recording = live_recording(capture, tmp_path / "live.parquet")
    (found,) = check_captures(tmp_path)
    assert (found.wanted, found.faults) == (None, ())
    assert [segment.state for segment in found.segments] == ["proved by its hash"] * 3
    assert [gap.seconds for gap in found.gaps] == [gap.duration_s for gap in recording.gaps]
    assert len(found.gaps) == 2
