"""A capture segment begun for one connection, and what arrived on it as the packets of a segment."""

import asyncio
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from device.capture.segments import Packet, SegmentHead, SegmentWriter
from device.link.connect import BandLink
from device.link.inbox import Arrival
from device.recording import BandInfo


def begin_segment(
    link: BandLink,
    path: Path,
    characteristic: str,
    *,
    band: BandInfo,
    reason: str,
    utc_ns: Callable[[], int] = time.time_ns,
) -> SegmentWriter:
    """Return a segment for what one characteristic sends, with both clocks of this computer in its head."""
    head = SegmentHead(
        utc_ns=utc_ns(),
        monotonic_ns=link.clock_ns(),
        characteristics=(characteristic,),
        profile=link.profile.name,
        address=link.address,
        band=band,
        reason=reason,
    )
    return SegmentWriter(path, head, link.clock_ns)


def packets(characteristic: str, batch: Iterable[Arrival]) -> list[Packet]:
    """Return arrivals as the packets of a segment."""
    return [Packet(arrival.arrival_ns, characteristic, arrival.payload) for arrival in batch]


async def keep(writer: SegmentWriter, characteristic: str, batch: Iterable[Arrival]) -> None:
    """Write arrivals in a thread, to the end even when this task is cancelled: a writer is not for two threads.

    Ctrl-C cancels the task that waits, not the thread that writes; closing the segment meanwhile would tear it.
    """
    writing = asyncio.ensure_future(asyncio.to_thread(writer.write, packets(characteristic, batch)))
    try:
        await asyncio.shield(writing)
    except asyncio.CancelledError:
        await writing
        raise
