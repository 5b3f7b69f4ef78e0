"""A model fitted to one wearer from a minute or two of labelled movement, without training it again.

Only the head of each network moves: a logistic regression on what the head sees, whose prior is the head as it was
trained on everybody. With nothing to learn from it stays where it is.
"""

from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from activity.classify.model import Member
from activity.classify.network import Network, embed
from activity.errors import NotEnoughDataError

#: Precision of the prior on each weight, in units of the spread of what it weighs. From 0.3 to 3 the errors that are
#: left differ by less than a tenth (`selfback model evaluate`), so it isn't tuned.
PRIOR: Final = 1.0


def personalise(
    members: tuple[Member, ...], rows: NDArray[np.float32], kind: NDArray[np.int64], prior: float = PRIOR
) -> tuple[Member, ...]:
    """Return the members fitted to windows (n, width, 3) of one wearer; ``kind`` is (n,) columns of the model.

    Each kind that is there weighs the same, however many windows it has. Forests stay as they are.
    Raises ``NotEnoughDataError`` without a window, or without a network.
    """
    if not len(rows) or not any(isinstance(member, Network) for member in members):
        raise NotEnoughDataError(f"{len(rows)} labelled windows", expected="one or more, and a model with a network")
    return tuple(_fitted(member, rows, kind, prior) if isinstance(member, Network) else member for member in members)


def _fitted(network: Network, rows: NDArray[np.float32], kind: NDArray[np.int64], prior: float) -> Network:
    seen = np.column_stack([embed(network, rows).astype(np.float64) / network.spread, np.ones(len(rows))])
    start = np.vstack([network.head * network.spread[:, None], network.head_bias])
    true = np.eye(start.shape[1])[kind]
    weight = 1.0 / np.bincount(kind, minlength=start.shape[1])[kind]
    weight *= len(rows) / weight.sum()

    def loss(moved: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        move = moved.reshape(start.shape)
        logits = seen @ (start + move)
        most = logits.max(axis=1, keepdims=True)
        log_sum = most[:, 0] + np.log(np.exp(logits - most).sum(axis=1))
        away = weight[:, None] * (np.exp(logits - log_sum[:, None]) - true)
        value = float(weight @ (log_sum - np.sum(logits * true, axis=1))) + 0.5 * prior * float(np.sum(move**2))
        return value, (seen.T @ away + prior * move).ravel()

    found = minimize(loss, np.zeros(start.size), jac=True, method="L-BFGS-B", options={"maxiter": 200})
    head = start + found.x.reshape(start.shape)
    return replace(network, head=head[:-1] / network.spread[:, None], head_bias=head[-1])
