"""The one table of what goes over the air; numpy dtypes, C header and protocol page are all made from it.

Everything is little-endian and packed. A struct's name is its C name without the ``selfback_`` before it.
"""

import struct
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np


@dataclass(frozen=True, slots=True)
class WireType:
    """One type of number, in the three languages that it is written in."""

    dtype: str  #: numpy
    code: str  #: Python's ``struct``
    c_name: str
    size: int  #: bytes


TYPES: Final[dict[str, WireType]] = {
    "u8": WireType("u1", "B", "uint8_t", 1),
    "u16": WireType("<u2", "H", "uint16_t", 2),
    "u32": WireType("<u4", "I", "uint32_t", 4),
    "u64": WireType("<u8", "Q", "uint64_t", 8),
    "i16": WireType("<i2", "h", "int16_t", 2),
}


@dataclass(frozen=True, slots=True)
class WireField:
    """One number on the wire; ``unit`` is empty where it is only a number."""

    name: str
    type: str  #: a key of ``TYPES``
    unit: str
    meaning: str


@dataclass(frozen=True)
class WireStruct:
    """Fields in the order in which they are sent, without padding."""

    name: str
    meaning: str
    fields: tuple[WireField, ...]

    @cached_property
    def dtype(self) -> "np.dtype[Any]":
        """The packed numpy dtype."""
        return np.dtype([(field.name, TYPES[field.type].dtype) for field in self.fields])

    @cached_property
    def codec(self) -> struct.Struct:
        """The same as a ``struct.Struct``, which is quicker for a single one."""
        return struct.Struct("<" + "".join(TYPES[field.type].code for field in self.fields))

    @cached_property
    def size(self) -> int:
        """Bytes."""
        return sum(TYPES[field.type].size for field in self.fields)

    @cached_property
    def offsets(self) -> tuple[int, ...]:
        """Byte at which each field begins."""
        sizes = [TYPES[field.type].size for field in self.fields]
        return tuple(sum(sizes[:i]) for i in range(len(sizes)))


_RATE = WireField("rate", "u16", "1/64 Hz", "nominal sampling rate")
_RANGE = WireField("range_g", "u8", "g", "half of full scale: 8 is ±8 g; a sample in g is raw * range_g / 32768")
_FLAGS = WireField("flags", "u8", "", "bits of flag")
_BOOT = WireField("boot", "u16", "", "how often the band has started; ticks of two boots can't be compared")
_LOG_ID = WireField("log_id", "u32", "", "id of the log; never used twice by one band")
_OPCODE = WireField("opcode", "u8", "", "one of opcode")
_TOKEN = WireField("token", "u8", "", "chosen by whoever asks; the reply carries it back")

SAMPLE = WireStruct(
    "sample",
    "One measurement, gravity included, in the band's own frame.",
    (
        WireField("x", "i16", "range/32768", "along the band, towards the fingers"),
        WireField("y", "i16", "range/32768", "across the wrist"),
        WireField("z", "i16", "range/32768", "out of the display"),
    ),
)

NOTIFICATION_HEADER = WireStruct(
    "notification_header",
    "Begins every notification of the stream characteristic; `count` samples follow and nothing else.",
    (
        WireField("version", "u8", "", "1"),
        WireField("count", "u8", "samples", "1 to 83; 38 fit an MTU of 247, 1 an MTU of 23"),
        WireField("seq", "u16", "", "one more than in the notification before, also if that one was dropped"),
        WireField("ticks", "u32", "1/32768 s", "when the first sample was taken, counted from boot, low 32 bits"),
        _RATE,
        _RANGE,
        _FLAGS,
        _BOOT,
    ),
)

BLOCK_HEADER = WireStruct(
    "block_header",
    "Begins every stored block; `count` samples and a block trailer follow. 80 samples make 512 bytes.",
    (
        WireField("magic", "u16", "", "0x4253: the bytes 'SB'"),
        WireField("version", "u8", "", "1"),
        WireField("count", "u8", "samples", "1 to 80"),
        _LOG_ID,
        WireField("index", "u32", "", "number of the block in its log, from 0, without holes"),
        WireField("ticks", "u64", "1/32768 s", "when the first sample was taken, counted from boot"),
        _RATE,
        _RANGE,
        _FLAGS,
        _BOOT,
        WireField("reserved", "u16", "", "0"),
    ),
)

