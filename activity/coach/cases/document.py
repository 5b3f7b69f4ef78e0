"""A case as a document of plain values and back, and case bases as files of one case a line."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from activity.coach.cases.case import Case
from activity.errors import CaseError
from activity.resources import shipped

_CASES: Final = TypeAdapter(Case)


@dataclass(frozen=True, slots=True)
class CaseFile:
    """What a file of cases holds: the cases that could be read, and the fault of each line that couldn't."""

    cases: tuple[Case, ...]
    faults: tuple[CaseError, ...]


def case_to_document(case: Case) -> dict[str, Any]:
    """Return a case as values that JSON can hold."""
    document: dict[str, Any] = _CASES.dump_python(case, mode="json")
    return document


def case_from_document(document: Mapping[str, Any], where: str = "case") -> Case:
    """Return the case that ``case_to_document`` made a document of; ``CaseError`` on any other."""
    try:
        return _CASES.validate_python(document)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise CaseError(f"{place or 'the case'}: {first['msg']}", where, "a case as this version writes it") from error
    except CaseError as error:
        raise CaseError(f"{error.where}: {error.what}", where, error.expected) from error


def write_cases(cases: Iterable[Case], path: Path) -> None:
    """Write a file of cases, one a line."""
    lines = [json.dumps(case_to_document(case), ensure_ascii=False, sort_keys=True) for case in cases]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def made_up() -> CaseFile:
    """Return the shipped cases, which nobody lived: to see what a case base does before there is one."""
    return read_cases(shipped("data", "casebase").joinpath("synthetic.jsonl"))


def read_cases(path: Path | Traversable) -> CaseFile:
    """Return the cases of a file; a broken line costs that line only, and two cases with one id cost the second."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise CaseError(f"it can't be read: {error}", str(path), "a file of cases, one a line") from error
    cases: dict[str, Case] = {}
    faults = []
    for number, line in enumerate(lines, start=1):
        where = f"{path.name}, line {number}"
        try:
            case = case_from_document(_object(line, where), where) if line.strip() else None
        except CaseError as fault:
            faults.append(fault)
            continue
        if case and case.id in cases:
            faults.append(CaseError(f"case {case.id} comes twice", where, "one line for each case"))
        elif case:
            cases[case.id] = case
    return CaseFile(tuple(cases.values()), tuple(faults))


def _object(line: str, where: str) -> Mapping[str, Any]:
    try:
        value = json.loads(line)
    except ValueError as error:
        raise CaseError(f"no JSON: {error}", where, "a case as this version writes it") from error
    if not isinstance(value, dict):
        raise CaseError(f"a {type(value).__name__}", where, "a case as this version writes it")
    return value
