"""Every wristband that can be simulated: heard, recognised, connected, streamed, and recorded as it had it."""

import asyncio
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from device.capture.check import check_captures
from device.capture.follow_profile import follower
from device.capture.live import assembled_live, decoded
from device.capture.segments import read_segment
from device.errors import BandBusyError, BandRefusedError, CaptureError
from device.link.collect import LiveCapture, live_recording, record_live
from device.link.connect import Timeouts
from device.link.radio import open_adapter, simulated
from device.link.scan import scan
from device.profiles.known import PROFILES, TimeForm, profile_named
from device.readers.captures import open_capture
from device.recording import NS_PER_S, Recording
from device.simulator.faults import FaultPlan
from device.simulator.memory import Trace
from device.simulator.personalities.bangle import Bangle
from device.simulator.personalities.polar import DEFAULT_EPOCH_NS
from device.simulator.personalities.table import PERSONALITIES
from device.simulator.personalities.watch import SimulatedWatch
from device.simulator.radio import VirtualAir
from device.simulator.virtual_time import run_virtually

NOW_NS = 1_790_000_000 * NS_PER_S
QUICK = Timeouts(find_s=2.0, connect_s=5.0, call_s=2.0, silence_s=3.0)
#: No two samples that follow each other are equal, and no stretch of three comes twice.
MOVING = np.random.default_rng(31).integers(-7000, 7000, (40_000, 3)).astype(np.int16)

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
    if kind != "infinitime-fifo":  # which carries the name of the other, and says nothing of its rate
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


@pytest.mark.parametrize("kind", ["axle", "bangle", "polar", "polar-raw"])
def test_a_frame_that_a_full_queue_dropped_is_a_gap_of_its_length(kind: str, tmp_path: Path) -> None:
    run = record(kind, tmp_path, faults=FaultPlan(drop=frozenset({20, 21})))
    at = places(run)
    (gap,) = run.recording.gaps
    lost = int(np.diff(at).max()) - 1
    assert lost > 0
    assert gap.duration_s == pytest.approx(lost / run.watch.rate_hz, abs=1.1 / run.watch.rate_hz)
    (row,) = [row for row in run.recording.damage if "missing" in row.what]
    assert row.count == pytest.approx(lost, abs=1)


@pytest.mark.parametrize("kind", PERSONALITIES)
def test_what_is_sent_twice_is_recorded_once_or_said_to_be_unknowable(kind: str, tmp_path: Path) -> None:
    if profile_named(PERSONALITIES[kind].profile).time is TimeForm.INDEX or kind == "infinitime-fifo":
        return  # no number, no time: two equal messages can't be told from one motion done twice
    run = record(kind, tmp_path, 60.0, faults=FaultPlan(duplicate=frozenset({5, 9})))
    assert (np.diff(places(run)) == 1).all()
    (row,) = [row for row in run.recording.damage if "twice" in row.what]
    assert row.count == 2


@pytest.mark.parametrize("kind", PERSONALITIES)
def test_a_stall_that_ends_in_a_burst_loses_nothing_and_moves_no_time(kind: str, tmp_path: Path) -> None:
    run = record(kind, tmp_path, 150.0, interval_s=0.03, faults=FaultPlan(stall_before=frozenset({30}), stall_s=2.0))
    at = places(run)
    assert (np.diff(at) == 1).all()
    assert len(run.recording.segments) == 1
    profile = profile_named(PERSONALITIES[kind].profile)
    off_s = (run.recording.time_ns - run.had_ns[at]) / NS_PER_S
    assert np.abs(off_s).max() < MOST_OFF_S[profile.time] + 0.06
    assert run.capture.losses == 0


@pytest.mark.parametrize("error", [-0.08, 0.08])
@pytest.mark.parametrize("kind", ["seizure-detector", "infinitime-fifo"])
def test_a_watch_whose_rate_is_8_percent_off_is_timed_by_what_it_does(kind: str, error: float, tmp_path: Path) -> None:
    run = record(kind, tmp_path, 300.0, rate_error=error)
    off_s = (run.recording.time_ns - run.had_ns[places(run)]) / NS_PER_S
    assert np.ptp(off_s) < 0.05
    assert run.recording.rate_hz == pytest.approx(run.watch.true_rate_hz, rel=2e-4)
    told = [f"{100 * error:+.1f} %" in row.what for row in run.recording.damage]
    assert told == ([True] if kind == "seizure-detector" else [])


