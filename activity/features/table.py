"""The features of a window: one ordered table with a version, and the function that computes them."""

import hashlib
import math
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from activity.features._kernels import LEAST_VARIANCE, block_features
from activity.features.lags._kernels import block_lags
from activity.features.spectra._kernels import block_spectra
from activity.features.streams._kernels import LANES, N_ATTITUDE, N_STREAMS, split_block
from activity.signal.regularise import Grid
from activity.threads import share
from activity.windows import Windows

#: Raised by hand whenever a kernel computes something else; the table's own hash is added to it below.
KERNEL_VERSION: Final = 2

#: The least share of a window's samples that must have come; the others are drawn straight between neighbours.
LEAST_COVERAGE: Final = 0.8

#: Edges of the spectrum's bands in Hz: turns of the arm, swing, strides and steps fine, impacts coarse.
BANDS_HZ: Final = (0.1, 0.3, 0.6, 0.9, 1.2, 1.5, 1.8, 2.2, 2.7, 3.5, 5.0, 7.0, 10.0)

#: The longest lag at which two streams are compared; half a stride of a slow walker.
CROSS_S: Final = 0.5
_LONGEST_STRIDE_S: Final = 1.7


@dataclass(frozen=True, slots=True)
class Feature:
    """One column of the table."""

    name: str
    family: str  #: strength, shape, spectrum, rhythm, harmonics, pairs, posture or axes
    unit: str
    source: str  #: where it comes from: a paper, a common measure, or "own"
    turned: bool  #: changes with the way the band is worn, and so tells this wrist from that one


_MOMENT: Final = "standard moment"
_PEAKS: Final = "Moe-Nilssen & Helbostad, J Biomech 2004;37:121"  # autocorrelation at step and stride
_HARMONIC: Final = "after Gage 1964 and Smidt et al. 1971: harmonic ratio"

#: The four zero-mean streams that a window is split into: |a|; along the window's mean, which is gravity's; along the
#: strongest direction of the level plane; and at right angles to both. The last two have no sign, so their features
#: are those of their mirror images too.
STREAMS: Final = ("size", "vertical", "forward", "side")

_STREAM_ROWS: Final = (
    ("log_sd", "strength", "log g", _MOMENT),
    ("skewness", "shape", "1", _MOMENT),
    ("kurtosis", "shape", "1", _MOMENT),
    ("mean_size", "shape", "1", "mean amplitude deviation in sds, after Vähä-Ypyä et al. 2015"),
    ("upper", "shape", "1", "own: mean of what is beyond one sd"),
    ("lower", "shape", "1", "own: mean of what is beyond minus one sd"),
    ("highest", "shape", "1", "maximum"),
    ("lowest", "shape", "1", "minimum"),
    ("step_sd", "shape", "1", "mobility of Hjorth 1970"),
    ("step_skewness", "shape", "1", "own: skewness of the differences between samples"),
    ("crossings", "shape", "1", "zero crossings, beyond a tenth of an sd"),
    ("steadiness", "strength", "1", "own: weakest against strongest third of the window"),
    ("peak_hz", "spectrum", "Hz", "dominant frequency"),
    ("peak_share", "spectrum", "1", "dominant power against all, after Mannini et al. 2013"),
    ("spread", "spectrum", "Hz", "participation ratio; inverse Simpson index"),
    *((f"band_{low:g}_{high:g}_hz", "spectrum", "log 1", "band power") for low, high in pairwise(BANDS_HZ)),
)
_RHYTHMS: Final = ("size", "vertical", "axes")
_RHYTHM_ROWS: Final = (
    ("step_s", "s", _PEAKS),
    ("step_correlation", "1", _PEAKS),
    ("stride_s", "s", _PEAKS),
    ("stride_correlation", "1", _PEAKS),
    ("half_stride_correlation", "1", "own"),
    ("symmetry", "1", _PEAKS),
    ("lowest_correlation", "1", "own"),
    ("lowest_at_s", "s", "own"),
    ("first_zero_s", "s", "own"),
    ("highest_correlation", "1", "own"),
)
_HARMONIC_STREAMS: Final = ("size", "vertical", "forward")
_HARMONIC_ROWS: Final = (
    *((f"harmonic_{k}", "log 1", _HARMONIC) for k in range(1, 5)),
    ("odd_to_even", "log 1", _HARMONIC),
)
_PAIR_ROWS: Final = (
    ("size_vertical_correlation", "1"),
    ("size_forward_correlation", "1"),
    ("vertical_forward_correlation", "1"),
    ("vertical_side_correlation", "1"),
    ("vertical_forward_most", "1"),
    ("vertical_forward_lag_s", "s"),
    ("forward_side_most", "1"),
)
_POSTURE_ROWS: Final = (
    ("down_x", "posture", "1", True),
    ("down_y", "posture", "1", True),
    ("down_z", "posture", "1", True),
    ("tilt_mean", "posture", "1", False),
    ("tilt_most", "posture", "1", False),
    ("tilt_path", "posture", "1", False),
    ("tilt_sd", "posture", "1", False),
    ("middle_axis_share", "axes", "1", False),
    ("least_axis_share", "axes", "1", False),
    ("level_share", "axes", "1", False),
    ("forward_share", "axes", "1", False),
    ("log_power", "strength", "log g2", False),
)


