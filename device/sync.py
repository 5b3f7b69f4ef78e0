"""Fetching the logs that a band has stored: resumable, verified, and never asking twice for what is held.

A log lies in a capture folder of its own: segments with the notifications as they came, and a journal. What is
held is read from the segments, block by block with its checksum, never believed from the journal. A link that
breaks leaves all that came; the next pull asks for the rest. Nothing is deleted on the band.
"""

import asyncio
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from device.capture.journal import Anchor, Journal, as_ranges, load_journal, missing_ranges, unwritable
from device.capture.log import assembled_log, held_blocks
from device.capture.parquet import write_recording
from device.capture.segments import SegmentWriter
from device.errors import BandBusyError, BandLostError, CaptureError
from device.link.backoff import backoff_s
from device.link.connect import BandLink
from device.link.control import ControlPoint
from device.link.inbox import Inbox
from device.link.segment import begin_segment, keep
from device.profiles.openband import LOG_UUID, LogEntry
from device.profiles.pieces import BlockAssembler
from device.recording import BandInfo, Recording

#: Blocks asked for at once: at an MTU of 23 they are 4,224 notifications, half of what an inbox holds, so
#: that a disk that hesitates loses nothing.
CHUNK_BLOCKS: Final = 128

#: How often a block is asked for before it is given up: a bit that flipped on its way is right the second time,
#: flash that has rotted never.
ROUNDS: Final = 3

#: How often a band that is busy is asked again; it may be closing a block or serving another phone.
BUSY_ATTEMPTS: Final = 5

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Pulled:
    """A log that has been fetched, and how it went."""

    folder: Path
    journal: Journal
    blocks_new: int  #: that this pull brought
    damaged: int  #: whole blocks with a bad checksum, in this pull
    unreadable: int  #: blocks that came damaged every time: a gap in the recording


async def pull_log(
    link: BandLink,
    control: ControlPoint,
    entry: LogEntry,
    captures: Path,
    *,
    zone: str = "UTC",
    progress: Progress | None = None,
    utc_ns: Callable[[], int] = time.time_ns,
    rng: random.Random | None = None,
) -> Pulled:
    """Fetch what is missing of a log into its folder below ``captures``, and verify it.

    ``progress(blocks held, blocks wanted)`` is called as they come. BandLostError where the link breaks:
    what came is kept. CaptureError where the folder can't be written or is another log's.
    """
    link_clock = await compare_clocks(control, utc_ns)
    fresh = Journal.of(link.name, link.address, await link.info(), entry, zone)
    folder = captures / fresh.folder_name
    journal = await asyncio.to_thread(_open_folder, folder, fresh)
    wanted = range(entry.first_index, entry.first_index + entry.block_count)
    first = wanted.start if journal.wanted == (0, 0) else min(wanted.start, journal.wanted[0])
    journal = replace(journal, wanted=(first, wanted.stop))
    pull = _Pull(link, control, await link.listen(LOG_UUID), folder, journal)
    pull.progress = progress or pull.progress
    pull.rng = rng or pull.rng
    pull.utc_ns = utc_ns
    pull.anchor = link_clock.anchor if link_clock.boot == entry.boot else None
    return await pull.run(wanted)


@dataclass(frozen=True, slots=True)
class ClockPair:
    """A comparison of clocks, and the boot whose ticks were compared."""

    anchor: Anchor
    boot: int


async def compare_clocks(control: ControlPoint, utc_ns: Callable[[], int], tries: int = 3) -> ClockPair:
    """Return what the band's counter shows at a moment of ours; the quickest of some tries is the sharpest."""
    best: ClockPair | None = None
    for _ in range(tries):
        asked_ns = utc_ns()
        now = await control.clock()
        error_ns = (utc_ns() - asked_ns) // 2
        pair = ClockPair(Anchor(asked_ns + error_ns, now.ticks, error_ns), now.boot)
        if best is None or error_ns < best.anchor.error_ns:
            best = pair
    if best is None:
        raise ValueError(f"tries is {tries}, expected 1 or more")
    return best


