"""One visit alone, against R: covariance analysis, and the effect on those who took what was offered."""

import numpy as np
import pytest
from trial_reference import made_table, people, reference, table

from activity.errors import TrialDataError
from activity.trial.analysis.regression import ancova, complier_effect


def test_analysis_of_covariance_is_that_of_r() -> None:
    value, variance, _ = ancova(table(), table().values, "app", "month_3")
    assert value == pytest.approx(reference()["ancova"]["value"][0], rel=1e-8)
    assert np.sqrt(variance) == pytest.approx(reference()["ancova"]["se"][0], rel=1e-8)


def test_the_effect_on_compliers_is_that_of_two_stages_in_r() -> None:
    took = people()["plans"].to_numpy() >= 5
    ours = complier_effect(table(), took, "app", "month_3", definition="5 plans or more in 12 weeks")
    assert ours.effect.value == pytest.approx(reference()["cace"]["value"][0], rel=1e-8)
    assert ours.effect.se == pytest.approx(reference()["cace"]["se"][0], rel=1e-8)
    assert ours.definition == "5 plans or more in 12 weeks"
    assert ours.took_reference == 0


def test_when_everybody_takes_what_is_offered_it_is_the_plain_difference(rng) -> None:
    made = made_table(rng)
    ours = complier_effect(made, made.arm == 1, "app", "v2", definition="offered")
    assert ours.effect.value == pytest.approx(ancova(made, made.values, "app", "v2")[0])
    assert (ours.took, ours.took_reference, ours.first_stage_f) == (1, 0, np.inf)


def test_take_up_that_is_the_same_in_both_arms_has_no_effect_to_tell(rng) -> None:
    made = made_table(rng)
    with pytest.raises(TrialDataError, match="equally"):
        complier_effect(made, np.ones(80, dtype=bool), "app", "v2", definition="everybody")


def test_the_reference_and_the_baseline_are_no_contrasts(rng) -> None:
    made = made_table(rng)
    for arm, visit in (("usual", "v2"), ("app", "v0")):
        with pytest.raises(TrialDataError, match="other than the first"):
            ancova(made, made.values, arm, visit)
