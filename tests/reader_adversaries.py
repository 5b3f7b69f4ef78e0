"""Adversaries of the readers: each knows a format, breaks what readers trust, and makes checksums right again.

An adversary takes a seeded generator and gives the bytes of one file. A new format gets a row in ADVERSARIES.
"""

import binascii
import gzip
import io
import json
import random
import struct
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import cwa_writer
import geneactiv_writer
import gt3x_writer
import numpy as np
import pyarrow as pa
from reader_samples import EXPORTS, SAMPLES, actilife_head, csv_text, own_parquet, parquet_bytes, table, waves

from device.profiles.openband import (
    LOG_UUID,
    STREAM_UUID,
    LogBlock,
    Notification,
    encode_block,
    encode_notification,
)

Random = random.Random
BYTES = (0x00, 0x01, 0x7F, 0x80, 0xFE, 0xFF)
EDGES = (0, 1, 2, 3, 7, 0x7F, 0x80, 0xFF, 0x100, 0x7FFF, 0x8000, 0xFFFF, 0x10000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF,
         0x7FFFFFFFFFFFFFFF, 0x8000000000000000, 0xFFFFFFFFFFFFFFFF)  # fmt: skip


@dataclass(frozen=True)
class Adversary:
    """How files of one kind are broken: ``make`` returns the bytes of a file that is called ``file``."""

    file: str
    make: Callable[[Random], bytes]
    beside: dict[str, bytes] = field(default_factory=dict)


def broken(rng: Random, content: bytes, words: tuple[bytes, ...] = ()) -> bytes:
    """Break bytes anywhere: cut, doubled, swapped, overwritten with edges of integers or the format's own words."""
    out = bytearray(content)
    for _ in range(rng.choice((1, 1, 1, 2, 3, 8))):
        if not out:
            break
        # Half of the blows fall near the ends, where formats keep what they trust.
        at = rng.choice((rng.randrange(len(out)), rng.randrange(min(64, len(out))), -rng.randrange(1, 65) % len(out)))
        size = rng.choice((1, 2, 4, 8, 16, 64, 512))
        match rng.randrange(8):
            case 0:
                del out[at:]
            case 1:
                del out[at : at + size]
            case 2:
                out[at:at] = out[at : at + size]
            case 3:
                other = rng.randrange(len(out))
                out[at : at + size], out[other : other + size] = out[other : other + size], out[at : at + size]
            case 4 if words:
                word = rng.choice(words)
                out[at : at + rng.choice((0, len(word)))] = word
            case 5:
                out[at] = rng.choice(BYTES)
            case 6:
                out[at] ^= 1 << rng.randrange(8)
            case _:
                width = rng.choice((1, 2, 4, 8))
                out[at : at + width] = (rng.choice(EDGES) % (1 << (8 * width))).to_bytes(
                    width, rng.choice(("little", "big"))
                )
    return bytes(out)


# Axivity

_SECTORS = {
    layout: cwa_writer.sectors(waves(480), layout=layout) for layout in (cwa_writer.PACKED, cwa_writer.WORDS)
}  # fmt: skip
_FIELDS = [name for name in cwa_writer.SECTOR.names if name not in {"data", "checksum"}]
_HEADER = cwa_writer.header()


def _with_checksum(sectors: np.ndarray) -> np.ndarray:
    words = np.frombuffer(sectors.tobytes(), "<u2").reshape(len(sectors), 256)
    sectors["checksum"] = (-words[:, :-1].sum(axis=1, dtype=np.int64)) & 0xFFFF
    return sectors


