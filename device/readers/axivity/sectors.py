"""Which sectors of an Axivity file can be used, and what they say besides samples: read once, in little memory."""

from collections.abc import Iterator
from dataclasses import dataclass
from io import BufferedIOBase
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from device.errors import DamagedFileError
from device.readers.axivity import _kernels
from device.readers.axivity.header import HEADER_BYTES
from device.readers.runs import MOST_NAMED, named
from device.recording import Damage

SECTOR_BYTES: Final = 512
#: Sectors that are read at once: 1 MB, which stays in the processor's cache; 2,048 of 120 samples are one chunk.
SECTORS_AT_ONCE: Final = 2048
#: Sixteen times what the largest band holds; a longer file is something else.
MOST_SECTORS: Final = 1 << 25
#: Rules in the order in which they are asked; the first that a sector breaks is counted.
FAULTS: Final = (
    "sector never written",
    "sector without its mark",
    "sector with a bad checksum",
    "sector of an unknown layout",
    "sector without samples",
    "sector that counts more samples than it holds",
    "sector without a date",
)
#: Bytes of one sample by layout: number of axes in the high nibble, coding in the low one.
SAMPLE_BYTES: Final = np.zeros(256, dtype=np.int64)
SAMPLE_BYTES[[0x30, 0x32, 0x62, 0x92]] = 4, 6, 12, 18
#: Nominal rates by the low half of their code; the high half says the range.
RATES_HZ: Final = 3200.0 / (1 << np.arange(15, -1, -1))


def _first_days() -> NDArray[np.int64]:
    years, months = np.divmod(np.arange(64 * 16), 16)
    first = ((years + 30) * 12 + months - 1).astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
    return np.where((months >= 1) & (months <= 12), first, -1)


#: Days from 1970 to the first of a month, by year since 2000 and month as a time stamp packs them; -1 is no month.
FIRST_DAYS: Final = _first_days()


@dataclass(frozen=True, slots=True, eq=False)
class Sectors:
    """The sectors that can be used, in the order of the file; one value each."""

    place: NDArray[np.int32]  #: which sector of the file
    start_ns: NDArray[np.int64]  #: first sample, on the device's wall clock
    count: NDArray[np.int16]  #: samples
    rate: NDArray[np.uint8]  #: code of rate and range
    number: NDArray[np.uint32]
    session: NDArray[np.uint32]

    @classmethod
    def room_for(cls, whole: int) -> Self:
        """Return that many sectors of which nothing is known yet."""
        return cls(
            np.empty(whole, np.int32), np.empty(whole, np.int64), np.empty(whole, np.int16), np.empty(whole, np.uint8),
            np.empty(whole, np.uint32), np.empty(whole, np.uint32),
        )  # fmt: skip

    def until(self, stop: int) -> Self:
        """Return the first ones."""
        return type(self)(*(getattr(self, name)[:stop] for name in Sectors.__slots__))

    @property
    def rate_hz(self) -> NDArray[np.float32]:
        """Nominal rates: parts of 3,200 Hz by powers of two, which this type holds exactly."""
        return np.asarray(RATES_HZ.astype(np.float32)[self.rate & 15])

    @property
    def range_g(self) -> float:
        """Half of full scale of the first."""
        return float(16 >> (int(self.rate[0]) >> 6))


@dataclass(frozen=True, slots=True, eq=False)
class Page:
    """Some whole sectors that follow each other; good until the next page is asked for."""

    first: int  #: which sector of the file the first one is
    words: NDArray[np.uint16]  #: (n, 256)
    packed: NDArray[np.uint32]  #: (n, 128) the same from two bytes earlier on, where samples of 32 bits are aligned


def pages(file: BufferedIOBase) -> Iterator[Page]:
    """Yield all whole sectors of a file; a rest that is shorter than one isn't yielded."""
    file.seek(HEADER_BYTES)
    memory = np.zeros(SECTORS_AT_ONCE * SECTOR_BYTES // 4 + 1, dtype=np.uint32)
    packed = memory[:-1].reshape(SECTORS_AT_ONCE, -1)
    words = memory.view(np.uint16)[1:-1].reshape(SECTORS_AT_ONCE, -1)
    target = memory.view(np.uint8)[2:-2].data
    first = 0
    while True:
        got = file.readinto(target) // SECTOR_BYTES
        if got:
            yield Page(first, words[:got], packed[:got])
        if got < SECTORS_AT_ONCE:
            return
        first += got


def index_sectors(file: BufferedIOBase, size: int, where: str) -> tuple[Sectors, tuple[Damage, ...]]:
    """Return the sectors that can be used of a file of ``size`` bytes, and what was wrong with the others.

    `DamagedFileError` where none can be used.
    """
    whole = max(0, size - HEADER_BYTES) // SECTOR_BYTES
    if not 0 < whole <= MOST_SECTORS:
        raise DamagedFileError(
            f"{'only ' if not whole else ''}{size:,} bytes", where,
            f"a header of {HEADER_BYTES} bytes and 1 to {MOST_SECTORS:,} sectors of {SECTOR_BYTES}",
            "copy the file from the band again",
        )  # fmt: skip
    sectors, broken = _surveyed(file, whole)
    damage = [_damage(FAULTS[code - 1], count, places) for code, (count, places) in broken.items()]
    rest = (size - HEADER_BYTES) % SECTOR_BYTES
    if rest:
        damage.append(Damage("part of a sector at the end of the file", 1, "left out", f"byte {size - rest:,}"))
    if not sectors.place.size:
        seen = "; ".join(f"{d.count} × {d.what}" for d in damage)
        raise DamagedFileError(
            f"none of its {whole} sectors can be used: {seen}", where, "sectors marked AX with a right checksum",
            "copy the file from the band again",
        )  # fmt: skip
    return sectors, tuple(damage)


def _surveyed(file: BufferedIOBase, whole: int) -> tuple[Sectors, dict[int, tuple[int, list[int]]]]:
    """Return the good ones of at most ``whole`` sectors; of each fault how often it is, and where first."""
    sectors = Sectors.room_for(whole)
    fault = np.empty(SECTORS_AT_ONCE, dtype=np.uint8)
    broken: dict[int, tuple[int, list[int]]] = {}
    good = 0
    for page in pages(file):
        words = page.words[: whole - page.first]  # of a file that grows meanwhile, what it was
        before = good
        good = _kernels.survey(
            words, page.first, SAMPLE_BYTES, FIRST_DAYS, RATES_HZ, fault, before, sectors.place, sectors.start_ns,
            sectors.count, sectors.rate, sectors.number, sectors.session,
        )  # fmt: skip
        if good - before == len(words):
            continue
        for code in range(1, len(FAULTS) + 1):
            places = page.first + np.flatnonzero(fault[: len(words)] == code)
            if places.size:
                count, known = broken.get(code, (0, []))
                broken[code] = (count + places.size, known + places[: MOST_NAMED - len(known)].tolist())
    return sectors.until(good), broken


def _damage(what: str, count: int, places: list[int]) -> Damage:
    where = f"{named('sector', places, count)} (byte {HEADER_BYTES + SECTOR_BYTES * places[0]:,})"
    return Damage(what, count, "left out", where)
