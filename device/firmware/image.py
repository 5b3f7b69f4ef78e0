"""A signed firmware image as MCUboot takes it: whole, of which version, and for which board.

Layout: MCUboot, design.md, "Image format": a header of 32 bytes, the code, protected type-length-values, then those
that sign. The board is the class id that ``imgtool sign --vid MAKER --cid MODEL`` writes among the protected ones.
"""

import struct
import uuid
from dataclasses import dataclass
from typing import Final

from device.errors import FirmwareImageError

_HEADER: Final = struct.Struct("<IIHHIIBBHI4x")
_INFO: Final = struct.Struct("<HH")
_MAGIC: Final = 0x96F3B83D
_PROTECTED_MAGIC: Final = 0x6908
_MAGIC_OF_REST: Final = 0x6907
_CLASS_ID: Final = 0x75
_SHA256: Final = 0x10
ED25519: Final = 0x24

Version = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class FirmwareImage:
    """An image whose structure holds; whether its signature does, ``device.firmware.signature`` says."""

    data: bytes
    version: Version  #: major, minor, revision, build
    digest: bytes  #: SHA-256 of header, code and protected values: the name of the image on the band
    board: uuid.UUID | None  #: None where it doesn't say
    hashed_bytes: int  #: how many bytes at the beginning ``digest`` is of
    values: tuple[tuple[int, bytes], ...]  #: types and values that sign it

    @property
    def version_text(self) -> str:
        """The version as the band's list of images shows it."""
        major, minor, revision, build = self.version
        return f"{major}.{minor}.{revision}" + (f".{build}" if build else "")


def board_of(maker: str, model: str) -> uuid.UUID:
    """Return the class id of a board by the two strings of its Device Information."""
    return uuid.uuid5(uuid.uuid5(uuid.NAMESPACE_DNS, maker), model)


def parse_image(data: bytes, where: str = "") -> FirmwareImage:
    """Return what an image says; FirmwareImageError where it is torn, padded, or none."""
    if len(data) < _HEADER.size:
        raise torn(f"{len(data)} bytes are no image", where)
    magic, _, header_bytes, protected_bytes, code_bytes, _, *version = _HEADER.unpack_from(data)
    if magic != _MAGIC:
        raise torn(f"it begins with {magic:#010x}, not with MCUboot's {_MAGIC:#010x}", where)
    code_end = header_bytes + code_bytes
    protected: tuple[tuple[int, bytes], ...] = ()
    if protected_bytes:
        protected, _ = _values(data, code_end, _PROTECTED_MAGIC, protected_bytes, where)
    hashed = code_end + protected_bytes
    values, end = _values(data, hashed, _MAGIC_OF_REST, None, where)
    if end != len(data):
        raise torn(f"{len(data) - end} bytes follow its end", where)
    digests = [value for kind, value in values if kind == _SHA256]
    if len(digests) != 1 or len(digests[0]) != 32:
        raise torn("it doesn't hold one SHA-256 of itself", where)
    boards = [uuid.UUID(bytes=value) for kind, value in protected if kind == _CLASS_ID and len(value) == 16]
    major, minor, revision, build = version
    return FirmwareImage(
        data, (major, minor, revision, build), digests[0], boards[0] if len(boards) == 1 else None, hashed, values
    )


def _values(
    data: bytes, begin: int, magic: int, size: int | None, where: str
) -> tuple[tuple[tuple[int, bytes], ...], int]:
    """Return the type-length-values of one area, and where it ends."""
    if begin + _INFO.size > len(data):
        raise torn(f"it ends before byte {begin + _INFO.size}", where)
    found, total = _INFO.unpack_from(data, begin)
    end = begin + total
    if found != magic or total < _INFO.size or (size is not None and total != size) or end > len(data):
        raise torn(f"its values at byte {begin} don't hold together", where)
    values: list[tuple[int, bytes]] = []
    at = begin + _INFO.size
    while at < end:
        kind, length = _INFO.unpack_from(data, at) if at + _INFO.size <= end else (0, len(data))
        at += _INFO.size + length
        if at > end:
            raise torn(f"a value that ends at byte {at} is cut at byte {end}", where)
        values.append((kind, data[at - length : at]))
    return tuple(values), end


def torn(what: str, where: str) -> FirmwareImageError:
    """Return the fault for bytes that are no whole image."""
    return FirmwareImageError(
        what, where=where, expected="a whole image, as `imgtool sign` writes it without --pad", remedy="fetch it again"
    )
