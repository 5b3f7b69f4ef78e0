"""Which pages of a GENEActiv file can be used, and what they say besides samples: read once, in little memory."""

from dataclasses import dataclass
from io import BufferedIOBase
from typing import Final

import numpy as np
from numpy.typing import NDArray

from device.errors import DamagedFileError
from device.readers.geneactiv import _kernels
from device.readers.runs import MOST_NAMED, named
from device.recording import Damage

#: Bytes that are read at once.
BLOCK_BYTES: Final = 1 << 20
#: Ten times what the largest memory holds.
MOST_PAGES: Final = 1 << 22
#: Rules in the order in which they are asked; the first that a page breaks is counted.
FAULTS: Final = (
    "page without a number, time or rate",
    "page whose samples aren't hexadecimal",
    "page without samples",
    "page that is longer or shorter than pages are",
)
#: The shortest line that ends a page, by beginning another.
_LEAST_BYTES: Final = 13


@dataclass(frozen=True, slots=True, eq=False)
class Pages:
    """The pages that can be used, in the order of the file; one value each."""

    place: NDArray[np.int64]  #: byte of the file at which its digits begin
    start_ns: NDArray[np.int64]  #: first sample, on the device's wall clock
    number: NDArray[np.uint32]
    rate_mhz: NDArray[np.int32]  #: nominal rate in thousandths of a hertz
    count: NDArray[np.int32]  #: samples
    ordinal: NDArray[np.int64]  #: which page of the file


def index_pages(file: BufferedIOBase, where: str) -> tuple[Pages, int, tuple[Damage, ...]]:
    """Return the pages that can be used, how many there are in all, and what was wrong with the others.

    `DamagedFileError` where none can be used.
    """
    parts: list[Pages] = []
    broken: list[tuple[int, list[int]]] = [(0, []) for _ in FAULTS]
    data = np.empty(BLOCK_BYTES + _kernels.LINE_MOST + 1, dtype=np.uint8)
    state = np.zeros(_kernels.OVERLONG + 1, dtype=np.int64)
    kept = base = total = 0
    while True:
        got = file.readinto(data[kept : kept + BLOCK_BYTES].data)
        size = kept + got
        done, fault, part = _surveyed(data[:size], got == 0, base, total, state)
        parts.append(part)
        for code, (count, places) in enumerate(broken, 1):
            found = np.flatnonzero(fault == code) + total
            broken[code - 1] = (count + found.size, places + found[: MOST_NAMED - len(places)].tolist())
        total += fault.size
        if total > MOST_PAGES:
            raise DamagedFileError(f"more than {MOST_PAGES:,} pages", where, "a recording")
        if got == 0:
            break
        kept = size - done
        data[:kept] = data[done:size].copy()
        base += done
    pages = Pages(*(np.concatenate([getattr(part, name) for part in parts]) for name in Pages.__slots__))
    damage = tuple(
        Damage(what, count, "left out", named("page", places, count))
        for what, (count, places) in zip(FAULTS, broken, strict=True) if count
    )  # fmt: skip
    if not pages.place.size:
        seen = "; ".join(f"{row.count} × {row.what}" for row in damage)
        raise DamagedFileError(
            f"none of its {total} pages can be used{': ' if seen else ''}{seen}", where, "pages of samples",
            "copy the file from the device again",
        )  # fmt: skip
    return pages, total, damage


def _surveyed(
    data: NDArray[np.uint8], final: bool, base: int, before: int, state: NDArray[np.int64]
) -> tuple[int, NDArray[np.uint8], Pages]:
    """Return how many bytes are done with, the fault of each page that ended in them (0: none), and the good ones."""
    room = data.size // _LEAST_BYTES + 2
    fault = np.empty(room, np.uint8)
    found = Pages(
        np.empty(room, np.int64), np.empty(room, np.int64), np.empty(room, np.uint32), np.empty(room, np.int32),
        np.empty(room, np.int32), np.empty(room, np.int64),
    )  # fmt: skip
    done, ended, good = _kernels.survey(
        data, data.size, final, base, state, fault,
        found.place, found.start_ns, found.number, found.rate_mhz, found.count,
    )  # fmt: skip
    found.ordinal[:good] = np.flatnonzero(fault[:ended] == 0) + before
    return done, fault[:ended], Pages(*(getattr(found, name)[:good].copy() for name in Pages.__slots__))
