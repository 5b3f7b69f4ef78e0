"""Polar's measurement data (PMD): the control point's commands, and acceleration frames raw and compressed.

Source: the wire facts of Polar's SDK documentation, written anew. A data frame is u8 measurement, u64 LE ns since
2000-01-01 of the *last* sample, u8 frame type (bit 7: compressed), then the samples. A compressed frame is one
reference sample and blocks of [bits][count] and a stream of count x 3 deltas, least significant bit first.
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from device.errors import BandBusyError, BandRefusedError, FrameError
from device.profiles.opening import Ask, Step, Wish
from device.profiles.samples import Samples

SERVICE_UUID: Final = "fb005c80-02e7-f387-1cad-8acd2d8df0c8"
CONTROL_UUID: Final = "fb005c81-02e7-f387-1cad-8acd2d8df0c8"
STREAM_UUID: Final = "fb005c82-02e7-f387-1cad-8acd2d8df0c8"

EPOCH_2000_NS: Final = 946_684_800 * 1_000_000_000
"""UTC of 2000-01-01, where the device's time starts."""
MEASUREMENT_ACC: Final = 2
COMPRESSED: Final = 0x80
MAX_FRAME_BYTES: Final = 512  #: the longest attribute value (Bluetooth Core 5.4, Vol 3 Part F 3.2.9)
MAX_SAMPLES: Final = 2_048
"""A block of 0 bits claims 255 samples in two bytes; a frame beyond this is hostile, not long."""

START: Final = 0x02
STOP: Final = 0x03
_REPLY: Final = 0xF0
_HEADER: Final = struct.Struct("<BQB")
_REFERENCE: Final = struct.Struct("<3h")
_RAW_BYTES: Final = {0: 1, 1: 2, 2: 3}  #: frame type to bytes an axis
_WIDEST_BITS: Final = 17  #: a step between two int16 needs one bit more
_G_PER_COUNT: Final = 1e-3


class Status(IntEnum):
    """What the control point can answer, as far as this program acts on it."""

    SUCCESS = 0
    BAD_OPCODE = 1
    BAD_MEASUREMENT = 2
    NOT_SUPPORTED = 3
    BAD_LENGTH = 4
    BAD_PARAMETER = 5
    ALREADY = 6
    BAD_MTU = 10
    CHARGING = 13


@dataclass(frozen=True, slots=True)
class ControlReply:
    """What the control point answered: ``status`` 0 is success."""

    opcode: int
    measurement: int
    status: int


def start_acc(rate_hz: int = 52, range_g: int = 8) -> bytes:
    """Return the command that starts acceleration at 16 bits and three channels; ValueError beyond u16."""
    if not (0 < rate_hz <= 0xFFFF and 0 < range_g <= 0xFFFF):
        raise ValueError(f"{rate_hz} Hz, {range_g} g")
    settings = struct.pack("<BBHBBHBBHBBB", 0, 1, rate_hz, 1, 1, 16, 2, 1, range_g, 4, 1, 3)
    return bytes([START, MEASUREMENT_ACC]) + settings


def stop_acc() -> bytes:
    """Return the command that stops acceleration."""
    return bytes([STOP, MEASUREMENT_ACC])


def decode_reply(value: bytes) -> ControlReply:
    """Return what the control point answered; FrameError where the bytes are no answer."""
    if not 4 <= len(value) <= MAX_FRAME_BYTES or value[0] != _REPLY:
        raise FrameError(
            f"control reply of {len(value)} bytes: {value[:8].hex(' ')}", expected="f0 and 3 bytes or more"
        )
    return ControlReply(value[1], value[2], value[3])


def encode_reply(reply: ControlReply) -> bytes:
    """Return the bytes of an answer of the control point, with nothing more to follow."""
    return bytes([_REPLY, reply.opcode, reply.measurement, reply.status, 0])


def decode_command(value: bytes) -> tuple[int, int]:
    """Return opcode and measurement of a command; FrameError where the bytes are none."""
    if len(value) < 2:
        raise FrameError(f"command of {len(value)} bytes", expected="an opcode and a measurement")
    return value[0], value[1]


def opening(_: Wish) -> tuple[Step, ...]:
    """Return the start of the stream at 52 Hz and 8 g: what every firmware does outside its mode for developers."""
    return (Ask(CONTROL_UUID, start_acc(), CONTROL_UUID, _answers(START), "the start of the stream"),)


def closing(_: Wish) -> tuple[Step, ...]:
    """Return the end of the stream."""
    return (Ask(CONTROL_UUID, stop_acc(), CONTROL_UUID, _answers(STOP), "the end of the stream"),)


def _answers(opcode: int) -> Callable[[bytes], bool]:
    """Return what reads the answer to a command: true for its success, an error for its refusal."""

    def answered(value: bytes) -> bool:
        reply = decode_reply(value)
        if (reply.opcode, reply.measurement) != (opcode, MEASUREMENT_ACC):
            return False
        if reply.status == Status.ALREADY:
            return True
        if reply.status == Status.CHARGING:
            raise BandBusyError("the band is in its charger", remedy="take it off the charger")
        if reply.status != Status.SUCCESS:
            raise BandRefusedError(f"the band answered status {reply.status}", expected="0, success")
        return True

    return answered


