"""The constrained analysis against R, against closed forms, and against a slow, obvious likelihood."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from trial_reference import VISITS, made_table, reference, table

from activity.errors import SingularCovarianceError, TrialDataError
from activity.trial.analysis.clda import Degrees, Likelihood, LongitudinalFit, fit_clda
from activity.trial.analysis.covariance import SHAPES, Structure
from activity.trial.analysis.reml import likelihood, moments
from activity.trial.analysis.table import OutcomeTable
from activity.trial.analysis.terms import clda_terms, design_of

#: R's optimiser stops earlier than ours: agreement asked for, relative.
ESTIMATES, ERRORS = 1e-4, 1e-3


@pytest.fixture(scope="module")
def fit() -> LongitudinalFit:
    return fit_clda(table())


@pytest.mark.parametrize(
    ("name", "structure"),
    [
        ("gls_unstructured", Structure.UNSTRUCTURED),
        ("gls_ar1", Structure.HETEROGENEOUS_AR1),
        ("gls_symmetric", Structure.COMPOUND_SYMMETRY),
    ],
)
def test_restricted_fits_are_those_of_nlme(name: str, structure: Structure) -> None:
    wanted, ours = reference()[name], fit_clda(table(), structure=structure)
    found = [ours.difference("app", visit) for visit in VISITS[1:]]
    np.testing.assert_allclose([one.value for one in found], wanted["value"], rtol=ESTIMATES)
    np.testing.assert_allclose([one.se for one in found], wanted["se"], rtol=ERRORS)
    assert ours.loglik == pytest.approx(wanted["loglik"][0], abs=1e-5)
    assert ours.structure is structure
    assert ours.fallbacks == ()


def test_full_likelihood_is_that_of_nlme() -> None:
    wanted, ours = reference()["gls_unstructured_ml"], fit_clda(table(), likelihood=Likelihood.FULL)
    found = [ours.difference("app", visit) for visit in VISITS[1:]]
    np.testing.assert_allclose([one.value for one in found], wanted["value"], rtol=ESTIMATES)
    assert ours.loglik == pytest.approx(wanted["loglik"][0], abs=1e-5)
    # nlme widens errors of full likelihood by sqrt(N / (N - p)); we don't.
    wider = np.sqrt(ours.observations / (ours.observations - len(ours.beta)))
    np.testing.assert_allclose([wider * one.se for one in found], wanted["se"], rtol=ERRORS)


def test_the_covariance_is_that_of_nlme(fit: LongitudinalFit) -> None:
    np.testing.assert_allclose(fit.sigma.ravel(), reference()["gls_sigma"], rtol=ESTIMATES)


def dense(made: OutcomeTable, sigma: np.ndarray, *, restricted: bool) -> tuple[float, np.ndarray]:
    """Person by person with whole matrices: log-likelihood and coefficients (Harville 1977, JASA 72:320)."""
    covariates, design = design_of(clda_terms(made), len(made.visits))
    rows, values, blocks = [], [], []
    for person, value in zip(covariates, made.values, strict=True):
        seen = ~np.isnan(value)
        rows.append(np.einsum("c,jck->jk", person, design)[seen])
        values.append(value[seen])
        blocks.append(sigma[np.ix_(seen, seen)])
    information = sum(x.T @ np.linalg.solve(v, x) for x, v in zip(rows, blocks, strict=True))
    beta = np.linalg.solve(
        information, sum(x.T @ np.linalg.solve(v, y) for x, v, y in zip(rows, blocks, values, strict=True))
    )
    total = 0.0
    for x, v, y in zip(rows, blocks, values, strict=True):
        off = y - x @ beta
        total -= 0.5 * (np.linalg.slogdet(v)[1] + off @ np.linalg.solve(v, off) + len(y) * np.log(2 * np.pi))
    if restricted:
        total += 0.5 * (len(beta) * np.log(2 * np.pi) - np.linalg.slogdet(information)[1])
    return total, beta


@pytest.mark.parametrize("restricted", [True, False])
def test_sums_by_pattern_give_the_likelihood_of_whole_matrices(rng, restricted: bool) -> None:
    made = made_table(rng, people=40, missing=0.3)
    sigma = np.cov(rng.normal(size=(30, 4)).T) * 9
    covariates, design = design_of(clda_terms(made), 4)
    ours = likelihood(sigma, moments(made.values, covariates), design, restricted=restricted)
    loglik, beta = dense(made, sigma, restricted=restricted)
    assert ours.loglik == pytest.approx(loglik, rel=1e-10)
    np.testing.assert_allclose(ours.beta, beta, rtol=1e-8)


@pytest.mark.parametrize("structure", Structure)
@pytest.mark.parametrize("restricted", [True, False])
def test_slopes_are_those_of_small_steps(rng, structure: Structure, restricted: bool) -> None:
    made = made_table(rng, people=40, missing=0.3)
    covariates, design = design_of(clda_terms(made), 4)
    data, shape = moments(made.values - 10, covariates), SHAPES[structure]
    theta = shape.start(np.cov(rng.normal(size=(30, 4)).T) * 9)

    def at(vector: np.ndarray) -> float:
        return likelihood(shape.matrix(vector, 4), data, design, restricted=restricted).loglik

    here = likelihood(shape.matrix(theta, 4), data, design, restricted=restricted)
    slope = np.einsum("kij,ij->k", shape.slopes(theta, 4), here.slope)
    steps = 1e-5 * np.eye(theta.size)
    np.testing.assert_allclose(slope, [(at(theta + s) - at(theta - s)) / 2e-5 for s in steps], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("structure", Structure)
def test_a_start_is_a_matrix_of_its_structure(rng, structure: Structure) -> None:
    shape = SHAPES[structure]
    matrix = shape.matrix(shape.start(np.cov(rng.normal(size=(30, 5)).T)), 5)
    np.testing.assert_allclose(shape.matrix(shape.start(matrix), 5), matrix, rtol=1e-9)
    assert np.linalg.eigvalsh(matrix)[0] > 0


def test_complete_data_give_the_analysis_of_covariance(rng) -> None:
    """With nothing missing and full likelihood, a visit's difference is that of least squares on arm and baseline."""
    whole = made_table(rng, people=60)
    made = OutcomeTable(whole.person, whole.arms, whole.arm, whole.visits, whole.values, {})
    ours = fit_clda(made, likelihood=Likelihood.FULL)
    rows = np.column_stack([np.ones(60), made.arm, made.baseline])
    for column, visit in enumerate(made.visits[1:], start=1):
        beta = np.linalg.lstsq(rows, made.values[:, column], rcond=None)[0]
        assert ours.difference("app", visit).value == pytest.approx(beta[1], abs=1e-6)


