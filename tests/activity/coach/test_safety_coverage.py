"""Every branch of the check of the finished plan is taken by the tests that show it firing."""

import importlib.util
import inspect
from io import StringIO
from pathlib import Path
from types import ModuleType

import coverage
import pytest

from activity.coach import safety

TESTS = Path(__file__).with_name("test_safety_check.py")


#: Draws hundreds of weeks, and takes no branch that the others don't.
LEFT_OUT = "test_whatever_was_answered_the_check_and_the_coach_agree_on_a_worse_back"


def loaded(path: Path, name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_tests_of_the_safety_check_take_every_branch_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    tests = loaded(TESTS, "safety_check_tests")
    measured = coverage.Coverage(data_file=None, branch=True, include=[safety.__file__], config_file=False)
    measured.start()
    try:
        again = loaded(Path(safety.__file__), "safety_measured")  # so that its definitions are measured, too
        for name in ("check_plan", "check_own_goal", "_is_worse_again"):
            monkeypatch.setattr(tests, name, getattr(again, name))
        for name in (name for name in dir(tests) if name.startswith("test_") and name != LEFT_OUT):
            test = getattr(tests, name)
            if "monkeypatch" not in inspect.signature(test).parameters:  # those patch the coach, not the check
                for row in rows_of(test):
                    test(*row)
    finally:
        measured.stop()
    told = StringIO()
    percent = measured.report(file=told, show_missing=True)
    assert percent == 100.0, told.getvalue()


def rows_of(test: object) -> list[tuple[object, ...]]:
    """Return the arguments of a test's rows, none where it has no rows."""
    marks = [mark for mark in getattr(test, "pytestmark", []) if mark.name == "parametrize"]
    return [tuple(row) for row in marks[0].args[1]] if marks else [()]
