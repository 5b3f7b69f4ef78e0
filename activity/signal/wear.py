"""When the band was not worn: nothing on a table moves, and nothing turns it."""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from activity.epochs import UNKNOWN
from activity.signal.metrics import Moments

# Two rules, either is enough.
# Long: van Hees et al., PLoS ONE 2013;8:e61691: an hour with sd < 13 mg and a range < 50 mg on two axes of three. We
# judge ten-second means and sds and ask it of all axes, since sleepers lie still on two.
# Short, for a band put on a table: ten minutes in which no ten seconds show more than a sensor's own noise (AX3 and
# LIS2DW12 have 3 to 4 mg), no mean moves by more than its drift, and the noise itself doesn't change, as it does
# whenever breath, pulse or tremor come and go. It is our own rule and not validated against sleep. Of the selfBACK
# recordings of lying and sitting, 72 of 1,138 pieces of half a minute pass it, 18 of 876 of a minute and 2 of 438 of
# two; ten minutes awake are safe, a hand asleep on a mattress is the case that could still pass for a table.


@dataclass(frozen=True, slots=True)
class Rule:
    """A spell without wear: this long, each window this quiet, and nothing changing by more than this."""

    length_s: float
    sd_g: float  #: most in a window, on each axis
    range_g: float  #: most between the means of any two windows, on each axis
    sd_range_g: float  #: most between the sds of any two windows, on each axis


RULES: Final = (
    Rule(length_s=3600.0, sd_g=0.013, range_g=0.05, sd_range_g=0.013),
    Rule(length_s=600.0, sd_g=0.006, range_g=0.010, sd_range_g=0.002),
)


def find_wear(moments: Moments, width_s: float) -> NDArray[np.int8]:
    """Return 1 worn, 0 not worn or ``UNKNOWN`` for each window; a window without samples is unknown.

    Not worn is every window of every spell that a rule describes. No spell goes over a gap.
    """
    came = moments.coverage > 0.0
    worn = np.where(came, np.int8(1), np.int8(UNKNOWN)).astype(np.int8)
    for rule in RULES:
        with np.errstate(invalid="ignore"):
            quiet = came & np.all(moments.sd_g < rule.sd_g, axis=1)
        measures = np.hstack([moments.mean_g / rule.range_g, moments.sd_g / rule.sd_range_g])
        worn[_in_spell(np.where(quiet[:, None], measures, 0.0), quiet, math.ceil(rule.length_s / width_s))] = 0
    return worn


def _in_spell(measures: NDArray[np.float64], quiet: NDArray[np.bool_], length: int) -> NDArray[np.bool_]:
    """Return the rows of all stretches of ``length`` quiet rows in which no measure goes further than 1."""
    if len(quiet) < length:
        return np.zeros(len(quiet), dtype=np.bool_)
    unquiet = np.concatenate(([0], np.cumsum(~quiet)))
    steady = unquiet[length:] == unquiet[:-length]
    for measure in measures.T:
        if not steady.any():
            break
        steady &= _running(np.maximum, measure, length) - _running(np.minimum, measure, length) <= 1.0
    starts = np.zeros(len(quiet) + 1, dtype=np.int64)
    starts[: steady.size] += steady
    starts[length : length + steady.size] -= steady
    return np.asarray(np.cumsum(starts)[:-1] > 0)


def _running(extreme: np.ufunc, values: NDArray[np.float64], length: int) -> NDArray[np.float64]:
    """Return the extreme of each stretch of ``length`` values, in the order of their first ones.

    In pieces of that length, a stretch is the end of one and the beginning of the next (van Herk, Pattern Recognit Lett
    1992;13:517). As fast as SciPy's filters, whose import takes longer than both.
    """
    pieces = np.concatenate([values, np.repeat(values[-1:], -len(values) % length)]).reshape(-1, length)
    onward = extreme.accumulate(pieces, axis=1).ravel()
    back = extreme.accumulate(pieces[:, ::-1], axis=1)[:, ::-1].ravel()
    count = len(values) - length + 1
    return np.asarray(extreme(back[:count], onward[length - 1 : length - 1 + count]))
