"""Plain measures of each window: how much of it came, its mean attitude, its spread, and its ENMO."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from activity.signal import _kernels
from activity.signal.regularise import Grid
from activity.threads import share
from activity.windows import Windows


@dataclass(frozen=True, slots=True, eq=False)
class Moments:
    """One row a window; NaN where no sample came."""

    coverage: NDArray[np.float64]  #: (n,) share of the window's samples that came, 0..1
    mean_g: NDArray[np.float64]  #: (n, 3)
    sd_g: NDArray[np.float64]  #: (n, 3)
    enmo_mg: NDArray[np.float64]  #: (n,) mean of max(|a| - 1 g, 0) in mg (van Hees et al., 2013)


def moments(grid: Grid, windows: Windows) -> Moments:
    """Return the moments of each window of ``grid``."""
    out = np.empty((windows.count(len(grid)), 8))
    width = windows.width_samples
    share(lambda first, last: _kernels.window_moments(grid.accel_g, width, first, last, out), len(out), least=256)
    return Moments(out[:, 0] / windows.width_samples, out[:, 1:4], out[:, 4:7], out[:, 7] * 1000.0)


def joined(parts: Sequence[Moments]) -> Moments:
    """Return the moments of windows that follow each other as one."""
    return Moments(
        *(np.concatenate([getattr(part, name) for part in parts]) for name in ("coverage", "mean_g", "sd_g", "enmo_mg"))
    )
