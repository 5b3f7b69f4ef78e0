"""Yes-or-no outcomes against geepack, and what happens where odds are infinite or nothing converges."""

import os
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from trial_reference import VISITS, made_table, reference, table

from activity.errors import EmptyCellError, MissingExtraError, TrialDataError
from activity.trial.analysis import binary
from activity.trial.analysis.binary import Working, crude_difference, fit_binary, number_needed, responders
from activity.trial.analysis.estimate import estimate

if not os.environ.get("CI"):
    pytest.importorskip("statsmodels", reason="needs the extra `trial`")


@pytest.mark.parametrize("working", [Working.INDEPENDENCE, Working.EXCHANGEABLE])
def test_coefficients_and_robust_errors_are_those_of_geepack(working: Working) -> None:
    wanted, ours = reference()[f"gee_{working}"], fit_binary(table(), responders(table()), working=working)
    at = [index for index, name in enumerate(ours.names) if name.startswith("arm=") or name == "baseline"]
    np.testing.assert_allclose(ours.beta[at], wanted["value"], rtol=1e-4)
    np.testing.assert_allclose(np.sqrt(np.diag(ours.beta_covariance))[at], wanted["se"], rtol=1e-3)
    np.testing.assert_allclose(ours.correlation, wanted["alpha"], rtol=1e-4)
    risk = ours.risk_difference("app", "month_3")
    np.testing.assert_allclose([risk.value, risk.se], wanted["risk_difference"], rtol=1e-4)
    assert ours.fallbacks == ()


def test_unstructured_is_near_geepacks_which_estimates_the_correlations_otherwise() -> None:
    """statsmodels divides a pair's products by each visit's own spread, geepack by one for all."""
    wanted, ours = (
        reference()["gee_unstructured"],
        fit_binary(table(), responders(table()), working=Working.UNSTRUCTURED),
    )
    at = [index for index, name in enumerate(ours.names) if name.startswith("arm=") or name == "baseline"]
    off = (ours.beta[at] - wanted["value"]) / np.array(wanted["se"])
    assert np.abs(off).max() < 0.1
    np.testing.assert_allclose(np.sqrt(np.diag(ours.beta_covariance))[at], wanted["se"], rtol=0.01)
    assert len(ours.correlation) == 6


def test_an_odds_ratio_is_the_exponential_of_its_coefficient() -> None:
    ours = fit_binary(table(), responders(table()))
    ratio = ours.odds_ratio("app", "month_3")
    assert np.log(ratio.value) == pytest.approx(ours.beta[ours.names.index("arm=app@month_3")])
    assert np.sqrt(ratio.low * ratio.high) == pytest.approx(ratio.value)


def test_responders_are_known_only_with_both_values(rng) -> None:
    made = made_table(rng, missing=0.3)
    found = responders(made, 2.0)
    assert (np.isnan(found) == np.isnan(made.values[:, 1:])).all()
    fall = made.baseline[:, None] - made.values[:, 1:]
    assert (found[~np.isnan(found)] == (fall[~np.isnan(found)] >= 2.0)).all()


def test_a_fall_of_just_the_points_is_a_response(rng) -> None:
    made = made_table(rng)
    values = np.repeat(made.values[:, :1].round(), 4, axis=1) - np.array([0.0, 3.0, 4.0, 5.0])
    assert responders(made.with_values(values))[0].tolist() == [0.0, 1.0, 1.0]


def test_people_without_a_baseline_are_left_out_and_counted(rng) -> None:
    made = made_table(rng, people=120)
    success = responders(made, 2.0)
    values = made.values.copy()
    values[:3, 0] = np.nan
    ours = fit_binary(made.with_values(values), success)
    assert ours.left_out == 3
    assert ours.people == 117


def test_swapping_success_and_failure_turns_the_odds_over(rng) -> None:
    made = made_table(rng, people=120, missing=0.1)
    success = responders(made, 1.0)
    one, other = fit_binary(made, success), fit_binary(made, 1 - success)
    assert one.odds_ratio("app", "v1").value * other.odds_ratio("app", "v1").value == pytest.approx(1, rel=1e-5)
    risk, turned = one.risk_difference("app", "v1"), other.risk_difference("app", "v1")
    assert risk.value == pytest.approx(-turned.value, abs=1e-7)


