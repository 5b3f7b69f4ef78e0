"""Write data/wire/openband.jsonl: frames of the open band profile, as fields and as bytes.

The bytes are packed here by hand, not by the program's encoders, so that the file holds the layout fast.
Run: python tests/golden/write_wire_frames.py
"""

import binascii
import json
import struct
from pathlib import Path
from typing import Any

TARGET = Path(__file__).parents[2] / "data" / "wire" / "openband.jsonl"
SAMPLES = [[0, -16384, 32767], [-32768, 1, -1], [4096, 0, 2048]]


def samples_bytes(samples: list[list[int]]) -> bytes:
    return b"".join(struct.pack("<3h", *sample) for sample in samples)


def notification(seq: int, ticks: int, rate: int, range_g: int, flags: int, boot: int, n: int) -> dict[str, Any]:
    samples = (SAMPLES * n)[:n]
    head = struct.pack("<BBHIHBBH", 1, n, seq, ticks, rate, range_g, flags, boot)
    fields = {"seq": seq, "ticks": ticks, "rate_hz": rate / 64, "range_g": range_g, "flags": flags, "boot": boot}
    return {"kind": "notification", **fields, "samples": samples, "hex": (head + samples_bytes(samples)).hex()}


def block(
    log_id: int, index: int, ticks: int, rate: int, range_g: int, flags: int, boot: int, n: int
) -> dict[str, Any]:
    samples = (SAMPLES * n)[:n]
    head = b"SB" + struct.pack("<BBIIQHBBHH", 1, n, log_id, index, ticks, rate, range_g, flags, boot, 0)
    body = head + samples_bytes(samples)
    fields = {"log_id": log_id, "index": index, "ticks": ticks, "rate_hz": rate / 64, "range_g": range_g}
    whole = body + struct.pack("<I", binascii.crc32(body))
    return {"kind": "block", **fields, "flags": flags, "boot": boot, "samples": samples, "hex": whole.hex()}


ROWS = [
    notification(0, 0, 1600, 8, 0, 1, 1),
    notification(65535, 2**32 - 1, 800, 2, 0x0F, 65535, 3),
    notification(513, 32768, 6400, 16, 1, 7, 38),
    block(1, 0, 0, 1600, 8, 0, 1, 1),
    block(2**32 - 1, 70000, 2**40 + 5, 3200, 4, 8, 3, 80),
    {"kind": "request", "token": 1, "repr": "GetClock()", "hex": "0101"},
    {"kind": "request", "token": 2, "repr": "ListLogs(position=3)", "hex": "020203"},
    {
        "kind": "request",
        "token": 255,
        "repr": "ReadLog(log_id=7, first_index=258, count=9000)",
        "hex": "03ff070000000201000028230000",
    },
    {"kind": "request", "token": 0, "repr": "StopRead()", "hex": "0400"},
    {"kind": "request", "token": 9, "repr": "StartStream(rate_hz=12.5, range_g=8)", "hex": "0509200308"},
    {"kind": "request", "token": 9, "repr": "StopStream()", "hex": "0609"},
    {"kind": "request", "token": 4, "repr": "EraseLog(log_id=7, before_index=16)", "hex": "07040700000010000000"},
    {"kind": "request", "token": 5, "repr": "GetConfig()", "hex": "0805"},
    {"kind": "request", "token": 6, "repr": "SetConfig(rate_hz=100.0, range_g=16)", "hex": "0906001910"},
]


def main() -> None:
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    TARGET.write_text("".join(json.dumps(row) + "\n" for row in ROWS))


if __name__ == "__main__":
    main()
