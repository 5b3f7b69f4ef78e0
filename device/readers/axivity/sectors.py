"""Which sectors of an Axivity file can be used, and what they say besides samples: read once, in little memory."""

from collections.abc import Iterator
from dataclasses import dataclass
from io import BufferedIOBase
from typing import Final

import numpy as np
from numpy.typing import NDArray

from device.errors import DamagedFileError
from device.readers.axivity import _kernels
from device.readers.axivity.header import HEADER_BYTES
from device.recording import NS_PER_S, Damage

SECTOR_BYTES: Final = 512
#: Sectors that are read at once: 1 MB, which stays in the processor's cache; 2,048 of 120 samples are one chunk.
SECTORS_AT_ONCE: Final = 2048
DATA_BYTES: Final = 480

SECTOR: Final = np.dtype(
    [
        ("magic", "S2"),
        ("length", "<u2"),
        ("fraction", "<u2"),
        ("session", "<u4"),
        ("number", "<u4"),
        ("stamp", "<u4"),
        ("scale", "<u2"),
        ("temperature", "<u2"),
        ("events", "u1"),
        ("battery", "u1"),
        ("rate", "u1"),
        ("layout", "u1"),
        ("stamp_at", "<i2"),
        ("count", "<u2"),
        ("data", "u1", (DATA_BYTES,)),
        ("checksum", "<u2"),
    ]
)
#: Bytes of one sample by ``layout``: number of axes in the high nibble, coding in the low one.
SAMPLE_BYTES: Final = {0x30: 4, 0x32: 6, 0x62: 12, 0x92: 18}
#: Damaged sectors that are named one by one.
_MOST_NAMED: Final = 12
#: Year since 2000, month, day, hour, minute, second: lowest bit and width in a packed time stamp.
_STAMP_FIELDS: Final = ((26, 6), (22, 4), (17, 5), (12, 5), (6, 6), (0, 6))


@dataclass(frozen=True, slots=True, eq=False)
class Sectors:
    """The sectors that can be used, in the order of the file; one value each."""

    place: NDArray[np.int32]  #: which sector of the file
    start_ns: NDArray[np.int64]  #: first sample, on the device's wall clock
    count: NDArray[np.int16]  #: samples
    rate: NDArray[np.uint8]  #: code of rate and range
    number: NDArray[np.uint32]
    session: NDArray[np.uint32]

    @property
    def rate_hz(self) -> NDArray[np.float64]:
        """Nominal rates."""
        return rate_hz_of(self.rate)


def pages(file: BufferedIOBase) -> Iterator[tuple[int, NDArray[np.uint8]]]:
    """Yield the number of the first sector and (n, 512) bytes of some whole sectors; good until the next are asked for.

    A rest that is shorter than a sector isn't yielded.
    """
    file.seek(HEADER_BYTES)
    buffer = np.empty((SECTORS_AT_ONCE, SECTOR_BYTES), dtype=np.uint8)
    first = 0
    while True:
        got = file.readinto(buffer.data.cast("B")) // SECTOR_BYTES
        if got:
            yield first, buffer[:got]
        if got < SECTORS_AT_ONCE:
            return
        first += got


def index_sectors(file: BufferedIOBase, size: int, where: str) -> tuple[Sectors, tuple[Damage, ...]]:
    """Return the sectors that can be used of a file of ``size`` bytes, and what was wrong with the others.

    `DamagedFileError` where none can be used.
    """
    whole = max(0, size - HEADER_BYTES) // SECTOR_BYTES
    if whole == 0:
        raise DamagedFileError(
            f"only {size} bytes", where, f"a header of {HEADER_BYTES} bytes and sectors of {SECTOR_BYTES}",
            "copy the file from the band again",
        )  # fmt: skip
    parts: list[Sectors] = []
    broken: dict[str, list[NDArray[np.int64]]] = {}
    for first, page in pages(file):
        good, faults = _judged(page)
        for what, rows in faults:
            broken.setdefault(what, []).append(first + rows)
        parts.append(_facts(page[good].view(SECTOR).reshape(-1), (first + np.flatnonzero(good)).astype(np.int32)))
    damage = [_damage(what, np.concatenate(places)) for what, places in broken.items()]
    rest = (size - HEADER_BYTES) % SECTOR_BYTES
    if rest:
        damage.append(Damage("part of a sector at the end of the file", 1, "left out", f"byte {size - rest:,}"))
    sectors = Sectors(*(np.concatenate([getattr(part, name) for part in parts]) for name in Sectors.__slots__))
    if not sectors.place.size:
        seen = "; ".join(f"{d.count} × {d.what}" for d in damage)
        raise DamagedFileError(
            f"none of its {whole} sectors can be used: {seen}", where, "sectors marked AX with a right checksum",
            "copy the file from the band again",
        )  # fmt: skip
    return sectors, tuple(damage)


