"""A plan as a document of plain values, and back; for files, JSON output and the next week."""

from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter, ValidationError

from activity.coach.plan import WeeklyPlan
from activity.errors import AnswerError

_PLANS = TypeAdapter(WeeklyPlan)


def plan_to_document(plan: WeeklyPlan) -> dict[str, Any]:
    """Return a plan as values that JSON can hold; dates are ISO text."""
    document: dict[str, Any] = _PLANS.dump_python(plan, mode="json")
    return document


def plan_from_document(document: Mapping[str, Any]) -> WeeklyPlan:
    """Return the plan of a document; ``AnswerError`` if it isn't one."""
    try:
        return _PLANS.validate_python(dict(document))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise AnswerError("not a weekly plan", f"plan document, {where or 'as a whole'}", first["msg"]) from error
