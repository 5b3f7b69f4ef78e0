"""ActiGraph files (.gt3x): a .zip with info.txt and log.bin, a record for each second, each with a checksum.

The format is described in ActiGraph's GT3X-File-Format. Samples are the device's steps divided by its scale; ActiLife
rounds the same to a thousandth of a g. Times follow one rule: a record holds the samples of its second, evenly spaced
until the next record where that is the next second, else at the nominal rate. Where seconds are missing, as when the
device slept because nothing moved, there is a gap: nobody measured then. The clock is the wall clock of the computer
that set it, and is read in the zone that is asked for, as everybody's.

The log is unpacked twice: what records say of themselves first, of which a month takes 100 MB, then samples.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np

from device.errors import ContainerError, DamagedFileError, EmptyFileError, UnknownFormatError
from device.readers.actigraph import _kernels
from device.readers.actigraph.info import INFO, LOG, MOST_BYTES, read_info, scale_of
from device.readers.actigraph.records import BLOCK_BYTES, Records, Windows, index_records
from device.readers.clock import set_elsewhere, wall_offset_ns
from device.readers.containers import Archive, member_named, open_archive
from device.readers.runs import Timed, timed
from device.recording import NS_PER_S, Chunk, Damage, Stream

#: What devices before 2014 wrote in place of a log, without checksums.
OLD: Final = "activity.bin"


@dataclass(frozen=True, slots=True, eq=False)
class Log:
    """What is known of a log before its samples are read."""

    records: Records
    blocks: Timed  #: on the device's wall clock
    offset_ns: int  #: what to take from that to get UTC
    per_g: float


def open_gt3x(path: Path, zone: str) -> Iterator[tuple[str, Stream]]:
    """Yield the one recording of an ActiGraph file, without name; the device's clock is read in ``zone``.

    Errors: `ContainerError`, `DamagedFileError`, `UnknownFormatError` for files of old firmware. Records with a bad
    checksum are left out and counted.
    """
    yield "", _stream(path, zone)


def _stream(path: Path, zone: str) -> Stream:
    if not path.stat().st_size:
        raise EmptyFileError("the file is empty", str(path), "an ActiGraph recording", "download it again")
    archive = open_archive(path)
    _check_members(archive)
    info = read_info(_first_bytes(archive))
    records, parameter, damage = index_records(archive.blocks(member_named(archive, LOG), BLOCK_BYTES), str(path))
    per_g = scale_of(info, parameter)
    if math.isnan(per_g):
        raise DamagedFileError(
            "nothing says how many steps are a g", f"{path}, {INFO}", "a line 'Acceleration Scale'",
            "download it from the device again",
        )  # fmt: skip
    rate_hz = info.band.nominal_rate_hz
    if math.isnan(rate_hz):
        rate_hz = float(np.median(records.count))
        damage = (*damage, Damage("info.txt without a rate", 1, f"taken from its seconds: {rate_hz:g} Hz", INFO))
    blocks = timed(
        records.second.astype(np.int64) * NS_PER_S, records.count, np.full(records.count.size, rate_hz, np.float32),
        records.second, np.zeros(records.count.size, np.uint32), known_as=("record", np.arange(records.count.size)),
    )  # fmt: skip
    offset_ns = wall_offset_ns(blocks.first_ns, zone)
    said = (*damage, *blocks.damage, *set_elsewhere(info.offset_s, offset_ns, zone))
    log = Log(records, blocks, offset_ns, per_g)
    return Stream(partial(_chunks, path, log, said), replace(info.band, nominal_rate_hz=rate_hz), zone)


def _first_bytes(archive: Archive) -> bytes:
    try:
        return next(archive.blocks(member_named(archive, INFO), MOST_BYTES), b"")
    except ContainerError:
        return b""  # the log says what matters, and a missing scale is asked for below


def _check_members(archive: Archive) -> None:
    names = {member.filename for member in archive.members}
    if names.issuperset({INFO, LOG}):
        return
    if OLD in names:
        raise UnknownFormatError(
            f"acceleration as devices before 2014 kept it ({OLD})", str(archive.path), f"a file with {LOG}",
            "export it as raw CSV with the maker's software",
        )  # fmt: skip
    missing = " and ".join(sorted({INFO, LOG} - names))
    raise DamagedFileError(
        f"no {missing} in it", str(archive.path), f"{INFO} and {LOG}", "download it from the device again"
    )


def _chunks(path: Path, log: Log, damage: tuple[Damage, ...]) -> Iterator[Chunk]:
    records, blocks = log.records, log.blocks
    archive = open_archive(path)
    windows = Windows(archive.blocks(member_named(archive, LOG), BLOCK_BYTES))
    stop, run_before, done = 0, -1, 0
    while stop < records.place.size and (window := windows.after(done)) is not None:
        # A record that begins in this window and ends in the next is left for that one.
        start, stop = stop, _whole_until(records, window.base + window.size)
        done = int(records.place[stop]) - window.base if stop < records.place.size else window.size
        done = min(done, window.size)
        part = slice(start, stop)
        held = records.count[part].astype(np.int64) - blocks.first[part]
        if not held.any():
            continue
        ends = np.cumsum(held)
        accel_g = np.empty((int(ends[-1]), 3), dtype=np.float32)
        time_ns = np.empty(len(accel_g), dtype=np.int64)
        bad = _kernels.decode(
            window.data, window.size, records.place[part] - window.base, records.layout[part], records.second[part],
            blocks.first[part], records.count[part], blocks.start_ns[part] - log.offset_ns, blocks.step_ns[part],
            log.per_g, accel_g, time_ns,
        )  # fmt: skip
        if bad >= 0:
            raise _changed(path, start + bad)
        run = blocks.run[part][held > 0]
        new = np.flatnonzero(np.diff(run, prepend=run_before))
        run_before = int(run[-1])
        yield Chunk(accel_g, time_ns, tuple((ends - held)[held > 0][new].tolist()), damage)
        damage = ()
    if stop < records.place.size:
        raise _changed(path, stop)


def _whole_until(records: Records, end: int) -> int:
    """Return how many records end before byte ``end`` of the log."""
    stop = int(np.searchsorted(records.place, end))
    if stop:
        bits = 36 if records.layout[stop - 1] == 0 else 48
        stop -= int(records.place[stop - 1]) + 9 + (int(records.count[stop - 1]) * bits + 7) // 8 > end
    return stop


def _changed(path: Path, record: int) -> DamagedFileError:
    return DamagedFileError(
        f"record {record} of {LOG} isn't what it was a moment ago", str(path), "a file that nobody writes to",
        "read it once it is copied",
    )  # fmt: skip
