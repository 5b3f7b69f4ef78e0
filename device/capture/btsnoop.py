"""A session as it went over HCI, in the btsnoop format, and back into segments that the same pipeline reads.

Such a file holds health data, addresses, and the keys of a pairing that was made meanwhile. So none is written unless
somebody asks for it, its name has to say that it is sensitive, and nobody else on the machine can read it.

Format: RFC 1761 as Bluetooth hosts use it (data links 1002, H4, and 2001, the Linux monitor that ``btmon -w`` writes).
Packets: Bluetooth Core 5.4, vol 4 part E 5.4 (HCI), vol 3 part A 3.1 (L2CAP) and part F 3.4 (ATT).
"""

import os
import struct
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from device.capture.segments import Packet, Segment, SegmentHead
from device.errors import CaptureError, CaptureWriteError
from device.wire.codes import CONTROL_UUID, LOG_UUID, STREAM_UUID

SENSITIVE: Final = ".sensitive.btsnoop"  #: how the name of such a file ends

_MAGIC: Final = b"btsnoop\0"
_FILE_HEAD: Final = struct.Struct(">8sII")
_RECORD: Final = struct.Struct(">IIIIQ")
_H4: Final = 1002
_MONITOR: Final = 2001
#: Microseconds from the year 0, from which the format counts, to 1970.
_EPOCH_US: Final = 0x00DCDDB30F2F8000
_LONGEST: Final = 65_540
_FROM_CONTROLLER: Final = 1
_COMMAND, _ACL, _EVENT = 1, 2, 4
#: Of the monitor: what each of its codes would be as an H4 packet, and whether it came from the controller.
_MONITORED: Final = {2: (_COMMAND, False), 3: (_EVENT, True), 4: (_ACL, False), 5: (_ACL, True)}
_ATT_CHANNEL: Final = 4
_READ_BY_TYPE_RESPONSE, _NOTIFICATION, _INDICATION = 0x09, 0x1B, 0x1D
_DECLARATION: Final = {7: 2, 21: 16}  #: size of a characteristic's declaration, and of the UUID at its end
_BASE_UUID: Final = "0000{:04x}-0000-1000-8000-00805f9b34fb"
_KEPT: Final = (STREAM_UUID, LOG_UUID, CONTROL_UUID)


class BtsnoopWriter:
    """Writes HCI packets as they pass a host; give it to the host as its ``snooper``."""

    def __init__(self, path: Path, utc_ns: Callable[[], int]) -> None:
        if not path.name.endswith(SENSITIVE):
            raise CaptureWriteError(
                "a recorded session holds health data and keys, and its name has to say so",
                where=str(path),
                expected=f"a name that ends with {SENSITIVE}",
            )
        try:
            # Never over an older one, and for nobody else's eyes from the first byte on.
            self._file = os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")
        except OSError as error:
            raise CaptureWriteError(f"can't begin a btsnoop file: {error.strerror}", where=str(path)) from error
        self._utc_ns = utc_ns
        self._file.write(_FILE_HEAD.pack(_MAGIC, 1, _H4))

    def snoop(self, hci_packet: bytes, direction: int) -> None:
        """Write one H4 packet; ``direction`` is 1 for one that came from the controller."""
        flags = int(direction) | (0 if hci_packet[0] == _ACL else 2)
        time_us = self._utc_ns() // 1000 + _EPOCH_US
        self._file.write(_RECORD.pack(len(hci_packet), len(hci_packet), flags, 0, time_us) + hci_packet)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()


@dataclass(slots=True)
class _Connection:
    """One connection of the session, while it lasts."""

    waiting: dict[bool, bytes] = field(default_factory=lambda: {True: b"", False: b""})
    uuids: dict[int, str] = field(default_factory=dict)
    packets: list[tuple[int, str, bytes]] = field(default_factory=list)