def test_the_baseline_is_one_mean_of_everybody(rng) -> None:
    whole = made_table(rng)
    made = OutcomeTable(whole.person, whole.arms, whole.arm, whole.visits, whole.values, {})
    ours = fit_clda(made, degrees=Degrees.SATTERTHWAITE)
    mean = ours.mean("app", "v0")
    assert mean.value == pytest.approx(made.baseline.mean(), abs=1e-6)
    assert mean == ours.mean("usual", "v0")
    assert mean.df == pytest.approx(len(made.person), rel=1e-3)


def test_means_are_at_the_strata_as_they_are_in_the_trial(rng) -> None:
    made = made_table(rng)
    values = made.values + 5 * (made.strata["site"] == "south")[:, None]
    assert fit_clda(made.with_values(values)).mean("app", "v0").value == pytest.approx(values[:, 0].mean(), abs=1e-6)


def test_means_and_differences_are_consistent(fit: LongitudinalFit) -> None:
    for visit in VISITS[1:]:
        gap = fit.mean("app", visit).value - fit.mean("usual", visit).value
        assert gap == pytest.approx(fit.difference("app", visit).value, abs=1e-9)


def test_satterthwaite_is_a_little_wider_than_wald(fit: LongitudinalFit) -> None:
    wald = fit.difference("app", "month_3")
    ours = fit_clda(table(), degrees=Degrees.SATTERTHWAITE).difference("app", "month_3")
    assert ours.value == wald.value
    assert 60 < ours.df < 200
    assert 1.0 < (ours.high - ours.low) / (wald.high - wald.low) < 1.05