def axivity(rng: Random) -> bytes:
    """Sectors whose fields lie, with checksums that hold; doubled, swapped, lost; and any byte."""
    sectors = _SECTORS[rng.choice((cwa_writer.PACKED, cwa_writer.WORDS))].copy()
    for _ in range(rng.choice((1, 1, 2, 5))):
        at, name = rng.randrange(len(sectors)), rng.choice(_FIELDS)
        kind = cwa_writer.SECTOR[name]
        if kind.kind == "S":
            sectors[name][at] = rng.choice((b"AX", b"MD", b"\0\0", b"XA"))
        else:
            value = rng.choice((rng.choice(EDGES), rng.getrandbits(32))) % (1 << (8 * kind.itemsize))
            sectors[name][at] = np.array(value, dtype=f"u{kind.itemsize}").astype(kind)
    order = list(range(len(sectors)))
    match rng.randrange(6):
        case 0:
            rng.shuffle(order)
        case 1:
            order *= 2
        case 2:
            del order[rng.randrange(len(order))]
    sectors = sectors[order] if rng.random() < 0.1 else _with_checksum(sectors[order])
    content = rng.choice((_HEADER, _HEADER, broken(rng, _HEADER))) + sectors.tobytes()
    return broken(rng, content, (b"AX", b"MD")) if rng.random() < 0.3 else content


# ActiGraph

_RECORDS = [
    *gt3x_writer.seconds(waves(150)),
    gt3x_writer.record(gt3x_writer.PARAMETERS, gt3x_writer.START_S, struct.pack("<HHI", 0, 55, 0x09400000)),
    *gt3x_writer.seconds(waves(150), kind=gt3x_writer.WORDS, first_s=gt3x_writer.START_S + 5),
]
_INFO_VALUES = (
    None,
    "",
    "0",
    "-1",
    "nan",
    "1e308",
    "30,5",
    "999999",
    "\0",
    "x" * 300,
    "99:99:99",
    "-14:00:00",
    "NEO",
    "CLE1",
)


def _strange_record(rng: Random, whole: bytes) -> bytes:
    """A record whose fields lie, with a checksum that holds, or one that doesn't."""
    kind, second, size = whole[1], int.from_bytes(whole[2:6], "little"), len(whole) - 9
    payload = whole[8:-1]
    match rng.randrange(6):
        case 0:
            second = rng.choice((second + 1, second - 1, second + 100, 0, 2**32 - 1, rng.getrandbits(32)))
        case 1:
            kind = rng.choice((0, 26, 21, 2, 100, 255))
        case 2:
            payload = payload[: rng.randrange(size + 1)]
        case 3:
            payload = payload * rng.choice((2, 30))
        case 4:
            payload = broken(rng, payload) if payload else b""
        case _:
            return whole[:6] + struct.pack("<H", rng.choice(EDGES) % 65536) + whole[8:]
    return gt3x_writer.record(kind, second, payload[:65535], bad=rng.random() < 0.1)


def actigraph(rng: Random) -> bytes:
    """Records that lie, are doubled, swapped, lost or cut; an info that lies; and any byte of the archive."""
    parts = list(_RECORDS)
    for _ in range(rng.choice((0, 1, 1, 2, 5))):
        at = rng.randrange(len(parts))
        match rng.randrange(5):
            case 0:
                parts[at : at + 1] = [parts[at]] * rng.choice((0, 2))
            case 1:
                other = rng.randrange(len(parts))
                parts[at], parts[other] = parts[other], parts[at]
            case 2:
                parts[at] += rng.choice((b"\x1e" * 40, rng.randbytes(30), b"\0" * 20))
            case _:
                parts[at] = _strange_record(rng, _RECORDS[at % len(_RECORDS)])
    log = b"".join(parts)
    if rng.random() < 0.3:
        log = broken(rng, log, (b"\x1e",))
    changes = {rng.choice(list(gt3x_writer.INFO)): rng.choice(_INFO_VALUES) for _ in range(rng.choice((0, 0, 1, 3)))}
    info = gt3x_writer.info_text(**changes)
    content = gt3x_writer.content(log, broken(rng, info) if rng.random() < 0.1 else info, deflate=rng.random() < 0.5)
    return broken(rng, content, _ZIP_WORDS) if rng.random() < 0.2 else content


# GENEActiv

