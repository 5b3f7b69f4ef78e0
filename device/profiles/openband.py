"""The open band profile: live notifications, stored blocks and the control point, to bytes and back.

Each ``decode_*`` returns a value or raises ``FrameError``, whatever the bytes; each ``encode_*`` is its exact
inverse and raises ``ValueError`` for a value that the wire can't carry. The layout is ``device/wire/table.py``.
"""

import binascii
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from device.errors import BandBusyError, BandRefusedError, FrameError
from device.profiles.opening import Ask, Step, Wish
from device.profiles.samples import Samples
from device.wire import table
from device.wire.codes import (
    BLOCK_MAGIC,
    CONTROL_UUID,
    COUNTS_PER_RANGE,
    LOG_UUID,
    MAX_VALUE_SIZE,
    NAME_PREFIX,
    RATE_STEPS_PER_HZ,
    SERVICE_UUID,
    STREAM_UUID,
    TICKS_HZ,
    VERSION,
    Flag,
    Opcode,
    Status,
)
from device.wire.packing import pack, rate_code, unpack, unpack_exactly

__all__ = [
    "CONTROL_UUID",
    "LOG_UUID",
    "NAME_PREFIX",
    "SERVICE_UUID",
    "STREAM_UUID",
    "TICKS_HZ",
    "Flag",
    "Opcode",
    "Status",
]

MAX_NOTIFICATION_SAMPLES: Final = (MAX_VALUE_SIZE - table.NOTIFICATION_HEADER.size) // table.SAMPLE.size  # 83
MAX_BLOCK_SAMPLES: Final = (MAX_VALUE_SIZE - table.BLOCK_HEADER.size - table.BLOCK_TRAILER.size) // table.SAMPLE.size
"""80: the whole block is one attribute value, so at an MTU of 517 a notification carries it unchanged."""

MAX_LOG_ENTRIES: Final = (
    MAX_VALUE_SIZE - table.REPLY_HEADER.size - table.LIST_LOGS_REPLY.size
) // table.LOG_ENTRY.size  # 16

_RAW: Final = np.dtype("<i2")
_OPCODES: Final = frozenset(map(int, Opcode))
_STATUSES: Final = frozenset(map(int, Status))


@dataclass(frozen=True, slots=True, eq=False)
class Notification:
    """Samples sent as they are taken; ``ticks`` are those of the first one, modulo 2**32."""

    seq: int  #: 0..65535
    ticks: int  #: 1/32768 s since boot, low 32 bits
    rate_hz: float
    range_g: int
    samples: NDArray[np.int16]  #: (n, 3) raw; g = raw * range_g / 32768
    flags: int = 0  #: bits of ``Flag``
    boot: int = 0  #: how often the band has started
    version: int = VERSION


@dataclass(frozen=True, slots=True, eq=False)
class LogBlock:
    """Samples that the band stored; ``(log_id, index)`` names the block for good."""

    log_id: int
    index: int
    ticks: int  #: 1/32768 s since boot, of the first sample
    rate_hz: float
    range_g: int
    samples: NDArray[np.int16]  #: (n, 3) raw; g = raw * range_g / 32768
    flags: int = 0  #: bits of ``Flag``
    boot: int = 0  #: how often the band had started


@dataclass(frozen=True, slots=True)
class GetClock:
    """Ask for the ticks now; the reply carries ``ClockNow``."""


@dataclass(frozen=True, slots=True)
class ListLogs:
    """Ask for the stored logs from ``position`` on; the reply carries a ``LogPage``."""

    position: int = 0


@dataclass(frozen=True, slots=True)
class ReadLog:
    """Ask for blocks; replies carry ``BlockCount``: OK at once, DONE after the last block was sent."""

    log_id: int
    first_index: int
    count: int


@dataclass(frozen=True, slots=True)
class StopRead:
    """Ask for no more blocks."""


@dataclass(frozen=True, slots=True)
class StartStream:
    """Ask for live samples; the reply carries the ``StreamSettings`` that the band really uses."""

    rate_hz: float
    range_g: int


@dataclass(frozen=True, slots=True)
class StopStream:
    """Ask for no more live samples."""


@dataclass(frozen=True, slots=True)
class EraseLog:
    """Ask to forget the blocks before ``before_index``; the reply carries the ``BlockCount`` erased."""

    log_id: int
    before_index: int


@dataclass(frozen=True, slots=True)
class GetConfig:
    """Ask how the band records by itself; the reply carries ``StreamSettings``."""


