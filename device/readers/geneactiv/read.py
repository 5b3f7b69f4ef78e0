"""GENEActiv files (.bin): lines of text, a header and then pages of 300 samples in hexadecimal digits.

The format is described in the maker's GENEActiv instructions. A sample is ``(100 raw - offset) / gain`` of the header;
light, button and temperature aren't read. Times follow one rule: a page says when its first sample was taken; pages
that follow each other in number and time make a run, inside which times are interpolated between first samples, and
the last page goes on at the pace of the one before it. Every other page starts a new run, and the time between runs is
a gap. The clock is the wall clock of the computer that set it, and is read in the zone that is asked for.

The file is read twice: what pages say of themselves first, of which a month takes 50 MB, then samples.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from io import BufferedIOBase
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from device.errors import DamagedFileError, EmptyFileError, UnknownFormatError
from device.readers.clock import set_elsewhere, wall_offset_ns
from device.readers.geneactiv import _kernels
from device.readers.geneactiv.header import MAGIC, MOST_BYTES, Header, read_header
from device.readers.geneactiv.pages import Pages, index_pages
from device.readers.runs import Timed, timed
from device.recording import Chunk, Damage, Stream

#: Pages that are read at once: 1 MB, and 77,000 samples.
PAGES_AT_ONCE: Final = 256
#: Pages with more than this between the first and the last are read one by one.
_SPAN_BYTES: Final = 4 << 20


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """What is known of a file before its samples are read."""

    header: Header
    pages: Pages
    blocks: Timed  #: on the device's wall clock
    offset_ns: int  #: what to take from that to get UTC


def open_geneactiv(path: Path, zone: str) -> Iterator[tuple[str, Stream]]:
    """Yield the one recording of a GENEActiv file, without name; the device's clock is read in ``zone``.

    Errors: `EmptyFileError`, `DamagedFileError`. Pages that break a rule are left out and counted.
    """
    yield "", _stream(path, zone)


def _stream(path: Path, zone: str) -> Stream:
    with path.open("rb") as file:
        content = file.read(MOST_BYTES)
        if not content:
            raise EmptyFileError("the file is empty", str(path), "a GENEActiv recording", "copy it from the device")
        if not content.startswith(MAGIC):
            raise UnknownFormatError(
                "a .bin that isn't from a GENEActiv", str(path), f"{MAGIC.decode()!r} at its beginning",
                "convert other formats to CSV",
            )  # fmt: skip
        header = read_header(content)
        _check_gains(header, str(path))
        file.seek(0)
        pages, total, damage = index_pages(file, str(path))
    blocks = timed(
        pages.start_ns, pages.count, (pages.rate_mhz / 1000).astype(np.float32), pages.number,
        np.zeros(pages.count.size, np.uint32), known_as=("page", pages.ordinal),
    )  # fmt: skip
    offset_ns = wall_offset_ns(blocks.first_ns, zone)
    missing = header.pages - total
    if missing > 0:
        damage = (*damage, Damage("page that the header counts", missing, "not there", "the end of the file"))
    said = (*damage, *blocks.damage, *set_elsewhere(header.offset_s, offset_ns, zone))
    return Stream(partial(_chunks, path, Found(header, pages, blocks, offset_ns), said), header.band, zone)


def _check_gains(header: Header, where: str) -> None:
    if not all(math.isfinite(value) for value in (*header.gain, *header.offset)) or 0.0 in header.gain:
        raise DamagedFileError(
            "the header doesn't say how steps become g", where, "gain and offset of x, y and z",
            "copy the file from the device again",
        )  # fmt: skip


def _chunks(path: Path, found: Found, damage: tuple[Damage, ...]) -> Iterator[Chunk]:
    pages, blocks = found.pages, found.blocks
    worth_g = found.header.worth_g()
    run_before = -1
    with path.open("rb") as file:
        for start in range(0, pages.place.size, PAGES_AT_ONCE):
            part = slice(start, start + PAGES_AT_ONCE)
            held = pages.count[part].astype(np.int64) - blocks.first[part]
            if not held.any():
                continue
            ends = np.cumsum(held)
            accel_g = np.empty((int(ends[-1]), 3), dtype=np.float32)
            time_ns = np.empty(len(accel_g), dtype=np.int64)
            bad = _kernels.decode(
                *_digits(file, pages, part), blocks.first[part], pages.count[part],
                blocks.start_ns[part] - found.offset_ns, blocks.step_ns[part], worth_g, accel_g, time_ns,
            )  # fmt: skip
            if bad >= 0:
                raise DamagedFileError(
                    f"page {pages.ordinal[start + bad]} isn't what it was a moment ago", str(path),
                    "a file that nobody writes to", "read it once it is copied",
                )  # fmt: skip
            run = blocks.run[part][held > 0]
            new = np.flatnonzero(np.diff(run, prepend=run_before))
            run_before = int(run[-1])
            yield Chunk(accel_g, time_ns, tuple((ends - held)[held > 0][new].tolist()), damage)
            damage = ()


def _digits(file: BufferedIOBase, pages: Pages, part: slice) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Return bytes of the file with the digits of some pages, and where in them those of each page begin."""
    place, size = pages.place[part], pages.count[part].astype(np.int64) * _kernels.SAMPLE_DIGITS
    if place[-1] + size[-1] - place[0] <= _SPAN_BYTES:
        file.seek(int(place[0]))
        return np.frombuffer(file.read(int(place[-1] + size[-1] - place[0])), np.uint8), place - place[0]
    content = []
    for at, length in zip(place.tolist(), size.tolist(), strict=True):
        file.seek(at)
        content.append(file.read(length).ljust(length, b" "))
    return np.frombuffer(b"".join(content), np.uint8), np.cumsum(size) - size