_PAGES = geneactiv_writer.pages(geneactiv_writer.raw_of(waves(1200)))
_GENEACTIV_HEADER = geneactiv_writer.header()
_LINE_VALUES = (
    b"", b" ", b"0", b"-1", b"1e9", b"nan", b"99999999999999999999", b"100,0", b"85.7", b"0.5", b"1000000", b"3", b"2",
    b"2026-06-15 08:00:03:000", b"2026-02-30 00:00:00:000", b"1970-01-01 00:00:00:000", b"2199-12-31 23:59:59:999", b"GMT +99:99",
    b"0-0-0 0:0:0:0", b"2026-06-15T08:00:03.000", b"x" * 100, b"F" * 3600, b"F" * 3599, b"G" * 3600, b"F" * 9000, b"\0" * 20,
)  # fmt: skip
_LINES = (b"Recorded Data", b"Sequence Number:", b"Page Time:", b"Measurement Frequency:", b"\r\n", b"\n", b"\r", b":")


def geneactiv(rng: Random) -> bytes:
    """Lines of header and pages that lie; pages doubled, swapped and lost; and any byte."""
    parts = [_GENEACTIV_HEADER, *_PAGES]
    for _ in range(rng.choice((0, 1, 1, 2, 4))):
        at = rng.randrange(len(parts))
        match rng.randrange(5):
            case 0:
                parts[at : at + 1] = [parts[at]] * rng.choice((0, 2))
            case 1:
                other = rng.randrange(len(parts))
                parts[at], parts[other] = parts[other], parts[at]
            case _:
                lines = parts[at].split(b"\r\n")
                k = rng.randrange(len(lines))
                name, colon, _value = lines[k].partition(b":")
                lines[k] = rng.choice((name + colon + rng.choice(_LINE_VALUES), rng.choice(_LINE_VALUES)))
                parts[at] = b"\r\n".join(lines)
        if not parts:
            break
    content = b"".join(parts)
    return broken(rng, content, _LINES) if rng.random() < 0.4 else content


# Tables of text

_TEXTS = [
    csv_text(30).encode(),
    csv_text(30).replace("time", "t", 1).encode(),
    *(b"\n".join(text.split(b"\n")[:40]) for text in EXPORTS.values()),
]
# ruff: noqa: E501
_HOSTILE_CELLS = (
    "", " ", "nan", "NaN", "inf", "-inf", "1e400", "-1e-400", "0x10", "1_000", "--1", "1,5", '"', '""', '"a\nb"', "\0", "\ufeff", "٣",
    "9223372036854775807", "-9223372036854775808", "9223372036854775808", "1" * 400, "1" * 70_000, "0", "-1", "null",
    "0000-00-00 00:00:00.000", "2026-13-45 25:61:61", "1677-01-01 00:00:00.000", "2262-12-31 23:59:59.999", "9999-12-31T23:59:59Z",
    "2026-06-15T08:00:00", "2026-06-15T08:00:00+99:99", "2026-06-15 08:00:00.000+0100 [", "2026-10-25 02:30:00.000 [Europe/Oslo]",
    "1551178506.0100", "1e18", "99999999999.5", "13/32/2026 25:00:00.000", "6/15/2026 8:00:00 PM", "time", "x", "Accelerometer X", "Axis1",
    "------------ Data File Created By ActiGraph GT3X+ at 0 Hz", "Start Date 99/99/9999", "at 9999 Hz", "date format %%%%",
)  # fmt: skip
_TEXT_WORDS = (
    b"\n",
    b"\r",
    b"\r\n",
    b",",
    b";",
    b"\t",
    b'"',
    b"\xef\xbb\xbf",
    b"\0",
    b"\xff",
    b"time,x,y,z\n",
    actilife_head().encode(),
)


