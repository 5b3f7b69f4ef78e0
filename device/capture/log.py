"""A log as a capture folder holds it: journal and segments, made into a recording."""

from pathlib import Path

from device.capture.assemble import ClockAnchor, assemble_log, decode_segments
from device.capture.journal import Journal, load_journal
from device.capture.segments import Segment, read_segment
from device.errors import CaptureError
from device.profiles.openband import LogEntry
from device.profiles.pieces import BlockAssembler
from device.recording import Damage, Recording


def assembled_log(folder: Path) -> Recording:
    """Return what a capture folder holds of its log.

    CaptureError where the folder isn't one of ours, RecordingError where no block has a time.
    """
    journal = load_journal(folder)
    if journal is None:
        raise CaptureError("there is no journal", where=str(folder), expected="a folder that a sync has made")
    segments, unreadable = read_segments(folder, journal)
    found = decode_segments(segments)
    damage = (*found.damage, *unreadable)
    mine = [block for block in found.blocks if (block.log_id, block.boot) == (journal.log_id, journal.boot)]
    entry = LogEntry(
        log_id=journal.log_id,
        first_index=journal.wanted[0],
        block_count=journal.wanted[1] - journal.wanted[0],
        start_ticks=journal.start_ticks,
        start_unix_s=journal.start_unix_s,
        rate_hz=journal.rate_hz,
        range_g=journal.range_g,
        boot=journal.boot,
    )
    anchors = [ClockAnchor(journal.boot, anchor.ticks, anchor.utc_ns) for anchor in journal.anchors]
    return assemble_log(mine, anchors, (entry,), band=journal.info, zone=journal.zone, damage=damage)


def segments_of(folder: Path, journal: Journal) -> list[Path]:
    """Return the segments that exist; one that was named and not begun, as in a crash, doesn't."""
    return [folder / name for name in journal.segments if (folder / name).exists()]


def read_segments(folder: Path, journal: Journal) -> tuple[list[Segment], tuple[Damage, ...]]:
    """Return the segments that can be read, and those that can't: torn in their head, or against their hash."""
    found, bad = [], []
    for path in segments_of(folder, journal):
        try:
            found.append(read_segment(path))
        except CaptureError as fault:
            bad.append(f"{path.name}: {fault.what}")
    return found, (Damage("segment that can't be read", len(bad), "left out", bad[0]),) if bad else ()


def held_blocks(folder: Path, journal: Journal) -> set[int]:
    """Return the indices of the blocks of this log that the segments of its folder hold, each with a good checksum."""
    held: set[int] = set()
    for segment in read_segments(folder, journal)[0]:
        assembler = BlockAssembler()
        for packet in segment.packets:
            block = assembler.feed(packet.payload)
            if block is not None and block.log_id == journal.log_id and block.boot == journal.boot:
                held.add(block.index)
    return held
