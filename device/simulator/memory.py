"""What a simulated band holds: its counter of ticks, the motion it plays live, and its stored logs."""

import binascii
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from device.profiles.openband import MAX_BLOCK_SAMPLES, LogBlock, LogEntry, encode_block
from device.recording import NS_PER_S, Recording
from device.wire.codes import COUNTS_PER_RANGE, TICKS_HZ, Flag

#: A full block is 512 bytes with header and checksum.
BLOCK_SAMPLES: Final = MAX_BLOCK_SAMPLES

NS_PER_HOUR: Final = 3600 * NS_PER_S

_LOWEST: Final = -COUNTS_PER_RANGE
_HIGHEST: Final = COUNTS_PER_RANGE - 1


def system_clock_ns() -> int:
    """Return UTC now by this computer."""
    return time.time_ns()


@dataclass(frozen=True, slots=True)
class BandClock:
    """A band's counter: ticks since it was started at ``boot_ns``, by a crystal that may run fast or slow."""

    boot_ns: int  #: UTC
    boot: int = 1  #: how often the band has been started
    drift_ppm: float = 0.0
    now_ns: Callable[[], int] = system_clock_ns  #: UTC

    def ticks_at(self, utc_ns: int) -> int:
        """Return what the counter shows at a moment."""
        return round((utc_ns - self.boot_ns) * (TICKS_HZ / NS_PER_S) * (1.0 + self.drift_ppm * 1e-6))

    def ticks_now(self) -> int:
        """Return what the counter shows now."""
        return self.ticks_at(self.now_ns())

    def restarted(self, at_ns: int, boot: int) -> Self:
        """Return the counter that begins again at a moment."""
        return replace(self, boot_ns=at_ns, boot=boot)


def quantise(accel_g: NDArray[np.floating], range_g: int) -> NDArray[np.int16]:
    """Return acceleration as a band's sensor counts it: rounded, and clipped at the ends of its range."""
    counts = np.rint(np.asarray(accel_g, dtype=np.float64) * (COUNTS_PER_RANGE / range_g))
    clipped: NDArray[np.int16] = np.clip(np.nan_to_num(counts), _LOWEST, _HIGHEST).astype(np.int16)
    return clipped


def flags_of(samples: NDArray[np.int16]) -> int:
    """Return the flags that samples deserve."""
    clipped = bool(samples.size) and (int(samples.min()) == _LOWEST or int(samples.max()) == _HIGHEST)
    return int(Flag.CLIPPED) if clipped else 0


@dataclass(frozen=True, slots=True, eq=False)
class Trace:
    """Motion in counts at an even rate, which a band plays from the beginning, over and over."""

    samples: NDArray[np.int16]  #: (n, 3)
    rate_hz: float
    range_g: int = 8
    rate_error: float = 0.0  #: of the sensor's own oscillator: 0.05 is 5 % more samples a second than it says

    def at(self, first: int, count: int, rate_hz: float) -> NDArray[np.int16]:
        """Return ``count`` samples from sample ``first`` on, played at another rate by taking the nearest in time."""
        wanted = np.arange(first, first + count) * (self.rate_hz / rate_hz)
        played: NDArray[np.int16] = self.samples[np.rint(wanted).astype(np.int64) % len(self.samples)]
        return played


@dataclass(frozen=True, slots=True, eq=False)
class StoredLog:
    """A log in a band's flash. Sample i was taken ``i / rate_hz`` after ``start_ticks``."""

    log_id: int
    trace: Trace
    start_ticks: int
    start_unix_s: int
    boot: int
    first_index: int = 0  #: blocks before it have been erased

    @property
    def end_index(self) -> int:
        """First block after the stored ones."""
        return -(-len(self.trace.samples) // BLOCK_SAMPLES)

    def block_ticks(self, index: int) -> int:
        """Return when the first sample of a block was taken."""
        true_rate_hz = self.trace.rate_hz * (1.0 + self.trace.rate_error)
        return self.start_ticks + round(index * BLOCK_SAMPLES * TICKS_HZ / true_rate_hz)

    def encoded(self, index: int) -> bytes:
        """Return a block as it lies in flash; the last one may be short."""
        samples = self.trace.samples[index * BLOCK_SAMPLES : (index + 1) * BLOCK_SAMPLES]
        return encode_block(
            LogBlock(
                log_id=self.log_id,
                index=index,
                ticks=self.block_ticks(index),
                rate_hz=self.trace.rate_hz,
                range_g=self.trace.range_g,
                samples=samples,
                flags=flags_of(samples),
                boot=self.boot,
            )
        )

    def entry(self) -> LogEntry:
        """Return the line about this log in the band's list."""
        count = self.end_index - self.first_index
        rate_hz, range_g = self.trace.rate_hz, self.trace.range_g
        return LogEntry(
            self.log_id, self.first_index, count, self.start_ticks, self.start_unix_s, rate_hz, range_g, self.boot
        )


def trace_of(recording: Recording, range_g: int = 8, rate_hz: float | None = None) -> Trace:
    """Return a recording as a trace at an even rate; a gap is closed with the nearest samples."""
    rate = rate_hz or round(recording.rate_hz * 2) / 2
    count = int((int(recording.time_ns[-1]) - int(recording.time_ns[0])) * rate / NS_PER_S) + 1
    times = recording.time_ns[0] + np.rint(np.arange(count) * (NS_PER_S / rate)).astype(np.int64)
    nearest = np.clip(np.searchsorted(recording.time_ns, times), 0, recording.n_samples - 1)
    return Trace(quantise(recording.accel_g[nearest], range_g), rate, range_g)


def log_of(recording: Recording, clock: BandClock, log_id: int = 1, range_g: int = 8) -> StoredLog:
    """Return a recording as the log that a band would have stored of it, at the same moments."""
    start_ns = int(recording.time_ns[0])
    return StoredLog(
        log_id=log_id,
        trace=trace_of(recording, range_g),
        start_ticks=clock.ticks_at(start_ns),
        start_unix_s=start_ns // NS_PER_S,
        boot=clock.boot,
    )


def band_that_recorded(recording: Recording) -> tuple[BandClock, StoredLog]:
    """Return the clock of a band that was started an hour before this recording, and its log of it.

    Its boot number counts the hours of UTC, and the log's id is a checksum of its samples: the same recording is the
    same log of the same start, and no other one can be mixed up with it in a capture folder.
    """
    boot_ns = int(recording.time_ns[0]) - NS_PER_HOUR
    clock = BandClock(boot_ns=boot_ns, boot=boot_ns // NS_PER_HOUR % 65_536)
    log_id = binascii.crc32(recording.accel_g.tobytes())
    return clock, log_of(recording, clock, log_id)
