"""Axivity AX3 and AX6 files (.cwa): a header of 1,024 bytes, then sectors of 512, each with a checksum.

The format is described in the Open Movement project's ``Docs/ax3/ax3-technical.md``.
Times follow one rule. A sector says at which of its samples a clock reading was taken; from that and the nominal rate
comes the time of its first sample. Sectors that follow each other in number and time make a run; inside a run, times
are interpolated between first samples, and the last sector goes on at the pace of the one before it. Every other
sector starts a new run, and the time between runs is a gap. Where runs contradict each other, the longer one is right.
"""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import parse_qsl

import numpy as np
from numpy.typing import NDArray

from device.errors import DamagedFileError, EmptyFileError
from device.readers.clock import wall_offset_ns
from device.readers.runs import BLOCKS_AT_ONCE, clear_of_contradictions, interpolated
from device.recording import NS_PER_S, BandInfo, Damage, Recording, Segment

HEADER_BYTES: Final = 1024
SECTOR_BYTES: Final = 512
HARDWARE: Final = {0x00: "AX3", 0xFF: "AX3", 0x17: "AX3", 0x64: "AX6"}
#: The annotation of the recording software that says where the band was worn.
PLACEMENT_KEY: Final = "_p"
ANNOTATION: Final = slice(64, 512)

_HEADER: Final = np.dtype(
    {
        "names": ["magic", "hardware", "serial_low", "session", "serial_high", "rate", "firmware"],
        "formats": ["S2", "u1", "<u2", "<u4", "<u2", "u1", "u1"],
        "offsets": [0, 4, 5, 7, 11, 36, 41],
        "itemsize": HEADER_BYTES,
    }
)
_SECTOR: Final = np.dtype(
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
        ("data", "u1", (480,)),
        ("checksum", "<u2"),
    ]
)
#: Bytes of one sample by ``layout``: number of axes in the high nibble, coding in the low one.
_SAMPLE_BYTES: Final = {0x30: 4, 0x32: 6, 0x62: 12, 0x92: 18}
_LSB_PER_G_PACKED: Final = 256


def read_cwa(path: Path, zone: str) -> Iterator[tuple[str, Recording]]:
    """Yield the one recording of an Axivity file, without name; the device's clock is read in ``zone``.

    Errors: `EmptyFileError`, `DamagedFileError`. Sectors with a bad checksum are left out and counted.
    """
    content = path.read_bytes()
    if not content:
        raise EmptyFileError("the file is empty", str(path), "an Axivity recording", "copy it from the band again")
    yield "", _decode(content, str(path), zone)


def _decode(content: bytes, where: str, zone: str) -> Recording:
    sectors, damage = _sectors(content, where)
    band, header_damage = _band(content, sectors)
    start_ns, rate_hz = _first_sample_times(sectors)
    counts = sectors["count"].astype(np.int64)
    run_of, time_ns = interpolated(start_ns, counts, rate_hz, sectors["number"], sectors["session"])
    accel_g = _samples(sectors)
    kept = clear_of_contradictions(time_ns, run_of)
    lost = int(kept.size - np.count_nonzero(kept))
    if lost:
        outcome = "left out; a longer stretch says otherwise"
        damage += (Damage("sample whose time goes back", lost, outcome),)
        time_ns, run_of, accel_g = time_ns[kept], run_of[kept], accel_g[kept]
    edges = [0, *(np.flatnonzero(np.diff(run_of)) + 1).tolist(), time_ns.size]
    segments = tuple(Segment(a, b) for a, b in itertools.pairwise(edges))
    time_ns -= wall_offset_ns(int(time_ns[0]), zone)
    return Recording(accel_g, time_ns, segments, band, zone, header_damage + damage)


@dataclass(frozen=True, slots=True)
class _Fault:
    """A rule that a sector can break; the first that it breaks is counted."""

    what: str
    broken: NDArray[np.bool_]


