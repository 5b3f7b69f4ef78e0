"""The table of movement measures, and all of them for a recording."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from activity.signal.calibrate import Calibration, apply_calibration
from activity.signal.gather import RowsInMemory, gather
from activity.signal.movement import counts, mims, size
from activity.signal.movement.stretches import LEAST_COVERAGE, came_share
from activity.signal.regularise import Grid
from device.recording import NS_PER_S, Recording

EPOCH_S: Final = 60.0


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


def measure(recording: Recording, calibration: Calibration, epoch_s: float = EPOCH_S) -> Movement:
    """Return all measures of a recording, calibrated where ``calibration`` applies.

    ``epoch_s`` is a whole number of five seconds; an epoch without samples has no row, a short tail has none either.
    A grid at 100 Hz is made for it, which takes 12 bytes a sample for as long as it lasts.
    """
    if epoch_s <= 0.0 or epoch_s % size.MAD_EPOCH_S:
        raise ValueError(f"epoch_s is {epoch_s}, expected whole fives of seconds")
    columns: dict[str, NDArray[np.float64]] = {}
    shares = []
    for rate_hz in sorted({metric.rate_hz for metric in METRICS}):
        gathered = gather(recording.stream(), rate_hz, RowsInMemory())
        grid = apply_calibration(gathered.grid(0, gathered.n_rows), calibration)
        shares.append(came_share(grid.accel_g, round(epoch_s * rate_hz)))
        for metric in METRICS:
            if metric.rate_hz == rate_hz:
                found = np.where(shares[-1][:, None] >= LEAST_COVERAGE, metric.measure(grid, epoch_s), np.nan)
                columns |= dict(zip(metric.columns, found.T, strict=True))
    count = min(share.size for share in shares)  # a faster grid may fill an epoch that a slower one doesn't
    coverage = np.stack([share[:count] for share in shares]).min(axis=0)
    rows = np.flatnonzero(coverage > 0.0)
    start_ns = int(recording.time_ns[0]) if recording.n_samples else 0
    ordered = {name: columns[name][rows] for metric in METRICS for name in metric.columns}
    return Movement(epoch_s, start_ns + rows * round(epoch_s * NS_PER_S), coverage[rows], ordered)