@dataclass(frozen=True, slots=True)
class SetConfig:
    """Ask to record otherwise, from the next log on; the reply carries the ``StreamSettings`` from then on."""

    rate_hz: float
    range_g: int


Request = GetClock | ListLogs | ReadLog | StopRead | StartStream | StopStream | EraseLog | GetConfig | SetConfig


@dataclass(frozen=True, slots=True)
class ClockNow:
    """The band's counters at the moment of its reply."""

    ticks: int
    boot: int
    unix_s: int = 0  #: by the band's own clock; 0 if that was never set


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One stored log; its blocks are ``[first_index, first_index + block_count)``."""

    log_id: int
    first_index: int
    block_count: int
    start_ticks: int
    start_unix_s: int  #: by the band's own clock at ``start_ticks``; 0 if that wasn't set
    rate_hz: float
    range_g: int
    boot: int = 0
    flags: int = 0


@dataclass(frozen=True, slots=True)
class LogPage:
    """Some of the band's logs: ``logs`` are those from ``position`` on, of ``total``."""

    total: int
    position: int
    logs: tuple[LogEntry, ...]


@dataclass(frozen=True, slots=True)
class BlockCount:
    """How many blocks will be sent, were sent, or were erased."""

    blocks: int


@dataclass(frozen=True, slots=True)
class StreamSettings:
    """What the band streams, or records by itself."""

    rate_hz: float
    range_g: int


Body = ClockNow | LogPage | BlockCount | StreamSettings


@dataclass(frozen=True, slots=True)
class Reply:
    """The band's answer to the request with the same ``opcode`` and ``token``; only OK and DONE have a body."""

    opcode: Opcode
    token: int
    status: Status
    body: Body | None = None


OPCODE_OF: Final[dict[type, Opcode]] = {
    GetClock: Opcode.GET_CLOCK,
    ListLogs: Opcode.LIST_LOGS,
    ReadLog: Opcode.READ_LOG,
    StopRead: Opcode.STOP_READ,
    StartStream: Opcode.START_STREAM,
    StopStream: Opcode.STOP_STREAM,
    EraseLog: Opcode.ERASE_LOG,
    GetConfig: Opcode.GET_CONFIG,
    SetConfig: Opcode.SET_CONFIG,
}
_BARE: Final[dict[int, Request]] = {OPCODE_OF[type(r)]: r for r in (GetClock(), StopRead(), StopStream(), GetConfig())}


def encode_notification(notification: Notification) -> bytes:
    """Return the bytes of a live notification."""
    samples = _raw(notification.samples, MAX_NOTIFICATION_SAMPLES)
    head = pack(
        table.NOTIFICATION_HEADER,
        notification.version,
        len(samples),
        notification.seq,
        notification.ticks,
        rate_code(notification.rate_hz),
        notification.range_g,
        notification.flags,
        notification.boot,
    )
    return head + samples.tobytes()


def decode_notification(data: bytes) -> Notification:
    """Return what a live notification says."""
    version, count, seq, ticks, rate, range_g, flags, boot = unpack(table.NOTIFICATION_HEADER, data, "notification")
    _check_values(version, rate, range_g)
    samples = _samples(data, table.NOTIFICATION_HEADER.size, count, MAX_NOTIFICATION_SAMPLES)
    return Notification(seq, ticks, rate / RATE_STEPS_PER_HZ, range_g, samples, flags, boot, version)


def decode(data: bytes) -> Samples:
    """Return the samples of a live notification as those of any other band."""
    found = decode_notification(data)
    scale = found.range_g / COUNTS_PER_RANGE
    return Samples(found.samples.astype(np.int32), scale, counter=found.ticks, sequence=found.seq)


def encode_block(block: LogBlock) -> bytes:
    """Return the bytes of a stored block, checksum included."""
    samples = _raw(block.samples, MAX_BLOCK_SAMPLES)
    head = pack(
        table.BLOCK_HEADER,
        *(BLOCK_MAGIC, VERSION, len(samples), block.log_id, block.index, block.ticks),
        *(rate_code(block.rate_hz), block.range_g, block.flags, block.boot, 0),
    )
    body = head + samples.tobytes()
    return body + table.BLOCK_TRAILER.codec.pack(binascii.crc32(body))


