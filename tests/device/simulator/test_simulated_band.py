"""The simulated band over the whole Bluetooth stack, met by the code that meets real ones."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device.errors import BandBusyError, BandLostError, BandNotFoundError, BandRefusedError
from device.link.connect import BandLink, Timeouts, connect
from device.link.control import ControlPoint, open_control
from device.link.inbox import Inbox
from device.link.radio import Adapter, open_adapter, simulated
from device.link.scan import scan
from device.profiles.current_time import decode_current_time, encode_current_time
from device.profiles.openband import LOG_UUID, STREAM_UUID, LogBlock, decode_notification
from device.profiles.pieces import BlockAssembler
from device.recording import NS_PER_S, Recording
from device.simulator.band import BandFacts, SimulatedBand
from device.simulator.faults import FaultPlan
from device.simulator.memory import BandClock, StoredLog, Trace, log_of, quantise, trace_of
from device.simulator.radio import VirtualAir
from device.simulator.virtual_time import run_virtually
from device.wire.codes import TICKS_HZ, Opcode

NOW_NS = 1_790_000_000 * NS_PER_S
QUICK = Timeouts(find_s=2.0, connect_s=5.0, call_s=2.0, silence_s=3.0)


def motion(count: int, rate_hz: float = 25.0, seed: int = 7) -> Trace:
    samples = np.random.default_rng(seed).integers(-9000, 9000, (count, 3)).astype(np.int16)
    return Trace(samples, rate_hz)


def clock() -> BandClock:
    loop = asyncio.get_running_loop()
    began_s = loop.time()
    return BandClock(
        boot_ns=NOW_NS - 3 * 86_400 * NS_PER_S,
        boot=4,
        now_ns=lambda: NOW_NS + round((loop.time() - began_s) * NS_PER_S),
    )


def a_log(of: BandClock, trace: Trace, log_id: int = 1) -> StoredLog:
    start_ns = NOW_NS - 86_400 * NS_PER_S
    return StoredLog(log_id, trace, of.ticks_at(start_ns), start_ns // NS_PER_S, of.boot)


@asynccontextmanager
async def band_on_air(
    count: int = 1000, faults: FaultPlan | None = None, facts: BandFacts | None = None, interval_s: float = 0.0
) -> AsyncIterator[tuple[SimulatedBand, Adapter]]:
    """A band with a log and a live trace of ``count`` samples, and the computer's adapter."""
    async with VirtualAir(interval_s) as air:
        ticking, trace = clock(), motion(count)
        band = SimulatedBand(air, ticking, facts=facts, live=trace, logs=(a_log(ticking, trace),), faults=faults)
        async with band, open_adapter(simulated(air.backends)) as adapter:
            yield band, adapter


@asynccontextmanager
async def talking_to(adapter: Adapter, wanted: str = "") -> AsyncIterator[tuple[BandLink, ControlPoint]]:
    async with connect(adapter, wanted, timeouts=QUICK) as link:
        yield link, await open_control(link)


async def read_blocks(inbox: Inbox, blocks: int, assembler: BlockAssembler) -> list[LogBlock]:
    found: list[LogBlock] = []
    while assembler.blocks + assembler.damaged < blocks:
        for arrival in await inbox.take(QUICK.silence_s):
            block = assembler.feed(arrival.payload)
            found += [block] if block else []
    return found


def test_a_band_is_heard_with_name_and_strength_and_says_what_it_is() -> None:
    async def test() -> None:
        async with band_on_air() as (band, adapter):
            (heard,) = await scan(adapter, 1.0)
            assert (heard.name, heard.address) == (band.facts.name, band.facts.address)
            assert heard.rssi_dbm < 0
            async with talking_to(adapter, "1a2b") as (link, control):
                info = await link.info()
                assert (info.maker, info.serial) == (band.facts.maker, band.facts.serial)
                assert (info.model, info.firmware) == (band.facts.model, band.facts.firmware)
                assert await link.battery_percent() == 80
                now = await control.clock()
                assert abs(now.ticks - band.clock.ticks_now()) < TICKS_HZ
                assert now.boot == 4

    run_virtually(test())


@pytest.mark.parametrize("mtu", [23, 185, 247, 517])
def test_a_log_comes_block_by_block_and_bit_by_bit_at_any_mtu(mtu: int) -> None:
    async def test() -> None:
        async with band_on_air(1000, facts=BandFacts(max_mtu=mtu)) as (band, adapter):
            async with talking_to(adapter) as (link, control):
                (entry,) = await control.logs()
                assert (entry.block_count, entry.first_index, entry.rate_hz, entry.boot) == (13, 0, 25.0, 4)
                inbox, done = await link.listen(LOG_UUID), asyncio.Event()
                assert await control.read_log(entry.log_id, 0, 100, done.set) == 13
                blocks = await read_blocks(inbox, 13, BlockAssembler())
                async with asyncio.timeout(5):
                    await done.wait()
            assert [block.index for block in blocks] == list(range(13))
            assert np.array_equal(np.concatenate([b.samples for b in blocks]), band.logs[1].trace.samples)
            step = 80 * TICKS_HZ / 25
            assert [b.ticks for b in blocks] == [entry.start_ticks + round(i * step) for i in range(13)]

    run_virtually(test())


