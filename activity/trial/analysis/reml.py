"""Restricted likelihood of repeated measures, from sums over people who were seen at the same visits.

A person's mean at visit t is the sum over covariates c of ``d_c * B[t, c]``, where ``B`` is linear in the coefficients:
``B = design @ b``. The likelihood then needs of each pattern of visits only sums of d d', d y' and y y', so its cost
depends on the number of patterns, not on the number of people (Laird and Ware 1982, Biometrics 38:963, eq. 3.7).
"""

from dataclasses import dataclass
from math import log, pi
from typing import Final

import numpy as np
from numpy.typing import NDArray

from activity.errors import SingularCovarianceError, TrialDataError
from activity.trial.analysis.covariance import SHAPES, Array, Structure

MAX_STEPS: Final = 60
#: Newton decrement at which scoring stops: a further step would raise the log-likelihood by half of this.
DECREMENT: Final = 1e-13
#: Smallest eigenvalue of the correlations below which they count as singular.
SINGULAR: Final = 1e-7


@dataclass(frozen=True, slots=True, eq=False)
class Moments:
    """What the likelihood needs of the data; unseen visits count zero in every sum."""

    seen: Array  #: (n_patterns, n_visits) 1 where the pattern has the visit
    people: Array  #: (n_patterns,)
    dd: Array  #: (n_patterns, n_covariates, n_covariates)
    dy: Array  #: (n_patterns, n_covariates, n_visits)
    yy: Array  #: (n_patterns, n_visits, n_visits)

    @property
    def observations(self) -> int:
        """Number of values observed."""
        return round(float(self.people @ self.seen.sum(axis=1)))


@dataclass(frozen=True, slots=True, eq=False)
class Point:
    """The likelihood at one covariance, with the coefficients profiled out."""

    loglik: float
    beta: Array
    beta_covariance: Array
    sigma: Array
    slope: Array  #: (n_visits, n_visits) derivative of the log-likelihood by each entry of ``sigma``
    weights: Array  #: (n_patterns, n_visits, n_visits) inverse covariance of what each pattern saw


@dataclass(frozen=True, slots=True, eq=False)
class Maximum:
    """Where the likelihood is highest, and how it was found."""

    point: Point
    theta: Array
    theta_covariance: Array  #: inverse of the expected information
    information_slopes: Array  #: (n_theta, n_beta, n_beta) derivatives of the coefficients' information
    steps: int
    decrement: float


def moments(values: NDArray[np.float64], covariates: Array) -> Moments:
    """Return the sums by pattern of people's (n, n_visits) values with NaN and (n, n_covariates) covariates."""
    seen = ~np.isnan(values)
    patterns, which = np.unique(seen, axis=0, return_inverse=True)
    filled = np.where(seen, values, 0.0)
    groups = [np.flatnonzero(which == index) for index, pattern in enumerate(patterns) if pattern.any()]
    return Moments(
        seen=patterns[patterns.any(axis=1)].astype(np.float64),
        people=np.array([group.size for group in groups], dtype=np.float64),
        dd=np.stack([covariates[g].T @ covariates[g] for g in groups]),
        dy=np.stack([covariates[g].T @ filled[g] for g in groups]),
        yy=np.stack([filled[g].T @ filled[g] for g in groups]),
    )


def likelihood(sigma: Array, data: Moments, design: Array, *, restricted: bool) -> Point:
    """Return the likelihood at ``sigma`` for a ``design`` of shape (n_visits, n_covariates, n_beta)."""
    visits, covariates, size = design.shape
    flat = design.reshape(visits * covariates, size)
    both = data.seen[:, :, None] * data.seen[:, None, :]
    padded = sigma * both + np.eye(visits) * (1 - data.seen)[:, :, None]
    weights = np.linalg.inv(padded) * both
    across = np.einsum("pij,pcd->icjd", weights, data.dd, optimize=True).reshape(len(flat), len(flat))
    information = flat.T @ across @ flat
    beta_covariance = np.linalg.inv(information)
    beta = beta_covariance @ (flat.T @ np.einsum("pij,pcj->ic", weights, data.dy).ravel())
    means = (flat @ beta).reshape(visits, covariates)
    crossed = means @ data.dy
    residual = data.yy - crossed - crossed.transpose(0, 2, 1) + means @ data.dd @ means.T
    loglik = -0.5 * (float(data.people @ np.linalg.slogdet(padded)[1]) + float((weights * residual).sum()))
    spread = residual
    constant = data.observations
    if restricted:
        spread_of_fit = (flat @ beta_covariance @ flat.T).reshape(visits, covariates, visits, covariates)
        spread = residual + np.einsum("pcd,icjd->pij", data.dd, spread_of_fit, optimize=True)
        loglik -= 0.5 * float(np.linalg.slogdet(information)[1])
        constant -= size
    loglik -= 0.5 * constant * log(2 * pi)
    slope = 0.5 * (weights @ spread @ weights - data.people[:, None, None] * weights).sum(axis=0)
    return Point(loglik, beta, beta_covariance, sigma, slope, weights)


