"""The whole analysis of a protocol: what it finds, what it steps down to, and that nothing is left out silently."""

from dataclasses import replace

import numpy as np
import pytest
from virtual_trial import STUDY, VISITS, drawn_people

from activity.errors import TrialDataError
from activity.trial.analysis.clda import fit_clda
from activity.trial.analysis.files import OBSERVATIONS, PEOPLE, RESULTS, analysis_files, read_people
from activity.trial.analysis.files import STUDY as STUDY_FILE
from activity.trial.analysis.results import result_id, results
from activity.trial.analysis.study import StudyAnalysis, analyse_study, primary_row
from activity.trial.outcomes import Subject, outcome_table, outcome_values
from activity.trial.published_table import beside, load_published

#: Fewer imputations than laid down, so that the tests are quick.
QUICK = STUDY.model_copy(update={"analysis": STUDY.analysis.model_copy(update={"imputations": 5})})
PEOPLE_DRAWN = drawn_people()
FOUND = analyse_study(QUICK, PEOPLE_DRAWN, seed=1)
SELFBACK = STUDY.arm[1]


def without(people: tuple[Subject, ...], arm: str, visit: str) -> tuple[Subject, ...]:
    """The same people, but nobody of an arm was seen at a visit."""
    return tuple(
        replace(one, observed=tuple(seen for seen in one.observed if one.arm != arm or seen.visit != visit))
        for one in people
    )


def said(found: StudyAnalysis) -> str:
    return "\n".join(f"{one.what}: {one.why}" for one in found.not_done)


def test_the_primary_difference_is_that_of_the_constrained_model() -> None:
    values = outcome_values(STUDY, PEOPLE_DRAWN, "rmdq-24")
    fit = fit_clda(outcome_table(STUDY, PEOPLE_DRAWN, values, range(5), strata=True))
    row = primary_row(STUDY, FOUND, SELFBACK)
    assert row is not None
    assert row.difference == fit.difference(SELFBACK.title, "3 months")
    assert row.fallbacks == ()


def test_every_outcome_is_analysed_or_said_not_to_be() -> None:
    analysed = {row.outcome for row in FOUND.means} | {row.outcome.split(":")[0] for row in FOUND.shares}
    assert analysed == {"rmdq-24", "nrs-average", "gpe"}
    for title in ("Worst back pain", "Self-Efficacy", "Fear-Avoidance", "Illness Perception", "EQ-5D-5L", "visual"):
        assert title in said(FOUND)
    assert "no value set of a country" in said(FOUND)


def test_another_order_of_people_gives_the_same_figures() -> None:
    shuffled = tuple(PEOPLE_DRAWN[place] for place in np.random.default_rng(3).permutation(len(PEOPLE_DRAWN)))
    again = analyse_study(QUICK, shuffled, seed=1)
    for row, other in zip(FOUND.means, again.means, strict=True):
        if row.difference and other.difference:
            assert other.difference.value == pytest.approx(row.difference.value, rel=1e-6)
            assert other.difference.se == pytest.approx(row.difference.se, rel=1e-6)


def test_responders_improved_by_the_points_that_the_protocol_says() -> None:
    (row,) = [row for row in FOUND.shares if row.outcome == "rmdq-24: responders" and row.visit == "3 months"]
    values = outcome_values(STUDY, PEOPLE_DRAWN, "rmdq-24")
    treated = np.array([one.arm == "selfback" for one in PEOPLE_DRAWN])
    fall = values[:, 0] - values[:, 2]
    assert row.counts == (int((fall[treated] >= 4).sum()), int((~np.isnan(fall[treated])).sum()))
    assert row.reference_counts == (int((fall[~treated] >= 4).sum()), int((~np.isnan(fall[~treated])).sum()))


def test_a_visit_without_anybody_of_an_arm_is_left_out_by_name() -> None:
    found = analyse_study(QUICK, without(PEOPLE_DRAWN, "selfback", "6-months"), seed=1)
    rows = [row for row in found.means if row.outcome == "rmdq-24"]
    assert [row.visit for row in rows] == ["Baseline", "6 weeks", "3 months", "9 months"]
    assert all("nobody was seen in selfBACK" in row.fallbacks[0].reason for row in rows)
    assert all(row.fallbacks[0].asked == "the visit 6 months" for row in rows)


def test_a_primary_visit_without_anybody_of_an_arm_gives_no_number() -> None:
    found = analyse_study(QUICK, without(PEOPLE_DRAWN, "usual-care", "3-months"), seed=1)
    assert primary_row(QUICK, found, SELFBACK) is None
    assert found.other_ways == ()
    assert found.subgroups == ()
    for what in ("Complete cases", "Multiple imputation", "Complier effect", "Subgroups by age"):
        assert f"{what}, {SELFBACK.title}: an arm has nobody who was seen (3 months)" in said(found)


def test_a_visit_that_repeats_another_one_falls_back_by_name_and_never_to_a_silent_number() -> None:
    people = tuple(
        replace(
            one,
            observed=tuple(
                replace(seen, score=one.score(seen.instrument, "6-weeks")) if seen.visit == "3-months" else seen
                for seen in one.observed
                if seen.visit != "3-months" or one.score(seen.instrument, "6-weeks") is not None
            ),
        )
        for one in PEOPLE_DRAWN
    )
    found = analyse_study(QUICK, people, seed=1)
    row = primary_row(QUICK, found, SELFBACK)
    named = [fallback.asked for fallback in row.fallbacks] if row else said(found)
    assert "unstructured covariance" in str(named) or "Roland" in str(named)


