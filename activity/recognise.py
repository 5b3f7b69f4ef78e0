"""From a recording to epochs and step times: the whole of recognition, in the order in which it happens."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from activity.classify.model import Model, predict
from activity.classify.smooth import smooth
from activity.epochs import UNKNOWN, Epochs
from activity.errors import NotEnoughDataError
from activity.labels import ACTIVITIES, STEPPING
from activity.signal.calibrate import Calibration, apply_calibration, calibrate
from activity.signal.check import Checked, Flag, Heard, check_rate, check_signal, furthest_values
from activity.signal.gather import Gathered, RowsInMemory, gather
from activity.signal.metrics import Moments, joined, moments
from activity.signal.wear import find_wear
from activity.steps.peaks import BEFORE_S, PAD_S, Carry, steps_of_windows
from activity.threads import ahead
from activity.windows import Windows
from device.recording import NS_PER_S, Recording

#: Windows that are worked on at once: at 25 Hz 6 MB of rows, and up to 30 MB for what is made of them.
BLOCK_WINDOWS: Final = 2048


@dataclass(frozen=True, slots=True, eq=False)
class Recognised:
    """What a model makes of a recording."""

    epochs: Epochs
    step_times_ns: NDArray[np.int64]  #: (n_steps,) UTC, increasing
    calibration: Calibration
    flags: tuple[Flag, ...]  #: what is wrong with the signal


def recognise(recording: Recording, model: Model, *, smoothing: bool = True) -> Recognised:
    """Return the epochs and steps of a recording in memory; else as `recognise_gathered`."""
    return recognise_gathered(gather(recording.stream(), model.rate_hz, RowsInMemory()), model, smoothing=smoothing)


def recognise_gathered(gathered: Gathered, model: Model, *, smoothing: bool = True) -> Recognised:
    """Return the epochs and steps of a gathered recording; `NotEnoughDataError` if it is shorter than one window.

    Windows without any sample have no row. A window that is not worn has no steps known; its activity is the
    model's word on a band that lies still, and only ``worn`` says what it is. Where a signal can't be trusted the
    activity is unknown, and ``flags`` say why; one that is too slow or not in g is a `RateError` or `UnitsError`.
    Rows are read in blocks, so that memory holds little more than the result.
    """
    check_rate(gathered.extent)
    windows = Windows.of_seconds(model.width_s, model.rate_hz)
    if windows.count(gathered.n_rows) == 0:
        raise NotEnoughDataError(
            f"{gathered.n_rows / model.rate_hz:.1f} s of acceleration",
            expected=f"at least one window of {model.width_s:g} s",
        )
    checked, calibration = _judge(gathered, windows)
    measures, probability = _measure_and_predict(gathered, windows, calibration, model)
    probability[checked.doubtful] = np.nan
    code = _codes(probability, model, smoothing=smoothing)
    worn = find_wear(measures, model.width_s)
    moving = np.where(worn == 1, code, np.int8(UNKNOWN)).astype(np.int8)
    times_ns = _step_times(gathered, windows, calibration, moving)
    starts_ns = _starts_ns(gathered, windows)
    steps, cadence_spm = _steps_of_windows(times_ns, starts_ns, model.width_s)
    steps[(code == UNKNOWN) | (worn != 1)] = np.nan
    cadence_spm[~np.isin(moving, [ACTIVITIES.index(activity) for activity in STEPPING])] = np.nan
    rows = measures.coverage > 0.0
    epochs = Epochs(
        width_s=model.width_s,
        time_ns=starts_ns[rows],
        activity=code[rows],
        confidence=_confidence(probability, code, model)[rows],
        probability=_by_activity(probability, model)[rows],
        steps=steps[rows],
        cadence_spm=cadence_spm[rows],
        enmo_mg=measures.enmo_mg.astype(np.float32)[rows],
        worn=worn[rows],
        coverage=measures.coverage.astype(np.float32)[rows],
    )
    return Recognised(epochs, times_ns, calibration, checked.flags)


def _blocks(gathered: Gathered, windows: Windows) -> Iterator[tuple[int, int]]:
    """Yield first and last window of the pieces that are worked on at once."""
    count = windows.count(gathered.n_rows)
    for first in range(0, count, BLOCK_WINDOWS):
        yield first, min(first + BLOCK_WINDOWS, count)


def _judge(gathered: Gathered, windows: Windows) -> tuple[Checked, Calibration]:
    """Return what is wrong with the signal as it came, and how to calibrate it."""
    parts, furthest_g = [], []
    width = windows.width_samples
    for grid in ahead(gathered.grid(first * width, last * width) for first, last in _blocks(gathered, windows)):
        parts.append(moments(grid, windows))
        furthest_g.append(furthest_values(grid, windows))
    measures = joined(parts)
    width_ns = width * grid.step_ns
    heard = Heard(gathered.extent, gathered.look, gathered.start_ns, width_ns, np.concatenate(furthest_g))
    return check_signal(heard, measures), calibrate(measures)


def _measure_and_predict(
    gathered: Gathered, windows: Windows, calibration: Calibration, model: Model
) -> tuple[Moments, NDArray[np.float64]]:
    """Return the moments of the calibrated windows, and what the model says of them."""
    parts, said = [], []
    width = windows.width_samples
    grids = (gathered.grid(first * width, last * width) for first, last in _blocks(gathered, windows))
    for grid in ahead(apply_calibration(grid, calibration) for grid in grids):
        parts.append(moments(grid, windows))
        said.append(predict(model, grid, windows))
    return joined(parts), np.concatenate(said)


def _step_times(
    gathered: Gathered, windows: Windows, calibration: Calibration, moving: NDArray[np.int8]
) -> NDArray[np.int64]:
    """Return the times of all steps; each block is counted with the rows around it that its steps depend on."""
    width = windows.width_samples
    before = -(-math.ceil(BEFORE_S * gathered.rate_hz) // width)
    after = -(-math.ceil(PAD_S * gathered.rate_hz) // width)
    blocks = [(max(first - before, 0), first, last) for first, last in _blocks(gathered, windows)]
    rows = ((a * width, min((last + after) * width, gathered.n_rows)) for a, _, last in blocks)
    grids = ahead(apply_calibration(gathered.grid(*part), calibration) for part in rows)
    carry, found = Carry(), []
    for grid, (a, first, last) in zip(grids, blocks, strict=True):
        times_ns, carry = steps_of_windows(grid, windows, first - a, moving[first:last], carry)
        found.append(times_ns)
    return np.concatenate(found)


def _codes(probability: NDArray[np.float64], model: Model, *, smoothing: bool) -> NDArray[np.int8]:
    """Return each window's index into ``ACTIVITIES``, or ``UNKNOWN``."""
    known = np.asarray(np.isfinite(probability).all(axis=1))
    likeliest = np.where(known, np.nan_to_num(probability).argmax(axis=1), -1)
    column = smooth(probability, known, model.transitions) if smoothing else likeliest
    order = np.array([*(ACTIVITIES.index(activity) for activity in model.classes), UNKNOWN], dtype=np.int8)
    codes: NDArray[np.int8] = order[column]  # column -1 is the last entry
    return codes


