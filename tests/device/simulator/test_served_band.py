"""A band behind a TCP port: one computer after another, also after one that was killed in mid-connection."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import numpy as np
import pytest

from device.errors import BluetoothUnavailableError
from device.link.connect import connect
from device.link.control import open_control
from device.link.radio import check_radio, open_adapter, radio
from device.recording import NS_PER_S
from device.simulator.band import SimulatedBand, facts_of
from device.simulator.memory import BandClock, StoredLog, Trace, system_clock_ns
from device.simulator.radio import VirtualAir
from device.simulator.serve import serving

SAMPLES = np.random.default_rng(5).integers(-9000, 9000, (800, 3)).astype(np.int16)


@asynccontextmanager
async def served() -> AsyncIterator[tuple[SimulatedBand, int]]:
    clock = BandClock(system_clock_ns() - 3600 * NS_PER_S)
    log = StoredLog(1, Trace(SAMPLES, 25.0), 0, 0, 1)
    async with VirtualAir() as air, SimulatedBand(air, clock, logs=(log,)) as band, serving(air.link) as port:
        yield band, port


async def read_the_list(port: int) -> int:
    async with open_adapter(radio(f"bumble:tcp-client:127.0.0.1:{port}")) as adapter, connect(adapter) as link:
        (entry,) = await (await open_control(link)).logs()
        return entry.block_count


def run(test: Coroutine[Any, Any, None]) -> None:
    asyncio.run(test)


def test_several_computers_use_it_one_after_the_other() -> None:
    async def test() -> None:
        async with served() as (_, port):
            assert [await read_the_list(port) for _ in range(3)] == [10, 10, 10]

    run(test())


def test_a_computer_that_was_killed_in_mid_connection_leaves_it_free() -> None:
    async def test() -> None:
        async with served() as (band, port):
            name = f"bumble:tcp-client:127.0.0.1:{port}"
            async with open_adapter(radio(name)) as adapter, connect(adapter) as link:
                gone = asyncio.Event()
                link.on_loss(gone.set)
                (connection,) = band.device.connections.values()
                lost = asyncio.get_running_loop().create_future()
                connection.on(connection.EVENT_DISCONNECTION, lost.set_result)
                device = link._client._backend.device  # type: ignore[attr-defined]
                device.host.hci_sink.transport.abort()
                async with asyncio.timeout(5):
                    assert await lost == 8
                device.connections.clear()
            assert await read_the_list(port) == 10

    run(test())


def test_a_second_computer_at_the_same_time_is_told_that_nobody_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("device.link.radio.START_TIMEOUT_S", 0.5)

    async def test() -> None:
        async with served() as (_, port):
            name = f"bumble:tcp-client:127.0.0.1:{port}"
            async with open_adapter(radio(name)):
                with pytest.raises(BluetoothUnavailableError):
                    await check_radio(radio(name))
            assert await read_the_list(port) == 10

    run(test())


@pytest.mark.parametrize(("name", "address"), [("selfBACK-1A2B", "1A:2B"), ("selfBACK-00ff", "00:FF")])
def test_a_bands_address_and_serial_follow_from_its_name(name: str, address: str) -> None:
    facts = facts_of(name)
    assert facts.address.endswith(address)
    assert facts == facts_of(name)
    assert facts_of("Anna's band") != facts_of("Bert's band")
