"""When the band was not worn: nothing on a table moves, and nothing turns it."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from activity.epochs import UNKNOWN
from activity.signal.metrics import Moments

# Two rules, either is enough.
# Long: van Hees et al., PLoS ONE 2013;8:e61691: an hour with sd < 13 mg and a range < 50 mg on two axes of three. We
# judge ten-second means and sds and ask it of all axes, since sleepers lie still on two.
LONG_S: Final = 3600.0
LONG_SD_G: Final = 0.013
LONG_RANGE_G: Final = 0.05
# Short: a quarter of an hour in which no ten seconds show more than a sensor's own noise (AX3 and LIS2DW12 have 3 to
# 4 mg) and no mean moves by more than its drift. A wrist at rest is lifted by breath and turned within minutes.
SHORT_S: Final = 900.0
SHORT_SD_G: Final = 0.006
SHORT_RANGE_G: Final = 0.010

RULES: Final = ((LONG_S, LONG_SD_G, LONG_RANGE_G), (SHORT_S, SHORT_SD_G, SHORT_RANGE_G))


def find_wear(moments: Moments, width_s: float) -> NDArray[np.int8]:
    """Return 1 worn, 0 not worn or ``UNKNOWN`` for each window; a window without samples is unknown.

    A run of quiet windows ends at a gap: nobody knows what happened in it.
    """
    worn = np.where(moments.coverage > 0.0, np.int8(1), np.int8(UNKNOWN)).astype(np.int8)
    for length_s, sd_g, range_g in RULES:
        with np.errstate(invalid="ignore"):
            quiet = (moments.coverage > 0.0) & np.all(moments.sd_g < sd_g, axis=1)
        for start, stop in _steady_runs(moments.mean_g, quiet, range_g):
            if (stop - start) * width_s >= length_s:
                worn[start:stop] = 0
    return worn


def _steady_runs(mean_g: NDArray[np.float64], quiet: NDArray[np.bool_], range_g: float) -> list[tuple[int, int]]:
    """Return half-open runs of quiet windows whose means stay within ``range_g``; a turn starts a new run."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], quiet, [False]]).astype(np.int8)))
    runs: list[tuple[int, int]] = []
    for start, stop in edges.reshape(-1, 2).tolist():
        first = start
        low, high = mean_g[start].copy(), mean_g[start].copy()
        for i in range(start + 1, stop):
            low, high = np.minimum(low, mean_g[i]), np.maximum(high, mean_g[i])
            if np.any(high - low > range_g):
                runs.append((first, i))
                first = i
                low, high = mean_g[i].copy(), mean_g[i].copy()
        runs.append((first, stop))
    return runs