def maximise(data: Moments, design: Array, structure: Structure, *, restricted: bool = True) -> Maximum:
    """Return the highest point of the likelihood over one structure, by Fisher scoring with halved steps.

    Values should be of order one. Raises ``SingularCovarianceError`` where the covariance isn't estimable.
    """
    shape, visits = SHAPES[structure], design.shape[0]
    _refuse_unseen_pairs(data, structure)
    theta = shape.start(_first_guess(data, design))
    point = likelihood(shape.matrix(theta, visits), data, design, restricted=restricted)
    for step in range(MAX_STEPS):
        slopes = shape.slopes(theta, visits)
        gradient = np.einsum("kij,ij->k", slopes, point.slope)
        information = _information(point, data, slopes)
        move = np.linalg.solve(information, gradient)
        decrement = float(gradient @ move)
        if decrement < DECREMENT * max(1.0, abs(point.loglik)):
            certainty = np.asarray(np.linalg.inv(information), dtype=np.float64)
            return Maximum(point, theta, certainty, _information_slopes(point, data, design, slopes), step, decrement)
        theta, point = _climb(theta, move, point, data, design, structure=structure, restricted=restricted)
    raise SingularCovarianceError(f"{structure} covariance not found in {MAX_STEPS} steps", "the likelihood")


def _climb(
    theta: Array, move: Array, point: Point, data: Moments, design: Array, *, structure: Structure, restricted: bool
) -> tuple[Array, Point]:
    """Return the first point on the halved way that isn't lower; refuse one that has become singular."""
    move = move / max(1.0, float(np.abs(move).max()))  # no logarithm of a spread moves by more than one at a time
    for _ in range(40):
        sigma = SHAPES[structure].matrix(theta + move, design.shape[0])
        _refuse_singular(sigma, structure)
        there = likelihood(sigma, data, design, restricted=restricted)
        if there.loglik >= point.loglik - 1e-12 * abs(point.loglik):
            return theta + move, there
        move = move / 2
    raise SingularCovarianceError(f"{structure} covariance: no step raises the likelihood", "the likelihood")


def _information(point: Point, data: Moments, slopes: Array) -> Array:
    """Expected information of theta, (n_theta, n_theta), as if the coefficients were known."""
    turned = np.einsum("pij,kjl->pkil", point.weights, slopes, optimize=True)
    return np.asarray(0.5 * np.einsum("p,pkij,plji->kl", data.people, turned, turned, optimize=True))


def _information_slopes(point: Point, data: Moments, design: Array, slopes: Array) -> Array:
    visits, covariates, size = design.shape
    flat = design.reshape(visits * covariates, size)
    inner = -(point.weights[:, None] @ slopes @ point.weights[:, None])
    across = np.einsum("pkij,pcd->kicjd", inner, data.dd, optimize=True).reshape(-1, len(flat), len(flat))
    return np.asarray(flat.T @ across @ flat)


def _first_guess(data: Moments, design: Array) -> Array:
    """Residual covariance of separate regressions, shrunk until it is positive definite."""
    visits = design.shape[0]
    start = likelihood(np.eye(visits), data, design, restricted=False)
    means = (design.reshape(-1, design.shape[2]) @ start.beta).reshape(visits, -1)
    crossed = means @ data.dy
    residual = data.yy - crossed - crossed.transpose(0, 2, 1) + means @ data.dd @ means.T
    both = data.seen[:, :, None] * data.seen[:, None, :]
    together = np.einsum("p,pij->ij", data.people, both)
    sigma = (residual * both).sum(axis=0) / np.maximum(together, 1.0)  # visits never seen together start unrelated
    sd = np.sqrt(np.diag(sigma))
    if not (sd > SINGULAR).all():
        raise SingularCovarianceError("a visit at which everybody's value is what the model predicts", "the covariance")
    correlation = sigma / np.outer(sd, sd)
    while np.linalg.eigvalsh(correlation)[0] < 0.02:
        correlation = 0.8 * correlation + 0.2 * np.eye(visits)
    return np.asarray(correlation * np.outer(sd, sd))


def _refuse_unseen_pairs(data: Moments, structure: Structure) -> None:
    if structure is not Structure.UNSTRUCTURED:
        return
    together = np.einsum("p,pi,pj->ij", data.people, data.seen, data.seen)
    if (together < 2).any():
        first, second = np.argwhere(together < 2)[0]
        raise SingularCovarianceError(
            f"visits {first} and {second} (the baseline is 0) were hardly ever seen in one person", "the data"
        )


def _refuse_singular(sigma: Array, structure: Structure) -> None:
    sd = np.sqrt(np.diag(sigma))
    if not (np.isfinite(sigma).all() and (sd > SINGULAR).all()):
        raise SingularCovarianceError(f"{structure} covariance shrinks to nothing", "the likelihood")
    if np.linalg.eigvalsh(sigma / np.outer(sd, sd))[0] < SINGULAR:
        raise SingularCovarianceError(f"{structure} covariance is singular: a visit follows from the others")


def check_rank(data: Moments, design: Array, names: tuple[str, ...]) -> None:
    """Raise ``TrialDataError`` if the coefficients can't be told apart, naming one that follows from the others."""
    visits, covariates, size = design.shape
    flat = design.reshape(visits * covariates, size)
    eyes = np.eye(visits) * data.seen[:, :, None]
    across = np.einsum("pij,pcd->icjd", eyes, data.dd).reshape(len(flat), len(flat))
    information = flat.T @ across @ flat
    scale = np.sqrt(np.diag(information))
    if (scale == 0).any():
        raise TrialDataError(f"nobody tells of {names[int(np.argmin(scale))]!r}", "the model", "data for each term")
    values, vectors = np.linalg.eigh(information / np.outer(scale, scale))
    if values[0] < 1e-9:
        worst = names[int(np.argmax(np.abs(vectors[:, 0])))]
        raise TrialDataError(f"{worst!r} follows from other terms", "the model", "terms that differ", "leave one out")