def test_separated_data_give_crude_shares_and_no_odds(rng) -> None:
    made = made_table(rng)
    success = responders(made, 1.0)
    success[made.arm == 1, 1] = 1.0
    ours = fit_binary(made, success)
    assert ours.separated
    assert np.isnan(ours.odds_ratio("app", "v2").value)
    assert [fallback.used for fallback in ours.fallbacks] == ["crude shares"]
    risk = ours.risk_difference("app", "v2")
    successes, seen = ours.counts("usual", "v2")
    assert risk.value == pytest.approx(1 - successes / seen)
    assert risk.low < risk.value <= risk.high


def test_data_that_are_not_separated_are_not_called_so(rng) -> None:
    for _ in range(10):
        assert not fit_binary(made_table(rng), responders(made_table(rng), 0.0)).separated


def test_what_does_not_converge_falls_back_on_independence_by_name(rng, monkeypatch) -> None:
    made = made_table(rng)
    real = binary._estimating_equations

    def stubborn(rows, success, seen, working):
        return real(rows, success, seen, working) if working is Working.INDEPENDENCE else (None, "not converged")

    monkeypatch.setattr(binary, "_estimating_equations", stubborn)
    ours = fit_binary(made, responders(made, 1.0))
    assert ours.working is Working.INDEPENDENCE
    assert str(ours.fallbacks[0]) == "exchangeable working correlation -> independence: not converged"


@pytest.mark.parametrize("working", [Working.EXCHANGEABLE, Working.UNSTRUCTURED])
def test_one_answer_a_person_has_no_correlation_and_says_so(rng, working: Working) -> None:
    made = made_table(rng, visits=2)
    ours = fit_binary(made, responders(made, 1.0), working=working)
    assert ours.working is Working.INDEPENDENCE
    assert ours.fallbacks[0].reason == "nobody was seen at two visits"


def test_newcombes_interval_is_that_of_his_example() -> None:
    found = crude_difference((56, 70), (48, 80))  # Newcombe 1998, Stat Med 17:873, table II, row (a), method 10
    assert (round(found.value, 4), round(found.low, 4), round(found.high, 4)) == (0.2, 0.0524, 0.3339)


def test_a_number_needed_is_the_inverse_with_its_ends_turned() -> None:
    found = number_needed(estimate(0.13, 0.04))
    assert found.value == pytest.approx(7.69, abs=0.01)
    assert not found.through_infinity
    assert found.low == pytest.approx(1 / (0.13 + 1.96 * 0.04), rel=1e-4)
    assert str(found) == "7.7 to benefit (4.8 to 19.4)"


def test_an_interval_with_zero_runs_through_infinity() -> None:
    found = number_needed(estimate(0.10, 0.10))  # Altman 1998: benefit 3.4 to infinity to harm 10.4
    assert found.through_infinity
    assert str(found) == "10.0 to benefit (benefit 3.4 to infinity to harm 10.4)"


@given(st.floats(-0.9, 0.9), st.floats(0.001, 0.5))
def test_a_number_needed_of_the_opposite_is_harm_as_large(value: float, se: float) -> None:
    one, other = number_needed(estimate(value, se)), number_needed(estimate(-value, se))
    assert one.value == other.value
    assert one.through_infinity == other.through_infinity
    assert sorted((one.low, one.high)) == pytest.approx(sorted((other.low, other.high)))
    assert min(one.low, one.high) >= 0


def test_successes_that_are_not_are_refused(rng) -> None:
    made = made_table(rng)
    with pytest.raises(TrialDataError, match="neither"):
        fit_binary(made, np.full((80, 3), 0.5))
    with pytest.raises(TrialDataError, match="shape"):
        fit_binary(made, np.zeros((80, 4)))
    success = responders(made)
    success[made.arm == 1, 1] = np.nan
    with pytest.raises(EmptyCellError, match="'app', visit 'v2'"):
        fit_binary(made, success)


def test_without_statsmodels_the_extra_is_named(rng, monkeypatch) -> None:
    made = made_table(rng)
    monkeypatch.setitem(sys.modules, "statsmodels.genmod", None)
    with pytest.raises(MissingExtraError, match="the extra `trial`") as caught:
        fit_binary(made, responders(made, 1.0))
    assert "selfback[trial]" in caught.value.remedy


def test_there_are_no_successes_at_the_baseline() -> None:
    with pytest.raises(TrialDataError, match="baseline"):
        fit_binary(table(), responders(table())).odds_ratio("app", VISITS[0])
