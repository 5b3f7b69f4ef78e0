"""ActiGraph counts, as the maker published them after thirty years."""

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter, lfilter_zi

from activity.signal.movement.stretches import Filter, add_to_epochs, came_share, filtered
from activity.signal.regularise import Grid

RATE_HZ: Final = 30.0

# Neishabouri et al., Sci Rep 2022;12:11958, table of coefficients: a band-pass of 0.29 to 1.63 Hz at 30 Hz.
_FORWARD: Final = (
    -0.009341062898525,
    -0.025470289659360,
    -0.004235264826105,
    0.044152415456420,
    0.036493718347760,
    -0.011893961934740,
    -0.022917390623150,
    -0.006788163862310,
)
_BACK: Final = (
    1.0,
    -3.63367395910957,
    5.03689812757486,
    -3.09612247819666,
    0.50620507633883,
    0.32421701566682,
    -0.15685485875559,
    0.01949130205890,
)
#: Counts of the old converter to a g: 3 V over 12 bits, 2.6 V over 8 bits, and the gain of its amplifier.
_COUNTS_PER_G: Final = (3.0 / 4096.0) / (2.6 / 256.0) * 237.5
_LEAST: Final = 4.0  # counts; below is nothing
_MOST: Final = 128.0  # the converter's end
_DECIMALS: Final = 3  # of g, to which the published method rounds
_THIRD: Final = 3  # 30 Hz to 10 Hz


def counts(grid: Grid, epoch_s: float) -> NDArray[np.float64]:
    """Return (n, 4) counts of x, y, z and their vector magnitude of each epoch of a grid at 30 Hz.

    Rounded to milli-g, filtered, scaled, made absolute, nothing below 4 and nothing above 128, whole numbers, means
    of three rounded down, summed. An epoch that came in part counts as if all had.

    Other than there: a recording at another rate comes to 30 Hz by Lanczos's kernel, where the maker's filter lets
    aliases through (its counts at 40, 50, 70, 80 and 100 Hz differ from those at 30, 60 and 90 Hz by that); after a
    gap the filter begins anew. The low-frequency extension is not offered.
    """
    width = round(epoch_s * grid.rate_hz)
    share = came_share(grid.accel_g, width)
    total = np.zeros((share.size, 3))
    for first, rows in filtered(grid.accel_g, _band_pass):
        size = np.abs(rows)
        size[size < _LEAST] = 0.0
        whole = np.floor(np.minimum(size, _MOST))
        skip = -first % _THIRD  # threes begin where epochs do
        threes = len(whole[skip:]) // _THIRD
        means = np.floor(whole[skip : skip + _THIRD * threes].reshape(threes, _THIRD, 3).sum(axis=1) / _THIRD)
        add_to_epochs(total, (first + skip) // _THIRD, means, width // _THIRD)
    with np.errstate(invalid="ignore", divide="ignore"):
        axes = total / share[:, None]
    return np.hstack([axes, np.linalg.norm(axes, axis=1, keepdims=True)])


def _band_pass(first_row: NDArray[np.float64]) -> Filter:
    forward, back = np.array(_FORWARD), np.array(_BACK)
    state = lfilter_zi(forward, back)[:, None] * np.round(first_row, _DECIMALS)

    def step(rows: NDArray[np.float64]) -> NDArray[np.float64]:
        nonlocal state
        out, state = lfilter(forward, back, np.round(rows, _DECIMALS), axis=0, zi=state)
        return np.asarray(_COUNTS_PER_G * out)

    return step