@settings(max_examples=15, deadline=None)
@given(st.floats(-1e3, 1e3), st.floats(0.01, 100), st.integers(0, 2**32))
def test_another_unit_changes_the_unit_alone(shift: float, scale: float, seed: int) -> None:
    made = made_table(np.random.default_rng(seed), people=60, missing=0.2)
    one, other = fit_clda(made), fit_clda(made.with_values(shift + scale * made.values))
    for visit in made.visits[1:]:
        here, there = one.difference("app", visit), other.difference("app", visit)
        assert there.value == pytest.approx(scale * here.value, rel=1e-4, abs=1e-5 * scale)
        assert there.se == pytest.approx(scale * here.se, rel=1e-4)
    assert other.mean("app", "v1").value == pytest.approx(
        shift + scale * one.mean("app", "v1").value, rel=1e-4, abs=1e-3
    )


def test_the_order_of_people_does_not_matter(rng, fit: LongitudinalFit) -> None:
    made, order = table(), rng.permutation(len(table().person))
    person = tuple(made.person[index] for index in order)
    strata = {factor: level[order] for factor, level in made.strata.items()}
    mixed = fit_clda(OutcomeTable(person, made.arms, made.arm[order], made.visits, made.values[order], strata))
    for visit in VISITS[1:]:
        assert mixed.difference("app", visit).value == pytest.approx(fit.difference("app", visit).value, rel=1e-7)


def test_a_person_never_seen_changes_nothing_but_is_counted_out(rng) -> None:
    made = made_table(rng, missing=0.2)
    values = np.vstack([made.values, np.full((1, 4), np.nan)])
    bare = OutcomeTable(made.person, made.arms, made.arm, made.visits, made.values, {})
    more = OutcomeTable((*made.person, "x"), made.arms, np.append(made.arm, 1), made.visits, values, {})
    one, other = fit_clda(bare), fit_clda(more)
    assert one.people == other.people == len(made.person)
    assert one.difference("app", "v2") == other.difference("app", "v2")


def test_a_visit_that_repeats_another_falls_back_by_name(rng) -> None:
    made = made_table(rng)
    values = made.values.copy()
    values[:, 3] = values[:, 2]
    ours = fit_clda(made.with_values(values))
    assert ours.structure is not Structure.UNSTRUCTURED
    assert ours.fallbacks[0].asked == "unstructured covariance"
    assert ours.fallbacks[-1].used == f"{ours.structure} covariance"
    assert "singular" in ours.fallbacks[0].reason


def test_visits_never_seen_together_fall_back_by_name(rng) -> None:
    made = made_table(rng)
    values = made.values.copy()
    values[::2, 2], values[1::2, 3] = np.nan, np.nan
    ours = fit_clda(made.with_values(values))
    assert ours.structure is Structure.HETEROGENEOUS_AR1
    assert "seen in one person" in ours.fallbacks[0].reason


def test_values_all_the_same_are_refused(rng) -> None:
    made = made_table(rng)
    with pytest.raises(SingularCovarianceError):
        fit_clda(made.with_values(np.ones_like(made.values)))


def test_visits_that_are_copies_of_the_baseline_are_refused(rng) -> None:
    made = made_table(rng)
    with pytest.raises(SingularCovarianceError):
        fit_clda(made.with_values(np.repeat(made.values[:, :1], 4, axis=1)))


def test_strata_that_follow_from_each_other_are_named(rng) -> None:
    made = made_table(rng)
    same = OutcomeTable(
        made.person, made.arms, made.arm, made.visits, made.values, {"a": made.strata["site"], "b": made.strata["site"]}
    )
    with pytest.raises(TrialDataError, match="follows from"):
        fit_clda(same)


def test_three_arms_are_compared_with_the_first(rng) -> None:
    made = made_table(rng, people=120)
    arm = (np.arange(120) % 3).astype(np.intp)
    three = OutcomeTable(made.person, ("usual", "web", "app"), arm, made.visits, made.values, {})
    other = OutcomeTable(made.person, ("usual", "app", "web"), (-arm % 3).astype(np.intp), made.visits, made.values, {})
    one, turned = fit_clda(three), fit_clda(other)
    for name in ("web", "app"):
        assert one.difference(name, "v1").value == pytest.approx(turned.difference(name, "v1").value, rel=1e-6)
    assert one.difference("web", "v1").value != pytest.approx(one.difference("app", "v1").value, abs=0.01)


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    held = []
    for seed in range(300):
        made = made_table(np.random.default_rng([5, seed]), people=100, missing=0.15, effect=-1.0)
        found = fit_clda(made).difference("app", "v2")
        held.append(found.low <= -1.0 <= found.high)
    assert 0.91 < np.mean(held) < 0.985
