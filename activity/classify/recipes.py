"""The ways to make a classifier from labelled recordings, in one table that training and judging share."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from activity.classify.design import Design
from activity.classify.embedded.counts import kind_shares
from activity.classify.embedded.train import BandSettings, train_embedded
from activity.classify.labelled import LabelledGrid
from activity.classify.model import Member, members_probability
from activity.classify.train import BoostSettings, Settings, boost_kinds, fit_kinds, fit_published

Grids = tuple[LabelledGrid, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Fitted:
    """What a recipe made: ``say`` gives (n, len(KINDS)) probabilities of windows (n, width, 3)."""

    say: Callable[[NDArray[np.float32]], NDArray[np.float64]]
    members: tuple[Member, ...]  #: to be shipped as plain arrays; empty for a recipe that is only compared with


@dataclass(frozen=True, slots=True)
class Recipe:
    """One way to make a classifier; ``fit`` takes recordings, the rows of a window and a seed."""

    name: str
    what: str  #: half a sentence for cards and tables
    fit: Callable[[Grids, int, int], Fitted]
    needs_torch: bool = False


def _network(grids: Grids, width: int, seed: int) -> Fitted:
    return _fitted(_networks(1, grids, width, seed), grids)


def _both(grids: Grids, width: int, seed: int) -> Fitted:
    # Networks and trees on features err elsewhere: their mean is better than either, and than more of one kind.
    trees = boost_kinds(grids, width, BoostSettings(seed=seed))
    return _fitted((*_networks(2, grids, width, seed), trees), grids)


def _networks(count: int, grids: Grids, width: int, seed: int) -> tuple[Member, ...]:
    from activity.classify.train_network import train_network  # noqa: PLC0415 - torch is an extra

    return tuple(train_network(grids, width, SMALL, seed + 1000 * i) for i in range(count))


def _forest(grids: Grids, width: int, seed: int) -> Fitted:
    return _fitted((fit_kinds(grids, width, Settings(seed=seed)),), grids)


def _published(grids: Grids, width: int, seed: int) -> Fitted:
    del seed  # support vectors have none
    return Fitted(fit_published(grids, width), ())


def _fitted(members: tuple[Member, ...], grids: Grids) -> Fitted:
    rate_hz = grids[0].grid.rate_hz
    return Fitted(lambda rows: members_probability(members, rows, rate_hz), members)


def _band(grids: Grids, width: int, seed: int) -> Fitted:
    del width  # a band has one
    model = train_embedded(grids, BandSettings(seed=seed))
    return Fitted(lambda rows: kind_shares(model, rows), ())


SMALL: Final = Design(channels=(16, 32, 48, 64), taps=(8, 6, 4, 4), strides=(2, 2, 2, 2), rounds=80)

RECIPES: Final = {
    recipe.name: recipe
    for recipe in (
        Recipe("fast", "a small convolutional network on the samples", _network, needs_torch=True),
        Recipe("accurate", "two small networks and boosted trees on features, averaged", _both, needs_torch=True),
        Recipe("forest", "200 extra trees on the features of `activity/features`", _forest),
        Recipe("band", "boosted trees in whole numbers, as a band computes them; 7 classes", _band),
        Recipe("published", "cosine transform and support vectors, as the selfBACK prototype", _published),
    )
}