BLOCK_TRAILER = WireStruct(
    "block_trailer",
    "Ends every stored block.",
    (WireField("crc32", "u32", "", "CRC-32 (IEEE 802.3, as in zlib) of all bytes of the block before it"),),
)

PIECE_HEADER = WireStruct(
    "piece_header",
    "Begins each part of a block or a reply that is longer than a notification can be; bytes of it follow.",
    (
        WireField("tag", "u8", "", "0x70: what follows is a piece, not a whole"),
        WireField("group", "u8", "", "low 8 bits of the block's index, or the reply's token"),
        WireField("number", "u8", "", "which piece, from 0"),
        WireField("total", "u8", "", "how many pieces, 2 to 255"),
    ),
)

REQUEST_HEADER = WireStruct(
    "request_header", "Begins every write to the control point; the request's own struct follows.", (_OPCODE, _TOKEN)
)

REPLY_HEADER = WireStruct(
    "reply_header",
    "Begins every reply; after status OK or DONE the reply's own struct follows, after any other nothing.",
    (_OPCODE, _TOKEN, WireField("status", "u8", "", "one of status")),
)

CLOCK_REPLY = WireStruct(
    "clock_reply",
    "Reply to GET_CLOCK.",
    (
        WireField("ticks", "u64", "1/32768 s", "now, counted from boot"),
        WireField("unix_s", "u32", "s", "now by the band's own clock, UTC since 1970; 0 if never set"),
        _BOOT,
    ),
)

LIST_LOGS_REQUEST = WireStruct(
    "list_logs_request", "Body of LIST_LOGS.", (WireField("position", "u8", "", "first log to list, from 0"),)
)

LIST_LOGS_REPLY = WireStruct(
    "list_logs_reply",
    "Reply to LIST_LOGS; `count` log entries follow. Ask again from position + count until all have come.",
    (
        WireField("total", "u8", "logs", "logs on the band"),
        WireField("position", "u8", "", "as asked"),
        WireField("count", "u8", "logs", "logs in this reply, 0 to 16"),
    ),
)

LOG_ENTRY = WireStruct(
    "log_entry",
    "One log, the oldest first. Only closed blocks count: the block that is being filled isn't listed.",
    (
        _LOG_ID,
        WireField("first_index", "u32", "", "first block still stored"),
        WireField("block_count", "u32", "blocks", "blocks stored from there on"),
        WireField("start_ticks", "u64", "1/32768 s", "when the log was begun, counted from boot"),
        WireField("start_unix_s", "u32", "s", "the same by the band's own clock, UTC since 1970; 0 if it wasn't set"),
        _BOOT,
        _RATE,
        _RANGE,
        _FLAGS,
    ),
)

READ_LOG_REQUEST = WireStruct(
    "read_log_request",
    "Body of READ_LOG.",
    (
        _LOG_ID,
        WireField("first_index", "u32", "", "first block to send"),
        WireField("count", "u32", "blocks", "how many to send; fewer come if fewer are stored"),
    ),
)

BLOCK_COUNT = WireStruct(
    "block_count",
    "Reply to READ_LOG and ERASE_LOG.",
    (WireField("blocks", "u32", "blocks", "OK: will be sent, or were erased; DONE: were sent"),),
)

STREAM_SETTINGS = WireStruct(
    "stream_settings",
    "Body of START_STREAM and SET_CONFIG, and in their replies, and that to GET_CONFIG, what the band really does.",
    (_RATE, _RANGE),
)

ERASE_LOG_REQUEST = WireStruct(
    "erase_log_request",
    "Body of ERASE_LOG.",
    (_LOG_ID, WireField("before_index", "u32", "", "blocks before this one are forgotten")),
)

STRUCTS: Final[tuple[WireStruct, ...]] = (
    SAMPLE,
    NOTIFICATION_HEADER,
    BLOCK_HEADER,
    BLOCK_TRAILER,
    PIECE_HEADER,
    REQUEST_HEADER,
    REPLY_HEADER,
    CLOCK_REPLY,
    LIST_LOGS_REQUEST,
    LIST_LOGS_REPLY,
    LOG_ENTRY,
    READ_LOG_REQUEST,
    BLOCK_COUNT,
    STREAM_SETTINGS,
    ERASE_LOG_REQUEST,
)
