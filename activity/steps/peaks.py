"""Step times: the moments at which the size of acceleration, filtered to the wearer's own cadence, peaks.

Every step shakes the wrist once, whatever way the band is worn, so the size of acceleration swings once a step.
Peaks of it are doubled by heel strikes and lost in arm swing; its phase at the cadence is not. Per window:

1. the spectrum of the size of acceleration gives a cadence, among those that the activity allows;
2. the size is filtered by a Gaussian around that cadence, and its phase is followed;
3. a step is each time that the phase passes zero, and no two are closer than half a period.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from activity.labels import Activity
from activity.signal.regularise import Grid
from activity.windows import Windows


@dataclass(frozen=True, slots=True)
class Gait:
    """What cadences an activity has: the usual one, and how far people lie from it."""

    usual_hz: float
    spread_octaves: float


#: The usual cadence is the median of the selfBACK people by their thigh sensor (1.81, 2.60 and 1.80 Hz). The spread is
#: about twice theirs (0.21, 0.06 and 0.19 octaves): at theirs, the quickest walkers lose 4 % of their steps.
GAITS: Final[dict[Activity, Gait]] = {
    Activity.WALKING: Gait(1.8, 0.4),
    Activity.RUNNING: Gait(2.6, 0.15),
    Activity.STAIRS: Gait(1.8, 0.4),
}

CADENCE_HZ: Final = np.arange(1.1, 3.6, 0.025)  #: looked at; below is pottering, above is nobody
FILTER_SD_S: Final = 0.55  #: of the Gaussian; about one step to either side
LEAST_SHARE: Final = 0.06  #: of the spectrum from 0.5 to 8 Hz that lies at the cadence and its double
LEAST_SWING_G: Final = 0.01  #: of the filtered size; a wrist that barely moves counts nothing
#: A swing below this share of the window's median for this long is a stop; a single weak step is shorter. Walks with
#: a stop of 4 s every half minute are counted 4 % too high with it and 8 % without; real walks lose nothing by it.
STOP_SHARE: Final = 0.3
STOP_S: Final = 2.0
_PAD_S: Final = 1.6
_CHUNK: Final = 2048  # windows at once; keeps a week's walking within a few hundred MB


def step_times_ns(grid: Grid, windows: Windows, activity: NDArray[np.int8]) -> NDArray[np.int64]:
    """Return the UTC times of steps in windows whose activity is stepping, in order.

    ``activity`` is (n_windows,), an index in ``activity.labels.ACTIVITIES``; windows of no stepping activity, and
    windows without a rhythm, hold no step. No step is put where no sample came.
    """
    gaits = {index: GAITS[kind] for index, kind in enumerate(Activity) if kind in GAITS}
    stepping = np.flatnonzero(np.isin(activity, list(gaits)))
    places = [
        _steps_of(grid, windows, part, [gaits[int(activity[w])] for w in part])
        for part in np.array_split(stepping, max(1, -(-stepping.size // _CHUNK)))
        if part.size
    ]
    place = np.sort(np.concatenate(places)) if places else np.empty(0)
    return grid.start_ns + np.round(place * grid.step_ns).astype(np.int64)


def _steps_of(grid: Grid, windows: Windows, part: NDArray[np.intp], gaits: list[Gait]) -> NDArray[np.float64]:
    """Return the places of steps, in grid rows with fractions."""
    rate_hz, width = grid.rate_hz, windows.width_samples
    pad = round(_PAD_S * rate_hz)
    size, came = _sizes(grid, part, width, pad)
    cadence_hz, share = find_cadence(size[:, pad:-pad], rate_hz, gaits, part)
    phase, swing = _phase(size, cadence_hz, rate_hz, pad)
    counted = (share >= LEAST_SHARE)[:, None] & (swing >= LEAST_SWING_G) & came[:, pad : -pad + 1]
    counted &= ~_stops(swing, rate_hz)
    # One column more than the window, so that a step between two windows is found once, in the first.
    before, after = phase[:, :-1], phase[:, 1:]
    passes = (before < 0.0) & (after >= 0.0) & (after - before < np.pi) & counted[:, :-1]
    row, column = np.nonzero(passes)
    part_way = before[row, column] / (before[row, column] - after[row, column])
    place = part[row] * width + column + part_way
    order = np.argsort(place, kind="stable")
    return _spaced(place[order], 0.5 * rate_hz / cadence_hz[row[order]])


def _stops(swing: NDArray[np.float64], rate_hz: float) -> NDArray[np.bool_]:
    """Return where the wearer paused: the swing stays far below that of the window for longer than a weak step."""
    weak = swing < STOP_SHARE * np.median(swing, axis=1, keepdims=True)
    stopped: NDArray[np.bool_] = ndimage.binary_opening(weak, np.ones((1, round(STOP_S * rate_hz)), dtype=np.bool_))
    return stopped


def _sizes(grid: Grid, part: NDArray[np.intp], width: int, pad: int) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return (n, width + 2 pad) zero-mean sizes of acceleration, zero where nothing came, and where it came."""
    rows = part[:, None] * width + np.arange(-pad, width + pad)
    inside = (rows >= 0) & (rows < len(grid))
    accel_g = grid.accel_g[np.clip(rows, 0, max(len(grid) - 1, 0))].astype(np.float64)
    size = np.sqrt(np.einsum("wij,wij->wi", accel_g, accel_g))
    came = inside & ~np.isnan(size)
    size = np.where(came, size, 0.0)
    mean = size.sum(axis=1) / np.maximum(came.sum(axis=1), 1)
    return np.where(came, size - mean[:, None], 0.0), came