def text(rng: Random) -> bytes:
    """Cells, lines and separators that are not what they were, and any byte."""
    content = rng.choice(_TEXTS)
    if rng.random() < 0.7:
        lines = content.decode().split("\n")
        for _ in range(rng.choice((1, 1, 2, 6))):
            at = rng.choice((rng.randrange(len(lines)), rng.randrange(min(12, len(lines)))))
            separator = ";" if ";" in lines[at] else ","
            cells = lines[at].split(separator)
            match rng.randrange(8):
                case 0:
                    lines.insert(at, lines[rng.randrange(len(lines))])
                case 1:
                    del lines[at]
                    lines = lines or [""]
                case 2:
                    other = rng.randrange(len(lines))
                    lines[at], lines[other] = lines[other], lines[at]
                case 3:
                    cells.insert(rng.randrange(len(cells) + 1), rng.choice(_HOSTILE_CELLS))
                    lines[at] = separator.join(cells)
                case 4:
                    lines[at] = rng.choice((";", "\t", " ", "")).join(cells)
                case _:
                    cells[rng.randrange(len(cells))] = rng.choice(_HOSTILE_CELLS)
                    lines[at] = separator.join(cells)
        content = rng.choice(("\n", "\n", "\n", "\r\n", "\r")).join(lines).encode()
    return broken(rng, content, _TEXT_WORDS) if rng.random() < 0.4 else content


# Parquet

_PLAIN = {"use_dictionary": False, "compression": "none"}
_WHO = {"subject": pa.array(["a", "b", "a", "c"] * 5), "activity": pa.array([1, 1, 2, 2] * 5)}
_PARQUETS = [
    parquet_bytes(table(20), row_group_size=8),
    parquet_bytes(table(20, **_WHO), row_group_size=8, **_PLAIN),
    pa.BufferOutputStream,
    own_parquet(),
]
_PARQUETS = [content for content in _PARQUETS if isinstance(content, bytes)]
_JSON_WORDS = (b"null", b"NaN", b"-1", b"1e999", b"[]", b"{}", b'""', b"true", b'"segments"', b"[[0,9]]", b"\\ud800")


def _split_parquet(content: bytes) -> tuple[bytes, bytes]:
    size = int.from_bytes(content[-8:-4], "little")
    return content[: -8 - size], content[-8 - size : -8]


def parquet(rng: Random) -> bytes:
    """The footer, by far the most trusted part, with its length made right again; pages; and any byte."""
    content = rng.choice(_PARQUETS)
    body, footer = _split_parquet(content)
    match rng.randrange(5):
        case 0:
            return broken(rng, content, (b"PAR1", b"PARE", *_JSON_WORDS))
        case 1:
            body = broken(rng, body)
        case 2:
            at = footer.find(b'{"')
            end = footer.rfind(b"}") + 1
            if at >= 0 and end > at:
                # Of the same length, so that what lies around it still fits.
                changed = broken(rng, footer[at:end], _JSON_WORDS)[: end - at].ljust(end - at)
                footer = footer[:at] + changed + footer[end:]
        case _:
            footer = broken(rng, footer)
    size = len(footer) if rng.random() < 0.9 else rng.choice(EDGES) % (1 << 32)
    return body + footer + size.to_bytes(4, "little") + b"PAR1"


# Captures

_SAMPLES = np.rint(waves(80) * 4096).astype(np.int16)
_SEGMENT = SAMPLES["capture"].content


def _schema(characteristic: str) -> pa.Schema:
    head = {
        "utc_ns": 1_781_510_400 * 10**9, "monotonic_ns": 0, "characteristics": [characteristic], "profile": "openband",
        "address": "", "band": {}, "program": "", "reason": "",
    }  # fmt: skip
    columns = [
        ("arrival_ns", pa.int64()),
        ("characteristic", pa.uint8()),
        ("payload", pa.binary()),
        ("crc32", pa.uint32()),
    ]
    fields = [pa.field(name, kind, nullable=False) for name, kind in columns]
    return pa.schema(fields, metadata={b"selfback": json.dumps(head).encode()})


_SCHEMAS = {uuid: _schema(uuid) for uuid in (STREAM_UUID, LOG_UUID)}


