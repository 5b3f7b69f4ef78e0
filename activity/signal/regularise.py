"""From samples at their true times to an even grid, on which all recognition works."""

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from activity.signal import _kernels
from activity.threads import share
from device.errors import RecordingError
from device.recording import NS_PER_S, Recording, Segment

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
_PIECE_ROWS: Final = 1 << 16  # of the grid, for one thread at a time

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
        return round(NS_PER_S / self.rate_hz)


def regularise(recording: Recording, rate_hz: float = GRID_RATE_HZ, origin_ns: int | None = None) -> Grid:
    """Resample ``recording`` to an even grid that starts at its first sample, or at ``origin_ns`` where that is given.

    Each grid point is the Lanczos-weighted mean of the samples around it, at their true times, with the cut-off
    at half of the slower of the two rates: it resamples and keeps aliases out in one pass. Segments are resampled
    apart and nothing is bridged between them. Raises ``RecordingError`` when the whole lasts over ``LONGEST_S``.
    """
    step_ns = round(NS_PER_S / rate_hz)
    if recording.n_samples == 0:
        return Grid(np.empty((0, 3), np.float32), rate_hz, 0)
    if origin_ns is None:
        origin_ns = int(recording.time_ns[0])
    span_ns = max(int(recording.time_ns[-1]) - origin_ns, 0)
    if span_ns > LONGEST_S * NS_PER_S:
        raise RecordingError(
            f"first and last sample are {span_ns / NS_PER_S / 86_400:.0f} days apart",
            expected=f"at most {LONGEST_S / 86_400:.0f} days",
            remedy="check the clock of the band, or split the recording",
        )
    accel_g = np.empty((span_ns // step_ns + 1, 3), dtype=np.float32)
    pieces = _pieces(recording, rate_hz, origin_ns, step_ns, len(accel_g))
    edge = 0
    for piece in pieces:
        accel_g[edge : piece.first] = np.nan
        edge = piece.last
    accel_g[edge:] = np.nan
    taper = lanczos()

    def resample(first: int, last: int) -> None:
        for piece in pieces[first:last]:
            _resample(recording, piece, (origin_ns, step_ns), taper, accel_g)

    share(resample, len(pieces), least=1)
    return Grid(accel_g, rate_hz, origin_ns)


@dataclass(frozen=True, slots=True, eq=False)
class _Piece:
    """Grid points ``[first, last)`` that one segment gives, or a part of them."""

    segment: Segment
    first: int
    last: int
    source_hz: float
    slower_hz: float
    phases: NDArray[np.float32] | None  #: weights for even steps; None for segments too short to be worth them


def _pieces(recording: Recording, rate_hz: float, origin_ns: int, step_ns: int, n_rows: int) -> list[_Piece]:
    """Return what there is to do, in order and without overlap; where segments meet, the later one has the row."""
    pieces: list[_Piece] = []
    whole_rate_hz = recording.rate_hz
    following = n_rows
    for segment in reversed(recording.segments):
        n_steps = segment.stop - segment.start - 1
        first_ns, last_ns = int(recording.time_ns[segment.start]), int(recording.time_ns[segment.stop - 1])
        source_hz = n_steps * NS_PER_S / (last_ns - first_ns) if n_steps else whole_rate_hz
        if not source_hz > 0.0:
            source_hz = rate_hz
        slower_hz = source_hz if source_hz < _AS_FAST * rate_hz else rate_hz
        margin_ns = round(0.5 * NS_PER_S / source_hz)  # a sample stands for half a step on either side
        first = max(0, -((origin_ns - first_ns + margin_ns) // step_ns))
        last = min(following, (last_ns + margin_ns - origin_ns) // step_ns + 1)
        worth = n_steps >= _LEAST_EVEN and source_hz <= _MOST_RATIO * slower_hz
        phases = _phases(slower_hz / source_hz) if worth else None
        for start in reversed(range(first, last, _PIECE_ROWS)):
            stop = min(start + _PIECE_ROWS, last)
            pieces.append(_Piece(segment, start, stop, source_hz, slower_hz, phases))
        following = min(following, first)
    return pieces[::-1]


def _resample(
    recording: Recording, piece: _Piece, grid_ns: tuple[int, int], taper: NDArray[np.float64], out: NDArray[np.float32]
) -> None:
    limits = np.array(
        [
            LOBES * NS_PER_S / piece.slower_hz,
            _REACH_STEPS * NS_PER_S / piece.source_hz,
            _LEAST_SHARE * piece.source_hz / piece.slower_hz,
        ]
    )
    source = recording.accel_g, recording.time_ns, piece.segment.start, piece.segment.stop
    target = *grid_ns, taper, limits
    if piece.phases is None:
        _kernels.resample(*source, *target, piece.first, piece.last, out)
    else:
        even = piece.phases, NS_PER_S / piece.source_hz, _EVEN_SLACK
        _kernels.resample_even(*source, *target, *even, piece.first, piece.last, out)


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
