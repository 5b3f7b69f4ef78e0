"""The features of a window: one ordered table with a version, and the function that computes them."""

import hashlib
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from activity.features import _kernels
from activity.signal.regularise import Grid
from activity.windows import Windows

#: Raised by hand whenever a kernel computes something else; the table's own hash is added to it below.
KERNEL_VERSION: Final = 1

#: The least share of a window's samples that must have come; the others are drawn straight between neighbours.
LEAST_COVERAGE: Final = 0.8


@dataclass(frozen=True, slots=True)
class Feature:
    """One column of the table."""

    name: str
    family: str  #: strength, shape, spectrum, rhythm, posture or axes
    unit: str
    turned: bool  #: changes with the way the band is worn, and so tells this wrist from that one


#: name and what it is: the six zero-mean streams that a window is split into, and whether they turn with the band
STREAMS: Final = (("size", False), ("vertical", False), ("forward", False), ("x", True), ("y", True), ("z", True))

#: Edges of the spectrum's bands in Hz: arm swing, strides and steps fine, impacts coarse.
BANDS_HZ: Final = (0.3, 0.6, 0.8, 1.0, 1.25, 1.5, 1.75, 2.0, 2.3, 2.6, 3.2, 4.5, 7.0, 10.0)

_STREAM_ROWS: Final = (
    ("log_sd", "strength", "log g"),
    ("skewness", "shape", "1"),
    ("kurtosis", "shape", "1"),
    ("step_mean", "shape", "1"),
    ("step_sd", "shape", "1"),
    ("step_skewness", "shape", "1"),
    ("crossings", "shape", "1"),
    ("p05", "shape", "1"),
    ("p25", "shape", "1"),
    ("p75", "shape", "1"),
    ("p95", "shape", "1"),
    ("steadiness", "strength", "1"),
    *((f"band_{low:g}_{high:g}_hz", "spectrum", "log 1") for low, high in pairwise(BANDS_HZ)),
    ("peak_hz", "spectrum", "Hz"),
    ("peak_share", "spectrum", "1"),
    ("entropy", "spectrum", "nat"),
    ("double_to_peak", "spectrum", "log 1"),
    ("half_to_peak", "spectrum", "log 1"),
)
#: They change sign or place with the stream's sign, and the strongest direction of the level plane has none.
_ODD: Final = frozenset({"skewness", "step_skewness", "p05", "p25", "p75", "p95"})
_RHYTHM_ROWS: Final = (
    ("step_s", "s"),
    ("step_correlation", "1"),
    ("stride_s", "s"),
    ("stride_correlation", "1"),
    ("two_step_correlation", "1"),
    ("half_stride_correlation", "1"),
    ("lowest_correlation", "1"),
    ("lowest_at_s", "s"),
    ("first_zero_s", "s"),
    ("highest_correlation", "1"),
)
_POSTURE_ROWS: Final = (
    ("down_x", "posture", "1", True),
    ("down_y", "posture", "1", True),
    ("down_z", "posture", "1", True),
    ("middle_axis_share", "axes", "1", False),
    ("least_axis_share", "axes", "1", False),
    ("correlation_xy", "axes", "1", True),
    ("correlation_xz", "axes", "1", True),
    ("correlation_yz", "axes", "1", True),
    ("log_power", "strength", "log g2", False),
    ("level_share", "axes", "1", False),
    ("main_axis_share", "axes", "1", False),
    ("tilt_mean", "posture", "rad", False),
    ("tilt_most", "posture", "rad", False),
    ("tilt_path", "posture", "rad", False),
    ("tilt_sd", "posture", "rad", False),
    ("turn_evenness", "posture", "1", True),
)


def _table() -> tuple[Feature, ...]:
    streams = [
        Feature(f"{s}_{n}", f, u, turned or (s == "forward" and n in _ODD))
        for s, turned in STREAMS
        for n, f, u in _STREAM_ROWS
    ]
    rhythms = [
        Feature(f"{s}_{n}", "rhythm", u, turned=False) for s in ("size", "vertical", "axes") for n, u in _RHYTHM_ROWS
    ]
    return (*streams, *rhythms, *(Feature(n, f, u, turned) for n, f, u, turned in _POSTURE_ROWS))


FEATURES: Final = _table()

#: Changes with the kernels (by hand) and with the table (by itself): a model of another version is refused.
FEATURE_VERSION: Final = (
    f"{KERNEL_VERSION}-" + hashlib.sha256(repr((FEATURES, BANDS_HZ, LEAST_COVERAGE)).encode()).hexdigest()[:12]
)


def compute_features(grid: Grid, windows: Windows) -> NDArray[np.float32]:
    """Return (n_windows, len(FEATURES)) features; a window with too few samples is NaN throughout."""
    width = windows.width_samples
    out = np.full((windows.count(len(grid)), len(FEATURES)), np.nan, dtype=np.float32)
    size = 1 << (width - 1).bit_length()
    turn = 2.0 * np.pi * np.arange(size // 2) / size
    bin_hz = grid.rate_hz / size
    edges = np.array([min(round(hz / bin_hz), size // 2) for hz in BANDS_HZ], dtype=np.int64)
    _kernels.window_features(
        grid.accel_g,
        width,
        int(np.ceil(LEAST_COVERAGE * width)),
        grid.rate_hz,
        np.hanning(width + 2)[1:-1],
        np.cos(turn),
        np.sin(turn),
        edges,
        bin_hz,
        int(1.7 * grid.rate_hz) + 2,
        out,
    )
    return out
