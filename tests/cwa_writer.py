"""Axivity files as the format describes them, for tests and benches: whole, of any length, in one go."""

import math
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

SECTOR = np.dtype(
    [
        ("magic", "S2"), ("length", "<u2"), ("fraction", "<u2"), ("session", "<u4"), ("number", "<u4"),
        ("stamp", "<u4"), ("scale", "<u2"), ("temperature", "<u2"), ("events", "u1"), ("battery", "u1"),
        ("rate", "u1"), ("layout", "u1"), ("stamp_at", "<i2"), ("count", "<u2"), ("data", "u1", (480,)),
        ("checksum", "<u2"),
    ]
)  # fmt: skip
START = datetime(2026, 6, 15, 8, tzinfo=UTC)
PACKED, WORDS, GYROSCOPE = 0x30, 0x32, 0x62
HELD = {PACKED: 120, WORDS: 80, GYROSCOPE: 40}
_AT_ONCE = 20_000


def header(placement: str = "left wrist", serial: int = 4711) -> bytes:
    """Return the 1,024 bytes of a header."""
    head = b"MD" + (1020).to_bytes(2, "little") + bytes([0x17]) + serial.to_bytes(2, "little")
    text = b"_p=" + placement.replace(" ", "+").encode()
    return (head.ljust(64, b"\0") + text).ljust(1024, b"\xff")


def rate_code(nominal_hz: float, range_g: int = 8) -> int:
    """Return the code of a rate (3,200 Hz by a power of two) and a range (16 g by one)."""
    return 15 - round(math.log2(3200 / nominal_hz)) | round(math.log2(16 / range_g)) << 6


def sectors(
    accel_g: np.ndarray,
    *,
    rate_code: int = 0x4A,
    layout: int = PACKED,
    first: int = 0,
    rate_hz: float = 100.0,
    start: datetime = START,
) -> np.ndarray:
    """Return the sectors of (n, 3) samples in g, of which a rest that fills no sector is dropped.

    ``first`` is the number of the first; the clock reading of each is at its first sample, to 1/32,768 s. ``rate_hz``
    is what the samples came at, ``rate_code`` what the band was told. A gyroscope stands still.
    """
    held = HELD[layout]
    count = len(accel_g) // held
    out = np.zeros(count, dtype=SECTOR)
    out["magic"], out["length"], out["session"] = b"AX", 508, 1
    out["number"] = first + np.arange(count)
    out["rate"], out["layout"], out["count"], out["scale"] = rate_code, layout, held, 3 << 13
    seconds = (first + np.arange(count)) * held / rate_hz
    whole = np.floor(seconds).astype(np.int64)
    fraction = ((seconds - whole) * 32768).astype(np.int64)
    out["fraction"] = 0x8000 | fraction
    out["stamp_at"] = -np.floor(fraction / 32768 * rate_hz).astype(np.int64)
    out["stamp"] = stamps(start, whole)
    samples = accel_g[: count * held].reshape(count, held, 3)
    if layout == PACKED:
        raw = np.clip(np.rint(samples * 256), -2048, 2047).astype(np.int32)
        big = np.abs(raw).max(axis=2)
        exponent = (big >= 512).astype(np.int32) + (big >= 1024)
        mantissa = (raw >> exponent[:, :, None]) & 0x3FF
        word = mantissa[:, :, 0] | mantissa[:, :, 1] << 10 | mantissa[:, :, 2] << 20 | exponent << 30
        out["data"] = word.astype("<u4").view("u1").reshape(count, 480)
    else:
        raw = np.clip(np.rint(samples * 2048), -32768, 32767).astype("<i2")
        axes = layout >> 4
        out["data"] = (
            np.concatenate([np.zeros((*raw.shape[:2], axes - 3), "<i2"), raw], axis=2).reshape(count, -1).view("u1")
        )
    return with_checksums(out)


def with_checksums(out: np.ndarray) -> np.ndarray:
    """Return the sectors with their words summing to zero."""
    out["checksum"] = 0
    total = out.view("<u2").reshape(len(out), 256).sum(axis=1, dtype=np.uint64)
    out["checksum"] = ((-total.astype(np.int64)) & 0xFFFF).astype(np.uint16)
    return out


def stamps(start: datetime, seconds: np.ndarray) -> np.ndarray:
    """Return packed time stamps of whole seconds after a start."""
    unique, place = np.unique(seconds, return_inverse=True)
    stamps = []
    for second in unique.tolist():
        at = start + timedelta(seconds=second)
        stamp = (at.year - 2000) << 26 | at.month << 22 | at.day << 17 | at.hour << 12 | at.minute << 6 | at.second
        stamps.append(stamp)
    return np.array(stamps, dtype=np.uint32)[place]


def write(path: Path, pages: Iterator[np.ndarray], **facts) -> Path:
    """Write a file of pages of samples (n, 3) in g, which follow each other; only the last may leave a rest."""
    layout = facts.get("layout", PACKED)
    first = 0
    with path.open("wb") as file:
        file.write(header())
        for page in pages:
            made = sectors(page, first=first, **facts)
            file.write(made.tobytes())
            first += len(made)
            assert len(page) % HELD[layout] == 0 or len(made) * HELD[layout] > len(page) - HELD[layout]
    return path


def worn(days: float, hour_g: np.ndarray, rate_hz: float = 100.0) -> Iterator[np.ndarray]:
    """Yield pages of wear: the same hour (n, 3) again and again, from a new place each time."""
    samples = round(days * 86_400 * rate_hz)
    page = _AT_ONCE * 12
    for first in range(0, samples, page):
        place = (first + np.arange(min(page, samples - first))) % len(hour_g)
        yield hour_g[place]
