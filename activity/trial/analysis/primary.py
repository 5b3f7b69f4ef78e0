"""The primary difference by other ways: imputed, shifted, of complete people, of compliers, and in subgroups."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from activity.errors import EmptyCellError, SingularCovarianceError
from activity.questionnaires.definition import Kind
from activity.questionnaires.instrument import instruments
from activity.trial.analysis.covariance import Array
from activity.trial.analysis.estimate import Estimate
from activity.trial.analysis.imputation import impute
from activity.trial.analysis.prepared import prepare
from activity.trial.analysis.regression import CACE, complier_effect
from activity.trial.analysis.sensitivity import MODEL as IMPUTED
from activity.trial.analysis.sensitivity import TippingPoint, complete_cases, imputed_difference, tipping_point
from activity.trial.analysis.subgroups import moderation
from activity.trial.analysis.table import OutcomeTable
from activity.trial.outcomes import Subject, outcome_values
from activity.trial.protocol import Arm, Protocol


@dataclass(frozen=True, slots=True)
class OtherWay:
    """The primary difference of an arm by another way of dealing with what is missing or wasn't taken."""

    way: str
    arm: str
    difference: Estimate
    people: int
    model: str
    note: str


@dataclass(frozen=True, slots=True)
class SubgroupRow:
    """The primary difference of an arm among some of the people."""

    moderator: str
    arm: str
    level: str
    difference: Estimate
    interaction_p: float  #: of all levels of the moderator together
    left_out: int  #: people of whom it isn't known


Way = Callable[[Protocol, Sequence[Subject], Arm, int], tuple[OtherWay, ...]]


def primary_table(protocol: Protocol, people: Sequence[Subject]) -> tuple[OutcomeTable, str]:
    """Return the primary outcome's table and the primary visit's title; `EmptyCellError` where an arm has nobody."""
    found = prepare(protocol, people, outcome_values(protocol, people, protocol.primary.instrument))
    visit = primary_visit(protocol)
    if visit not in found.table.visits:
        raise EmptyCellError("an arm has nobody who was seen", visit, "people of each arm at the primary visit")
    return found.table, visit


def primary_visit(protocol: Protocol) -> str:
    """Return the title of the primary visit."""
    return next(one.title for one in protocol.visit if one.id == protocol.primary.visit)


def by_complete_cases(protocol: Protocol, people: Sequence[Subject], arm: Arm, _seed: int) -> tuple[OtherWay, ...]:
    """Return the difference among people who were seen at every visit."""
    table, visit = primary_table(protocol, people)
    fit = complete_cases(table)
    model = f"{fit.structure} covariance, {fit.likelihood}"
    note = "; ".join(map(str, fit.fallbacks))
    return (OtherWay("Complete cases", arm.id, fit.difference(arm.title, visit), fit.people, model, note),)


def by_imputation(protocol: Protocol, people: Sequence[Subject], arm: Arm, seed: int) -> tuple[OtherWay, ...]:
    """Return the difference in imputed data, and with those who are missing in the arm as much worse as laid down."""
    table, visit = primary_table(protocol, people)
    count = protocol.analysis.imputations
    filled = impute(table, count, np.random.default_rng([seed, protocol.arm.index(arm)]))
    worse = 1.0 if instruments()[protocol.primary.instrument].better == "lower" else -1.0
    limit = worse * protocol.analysis.delta_limit
    plain = imputed_difference(table, filled, arm.title, visit)
    shifted = imputed_difference(table, filled, arm.title, visit, delta=limit)
    tips = _tips(tipping_point(table, filled, arm.title, visit, limit=limit))
    missing = f"{100 * plain.missing_information:.0f} % of the information is missing"
    model = f"{IMPUTED}, {count} imputations"
    shift = f"Imputed, those missing in {arm.title} worse by {abs(limit):g}"
    return (
        OtherWay("Multiple imputation", arm.id, plain.estimate, len(table.person), model, missing),
        OtherWay(shift, arm.id, shifted.estimate, len(table.person), model, tips),
    )


def by_compliers(protocol: Protocol, people: Sequence[Subject], arm: Arm, _seed: int) -> tuple[OtherWay, ...]:
    """Return the effect among people who take the treatment up when they are offered it."""
    table, visit = primary_table(protocol, people)
    least = protocol.analysis.complier_plans
    took = np.array([(one.use.get("plans") or 0) >= least for one in people])
    definition = f"{least} weekly plans or more in {protocol.dose.weeks} weeks"
    found = complier_effect(table, took, arm.title, visit, definition=definition)
    note = (
        f"{definition}: {100 * found.took:.0f} % in {arm.title}, {100 * found.took_reference:.0f} % in "
        f"{table.arms[0]}; F of the first stage {found.first_stage_f:.0f}"
    )
    return (OtherWay("Complier effect", arm.id, found.effect, found.people, CACE, note),)


#: Each with what it is called where it couldn't be done.
WAYS: Final[tuple[tuple[str, Way], ...]] = (
    ("Complete cases", by_complete_cases),
    ("Multiple imputation", by_imputation),
    ("Complier effect", by_compliers),
)


def moderated(protocol: Protocol, people: Sequence[Subject], name: str, arm: Arm) -> tuple[SubgroupRow, ...]:
    """Return an arm's difference at each level of a moderator, or at its mean and one standard deviation about it."""
    table, visit = primary_table(protocol, people)
    found = moderation(table, name, _moderator(protocol, people, name), arm.title, visit)
    if not np.isfinite(found.test.p):
        raise SingularCovarianceError("the interaction can't be tested", name, "people of each level in each arm")
    return tuple(
        SubgroupRow(name, arm.id, level, effect, found.test.p, found.left_out) for level, effect in found.effects
    )


def _tips(found: TippingPoint) -> str:
    if found.delta is None:
        return f"up to {abs(found.limit):g} points the interval never holds zero"
    if found.delta == 0:
        return "the interval holds zero without any shift"
    return f"the interval holds zero from {abs(found.delta):.2f} points on"


def _moderator(protocol: Protocol, people: Sequence[Subject], name: str) -> Array | NDArray[np.str_]:
    """Return numbers with NaN, or levels with an empty string, where somebody didn't say."""
    if name in protocol.baseline.instruments:
        return outcome_values(protocol, people, name)[:, 0]
    told = [one.background.get(name) for one in people]
    match protocol.question(name).kind:
        case Kind.NUMBER | Kind.SCALE:
            return np.array([np.nan if value is None else float(value) for value in told], dtype=np.float64)
        case Kind.YES_NO:
            return np.array(["" if value is None else "yes" if value else "no" for value in told])
        case _:
            return np.array([str(value or "") for value in told])