def _table() -> tuple[Feature, ...]:
    return (
        *(Feature(f"{s}_{n}", f, u, o, turned=False) for s in STREAMS for n, f, u, o in _STREAM_ROWS),
        *(Feature(f"{s}_{n}", "rhythm", u, o, turned=False) for s in _RHYTHMS for n, u, o in _RHYTHM_ROWS),
        *(
            Feature(f"{s}_{n}", "harmonics", u, o, turned=False)
            for s in _HARMONIC_STREAMS
            for n, u, o in _HARMONIC_ROWS
        ),
        *(Feature(n, "pairs", u, "cross-correlation", turned=False) for n, u in _PAIR_ROWS),
        *(Feature(n, f, u, "own", turned) for n, f, u, turned in _POSTURE_ROWS),
    )


FEATURES: Final = _table()

#: Changes with the kernels (by hand) and with the table (by itself): a model of another version is refused.
FEATURE_VERSION: Final = (
    f"{KERNEL_VERSION}-" + hashlib.sha256(repr((FEATURES, BANDS_HZ, LEAST_COVERAGE)).encode()).hexdigest()[:12]
)


def compute_features(grid: Grid, windows: Windows) -> NDArray[np.float32]:
    """Return (n_windows, len(FEATURES)) features; a window with too few samples is NaN throughout.

    A window's features don't depend on its neighbours. Raises ``ValueError`` for windows that hold no slow stride.
    """
    plan = _Plan.of(windows.width_samples, grid.rate_hz)
    n_windows = windows.count(len(grid))
    out = np.full((n_windows, len(FEATURES)), np.nan, dtype=np.float32)
    share(lambda first, last: _fill(grid.accel_g, plan, first, last, out), -(-n_windows // LANES), least=4)
    return out


@dataclass(frozen=True, slots=True, eq=False)
class _Plan:
    """What the kernels need to know of a width and a rate."""

    width: int
    rate_hz: float
    bin_hz: float
    edges: NDArray[np.int64]  #: bins at which bands begin, and the last one ends
    taper: NDArray[np.float32]
    cosines: NDArray[np.float32]
    sines: NDArray[np.float32]
    n_lags: int  #: of a stream with itself
    n_cross: int  #: of two streams, either way

    @classmethod
    @lru_cache(maxsize=8)
    def of(cls, width: int, rate_hz: float) -> "_Plan":
        n_lags = int(_LONGEST_STRIDE_S * rate_hz) + 2
        if width < max(n_lags + 1, 10) or rate_hz < 4.0:
            raise ValueError(f"windows of {width} samples at {rate_hz:g} Hz hold no stride of {_LONGEST_STRIDE_S} s")
        size = 1 << (width - 1).bit_length()
        bin_hz = rate_hz / size
        turn = 2.0 * np.pi * np.arange(size // 2) / size
        edges = np.clip(np.rint(np.array(BANDS_HZ) / bin_hz), 1, size // 2).astype(np.int64)
        return cls(
            width,
            rate_hz,
            bin_hz,
            edges,
            np.hanning(width + 2)[1:-1].astype(np.float32),
            np.cos(turn).astype(np.float32),
            np.sin(turn).astype(np.float32),
            n_lags,
            round(CROSS_S * rate_hz) + 1,
        )

    @property
    def size(self) -> int:
        """Values that are transformed: the width and zeros, up to a power of two."""
        return 2 * int(self.cosines.size)


def _fill(accel_g: NDArray[np.float32], plan: _Plan, first: int, last: int, out: NDArray[np.float32]) -> None:
    """Fill the rows of blocks ``[first, last)``."""
    width = plan.width
    least = math.ceil(LEAST_COVERAGE * width)
    low, high = int(plan.edges[0]), int(plan.edges[-1])
    power_floor = LEAST_VARIANCE * plan.size / 2 * float(plan.taper.astype(np.float64) @ plan.taper)
    axes = np.empty((3, width * LANES), np.float32)
    streams = np.zeros((N_STREAMS, (width + _by_four(plan.n_lags) + 1) * LANES), np.float32)
    attitude = np.empty((LANES, N_ATTITUDE), np.float32)
    z, spare = np.empty((2, 2 * plan.size * LANES), np.float32)
    power = np.empty((N_STREAMS, high * LANES), np.float32)
    corr = np.empty((N_STREAMS, _by_four(plan.n_lags), LANES), np.float32)
    cross = np.empty((4, _by_four(plan.n_cross), LANES), np.float32)
    level = np.empty((4, LANES), np.float32)
    tables = plan.taper, plan.cosines, plan.sines
    numbers = width, plan.rate_hz, plan.edges, plan.bin_hz, power_floor, plan.n_lags, plan.n_cross
    for at in range(first * LANES, min(last * LANES, len(out)), LANES):
        stop = min(at + LANES, len(out))
        covered = split_block(accel_g, at, stop, width, least, axes, streams, attitude)
        block_spectra(streams, *tables, low, high, z, spare, power)
        block_lags(streams, width, corr, cross, level)
        block_features(streams, attitude, power, corr, cross, level, covered, *numbers, out[at:stop])


def _by_four(count: int) -> int:
    return -(-count // 4) * 4
