"""From a recording to epochs and step times: the whole of recognition, in the order in which it happens."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from activity.classify.model import Model, predict
from activity.classify.smooth import smooth
from activity.epochs import UNKNOWN, Epochs
from activity.errors import NotEnoughDataError
from activity.labels import ACTIVITIES, STEPPING
from activity.signal.calibrate import Calibration, apply_calibration, calibrate
from activity.signal.check import Flag, check_rate, check_signal, even_grid
from activity.signal.metrics import moments
from activity.signal.regularise import Grid
from activity.signal.wear import find_wear
from activity.steps.peaks import step_times_ns
from activity.windows import Windows
from device.recording import NS_PER_S, Recording


@dataclass(frozen=True, slots=True, eq=False)
class Recognised:
    """What a model makes of a recording."""

    epochs: Epochs
    step_times_ns: NDArray[np.int64]  #: (n_steps,) UTC, increasing
    calibration: Calibration
    flags: tuple[Flag, ...]  #: what is wrong with the signal


def recognise(recording: Recording, model: Model, *, smoothing: bool = True) -> Recognised:
    """Return the epochs and steps of a recording; `NotEnoughDataError` if it is shorter than one window.

    Windows without any sample have no row. A window that is not worn has no steps known; its activity is the
    model's word on a band that lies still, and only ``worn`` says what it is. Where a signal can't be trusted the
    activity is unknown, and ``flags`` say why; one that is too slow or not in g is a `RateError` or `UnitsError`.
    """
    check_rate(recording)
    grid = even_grid(recording, model.rate_hz)
    windows = Windows.of_seconds(model.width_s, model.rate_hz)
    if windows.count(len(grid)) == 0:
        raise NotEnoughDataError(
            f"{len(grid) / model.rate_hz:.1f} s of acceleration",
            expected=f"at least one window of {model.width_s:g} s",
        )
    measures = moments(grid, windows)
    checked = check_signal(recording, grid, windows, measures)
    calibration = calibrate(measures)
    if calibration.applied:
        grid = apply_calibration(grid, calibration)
        measures = moments(grid, windows)
    probability = predict(model, grid, windows)
    probability[checked.doubtful] = np.nan
    code = _codes(probability, model, smoothing=smoothing)
    worn = find_wear(measures, model.width_s)
    moving = np.where(worn == 1, code, np.int8(UNKNOWN)).astype(np.int8)
    times_ns = step_times_ns(grid, windows, moving)
    steps, cadence_spm = _steps_of_windows(times_ns, grid, windows)
    steps[(code == UNKNOWN) | (worn != 1)] = np.nan
    cadence_spm[~np.isin(moving, [ACTIVITIES.index(activity) for activity in STEPPING])] = np.nan
    rows = measures.coverage > 0.0
    epochs = Epochs(
        width_s=model.width_s,
        time_ns=_starts_ns(grid, windows)[rows],
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


def _codes(probability: NDArray[np.float64], model: Model, *, smoothing: bool) -> NDArray[np.int8]:
    """Return each window's index into ``ACTIVITIES``, or ``UNKNOWN``."""
    known = np.asarray(np.isfinite(probability).all(axis=1))
    likeliest = np.where(known, np.nan_to_num(probability).argmax(axis=1), -1)
    column = smooth(probability, known, model.transitions) if smoothing else likeliest
    order = np.array([*(ACTIVITIES.index(activity) for activity in model.classes), UNKNOWN], dtype=np.int8)
    codes: NDArray[np.int8] = order[column]  # column -1 is the last entry
    return codes


def _steps_of_windows(
    times_ns: NDArray[np.int64], grid: Grid, windows: Windows
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return steps, and steps per minute from the median time between two steps; NaN with fewer than three."""
    starts_ns = _starts_ns(grid, windows)
    edges = np.append(starts_ns, starts_ns[-1] + round(windows.width_samples * NS_PER_S / grid.rate_hz))
    place = np.searchsorted(times_ns, edges)
    cadence_spm = np.full(starts_ns.size, np.nan, dtype=np.float32)
    for window in np.flatnonzero(np.diff(place) >= 3):
        cadence_spm[window] = cadence_of(times_ns[place[window] : place[window + 1]])
    return np.diff(place).astype(np.float32), cadence_spm


def cadence_of(times_ns: NDArray[np.int64]) -> float:
    """Return steps per minute by the median time between two steps of a window; NaN with fewer than three steps."""
    return 60.0 * NS_PER_S / float(np.median(np.diff(times_ns))) if times_ns.size >= 3 else float("nan")


def _starts_ns(grid: Grid, windows: Windows) -> NDArray[np.int64]:
    step_ns = windows.width_samples * NS_PER_S / grid.rate_hz
    starts_ns: NDArray[np.int64] = np.rint(np.arange(windows.count(len(grid))) * step_ns).astype(np.int64)
    return starts_ns + grid.start_ns


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
