"""How well a week went, from 0 to 1, worked out anew from what was measured whenever the rule changes."""

from math import fsum

from activity.coach.cases.case import Case, Outcome, SubPlan
from activity.coach.cases.revise import revised_plan
from activity.coach.cases.settings import BEFORE, PLANNED, Settings, SuccessPart


def success(case: Case, subplan: SubPlan, settings: Settings) -> float | None:
    """Return how well a week went for a sub-plan; None if too little is known to say.

    A week after which a warning sign came or the person said that the plan made the back worse is no success at all,
    whatever else. Without any word on pain, function or confidence nothing is said: steps walked are not relief.
    Whether the goal was met is no part of it: whoever is asked for less meets it more often.
    """
    outcome = case.outcome
    if outcome is None:
        return None
    if outcome.warning_sign or outcome.felt_worse:
        return 0.0
    scores = {part.name: _score(part, case, outcome) for part in settings.success}
    if all(scores[name] is None for name in scores if BEFORE.get(name) == "dynamic"):
        return None
    rows = [(part.weights.of(subplan), scores[part.name]) for part in settings.success]
    known = [(weight, score) for weight, score in rows if score is not None and weight > 0.0]
    total = fsum(weight for weight, _ in known)
    return fsum(weight * score for weight, score in known) / total if total > 0.0 else None


def _score(part: SuccessPart, case: Case, outcome: Outcome) -> float | None:
    after: float | None = getattr(outcome, part.name)
    if after is None:
        return None
    if part.better == "share":
        planned = getattr(revised_plan(case.plan, case.edits), PLANNED[part.name])
        return min(1.0, after / planned) if planned else None
    before: float | None = getattr(getattr(case.problem, BEFORE[part.name]), part.name)
    if after == part.best:
        return 1.0
    if before is None:
        return None
    gain = after - before if part.better == "higher" else before - after
    return min(1.0, max(0.0, 0.5 + gain / (2.0 * part.important)))