def _sectors(content: bytes, where: str) -> tuple[NDArray[np.void], tuple[Damage, ...]]:
    """Return the sectors that can be used, and what was wrong with the others."""
    whole = max(0, len(content) - HEADER_BYTES) // SECTOR_BYTES
    if whole == 0:
        raise DamagedFileError(
            f"only {len(content)} bytes", where, f"a header of {HEADER_BYTES} bytes and sectors of {SECTOR_BYTES}",
            "copy the file from the band again",
        )  # fmt: skip
    body = np.frombuffer(content, np.uint8, whole * SECTOR_BYTES, HEADER_BYTES).reshape(whole, SECTOR_BYTES)
    sectors = body.view(_SECTOR).reshape(whole)
    blank = ~np.any(body != 0xFF, axis=1) | ~np.any(body, axis=1)
    sums = body.view("<u2").sum(axis=1, dtype=np.uint64) & np.uint64(0xFFFF)
    sample_bytes = _sample_bytes(sectors)
    faults = (
        _Fault("sector never written", blank),
        _Fault("sector without its mark", (sectors["magic"] != b"AX") | (sectors["length"] != SECTOR_BYTES - 4)),
        _Fault("sector with a bad checksum", sums != 0),
        _Fault("sector of an unknown layout", sample_bytes == 0),
        _Fault("sector without samples", sectors["count"] == 0),
        _Fault("sector that counts more samples than it holds", sectors["count"] * sample_bytes > 480),
        _Fault("sector without a date", ~_is_date(sectors["stamp"])),
    )
    good = np.ones(whole, dtype=bool)
    damage = []
    for fault in faults:
        broken = fault.broken & good
        if np.any(broken):
            first_at = f"byte {HEADER_BYTES + SECTOR_BYTES * int(np.argmax(broken)):,}"
            damage.append(Damage(fault.what, int(np.count_nonzero(broken)), "left out", first_at))
        good &= ~fault.broken
    rest = (len(content) - HEADER_BYTES) % SECTOR_BYTES
    if rest:
        at = f"byte {len(content) - rest:,}"
        damage.append(Damage("part of a sector at the end of the file", 1, "left out", at))
    if not np.any(good):
        seen = "; ".join(f"{d.count} × {d.what}" for d in damage)
        raise DamagedFileError(
            f"none of its {whole} sectors can be used: {seen}", where, "sectors marked AX with a right checksum",
            "copy the file from the band again",
        )  # fmt: skip
    return sectors[good], tuple(damage)


def _sample_bytes(sectors: NDArray[np.void]) -> NDArray[np.int64]:
    by_layout = np.zeros(256, dtype=np.int64)
    for layout, size in _SAMPLE_BYTES.items():
        by_layout[layout] = size
    return np.asarray(by_layout[sectors["layout"]])


def _is_date(stamp: NDArray[np.uint32]) -> NDArray[np.bool_]:
    month, day, hour, minute, second = (_field(stamp, at, bits) for at, bits in _STAMP_FIELDS[1:])
    in_range = (month >= 1) & (month <= 12) & (hour < 24) & (minute < 60) & (second < 60)
    return np.asarray(in_range & (day >= 1) & (day <= 31))


#: Year since 2000, month, day, hour, minute, second: lowest bit and width in a packed time stamp.
_STAMP_FIELDS: Final = ((26, 6), (22, 4), (17, 5), (12, 5), (6, 6), (0, 6))


def _field(stamp: NDArray[np.uint32], at: int, bits: int) -> NDArray[np.int64]:
    return (stamp.astype(np.int64) >> at) & ((1 << bits) - 1)


def _stamp_ns(stamp: NDArray[np.uint32]) -> NDArray[np.int64]:
    """Return packed wall-clock time stamps as nanoseconds since 1970 of that wall clock."""
    year, month, day, hour, minute, second = (_field(stamp, at, bits) for at, bits in _STAMP_FIELDS)
    months = ((year + 30) * 12 + month - 1).astype("datetime64[M]")
    days = months.astype("datetime64[D]").astype(np.int64) + day - 1
    return np.asarray((((days * 24 + hour) * 60 + minute) * 60 + second) * NS_PER_S)


def _rate_hz(code: NDArray[np.uint8]) -> NDArray[np.float64]:
    return 3200.0 / (1 << (15 - (code.astype(np.int64) & 15)))


