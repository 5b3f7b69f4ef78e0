"""Captures of a band, as `selfback sync` leaves them: the journal of a log with its segments, or one segment (.arrows).

So a capture can be read before, or instead of, the Parquet that a sync makes of it. It is assembled in memory: a band's
log is some tens of megabytes.
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

from device.capture.assemble import assemble_log, decode_segments
from device.capture.journal import JOURNAL_NAME
from device.capture.live import assembled_live
from device.capture.log import assembled_log
from device.capture.segments import read_segment
from device.errors import CaptureError, DamagedFileError, EmptyFileError
from device.recording import Damage, Stream

#: No band's flash holds more, nor does a live recording of a month bring more.
MAX_BYTES: Final = 1 << 30


def open_log(path: Path, zone: str) -> Iterator[tuple[str, Stream]]:
    """Yield the one recording of a log, without name, from its journal; its zone holds unless another is asked for.

    Errors: `EmptyFileError`, `DamagedFileError`, `RecordingError` where no sample has a time.
    """
    _check_size(path)
    if path.name != JOURNAL_NAME:
        raise DamagedFileError("a journal without its capture", str(path), f"{JOURNAL_NAME} beside its segments")
    try:
        recording = assembled_log(path.parent)
    except CaptureError as error:
        raise DamagedFileError(error.what, error.where, error.expected, error.remedy) from error
    yield "", (recording if zone == "UTC" else replace(recording, zone=zone)).stream()


def open_capture(path: Path, zone: str) -> Iterator[tuple[str, Stream]]:
    """Yield the one recording of a segment, without name: of a log, what the segment's own clock readings can time.

    Errors: as `open_log`.
    """
    _check_size(path)
    try:
        segment = read_segment(path)
    except CaptureError as error:
        raise DamagedFileError(error.what, error.where, error.expected, error.remedy) from error
    torn = Damage("bytes after the last whole batch", segment.torn_bytes, "left out")
    damage = (torn,) if torn.count else ()
    band = segment.head.band
    found = decode_segments([segment]) if segment.head.profile == "openband" else None
    if found is not None and found.blocks and not found.notifications:
        rows = (*found.damage, *damage)
        recording = assemble_log(found.blocks, found.anchors, found.logs, band=band, zone=zone, damage=rows)
    else:
        try:
            recording = assembled_live([segment], band=band, zone=zone, damage=damage)
        except CaptureError as error:
            raise DamagedFileError(error.what, error.where, error.expected, error.remedy) from error
    yield "", recording.stream()


def _check_size(path: Path) -> None:
    with path.open("rb"):
        size = path.stat().st_size
    if not size:
        raise EmptyFileError("the file is empty", str(path), "a capture of a band")
    if size > MAX_BYTES:
        raise DamagedFileError(f"a capture of {size >> 20:,} MiB", str(path), f"at most {MAX_BYTES >> 20:,} MiB")
