"""Moderators against R and against what they must be."""

import numpy as np
import pytest
from trial_reference import VISITS, made_table, people, reference, table

from activity.errors import TrialDataError
from activity.trial.analysis.subgroups import moderation


def test_a_continuous_moderator_is_that_of_nlme() -> None:
    age = people()["age"].to_numpy(dtype=np.float64)
    found = [moderation(table(), "age", age, "app", visit).interaction[0][1] for visit in VISITS[1:]]
    wanted = reference()["gls_moderated"]
    np.testing.assert_allclose([one.value for one in found], wanted["value"], rtol=1e-4)
    np.testing.assert_allclose([one.se for one in found], wanted["se"], rtol=1e-3)


def test_the_test_of_one_interaction_is_its_p(rng) -> None:
    made = made_table(rng, missing=0.1)
    ours = moderation(made, "age", rng.normal(50, 10, 80), "app", "v2")
    assert ours.test.df == 1
    assert ours.test.p == pytest.approx(ours.interaction[0][1].p)


def test_effects_at_levels_differ_by_the_interaction(rng) -> None:
    made = made_table(rng, missing=0.1)
    level = rng.choice(["a", "b", "c"], 80)
    ours = moderation(made, "group", level, "app", "v2")
    effects = dict(ours.effects)
    for label, found in ours.interaction:
        assert effects[label].value - effects["group=a"].value == pytest.approx(found.value)
    assert ours.test.df == 2


def test_which_level_is_first_does_not_change_the_test(rng) -> None:
    made = made_table(rng, missing=0.1)
    level = rng.choice(["a", "b", "c"], 80)
    renamed = np.array([{"a": "z", "b": "b", "c": "c"}[one] for one in level])
    one, other = (moderation(made, "group", levels, "app", "v2").test for levels in (level, renamed))
    assert one.statistic == pytest.approx(other.statistic, rel=1e-5)


def test_a_stratum_can_moderate(rng) -> None:
    made = made_table(rng, missing=0.1)
    ours = moderation(made, "site", made.strata["site"], "app", "v2")
    assert [label for label, _ in ours.interaction] == ["site=south"]


def test_a_strong_moderator_is_found(rng) -> None:
    made = made_table(rng, people=200)
    level = rng.choice(["no", "yes"], 200)
    values = made.values.copy()
    values[:, 1:] -= 6 * ((level == "yes") & (made.arm == 1))[:, None]
    ours = moderation(made.with_values(values), "ready", level, "app", "v2")
    assert ours.test.p < 1e-4
    effects = dict(ours.effects)
    assert effects["ready=yes"].high < effects["ready=no"].low


def test_people_without_the_moderator_are_left_out_and_counted(rng) -> None:
    made = made_table(rng)
    age = rng.normal(50, 10, 80)
    age[:4] = np.nan
    assert moderation(made, "age", age, "app", "v2").left_out == 4
    level = np.array(["a", "b"] * 40)
    level[:3] = ""
    assert moderation(made, "group", level, "app", "v2").left_out == 3


def test_a_moderator_that_does_not_vary_is_refused(rng) -> None:
    made = made_table(rng)
    with pytest.raises(TrialDataError, match="one level"):
        moderation(made, "group", np.full(80, "a"), "app", "v2")
    with pytest.raises(TrialDataError, match="shape"):
        moderation(made, "group", np.full(79, "a"), "app", "v2")
    with pytest.raises(TrialDataError, match="age"):
        moderation(made, "age", np.full(80, 50.0), "app", "v2")
