"""Recording live: a band's stream into crash-safe segments, through losses of the link, for as long as asked.

Each connection writes a segment of its own. What the link or the queue lost shows in the sequence numbers and
ticks that the notifications carry, so nothing is lost unseen.
"""

import asyncio
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from device.capture.assemble import assemble_stream, decode_segments
from device.capture.parquet import write_recording
from device.capture.segments import SegmentWriter, read_segment
from device.errors import BandBusyError, BandLostError, BandNotFoundError, BandRefusedError, DeviceError
from device.link.backoff import backoff_s
from device.link.connect import DEFAULT_TIMEOUTS, BandLink, Timeouts, connect
from device.link.control import ControlPoint, open_control
from device.link.inbox import Arrival, Inbox
from device.link.radio import Adapter
from device.link.segment import begin_segment, keep
from device.profiles.openband import STREAM_UUID
from device.recording import BandInfo, Recording

#: A band that stays away for this many attempts (about two minutes with their waits) is not coming back soon.
RECONNECTS: Final = 6

#: How often a band that is busy is asked again; it may be closing a block or not have noticed that a link broke.
BUSY_ATTEMPTS: Final = 5

#: After so long a silence what came before it is written; with what ``SegmentWriter`` does this is a second or two.
FLUSH_S: Final = 1.0


@dataclass(slots=True)
class LiveCapture:
    """What a live recording brought; filled while it runs."""

    folder: Path
    info: BandInfo = field(default_factory=BandInfo)
    name: str = ""
    segments: list[Path] = field(default_factory=list)
    notifications: int = 0
    overflowed: int = 0  #: notifications for which the queue had no room
    losses: int = 0  #: times the link broke


Progress = Callable[[float, float], None]
Heard = Callable[[int, bytes], None]


async def record_live(
    adapter: Adapter,
    capture: LiveCapture,
    *,
    seconds: float,
    rate_hz: float = 50.0,
    range_g: int = 8,
    wanted: str = "",
    reconnects: int = RECONNECTS,
    timeouts: Timeouts = DEFAULT_TIMEOUTS,
    progress: Progress | None = None,
    heard: Heard | None = None,
    rng: random.Random | None = None,
    clock_ns: Callable[[], int] = time.monotonic_ns,
    utc_ns: Callable[[], int] = time.time_ns,
) -> None:
    """Record for ``seconds`` of this computer's clock into ``capture.folder``.

    A broken link is made again up to ``reconnects`` times in a row; then BandLostError. ``capture`` holds what
    came in any case. ``heard(utc_ns, payload)`` is called with each notification once it is written.
    """
    loop = asyncio.get_running_loop()
    end_s = loop.time() + seconds
    rng = rng or random.Random(wanted)  # noqa: S311 - jitter, not a secret
    progress = progress or (lambda _done, _total: None)
    session = _Session(capture, rate_hz, range_g, end_s, seconds, progress, utc_ns, rng, heard)
    attempt = 0
    while loop.time() < end_s:
        before = capture.notifications
        try:
            async with connect(adapter, wanted or capture.name, timeouts=timeouts, rng=rng, clock_ns=clock_ns) as link:
                await session.record(link)
                return
        except (BandLostError, BandNotFoundError) as fault:
            if isinstance(fault, BandNotFoundError) and not capture.segments:
                raise
            attempt = 1 if capture.notifications > before else attempt + 1
            capture.losses += isinstance(fault, BandLostError)
            await _wait_or_give_up(fault, attempt, reconnects, rng, end_s)


async def _wait_or_give_up(fault: DeviceError, attempt: int, reconnects: int, rng: random.Random, end_s: float) -> None:
    wait_s = backoff_s(attempt, fault, rng)
    left_s = end_s - asyncio.get_running_loop().time()
    if wait_s is None or attempt > reconnects:
        raise BandLostError(
            f"the band did not come back ({fault.what})",
            where=fault.where,
            remedy="bring it nearer; what was recorded is kept",
        ) from fault
    await asyncio.sleep(max(0.0, min(wait_s, left_s)))


@dataclass(slots=True)
class _Session:
    capture: LiveCapture
    rate_hz: float
    range_g: int
    end_s: float
    seconds: float
    progress: Progress
    utc_ns: Callable[[], int]
    rng: random.Random
    heard: Heard | None = None

    async def record(self, link: BandLink) -> None:
        """Record over one connection until the time is up; BandLostError where it ends before."""
        capture, loop = self.capture, asyncio.get_running_loop()
        capture.name, capture.info = link.name, await link.info()
        control = await open_control(link)
        inbox = await link.listen(STREAM_UUID)
        await self._start(control)
        path = capture.folder / f"live-{len(capture.segments) + 1:04d}.arrows"
        path.parent.mkdir(parents=True, exist_ok=True)
        writer = await asyncio.to_thread(
            begin_segment, link, path, STREAM_UUID, band=capture.info, reason="live", utc_ns=self.utc_ns
        )
        capture.segments.append(path)
        utc_of_zero_ns = self.utc_ns() - link.clock_ns()
        try:
            await self._until_the_end(link, inbox, writer, utc_of_zero_ns)
            await control.stop_stream()
        except BandRefusedError:
            if not link.is_connected:
                raise link.lost("in mid-stream") from None
            raise
        finally:
            capture.overflowed += inbox.overflowed
            await self._take(writer, inbox.waiting(), utc_of_zero_ns)
            await asyncio.to_thread(writer.close)

    async def _start(self, control: ControlPoint) -> None:
        """Have the band stream; one that is busy, as after a link that broke, is asked again."""
        for attempt in range(1, BUSY_ATTEMPTS + 1):
            try:
                await control.start_stream(self.rate_hz, self.range_g)
            except BandBusyError as fault:
                wait_s = backoff_s(attempt, fault, self.rng)
                if wait_s is None or attempt == BUSY_ATTEMPTS:
                    raise
                await asyncio.sleep(wait_s)
            else:
                return

    async def _until_the_end(self, link: BandLink, inbox: Inbox, writer: SegmentWriter, utc_of_zero_ns: int) -> None:
        loop = asyncio.get_running_loop()
        heard_s = loop.time()
        while (left_s := self.end_s - loop.time()) > 0:
            silent_s = link.timeouts.silence_s - (loop.time() - heard_s)
            if silent_s <= 0:
                raise link.lost("in mid-stream: nothing came any more")
            try:
                batch = await inbox.take(min(silent_s, left_s, FLUSH_S))
            except TimeoutError:
                await asyncio.to_thread(writer.flush)  # what waits for more must not wait through a silence
                continue
            if not batch:
                raise link.lost("in mid-stream")
            heard_s = loop.time()
            await self._take(writer, batch, utc_of_zero_ns)
            self.progress(self.seconds - (self.end_s - loop.time()), self.seconds)

    async def _take(self, writer: SegmentWriter, batch: list[Arrival], utc_of_zero_ns: int) -> None:
        self.capture.notifications += len(batch)
        await keep(writer, STREAM_UUID, batch)
        if self.heard is not None:
            for arrival in batch:
                self.heard(utc_of_zero_ns + arrival.arrival_ns, arrival.payload)


def live_recording(capture: LiveCapture, path: Path, zone: str = "UTC") -> Recording:
    """Write what a live capture brought as a recording, and return it; RecordingError if nothing came."""
    found = decode_segments([read_segment(segment) for segment in capture.segments])
    recording = assemble_stream(found.notifications, band=capture.info, zone=zone, damage=found.damage)
    write_recording(recording, path)
    return recording
