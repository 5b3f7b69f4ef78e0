"""Who may take part: every criterion at its own bound, and what isn't known is neither met nor unmet."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from trial_people import SCREENING

from activity.questionnaires.answers import check_answers
from activity.questionnaires.eligibility import Eligibility
from activity.trial.protocol import load_protocol
from activity.trial.screening import Screened, judge, stratum_of

STUDY = load_protocol()
DAY = date(2026, 3, 2)
FIT = Eligibility(DAY, (), ())
WHO = Screened(DAY, check_answers(STUDY.screening, SCREENING), {"rmdq-24": 10.0}, FIT)


def with_answer(name: str, value: Any) -> Screened:
    return replace(WHO, answers={**WHO.answers, name: value})


def test_whoever_meets_every_criterion_is_eligible() -> None:
    found = judge(STUDY, WHO)
    assert (found.unmet, found.open, found.eligible) == ((), (), True)


@pytest.mark.parametrize(
    ("name", "inside", "outside", "criterion"),
    [("age", 18, 17, "adult"), ("age", 120, 0, "adult"), ("care_days", 56, 57, "care"), ("phone", True, False, "phone"),
     ("email", True, False, "email"), ("other_trial", False, True, "one-trial"),
     ("specific_cause", False, True, "non-specific")],
)  # fmt: skip
def test_each_answer_decides_its_criterion_at_its_bound(name: str, inside: Any, outside: Any, criterion: str) -> None:
    assert judge(STUDY, with_answer(name, inside)).eligible
    assert judge(STUDY, with_answer(name, outside)).unmet == (criterion,)
    assert judge(STUDY, with_answer(name, None)).open == (criterion,)


@pytest.mark.parametrize(("score", "unmet", "still_open"), [(6.0, (), ()), (5.0, ("disability",), ()),
                                                            (None, (), ("disability",))])  # fmt: skip
def test_the_score_decides_at_six(score: float | None, unmet: tuple[str, ...], still_open: tuple[str, ...]) -> None:
    found = judge(STUDY, replace(WHO, scores={"rmdq-24": score}))
    assert (found.unmet, found.open) == (unmet, still_open)


@pytest.mark.parametrize(
    ("form", "unmet", "still_open"),
    [(None, (), ("exclusions",)), (Eligibility(DAY, ("pregnant",), ("language",)), ("exclusions",), ()),
     (Eligibility(DAY, (), ("language",)), (), ("exclusions",))],
)  # fmt: skip
def test_an_exclusion_keeps_out_and_an_open_one_is_asked_again(
    form: Eligibility | None, unmet: tuple[str, ...], still_open: tuple[str, ...]
) -> None:
    found = judge(STUDY, replace(WHO, eligibility=form))
    assert (found.unmet, found.open) == (unmet, still_open)


@settings(max_examples=60, deadline=None)
@given(gone=st.sets(st.sampled_from(sorted(SCREENING))), score=st.none() | st.integers(0, 24))
def test_nobody_is_eligible_with_anything_unknown_that_a_criterion_is_about(gone: set[str], score: int | None) -> None:
    answers = {name: None if name in gone else value for name, value in WHO.answers.items()}
    found = judge(STUDY, replace(WHO, answers=answers, scores={"rmdq-24": score}))
    asked = {one.question for one in STUDY.criterion}
    assert found.eligible == (not gone & asked and score is not None and score >= 6)
    assert not set(found.unmet) & set(found.open)


def test_a_stratum_is_told_by_all_factors_or_not_at_all() -> None:
    assert stratum_of(STUDY, WHO.answers) == (("country", "denmark"), ("provider", "gp"))
    assert stratum_of(STUDY, {**WHO.answers, "provider": None}) is None
