"""Trials drawn to the published design have the truth they say, and the analysis finds it."""

from dataclasses import replace

import numpy as np
import pytest

from activity.trial.published import (
    PRIMARY,
    Design,
    analyse,
    covariance,
    draw,
    performance,
    share,
    true_difference,
    true_shares,
)


def test_everybody_is_there_and_losses_are_for_good() -> None:
    table = draw(Design(), 1)
    assert np.bincount(table.arm).tolist() == [229, 232]
    gone = np.isnan(table.values)
    assert not gone[:, 0].any()
    assert (np.diff(gone.astype(int), axis=1) >= 0).all()


def test_the_same_seed_draws_the_same_trial_and_another_another() -> None:
    one, same, other = draw(Design(), 4), draw(Design(), 4), draw(Design(), 5)
    np.testing.assert_array_equal(one.values, same.values)
    assert not np.array_equal(one.values, other.values, equal_nan=True)


def test_a_large_trial_has_the_margins_it_is_drawn_to() -> None:
    design = Design(people=(100_000, 100_000))
    table = draw(replace(design, lost=(0, 0, 0, 0)), 2)
    usual, app = (table.values[table.arm == index] for index in (0, 1))
    np.testing.assert_allclose((app - usual).mean(axis=0)[1:], design.effect, atol=0.06)
    np.testing.assert_allclose(np.cov(usual.T), covariance(design), atol=0.5)
    assert true_shares(design, 200_000) == pytest.approx((0.39, 0.52), abs=0.01)
    lost = np.isnan(draw(design, 2).values).mean(axis=0)[1:]
    np.testing.assert_allclose(lost, design.lost, atol=0.006)


def test_a_shift_alone_makes_fewer_responders_than_were_published() -> None:
    assert true_shares(Design(responders=None), 400_000) == pytest.approx((0.39, 0.46), abs=0.01)


def test_people_who_leave_are_worse_than_those_who_stay() -> None:
    table = draw(Design(people=(20_000, 20_000)), 3)
    left = np.isnan(table.values[:, 1])
    assert table.baseline[left].mean() > table.baseline[~left].mean() + 0.5


def test_rounded_trials_hold_whole_numbers_of_the_questionnaire() -> None:
    design = replace(Design(), rounded=True)
    values = draw(design, 1).values
    seen = values[~np.isnan(values)]
    assert (seen == np.round(seen)).all()
    assert (seen.min(), seen.max()) >= (0, 20)
    assert seen.max() <= 24
    assert true_difference(design, 200_000).value == pytest.approx(0.77, abs=0.06)


def test_sixty_trials_find_the_truth_within_chance() -> None:
    trials = [analyse(Design(), seed, with_responders=False) for seed in range(60)]
    told = performance(trials, true_difference(Design()).value)
    assert abs(told.bias.value) < 3.5 * told.bias.error
    assert told.coverage.value >= 0.85
    assert told.mean_se.value == pytest.approx(0.37, abs=0.005)
    assert told.fallbacks == 0


def test_a_treatment_that_does_nothing_does_nothing() -> None:
    table = draw(replace(Design().without_effect(), people=(50_000, 50_000), lost=(0, 0, 0, 0)), 1)
    at = table.visit(PRIMARY)
    assert abs(table.values[table.arm == 1, at].mean() - table.values[table.arm == 0, at].mean()) < 0.1


def test_a_share_has_its_binomial_error() -> None:
    assert share([True] * 90 + [False] * 10).error == pytest.approx(0.03)