def find_cadence(
    size: NDArray[np.float64], rate_hz: float, gaits: list[Gait], part: NDArray[np.intp]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return each window's steps per second, and the share of its movement that is at them."""
    width = size.shape[1]
    all_hz = np.arange(0.5, 8.0, 0.025)
    turn = 2.0 * np.pi * np.outer(np.arange(width) / rate_hz, all_hz)
    tapered = size * np.hanning(width + 2)[1:-1]
    power = (tapered @ np.cos(turn)) ** 2 + (tapered @ np.sin(turn)) ** 2
    total = power.sum(axis=1) + 1e-12
    power /= total[:, None]
    cell = np.round((CADENCE_HZ - 0.5) / 0.025).astype(np.int64)
    double = np.round((2.0 * CADENCE_HZ - 0.5) / 0.025).astype(np.int64)
    at_pace = power[:, cell] + 0.5 * power[:, double]
    # Neighbours in time walk at the same pace: each window hears those beside it at half strength.
    together = at_pace.copy()
    beside = np.flatnonzero(np.diff(part) == 1)
    together[beside] += 0.5 * at_pace[beside + 1]
    together[beside + 1] += 0.5 * at_pace[beside]
    usual = np.array([gait.usual_hz for gait in gaits])[:, None]
    spread = np.array([gait.spread_octaves for gait in gaits])[:, None]
    prior = np.exp(-0.5 * (np.log2(CADENCE_HZ / usual) / spread) ** 2)
    best = np.argmax(together * prior, axis=1)
    near = np.abs(np.arange(all_hz.size)[None, :] - cell[best][:, None]) <= 8
    near |= np.abs(np.arange(all_hz.size)[None, :] - double[best][:, None]) <= 8
    return CADENCE_HZ[best], np.where(near, power, 0.0).sum(axis=1)


def _phase(
    size: NDArray[np.float64], cadence_hz: NDArray[np.float64], rate_hz: float, pad: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return phase and amplitude at the cadence, for each window and the first row after it."""
    n = size.shape[1]
    time_s = (np.arange(n) - pad) / rate_hz
    carrier = np.exp(-2j * np.pi * cadence_hz[:, None] * time_s)
    away_s = time_s[:, None] - time_s[None, pad : n - pad + 1]
    kernel = np.exp(-0.5 * (away_s / FILTER_SD_S) ** 2)
    kernel /= kernel.sum(axis=0)
    signal = ((size * carrier) @ kernel) * np.conj(carrier[:, pad : n - pad + 1])
    return np.angle(signal), 2.0 * np.abs(signal)


def _spaced(place: NDArray[np.float64], least: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return places in order, without those closer to the one kept before them than ``least`` rows."""
    kept: list[float] = []
    for here, apart in zip(place.tolist(), least.tolist(), strict=True):
        if not kept or here - kept[-1] >= apart:
            kept.append(here)
    return np.array(kept)
