"""Constrained longitudinal data analysis: all visits at once, one baseline mean, any pattern of missing visits.

Valid when what is missing depends on what was seen (missing at random). Coefficients by generalised least squares at
the restricted maximum of the likelihood. Standard errors are model-based, as ``nlme::gls`` gives them: the uncertainty
of the covariance isn't added. Degrees of freedom are infinite (Wald) or Satterthwaite's with the expected information.
"""

from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from math import inf, log
from typing import Final

import numpy as np

from activity.errors import SingularCovarianceError
from activity.trial.analysis.covariance import Array, Structure
from activity.trial.analysis.estimate import Estimate, Fallback, estimate
from activity.trial.analysis.reml import Maximum, Moments, check_rank, maximise, moments
from activity.trial.analysis.table import OutcomeTable
from activity.trial.analysis.terms import Term, clda_terms, coefficient_names, design_of, weights_of

MODEL: Final = "constrained longitudinal analysis"


class Likelihood(StrEnum):
    """Which likelihood is maximised."""

    RESTRICTED = "REML"
    FULL = "ML"


class Degrees(StrEnum):
    """Where the degrees of freedom of intervals come from."""

    WALD = "Wald"
    SATTERTHWAITE = "Satterthwaite"


@dataclass(frozen=True, slots=True, eq=False)
class LongitudinalFit:
    """A fitted model of repeated measures, in the unit of the outcome."""

    table: OutcomeTable
    terms: tuple[Term, ...]
    names: tuple[str, ...]  #: of the coefficients
    beta: Array
    beta_covariance: Array
    sigma: Array  #: (n_visits, n_visits) covariance of one person's visits
    structure: Structure
    likelihood: Likelihood
    degrees: Degrees
    loglik: float
    people: int  #: with at least one value
    observations: int
    steps: int
    decrement: float  #: twice what a further step would add to the log-likelihood
    fallbacks: tuple[Fallback, ...]
    maximum: Maximum

    def contrast(self, weights: Array) -> Estimate:
        """Return a linear combination of the coefficients."""
        se = float(np.sqrt(weights @ self.beta_covariance @ weights))
        return estimate(float(weights @ self.beta), se, self._df(weights))

    def mean(self, arm: str, visit: str) -> Estimate:
        """Return an arm's mean at a visit, at the strata's shares in the trial."""
        of = {"visit": 1.0} | ({f"arm={arm}": 1.0} if self.table.arm_index(arm) else {})
        return self.contrast(weights_of(self.terms, self.table.visit(visit), of))

    def difference(self, arm: str, visit: str) -> Estimate:
        """Return an arm's mean less the reference's at a visit after the baseline."""
        self.table.arm_index(arm)
        return self.contrast(weights_of(self.terms, self.table.visit(visit), {f"arm={arm}": 1.0}))

    def _df(self, weights: Array) -> float:
        """Satterthwaite 1946, Biometrics 2:110, for one contrast; infinite for Wald."""
        if self.degrees is Degrees.WALD:
            return inf
        unit = self.maximum.point.beta_covariance @ weights
        slopes = -np.einsum("i,kij,j->k", unit, self.maximum.information_slopes, unit)
        spread = float(slopes @ self.maximum.theta_covariance @ slopes)
        return 2 * float(weights @ unit) ** 2 / spread if spread > 0 else inf


def fit_clda(
    table: OutcomeTable,
    *,
    structure: Structure = Structure.UNSTRUCTURED,
    likelihood: Likelihood = Likelihood.RESTRICTED,
    degrees: Degrees = Degrees.WALD,
) -> LongitudinalFit:
    """Return the constrained analysis of a table, adjusted for its strata.

    A structure that can't be estimated gives way to the next simpler one, named in ``fallbacks``.
    """
    return fit_terms(table, clda_terms(table), structure=structure, likelihood=likelihood, degrees=degrees)


def fit_terms(
    table: OutcomeTable,
    terms: tuple[Term, ...],
    *,
    structure: Structure = Structure.UNSTRUCTURED,
    likelihood: Likelihood = Likelihood.RESTRICTED,
    degrees: Degrees = Degrees.WALD,
) -> LongitudinalFit:
    """Return the fit of any terms to the table's values."""
    centre, scale = float(np.nanmean(table.values)), float(np.nanstd(table.values))
    if not scale > 0:
        raise SingularCovarianceError("every value is the same", "the outcome", "values with a spread")
    covariates, design = design_of(terms, len(table.visits))
    data = moments((table.values - centre) / scale, covariates)
    names = coefficient_names(terms, table.visits)
    check_rank(data, design, names)
    restricted = likelihood is Likelihood.RESTRICTED
    used, found, fallbacks = _first_that_fits(data, design, structure, restricted=restricted)
    level = sum(weights_of(terms, visit, {"visit": centre}) for visit in range(len(table.visits)))
    free = data.observations - (len(names) if restricted else 0)
    return LongitudinalFit(
        table=table,
        terms=terms,
        names=names,
        beta=found.point.beta * scale + level,
        beta_covariance=found.point.beta_covariance * scale**2,
        sigma=found.point.sigma * scale**2,
        structure=used,
        likelihood=likelihood,
        degrees=degrees,
        loglik=found.point.loglik - free * log(scale),
        people=round(float(data.people.sum())),
        observations=data.observations,
        steps=found.steps,
        decrement=found.decrement,
        fallbacks=fallbacks,
        maximum=found,
    )


def _first_that_fits(
    data: Moments, design: Array, asked: Structure, *, restricted: bool
) -> tuple[Structure, Maximum, tuple[Fallback, ...]]:
    """Return the first structure from ``asked`` on that can be estimated, and what was given up on the way."""
    order = list(Structure)
    left = order[order.index(asked) :]
    fallbacks: list[Fallback] = []
    for structure, simpler in pairwise(left):
        try:
            return structure, maximise(data, design, structure, restricted=restricted), tuple(fallbacks)
        except SingularCovarianceError as error:
            fallbacks.append(Fallback(f"{structure} covariance", f"{simpler} covariance", error.what))
    return left[-1], maximise(data, design, left[-1], restricted=restricted), tuple(fallbacks)