@pytest.mark.parametrize("error", [-0.05, 0.05])
def test_a_stock_watch_that_is_slow_or_quick_stays_near_its_arrivals(error: float, tmp_path: Path) -> None:
    run = record("infinitime", tmp_path, 300.0, rate_error=error)
    at = places(run)
    assert (at >= 0).all()
    off_s = (run.recording.time_ns - run.had_ns[at]) / NS_PER_S
    repeated = np.append(False, np.diff(at) == 0)
    assert np.abs(off_s[~repeated]).max() < 0.5


def test_a_clock_that_a_flat_battery_has_reset_does_not_show_in_a_recording(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(PERSONALITIES["polar"], "clock_offset_ns", DEFAULT_EPOCH_NS - NOW_NS)
    run = record("polar", tmp_path)
    off_s = (run.recording.time_ns - run.had_ns[places(run)]) / NS_PER_S
    assert np.abs(off_s).max() < 0.005


@pytest.mark.parametrize(("kind", "bits", "hz"), [("axle", 24, 32_768), ("bangle", 32, 1_000)])
def test_a_counter_that_wraps_goes_on(kind: str, bits: int, hz: int, tmp_path: Path) -> None:
    wraps_ns = NS_PER_S * (1 << bits) // hz
    soon_ns = NOW_NS - wraps_ns + 40 * NS_PER_S
    options = {"boot_ns": soon_ns} if kind == "axle" else {}
    run = record(kind, tmp_path, 600.0 if kind == "axle" else 60.0, **options)
    assert (np.diff(places(run)) == 1).all()
    assert len(run.recording.segments) == 1


def test_a_javascript_watch_was_sent_nothing_but_the_program(tmp_path: Path) -> None:
    run = record("bangle", tmp_path, 30.0, faults=FaultPlan(disconnect_before=frozenset({20})))
    assert isinstance(run.watch, Bangle)
    assert run.watch.others == []
    assert run.watch.ran == 2


@pytest.mark.parametrize(
    ("kind", "attribute", "setting", "fault", "says"),
    [
        ("axle", "password", "secret", BandRefusedError, "password"),
        ("polar", "charging", True, BandBusyError, "charger"),
        ("seizure-detector", "data_format", 0, BandRefusedError, "format"),
    ],
)
def test_a_band_that_will_not_stream_says_why(
    kind: str, attribute: str, setting: Any, fault: type[Exception], says: str, tmp_path: Path, monkeypatch: Any
) -> None:
    monkeypatch.setattr(PERSONALITIES[kind], attribute, setting)
    with pytest.raises(fault, match=says) as raised:
        record(kind, tmp_path, 10.0)
    assert PERSONALITIES[kind].usual_facts.name in str(raised.value)
    assert isinstance(raised.value, BandRefusedError)
    assert raised.value.remedy


@pytest.mark.parametrize("kind", PERSONALITIES)
def test_what_is_followed_live_is_what_is_recorded(kind: str, tmp_path: Path) -> None:
    run = record(kind, tmp_path, 60.0)
    segment = read_segment(run.capture.segments[0])
    profile = profile_named(segment.head.profile)
    following = follower(profile)
    following.begin_link()
    parts = [following.feed(segment.head.utc_of(p.arrival_ns), p.payload) for p in segment.packets]
    accel_g = np.concatenate([part.accel_g for part in parts])
    time_ns = np.concatenate([part.time_ns for part in parts])
    assert np.array_equal(accel_g, run.recording.accel_g)
    assert (np.diff(time_ns) > 0).all()
    assert np.abs(time_ns - run.recording.time_ns).max() < 0.15 * NS_PER_S
    assert following.damaged == 0


def test_a_capture_of_a_profile_from_the_future_is_refused_by_name(tmp_path: Path) -> None:
    run = record("polar", tmp_path, 10.0)
    segment = read_segment(run.capture.segments[0])
    later = replace(segment, head=replace(segment.head, profile="polar-2"))
    with pytest.raises(CaptureError, match="polar-2"):
        assembled_live([later])


def test_a_capture_of_any_watch_is_proved_and_read_without_its_parquet(tmp_path: Path) -> None:
    run = record("axle", tmp_path, 30.0, faults=FaultPlan(drop=frozenset({7})))
    (found,) = check_captures(tmp_path)
    assert (found.faults, len(found.gaps)) == ((), 1)
    ((_, stream),) = open_capture(run.capture.segments[0], "UTC")
    again = Recording.from_stream(stream)
    assert np.array_equal(again.accel_g, run.recording.accel_g)
    assert np.array_equal(again.time_ns, run.recording.time_ns)
