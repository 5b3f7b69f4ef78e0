"""Spells without wear: every stretch that a rule describes is found, and a week of rest costs milliseconds."""

import time

import numpy as np
import oracles
from hypothesis import given, settings
from hypothesis import strategies as st

from activity.epochs import UNKNOWN
from activity.signal.metrics import Moments
from activity.signal.wear import RULES, find_wear

SEEDS = st.integers(0, 2**32 - 1)


def wandering(n, rng, sd_g=0.003):
    """A band that lies still, now and then turned, moved or silent."""
    mean_g = np.cumsum(rng.normal(0, 0.001, (n, 3)), axis=0) + (rng.random(n) < 0.02).cumsum()[:, None] * 0.1
    spread_g = sd_g + np.abs(rng.normal(0, 0.0005, (n, 3)))
    spread_g[rng.random(n) < 0.02] = 0.1
    coverage = np.where(rng.random(n) < 0.01, 0.0, 1.0)
    mean_g[coverage == 0.0] = np.nan
    spread_g[coverage == 0.0] = np.nan
    return Moments(coverage, mean_g, spread_g, np.zeros(n))


@given(SEEDS, st.integers(1, 300), st.sampled_from([10.0, 30.0, 60.0]))
@settings(max_examples=40, deadline=None)
def test_not_worn_is_every_stretch_that_a_rule_describes_and_nothing_else(seed, n, width_s):
    seen = wandering(n, np.random.default_rng(seed))
    expected = np.zeros(n, dtype=bool)
    for rule in RULES:
        quiet = (seen.coverage > 0) & (np.nan_to_num(seen.sd_g, nan=1.0) < rule.sd_g).all(axis=1)
        measures = np.hstack([seen.mean_g / rule.range_g, seen.sd_g / rule.sd_range_g])
        expected |= oracles.spells(measures, quiet, round(rule.length_s / width_s))
    worn = find_wear(seen, width_s)
    np.testing.assert_array_equal(worn == 0, expected)
    np.testing.assert_array_equal(worn == UNKNOWN, seen.coverage == 0)


def test_a_week_of_rest_costs_milliseconds():
    seen = wandering(60_480, np.random.default_rng(0))
    find_wear(seen, 10.0)
    begin = time.perf_counter()
    worn = find_wear(seen, 10.0)
    assert time.perf_counter() - begin < 0.25  # 0.03 s where nothing else runs
    assert (worn == 0).any()