def replayed(path: Path) -> tuple[Segment, ...]:
    """Return what open bands sent in a recorded session, a segment for each connection.

    ``CaptureError`` where the file isn't one; one that is cut off gives what is whole of it.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise CaptureError(f"can't be read: {error.strerror}", where=str(path)) from error
    live: dict[int, _Connection] = defaultdict(_Connection)
    ended: list[_Connection] = []
    for utc_ns, from_controller, packet in _h4_packets(path, data):
        if packet[0] == _ACL and len(packet) >= 5:
            _on_acl(live, utc_ns, packet, from_controller=from_controller)
        elif packet[0] == _EVENT and packet[1:2] == b"\x05" and len(packet) >= 6:
            ended.append(live.pop(int.from_bytes(packet[4:6], "little") & 0x0FFF, _Connection()))
    segments = [_segment(connection) for connection in (*ended, *live.values()) if connection.packets]
    return tuple(sorted(segments, key=lambda segment: segment.head.utc_ns))


def _h4_packets(path: Path, data: bytes) -> Iterator[tuple[int, bool, bytes]]:
    """Yield the UTC, whether it came from the controller, and the bytes of each packet that is whole."""
    magic, version, link = _FILE_HEAD.unpack(data[: _FILE_HEAD.size].ljust(_FILE_HEAD.size, b"\0"))
    if (magic, version) != (_MAGIC, 1) or link not in (_H4, _MONITOR):
        raise CaptureError(
            "this isn't a btsnoop file that can be replayed", where=str(path), expected=f"data link {_H4} or {_MONITOR}"
        )
    at = _FILE_HEAD.size
    while at + _RECORD.size <= len(data):
        _, size, flags, _, time_us = _RECORD.unpack_from(data, at)
        at += _RECORD.size
        if not 0 < size <= _LONGEST or at + size > len(data) or not _EPOCH_US <= time_us < 1 << 62:
            return
        packet, from_controller = data[at : at + size], bool(flags & _FROM_CONTROLLER)
        at += size
        if link == _MONITOR:
            kind, from_controller = _MONITORED.get(flags & 0xFFFF, (0, False))
            packet = bytes((kind,)) + packet
        yield (time_us - _EPOCH_US) * 1000, from_controller, packet


def _on_acl(live: dict[int, _Connection], utc_ns: int, packet: bytes, *, from_controller: bool) -> None:
    """Take a fragment of data; a whole ATT packet of the band is kept or learned from."""
    head = int.from_bytes(packet[1:3], "little")
    connection, begins = live[head & 0x0FFF], head >> 12 & 3 != 1
    whole = (b"" if begins else connection.waiting[from_controller]) + packet[5:]
    connection.waiting[from_controller] = whole
    if len(whole) < 4 or len(whole) < 4 + int.from_bytes(whole[:2], "little"):
        return
    size, channel = struct.unpack_from("<HH", whole)
    connection.waiting[from_controller] = b""
    if from_controller and channel == _ATT_CHANNEL and size:
        _on_att(connection, utc_ns, whole[4 : 4 + size])


def _on_att(connection: _Connection, utc_ns: int, pdu: bytes) -> None:
    if pdu[0] == _READ_BY_TYPE_RESPONSE and len(pdu) > 1 and pdu[1] in _DECLARATION:
        for at in range(2, len(pdu) - pdu[1] + 1, pdu[1]):
            handle, name = int.from_bytes(pdu[at + 3 : at + 5], "little"), pdu[at + 5 : at + pdu[1]][::-1]
            short = len(name) == 2
            connection.uuids[handle] = (
                _BASE_UUID.format(int.from_bytes(name, "big")) if short else str(uuid.UUID(bytes=name))
            )
    elif pdu[0] in (_NOTIFICATION, _INDICATION) and len(pdu) >= 3:
        characteristic = connection.uuids.get(int.from_bytes(pdu[1:3], "little"), "")
        if characteristic in _KEPT:
            connection.packets.append((utc_ns, characteristic, pdu[3:]))


def _segment(connection: _Connection) -> Segment:
    began_ns = min(utc_ns for utc_ns, _, _ in connection.packets)
    packets: list[Packet] = []
    for utc_ns, name, payload in connection.packets:
        after_ns = packets[-1].arrival_ns + 1 if packets else 0
        packets.append(Packet(max(utc_ns - began_ns, after_ns), name, payload))
    return Segment(SegmentHead(began_ns, 0, _KEPT, reason="btsnoop"), tuple(packets), closed=False)
