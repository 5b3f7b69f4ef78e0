"""What acceleration looks like everywhere: samples, their times, where it is continuous, and from which band."""

import itertools
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from device.errors import RecordingError

NS_PER_S = 1_000_000_000
#: Most samples in a chunk: 5 MB, so that what is done to one chunk stays in the processor's cache.
CHUNK_SAMPLES: Final = 1 << 18


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


def merged(damage: Iterable[Damage]) -> tuple[Damage, ...]:
    """Return one row for each kind of damage and outcome, in order of first appearance, with their counts added."""
    rows: dict[tuple[str, str], Damage] = {}
    for one in damage:
        known = rows.get((one.what, one.outcome))
        rows[one.what, one.outcome] = one if known is None else replace(known, count=known.count + one.count)
    return tuple(rows.values())


@dataclass(frozen=True, slots=True)
class Stretch:
    """One segment by its times: those of its first and last sample, UTC, and how many there are."""

    first_ns: int
    last_ns: int
    samples: int


@dataclass(frozen=True, slots=True)
class Extent:
    """What a recording was found to be once all of it was read."""

    stretches: tuple[Stretch, ...]  #: in order of time
    damage: tuple[Damage, ...] = ()

    @property
    def samples(self) -> int:
        """Samples held, NaN ones included."""
        return sum(stretch.samples for stretch in self.stretches)

    @property
    def rate_hz(self) -> float:
        """Measured rate over all stretches of two samples or more; NaN where there is none."""
        steps = sum(stretch.samples - 1 for stretch in self.stretches)
        span_ns = sum(stretch.last_ns - stretch.first_ns for stretch in self.stretches)
        return steps * NS_PER_S / span_ns if steps else float("nan")

    @property
    def gaps(self) -> tuple[Gap, ...]:
        """The time between stretches, from the moment the next sample was due."""
        rate_hz = self.rate_hz
        step_ns = round(NS_PER_S / rate_hz) if rate_hz > 0.0 else 0
        return tuple(Gap(a.last_ns + step_ns, b.first_ns) for a, b in itertools.pairwise(self.stretches))


@dataclass(frozen=True, slots=True, eq=False)
class Chunk:
    """Consecutive samples of one recording, as many as a reader has at hand.

    Times increase inside a chunk and from chunk to chunk. ``starts`` are the rows at which a new segment begins: the
    first row of a chunk goes on with the segment of the chunk before it unless 0 is among them, as it is in the first
    chunk. Missing values are NaN on all three axes. A chunk without samples can bring damage.
    """

    accel_g: NDArray[np.float32]  #: (n, 3) in g, band frame
    time_ns: NDArray[np.int64]  #: (n,) UTC
    starts: tuple[int, ...] = ()
    damage: tuple[Damage, ...] = ()  #: met on the way to these samples


@dataclass(frozen=True, slots=True, eq=False)
class Stream:
    """A recording that is read while it is used, in bounded memory; the facts are known before the samples.

    ``chunks`` reads from the beginning each time it is called, `CHUNK_SAMPLES` at most at once, and raises what the
    reader raises. What was wrong with the input comes with the chunks.
    """

    chunks: Callable[[], Iterator[Chunk]]
    band: BandInfo = field(default_factory=BandInfo)
    zone: str = "UTC"


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

    @classmethod
    def from_stream(cls, stream: Stream) -> Self:
        """Return all of a stream in memory; `RecordingError` where it holds no sample or its chunks contradict."""
        chunks = list(stream.chunks())
        if not any(chunk.time_ns.size for chunk in chunks):
            raise RecordingError("no sample", expected="at least one")
        starts: list[int] = []
        rows = 0
        for chunk in chunks:
            starts += [rows + start for start in chunk.starts]
            rows += chunk.time_ns.size
        return cls(
            np.concatenate([chunk.accel_g for chunk in chunks]),
            np.concatenate([chunk.time_ns for chunk in chunks]),
            tuple(Segment(a, b) for a, b in itertools.pairwise([*starts, rows])),
            stream.band,
            stream.zone,
            merged(damage for chunk in chunks for damage in chunk.damage),
        )

    def stream(self) -> Stream:
        """Return this recording as a stream."""
        return Stream(self._chunks, self.band, self.zone)

    def _chunks(self) -> Iterator[Chunk]:
        firsts = np.array([segment.start for segment in self.segments])
        for a in range(0, max(self.n_samples, 1), CHUNK_SAMPLES):
            part = slice(a, min(a + CHUNK_SAMPLES, self.n_samples))
            starts = tuple((firsts[(firsts >= a) & (firsts < part.stop)] - a).tolist())
            yield Chunk(self.accel_g[part], self.time_ns[part], starts, self.damage if a == 0 else ())

    @property
    def extent(self) -> Extent:
        """The recording by its times."""
        stretches = (
            Stretch(int(self.time_ns[s.start]), int(self.time_ns[s.stop - 1]), s.stop - s.start) for s in self.segments
        )
        return Extent(tuple(stretches), self.damage)

    @property
    def gaps(self) -> tuple[Gap, ...]:
        """The stretches between segments, from the moment the next sample was due."""
        return self.extent.gaps

    @property
    def rate_hz(self) -> float:
        """Measured rate over all segments of two samples or more; NaN where there is none."""
        return self.extent.rate_hz