def decode(value: bytes) -> Samples:
    """Return the samples of one data frame; FrameError where the bytes are none."""
    if not _HEADER.size < len(value) <= MAX_FRAME_BYTES:
        raise FrameError(f"frame of {len(value)} bytes", expected=f"{_HEADER.size + 1} to {MAX_FRAME_BYTES} bytes")
    measurement, since_2000_ns, kind = _HEADER.unpack_from(value)
    if measurement != MEASUREMENT_ACC:
        raise FrameError(f"measurement {measurement}", expected=f"{MEASUREMENT_ACC}, acceleration")
    if since_2000_ns > 2**63 - 1 - EPOCH_2000_NS:
        raise FrameError(f"time of {since_2000_ns} ns since 2000", expected="a moment before 2262")
    body = value[_HEADER.size :]
    if kind == COMPRESSED | 1:
        counts = _deltas(body)
    elif kind in _RAW_BYTES:
        counts = _raw(body, _RAW_BYTES[kind])
    else:
        raise FrameError(f"frame type 0x{kind:02x}", expected="0x00, 0x01, 0x02 or 0x81")
    return Samples(counts, _G_PER_COUNT, last_sample_ns=EPOCH_2000_NS + since_2000_ns)


def encode_raw(counts: NDArray[np.int32], last_sample_ns: int, kind: int = 1) -> bytes:
    """Return a raw frame for (n, 3) counts in mg; ValueError where they don't fit."""
    width = _RAW_BYTES[kind]
    limit = 1 << (8 * width - 1)
    rows = _rows(counts)
    if any(not -limit <= axis < limit for row in rows for axis in row):
        raise ValueError(f"a count outside {8 * width} bits")
    body = b"".join(axis.to_bytes(width, "little", signed=True) for row in rows for axis in row)
    return _framed(last_sample_ns, kind, body)


def encode_compressed(counts: NDArray[np.int32], last_sample_ns: int, bits: int = 0) -> bytes:
    """Return a compressed frame, its blocks ``bits`` wide, or as wide as each needs where that is 0; ValueError."""
    rows = _rows(counts)
    body = _REFERENCE.pack(*_in_int16(rows))
    for start in range(1, len(rows), 255):
        stop = min(start + 255, len(rows))
        steps = [rows[i][axis] - rows[i - 1][axis] for i in range(start, stop) for axis in range(3)]
        needed = max((step if step >= 0 else ~step).bit_length() + 1 for step in steps)
        width = bits or needed
        if not needed <= width <= _WIDEST_BITS:
            raise ValueError(f"steps need {needed} bits, not {width}")
        stream = sum((step & ((1 << width) - 1)) << (i * width) for i, step in enumerate(steps))
        body += bytes([width, stop - start]) + stream.to_bytes((len(steps) * width + 7) // 8, "little")
    return _framed(last_sample_ns, COMPRESSED | 1, body)


def _raw(body: bytes, width: int) -> NDArray[np.int32]:
    if len(body) % (3 * width):
        raise FrameError(f"raw samples of {len(body)} bytes", expected=f"a multiple of {3 * width}")
    octets = np.frombuffer(body, dtype=np.uint8).reshape(-1, width).astype(np.int32)
    values = (octets << (8 * np.arange(width, dtype=np.int32))).sum(axis=1, dtype=np.int32)
    sign = np.int32(1 << (8 * width - 1))
    signed: NDArray[np.int32] = ((values ^ sign) - sign).reshape(-1, 3)
    return signed


def _deltas(body: bytes) -> NDArray[np.int32]:
    if len(body) < _REFERENCE.size:
        raise FrameError(f"reference sample of {len(body)} bytes", expected=f"{_REFERENCE.size} bytes")
    steps = [np.array([_REFERENCE.unpack_from(body)], dtype=np.int64)]
    at, n = _REFERENCE.size, 1
    while at < len(body):
        if at + 2 > len(body):
            raise FrameError("half a block header at the end", expected="[bits][count]")
        width, count = body[at], body[at + 1]
        size = (3 * width * count + 7) // 8
        n += count
        if not (1 <= width <= _WIDEST_BITS and count and at + 2 + size <= len(body) and n <= MAX_SAMPLES):
            raise FrameError(
                f"block of {count} deltas of {width} bits with {len(body) - at - 2} bytes left",
                expected=f"1 or more deltas of 1 to {_WIDEST_BITS} bits that the frame holds",
            )
        steps.append(_unpacked(body[at + 2 : at + 2 + size], width, 3 * count).reshape(count, 3))
        at += 2 + size
    counts = np.cumsum(np.concatenate(steps), axis=0)
    if counts.min() < -32768 or counts.max() > 32767:
        raise FrameError("deltas that lead out of int16", expected="mg within int16")
    return counts.astype(np.int32)


def _unpacked(stream: bytes, width: int, n: int) -> NDArray[np.int64]:
    """Return ``n`` two's complement numbers of ``width`` bits, least significant bit first."""
    bits = np.unpackbits(np.frombuffer(stream, dtype=np.uint8), bitorder="little")[: n * width]
    weights = np.int64(1) << np.arange(width, dtype=np.int64)
    weights[-1] = -weights[-1]
    return bits.reshape(n, width).astype(np.int64) @ weights


def _rows(counts: NDArray[np.int32]) -> list[list[int]]:
    values = np.asarray(counts)
    if values.ndim != 2 or values.shape[1] != 3 or not len(values):
        raise ValueError(f"samples of shape {values.shape}")
    return [[int(axis) for axis in row] for row in values]


def _in_int16(rows: list[list[int]]) -> list[int]:
    if any(not -32768 <= axis <= 32767 for row in rows for axis in row):
        raise ValueError("a count outside int16")
    return rows[0]


def _framed(last_sample_ns: int, kind: int, body: bytes) -> bytes:
    if last_sample_ns < EPOCH_2000_NS:
        raise ValueError("a time before 2000")
    frame = _HEADER.pack(MEASUREMENT_ACC, last_sample_ns - EPOCH_2000_NS, kind) + body
    if len(frame) > MAX_FRAME_BYTES:
        raise ValueError(f"frame of {len(frame)} bytes")
    return frame
