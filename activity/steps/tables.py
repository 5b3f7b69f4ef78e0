"""What the step counter knows before it sees a sample: cadences, weights, and waves sampled at the grid's rate.

The weights were learned from 29 selfBACK people by conditional logits over cadences (which of them is it?) and by a
logit over seconds (is it stepping at all?), people held out in fifths. Those of the axes lie halfway to what is learned
when the same walks are played up to 1.8 times slower, too: few who were recorded take less than 1.3 steps a second,
and many old people do. They are rounded; half or double of ``MOVE_COST``, ``CHANGE_COST`` or ``TRUST`` changes the
mean error of no kind of walk by more than 0.7 points of percentage.
"""

import functools
import math
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

POINT_HZ: Final = 12.5  #: least rate that the counter works at; heel strikes above 6 Hz tell nothing more about steps
CELL_HZ: Final = 0.1
LOWEST_HZ: Final = 0.3  #: of the spectra
CADENCES: Final = np.arange(7, 36)  #: cells of 0.1 steps per second: a shuffle to a sprint
SIZE_CELLS: Final = np.arange(3, 59)  #: cells looked at in the size of acceleration
AXES_CELLS: Final = np.arange(3, 35)  #: cells looked at on the axes
SOFT_S: Final = 0.04  #: sd of the Gaussian that keeps heel strikes from folding down
TREND_S: Final = 0.5  #: of each of two running means either side, which take posture and slow turns out
FRAME_S: Final = 2.5  #: either side of a frame's middle
HOP_S: Final = 1.0
WAVE_PERIODS: Final = 1.0  #: sd of the Gaussian in which phase is followed
WAVE_REACH_S: Final = 2.4
BEFORE_S: Final = 6.0  #: of rows before a window that its steps depend on
PAD_S: Final = 2.0  #: of rows after a window that its steps depend on

USUAL_HZ: Final = 1.8
USUAL_RMS_G: Final = 0.12
#: Multiples of the cadence at which teeth of the comb lie: five in the size, two on the axes.
TEETH: Final = (1.0, 2.0, 3.0, 0.5, 1.5, 0.5, 1.0)
SIZE_WEIGHTS: Final = (6.7, 2.8, 1.4, 2.9, 0.7, 0.0, 0.0)  #: where only the size is known
AXES_WEIGHTS: Final = (4.8, 2.8, 1.8, 0.95, 0.7, 4.1, 3.2)
#: Of log2 of cadence over usual: linear, square, and with the loudness in octaves: who steps fast, swings hard.
PRIOR: Final = (-0.8, -3.1, 2.4)
TRUST: Final = 0.5  #: frames overlap, so each is worth half a witness
MOVE_COST: Final = 8.0  #: of an octave from one second to the next
#: Log odds of stepping: evidence of the cadence, root of the power on whole teeth and on half teeth, octaves by which
#: the band's turning exceeds its shaking, octaves of cadence, and a constant.
SIZE_GATE: Final = (1.0, 0.9, -1.0, 0.0, 2.5, -9.0)
AXES_GATE: Final = (0.83, 0.8, -2.1, -1.0, 3.0, -9.4)
MOST_LOGIT: Final = 2.0
CHANGE_COST: Final = 9.0  #: of starting or stopping: three seconds of the surest rhythm
FIRST_FRAME: Final = 4  #: those before hear too little of what they are about
LEAST_RMS_G: Final = 0.015
LEAST_SWING_G: Final = 0.01
PAUSE_SHARE: Final = 0.3  #: of the window's usual level; a step below it is none
MOST_PAUSE_G: Final = 0.05  #: joggers that turn take a few soft steps
MEND_S: Final = 0.2  #: a step in a hole of up to twice that is put to the nearest sample; in longer ones it is lost


class Tables(NamedTuple):
    """Everything that the kernels need at one rate and width; lengths are in points, places in rows."""

    apart: int
    width: int
    window_points: int
    before: int
    after: int
    hop: int
    trend_reach: int
    frame_reach: int
    mend_rows: int
    soft: Array
    least_weight: float
    size_cosine: Array
    size_sine: Array
    axes_cosine: Array
    axes_sine: Array
    wave_cosine: Array
    wave_sine: Array
    wave_reach: Array
    period: Array  #: rows of each cadence
    octave: Array
    teeth: Array
    prior: Array
    move_cost: Array
    size_weights: Array
    axes_weights: Array
    size_gate: Array
    axes_gate: Array
    usual_rms_g: float
    least_rms_g: float
    least_swing_g: float
    pause_share: float
    most_pause_g: float
    trust: float
    most_logit: float
    change_cost: float
    first_frame: int
    handover: int  #: frame of this window that is about where the first frame of the next one is


