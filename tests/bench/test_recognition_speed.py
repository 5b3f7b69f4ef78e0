"""How long recognition takes beside one parallel sum over the same samples; run on demand and judged by eye.

A ratio to what memory allows says more than seconds: it holds on other machines, too. The week is twenty-one
simulated working days of eight hours at 100 Hz, laid end to end: 60.48 million samples of three axes.

Run: ``pytest tests/bench/test_recognition_speed.py -o addopts=--import-mode=importlib -s``
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

import numpy as np
import pytest
from numba import njit, prange

from activity.classify.artefact import load_model
from activity.classify.model import predict
from activity.errors import ModelError
from activity.features.table import FEATURES, compute_features
from activity.recognise import recognise
from activity.signal.metrics import moments
from activity.signal.regularise import Grid, regularise
from activity.steps.peaks import step_times_ns
from activity.windows import Windows
from device.recording import NS_PER_S, Recording
from device.simulator.motion import Wearer, synthesise, working_day

RATE_HZ = 100.0
START_NS = 1_790_000_000 * NS_PER_S
SAMPLES = 60_480_000
ROUNDS = 5


def parallel_sum(values):
    """Add up all samples as one writes it; nothing that reads every sample can be much faster."""
    total = 0.0
    for i in prange(values.size):
        total += values[i]
    return total


in_order = njit(parallel=True)(parallel_sum)  # the yardstick
in_any_order = njit(parallel=True, fastmath=True)(parallel_sum)  # as fast as memory


@dataclass(frozen=True, slots=True)
class Took:
    """Medians of a few runs: by the clock, and of the processors, which says more on a machine that others use."""

    clock_s: float
    busy_s: float


def seconds(work: Callable[[], object]) -> Took:
    """Time a few runs, after one that compiles and touches all memory."""
    work()
    took = []
    for _ in range(ROUNDS):
        start_s, busy_s = time.perf_counter(), time.process_time()
        work()
        took.append((time.perf_counter() - start_s, time.process_time() - busy_s))
    return Took(*(median(column) for column in zip(*took, strict=True)))


@pytest.fixture(scope="module")
def week() -> Recording:
    """A week at 100 Hz, in memory: 1.2 GB."""
    day = synthesise(working_day(START_NS, 1), Wearer(), rate_hz=RATE_HZ, seed=1, start_ns=START_NS).recording
    accel_g = np.resize(day.accel_g, (SAMPLES, 3))
    return Recording.from_times(accel_g, START_NS + np.arange(SAMPLES) * round(NS_PER_S / RATE_HZ))


@pytest.fixture(scope="module")
def one_sum(week: Recording) -> Took:
    """One parallel sum over the week."""
    flat = week.accel_g.reshape(-1)
    took, fastest = seconds(lambda: in_order(flat)), seconds(lambda: in_any_order(flat))
    print(
        f"\n{SAMPLES:,} samples, {flat.nbytes / 1e6:.0f} MB; sum {took.clock_s:.3f} s, busy {took.busy_s:.3f} s", end=""
    )
    print(f" (summed in any order {fastest.clock_s:.3f} s, busy {fastest.busy_s:.3f} s)")
    return took


def say(name: str, took: Took, one_sum: Took) -> None:
    sums, busy = took.clock_s / one_sum.clock_s, took.busy_s / one_sum.busy_s
    week_s = SAMPLES / RATE_HZ
    print(f"\n{name:32s} {took.clock_s:6.3f} s {sums:6.1f} sums   busy {took.busy_s:6.3f} s {busy:6.1f} sums", end="")
    print(f"  {week_s / took.clock_s:12,.0f} × real time")


def test_samples_to_features(week: Recording, one_sum: Took) -> None:
    say("a recording of arrays", seconds(lambda: Recording(week.accel_g, week.time_ns, week.segments)), one_sum)
    say("regularise, 100 to 25 Hz", seconds(lambda: regularise(week, 25.0)), one_sum)
    grid = regularise(week, 25.0)
    windows = Windows.of_seconds(10.0, 25.0)
    say("moments", seconds(lambda: moments(grid, windows)), one_sum)
    say(f"{len(FEATURES)} features", seconds(lambda: compute_features(grid, windows)), one_sum)
    one = Grid(grid.accel_g[: windows.width_samples], grid.rate_hz, grid.start_ns)
    live = seconds(lambda: compute_features(one, windows))
    print(f"\n{'features of one window, live':32s} {1e3 * live.clock_s:6.3f} ms")


def test_samples_to_epochs(week: Recording, one_sum: Took) -> None:
    try:
        model = load_model()
    except ModelError as error:
        pytest.skip(f"no model to run: {error}")
    grid = regularise(week, model.rate_hz)
    windows = Windows.of_seconds(model.width_s, model.rate_hz)
    say("predict, features included", seconds(lambda: predict(model, grid, windows)), one_sum)
    found = recognise(week, model)
    say("steps", seconds(lambda: step_times_ns(grid, windows, found.epochs.activity)), one_sum)
    say("all: samples to epochs and steps", seconds(lambda: recognise(week, model)), one_sum)
