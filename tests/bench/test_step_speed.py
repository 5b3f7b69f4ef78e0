"""How long the steps of a week take; run on demand and judged by eye.

Run: ``pytest tests/bench/test_step_speed.py -o addopts=--import-mode=importlib -s``
"""

from typing import Any

import numpy as np
import pytest

from activity.labels import ACTIVITIES, Activity
from activity.signal.regularise import GRID_RATE_HZ, Grid, regularise
from activity.steps.peaks import step_times_ns
from activity.windows import WINDOW_S, Windows
from device.simulator.motion import Part, Wearer, synthesise

WEEK_S = 7 * 86_400


@pytest.fixture(scope="module")
def week() -> Grid:
    """Seven days of walking at the rate of the grid: 15.1 million rows."""
    made = synthesise((Part("walk", 100),), Wearer.draw(400), rate_hz=GRID_RATE_HZ, seed=1, start_ns=0)
    accel_g = regularise(made.recording).accel_g
    rows = round(WEEK_S * GRID_RATE_HZ)
    return Grid(np.tile(accel_g, (-(-rows // len(accel_g)), 1))[:rows], GRID_RATE_HZ, 0)


@pytest.mark.benchmark(group="steps of a week")
@pytest.mark.parametrize("share", [0.25, 1.0])
def test_steps(benchmark: Any, week: Grid, share: float) -> None:
    windows = Windows.of_seconds(WINDOW_S, GRID_RATE_HZ)
    n = windows.count(len(week))
    of_hour = np.arange(n) % 360
    codes = np.where(of_hour < 360 * share, ACTIVITIES.index(Activity.WALKING), 0).astype(np.int8)
    step_times_ns(week, windows, codes[:100])  # compile outside the clock
    found = benchmark.pedantic(step_times_ns, (week, windows, codes), rounds=5)
    seconds = benchmark.stats["median"]
    print(
        f"\n{share:.0%} of {n:,} windows stepping: {found.size:,} steps in {seconds:.2f} s, {WEEK_S / seconds:,.0f} x"
    )
