"""Packets on disk: an Arrow IPC stream that gives back every whole batch, however it ended.

Each batch is one message, written and synced as a whole, at most once a second. Arrow doesn't check its bytes, so
each packet carries its own CRC-32, and a closed segment has a sidecar with its SHA-256.
"""

import binascii
import errno
import hashlib
import io
import itertools
import json
import os
import struct
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self

import pyarrow as pa

from device.capture.bounds import MOST_MONOTONIC_NS, MonotonicNs, UtcNs
from device.capture.durable import replace_file
from device.errors import CaptureError, CaptureWriteError
from device.recording import BandInfo

if TYPE_CHECKING:
    from pydantic import TypeAdapter

SUFFIX: Final = ".arrows"
BATCH_NS: Final = 1_000_000_000  #: a sync costs a flash page and a few ms; a second is what a power cut may take
_KEY: Final = b"selfback"
_END: Final = b"\xff\xff\xff\xff\0\0\0\0"
_COLUMNS: Final = (
    pa.field("arrival_ns", pa.int64(), nullable=False),
    pa.field("characteristic", pa.uint8(), nullable=False),
    pa.field("payload", pa.binary(), nullable=False),
    pa.field("crc32", pa.uint32(), nullable=False),
)
_SCHEMA: Final = pa.schema(_COLUMNS)
#: How a message of a stream begins: a mark and the size of what says its shape.
_FRAME: Final = struct.Struct("<Ii")
_CONTINUES: Final = 0xFFFFFFFF
#: What `_head_json` writes first.
_HEAD_BEGINS: Final = b'{"utc_ns": '


@dataclass(frozen=True, slots=True)
class Packet:
    """Bytes as they came, when, and from which characteristic (its UUID)."""

    arrival_ns: int  #: host monotonic; strictly increasing within a segment
    characteristic: str
    payload: bytes


@dataclass(frozen=True, slots=True)
class SegmentHead:
    """What a segment says of itself; ``utc_ns`` and ``monotonic_ns`` are the host's two clocks at one moment."""

    utc_ns: UtcNs
    monotonic_ns: MonotonicNs
    characteristics: tuple[str, ...]  #: UUIDs; a packet stores the place in this list
    profile: str = "openband"
    address: str = ""
    band: BandInfo = field(default_factory=BandInfo)
    program: str = ""
    reason: str = ""  #: why the segment was begun

    def utc_of(self, arrival_ns: int) -> int:
        """Return the UTC of an arrival."""
        return self.utc_ns + arrival_ns - self.monotonic_ns


@dataclass(frozen=True, slots=True)
class Manifest:
    """The sidecar of a closed segment."""

    sha256: str
    size: int  #: bytes
    packets: int
    batches: int


@dataclass(frozen=True, slots=True)
class Segment:
    """What could be read of a segment; ``closed`` says that its hash was there and holds."""

    head: SegmentHead
    packets: tuple[Packet, ...]
    closed: bool
    torn_bytes: int = 0  #: after the last whole batch
    damaged_packets: int = 0  #: with a wrong checksum; left out


class SegmentWriter:
    """Writes one segment; not for two threads at once.

    ``append`` writes a batch when ``BATCH_NS`` have passed since the last one by ``clock_ns``; ``flush`` writes
    what waits at once. On a full disk the torn part is cut off again, what waits is kept, and ``CaptureError`` is
    raised: call ``flush`` again when there is room, or ``close``.
    """

    def __init__(self, path: Path, head: SegmentHead, clock_ns: Callable[[], int]) -> None:
        self.path = path
        self.head = head
        self._clock_ns = clock_ns
        self._codes = {uuid: code for code, uuid in enumerate(head.characteristics)}
        self._schema = pa.schema(_COLUMNS, metadata={_KEY: _head_json(head)})
        self._waiting: list[tuple[int, int, bytes, int]] = []
        self._last_arrival_ns: int | None = None
        self._hash = hashlib.sha256()
        self._size = self._packets = self._batches = 0
        self._file = self._begin()
        self._written_at_ns = clock_ns()

    def _begin(self) -> io.FileIO:
        """Return the file, opened at its end; its name appears only when its head is whole."""
        head = self._schema.serialize().to_pybytes()
        try:
            if self.path.exists():
                raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))
            replace_file(self.path, head)
            file = io.FileIO(self.path, "r+")
        except OSError as error:
            raise CaptureWriteError(f"can't begin a segment: {error.strerror}", where=str(self.path)) from error
        self._size = file.seek(0, os.SEEK_END)
        self._hash.update(head)
        return file

    def append(self, arrival_ns: int, characteristic: str, payload: bytes) -> None:
        """Take one packet; an arrival not after the one before becomes 1 ns later than that, to keep the order."""
        if self._last_arrival_ns is not None:
            arrival_ns = max(arrival_ns, self._last_arrival_ns + 1)
        self._last_arrival_ns = arrival_ns
        code = self._codes[characteristic]
        self._waiting.append((arrival_ns, code, bytes(payload), _crc32(arrival_ns, code, payload)))
        if self._clock_ns() - self._written_at_ns >= BATCH_NS:
            self.flush()

    def write(self, packets: Iterable[Packet]) -> None:
        """Take several packets."""
        for packet in packets:
            self.append(packet.arrival_ns, packet.characteristic, packet.payload)

    def flush(self) -> None:
        """Write and sync what waits; nothing happens if nothing does."""
        if not self._waiting:
            return
        columns = zip(*self._waiting, strict=True)
        arrays = [pa.array(column, field.type) for column, field in zip(columns, _COLUMNS, strict=True)]
        batch = pa.record_batch(arrays, schema=self._schema)
        self._write(batch.serialize().to_pybytes())
        self._packets += len(self._waiting)
        self._batches += 1
        self._waiting = []
        self._written_at_ns = self._clock_ns()

    def close(self) -> Manifest:
        """Write what waits, the end mark and the sidecar; the file is closed also when that fails."""
        try:
            self.flush()
            self._write(_END)
        finally:
            self._file.close()
        manifest = Manifest(self._hash.hexdigest(), self._size, self._packets, self._batches)
        try:
            replace_file(_sidecar(self.path), json.dumps(asdict(manifest), indent=1).encode() + b"\n")
        except OSError as error:
            raise CaptureWriteError(f"can't close the segment: {error.strerror}", where=str(self.path)) from error
        return manifest

    def _write(self, data: bytes) -> None:
        try:
            written = 0
            while written < len(data):
                written += self._file.write(data[written:])
            os.fsync(self._file.fileno())
        except OSError as error:
            os.ftruncate(self._file.fileno(), self._size)
            os.lseek(self._file.fileno(), self._size, os.SEEK_SET)
            full = error.errno in (errno.ENOSPC, errno.EDQUOT)
            remedy = "make room on the disk; what was captured is kept" if full else ""
            raise CaptureWriteError(f"can't write: {error.strerror}", where=str(self.path), remedy=remedy) from error
        self._size += len(data)
        self._hash.update(data)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self._file.closed:
            self.close()


