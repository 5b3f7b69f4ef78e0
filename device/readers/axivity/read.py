"""Axivity AX3 and AX6 files (.cwa): a header of 1,024 bytes, then sectors of 512, each with a checksum.

The format is described in the Open Movement project's ``Docs/ax3/ax3-technical.md``.
Times follow one rule. A sector says at which of its samples a clock reading was taken; from that and the nominal rate
comes the time of its first sample. Sectors that follow each other in number and time make a run; inside a run, times
are interpolated between first samples, and the last sector goes on at the pace of the one before it. Every other
sector starts a new run, and the time between runs is a gap. Where runs contradict each other, the longer one is right.

The file is read twice: what sectors say of themselves first, of which a band's whole memory takes 50 MB, then samples.
"""

import os
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from device.errors import DamagedFileError, EmptyFileError
from device.readers.axivity import _kernels
from device.readers.axivity.header import HEADER_BYTES, read_header
from device.readers.axivity.sectors import SAMPLE_BYTES, index_sectors, pages
from device.readers.clock import wall_offset_ns
from device.readers.runs import Timed, timed
from device.recording import Chunk, Damage, Stream


def open_cwa(path: Path, zone: str) -> Iterator[tuple[str, Stream]]:
    """Yield the one recording of an Axivity file, without name; the device's clock is read in ``zone``.

    Errors: `EmptyFileError`, `DamagedFileError`. Sectors with a bad checksum are left out and counted.
    """
    yield "", _stream(path, zone)


def _stream(path: Path, zone: str) -> Stream:
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        if not size:
            raise EmptyFileError("the file is empty", str(path), "an Axivity recording", "copy it from the band again")
        sectors, damage = index_sectors(file, size, str(path))
        file.seek(0)
        band, header_damage = read_header(file.read(HEADER_BYTES), sectors.range_g, float(sectors.rate_hz[0]))
    blocks = timed(
        sectors.start_ns, sectors.count, sectors.rate_hz, sectors.number, sectors.session,
        known_as=("sector", sectors.place),
    )  # fmt: skip
    offset_ns = wall_offset_ns(blocks.first_ns, zone)
    said = header_damage + damage + blocks.damage
    return Stream(partial(_chunks, path, sectors.place, blocks, offset_ns, said), band, zone)


def _chunks(
    path: Path, place: NDArray[np.int32], blocks: Timed, offset_ns: int, damage: tuple[Damage, ...]
) -> Iterator[Chunk]:
    stop, run_before = 0, -1
    with path.open("rb") as file:
        for page in pages(file):
            after = np.int32(page.first + len(page.words))  # of the type of places, or all of them would be converted
            start, stop = stop, int(np.searchsorted(place, after))
            part = slice(start, stop)
            held = blocks.count[part] - blocks.first[part]
            if not held.any():
                continue
            ends = np.cumsum(held)
            accel_g = np.empty((int(ends[-1]), 3), dtype=np.float32)
            time_ns = np.empty(len(accel_g), dtype=np.int64)
            bad = _kernels.decode(
                page.words, page.packed, place[part] - page.first, blocks.first[part], blocks.count[part],
                blocks.start_ns[part] - offset_ns, blocks.step_ns[part], SAMPLE_BYTES, accel_g, time_ns,
            )  # fmt: skip
            if bad >= 0:
                raise _changed(path, int(place[start + bad]))
            run = blocks.run[part][held > 0]
            new = np.flatnonzero(np.diff(run, prepend=run_before))
            run_before = int(run[-1])
            yield Chunk(accel_g, time_ns, tuple((ends - held)[held > 0][new].tolist()), damage)
            damage = ()
    if stop < place.size:
        raise _changed(path, int(place[stop]))


def _changed(path: Path, sector: int) -> DamagedFileError:
    return DamagedFileError(
        f"sector {sector} isn't what it was a moment ago", str(path), "a file that nobody writes to",
        "read it once it is copied",
    )  # fmt: skip