def _steps_of_windows(
    times_ns: NDArray[np.int64], starts_ns: NDArray[np.int64], width_s: float
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return steps, and steps per minute from the median time between two steps; NaN with fewer than three."""
    edges = np.append(starts_ns, starts_ns[-1] + round(width_s * NS_PER_S))
    place = np.searchsorted(times_ns, edges)
    steps = np.diff(place)
    cadence_spm = np.full(starts_ns.size, np.nan, dtype=np.float32)
    some = np.flatnonzero(steps >= 3)
    if some.size:
        window = np.repeat(np.arange(starts_ns.size), steps)
        apart_ns = np.diff(times_ns[place[0] : place[-1]])
        inside = window[1:] == window[:-1]
        ordered = apart_ns[inside][np.lexsort((apart_ns[inside], window[1:][inside]))]
        gaps = np.maximum(steps - 1, 0)
        first = (np.cumsum(gaps) - gaps)[some]
        middle = ordered[first + (gaps[some] - 1) // 2] + ordered[first + gaps[some] // 2]
        cadence_spm[some] = 60.0 * NS_PER_S / (middle / 2.0)
    return steps.astype(np.float32), cadence_spm


def cadence_of(times_ns: NDArray[np.int64]) -> float:
    """Return steps per minute by the median time between two steps of a window; NaN with fewer than three steps."""
    return 60.0 * NS_PER_S / float(np.median(np.diff(times_ns))) if times_ns.size >= 3 else float("nan")


def _starts_ns(gathered: Gathered, windows: Windows) -> NDArray[np.int64]:
    step_ns = windows.width_samples * NS_PER_S / gathered.rate_hz
    starts_ns: NDArray[np.int64] = np.rint(np.arange(windows.count(gathered.n_rows)) * step_ns).astype(np.int64)
    return starts_ns + gathered.start_ns


def _confidence(probability: NDArray[np.float64], code: NDArray[np.int8], model: Model) -> NDArray[np.float32]:
    """Return the probability of each window's activity; NaN where it is unknown."""
    column = np.array([model.classes.index(a) if a in model.classes else 0 for a in ACTIVITIES])[code]
    chosen = probability[np.arange(code.size), column]
    return np.where(code == UNKNOWN, np.nan, chosen).astype(np.float32)


def _by_activity(probability: NDArray[np.float64], model: Model) -> NDArray[np.float32]:
    out = np.full((probability.shape[0], len(ACTIVITIES)), np.nan, dtype=np.float32)
    for column, activity in enumerate(model.classes):
        out[:, ACTIVITIES.index(activity)] = probability[:, column]
    return out
