"""Is the effect another one in other people? Moderators as interactions in the constrained model, never as subsets."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from activity.errors import TrialDataError
from activity.trial.analysis.clda import LongitudinalFit, fit_terms
from activity.trial.analysis.covariance import Array
from activity.trial.analysis.estimate import Estimate
from activity.trial.analysis.table import OutcomeTable
from activity.trial.analysis.terms import Term, clda_terms, weights_of


@dataclass(frozen=True, slots=True)
class WaldTest:
    """A test that several coefficients are all zero."""

    statistic: float  #: chi-squared
    df: int
    p: float


@dataclass(frozen=True, slots=True, eq=False)
class Moderation:
    """How an arm's difference at a visit changes with a moderator."""

    moderator: str
    interaction: tuple[tuple[str, Estimate], ...]  #: a unit more, or a level against the first
    test: WaldTest  #: of all interactions at the visit
    effects: tuple[tuple[str, Estimate], ...]  #: the arm's difference at each level, or at the mean and one SD about it
    left_out: int  #: people without a value of the moderator
    fit: LongitudinalFit


def moderation(
    table: OutcomeTable, name: str, moderator: NDArray[np.float64] | NDArray[np.str_], arm: str, visit: str
) -> Moderation:
    """Return the moderation of an arm's difference at a visit.

    ``moderator`` is (n_people,): numbers with NaN for a continuous one, or levels with "" for a categorical one. It has
    its own mean at each visit, the baseline too, so its arms may begin where they are.
    """
    if moderator.shape != (len(table.person),):
        raise TrialDataError(f"{name!r} of shape {moderator.shape}", "the moderator", f"({len(table.person)},)")
    continuous = np.issubdtype(moderator.dtype, np.floating)
    known = ~np.isnan(moderator.astype(np.float64)) if continuous else moderator != ""
    inside, values = table.only(known), moderator[known]
    columns = _number(name, values.astype(np.float64)) if continuous else _levels(name, values.astype(np.str_))
    fit = fit_terms(inside, _terms(inside, name, columns))
    at = inside.visit(visit)
    if at == 0 or inside.arm_index(arm) == 0:
        raise TrialDataError(f"{arm!r} at {visit!r}", expected="an arm and a visit other than the first")
    rows = [weights_of(fit.terms, at, {f"arm={arm} x {label}": 1.0}) for label, _ in columns]
    points = _around(name, values.astype(np.float64)) if continuous else _each(name, values.astype(np.str_))
    effects = [
        (said, weights_of(fit.terms, at, {f"arm={arm}": 1.0} | {f"arm={arm} x {x}": w for x, w in of.items()}))
        for said, of in points
    ]
    return Moderation(
        moderator=name,
        interaction=tuple((label, fit.contrast(row)) for (label, _), row in zip(columns, rows, strict=True)),
        test=wald_test(fit, np.array(rows)),
        effects=tuple((said, fit.contrast(row)) for said, row in effects),
        left_out=int((~known).sum()),
        fit=fit,
    )


def wald_test(fit: LongitudinalFit, rows: Array) -> WaldTest:
    """Return the test that all contrasts in (n_contrasts, n_beta) rows are zero."""
    values = rows @ fit.beta
    statistic = float(values @ np.linalg.solve(rows @ fit.beta_covariance @ rows.T, values))
    return WaldTest(statistic, len(rows), float(stats.chi2.sf(statistic, len(rows))))


_Columns = tuple[tuple[str, Array], ...]
_Points = tuple[tuple[str, dict[str, float]], ...]


def _number(name: str, values: Array) -> _Columns:
    return ((name, values - values.mean()),)


def _around(name: str, values: Array) -> _Points:
    mean, sd = float(values.mean()), float(values.std(ddof=1))
    return tuple((f"{name} {mean + far:.1f}", {name: far}) for far in (-sd, 0.0, sd))


def _levels(name: str, values: NDArray[np.str_]) -> _Columns:
    levels = np.unique(values)
    if levels.size < 2:
        raise TrialDataError(f"{name!r} has one level", "the moderator", "two levels or more")
    return tuple((f"{name}={level}", (values == level).astype(np.float64)) for level in levels[1:])


def _each(name: str, values: NDArray[np.str_]) -> _Points:
    first, *others = np.unique(values)
    return ((f"{name}={first}", {}), *((f"{name}={level}", {f"{name}={level}": 1.0}) for level in others))


def _terms(table: OutcomeTable, name: str, columns: _Columns) -> tuple[Term, ...]:
    """The constrained analysis with the moderator at every visit and its products with the arms after the baseline.

    A moderator that is a stratum, too, takes the stratum's place.
    """
    every = tuple(range(len(table.visits)))
    plain = [term for term in clda_terms(table) if not term.name.startswith(f"{name}=")]
    main = [Term(label, column, every) for label, column in columns]
    products = [
        Term(f"arm={arm} x {label}", (table.arm == index) * column, every[1:])
        for index, arm in enumerate(table.arms)
        if index
        for label, column in columns
    ]
    return (*plain, *main, *products)