def test_only_the_blocks_that_are_asked_for_come() -> None:
    async def test() -> None:
        async with band_on_air() as (_, adapter), talking_to(adapter) as (link, control):
            inbox = await link.listen(LOG_UUID)
            assert await control.read_log(1, 5, 3, lambda: None) == 3
            assert [block.index for block in await read_blocks(inbox, 3, BlockAssembler())] == [5, 6, 7]

    run_virtually(test())


def test_what_the_band_can_not_do_is_refused_with_its_status() -> None:
    async def test() -> None:
        async with band_on_air() as (_, adapter), talking_to(adapter) as (_link, control):
            with pytest.raises(BandRefusedError, match="NO_SUCH_LOG"):
                await control.read_log(99, 0, 1, lambda: None)
            for rate_hz, range_g in ((33.0, 8), (50.0, 4)):
                with pytest.raises(BandRefusedError, match="BAD_REQUEST"):
                    await control.start_stream(rate_hz, range_g)

    run_virtually(test())


@pytest.mark.parametrize("rate_hz", [25.0, 50.0, 100.0])
def test_a_live_stream_has_every_sample_at_its_tick(rate_hz: float) -> None:
    async def test() -> None:
        async with band_on_air(500) as (band, adapter), talking_to(adapter) as (link, control):
            inbox = await link.listen(STREAM_UUID)
            assert (await control.start_stream(rate_hz, 8)).rate_hz == rate_hz
            await asyncio.sleep(30)
            await control.stop_stream()
            came = [decode_notification(arrival.payload) for arrival in await inbox.take(1)]
            assert [n.seq for n in came] == list(range(len(came)))
            first = np.array([0, *np.cumsum([len(n.samples) for n in came])])[:-1]
            expected = [came[0].ticks + round(int(i) * TICKS_HZ / rate_hz) for i in first]
            assert max(abs(n.ticks - at) for n, at in zip(came, expected, strict=True)) <= 1
            samples = np.concatenate([n.samples for n in came])
            assert len(samples) >= 28 * rate_hz
            assert band.live is not None
            assert np.array_equal(samples, band.live.at(0, len(samples), rate_hz))

    run_virtually(test())


def test_an_hour_of_live_stream_at_50_hz_loses_nothing() -> None:
    async def test() -> None:
        async with band_on_air(500) as (_, adapter), talking_to(adapter) as (link, control):
            inbox = await link.listen(STREAM_UUID)
            await control.start_stream(50.0, 8)
            sequence: list[int] = []
            samples = 0
            while samples < 3600 * 50:
                for arrival in await inbox.take(QUICK.silence_s):
                    notification = decode_notification(arrival.payload)
                    sequence.append(notification.seq)
                    samples += len(notification.samples)
            assert sequence == list(range(len(sequence)))
            assert inbox.overflowed == 0

    run_virtually(test())


def test_a_queue_that_drops_and_one_that_repeats_show_in_the_sequence() -> None:
    async def test() -> None:
        plan = FaultPlan(drop=frozenset({3, 4}), duplicate=frozenset({6}))
        async with band_on_air(500, plan) as (_, adapter), talking_to(adapter) as (link, control):
            inbox = await link.listen(STREAM_UUID)
            await control.start_stream(50.0, 8)
            await asyncio.sleep(8)
            came = [decode_notification(arrival.payload).seq for arrival in await inbox.take(1)]
            assert came[:8] == [0, 1, 2, 5, 6, 6, 7, 8]

    run_virtually(test())


def test_a_stall_delays_and_then_bursts() -> None:
    async def test() -> None:
        plan = FaultPlan(stall_before=frozenset({3}), stall_s=3.0)
        async with band_on_air(500, plan) as (_, adapter), talking_to(adapter) as (link, control):
            link.clock_ns = lambda: round(asyncio.get_running_loop().time() * NS_PER_S)
            inbox = await link.listen(STREAM_UUID)
            await control.start_stream(50.0, 8)
            await asyncio.sleep(12)
            came = await inbox.take(1)
            gaps_s = np.diff([arrival.arrival_ns for arrival in came]) / NS_PER_S
            assert gaps_s.max() > 2.9
            assert gaps_s.min() < 0.01
            assert [decode_notification(a.payload).seq for a in came] == list(range(len(came)))

    run_virtually(test())