def _segment(uuid: str, packets: list[tuple[int, bytes]]) -> bytes:
    """A segment with these packets, each with a checksum that holds."""
    schema = _SCHEMAS[uuid]
    sums = [
        binascii.crc32(payload, binascii.crc32(at.to_bytes(8, "little", signed=True) + b"\0"))
        for at, payload in packets
    ]
    columns = [[at for at, _ in packets], [0] * len(packets), [payload for _, payload in packets], sums]
    arrays = [pa.array(column, kind.type) for column, kind in zip(columns, schema, strict=True)]
    return schema.serialize().to_pybytes() + pa.record_batch(arrays, schema=schema).serialize().to_pybytes()


def _notifications(rng: Random) -> list[tuple[int, bytes]]:
    packets = []
    for k in range(8):
        frame = Notification(k, k * 6554, 50.0, 8, _SAMPLES[10 * k : 10 * k + 10], 0, 1)
        at = k * 200_000_000
        if rng.random() < 0.2:
            frame = replace(
                frame,
                seq=rng.choice((k, rng.randrange(65536))),
                ticks=rng.choice((frame.ticks, rng.choice(EDGES) % 2**32, rng.getrandbits(32))),
                rate_hz=rng.choice((50.0, 12.5, 1600.0, 25.0)),
                boot=rng.choice((1, 2, 255)),
                flags=rng.choice((0, 1, 2, 255)),
            )
            at = rng.choice((at, 0, -(2**62), 2**62, rng.getrandbits(60)))
        try:
            payload = encode_notification(frame)
        except (ValueError, OverflowError, struct.error):
            payload = b""
        packets.append((at, broken(rng, payload) if payload and rng.random() < 0.1 else payload))
    return packets


def _blocks(rng: Random) -> list[tuple[int, bytes]]:
    packets = []
    for k in range(4):
        block = LogBlock(7, k, 1_000 + k * 26_214, 25.0, 8, _SAMPLES[20 * k : 20 * k + 20], 0, 3)
        if rng.random() < 0.4:
            block = replace(
                block,
                log_id=rng.choice((7, 8, 0xFFFF)),
                index=rng.choice((k, rng.choice(EDGES) % 2**32)),
                ticks=rng.choice((block.ticks, rng.choice(EDGES) % 2**48, rng.getrandbits(40))),
                rate_hz=rng.choice((25.0, 12.5, 100.0)),
                boot=rng.choice((3, 4, 0xFFFF)),
            )
        try:
            payload = encode_block(block)
        except (ValueError, OverflowError, struct.error):
            payload = b""
        packets.append((k + 1, broken(rng, payload) if payload and rng.random() < 0.1 else payload))
    return packets


def capture(rng: Random) -> bytes:
    """Notifications and blocks that lie, in packets whose checksums hold; and any byte."""
    match rng.randrange(3):
        case 0:
            return broken(rng, _SEGMENT, (b"\xff\xff\xff\xff", *_JSON_WORDS))
        case 1:
            content = _segment(STREAM_UUID, _notifications(rng))
        case _:
            content = _segment(LOG_UUID, _blocks(rng))
    return broken(rng, content) if rng.random() < 0.1 else content


_JOURNAL = SAMPLES["log"].content
_JSON_VALUES = (
    None,
    True,
    -1,
    0,
    1.5,
    2**63,
    1e300,
    "",
    "../x",
    "\ud800",
    [],
    {},
    [[0, 1, 2]],
    [[]],
    [None],
    {"a": 1},
    "x" * 300,
)


def journal(rng: Random) -> bytes:
    """A journal whose values are of other kinds and sizes; and any byte."""
    if rng.random() < 0.3:
        return broken(rng, _JOURNAL, _JSON_WORDS)
    values = json.loads(_JOURNAL)
    for _ in range(rng.choice((1, 1, 2, 4))):
        name = rng.choice(list(values))
        match rng.randrange(4):
            case 0:
                del values[name]
            case 1 if name == "anchors" and isinstance(values[name], list) and values[name]:
                anchor = values[name][0]
                if isinstance(anchor, dict):
                    anchor[rng.choice(("utc_ns", "ticks", "error_ns"))] = rng.choice((*_JSON_VALUES, *EDGES))
            case _:
                values[name] = rng.choice((*_JSON_VALUES, *EDGES))
        if not values:
            break
    return json.dumps(values).encode()