def _judged(page: NDArray[np.uint8]) -> tuple[NDArray[np.bool_], list[tuple[str, NDArray[np.int64]]]]:
    """Return which sectors can be used, and the rows of the others by the first rule that they break."""
    sectors = page.view(SECTOR).reshape(-1)
    sums = np.empty(len(page), dtype=np.uint32)
    _kernels.word_sums(page.view("<u2"), sums)
    marked = (sectors["magic"] == b"AX") & (sectors["length"] == SECTOR_BYTES - 4)
    blank = np.zeros(len(page), dtype=bool)
    unmarked = np.flatnonzero(~marked)
    blank[unmarked] = (page[unmarked] == page[unmarked, :1]).all(axis=1) & np.isin(page[unmarked, 0], (0x00, 0xFF))
    sample_bytes = _SAMPLE_BYTES[sectors["layout"]]
    count = sectors["count"].astype(np.int64)
    rules = (
        ("sector never written", blank),
        ("sector without its mark", ~marked),
        ("sector with a bad checksum", sums != 0),
        ("sector of an unknown layout", sample_bytes == 0),
        ("sector without samples", count == 0),
        ("sector that counts more samples than it holds", count * sample_bytes > DATA_BYTES),
        ("sector without a date", ~_is_date(sectors["stamp"])),
    )
    good = np.ones(len(page), dtype=bool)
    faults = []
    for what, breaks in rules:
        here = breaks & good
        if here.any():
            faults.append((what, np.flatnonzero(here)))
            good &= ~here
    return good, faults


def _damage(what: str, places: NDArray[np.int64]) -> Damage:
    named = ", ".join(str(place) for place in places[:_MOST_NAMED].tolist())
    more = ", ..." if places.size > _MOST_NAMED else ""
    first_at = f"sector {named}{more} (byte {HEADER_BYTES + SECTOR_BYTES * int(places[0]):,})"
    return Damage(what, int(places.size), "left out", first_at)


def _facts(sectors: NDArray[np.void], place: NDArray[np.int32]) -> Sectors:
    start_ns = _first_sample_times(sectors)
    return Sectors(
        place, start_ns, sectors["count"].astype(np.int16), sectors["rate"].copy(), sectors["number"].copy(),
        sectors["session"].copy(),
    )  # fmt: skip


_SAMPLE_BYTES: Final = np.zeros(256, dtype=np.int64)
for _layout, _size in SAMPLE_BYTES.items():
    _SAMPLE_BYTES[_layout] = _size


def _is_date(stamp: NDArray[np.uint32]) -> NDArray[np.bool_]:
    month, day, hour, minute, second = (_field(stamp, at, bits) for at, bits in _STAMP_FIELDS[1:])
    in_range = (month >= 1) & (month <= 12) & (hour < 24) & (minute < 60) & (second < 60)
    return np.asarray(in_range & (day >= 1) & (day <= 31))


def _field(stamp: NDArray[np.uint32], at: int, bits: int) -> NDArray[np.int64]:
    return (stamp.astype(np.int64) >> at) & ((1 << bits) - 1)


def _stamp_ns(stamp: NDArray[np.uint32]) -> NDArray[np.int64]:
    """Return packed wall-clock time stamps as nanoseconds since 1970 of that wall clock."""
    year, month, day, hour, minute, second = (_field(stamp, at, bits) for at, bits in _STAMP_FIELDS)
    months = ((year + 30) * 12 + month - 1).astype("datetime64[M]")
    days = months.astype("datetime64[D]").astype(np.int64) + day - 1
    return np.asarray((((days * 24 + hour) * 60 + minute) * 60 + second) * NS_PER_S)


def rate_hz_of(code: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Return the nominal rates of rate codes."""
    return 3200.0 / (1 << (15 - (code.astype(np.int64) & 15)))


def _first_sample_times(sectors: NDArray[np.void]) -> NDArray[np.int64]:
    """Return each sector's time of its first sample (ns, device wall clock).

    Newer firmware adds a fraction of a second (in 1/32,768) and has moved ``stamp_at`` back by the samples of that
    fraction, so that older readers, which know only whole seconds, stay right to a sample.
    """
    rate_hz = rate_hz_of(sectors["rate"])
    has_fraction = (sectors["fraction"] & 0x8000) != 0
    fraction = np.where(has_fraction, sectors["fraction"] & 0x7FFF, 0) / 32768.0
    stamp_at = sectors["stamp_at"] + np.floor(fraction * rate_hz)
    before_ns = np.round((stamp_at / rate_hz - fraction) * NS_PER_S).astype(np.int64)
    return _stamp_ns(sectors["stamp"]) - before_ns
