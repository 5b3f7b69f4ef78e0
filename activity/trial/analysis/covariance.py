"""Covariances of one person's visits: from a vector of free numbers to a matrix, with its derivatives."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


class Structure(StrEnum):
    """Names of the structures, from the freest to the simplest."""

    UNSTRUCTURED = "unstructured"
    HETEROGENEOUS_AR1 = "heterogeneous AR(1)"
    COMPOUND_SYMMETRY = "compound symmetry"


@dataclass(frozen=True, slots=True)
class Shape:
    """How one structure is made of its parameters.

    ``matrix(theta, n)`` is (n, n) and positive definite for any ``theta``; ``slopes(theta, n)`` is (n_theta, n, n), its
    derivatives; ``start(sigma)`` is the vector nearest to a given matrix.
    """

    matrix: Callable[[Array, int], Array]
    slopes: Callable[[Array, int], Array]
    start: Callable[[Array], Array]


def _factor(theta: Array, n: int) -> Array:
    """Lower Cholesky factor whose diagonal is kept as logarithms (Pinheiro and Bates 1996, Stat Comput 6:289)."""
    lower = np.zeros((n, n))
    lower[np.tril_indices(n)] = theta
    lower[np.diag_indices(n)] = np.exp(np.diag(lower))
    return lower


def _free(theta: Array, n: int) -> Array:
    lower = _factor(theta, n)
    return lower @ lower.T


def _free_slopes(theta: Array, n: int) -> Array:
    lower = _factor(theta, n)
    rows, columns = np.tril_indices(n)
    moved = np.zeros((rows.size, n, n))
    moved[np.arange(rows.size), rows, columns] = np.where(rows == columns, lower[rows, columns], 1.0)
    half = moved @ lower.T
    return half + half.transpose(0, 2, 1)


def _free_start(sigma: Array) -> Array:
    lower = np.linalg.cholesky(sigma)
    lower[np.diag_indices_from(lower)] = np.log(np.diag(lower))
    return np.asarray(lower[np.tril_indices_from(lower)], dtype=np.float64)


def _lags(n: int) -> Array:
    steps = np.arange(n)
    return np.asarray(np.abs(steps[:, None] - steps[None, :]), dtype=np.float64)


def _ar1(theta: Array, n: int) -> Array:
    sd = np.exp(theta[:-1])
    return np.asarray(np.outer(sd, sd) * np.tanh(theta[-1]) ** _lags(n))


def _ar1_slopes(theta: Array, n: int) -> Array:
    sd, rho, lags = np.exp(theta[:-1]), np.tanh(theta[-1]), _lags(n)
    sigma = _ar1(theta, n)
    units = np.eye(n)
    by_sd = sigma * (units[:, :, None] + units[:, None, :])
    by_rho = np.outer(sd, sd) * lags * rho ** np.maximum(lags - 1, 0) * (1 - rho**2)
    return np.concatenate([by_sd, by_rho[None]])


def _ar1_start(sigma: Array) -> Array:
    sd = np.sqrt(np.diag(sigma))
    beside = np.diag(sigma / np.outer(sd, sd), 1)
    return np.append(np.log(sd), np.arctanh(np.clip(beside.mean(), -0.9, 0.9)))


def _symmetric_rho(free: float, n: int) -> tuple[float, float]:
    """Correlation in (-1/(n-1), 1), where the matrix is positive definite, and its derivative."""
    share = 1 / (1 + np.exp(-free))
    width = 1 + 1 / (n - 1)
    return width * share - 1 / (n - 1), width * share * (1 - share)


def _symmetric(theta: Array, n: int) -> Array:
    rho, _ = _symmetric_rho(theta[1], n)
    return np.asarray(np.exp(2 * theta[0]) * (rho + (1 - rho) * np.eye(n)))


def _symmetric_slopes(theta: Array, n: int) -> Array:
    _, slope = _symmetric_rho(theta[1], n)
    return np.stack([2 * _symmetric(theta, n), np.exp(2 * theta[0]) * slope * (1 - np.eye(n))])


def _symmetric_start(sigma: Array) -> Array:
    n = len(sigma)
    sd = np.sqrt(np.diag(sigma))
    mean = ((sigma / np.outer(sd, sd)).sum() - n) / (n * (n - 1))
    share = np.clip((mean + 1 / (n - 1)) / (1 + 1 / (n - 1)), 0.05, 0.95)
    return np.array([np.log(np.diag(sigma).mean()) / 2, np.log(share / (1 - share))])


#: What is tried, in this order, when the one before can't be estimated.
SHAPES: Final[dict[Structure, Shape]] = {
    Structure.UNSTRUCTURED: Shape(_free, _free_slopes, _free_start),
    Structure.HETEROGENEOUS_AR1: Shape(_ar1, _ar1_slopes, _ar1_start),
    Structure.COMPOUND_SYMMETRY: Shape(_symmetric, _symmetric_slopes, _symmetric_start),
}
