"""Which records of a log hold samples, and what they say besides: read once, in little memory."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from device.errors import ContainerError, DamagedFileError
from device.readers.actigraph import _kernels
from device.recording import Damage

#: Bytes that are unpacked at once: of 4.5 a sample that makes less than one chunk.
BLOCK_BYTES: Final = 1 << 20
#: The longest record there can be: its head, payload and checksum.
RECORD_BYTES: Final = 8 + 0xFFFF + 1
#: A record is a second: more than a year of them.
MOST_RECORDS: Final = 1 << 25
#: The shortest one that holds a sample, with its head and checksum.
_LEAST_BYTES: Final = 14


@dataclass(frozen=True, slots=True, eq=False)
class Records:
    """The records with samples, in the order of the log; one value each."""

    place: NDArray[np.int64]  #: byte of the log
    second: NDArray[np.uint32]  #: since 1970, on the device's wall clock
    count: NDArray[np.uint16]  #: samples
    layout: NDArray[np.uint8]  #: the kind of record


@dataclass(frozen=True, slots=True, eq=False)
class Window:
    """Some bytes of a log, with what was left of those before; good until the next is asked for."""

    data: NDArray[np.uint8]
    size: int  #: bytes that are filled
    base: int  #: where they begin in the log


class Windows:
    """A log in windows that overlap by what wasn't done with; each is asked for with how much of the last one was."""

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self._blocks = blocks
        self._data = np.empty(BLOCK_BYTES + RECORD_BYTES, dtype=np.uint8)
        self._window = Window(self._data, 0, 0)

    def after(self, done: int) -> Window | None:
        """Return the next window, from ``done`` bytes after the start of the last one on; None at the end."""
        block = next(self._blocks, None)
        if block is None:
            return None
        last = self._window
        kept = last.size - done
        self._data[:kept] = self._data[done : last.size].copy()
        self._data[kept : kept + len(block)] = np.frombuffer(block, np.uint8)
        self._window = Window(self._data, kept + len(block), last.base + done)
        return self._window

    @property
    def last(self) -> Window:
        """The one that was returned last, or an empty one."""
        return self._window


def index_records(blocks: Iterator[bytes], where: str) -> tuple[Records, int, tuple[Damage, ...]]:
    """Return the records with samples of a log, its parameter for the scale (0: none), and what was wrong.

    ``blocks`` are its bytes, `BLOCK_BYTES` at most at once. `DamagedFileError` where no record has a sample.
    """
    parts: list[Records] = []
    tally = np.zeros(_kernels.LOST + 1, dtype=np.int64)
    prefix = np.empty(BLOCK_BYTES + RECORD_BYTES + 1, dtype=np.uint8)
    windows, done, broken, total = Windows(blocks), 0, "", 0
    while True:
        try:
            window = windows.after(done)
        except ContainerError as error:
            window, broken = None, error.what
        final = window is None
        window = window or Window(windows.last.data[done:], windows.last.size - done, windows.last.base + done)
        done, part = _scanned(window, final, prefix, tally)
        parts.append(part)
        total += part.place.size
        if total > MOST_RECORDS:
            raise DamagedFileError(f"more than {MOST_RECORDS:,} records", where, "a record a second")
        if final:
            break
    records = Records(*(np.concatenate([getattr(part, name) for part in parts]) for name in Records.__slots__))
    damage = _damage(tally, broken, windows.last.base + windows.last.size)
    if not records.place.size:
        seen = "; ".join(f"{row.count} × {row.what}" for row in damage)
        raise DamagedFileError(
            f"no record of its log holds a sample{': ' if seen else ''}{seen}", where, "raw acceleration",
            "download it from the device again",
        )  # fmt: skip
    return records, int(tally[_kernels.SCALE]), damage


def _scanned(window: Window, final: bool, prefix: NDArray[np.uint8], tally: NDArray[np.int64]) -> tuple[int, Records]:
    room = window.size // _LEAST_BYTES + 1
    found = Records(
        np.empty(room, np.int64), np.empty(room, np.uint32), np.empty(room, np.uint16), np.empty(room, np.uint8)
    )
    done, count = _kernels.scan(
        window.data, window.size, final, window.base, prefix, tally,
        found.place, found.second, found.count, found.layout,
    )  # fmt: skip
    return done, Records(*(getattr(found, name)[:count].copy() for name in Records.__slots__))


def _damage(tally: NDArray[np.int64], broken: str, size: int) -> tuple[Damage, ...]:
    def byte(at: int) -> str:
        return f"byte {int(tally[at]):,} of the log"

    rows = [
        Damage("record with a bad checksum", int(tally[_kernels.BAD]), "left out", byte(_kernels.BAD_AT)),
        Damage(
            "byte of the log that is no record", int(tally[_kernels.SKIPPED]), "left out", byte(_kernels.SKIPPED_AT)
        ),
        Damage("record that holds part of a sample", int(tally[_kernels.ODD]), "left out", byte(_kernels.ODD_AT)),
        Damage("log that can't be unpacked to its end", int(bool(broken)), "read up to there", f"byte {size:,}"),
    ]
    return tuple(row for row in rows if row.count)