def test_factors_that_cant_be_told_apart_are_left_out_by_name() -> None:
    people = tuple(replace(one, strata={"country": one.strata["country"]} | {"provider": one.strata["country"]})
                   for one in PEOPLE_DRAWN)  # fmt: skip
    found = analyse_study(QUICK, people, seed=1)
    row = primary_row(QUICK, found, SELFBACK)
    assert row is not None
    assert "adjustment for the factors" in row.fallbacks[0].asked
    assert "follows from other terms" in row.fallbacks[0].reason


def test_too_few_people_give_a_reason_and_no_number() -> None:
    found = analyse_study(QUICK, PEOPLE_DRAWN[:12], seed=1)
    assert found.means == ()
    assert "6 people (arm 'Usual care')" in said(found)


def test_nobody_gives_an_error() -> None:
    with pytest.raises(TrialDataError, match="nobody was randomised"):
        analyse_study(QUICK, (), seed=1)


def test_nobody_who_took_it_gives_no_complier_effect() -> None:
    found = analyse_study(QUICK, tuple(replace(one, use={"plans": 0}) for one in PEOPLE_DRAWN), seed=1)
    assert "took the treatment up equally" in said(found)
    assert all(way.way != "Complier effect" for way in found.other_ways)


def test_use_is_told_of_the_arm_that_is_given_something_and_what_isnt_known_is_not_zero() -> None:
    plans = sorted(one.use["plans"] or 0 for one in PEOPLE_DRAWN if one.arm == "selfback")
    rows = {row.what: row for row in FOUND.use}
    (cell,) = rows["plans"].cells
    assert (cell.arm, cell.people) == ("selfback", len(plans))
    assert cell.median == np.median(plans)
    assert (cell.low, cell.high) == tuple(np.quantile(plans, (0.25, 0.75)))
    (cell,) = rows["band_days"].cells
    assert (cell.people, cell.median) == (0, None)


def test_each_figure_has_a_name_of_its_own() -> None:
    rows = results(QUICK, FOUND)
    assert len({row.id for row in rows}) == len(rows) > 150
    known = {row.id: row for row in rows}
    difference = primary_row(QUICK, FOUND, SELFBACK)
    assert difference is not None
    assert difference.difference is not None
    row = known[result_id("means", "rmdq-24", "3-months", "selfback", "difference")]
    assert (row.value, row.low, row.p) == (
        difference.difference.value, difference.difference.low, difference.difference.p
    )  # fmt: skip


def test_the_files_alone_give_every_figure_again() -> None:
    texts = analysis_files(QUICK, PEOPLE_DRAWN, results(QUICK, FOUND))
    protocol, people = read_people(texts)
    assert people == PEOPLE_DRAWN
    again = analysis_files(protocol, people, results(protocol, analyse_study(protocol, people, seed=1)))
    assert again == texts


@pytest.mark.parametrize(
    ("name", "change", "what"),
    [
        (OBSERVATIONS, lambda text: text.replace(",P0003,", ",P9999,", 1), "observations of 'P9999'"),
        (OBSERVATIONS, lambda text: text.replace("6-weeks", "7-weeks", 1), "no visit '7-weeks'"),
        (OBSERVATIONS, lambda text: text + text.splitlines()[1] + "\n", "has two rows"),
        (OBSERVATIONS, lambda text: text.replace("score", "skore", 1), "can't be read"),
        (PEOPLE, lambda text: text + text.splitlines()[1] + "\n", "stands in two rows"),
        (PEOPLE, lambda text: text.replace("stratum_country", "country"), "can't be read"),
        (STUDY_FILE, lambda text: text[:40], "not JSON"),
        (STUDY_FILE, lambda text: "[]", "not a protocol"),
    ],
)
def test_a_file_that_was_changed_is_refused_by_what_is_wrong(name: str, change: object, what: str) -> None:
    texts = analysis_files(QUICK, PEOPLE_DRAWN, ())
    assert callable(change)
    with pytest.raises(TrialDataError, match=what):
        read_people({**texts, name: change(texts[name])})
    assert RESULTS in texts


def test_an_arm_that_the_protocol_doesnt_know_is_refused() -> None:
    people = (replace(PEOPLE_DRAWN[0], arm="placebo"), *PEOPLE_DRAWN[1:])
    with pytest.raises(TrialDataError, match="unknown arm 'placebo'"):
        outcome_table(STUDY, people, outcome_values(STUDY, people, "rmdq-24"), range(5), strata=True)


def test_published_figures_stand_beside_ours_by_their_names() -> None:
    rows = beside(load_published(), results(QUICK, FOUND))
    assert all(row.ours != "not estimated" for row in rows)
    (difference,) = [row for row in rows if "adjusted difference" in row.what]
    assert difference.published == "-0.79 (-1.51 to -0.06), p 0.030"
    assert difference.inside in {True, False}
    assert VISITS[2] in difference.id


def test_a_published_figure_that_wasnt_estimated_says_so() -> None:
    assert {row.ours for row in beside(load_published(), ())} == {"not estimated"}