def test_a_block_that_rots_once_fails_its_checksum_once() -> None:
    async def test() -> None:
        plan = FaultPlan(corrupt_blocks=frozenset({4}))
        async with band_on_air(1000, plan) as (_, adapter), talking_to(adapter) as (link, control):
            inbox, assembler = await link.listen(LOG_UUID), BlockAssembler()
            await control.read_log(1, 0, 13, lambda: None)
            await read_blocks(inbox, 13, assembler)
            assert assembler.damaged == 1
            await asyncio.sleep(0.1)
            await control.read_log(1, 4, 1, lambda: None)
            (block,) = await read_blocks(inbox, 14, assembler)
            assert block.index == 4

    run_virtually(test())


def test_a_band_that_breaks_the_link_ends_what_waits_for_it() -> None:
    async def test() -> None:
        plan = FaultPlan(disconnect_before=frozenset({10}))
        async with band_on_air(1000, plan) as (_, adapter):
            async with talking_to(adapter) as (link, control):
                inbox, done = await link.listen(LOG_UUID), asyncio.Event()
                await control.read_log(1, 0, 13, done.set)
                came = 0
                while batch := await inbox.take(QUICK.silence_s):
                    came += len(batch)
                assert came == 10
                assert inbox.closed
                assert not done.is_set()
                with pytest.raises(BandLostError):
                    await control.clock()
            async with talking_to(adapter) as (_, control):
                assert (await control.clock()).boot == 4

    run_virtually(test())


def test_a_request_that_is_never_answered_is_a_lost_band_in_bounded_time() -> None:
    async def test() -> None:
        plan = FaultPlan(silent=frozenset({Opcode.LIST_LOGS}))
        async with band_on_air(100, plan) as (_, adapter), talking_to(adapter) as (_, control):
            with pytest.raises(BandLostError, match="ListLogs"):
                await control.logs()

    run_virtually(test())


def test_a_busy_band_and_a_firmware_without_a_request_differ() -> None:
    async def test() -> None:
        plan = FaultPlan(busy_times=1, refuse=frozenset({Opcode.GET_CLOCK}))
        async with band_on_air(100, plan) as (_, adapter), talking_to(adapter) as (_, control):
            with pytest.raises(BandBusyError):
                await control.read_log(1, 0, 1, lambda: None)
            assert await control.read_log(1, 0, 1, lambda: None) == 1
            with pytest.raises(BandRefusedError, match="BAD_REQUEST"):
                await control.clock()

    run_virtually(test())


def test_a_band_that_is_not_there_is_named_together_with_those_that_are() -> None:
    async def test() -> None:
        async with band_on_air() as (_, adapter):
            with pytest.raises(BandNotFoundError) as caught:
                async with talking_to(adapter, "FFFF"):
                    pass
            assert "selfBACK-1A2B" in caught.value.expected
        async with band_on_air(faults=FaultPlan(absent=True)) as (_, adapter):
            with pytest.raises(BandNotFoundError):
                async with talking_to(adapter):
                    pass

    run_virtually(test())


def test_the_bands_own_clock_can_be_read_and_set() -> None:
    uuid = "00002a2b-0000-1000-8000-00805f9b34fb"

    async def test() -> None:
        async with band_on_air() as (_, adapter), talking_to(adapter) as (link, control):
            told_ns = NOW_NS - 5000 * NS_PER_S
            await link.write(uuid, encode_current_time(told_ns))
            assert abs(decode_current_time(await link.read(uuid)) - told_ns) < NS_PER_S
            assert abs((await control.clock()).unix_s - told_ns // NS_PER_S) <= 1
            with pytest.raises(BandRefusedError):
                await link.write(uuid, bytes(10))

    run_virtually(test())


@given(st.lists(st.floats(-20, 20), min_size=3, max_size=30), st.sampled_from([2, 4, 8, 16]))
@settings(max_examples=100)
def test_quantising_rounds_to_half_a_count_and_clips_at_the_ends(values: list[float], range_g: int) -> None:
    accel_g = np.array(values[: len(values) // 3 * 3]).reshape(-1, 3)
    back_g = quantise(accel_g, range_g) * (range_g / 32768)
    inside = np.clip(accel_g, -range_g, range_g * 32767 / 32768)
    assert np.abs(back_g - inside).max() <= range_g / 65536 + 1e-12


def test_a_recording_becomes_a_log_at_its_own_moments() -> None:
    start_ns = NOW_NS - 86_400 * NS_PER_S
    accel_g = (np.arange(3000).reshape(1000, 3) % 17 / 16).astype(np.float32)
    times = start_ns + np.arange(1000, dtype=np.int64) * 40_000_000
    recording = Recording.from_times(accel_g, times)
    band_clock = BandClock(NOW_NS - 2 * 86_400 * NS_PER_S, now_ns=lambda: NOW_NS)
    log = log_of(recording, band_clock)
    assert log.trace.rate_hz == 25.0
    assert log.start_ticks == 86_400 * TICKS_HZ
    assert np.array_equal(log.trace.samples * (8 / 32768), accel_g)
    assert np.array_equal(trace_of(recording).samples, log.trace.samples)
