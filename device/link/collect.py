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

from device.capture.live import assembled_live
from device.capture.parquet import write_recording
from device.capture.segments import SegmentWriter, read_segment
from device.errors import BandBusyError, BandLostError, BandNotFoundError, BandRefusedError, DeviceError
from device.link.backoff import backoff_s
from device.link.connect import DEFAULT_TIMEOUTS, BandLink, Timeouts, any_profile, connect
from device.link.inbox import Arrival, Inbox
from device.link.opening import carry_out
from device.link.radio import Adapter
from device.link.segment import begin_segment, keep
from device.profiles.known import Profile
from device.profiles.opening import Wish
from device.recording import BandInfo, Recording

#: A band that stays away for this many attempts (about two minutes with their waits) is not coming back soon.
RECONNECTS: Final = 6

#: How often a band that is busy is asked again; it may be closing a block or not have noticed that a link broke.
BUSY_ATTEMPTS: Final = 5

#: After so long a silence what came before it is written; with what ``SegmentWriter`` does this is a second or two.
FLUSH_S: Final = 1.0

#: A wait below this is over: one below the resolution of a clock would never be.
SHORTEST_WAIT_S: Final = 1e-3


@dataclass(slots=True)
class LiveCapture:
    """What a live recording brought; filled while it runs."""

    folder: Path
    info: BandInfo = field(default_factory=BandInfo)
    name: str = ""
    profile: Profile | None = None  #: of the band that was found
    segments: list[Path] = field(default_factory=list)
    notifications: int = 0
    overflowed: int = 0  #: notifications for which the queue had no room
    losses: int = 0  #: times the link broke


Progress = Callable[[float, float], None]
Heard = Callable[[int, bytes], None]
Found = Callable[[BandLink], None]


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
    found: Found | None = None,
    rng: random.Random | None = None,
    clock_ns: Callable[[], int] = time.monotonic_ns,
    utc_ns: Callable[[], int] = time.time_ns,
) -> None:
    """Record for ``seconds`` of this computer's clock into ``capture.folder``.

    A broken link is made again up to ``reconnects`` times in a row; then BandLostError. ``capture`` holds what
    came in any case. ``found`` is called with each link before its stream is begun, and ``heard(utc_ns, payload)``
    with each notification once it is written.
    """
    loop = asyncio.get_running_loop()
    end_s = loop.time() + seconds
    rng = rng or random.Random(wanted)  # noqa: S311 - jitter, not a secret
    progress = progress or (lambda _done, _total: None)
    session = _Session(capture, rate_hz, range_g, end_s, seconds, progress, utc_ns, rng, heard, found)
    attempt = 0
    while loop.time() < end_s:
        before = capture.notifications
        try:
            async with connect(
                adapter, wanted or capture.name, timeouts=timeouts, rng=rng, clock_ns=clock_ns, suits=any_profile
            ) as link:
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
    found: Found | None = None

    async def record(self, link: BandLink) -> None:
        """Record over one connection until the time is up; BandLostError where it ends before."""
        capture, profile = self.capture, link.profile
        capture.name, capture.info, capture.profile = link.name, await link.info(), profile
        if self.found is not None:
            self.found(link)
        inbox = await link.listen(profile.stream_uuid)
        wish = Wish(self.rate_hz, self.range_g, capture.info.serial, link.address)
        early = await self._open(link, wish)
        path = capture.folder / f"live-{len(capture.segments) + 1:04d}.arrows"
        path.parent.mkdir(parents=True, exist_ok=True)
        writer = await asyncio.to_thread(
            begin_segment, link, path, profile.stream_uuid, band=capture.info, reason="live", utc_ns=self.utc_ns
        )
        capture.segments.append(path)
        utc_of_zero_ns = self.utc_ns() - link.clock_ns()
        try:
            await self._take(link, writer, early, utc_of_zero_ns)
            await self._until_the_end(link, inbox, writer, utc_of_zero_ns)
            await self._take(link, writer, await carry_out(link, profile.closing(wish)), utc_of_zero_ns)
        except BandRefusedError:
            if not link.is_connected:
                raise link.lost("in mid-stream") from None
            raise
        finally:
            capture.overflowed += inbox.overflowed
            await self._take(link, writer, inbox.waiting(), utc_of_zero_ns)
            await asyncio.to_thread(writer.close)

    async def _open(self, link: BandLink, wish: Wish) -> list[Arrival]:
        """Have the band stream; one that is busy, as after a link that broke, is asked again."""
        for attempt in range(1, BUSY_ATTEMPTS):
            try:
                return await carry_out(link, link.profile.opening(wish))
            except BandBusyError as fault:
                wait_s = backoff_s(attempt, fault, self.rng)
                if wait_s is None:
                    raise
                await asyncio.sleep(wait_s)
        return await carry_out(link, link.profile.opening(wish))

    async def _until_the_end(self, link: BandLink, inbox: Inbox, writer: SegmentWriter, utc_of_zero_ns: int) -> None:
        loop = asyncio.get_running_loop()
        heard_s = loop.time()
        while (left_s := self.end_s - loop.time()) > SHORTEST_WAIT_S:
            silent_s = link.timeouts.silence_s - (loop.time() - heard_s)
            if silent_s <= SHORTEST_WAIT_S:
                if not link.profile.may_be_silent:
                    raise link.lost("in mid-stream: nothing came any more")
                await link.read(link.profile.stream_uuid)  # a band that answers is still, not gone
                heard_s = loop.time()
                continue
            try:
                batch = await inbox.take(min(silent_s, left_s, FLUSH_S))
            except TimeoutError:
                await asyncio.to_thread(writer.flush)  # what waits for more must not wait through a silence
                continue
            if not batch:
                raise link.lost("in mid-stream")
            heard_s = loop.time()
            await self._take(link, writer, batch, utc_of_zero_ns)
            self.progress(self.seconds - (self.end_s - loop.time()), self.seconds)

    async def _take(self, link: BandLink, writer: SegmentWriter, batch: list[Arrival], utc_of_zero_ns: int) -> None:
        """Write what arrived, then pass it on."""
        self.capture.notifications += len(batch)
        await keep(writer, link.profile.stream_uuid, batch)
        if self.heard is not None:
            for arrival in batch:
                self.heard(utc_of_zero_ns + arrival.arrival_ns, arrival.payload)


def live_recording(capture: LiveCapture, path: Path, zone: str = "UTC") -> Recording:
    """Write what a live capture brought as a recording, and return it; RecordingError if nothing came."""
    recording = assembled_live([read_segment(segment) for segment in capture.segments], band=capture.info, zone=zone)
    write_recording(recording, path)
    return recording
