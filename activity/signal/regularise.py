"""From samples at their true times to an even grid, on which all recognition works."""

import itertools
import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from activity.signal import _kernels
from activity.threads import share
from device.errors import RecordingError
from device.recording import NS_PER_S, Chunk, Recording

#: Bands stream at 25, 50 or 100 Hz. Steps and arm swing lie below 5 Hz, heel strikes below 12 Hz, and by subject a
#: 50 Hz grid recognises no better than 25 Hz (the card of the shipped model says by how much), so the least is enough.
GRID_RATE_HZ: Final = 25.0

LOBES: Final = 3  #: of the Lanczos kernel; 3 keeps aliases of an even 100 Hz recording below -40 dB from 15 Hz on
_TAPER_CELLS: Final = 2048  # of the kernel's table; linear interpolation in it is off by less than 1e-6
#: A band this near to the grid's rate is as fast as it. A rate measured over seconds and one measured over hours then
#: give the same weights, and a live stream the same grid.
_AS_FAST: Final = 0.97
_REACH_STEPS: Final = 1.5  # input steps to the nearest sample; further off, a value would be a guess
_LEAST_SHARE: Final = 0.25  # of the weight that evenly spaced samples would give

#: Where all samples of ten seconds lie within this share of a step of even ones, they are taken to be even: clocks
#: tick far better, and a step of 10 ms that is 0.1 ms late moves a value by less than sensors can tell.
_EVEN_SLACK: Final = 0.01
_LEAST_EVEN: Final = 1000  # samples in a segment; for fewer, making the weights takes longer than they save
_MOST_RATIO: Final = 200.0  # of rates; beyond, the weights would fill memory
_PHASES: Final = 512  # a lobe; linear interpolation between them is off by less than 1e-5
_TAPS_BY: Final = 4  # pairs; the kernel takes eight samples of three axes at a time

#: A grid is made in parts of so many rows from its first one on, each from the samples in it and shortly around it:
#: at 25 Hz five minutes, in which no clock drifts.
PART_ROWS: Final = 1 << 13
AROUND_NS: Final = 10 * NS_PER_S
_ROWS_AT_ONCE: Final = 8 * PART_ROWS  # in memory; what comes after a long gap is made piece by piece

#: A grid holds its gaps too. 100 days at 25 Hz are 2.6 GB; beyond that a clock was set in mid-recording.
LONGEST_S: Final = 100 * 86_400.0


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """Acceleration on an even grid, NaN on all axes where nothing was received; read-only."""

    accel_g: NDArray[np.float32]  #: (n, 3) in g, band frame
    rate_hz: float
    start_ns: int  #: UTC of row 0

    def __post_init__(self) -> None:
        view = np.ascontiguousarray(self.accel_g, dtype=np.float32).view()
        view.flags.writeable = False
        object.__setattr__(self, "accel_g", view)

    def __len__(self) -> int:
        return int(self.accel_g.shape[0])

    @property
    def step_ns(self) -> int:
        """Nanoseconds between rows."""
        return Lattice(self.start_ns, self.rate_hz).step_ns


@dataclass(frozen=True, slots=True)
class Lattice:
    """The even times that a grid stands on, and the parts that are made together."""

    origin_ns: int  #: UTC of row 0
    rate_hz: float

    @property
    def step_ns(self) -> int:
        """Nanoseconds between rows."""
        return round(NS_PER_S / self.rate_hz)

    def time_ns(self, row: int) -> int:
        """Return the time of a row."""
        return self.origin_ns + row * self.step_ns

    def rows_to(self, last_ns: int) -> int:
        """Return how many rows reach to a sample at ``last_ns``; `RecordingError` beyond ``LONGEST_S``."""
        span_ns = max(last_ns - self.origin_ns, 0)
        if span_ns > LONGEST_S * NS_PER_S:
            raise RecordingError(
                f"first and last sample are {span_ns / NS_PER_S / 86_400:.0f} days apart",
                expected=f"at most {LONGEST_S / 86_400:.0f} days",
                remedy="check the clock of the band, or split the recording",
            )
        return span_ns // self.step_ns + 1


@dataclass(frozen=True, slots=True, eq=False)
class Samples:
    """Samples at hand, each at its time, and where segments begin among them; the first row begins one."""

    accel_g: NDArray[np.float32]  #: (n, 3)
    time_ns: NDArray[np.int64]  #: (n,)
    starts: NDArray[np.int64]


