"""The virtual clock: hours pass in no time, timers keep their order, threads are waited for."""

import asyncio
import time

from hypothesis import given, settings
from hypothesis import strategies as st

from device.simulator.virtual_time import run_virtually


def test_an_hour_of_sleep_takes_no_time() -> None:
    async def test() -> float:
        began = asyncio.get_running_loop().time()
        for _ in range(3600):
            await asyncio.sleep(1)
        return asyncio.get_running_loop().time() - began

    began = time.monotonic()
    assert abs(run_virtually(test()) - 3600) < 1e-6
    assert time.monotonic() - began < 60


@given(st.lists(st.integers(0, 1000), min_size=1, max_size=20))
@settings(max_examples=50)
def test_timers_fire_in_order_at_their_times(delays: list[int]) -> None:
    fired: list[tuple[float, int]] = []

    async def wait(delay: int) -> None:
        await asyncio.sleep(delay)
        fired.append((asyncio.get_running_loop().time(), delay))

    async def test() -> None:
        await asyncio.gather(*(wait(delay) for delay in delays))

    run_virtually(test())
    assert [delay for _, delay in fired] == sorted(delays)
    assert all(abs(at - delay) < 1e-6 for at, delay in fired)


def test_the_clock_stands_still_while_a_thread_works() -> None:
    async def test() -> float:
        loop = asyncio.get_running_loop()
        ticking = asyncio.create_task(tick())
        began = loop.time()
        await asyncio.to_thread(time.sleep, 0.05)
        stood = loop.time() - began
        ticking.cancel()
        return stood

    async def tick() -> None:
        for _ in range(1_000_000):
            await asyncio.sleep(0.001)

    assert run_virtually(test()) < 0.05


def test_the_clock_starts_where_it_is_told() -> None:
    async def test() -> float:
        return asyncio.get_running_loop().time()

    assert run_virtually(test(), start_s=1e6) == 1e6
