"""Revise: the person's and the clinician's changes to a plan, kept as values and played again in order."""

from collections.abc import Iterable
from dataclasses import replace
from typing import TypeVar

from activity.coach.cases.case import (
    Case,
    CaseExercise,
    CasePlan,
    Edit,
    Editor,
    ExerciseEdit,
    GoalEdit,
    SessionEdit,
    ThemeEdit,
)
from activity.errors import CaseError

_Item = TypeVar("_Item")


def revise(case: Case, edit: Edit) -> Case:
    """Return the case with one more edit; ``CaseError`` if the edit changes nothing or can't be.

    What a clinician took out, the person can't put in again; the safety rules come after this, and may take out more.
    """
    before = revised_plan(case.plan, case.edits)
    if edit.by is Editor.PERSON and _puts_in(edit) in _vetoed(case.edits):
        what = f"{_puts_in(edit)} was taken out by a clinician"
        raise CaseError(what, f"edit of case {case.id}", "something else", "ask the clinician")
    if _apply(before, edit) == before:
        raise CaseError("the edit changes nothing", f"edit of case {case.id}", "a change to the plan as it stands")
    return replace(case, edits=(*case.edits, edit))


def revised_plan(plan: CasePlan, edits: Iterable[Edit]) -> CasePlan:
    """Return the plan as it was in the end; an edit that finds nothing to change leaves it."""
    for edit in edits:
        plan = _apply(plan, edit)
    return plan


def _apply(plan: CasePlan, edit: Edit) -> CasePlan:
    match edit:
        case GoalEdit():
            return replace(plan, goal_steps=edit.steps)
        case SessionEdit():
            per_week = plan.sessions_per_week if edit.per_week is None else edit.per_week
            minutes = plan.session_minutes if edit.minutes is None else edit.minutes
            return replace(plan, sessions_per_week=per_week, session_minutes=minutes)
        case ThemeEdit():
            return replace(plan, themes=_changed(plan.themes, plan.themes, edit.out, edit.into))
        case ExerciseEdit():
            ids = tuple(exercise.id for exercise in plan.exercises)
            return replace(plan, exercises=_changed(plan.exercises, ids, edit.out, edit.into))


def _changed(items: tuple[_Item, ...], ids: tuple[str, ...], out: str | None, into: _Item | None) -> tuple[_Item, ...]:
    """Return the items with one gone, one more at the end, or one in the place of another."""
    new = () if into is None or into in items else (into,)
    if out is None:
        return (*items, *new)
    if out not in ids:
        return items
    place = ids.index(out)
    return (*items[:place], *new, *items[place + 1 :])


def _puts_in(edit: Edit) -> str | None:
    into = edit.into if isinstance(edit, ExerciseEdit | ThemeEdit) else None
    return into.id if isinstance(into, CaseExercise) else into


def _vetoed(edits: Iterable[Edit]) -> frozenset[str]:
    """Return what a clinician took out and hasn't put in again."""
    out: set[str] = set()
    for edit in edits:
        if edit.by is Editor.CLINICIAN and isinstance(edit, ExerciseEdit | ThemeEdit):
            out |= {edit.out} if edit.out else set()
            out -= {_puts_in(edit) or ""}
    return frozenset(out)
