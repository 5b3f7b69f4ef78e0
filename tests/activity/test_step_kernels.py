"""The step counter's kernels against slow, obvious twins."""

import itertools

import numpy as np
import oracles
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from activity.steps import _kernels
from activity.steps.tables import CADENCES, CELL_HZ, SIZE_CELLS, TEETH, frames_of, tables

seeds = st.integers(0, 2**32 - 1)


def sixteenths(seed: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(-40, 40, shape) / 16.0


@given(seeds, st.sampled_from([12.5, 25.0, 50.0, 100.0]), st.integers(-80, 120))
@settings(max_examples=25, deadline=None)
def test_points_are_weighted_means_of_the_rows_that_came(seed: int, rate_hz: float, first: int) -> None:
    t = tables(rate_hz, round(10 * rate_hz))
    accel_g = sixteenths(seed, 150, 3).astype(np.float32)
    accel_g[np.random.default_rng(seed).random(150) < 0.3] = np.nan
    out, came = np.full((4, 40), 7.0), np.ones(40, dtype=bool)
    _kernels.soften(accel_g, first, t.apart, t.soft, t.least_weight, 30, out, came)
    expected, expected_came = oracles.step_points(accel_g, first, t.apart, t.soft, t.least_weight, 30)
    assert np.array_equal(came[:30], expected_came)
    assert out[:, :30] == pytest.approx(expected, abs=1e-12)
    assert np.all(out[:, 30:] == 7.0)


@given(seeds, st.integers(1, 9))
@settings(max_examples=25, deadline=None)
def test_the_trend_is_a_mean_of_means_of_what_came(seed: int, reach: int) -> None:
    values = sixteenths(seed, 60)
    came = np.random.default_rng(seed).random(60) < 0.7
    values[~came] = 0.0
    scratch, weight, trend = np.empty(60), np.empty(60), np.empty(60)
    _kernels.box(came.astype(float), reach, scratch)
    _kernels.box(scratch, reach, weight)
    _kernels.detrend(values, weight, reach, scratch, trend)
    assert trend == pytest.approx(oracles.box_of_box(values, came, reach), abs=1e-9)


@given(seeds, st.integers(0, 99))
@settings(max_examples=25, deadline=None)
def test_the_spectrum_is_that_of_the_tapered_wave(seed: int, middle: int) -> None:
    t = tables(25.0, 250)
    values = sixteenths(seed, 100)
    cells = t.size_cosine.shape[1]
    even, odd, out = np.empty(cells, np.float32), np.empty(cells, np.float32), np.empty(cells)
    _kernels.spectrum(values, middle, t.size_cosine, t.size_sine, even, odd, out)
    expected = oracles.wave_power(values, middle, t.size_cosine.astype(float), t.size_sine.astype(float))
    assert out == pytest.approx(expected, rel=1e-4, abs=1e-5)


@given(seeds, st.integers(1, 5), st.integers(1, 4))
@settings(max_examples=40, deadline=None)
def test_the_best_path_is_the_best_of_all(seed: int, n: int, states: int) -> None:
    score, cost = sixteenths(seed, n, states), np.abs(sixteenths(seed + 1, states, states))
    np.fill_diagonal(cost, 0.0)
    path = np.full(n, -1, dtype=np.int64)
    _kernels.best_path(score, cost, path)

    def worth(states_of: tuple[int, ...]) -> float:
        moves = sum(cost[a, b] for a, b in itertools.pairwise(states_of))
        return float(sum(score[i, s] for i, s in enumerate(states_of)) - moves)

    assert worth(tuple(path)) == worth(oracles.best_path(score, cost))


@given(st.integers(0, 28), st.floats(-np.pi, np.pi))
@settings(max_examples=40, deadline=None)
def test_the_phase_of_a_wave_at_its_cadence_is_its_phase(cadence: int, phase: float) -> None:
    t = tables(25.0, 250)
    turn = 2.0 * np.pi * CADENCES[cadence] * CELL_HZ * np.arange(200) / 12.5
    even, odd = np.empty(12), np.empty(12)
    rows = (t.wave_cosine[cadence], t.wave_sine[cadence], t.wave_reach[cadence])
    _kernels.demodulate(np.cos(turn + phase), 90, *rows, even, odd)
    off = np.angle((even + 1j * odd) * np.exp(-1j * (turn[90:102] + phase)))
    assert np.abs(off).max() < 0.12
    assert np.hypot(even, odd) == pytest.approx(np.ones(12), abs=0.12)


@given(seeds, st.integers(0, 12))
@settings(max_examples=40, deadline=None)
def test_the_middle_is_the_upper_median(seed: int, n: int) -> None:
    values = sixteenths(seed, 12)
    expected = np.sort(values[:n])[n // 2] if n else 0.0
    assert _kernels.middle_of(values, n) == expected


def test_teeth_stand_at_the_multiples_of_the_cadence() -> None:
    t = tables(25.0, 250)
    for c, cadence in enumerate(CADENCES):
        for h, multiple in enumerate(TEETH):
            place = t.teeth[c, h]
            outside = 2 * (SIZE_CELLS.size if h < 5 else t.axes_cosine.shape[1]) - 1
            if place != outside:
                assert (SIZE_CELLS[0] + place / 2) == pytest.approx(multiple * cadence)


@pytest.mark.parametrize("rate_hz", [8.0, 12.5, 20.0, 25.0, 30.0, 31.25, 50.0, 64.0, 100.0, 200.0])
def test_tables_of_every_rate_reach_no_further_than_they_say(rate_hz: float) -> None:
    width = round(10 * rate_hz)
    t = tables(rate_hz, width)
    soft = t.soft.size - 1
    assert t.before * t.apart + soft <= 6.0 * rate_hz
    assert (t.window_points + t.after - 1) * t.apart + soft - (width - 1) <= 2.0 * rate_hz + t.apart
    assert t.handover < frames_of(t)
    assert t.before >= t.wave_reach.max()