def _first_sample_times(sectors: NDArray[np.void]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return each sector's time of its first sample (ns, device wall clock) and nominal rate (Hz).

    Newer firmware adds a fraction of a second (in 1/32,768) and has moved ``stamp_at`` back by the samples of that
    fraction, so that older readers, which know only whole seconds, stay right to a sample.
    """
    rate_hz = _rate_hz(sectors["rate"])
    has_fraction = (sectors["fraction"] & 0x8000) != 0
    fraction = np.where(has_fraction, sectors["fraction"] & 0x7FFF, 0) / 32768.0
    stamp_at = sectors["stamp_at"] + np.floor(fraction * rate_hz)
    before_ns = np.round((stamp_at / rate_hz - fraction) * NS_PER_S).astype(np.int64)
    return _stamp_ns(sectors["stamp"]) - before_ns, rate_hz


def _samples(sectors: NDArray[np.void]) -> NDArray[np.float32]:
    """Return the acceleration of all sectors in order, (n, 3) in g."""
    counts = sectors["count"].astype(np.int64)
    first = np.cumsum(counts) - counts
    accel_g = np.empty((int(counts.sum()), 3), dtype=np.float32)
    for layout, size in _SAMPLE_BYTES.items():
        rows_of_layout = np.flatnonzero(sectors["layout"] == layout)
        for at in range(0, rows_of_layout.size, BLOCKS_AT_ONCE):
            rows = rows_of_layout[at : at + BLOCKS_AT_ONCE]
            held = 480 // size
            values = _packed(sectors["data"][rows]) if layout & 15 == 0 else _words(sectors[rows], layout >> 4)
            real = np.arange(held) < counts[rows][:, None]
            place = first[rows][:, None] + np.arange(held)
            accel_g[place[real]] = values[real]
    return accel_g


def _packed(data: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return (sectors, 120, 3) in g from 32-bit words: three signed 10-bit values and a common 2-bit exponent."""
    words = np.ascontiguousarray(data).view("<u4")
    exponent = (words >> np.uint32(30)).astype(np.int32)
    axes = [((words >> np.uint32(10 * axis)) & np.uint32(0x3FF)).astype(np.int32) for axis in range(3)]
    signed = np.stack([np.where(axis > 511, axis - 1024, axis) << exponent for axis in axes], axis=-1)
    return signed.astype(np.float32) / np.float32(_LSB_PER_G_PACKED)


def _words(sectors: NDArray[np.void], axes: int) -> NDArray[np.float32]:
    """Return (sectors, samples, 3) in g from 16-bit words; with six axes or more the gyroscope's three come first."""
    held = 480 // (2 * axes)
    words = np.ascontiguousarray(sectors["data"]).view("<i2")[:, : held * axes].reshape(-1, held, axes)
    first = 3 if axes >= 6 else 0
    lsb_per_g = (1 << (8 + (sectors["scale"].astype(np.int64) >> 13))).astype(np.float32)
    return words[:, :, first : first + 3].astype(np.float32) / lsb_per_g[:, None, None]


def _band(content: bytes, sectors: NDArray[np.void]) -> tuple[BandInfo, tuple[Damage, ...]]:
    """Return what header and sectors say of the band; a damaged header costs its facts, not the recording."""
    code = sectors["rate"][0]
    range_g = float(16 >> (int(code) >> 6))
    rate_hz = float(_rate_hz(sectors["rate"][:1])[0])
    header = np.frombuffer(content, _HEADER, 1)[0]
    if header["magic"] != b"MD":
        damage = Damage("header without its mark", 1, "left out; whose band it was is not known", "byte 0")
        return BandInfo("Axivity", range_g=range_g, nominal_rate_hz=rate_hz), (damage,)
    high = int(header["serial_high"])
    serial = int(header["serial_low"]) | (0 if high == 0xFFFF else high << 16)
    band = BandInfo(
        maker="Axivity",
        model=HARDWARE.get(int(header["hardware"]), f"hardware 0x{int(header['hardware']):02x}"),
        serial=str(serial),
        firmware=str(int(header["firmware"])),
        placement=annotations(content).get(PLACEMENT_KEY, ""),
        range_g=range_g,
        nominal_rate_hz=rate_hz,
    )
    return band, ()


def annotations(content: bytes) -> dict[str, str]:
    """Return what the recording software wrote into the header, by its keys, e.g. ``_p`` for body place."""
    text = content[ANNOTATION].split(b"\0")[0].rstrip(b"\xff ")
    printable = "".join(c for c in text.decode("latin-1") if c.isprintable())
    return dict(parse_qsl(printable, keep_blank_values=True))
