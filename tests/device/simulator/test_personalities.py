"""Every wristband that can be simulated: heard, recognised, connected, streamed, and recorded as it had it."""

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from device.capture.live import decoded
from device.capture.segments import read_segment
from device.link.collect import LiveCapture, live_recording, record_live
from device.link.connect import Timeouts
from device.link.radio import open_adapter, simulated
from device.link.scan import scan
from device.profiles.known import PROFILES, TimeForm, profile_named
from device.recording import NS_PER_S, Recording
from device.simulator.faults import FaultPlan
from device.simulator.memory import Trace
from device.simulator.personalities.table import PERSONALITIES
from device.simulator.personalities.watch import SimulatedWatch
from device.simulator.radio import VirtualAir
from device.simulator.virtual_time import run_virtually

NOW_NS = 1_790_000_000 * NS_PER_S
QUICK = Timeouts(find_s=2.0, connect_s=5.0, call_s=2.0, silence_s=3.0)
#: No two samples that follow each other are equal, and no stretch of three comes twice.
MOVING = np.random.default_rng(31).integers(-7000, 7000, (20_000, 3)).astype(np.int16)

#: How far a sample's time may be off, after the band's own constant delay, in seconds.
MOST_OFF_S = {TimeForm.COUNTER: 0.03, TimeForm.LAST_SAMPLE: 0.005, TimeForm.INDEX: 0.06, TimeForm.CHANGES: 0.12}


@dataclass(frozen=True)
class Run:
    """A recording of a simulated watch, and the watch as it was at the end."""

    recording: Recording
    capture: LiveCapture
    watch: SimulatedWatch
    heard: tuple[str | None, ...]

    @property
    def had_g(self) -> np.ndarray:
        counts = np.concatenate([had.counts for had in self.watch.had])
        return (counts / self.watch.counts_per_g).astype(np.float32)

    @property
    def had_ns(self) -> np.ndarray:
        return np.concatenate([had.utc_ns for had in self.watch.had])


def record(
    kind: str,
    folder: Path,
    seconds: float = 100.0,
    *,
    samples: np.ndarray = MOVING,
    interval_s: float = 0.0,
    faults: FaultPlan | None = None,
    **options: Any,
) -> Run:
    """Scan for a watch, record it, and make the recording, all on a virtual clock."""
    capture = LiveCapture(folder / "captures")

    async def test() -> tuple[SimulatedWatch, tuple[str | None, ...]]:
        loop = asyncio.get_running_loop()
        began_s = loop.time()

        def now_ns() -> int:
            return NOW_NS + round((loop.time() - began_s) * NS_PER_S)

        live = Trace(samples, PERSONALITIES[kind].rate_hz * (1.0 + options.get("rate_error", 0.0)))
        async with (
            VirtualAir(interval_s) as air,
            PERSONALITIES[kind](air, live, now_ns, faults=faults, **options) as watch,
            open_adapter(simulated(air.backends)) as adapter,
        ):
            heard = tuple(one.profile.name if one.profile else None for one in await scan(adapter, 1.0))
            await record_live(adapter, capture, seconds=seconds, timeouts=QUICK, clock_ns=now_ns, utc_ns=now_ns)
            return watch, heard

    watch, heard = run_virtually(test())
    return Run(live_recording(capture, folder / "live.parquet"), capture, watch, heard)


def places(run: Run) -> np.ndarray:
    """Return where each sample of a recording lies among those that the watch had; -1 where it never had it."""
    own: dict[bytes, int] = {}
    for i, row in enumerate(run.had_g):
        own.setdefault(row.tobytes(), i)
    return np.array([own.get(row.tobytes(), -1) for row in run.recording.accel_g])


@pytest.mark.parametrize("kind", PERSONALITIES)
def test_what_the_band_had_is_recorded_sample_by_sample_and_at_its_time(kind: str, tmp_path: Path) -> None:
    run = record(kind, tmp_path)
    profile = profile_named(PERSONALITIES[kind].profile)
    assert run.heard == (profile.name,)
    assert run.capture.profile is profile
    assert read_segment(run.capture.segments[0]).head.profile == profile.name
    at = places(run)
    assert (np.diff(at) == 1).all(), "in order, none twice, none left out"
    assert len(at) >= 95 * run.watch.rate_hz
    assert len(run.recording.segments) == 1
    off_s = (run.recording.time_ns - run.had_ns[at]) / NS_PER_S
    assert np.abs(off_s).max() < MOST_OFF_S[profile.time]
    assert run.recording.rate_hz == pytest.approx(run.watch.rate_hz, rel=1e-3)
    assert run.recording.band.nominal_rate_hz == profile.rate_hz


@pytest.mark.parametrize("kind", PERSONALITIES)
def test_a_link_that_breaks_twice_is_made_again_and_nothing_is_invented(kind: str, tmp_path: Path) -> None:
    run = record(kind, tmp_path, faults=FaultPlan(disconnect_before=frozenset({15, 40})))
    assert run.capture.losses == 2
    at = places(run)
    assert (at >= 0).all()
    for segment in run.recording.segments:
        assert (np.diff(at[segment.start : segment.stop]) == 1).all()
    assert len(run.recording.gaps) == 2
    assert (np.diff(at) >= 1).all()


def test_each_profile_but_our_own_can_be_simulated() -> None:
    simulated_here = {personality.profile for personality in PERSONALITIES.values()} | {"openband"}
    assert simulated_here == {profile.name for profile in PROFILES}


def test_a_still_watch_that_sends_only_changes_is_held_and_not_taken_for_lost(tmp_path: Path) -> None:
    still = np.repeat(MOVING[:40], 50, axis=0)  # each value for five seconds, longer than the link's patience
    run = record("infinitime", tmp_path, samples=still, seconds=120.0)
    assert run.capture.losses == 0
    assert run.capture.notifications < 40
    assert len(run.recording.segments) == 1
    held = {row.what: row.count for row in run.recording.damage}
    assert held["sample equal to the one before, which the band doesn't send"] > 1_000
    changes = np.flatnonzero(np.any(np.diff(run.recording.accel_g, axis=0), axis=1))
    assert (np.diff(changes) == 50).all()


def test_messages_of_a_capture_are_those_that_were_sent(tmp_path: Path) -> None:
    run = record("infinitime", tmp_path, seconds=20.0)
    links, bad = decoded([read_segment(path) for path in run.capture.segments], profile_named("infinitime"))
    assert bad == ()
    assert sum(len(link) for link in links) == run.capture.notifications