class _Pull:
    """One pull of one log."""

    def __init__(self, link: BandLink, control: ControlPoint, inbox: Inbox, folder: Path, journal: Journal) -> None:
        self.link = link
        self.control = control
        self.inbox = inbox
        self.folder = folder
        self.journal = journal
        self.progress: Progress = lambda _done, _total: None
        self.utc_ns: Callable[[], int] = time.time_ns
        self.anchor: Anchor | None = None
        self.rng = random.Random(journal.log_id)  # noqa: S311 - jitter, not a secret
        self.held: set[int] = set()
        self.on_disk: set[int] = set()
        self.new = 0
        self._assembler = BlockAssembler()
        self._sent = False

    async def run(self, wanted: range) -> Pulled:
        """Ask for what is missing until it is there or hopeless."""
        self.held = await asyncio.to_thread(held_blocks, self.folder, self.journal)
        if missing_ranges(wanted, as_ranges(self.held)):
            await self._fetch_missing(wanted)
            self._verify(wanted)
        if self.anchor is not None and (self.new or not self.journal.anchors):
            # Only with what is new: a sync that brings nothing mustn't move what was recorded by a microsecond.
            self.journal = replace(self.journal, anchors=(*self.journal.anchors, self.anchor))
        hopeless = as_ranges(set(range(*self.journal.wanted)) - self.held)
        self.journal = replace(self.journal, held=as_ranges(self.held), unreadable=hopeless)
        await asyncio.to_thread(self.journal.save, self.folder)
        return Pulled(self.folder, self.journal, self.new, self._assembler.damaged, sum(b - a for a, b in hopeless))

    async def _fetch_missing(self, wanted: range) -> None:
        """Ask for what is missing, some rounds long, into a segment of its own; what came is kept in any case."""
        name = f"segment-{len(self.journal.segments) + 1:04d}.arrows"
        self.journal = replace(self.journal, held=as_ranges(self.held), segments=(*self.journal.segments, name))
        await asyncio.to_thread(self.journal.save, self.folder)
        writer = await asyncio.to_thread(
            begin_segment,
            self.link,
            self.folder / name,
            LOG_UUID,
            band=self.journal.info,
            reason="log",
            utc_ns=self.utc_ns,
        )
        try:
            for _ in range(ROUNDS):
                for part in missing_ranges(wanted, as_ranges(self.held)):
                    for first in range(part.start, part.stop, CHUNK_BLOCKS):
                        await self._fetch(writer, range(first, min(first + CHUNK_BLOCKS, part.stop)), len(wanted))
        finally:
            await asyncio.to_thread(writer.close)
            # What the disk gives back is what counts, also of a batch whose writing outlived this task.
            self.on_disk = await asyncio.to_thread(held_blocks, self.folder, self.journal)
            self.journal = replace(self.journal, held=as_ranges(self.on_disk))
            await asyncio.to_thread(self.journal.save, self.folder)

    async def _fetch(self, writer: SegmentWriter, blocks: range, total: int) -> None:
        """Have some blocks sent and keep all that comes until the band says that it has sent them."""
        await self._ask(blocks)
        while True:
            try:
                batch = await self.inbox.take(self.link.timeouts.silence_s)
            except TimeoutError as error:
                raise self._lost("fell silent", total) from error
            if not batch and self.inbox.closed:
                raise self._lost("went away", total)
            # All that was sent before the band said "done" is in this batch.
            finished = self._sent
            await keep(writer, LOG_UUID, batch)
            for arrival in batch:
                block = self._assembler.feed(arrival.payload)
                if block is not None and block.log_id == self.journal.log_id and block.index not in self.held:
                    self.held.add(block.index)
                    self.new += 1
            if batch:
                self.progress(len(self.held), total)
            if finished:
                return

    async def _ask(self, blocks: range) -> None:
        self._sent = False
        for attempt in range(1, BUSY_ATTEMPTS + 1):
            try:
                await self.control.read_log(self.journal.log_id, blocks.start, len(blocks), self._on_sent)
            except BandBusyError as fault:
                wait_s = backoff_s(attempt, fault, self.rng)
                if wait_s is None or attempt == BUSY_ATTEMPTS:
                    raise
                await asyncio.sleep(wait_s)
            else:
                return

    def _on_sent(self) -> None:
        self._sent = True
        self.inbox.wake()

    def _lost(self, how: str, total: int) -> BandLostError:
        return BandLostError(
            f"the band {how} after {len(self.held)} of {total} blocks, which are kept",
            where=self.link.name,
            remedy="bring it nearer and run the same command: it goes on from here",
        )

    def _verify(self, wanted: range) -> None:
        vanished = (self.held & set(wanted)) - self.on_disk
        if vanished:
            raise CaptureError(
                f"{len(vanished)} blocks that were written can't be read back",
                where=str(self.folder),
                remedy="check the disk, then run the same command: it fetches them again",
            )


def log_on_disk(link: BandLink, info: BandInfo, entry: LogEntry, captures: Path) -> tuple[Path, int]:
    """Return the folder of a log, and how many of the blocks that the band holds lie in it already."""
    fresh = Journal.of(link.name, link.address, info, entry, "UTC")
    folder = captures / fresh.folder_name
    journal = load_journal(folder)
    if journal is None or not journal.is_same_log(fresh):
        return folder, 0
    wanted = range(entry.first_index, entry.first_index + entry.block_count)
    return folder, len(held_blocks(folder, journal).intersection(wanted))


def _open_folder(folder: Path, fresh: Journal) -> Journal:
    """Make the folder, or find what an earlier pull left in it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise unwritable(folder, error) from error
    known = load_journal(folder)
    if known is None:
        return fresh
    if not known.is_same_log(fresh):
        raise CaptureError(
            "this folder holds another log under the same name",
            where=str(folder),
            expected=f"the log that began at tick {fresh.start_ticks}",
            remedy="move the folder away and sync again",
        )
    return replace(known, zone=fresh.zone, firmware=fresh.firmware, address=fresh.address)


def log_recording(folder: Path, path: Path) -> Recording:
    """Write what a capture folder holds of its log as a recording, and return it.

    CaptureError where the folder isn't one of ours, RecordingError where no block has a time.
    """
    recording = assembled_log(folder)
    write_recording(recording, path)
    return recording