def regularise(recording: Recording, rate_hz: float = GRID_RATE_HZ, origin_ns: int | None = None) -> Grid:
    """Resample ``recording`` to an even grid that starts at its first sample, or at ``origin_ns`` where that is given.

    Each grid point is the Lanczos-weighted mean of the samples around it, at their true times, with the cut-off
    at half of the slower of the two rates: it resamples and keeps aliases out in one pass. Segments are resampled
    apart and nothing is bridged between them. Raises ``RecordingError`` when the whole lasts over ``LONGEST_S``.
    """
    if recording.n_samples == 0:
        return Grid(np.empty((0, 3), np.float32), rate_hz, 0)
    lattice = Lattice(int(recording.time_ns[0]) if origin_ns is None else origin_ns, rate_hz)
    starts = np.array([segment.start for segment in recording.segments])
    n_rows = lattice.rows_to(int(recording.time_ns[-1]))
    accel_g = np.empty((n_rows, 3), dtype=np.float32)
    fill(Samples(recording.accel_g, recording.time_ns, starts), lattice, 0, accel_g, rate_hz)
    return Grid(accel_g, rate_hz, lattice.origin_ns)


def fill(samples: Samples, lattice: Lattice, first_row: int, out: NDArray[np.float32], source_hz: float) -> float:
    """Write the rows of a grid from ``first_row`` on, the beginning of a part; NaN where nothing was received.

    A part depends on the samples from ``AROUND_NS`` before it to as long after it, and on ``source_hz``, the rate of
    the samples before: it is returned for the next part, and serves a segment of a single sample.
    """
    pieces: list[_Piece] = []
    for a in range(0, len(out), PART_ROWS):
        b = min(a + PART_ROWS, len(out))
        found, source_hz = _pieces(samples, lattice, first_row + a, first_row + b, source_hz)
        pieces += found
    edge = 0
    for piece in pieces:
        out[edge : piece.first - first_row] = np.nan
        edge = piece.last - first_row
    out[edge:] = np.nan

    def resample(first: int, last: int) -> None:
        for piece in pieces[first:last]:
            _resample(samples, piece, lattice, first_row, out)

    share(resample, len(pieces), least=4)
    return source_hz


@dataclass(frozen=True, slots=True, eq=False)
class _Piece:
    """Grid points ``[first, last)`` that samples ``[start, stop)`` of one segment give."""

    start: int
    stop: int
    first: int
    last: int
    source_hz: float
    slower_hz: float
    phases: NDArray[np.float32] | None  #: weights for even steps; None where too few samples are worth them


