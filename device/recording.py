"""What acceleration looks like everywhere: samples, their times, where it is continuous, and from which band."""

import itertools
from dataclasses import dataclass, field
from typing import Self

import numpy as np
from numpy.typing import NDArray

from device.errors import RecordingError

NS_PER_S = 1_000_000_000


@dataclass(frozen=True, slots=True)
class BandInfo:
    """What is known of the band; an empty string is not known."""

    maker: str = ""
    model: str = ""
    serial: str = ""
    firmware: str = ""
    placement: str = ""  #: as the file or the person says, e.g. "left wrist"
    range_g: float = float("nan")  #: half of full scale, e.g. 8.0 for ±8 g
    nominal_rate_hz: float = float("nan")  #: the rate that the band was told


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of samples without a gap; ``stop`` is the first sample after it."""

    start: int
    stop: int


@dataclass(frozen=True, slots=True)
class Gap:
    """Time from which no sample was received: ``[start_ns, stop_ns)``, UTC."""

    start_ns: int
    stop_ns: int
    reason: str = ""

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return (self.stop_ns - self.start_ns) / NS_PER_S


@dataclass(frozen=True, slots=True)
class Damage:
    """One thing that was wrong with the input: what, how often, and what became of it."""

    what: str  #: e.g. "block with a bad checksum"
    count: int
    outcome: str  #: e.g. "left out"
    first_at: str = ""  #: e.g. "byte 1,024"


@dataclass(frozen=True, slots=True, eq=False)
class Recording:
    """Acceleration of one band over one stretch of time, gravity included, with its gaps explicit.

    Arrays are read-only views. Times are strictly increasing inside a segment and across segments.
    A sample that exists but has no usable value is NaN on all three axes; a sample never received is in no
    segment. ``zone`` is the IANA name of the zone whose local days the wearer lived in.
    """

    accel_g: NDArray[np.float32]  #: (n, 3) in g, band frame
    time_ns: NDArray[np.int64]  #: (n,) UTC, nanoseconds since 1970
    segments: tuple[Segment, ...]  #: cover all samples in order, without overlap
    band: BandInfo = field(default_factory=BandInfo)
    zone: str = "UTC"
    damage: tuple[Damage, ...] = ()

    def __post_init__(self) -> None:
        accel_g = np.ascontiguousarray(self.accel_g, dtype=np.float32).view()
        time_ns = np.ascontiguousarray(self.time_ns, dtype=np.int64).view()
        if accel_g.ndim != 2 or accel_g.shape[1] != 3:
            raise RecordingError(f"accel_g has shape {accel_g.shape}", expected="(n_samples, 3)")
        if time_ns.shape != (accel_g.shape[0],):
            raise RecordingError(f"time_ns has shape {time_ns.shape}", expected=f"({accel_g.shape[0]},)")
        if time_ns.size > 1 and not bool(np.all(time_ns[1:] > time_ns[:-1])):
            first = int(np.argmax(time_ns[1:] <= time_ns[:-1])) + 1
            raise RecordingError("time doesn't move on", where=f"sample {first}", expected="increasing time")
        edge = 0
        for segment in self.segments:
            if segment.start != edge or segment.stop <= segment.start:
                raise RecordingError(f"segment {segment} after sample {edge}", expected="adjoining, non-empty segments")
            edge = segment.stop
        if edge != time_ns.size:
            raise RecordingError(f"segments end at sample {edge}", expected=f"{time_ns.size}")
        accel_g.flags.writeable = False
        time_ns.flags.writeable = False
        object.__setattr__(self, "accel_g", accel_g)
        object.__setattr__(self, "time_ns", time_ns)

    @classmethod
    def from_times(
        cls,
        accel_g: NDArray[np.float32],
        time_ns: NDArray[np.int64],
        *,
        max_step_s: float = 1.0,
        band: BandInfo | None = None,
        zone: str = "UTC",
        damage: tuple[Damage, ...] = (),
    ) -> Self:
        """Return a recording that is cut wherever two samples lie more than ``max_step_s`` apart."""
        cuts = np.flatnonzero(np.diff(time_ns) > round(max_step_s * NS_PER_S)) + 1
        edges = [0, *(int(cut) for cut in cuts), len(time_ns)] if len(time_ns) else [0]
        segments = tuple(Segment(a, b) for a, b in itertools.pairwise(edges))
        return cls(accel_g, time_ns, segments, band or BandInfo(), zone, damage)

    @property
    def n_samples(self) -> int:
        """Samples held, NaN ones included."""
        return int(self.time_ns.size)

    @property
    def gaps(self) -> tuple[Gap, ...]:
        """The stretches between segments, from the moment the next sample was due."""
        step_ns = round(NS_PER_S / self.rate_hz) if self.n_samples > 1 else 0
        return tuple(
            Gap(int(self.time_ns[a.stop - 1]) + step_ns, int(self.time_ns[b.start]))
            for a, b in itertools.pairwise(self.segments)
        )

    @property
    def rate_hz(self) -> float:
        """Measured rate over all segments of two samples or more; NaN where there is none."""
        steps = sum(s.stop - s.start - 1 for s in self.segments)
        spans = [int(self.time_ns[s.stop - 1]) - int(self.time_ns[s.start]) for s in self.segments]
        return steps * NS_PER_S / sum(spans) if steps else float("nan")
