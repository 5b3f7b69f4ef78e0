"""Epochs: one row a window, the table that everything after recognition is made from."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from activity.labels import ACTIVITIES

UNKNOWN = -1  #: in ``activity`` and ``worn``: not enough samples to say


@dataclass(frozen=True, slots=True, eq=False)
class Epochs:
    """Rows of equal length in time order; a window that holds no sample at all has no row.

    ``activity`` indexes ``activity.labels.ACTIVITIES``, and is ``UNKNOWN`` where too few samples came.
    Missing is NaN in the float columns, never zero.
    """

    width_s: float
    time_ns: NDArray[np.int64]  #: (n,) UTC start of each window
    activity: NDArray[np.int8]  #: (n,)
    confidence: NDArray[np.float32]  #: (n,) probability of ``activity``
    probability: NDArray[np.float32]  #: (n, len(ACTIVITIES)); a class the model doesn't know is NaN
    steps: NDArray[np.float32]  #: (n,) whole numbers, NaN where unknown
    cadence_spm: NDArray[np.float32]  #: (n,) steps per minute while stepping, NaN where unknown or not stepping
    enmo_mg: NDArray[np.float32]  #: (n,) mean of max(|a| - 1 g, 0) in mg
    worn: NDArray[np.int8]  #: (n,) 1 worn, 0 not worn, UNKNOWN
    coverage: NDArray[np.float32]  #: (n,) share of the window's samples that came, 0..1

    def __post_init__(self) -> None:
        n = self.time_ns.size
        for name in ("activity", "confidence", "steps", "cadence_spm", "enmo_mg", "worn", "coverage"):
            if getattr(self, name).shape != (n,):
                raise ValueError(f"{name} has shape {getattr(self, name).shape}, expected ({n},)")
        if self.probability.shape != (n, len(ACTIVITIES)):
            raise ValueError(f"probability has shape {self.probability.shape}, expected ({n}, {len(ACTIVITIES)})")

    def __len__(self) -> int:
        return int(self.time_ns.size)
