"""Imputation and its pooling against mice and formulas; shifts and complete people."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from trial_reference import made_table, reference, table

from activity.errors import TooFewPeopleError, TrialDataError
from activity.trial.analysis.clda import fit_clda
from activity.trial.analysis.imputation import impute, pool
from activity.trial.analysis.regression import ancova
from activity.trial.analysis.sensitivity import complete_cases, imputed_difference, tipping_point


def test_imputed_differences_are_those_of_mice_within_the_noise_of_both() -> None:
    wanted = reference()["mice"]
    ours = imputed_difference(table(), impute(table(), 150, np.random.default_rng(11)), "app", "month_3")
    theirs_noise = np.sqrt(wanted["between"][0] / wanted["imputations"][0])
    assert abs(ours.estimate.value - wanted["value"][0]) < 3.5 * np.hypot(ours.noise, theirs_noise)
    assert ours.within == pytest.approx(wanted["within"][0], rel=0.01)
    assert ours.estimate.se == pytest.approx(wanted["se"][0], rel=0.03)
    assert ours.estimate.df == pytest.approx(wanted["df"][0], rel=0.06)


def test_imputing_agrees_with_the_likelihood_which_assumes_the_same() -> None:
    ours = imputed_difference(table(), impute(table(), 60, np.random.default_rng(2)), "app", "month_3").estimate
    theirs = fit_clda(table()).difference("app", "month_3")
    assert abs(ours.value - theirs.value) < 0.25 * theirs.se


def test_what_was_seen_stays_and_what_was_not_is_filled(rng) -> None:
    made = made_table(rng, missing=0.3)
    filled = impute(made, 3, rng, burn_in=5, between=2)
    seen = ~np.isnan(made.values)
    assert not np.isnan(filled).any()
    for values in filled:
        np.testing.assert_array_equal(values[seen], made.values[seen])
    assert np.ptp(filled[:, ~seen], axis=0).min() > 0


def test_the_same_seed_imputes_the_same(rng) -> None:
    made = made_table(rng, missing=0.3)
    one, other = (impute(made, 2, np.random.default_rng(4), burn_in=3, between=1) for _ in range(2))
    np.testing.assert_array_equal(one, other)


def test_imputed_values_keep_the_visits_means_and_spread() -> None:
    """In a large trial with values missing by chance, what is imputed is distributed as what was hidden."""
    rng = np.random.default_rng(8)
    whole = made_table(rng, people=4000)
    hidden = rng.random(whole.values.shape) < 0.3
    filled = impute(whole.with_values(np.where(hidden, np.nan, whole.values)), 2, rng, burn_in=10, between=5)[1]
    for visit in range(4):
        truth, drawn = whole.values[hidden[:, visit], visit], filled[hidden[:, visit], visit]
        assert drawn.mean() == pytest.approx(truth.mean(), abs=0.4)
        assert drawn.std() == pytest.approx(truth.std(), rel=0.08)
    assert np.corrcoef(filled.T)[0, 1] == pytest.approx(np.corrcoef(whole.values.T)[0, 1], abs=0.03)


def test_an_arm_too_small_for_its_visits_is_refused(rng) -> None:
    with pytest.raises(TooFewPeopleError, match="visits"):
        impute(made_table(rng, people=24, visits=6), 2, rng)


@given(st.lists(st.floats(-5, 5), min_size=2, max_size=30), st.floats(0.1, 4), st.floats(10, 500))
def test_pooling_is_rubins_rule_and_never_has_more_degrees_than_complete_data(values, variance, df) -> None:
    ours = pool(values, [variance] * len(values), df)
    between = np.var(values, ddof=1)
    assert ours.estimate.value == pytest.approx(np.mean(values))
    assert ours.estimate.se == pytest.approx(np.sqrt(variance + (1 + 1 / len(values)) * between))
    assert ours.estimate.df <= df
    assert 0 <= ours.missing_information < 1


def test_degrees_of_barnard_and_rubin_by_hand() -> None:
    ours = pool([1.0, 2.0, 3.0], [2.0, 2.0, 2.0], 20.0)  # between 1, share (4/3)/(10/3) = 0.4
    old, observed = 2 / 0.4**2, 21 / 23 * 20 * 0.6
    assert ours.estimate.df == pytest.approx(old * observed / (old + observed))
    assert ours.estimate.p == pytest.approx(2 * stats.t.sf(2 / np.sqrt(10 / 3), ours.estimate.df))


def test_without_anything_missing_pooling_gives_the_plain_analysis(rng) -> None:
    made = made_table(rng)
    ours = imputed_difference(made, impute(made, 2, rng, burn_in=1, between=1), "app", "v2")
    value, variance, df = ancova(made, made.values, "app", "v2")
    assert (ours.estimate.value, ours.within, ours.between) == (pytest.approx(value), pytest.approx(variance), 0)
    assert ours.estimate.df < df


def test_a_delta_shifts_the_treated_arms_imputed_values_alone(rng) -> None:
    made = made_table(rng, missing=0.3)
    imputed = impute(made, 5, rng, burn_in=10, between=2)
    none, some, more = (imputed_difference(made, imputed, "app", "v2", delta=d).estimate.value for d in (0.0, 1.0, 2.0))
    assert 0 < some - none < 0.6
    assert more - some == pytest.approx(some - none)


def test_a_delta_leaves_an_imputed_baseline_alone(rng) -> None:
    made = made_table(rng)
    values = made.values.copy()
    values[::7, 0] = np.nan
    made = made.with_values(values)
    imputed = impute(made, 2, rng, burn_in=3, between=1)
    none, some = (imputed_difference(made, imputed, "app", "v2", delta=delta) for delta in (0.0, 3.0))
    assert some == none


def test_the_tipping_point_is_where_the_interval_first_holds_zero(rng) -> None:
    made = made_table(rng, people=160, missing=0.25, effect=-2.5)
    imputed = impute(made, 10, rng, burn_in=10, between=3)
    tipped = tipping_point(made, imputed, "app", "v2", limit=20.0)
    assert tipped.delta is not None
    assert tipped.at.estimate.high == pytest.approx(0, abs=0.01)
    before = imputed_difference(made, imputed, "app", "v2", delta=tipped.delta - 0.01).estimate
    assert before.high < 0
    short = tipping_point(made, imputed, "app", "v2", limit=tipped.delta / 2)
    assert short.delta is None


def test_a_result_without_effect_tips_at_once(rng) -> None:
    made = made_table(rng, missing=0.2, effect=0.0)
    imputed = impute(made, 5, rng, burn_in=10, between=3)
    assert tipping_point(made, imputed, "app", "v2", limit=5.0).delta == 0.0


def test_nonsense_limits_and_imputations_are_refused(rng) -> None:
    made = made_table(rng, missing=0.2)
    imputed = impute(made, 2, rng, burn_in=2, between=1)
    with pytest.raises(TrialDataError, match="limit"):
        tipping_point(made, imputed, "app", "v2", limit=0.0)
    with pytest.raises(TrialDataError, match="imputations of shape"):
        imputed_difference(made, imputed[:1], "app", "v2")


def test_complete_people_are_those_seen_at_every_visit(rng) -> None:
    made = made_table(rng, missing=0.2)
    ours = complete_cases(made)
    assert ours.people == int((~np.isnan(made.values)).all(axis=1).sum())
    assert ours.observations == 4 * ours.people
