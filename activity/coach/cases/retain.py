"""Retain: which weeks are kept to learn from, without copies and with no one person speaking for many."""

from collections.abc import Iterable
from dataclasses import replace

from activity.coach.cases.base import case_base
from activity.coach.cases.case import Case, Outcome, SubPlan
from activity.coach.cases.revise import revised_plan
from activity.coach.cases.settings import Settings
from activity.coach.cases.similarity import global_similarity, local_similarities
from activity.errors import CaseError


def judged(case: Case, outcome: Outcome) -> Case:
    """Return a case with its outcome; ``CaseError`` if it has another one already."""
    if case.outcome not in (None, outcome):
        raise CaseError("it has an outcome already", f"case {case.id}", "a week is judged once")
    return replace(case, outcome=outcome)


def retain(mine: Iterable[Case], case: Case, settings: Settings) -> tuple[Case, ...]:
    """Return one person's cases with one more, in the order in which weeks began.

    A week without consent or outcome isn't kept. Of two weeks that are nearly the same, with the same plan, the later
    stays; so do the latest where a person has more than anybody may have. ``CaseError`` if a case is somebody else's.
    """
    cases = tuple(mine)
    if strangers := {old.person for old in cases} - {case.person}:
        raise CaseError(f"cases of {len(strangers)} other people", f"case {case.id}", "cases of one person")
    if not case.consent or case.outcome is None:
        return cases
    others = [old for old in cases if old.id != case.id and not _same_week(old, case, settings)]
    kept = sorted([*others, case], key=lambda old: (old.problem.start, old.id))
    return tuple(kept[-settings.retain.per_person :])


def _same_week(old: Case, new: Case, settings: Settings) -> bool:
    if _asked(old) != _asked(new) or old.outcome is None:
        return False
    base = case_base([replace(old, consent=True)], settings)
    local = local_similarities(new.problem, base)
    alike = [global_similarity(local, base, subplan)[0] for subplan in SubPlan]
    return all(value >= settings.retain.duplicate_similarity for value in alike)  # NaN, not comparable, is not the same


def _asked(case: Case) -> tuple[object, ...]:
    plan = revised_plan(case.plan, case.edits)
    return plan.goal_steps, plan.exercises, plan.sessions_per_week, plan.session_minutes, plan.themes
