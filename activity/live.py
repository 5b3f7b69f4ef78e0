"""Recognition while the samples come: each window as soon as all that it depends on is there.

It is the batch way on a short tail of the stream: the same grid, the same model, the same step counter, window by
window. A window is told once the samples reach ``PAD_S`` beyond it, which its last steps need. It is not smoothed,
which would need the future, and nobody can say yet whether the band is worn.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from activity.classify.model import Model, predict
from activity.epochs import UNKNOWN
from activity.labels import ACTIVITIES
from activity.recognise import cadence_of
from activity.signal.calibrate import Calibration, apply_calibration
from activity.signal.check import Heard, check_signal, furthest_values
from activity.signal.clipping import Looker
from activity.signal.metrics import moments
from activity.signal.regularise import LOBES, Grid, regularise
from activity.steps.peaks import BEFORE_S, PAD_S, Carry, steps_of_windows
from activity.windows import Windows
from device.errors import RecordingError
from device.recording import NS_PER_S, Recording

#: Slowest band that is followed; the resampling of its samples reaches furthest.
SLOWEST_HZ: Final = 10.0
_REACH_NS: Final = round(LOBES / SLOWEST_HZ * NS_PER_S)


@dataclass(frozen=True, slots=True, eq=False)
class LiveWindow:
    """What was done in one window."""

    time_ns: int  #: UTC of its start
    activity: int  #: index in ``ACTIVITIES``, or ``UNKNOWN``
    confidence: float  #: probability of ``activity``; NaN where it is unknown
    probability: NDArray[np.float64]  #: (len(ACTIVITIES),); NaN for a class that the model doesn't know
    step_times_ns: NDArray[np.int64]  #: UTC, increasing
    cadence_spm: float  #: NaN with fewer than three steps
    coverage: float  #: share of its samples that came


class LiveRecogniser:
    """Takes samples in order, in pieces of any size, and gives each window once.

    Its memory is bounded: it keeps what lies up to ``BEFORE_S`` and a window before the next window, however long the
    stream. A window of which no sample came is not told.
    """

    def __init__(self, model: Model, calibration: Calibration | None = None) -> None:
        self._model = model
        self._calibration = calibration
        self._windows = Windows.of_seconds(model.width_s, model.rate_hz)
        self._step_ns = round(NS_PER_S / model.rate_hz)
        self._width_ns = self._windows.width_samples * self._step_ns
        self._before = -(-round(BEFORE_S * NS_PER_S) // self._width_ns)  # whole windows
        self._order = [ACTIVITIES.index(activity) for activity in model.classes]
        self._accel_g = np.empty((0, 3), np.float32)
        self._time_ns = np.empty(0, np.int64)
        self._waiting: list[tuple[NDArray[np.float32], NDArray[np.int64]]] = []
        self._origin_ns: int | None = None
        self._last_ns: int | None = None
        self._next = 0
        self._carry = Carry()

    def push(self, accel_g: NDArray[np.float32], time_ns: NDArray[np.int64]) -> list[LiveWindow]:
        """Take samples (n, 3) in g at their UTC times, and return the windows that are whole now.

        Raises ``RecordingError`` where time doesn't move on, and ``UnitsError`` where the samples aren't in g.
        """
        if not time_ns.size:
            return []
        first_ns, last_ns = int(time_ns[0]), int(time_ns[-1])
        if (self._last_ns is not None and first_ns <= self._last_ns) or np.any(time_ns[1:] <= time_ns[:-1]):
            raise RecordingError("time doesn't move on", expected="increasing time")
        if self._origin_ns is None:
            self._origin_ns = first_ns
        self._last_ns = last_ns
        self._waiting.append((np.array(accel_g, np.float32), np.array(time_ns, np.int64)))
        ready = (last_ns - self._origin_ns - round(PAD_S * NS_PER_S) - _REACH_NS) // self._width_ns
        return self._tell(max(ready, self._next))

    def finish(self) -> list[LiveWindow]:
        """Return the windows that are whole although what follows them never came."""
        if self._origin_ns is None or self._last_ns is None:
            return []
        rows = (self._last_ns - self._origin_ns) // self._step_ns + 1
        return self._tell(max(rows // self._windows.width_samples, self._next))

    def _tell(self, stop: int) -> list[LiveWindow]:
        """Return windows ``[self._next, stop)`` and forget what no later window needs."""
        if stop == self._next or self._origin_ns is None:
            return []
        self._take()
        first = max(0, self._next - self._before)
        grid, doubtful = self._grid(first)
        probability = predict(self._model, grid, self._windows)
        probability[doubtful] = np.nan
        told = [self._window(grid, window - first, probability[window - first]) for window in range(self._next, stop)]
        self._next = stop
        oldest_ns = self._origin_ns + max(0, stop - self._before) * self._width_ns - _REACH_NS
        kept = int(np.searchsorted(self._time_ns, oldest_ns))
        self._accel_g, self._time_ns = self._accel_g[kept:], self._time_ns[kept:]
        return [window for window in told if window.coverage > 0.0]

    def _take(self) -> None:
        """Lay what came since the last window behind the tail; no number on one axis is none on all three."""
        if not self._waiting:
            return
        accel_g = np.concatenate([accel_g for accel_g, _ in self._waiting])
        accel_g[~np.isfinite(accel_g).all(axis=1)] = np.nan
        self._accel_g = np.concatenate([self._accel_g, accel_g])
        self._time_ns = np.concatenate([self._time_ns, *(time_ns for _, time_ns in self._waiting)])
        self._waiting.clear()

    def _grid(self, first: int) -> tuple[Grid, NDArray[np.bool_]]:
        """Return the tail from window ``first`` on as a grid, and which of its windows can't be trusted."""
        assert self._origin_ns is not None  # noqa: S101 - nothing is told before the first sample
        recording = Recording.from_times(self._accel_g, self._time_ns)
        grid = regularise(recording, self._model.rate_hz, self._origin_ns + first * self._width_ns)
        measures = moments(grid, self._windows)
        doubtful = np.zeros(self._windows.count(len(grid)), dtype=np.bool_)
        if np.any(measures.coverage > 0.0):
            looker = Looker()
            for chunk in recording.stream().chunks():
                looker.add(chunk)
            furthest_g = furthest_values(grid, self._windows)
            heard = Heard(recording.extent, looker.look(), grid.start_ns, self._width_ns, furthest_g)
            doubtful = check_signal(heard, measures).doubtful
        if self._calibration is not None:
            grid = apply_calibration(grid, self._calibration)
        return grid, doubtful

    def _window(self, grid: Grid, window: int, probability: NDArray[np.float64]) -> LiveWindow:
        width = self._windows.width_samples
        rows = grid.accel_g[window * width : (window + 1) * width]
        coverage = float(np.sum(~np.isnan(rows[:, 0]))) / width
        known = bool(np.isfinite(probability).all())
        column = int(probability.argmax()) if known else 0
        activity = self._order[column] if known else UNKNOWN
        told = np.array([activity], dtype=np.int8)
        steps, self._carry = steps_of_windows(grid, self._windows, window, told, self._carry)
        by_activity = np.full(len(ACTIVITIES), np.nan)
        by_activity[self._order] = probability
        return LiveWindow(
            grid.start_ns + window * self._width_ns,
            activity,
            float(probability[column]) if known else float("nan"),
            by_activity,
            steps,
            cadence_of(steps),
            coverage,
        )