def decode_block(data: bytes) -> LogBlock:
    """Return what a stored block says, if its checksum holds."""
    header = unpack(table.BLOCK_HEADER, data, "block")
    magic, version, count, log_id, index, ticks, rate, range_g, flags, boot, reserved = header
    if magic != BLOCK_MAGIC:
        raise FrameError(f"block begins with {magic:#06x}", expected=f"{BLOCK_MAGIC:#06x}")
    _check_values(version, rate, range_g)
    end = max(0, len(data) - table.BLOCK_TRAILER.size)
    samples = _samples(data[:end], table.BLOCK_HEADER.size, count, MAX_BLOCK_SAMPLES)
    (crc32,) = table.BLOCK_TRAILER.codec.unpack_from(data, end)
    if (found := binascii.crc32(data[:end])) != crc32:
        raise FrameError(f"block with checksum {found:#010x}", expected=f"{crc32:#010x}")
    if reserved:
        raise FrameError(f"block with {reserved} in its reserved bytes", expected="0")
    return LogBlock(log_id, index, ticks, rate / RATE_STEPS_PER_HZ, range_g, samples, flags, boot)


def encode_request(request: Request, token: int) -> bytes:
    """Return the bytes to write to the control point; ``token`` (0..255) comes back in the reply."""
    head = pack(table.REQUEST_HEADER, OPCODE_OF[type(request)], token)
    match request:
        case ListLogs(position):
            return head + pack(table.LIST_LOGS_REQUEST, position)
        case ReadLog(log_id, first_index, count):
            return head + pack(table.READ_LOG_REQUEST, log_id, first_index, count)
        case StartStream(rate_hz, range_g) | SetConfig(rate_hz, range_g):
            return head + pack(table.STREAM_SETTINGS, rate_code(rate_hz), range_g)
        case EraseLog(log_id, before_index):
            return head + pack(table.ERASE_LOG_REQUEST, log_id, before_index)
        case _:
            return head


def decode_request(data: bytes) -> tuple[int, Request]:
    """Return the token and the request that were written to the control point."""
    opcode, token = unpack(table.REQUEST_HEADER, data, "request")
    body = data[table.REQUEST_HEADER.size :]
    match opcode:
        case Opcode.LIST_LOGS:
            return token, ListLogs(*unpack_exactly(table.LIST_LOGS_REQUEST, body))
        case Opcode.READ_LOG:
            return token, ReadLog(*unpack_exactly(table.READ_LOG_REQUEST, body))
        case Opcode.START_STREAM:
            rate, range_g = unpack_exactly(table.STREAM_SETTINGS, body)
            return token, StartStream(rate / RATE_STEPS_PER_HZ, range_g)
        case Opcode.SET_CONFIG:
            rate, range_g = unpack_exactly(table.STREAM_SETTINGS, body)
            return token, SetConfig(rate / RATE_STEPS_PER_HZ, range_g)
        case Opcode.ERASE_LOG:
            return token, EraseLog(*unpack_exactly(table.ERASE_LOG_REQUEST, body))
        case _ if opcode not in _BARE:
            raise FrameError(f"request with opcode {opcode}", expected=f"1 to {max(Opcode)}")
        case _ if body:
            raise FrameError(f"request {Opcode(opcode).name} with {len(body)} bytes too many", expected="none")
        case _:
            return token, _BARE[opcode]


def encode_reply(reply: Reply) -> bytes:
    """Return the bytes that the band sends from its control point."""
    head = pack(table.REPLY_HEADER, reply.opcode, reply.token, reply.status)
    match reply.body:
        case ClockNow(ticks, boot, unix_s):
            return head + pack(table.CLOCK_REPLY, ticks, unix_s, boot)
        case LogPage(total, position, logs):
            if len(logs) > MAX_LOG_ENTRIES:
                raise ValueError(f"{len(logs)} logs in one reply, the most is {MAX_LOG_ENTRIES}")
            return head + pack(table.LIST_LOGS_REPLY, total, position, len(logs)) + b"".join(map(_pack_entry, logs))
        case BlockCount(blocks):
            return head + pack(table.BLOCK_COUNT, blocks)
        case StreamSettings(rate_hz, range_g):
            return head + pack(table.STREAM_SETTINGS, rate_code(rate_hz), range_g)
        case None:
            return head


def decode_reply(data: bytes) -> Reply:
    """Return the band's answer."""
    opcode, token, status = unpack(table.REPLY_HEADER, data, "reply")
    if opcode not in _OPCODES or status not in _STATUSES:
        raise FrameError(f"reply with opcode {opcode} and status {status}", expected="known ones")
    body = data[table.REPLY_HEADER.size :]
    succeeded = status in (Status.OK, Status.DONE)
    return Reply(Opcode(opcode), token, Status(status), _decode_body(opcode if succeeded else Opcode.STOP_READ, body))


