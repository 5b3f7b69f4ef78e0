"""Clock lines: what a stall does to arrivals must not reach the samples."""

import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.timebase import lower_line, unwrap, unwrap_near

HZ = 32_768
NS = 1_000_000_000
START_NS = 1_700_000_000 * NS


def arrivals(
    rng: np.random.Generator, hours: float, ppm: float, stalls_s: float = 3.0, wobble_ppm: float = 0.0
) -> tuple[np.ndarray, ...]:
    """Ten samples a packet at 50 Hz through a link with 30 ms events, jitter, and stalls that end in bursts.

    ``wobble_ppm`` is how far a day's warmth and cold take the crystal from its mean, up and down.
    """
    n = round(hours * 3600 / 0.2)
    day = 2 * np.pi * 0.2 / 86_400
    wobbled_s = wobble_ppm / 1e6 * (1 - np.cos(np.arange(n) * day)) / day * 0.2
    ticks = np.round((np.arange(n) * 0.2 * (1 - ppm / 1e6) - wobbled_s) * HZ).astype(np.int64)
    true_ns = START_NS + np.round(np.arange(n) * 0.2 * NS).astype(np.int64)
    late_s = rng.gamma(1.0, 0.004, n) + rng.uniform(0, 0.030, n)
    for at in rng.choice(n, n // 300, replace=False):
        length = rng.uniform(0.1, stalls_s)
        held = slice(at, at + int(length / 0.2) + 1)
        late_s[held] = np.maximum(late_s[held], length - 0.2 * np.arange(len(late_s[held])))
    received_ns = np.maximum.accumulate(true_ns + (late_s * NS).astype(np.int64))
    kept = rng.random(n) > 0.002
    return ticks[kept], true_ns[kept], received_ns[kept]


@pytest.mark.parametrize("ppm", [-80.0, 0.0, 35.0, 100.0])
@pytest.mark.parametrize("seed", range(3))
def test_two_hours_with_stalls_are_timed_to_a_millisecond_but_for_a_constant(ppm: float, seed: int) -> None:
    ticks, true_ns, received_ns = arrivals(np.random.default_rng(seed), 2.0, ppm)
    assert (received_ns - true_ns).max() > 2 * NS
    line = lower_line(ticks, received_ns, HZ)
    error_ns = line.to_ns(ticks) - true_ns
    assert np.abs(error_ns - np.median(error_ns)).max() < 1_000_000
    assert 0 <= np.median(error_ns) < 10_000_000
    assert line.drift_ppm == pytest.approx(ppm, abs=0.5)
    assert line.measured
    assert 0.02 * NS < line.residual_p95_ns < 4 * NS


@pytest.mark.parametrize("seed", range(2))
def test_a_day_is_timed_to_five_milliseconds_but_for_a_constant(seed: int) -> None:
    ticks, true_ns, received_ns = arrivals(np.random.default_rng(seed), 24.0, 35.0)
    error_ns = lower_line(ticks, received_ns, HZ).to_ns(ticks) - true_ns
    bias_ns = np.median(error_ns)
    worst_ns = np.abs(error_ns - bias_ns).max()
    print(f"\n24 h, 35 ppm: constant bias {bias_ns / 1e6:.2f} ms, then at most {worst_ns / 1e6:.3f} ms off")
    assert 0 <= bias_ns < 10_000_000
    assert worst_ns < 5_000_000


def test_a_short_stretch_keeps_the_nominal_rate() -> None:
    ticks, true_ns, received_ns = arrivals(np.random.default_rng(0), 50 / 3600, 35.0)
    line = lower_line(ticks, received_ns, HZ)
    assert (line.measured, line.drift_ppm, line.ns_per_tick) == (False, 0.0, NS / HZ)
    assert np.abs(line.to_ns(ticks) - true_ns).max() < 40_000_000


@given(st.lists(st.tuples(st.integers(0, 2**36), st.integers(0, 2**45)), min_size=1, max_size=40))
def test_no_arrival_is_before_the_line_and_the_order_does_not_matter(points: list[tuple[int, int]]) -> None:
    ticks, arrival_ns = (np.array(column, dtype=np.int64) for column in zip(*points, strict=True))
    line = lower_line(ticks, arrival_ns, HZ)
    assert (arrival_ns - line.to_ns(ticks)).min() >= -1_000
    assert lower_line(ticks[::-1], arrival_ns[::-1], HZ) == line


@given(st.integers(0, 2**33), st.lists(st.integers(-(2**15) + 1, 2**15 - 1), max_size=60))
def test_a_counter_is_unwrapped_as_long_as_its_steps_are_less_than_half_way_round(start: int, steps: list[int]) -> None:
    true = start % 2**16 + np.concatenate([[0], np.cumsum(np.array(steps, dtype=np.int64))])
    assert unwrap(true % 2**16, 16).tolist() == true.tolist()


@given(st.lists(st.tuples(st.integers(0, 2**40), st.integers(-(2**31) + 1, 2**31 - 1)), min_size=1, max_size=40))
def test_a_counter_is_unwrapped_near_what_is_expected(points: list[tuple[int, int]]) -> None:
    true, off = (np.array(column, dtype=np.int64) for column in zip(*points, strict=True))
    assert unwrap_near(true % 2**32, 32, true + off).tolist() == true.tolist()


def test_a_day_of_arrivals_is_fitted_in_seconds() -> None:
    ticks, _, received_ns = arrivals(np.random.default_rng(1), 24.0, 20.0)
    begun_s = time.perf_counter()
    lower_line(ticks, received_ns, HZ)
    assert time.perf_counter() - begun_s < 20.0
