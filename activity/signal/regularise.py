"""From samples at their true times to an even grid, on which all recognition works."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from activity.signal import _kernels
from device.errors import RecordingError
from device.recording import NS_PER_S, Recording

#: Bands stream at 25, 50 or 100 Hz. Steps and arm swing lie below 5 Hz, heel strikes below 12 Hz, and by subject a
#: 50 Hz grid recognises no better than 25 Hz (the card of the shipped model says by how much), so the least is enough.
GRID_RATE_HZ: Final = 25.0

LOBES: Final = 3  #: of the Lanczos kernel; 3 keeps aliases of an even 100 Hz recording below -40 dB from 15 Hz on
_TAPER_CELLS: Final = 512  # of the kernel's table; linear interpolation in it is off by less than 1e-5
_REACH_STEPS: Final = 1.5  # input steps to the nearest sample; further off, a value would be a guess
_LEAST_SHARE: Final = 0.25  # of the weight that evenly spaced samples would give
#: A grid holds its gaps too. 100 days at 25 Hz are 2.6 GB; beyond that a clock was set in mid-recording.
LONGEST_S: Final = 100 * 86_400.0


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """Acceleration on an even grid, NaN on all axes where nothing was received; read-only."""

    accel_g: NDArray[np.float32]  #: (n, 3) in g, band frame
    rate_hz: float
    start_ns: int  #: UTC of row 0

    def __post_init__(self) -> None:
        view = self.accel_g.view()
        view.flags.writeable = False
        object.__setattr__(self, "accel_g", view)

    def __len__(self) -> int:
        return int(self.accel_g.shape[0])

    @property
    def step_ns(self) -> int:
        """Nanoseconds between rows."""
        return round(NS_PER_S / self.rate_hz)


def regularise(recording: Recording, rate_hz: float = GRID_RATE_HZ) -> Grid:
    """Resample ``recording`` to an even grid that starts at its first sample.

    Each grid point is the Lanczos-weighted mean of the samples around it, at their true times, with the cut-off
    at half of the slower of the two rates: it resamples and keeps aliases out in one pass. Segments are resampled
    apart and nothing is bridged between them. Raises ``RecordingError`` when the whole lasts over ``LONGEST_S``.
    """
    step_ns = round(NS_PER_S / rate_hz)
    if recording.n_samples == 0:
        return Grid(np.empty((0, 3), np.float32), rate_hz, 0)
    origin_ns = int(recording.time_ns[0])
    span_ns = int(recording.time_ns[-1]) - origin_ns
    if span_ns > LONGEST_S * NS_PER_S:
        raise RecordingError(
            f"first and last sample are {span_ns / NS_PER_S / 86_400:.0f} days apart",
            expected=f"at most {LONGEST_S / 86_400:.0f} days",
            remedy="check the clock of the band, or split the recording",
        )
    accel_g = np.full((span_ns // step_ns + 1, 3), np.nan, dtype=np.float32)
    whole_rate_hz = recording.rate_hz
    for segment in recording.segments:
        n_steps = segment.stop - segment.start - 1
        first_ns, last_ns = int(recording.time_ns[segment.start]), int(recording.time_ns[segment.stop - 1])
        source_hz = n_steps * NS_PER_S / (last_ns - first_ns) if n_steps else whole_rate_hz
        if not source_hz > 0.0:
            source_hz = rate_hz
        slower_hz = min(rate_hz, source_hz)
        half_ns = LOBES * NS_PER_S / slower_hz
        margin_ns = round(0.5 * NS_PER_S / source_hz)  # a sample stands for half a step on either side
        first = max(0, -((origin_ns - first_ns + margin_ns) // step_ns))
        last = min(len(accel_g), (last_ns + margin_ns - origin_ns) // step_ns + 1)
        _kernels.resample(
            recording.accel_g,
            recording.time_ns,
            segment.start,
            segment.stop,
            origin_ns,
            step_ns,
            lanczos(),
            half_ns,
            _REACH_STEPS * NS_PER_S / source_hz,
            _LEAST_SHARE * source_hz / slower_hz,
            first,
            last,
            accel_g,
        )
    return Grid(accel_g, rate_hz, origin_ns)


def lanczos() -> NDArray[np.float64]:
    """Return the Lanczos kernel from its middle to its end, with one cell more than it needs."""
    place = np.linspace(0.0, LOBES, _TAPER_CELLS + 1)
    return np.append(np.sinc(place) * np.sinc(place / LOBES), 0.0)