def opening(wish: Wish) -> tuple[Step, ...]:
    """Return the start of the stream at the rate and range that are wished for."""
    request = encode_request(StartStream(wish.rate_hz, wish.range_g), 0)
    return (Ask(CONTROL_UUID, request, CONTROL_UUID, _answers(Opcode.START_STREAM), "StartStream"),)


def closing(_: Wish) -> tuple[Step, ...]:
    """Return the end of the stream."""
    request = encode_request(StopStream(), 1)
    return (Ask(CONTROL_UUID, request, CONTROL_UUID, _answers(Opcode.STOP_STREAM), "StopStream"),)


def _answers(opcode: Opcode) -> Callable[[bytes], bool]:
    def answered(value: bytes) -> bool:
        reply = decode_reply(value)
        if reply.opcode is not opcode:
            return False
        if reply.status is Status.BUSY:
            raise BandBusyError("the band is busy", remedy="try again in a minute")
        if reply.status is not Status.OK:
            raise BandRefusedError(f"the band answered {reply.status.name}", remedy="update its firmware")
        return True

    return answered


def _decode_body(opcode: int, body: bytes) -> Body | None:
    match opcode:
        case Opcode.GET_CLOCK:
            ticks, unix_s, boot = unpack_exactly(table.CLOCK_REPLY, body)
            return ClockNow(ticks, boot, unix_s)
        case Opcode.LIST_LOGS:
            total, position, count = unpack(table.LIST_LOGS_REPLY, body, "list of logs")
            begin, size = table.LIST_LOGS_REPLY.size, table.LOG_ENTRY.size
            if len(body) != begin + count * size:
                raise FrameError(f"list of {count} logs in {len(body)} bytes", expected=f"{begin + count * size} bytes")
            entries = tuple(_unpack_entry(body[at : at + size]) for at in range(begin, len(body), size))
            return LogPage(total, position, entries)
        case Opcode.READ_LOG | Opcode.ERASE_LOG:
            return BlockCount(*unpack_exactly(table.BLOCK_COUNT, body))
        case Opcode.START_STREAM | Opcode.GET_CONFIG | Opcode.SET_CONFIG:
            rate, range_g = unpack_exactly(table.STREAM_SETTINGS, body)
            return StreamSettings(rate / RATE_STEPS_PER_HZ, range_g)
        case _:
            if body:
                raise FrameError(f"reply with {len(body)} bytes too many", expected="no body")
            return None


def _pack_entry(log: LogEntry) -> bytes:
    return pack(
        table.LOG_ENTRY,
        log.log_id,
        log.first_index,
        log.block_count,
        log.start_ticks,
        log.start_unix_s,
        log.boot,
        rate_code(log.rate_hz),
        log.range_g,
        log.flags,
    )


def _unpack_entry(data: bytes) -> LogEntry:
    log_id, first, count, ticks, unix_s, boot, rate, range_g, flags = unpack_exactly(table.LOG_ENTRY, data)
    return LogEntry(log_id, first, count, ticks, unix_s, rate / RATE_STEPS_PER_HZ, range_g, boot, flags)


def scale_g(samples: NDArray[np.int16], range_g: int) -> NDArray[np.float32]:
    """Return raw samples in g; exact, because the divisor is a power of two."""
    return samples.astype(np.float32) * np.float32(range_g / COUNTS_PER_RANGE)


def _raw(samples: NDArray[np.int16], most: int) -> NDArray[np.int16]:
    if samples.dtype != np.int16 or samples.ndim != 2 or samples.shape[1] != 3 or not 1 <= len(samples) <= most:
        raise ValueError(f"samples are {samples.dtype} of shape {samples.shape}, expected int16 (1 to {most}, 3)")
    return samples.astype(_RAW, copy=False)


def _samples(data: bytes, begin: int, count: int, most: int) -> NDArray[np.int16]:
    if not 1 <= count <= most:
        raise FrameError(f"frame of {count} samples", expected=f"1 to {most}")
    if len(data) != begin + count * table.SAMPLE.size:
        raise FrameError(
            f"{len(data) - begin} bytes for {count} samples", expected=f"{count * table.SAMPLE.size} bytes"
        )
    return np.frombuffer(data, dtype=_RAW, offset=begin).reshape(count, 3)


def _check_values(version: int, rate: int, range_g: int) -> None:
    if version != VERSION:
        raise FrameError(f"frame of version {version}", expected=f"version {VERSION}")
    if not rate or not range_g:
        raise FrameError(f"frame with rate {rate} and range {range_g} g", expected="neither to be 0")
