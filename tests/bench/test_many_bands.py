"""Eight bands at 100 Hz at once on one core: what a band costs, how soon its samples are in the queue, what is lost.

Bands, radio and collector are one process, so what is measured is more than the collector's part of it.

Run: ``pytest tests/bench/test_many_bands.py -o addopts=--import-mode=importlib -s``
"""

import asyncio
import os
import time
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from device.capture.segments import read_segment
from device.link.collect import LiveCapture, record_live
from device.link.radio import Adapter, open_adapter, simulated
from device.simulator.band import SimulatedBand, facts_of
from device.simulator.memory import BandClock, Trace
from device.simulator.radio import VirtualAir
from device.wire.codes import STREAM_UUID

BANDS = 8
SECONDS = 20.0
RATE_HZ = 100.0
TRACE = Trace(np.random.default_rng(0).integers(-9000, 9000, (5000, 3)).astype(np.int16), RATE_HZ)


class Band:
    """One band, what it sent and when, and what was recorded of it."""

    def __init__(self, air: VirtualAir, number: int, mtu: int, folder: Path) -> None:
        facts = facts_of(f"selfBACK-{number:04X}")
        facts = type(facts)(name=facts.name, address=facts.address, serial=facts.serial, max_mtu=mtu)
        clock = BandClock(time.time_ns() - 10**12)
        self.band = SimulatedBand(air, clock, facts=facts, live=TRACE)
        self.capture = LiveCapture(folder / facts.name)
        self.sent: list[tuple[int, bytes]] = []
        self.streams = asyncio.Event()
        server = self.band.device.gatt_server
        send = server.notify_subscriber

        async def noted(connection: Any, characteristic: Any, payload: bytes, *rest: Any, **more: Any) -> None:
            if characteristic.uuid.to_hex_str("-").lower() == STREAM_UUID:
                self.sent.append((time.monotonic_ns(), payload))
                self.streams.set()
            await send(connection, characteristic, payload, *rest, **more)

        server.notify_subscriber = noted  # type: ignore[method-assign]

    async def record(self, adapter: Adapter, seconds: float) -> None:
        await record_live(adapter, self.capture, seconds=seconds, rate_hz=RATE_HZ, wanted=self.band.facts.name)

    def judged(self) -> np.ndarray:
        """Return ms from each notification to its place in the queue; all that was sent must have come, in order."""
        came = [packet for path in self.capture.segments for packet in read_segment(path).packets]
        assert [packet.payload for packet in came] == [payload for _, payload in self.sent]
        assert self.capture.overflowed == self.capture.losses == 0
        return np.array([(packet.arrival_ns - at_ns) / 1e6 for packet, (at_ns, _) in zip(came, self.sent, strict=True)])


async def recorded(folder: Path, count: int, mtu: int) -> tuple[list[Band], float]:
    """Record from some bands; the share of a core that it took once all of them streamed."""
    async with VirtualAir() as air, AsyncExitStack() as stack:
        bands = [Band(air, number, mtu, folder) for number in range(count)]
        for one in bands:
            await stack.enter_async_context(one.band)
        adapter = await stack.enter_async_context(open_adapter(simulated(air.backends)))
        connecting_s = 0.5 * count
        tasks = [asyncio.create_task(one.record(adapter, connecting_s + SECONDS)) for one in bands]
        await asyncio.gather(*(one.streams.wait() for one in bands))
        began_s, worked_s = time.perf_counter(), time.process_time()
        await asyncio.sleep(SECONDS - 2.0)
        share = (time.process_time() - worked_s) / (time.perf_counter() - began_s)
        await asyncio.gather(*tasks)
    return bands, share


@pytest.mark.parametrize(("mtu", "each"), [(23, 1), (83, 11), (247, 38)])
def test_eight_bands(tmp_path: Path, mtu: int, each: int) -> None:
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(cores)})
    try:
        bands, share = asyncio.run(recorded(tmp_path, BANDS, mtu))
    finally:
        os.sched_setaffinity(0, cores)
    delay_ms = np.concatenate([one.judged() for one in bands])
    print(
        f"\n{BANDS} bands at {RATE_HZ:g} Hz, {each} samples a notification, on one core: {100 * share / BANDS:.1f} % "
        f"of it a band; {len(delay_ms):,} notifications, none lost; in the queue after {np.median(delay_ms):.1f} ms, "
        f"99 of 100 within {np.percentile(delay_ms, 99):.1f} ms, the last after {delay_ms.max():.1f} ms"
    )