# Packed files


def _gzip(content: bytes, rng: Random) -> bytes:
    """Packed fast, and with a checksum and length that can be wrong."""
    packer = zlib.compressobj(rng.choice((0, 1)), zlib.DEFLATED, -15)
    body = packer.compress(content) + packer.flush()
    total = zlib.crc32(content) if rng.random() < 0.9 else rng.getrandbits(32)
    size = len(content) if rng.random() < 0.9 else rng.choice(EDGES) % 2**32
    return b"\x1f\x8b\x08\0\0\0\0\0\0\xff" + body + struct.pack("<II", total, size)


def gzipped(rng: Random) -> bytes:
    """A broken recording in a whole .gz, a whole one in a broken .gz, or several in one."""
    inner = rng.choice((axivity, text, parquet))(rng) if rng.random() < 0.3 else rng.choice(_INNER)
    content = _gzip(inner, rng)
    match rng.randrange(4):
        case 0:
            content += _gzip(rng.choice(_INNER), rng)
        case 1:
            content = _gzip(content, rng)
    return broken(rng, content, (b"\x1f\x8b\x08",)) if rng.random() < 0.6 else content


_INNER = [SAMPLES["axivity"].content, _TEXTS[0], _PARQUETS[0]]
_NAMES = (
    "a.cwa",
    "b.csv",
    "c.parquet",
    "../d.cwa",
    "/e.csv",
    "con.csv",
    "f.txt",
    "g/",
    "h\n.csv",
    "",
    "ä.csv",
    "i.gz",
    "j.gt3x",
)
_ZIP_WORDS = (b"PK\1\2", b"PK\3\4", b"PK\5\6", b"PK\6\6", b"PK\6\7", b"../", b"\0")


def zipped(rng: Random) -> bytes:
    """Members with names, sizes and methods that lie, lists that point anywhere; and any byte."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for _ in range(rng.choice((0, 1, 1, 2, 3))):
            name = rng.choice(_NAMES[:3]) if rng.random() < 0.7 else rng.choice(_NAMES)
            info = zipfile.ZipInfo(name or "empty", (2026, 6, 15, 8, 0, 0))
            info.compress_type = rng.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))
            if rng.random() < 0.1:
                info.external_attr = rng.choice((0o120777, 0o020666, 0o100644)) << 16
            if info.filename not in archive.namelist():
                archive.writestr(info, rng.choice(_INNER) if rng.random() < 0.8 else gzip.compress(_INNER[0], 1))
    content = bytearray(out.getvalue())
    marks = [at for word in (b"PK\1\2", b"PK\3\4", b"PK\5\6") if (at := content.find(word)) >= 0]
    if marks and rng.random() < 0.7:
        at = rng.choice(marks) + rng.randrange(4, 46)
        width = rng.choice((1, 2, 4))
        content[at : at + width] = (rng.choice(EDGES) % (1 << (8 * width))).to_bytes(width, "little")
    return broken(rng, bytes(content), _ZIP_WORDS) if rng.random() < 0.4 else bytes(content)


#: The first five are rows of READERS; what is packed comes on top.
ADVERSARIES: dict[str, Adversary] = {
    "axivity": Adversary("a.cwa", axivity),
    "actigraph": Adversary("a.gt3x", actigraph),
    "geneactiv": Adversary("a.bin", geneactiv),
    "parquet": Adversary("a.parquet", parquet),
    "csv": Adversary("a.csv", text),
    "log": Adversary("journal.json", journal, SAMPLES["log"].beside),
    "capture": Adversary("segment-0001.arrows", capture),
    "gz": Adversary("a.cwa.gz", gzipped),
    "csv.gz": Adversary("a.csv.gz", gzipped),
    "zip": Adversary("a.zip", zipped),
}