def _pieces(
    samples: Samples, lattice: Lattice, first_row: int, last_row: int, source_hz: float
) -> tuple[list[_Piece], float]:
    """Return what there is to do in one part, in order and without overlap, and the last rate that was measured.

    Where segments meet, the later one has the row. The rate of samples is that in and around the part, so that a
    clock that warms up is followed, and a recording gives the same rows whether it comes in one piece or in many.
    """
    edges_ns = lattice.time_ns(first_row) - AROUND_NS, lattice.time_ns(last_row) + AROUND_NS
    begin, end = np.searchsorted(samples.time_ns, edges_ns).tolist()
    a, b = np.searchsorted(samples.starts, (begin, end), side="left").tolist()
    edges = [begin, *(int(start) for start in samples.starts[a:b] if start > begin), end]
    spans = []
    for start, stop in itertools.pairwise(edges if begin < end else []):
        first_ns, last_ns = int(samples.time_ns[start]), int(samples.time_ns[stop - 1])
        if stop - start > 1:
            source_hz = (stop - start - 1) * NS_PER_S / (last_ns - first_ns)
        spans.append((start, stop, first_ns - lattice.origin_ns, last_ns - lattice.origin_ns, source_hz))
    pieces: list[_Piece] = []
    following, step_ns = last_row, lattice.step_ns
    for start, stop, since_ns, until_ns, rate_hz in reversed(spans):
        slower_hz = rate_hz if rate_hz < _AS_FAST * lattice.rate_hz else lattice.rate_hz
        margin_ns = round(0.5 * NS_PER_S / rate_hz)  # a sample stands for half a step on either side
        first = max(first_row, -((margin_ns - since_ns) // step_ns))
        last = min(following, (until_ns + margin_ns) // step_ns + 1)
        following = min(following, first)
        if first < last:
            worth = stop - start > _LEAST_EVEN and rate_hz <= _MOST_RATIO * slower_hz
            phases = _phases(slower_hz / rate_hz) if worth else None
            pieces.append(_Piece(start, stop, first, last, rate_hz, slower_hz, phases))
    return pieces[::-1], source_hz


def _resample(samples: Samples, piece: _Piece, lattice: Lattice, first_row: int, out: NDArray[np.float32]) -> None:
    limits = np.array(
        [
            LOBES * NS_PER_S / piece.slower_hz,
            _REACH_STEPS * NS_PER_S / piece.source_hz,
            _LEAST_SHARE * piece.source_hz / piece.slower_hz,
        ]
    )
    source = samples.accel_g, samples.time_ns, piece.start, piece.stop
    target = lattice.time_ns(first_row), lattice.step_ns, lanczos(), limits
    rows = piece.first - first_row, piece.last - first_row
    if piece.phases is None:
        _kernels.resample(*source, *target, *rows, out)
    else:
        even = piece.phases, NS_PER_S / piece.source_hz, _EVEN_SLACK
        _kernels.resample_even(*source, *target, *even, *rows, out)


class Regulariser:
    """Takes a recording chunk by chunk and gives the rows of its grid as soon as nothing can change them.

    The rows are those of `regularise`, whatever the chunks. Parts of a long gap, all NaN, aren't given.
    """

    def __init__(self, rate_hz: float = GRID_RATE_HZ) -> None:
        self._rate_hz = rate_hz
        self._source_hz = rate_hz
        self._held = Samples(np.empty((0, 3), np.float32), np.empty(0, np.int64), np.empty(0, np.int64))
        self._lattice: Lattice | None = None
        self._next = 0

    @property
    def start_ns(self) -> int:
        """Time of row 0; 0 before the first sample."""
        return self._lattice.origin_ns if self._lattice else 0

    def push(self, chunk: Chunk) -> list[tuple[int, NDArray[np.float32]]]:
        """Take the next samples, and return first row and rows of the stretches that are done with them."""
        if not chunk.time_ns.size:
            return []
        if self._lattice is None:
            self._lattice = Lattice(int(chunk.time_ns[0]), self._rate_hz)
        held = self._held
        starts = held.time_ns.size + np.array(chunk.starts, np.int64)
        self._held = Samples(
            np.concatenate([held.accel_g, chunk.accel_g]),
            np.concatenate([held.time_ns, chunk.time_ns]),
            np.concatenate([held.starts, starts]),
        )
        last_ns = int(chunk.time_ns[-1])
        self._lattice.rows_to(last_ns)
        ready = (last_ns - AROUND_NS - self._lattice.origin_ns) // self._lattice.step_ns // PART_ROWS * PART_ROWS
        return self._made(ready)

    def finish(self) -> tuple[int, list[tuple[int, NDArray[np.float32]]]]:
        """Return how many rows there are in all, and those that were still waiting for what might have come."""
        if self._lattice is None:
            return 0, []
        rows = self._lattice.rows_to(int(self._held.time_ns[-1]))
        return rows, self._made(rows)

    def _made(self, stop: int) -> list[tuple[int, NDArray[np.float32]]]:
        """Return the rows from the next one to ``stop``, and forget the samples that no later row needs."""
        assert self._lattice is not None  # noqa: S101 - nothing is made before the first sample
        made = []
        while self._next < stop:
            held_ns = self._held.time_ns
            nearest = int(np.searchsorted(held_ns, self._lattice.time_ns(self._next) - AROUND_NS))
            to_next_ns = int(held_ns[nearest]) - AROUND_NS - self._lattice.origin_ns
            skipped = max(to_next_ns // self._lattice.step_ns // PART_ROWS * PART_ROWS, 0)
            if skipped > self._next:  # nothing was received for whole parts
                self._next = skipped
                continue
            rows = np.empty((min(stop - self._next, _ROWS_AT_ONCE), 3), np.float32)
            self._source_hz = fill(self._held, self._lattice, self._next, rows, self._source_hz)
            made.append((self._next, rows))
            self._next += len(rows)
        kept = int(np.searchsorted(self._held.time_ns, self._lattice.time_ns(self._next) - AROUND_NS))
        starts = self._held.starts - kept
        first = [0] if kept < self._held.time_ns.size else []
        self._held = Samples(
            self._held.accel_g[kept:], self._held.time_ns[kept:], np.array([*first, *starts[starts > 0]], np.int64)
        )
        return made


@lru_cache(maxsize=1)  # a live stream asks for it with every window
def lanczos() -> NDArray[np.float64]:
    """Return the Lanczos kernel from its middle to its end, with one cell more than it needs."""
    place = np.linspace(0.0, LOBES, _TAPER_CELLS + 1)
    taper = np.append(np.sinc(place) * np.sinc(place / LOBES), 0.0)
    taper.flags.writeable = False
    return taper


@lru_cache(maxsize=16)  # segments of one clock are alike
def _phases(ratio: float) -> NDArray[np.float32]:
    """Return (n_phases + 1, 3 * n_taps) weights of samples, ``ratio`` lobes apart; an axis of a row sums to 1."""
    n_phases = max(64, math.ceil(_PHASES * ratio))
    n_taps = 2 * math.ceil(LOBES / ratio / _TAPS_BY) * _TAPS_BY
    after = np.arange(n_taps) - (n_taps // 2 - 1)
    place = (after - np.linspace(0.0, 1.0, n_phases + 1)[:, None]) * ratio
    weights = np.where(np.abs(place) < LOBES, np.sinc(place) * np.sinc(place / LOBES), 0.0)
    weights /= weights.sum(axis=1, keepdims=True)
    return np.repeat(weights, 3, axis=1).astype(np.float32)
