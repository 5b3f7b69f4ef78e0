"""``watch``: real bleak on a simulated radio, and windows told while the wearer still moves."""

import asyncio
import json
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from activity.classify.artefact import load_model
from activity.cli.watch import _Printer, window_json, window_line
from activity.epochs import UNKNOWN
from activity.labels import ACTIVITIES, Activity
from activity.live import LiveRecogniser, LiveWindow
from device.capture.follow import Follower
from device.link.collect import LiveCapture, record_live
from device.link.connect import Timeouts
from device.link.radio import open_adapter, simulated
from device.recording import NS_PER_S
from device.simulator.band import SimulatedBand
from device.simulator.faults import FaultPlan
from device.simulator.memory import BandClock, Trace
from device.simulator.motion import Part, Wearer, synthesise
from device.simulator.radio import VirtualAir
from device.simulator.virtual_time import run_virtually

NOW_NS = 1_790_000_000 * NS_PER_S
WALKING = ACTIVITIES.index(Activity.WALKING)


def watch(tmp_path: Path, seconds: float, faults: FaultPlan | None = None) -> list[tuple[float, LiveWindow]]:
    """Watch a walking band on a virtual clock: each window, and the second at which it was told."""
    walk = synthesise((Part("walk", 4.0),), Wearer(), rate_hz=50.0, seed=2, start_ns=0).recording
    samples = np.clip(np.rint(walk.accel_g * 4096), -32768, 32767).astype(np.int16)
    told: list[tuple[float, LiveWindow]] = []

    async def test() -> None:
        loop = asyncio.get_running_loop()
        began_s = loop.time()

        def now_ns() -> int:
            return NOW_NS + round((loop.time() - began_s) * NS_PER_S)

        live, follower = LiveRecogniser(load_model()), Follower()

        def heard(utc_ns: int, payload: bytes) -> None:
            some = follower.feed(utc_ns, payload)
            told.extend((loop.time() - began_s, window) for window in live.push(some.accel_g, some.time_ns))

        clock = BandClock(NOW_NS - 3600 * NS_PER_S, 4, now_ns=now_ns)
        timeouts = Timeouts(find_s=2.0, connect_s=5.0, call_s=2.0, silence_s=3.0)
        async with (
            VirtualAir() as air,
            SimulatedBand(air, clock, live=Trace(samples, 50.0), faults=faults),
            open_adapter(simulated(air.backends)) as adapter,
        ):
            await record_live(
                adapter, LiveCapture(tmp_path / "live"), seconds=seconds, timeouts=timeouts, clock_ns=now_ns,
                utc_ns=now_ns, heard=heard,
            )  # fmt: skip

    run_virtually(test())
    return told


def test_a_walk_is_told_within_a_window_of_the_movement(tmp_path: Path) -> None:
    told = watch(tmp_path, 100.0)
    assert len(told) >= 8
    for second, window in told:
        assert 0.0 < second - (window.time_ns - NOW_NS) / NS_PER_S - 10.0 < 5.0
    assert np.mean([window.activity == WALKING for _, window in told]) >= 0.8
    steps = np.array([window.step_times_ns.size for _, window in told if window.activity == WALKING])
    assert ((steps >= 14) & (steps <= 24)).all()


def window(activity: int = WALKING, confidence: float = 0.93) -> LiveWindow:
    probability = np.full(len(ACTIVITIES), np.nan)
    probability[WALKING] = confidence
    times_ns = NOW_NS + np.arange(18) * 555_000_000
    return LiveWindow(NOW_NS, activity, confidence, probability, times_ns, 108.1, 1.0)


def test_a_line_says_time_activity_certainty_and_steps() -> None:
    oslo = ZoneInfo("Europe/Oslo")
    assert window_line(window(), 1204, oslo) == "16:13:20  walking   93 %          18 steps   108/min   1,204 so far"
    assert "unsure" in window_line(window(confidence=0.41), 0, oslo)
    unknown = LiveWindow(NOW_NS, UNKNOWN, float("nan"), np.full(7, np.nan), np.empty(0, np.int64), float("nan"), 0.4)
    line = window_line(unknown, 7, oslo)
    assert "not known" in line
    assert "steps" not in line


def test_a_document_has_nulls_where_nothing_is_known() -> None:
    document = window_json(window(), 1204)
    assert document["activity"] == "walking"
    assert document["steps"] == 18
    assert document["probability"] == {"walking": pytest.approx(0.93)}
    unknown = LiveWindow(NOW_NS, UNKNOWN, float("nan"), np.full(7, np.nan), np.empty(0, np.int64), float("nan"), 0.4)
    assert json.loads(json.dumps(window_json(unknown, 0), allow_nan=False))["steps"] is None


def test_a_gap_shows_as_a_gap(capsys: pytest.CaptureFixture[str]) -> None:
    printer, first = _Printer(ZoneInfo("UTC"), as_json=False, width_s=10.0), window()
    printer.say(first)
    printer.say(replace(first, time_ns=NOW_NS + 10 * NS_PER_S))
    printer.say(replace(first, time_ns=NOW_NS + 50 * NS_PER_S))
    lines = capsys.readouterr().out.splitlines()
    assert [line[:8] for line in lines] == ["14:13:20", "14:13:30", "14:13:40", "14:14:10"]
    assert lines[2] == "14:13:40  nothing came for 30 s"


def test_ctrl_c_ends_with_130_and_says_what_was_seen() -> None:
    start = [sys.executable, "-c", "import sys; from activity.cli.main import run; sys.exit(run(sys.argv[1:]))"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen([*start, "simulate", "--port", "0", "--hours", "1"], **pipes) as band:
        try:
            assert band.stdout is not None
            radio = band.stdout.readline().strip()
            with subprocess.Popen([*start, "watch", "--radio", radio, "--json"], **pipes) as watching:
                assert watching.stdout is not None
                document = json.loads(watching.stdout.readline())
                watching.send_signal(signal.SIGINT)
                _, said = watching.communicate(timeout=30)
        finally:
            band.terminate()
            band.communicate(timeout=30)
    assert document["coverage"] > 0.9
    assert watching.returncode == 130
    assert "1 windows" in said
