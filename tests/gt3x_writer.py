"""Writes ActiGraph files (.gt3x) record by record, as whole or as strange as a test wants them."""

import io
import struct
import zipfile
from datetime import UTC, datetime
from functools import reduce
from operator import xor

import numpy as np

PACKED, WORDS, EVENT, PARAMETERS = 0, 26, 2, 21
START = datetime(2026, 6, 15, 8, tzinfo=UTC)
START_S = int(START.timestamp())
_EPOCH_TICKS = 621_355_968_000_000_000  # of 100 ns from the year 1 to 1970

INFO = {
    "Serial Number": "MOS2E39180594",
    "Device Type": "wGT3XBT",
    "Firmware": "1.9.2",
    "Battery Voltage": "4,03",
    "Sample Rate": "30",
    "Start Date": str(_EPOCH_TICKS + START_S * 10_000_000),
    "Stop Date": "0",
    "TimeZone": "02:00:00",
    "Acceleration Scale": "256.0",
    "Acceleration Min": "-8.0",
    "Acceleration Max": "8.0",
    "Limb": "Wrist",
    "Side": "Left",
    "Subject Name": "Planted Name",
}


def record(kind: int, second: int, payload: bytes, *, bad: bool = False) -> bytes:
    """One record, with the checksum that belongs to it or another."""
    body = struct.pack("<BBIH", 0x1E, kind, second, len(payload)) + payload
    checksum = reduce(xor, body) ^ 0xFF
    return body + bytes([checksum ^ bad])


def packed(raw: np.ndarray) -> bytes:
    """Samples (n, 3) of 12 bits as a record holds them: y, x, z, the high bits first."""
    bits = "".join(f"{value & 0xFFF:012b}" for x, y, z in raw.tolist() for value in (y, x, z))
    bits += "0" * (-len(bits) % 8)
    return int(bits, 2).to_bytes(len(bits) // 8, "big") if bits else b""


def words(raw: np.ndarray) -> bytes:
    """Samples (n, 3) of 16 bits as a record holds them: x, y, z, the low byte first."""
    return raw.astype("<i2").tobytes()


def seconds(accel_g: np.ndarray, *, kind: int = PACKED, rate: int = 30, first_s: int = START_S) -> list[bytes]:
    """A record for each whole second of samples in g."""
    raw = np.clip(np.rint(accel_g * 256), -2048, 2047).astype(int)
    pack = {PACKED: packed, WORDS: words}[kind]
    return [record(kind, first_s + k, pack(raw[k * rate : (k + 1) * rate])) for k in range(len(raw) // rate)]


def info_text(**changes: str | None) -> bytes:
    """info.txt, with lines changed or left out; names with underscores for spaces."""
    said = INFO | {name.replace("_", " "): value for name, value in changes.items()}
    return "".join(f"{name}: {value}\r\n" for name, value in said.items() if value is not None).encode()


def content(log: bytes, info: bytes | None = None, *, deflate: bool = True, **more: bytes) -> bytes:
    """The bytes of a file with this log."""
    out = io.BytesIO()
    how = zipfile.ZIP_DEFLATED if deflate else zipfile.ZIP_STORED
    with zipfile.ZipFile(out, "w", how) as archive:
        archive.writestr("log.bin", log)
        archive.writestr("info.txt", info_text() if info is None else info)
        for name, member in more.items():
            archive.writestr(name, member)
    return out.getvalue()
