"""How fast the whole way is, in units that a person understands; run on demand and judged by eye.

Run: ``pytest tests/bench -o addopts=--import-mode=importlib -s``
"""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from activity.classify.artefact import load_model
from activity.reprocess.analyse import analyse
from device.link.connect import connect
from device.link.control import open_control
from device.link.radio import open_adapter, simulated
from device.recording import NS_PER_S, Recording
from device.simulator.band import BandFacts, SimulatedBand
from device.simulator.memory import band_that_recorded
from device.simulator.motion import Wearer, synthesise, working_day
from device.simulator.radio import VirtualAir
from device.sync import log_recording, pull_log

HOURS = 8
START_NS = 1_790_000_000 * NS_PER_S


def made(rate_hz: float) -> Recording:
    script = working_day(START_NS, 1)
    return synthesise(script, Wearer(), rate_hz=rate_hz, seed=1, start_ns=START_NS).recording


@pytest.fixture(scope="module")
def day() -> Recording:
    """Eight hours at 25 Hz: 720,000 samples."""
    return made(25.0)


def say(benchmark: Any, samples: int) -> None:
    median_s = benchmark.stats["median"]
    x_real_time = HOURS * 3600 / median_s
    print(f"\n{benchmark.name}: {samples:,} samples, median {median_s:.2f} s, {x_real_time:,.0f} × real time")
    benchmark.extra_info |= {"samples": samples, "x_real_time": round(x_real_time)}


@pytest.mark.benchmark(group="8 h of motion made")
@pytest.mark.parametrize("rate_hz", [25.0, 100.0])
def test_motion(benchmark: Any, rate_hz: float) -> None:
    recording = benchmark.pedantic(made, (rate_hz,), rounds=3)
    say(benchmark, recording.n_samples)


@pytest.mark.benchmark(group="8 h recognised: grid, calibration, features, forest, steps, days")
@pytest.mark.parametrize("rate_hz", [25.0, 100.0])
def test_recognition(benchmark: Any, rate_hz: float) -> None:
    model, recording = load_model(), made(rate_hz)
    analyse(recording.stream(), model, "UTC")  # compile outside the clock
    benchmark.pedantic(analyse, (recording, model, "UTC"), rounds=5)
    say(benchmark, recording.n_samples)


@pytest.mark.benchmark(group="8 h fetched over HCI, L2CAP, ATT and GATT to a recording on disk")
@pytest.mark.parametrize("mtu", [247, 517])
def test_sync(benchmark: Any, day: Recording, tmp_path: Path, mtu: int) -> None:
    turns = iter(range(100))

    async def fetch(folder: Path) -> None:
        clock, log = band_that_recorded(day)
        async with (
            VirtualAir() as air,
            SimulatedBand(air, clock, facts=BandFacts(max_mtu=mtu), logs=(log,)),
            open_adapter(simulated(air.backends)) as adapter,
            connect(adapter) as link,
        ):
            control = await open_control(link)
            (entry,) = await control.logs()
            pulled = await pull_log(link, control, entry, folder)
        assert log_recording(pulled.folder, folder / "day.parquet").n_samples == day.n_samples

    benchmark.pedantic(lambda: asyncio.run(fetch(tmp_path / str(next(turns)))), rounds=3)
    say(benchmark, day.n_samples)
