"""What is held of a band's recordings, proved: each segment by its hash, each packet and block by its checksum.

What the band said that it had is compared with what is here, and every gap in time is listed.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from device.capture.journal import JOURNAL_NAME, Journal, as_ranges, load_journal, missing_ranges
from device.capture.live import assembled_live
from device.capture.log import assembled_log, held_blocks
from device.capture.segments import SUFFIX, Segment, read_segment
from device.errors import CaptureError, RecordingError
from device.recording import NS_PER_S, Recording

Ranges = tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class SegmentChecked:
    """One segment file."""

    name: str
    packets: int
    state: str  #: in words: proved by its hash, never closed, torn, or what is wrong with it
    fault: str = ""


@dataclass(frozen=True, slots=True)
class GapChecked:
    """A stretch without samples."""

    start: str  #: UTC, ISO 8601
    stop: str
    seconds: float
    why: str


@dataclass(frozen=True, slots=True)
class CaptureChecked:
    """One capture folder; ranges of blocks are half open."""

    folder: Path
    wanted: tuple[int, int] | None  #: blocks that the band said it had; None of a live recording
    held: int  #: of those, how many the segments hold
    missing: Ranges  #: neither held nor tried until it was hopeless
    unreadable: Ranges
    segments: tuple[SegmentChecked, ...]
    gaps: tuple[GapChecked, ...]
    faults: tuple[str, ...]  #: what isn't as it was written

    def document(self) -> dict[str, Any]:
        """Return it as values that JSON can hold."""
        return asdict(self) | {"folder": str(self.folder), "whole": not self.faults and not self.missing}


def check_captures(folder: Path) -> tuple[CaptureChecked, ...]:
    """Return what is to be said of each capture in a folder and below; `CaptureError` where there is none."""
    places = {path.parent for name in (JOURNAL_NAME, f"*{SUFFIX}") for path in folder.rglob(name)}
    if not places:
        raise CaptureError("there is no capture", str(folder), "a folder that selfback sync wrote")
    return tuple(check_capture(place) for place in sorted(places))


def check_capture(folder: Path) -> CaptureChecked:
    """Return what is to be said of one capture folder; nothing is changed."""
    names = sorted(path.name for path in folder.glob(f"*{SUFFIX}"))
    read = [_segment(folder / name) for name in names]
    segments = tuple(checked for checked, _ in read)
    faults = [f"{one.name}: {one.fault}" for one in segments if one.fault]
    try:
        journal = load_journal(folder)
    except CaptureError as fault:
        return CaptureChecked(folder, None, 0, (), (), segments, (), (*faults, f"{JOURNAL_NAME}: {fault.what}"))
    if journal is None:
        gaps = _live_gaps([segment for _, segment in read if segment is not None])
        return CaptureChecked(folder, None, 0, (), (), segments, gaps, tuple(faults))
    held = held_blocks(folder, journal)
    faults += _against_journal(journal, held, names)
    wanted = range(*journal.wanted)
    return CaptureChecked(
        folder, journal.wanted, len(held.intersection(wanted)),
        _as_ranges(missing_ranges(wanted, (*as_ranges(held), *journal.unreadable))),
        as_ranges({i for part in journal.unreadable for i in range(*part)} - held),
        segments, _log_gaps(folder), tuple(faults),
    )  # fmt: skip


def _against_journal(journal: Journal, held: set[int], names: Sequence[str]) -> list[str]:
    """Return where the journal and the segments tell different stories."""
    faults = []
    claimed = {index for part in journal.held for index in range(*part)}
    for start, stop in as_ranges(claimed - held):
        faults.append(f"blocks {start:,} to {stop - 1:,} were held, and no segment has them any more")
    faults += [f"{name}: the journal doesn't know it" for name in names if name not in journal.segments]
    return faults


def _segment(path: Path) -> tuple[SegmentChecked, Segment | None]:
    try:
        found = read_segment(path)
    except CaptureError as error:
        return SegmentChecked(path.name, 0, error.what, error.what), None
    state = "proved by its hash" if found.closed else "never closed: proved packet by packet"
    if found.torn_bytes:
        state += f", {found.torn_bytes:,} bytes torn off its end"
    fault = f"{found.damaged_packets:,} packets with a wrong checksum" if found.damaged_packets else ""
    return SegmentChecked(path.name, len(found.packets), state, fault), found


def _log_gaps(folder: Path) -> tuple[GapChecked, ...]:
    try:
        return _gaps(assembled_log(folder))
    except RecordingError:
        return ()


def _live_gaps(segments: Sequence[Segment]) -> tuple[GapChecked, ...]:
    try:
        return _gaps(assembled_live(segments))
    except (RecordingError, CaptureError):
        return ()


def _gaps(recording: Recording) -> tuple[GapChecked, ...]:
    return tuple(
        GapChecked(_utc(gap.start_ns), _utc(gap.stop_ns), (gap.stop_ns - gap.start_ns) / NS_PER_S, gap.reason)
        for gap in recording.gaps
    )


def _utc(time_ns: int) -> str:
    return datetime.fromtimestamp(time_ns / NS_PER_S, UTC).isoformat(timespec="milliseconds")


def _as_ranges(parts: Sequence[range]) -> Ranges:
    return tuple((part.start, part.stop) for part in parts)
