"""The table of movement measures, and all of them for a recording."""

import math
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from activity.signal.calibrate import Calibration, apply_calibration
from activity.signal.gather import Gathered, Rows, RowsInMemory, gather
from activity.signal.movement import counts, mims, size
from activity.signal.movement.stretches import LEAST_COVERAGE, came_share, epoch_count
from activity.signal.regularise import Grid
from device.recording import NS_PER_S, Stream

EPOCH_S: Final = 60.0

_AT_ONCE_S: Final = 7200.0  # 9 MB of rows at 100 Hz
#: What a filter has to have heard before a block: after it, those of 0.2 Hz and above have forgotten how they began.
_SETTLED_S: Final = 300.0
_SHARE: Final = "share"


@dataclass(frozen=True, slots=True)
class Metric:
    """One measure: how its columns are called, what it is counted in, and who published it."""

    name: str
    columns: tuple[str, ...]
    unit: str
    rate_hz: float  #: of the grid that it is defined on
    measure: Callable[[Grid, float], NDArray[np.float64]]  #: grid and seconds of an epoch to (n_epochs, n_columns)
    source: str


METRICS: Final = (
    Metric("ENMO", ("enmo_mg",), "mg", size.RATE_HZ, size.enmo_mg, "van Hees et al., PLoS ONE 2013;8:e61691"),
    Metric(
        "MAD", ("mad_mg",), "mg", size.RATE_HZ, size.mad_mg, "Vähä-Ypyä et al., Clin Physiol Funct Imaging 2015;35:64"
    ),
    Metric("MIMS-like", ("mims",), "g s", mims.RATE_HZ, mims.mims, "John et al., J Meas Phys Behav 2019;2:268"),
    Metric(
        "ActiGraph counts",
        ("counts_x", "counts_y", "counts_z", "counts_vm"),
        "counts",
        counts.RATE_HZ,
        counts.counts,
        "Neishabouri et al., Sci Rep 2022;12:11958",
    ),
)


@dataclass(frozen=True, slots=True, eq=False)
class Movement:
    """All measures of a recording, a row an epoch of ``epoch_s`` from its first sample on; NaN is not known."""

    epoch_s: float
    time_ns: NDArray[np.int64]  #: (n,) UTC start of each epoch
    coverage: NDArray[np.float64]  #: (n,) share of each epoch that came, 0..1
    columns: dict[str, NDArray[np.float64]]  #: (n,) each, in the order of ``METRICS``


def measure(
    stream: Stream,
    calibration: Calibration,
    place: Callable[[], AbstractContextManager[Rows]] = lambda: nullcontext(RowsInMemory()),
    epoch_s: float = EPOCH_S,
) -> Movement:
    """Return all measures of a recording, calibrated where ``calibration`` applies.

    ``epoch_s`` is a whole number of five seconds; an epoch without samples has no row, a short tail has none either.
    The stream is read once for each rate that a measure is defined on; its grid lies in ``place`` meanwhile. Errors:
    those of the stream and of the place.
    """
    if epoch_s <= 0.0 or epoch_s % size.MAD_EPOCH_S:
        raise ValueError(f"epoch_s is {epoch_s}, expected whole fives of seconds")
    columns: dict[str, NDArray[np.float64]] = {}
    shares = []
    for rate_hz in sorted({metric.rate_hz for metric in METRICS}):
        with place() as rows:
            gathered = gather(stream, rate_hz, rows)
            found = [_measured(gathered, block, calibration, epoch_s) for block in _blocks(gathered, epoch_s)]
        columns |= {name: np.concatenate([part[name] for part in found]) for name in (found[0] if found else ())}
        shares.append(columns.pop(_SHARE, np.empty(0)))
    count = min(share.size for share in shares)  # a faster grid may fill an epoch that a slower one doesn't
    coverage = np.stack([share[:count] for share in shares]).min(axis=0)
    kept = np.flatnonzero(coverage > 0.0)
    ordered = {name: columns.get(name, np.empty(0))[kept] for metric in METRICS for name in metric.columns}
    return Movement(epoch_s, gathered.start_ns + kept * round(epoch_s * NS_PER_S), coverage[kept], ordered)


def _blocks(gathered: Gathered, epoch_s: float) -> Iterator[tuple[int, int]]:
    """Yield first and last epoch of the pieces that are measured at once."""
    count = epoch_count(gathered.n_rows, round(epoch_s * gathered.rate_hz))
    at_once = max(1, round(_AT_ONCE_S / epoch_s))
    for first in range(0, count, at_once):
        yield first, min(first + at_once, count)


def _measured(
    gathered: Gathered, block: tuple[int, int], calibration: Calibration, epoch_s: float
) -> dict[str, NDArray[np.float64]]:
    """Return the columns of all measures of this rate, and the share that came, of epochs ``[first, last)``."""
    first, last = block
    width = round(epoch_s * gathered.rate_hz)
    before = min(first, math.ceil(_SETTLED_S / epoch_s))
    grid = gathered.grid((first - before) * width, min(last * width, gathered.n_rows))
    grid = apply_calibration(grid, calibration)
    share = came_share(grid.accel_g, width)
    columns = {_SHARE: share[before:]}
    for metric in METRICS:
        if metric.rate_hz == gathered.rate_hz:
            found = np.where(share[:, None] >= LEAST_COVERAGE, metric.measure(grid, epoch_s), np.nan)[before:]
            columns |= dict(zip(metric.columns, found.T, strict=True))
    return columns