def frames_of(t: Tables) -> int:
    """Return the frames of one window and what is around it."""
    return (t.before + t.window_points + t.after) // t.hop


@functools.cache
def tables(rate_hz: float, width: int) -> Tables:
    """Return the tables for windows of ``width`` rows at ``rate_hz``."""
    apart = max(1, int(rate_hz / (POINT_HZ - 0.1)))
    point_hz = rate_hz / apart
    hop = round(HOP_S * point_hz)
    cadence_hz = CADENCES * CELL_HZ
    octave = np.log2(cadence_hz / USUAL_HZ)
    soft = np.exp(-0.5 * (np.arange(_soft_reach(rate_hz) + 1) / rate_hz / SOFT_S) ** 2)
    taper = _taper(point_hz)
    wave_cosine, wave_sine, wave_reach = _waves(point_hz, cadence_hz)
    window_points = -(-width // apart)
    return Tables(
        apart, width, window_points, _points(BEFORE_S, rate_hz, apart), _points(PAD_S, rate_hz, apart), hop,
        round(TREND_S * point_hz), int(FRAME_S * point_hz) // 2, round(MEND_S * rate_hz),
        soft, 0.3 * float(soft[0] + 2.0 * soft[1:].sum()),
        *_comb(point_hz, taper, SIZE_CELLS), *_comb(point_hz, taper, AXES_CELLS), wave_cosine, wave_sine, wave_reach,
        rate_hz / cadence_hz, octave,
        _teeth(),
        np.stack([PRIOR[0] * octave + PRIOR[1] * octave**2, PRIOR[2] * octave]),
        MOVE_COST * np.abs(octave[:, None] - octave),
        np.array(SIZE_WEIGHTS), np.array(AXES_WEIGHTS), np.array(SIZE_GATE), np.array(AXES_GATE),
        USUAL_RMS_G, LEAST_RMS_G, LEAST_SWING_G, PAUSE_SHARE, MOST_PAUSE_G, TRUST, MOST_LOGIT, CHANGE_COST, FIRST_FRAME,
        FIRST_FRAME + round(window_points / hop),
    )  # fmt: skip


def _soft_reach(rate_hz: float) -> int:
    return math.ceil(3.0 * SOFT_S * rate_hz)


def _points(length_s: float, rate_hz: float, apart: int) -> int:
    """Return how many points see no row further away than ``length_s``."""
    return int((length_s * rate_hz - _soft_reach(rate_hz)) / apart)


def _teeth() -> Array:
    """Return the half cell of each tooth of each cadence; the last half cell stands for what lies outside."""
    half_cells = [2 * SIZE_CELLS.size] * 5 + [2 * AXES_CELLS.size] * 2
    rows = [[round(2 * (of * c - SIZE_CELLS[0])) for of in TEETH] for c in CADENCES]
    return np.array(
        [[place if 0 <= place < n - 1 else n - 1 for place, n in zip(row, half_cells, strict=True)] for row in rows]
    )


def _taper(point_hz: float) -> Array:
    """Return the falling half of a Hann window."""
    reach = int(FRAME_S * point_hz)
    half: Array = 0.5 + 0.5 * np.cos(np.pi * np.arange(reach + 1) / (reach + 1))
    return half


def _comb(point_hz: float, taper: Array, cells: Array) -> tuple[Array, Array]:
    """Return tapered waves, so that a swing of amplitude 1 has amplitude 1; cells above the rate's half are silent."""
    turn = 2.0 * np.pi * CELL_HZ * np.outer(np.arange(taper.size) / point_hz, cells)
    scale = taper[:, None] * (2.0 / (taper[0] + 2.0 * taper[1:].sum())) * (cells * CELL_HZ < 0.46 * point_hz)
    return (np.cos(turn) * scale).astype(np.float32), (np.sin(turn) * scale).astype(np.float32)


def _waves(point_hz: float, cadence_hz: Array) -> tuple[Array, Array, Array]:
    """Return one wave in a Gaussian for each cadence, and how far it reaches."""
    apart_s = np.arange(int(WAVE_REACH_S * point_hz) + 1) / point_hz
    sd_s = WAVE_PERIODS / cadence_hz
    bell = np.exp(-0.5 * (apart_s / sd_s[:, None]) ** 2)
    bell *= 2.0 / (bell[:, :1] + 2.0 * bell[:, 1:].sum(axis=1, keepdims=True))
    turn = 2.0 * np.pi * cadence_hz[:, None] * apart_s
    reach = np.minimum((3.0 * sd_s * point_hz).astype(np.int64), apart_s.size - 1)
    return bell * np.cos(turn), bell * np.sin(turn), reach
