"""From acceleration in g to what a band's sensor counts, and from a band's verdict to shares of kinds."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from activity.classify.embedded.model import EmbeddedModel, recognise
from activity.classify.kinds import KIND_INDEX, KINDS
from activity.labels import Activity

RANGE_G: Final = 8  #: of most bands

_COUNTS: Final = 32768  #: of a range
#: The kind that stands for an activity where a model doesn't tell its kinds apart.
_STANDS_FOR: Final = {Activity.WALKING: KIND_INDEX["walk_mod"], Activity.STAIRS: KIND_INDEX["upstairs"]}
_FIRST: Final = {kind.activity: index for index, kind in reversed(list(enumerate(KINDS)))}


def count_samples(accel_g: NDArray[np.floating], range_g: int = RANGE_G) -> NDArray[np.int16]:
    """Return acceleration in g as a sensor of this range counts it: rounded, and clipped at its ends."""
    counts = np.rint(np.asarray(accel_g, dtype=np.float64) * (_COUNTS / range_g))
    clipped: NDArray[np.int16] = np.clip(counts, -_COUNTS, _COUNTS - 1).astype(np.int16)
    return clipped


def kind_shares(model: EmbeddedModel, rows: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return (n, len(KINDS)) probabilities of (n, 250, 3) windows in g, as a band of ±8 g would find them.

    An activity's whole share is that of one of its kinds: the model for the band doesn't tell paces or ways apart.
    """
    confidence = recognise(model, count_samples(rows), RANGE_G).confidence.astype(np.float64)
    out = np.zeros((len(rows), len(KINDS)))
    for column, activity in enumerate(model.classes):
        out[:, _STANDS_FOR.get(activity, _FIRST[activity])] = confidence[:, column]
    out /= np.maximum(out.sum(axis=1, keepdims=True), 1.0)
    return out