def read_segment(path: Path) -> Segment:
    """Return every whole batch of a segment; ``CaptureError`` if not even its head is whole, or its hash is wrong."""
    try:
        data = path.read_bytes()
        sidecar = _sidecar(path).read_bytes() if _sidecar(path).exists() else None
    except OSError as error:
        raise CaptureError(f"can't be read: {error.strerror}", where=str(path)) from error
    if sidecar is not None:
        _verify(path, data, sidecar)
    head, whole = _read_head(path, data)
    stream = pa.BufferReader(data)
    stream.seek(whole)
    packets: list[Packet] = []
    damaged = 0
    for batch in _batches(stream):
        whole = stream.tell()
        for arrival_ns, code, payload, crc32 in zip(*(column.to_pylist() for column in batch.columns), strict=True):
            known = code < len(head.characteristics) and 0 <= arrival_ns < MOST_MONOTONIC_NS
            if known and _crc32(arrival_ns, code, payload) == crc32:
                packets.append(Packet(arrival_ns, head.characteristics[code], payload))
            else:
                damaged += 1
    torn = 0 if data[whole:] == _END else len(data) - whole
    return Segment(head, tuple(packets), sidecar is not None, torn, damaged)


def _batches(stream: Any) -> Iterator[pa.RecordBatch]:
    while True:
        try:
            batch = pa.ipc.read_record_batch(pa.ipc.read_message(stream), _SCHEMA)
            batch.validate(full=True)
        except (pa.ArrowException, EOFError, OSError, ValueError):
            return
        if any(column.null_count for column in batch.columns):
            return
        yield batch


def _read_head(path: Path, data: bytes) -> tuple[SegmentHead, int]:
    """Return the head and where it ends.

    Columns are always the same, so only the metadata are read, and without Arrow: it trusts the schema of a stream, and
    a broken one can end the process.
    """
    mark, size = _FRAME.unpack(data[: _FRAME.size].ljust(_FRAME.size, b"\0"))
    end = _FRAME.size + size
    try:
        # Beyond a schema that isn't whole, or isn't one, there is nothing to find.
        begin = data.index(_HEAD_BEGINS, 0, end if mark == _CONTINUES and 0 < end <= len(data) else 0)
        found, _ = json.JSONDecoder().raw_decode(data[begin:end].decode(errors="replace"))
        found["band"] = _nan_for_null(found["band"])
        return _adapter().validate_python(found), end
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        remedy = "no packet of it can be read; the other segments of the capture can"
        raise CaptureError("the head of the segment is torn", where=str(path), remedy=remedy) from error


@cache
def _adapter() -> "TypeAdapter[SegmentHead]":
    from pydantic import TypeAdapter  # noqa: PLC0415 - only who opens a capture needs it

    return TypeAdapter(SegmentHead)


def _verify(path: Path, data: bytes, sidecar: bytes) -> None:
    try:
        expected = str(json.loads(sidecar)["sha256"])
    except (ValueError, KeyError, TypeError) as error:
        raise CaptureError("the sidecar is damaged", where=str(_sidecar(path)), expected="JSON with sha256") from error
    if (found := hashlib.sha256(data).hexdigest()) != expected:
        remedy = "restore it from a copy; to read what is left of it, move its sidecar away"
        raise CaptureError(f"SHA-256 is {found[:12]}…", where=str(path), expected=f"{expected[:12]}…", remedy=remedy)


def _head_json(head: SegmentHead) -> bytes:
    values = asdict(head)
    values["band"] = {name: None if value != value else value for name, value in values["band"].items()}  # noqa: PLR0124
    return json.dumps(values, allow_nan=False).encode()


def _nan_for_null(values: dict[str, Any]) -> dict[str, Any]:
    return {name: float("nan") if value is None else value for name, value in values.items()}


def _crc32(arrival_ns: int, code: int, payload: bytes) -> int:
    return binascii.crc32(payload, binascii.crc32(arrival_ns.to_bytes(8, "little", signed=True) + bytes((code,))))


def _sidecar(path: Path) -> Path:
    return path.with_name(path.name + ".json")


def next_segment(folder: Path) -> Path:
    """Return the path of the next segment of a capture folder; their names sort in the order they were begun."""
    taken = {entry.name for entry in folder.iterdir()}
    return next(folder / name for i in itertools.count() if (name := f"segment-{i:06d}{SUFFIX}") not in taken)
