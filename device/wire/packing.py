"""One struct of the table, to bytes and back: ``ValueError`` on our side, ``FrameError`` on the band's."""

import struct

from device.errors import FrameError
from device.wire.codes import RATE_STEPS_PER_HZ
from device.wire.table import WireStruct


def pack(layout: WireStruct, *values: int) -> bytes:
    """Return the bytes of one struct; ``ValueError`` for a value that its field can't hold."""
    try:
        return layout.codec.pack(*values)
    except struct.error as error:
        raise ValueError(f"{layout.name} can't carry {values}: {error}") from None


def unpack(layout: WireStruct, data: bytes, what: str) -> tuple[int, ...]:
    """Return the fields that ``data`` begins with."""
    if len(data) < layout.size:
        raise FrameError(f"{what} of {len(data)} bytes", expected=f"at least {layout.size}")
    return layout.codec.unpack_from(data)


def unpack_exactly(layout: WireStruct, data: bytes) -> tuple[int, ...]:
    """Return the fields that ``data`` holds and nothing else."""
    if len(data) != layout.size:
        raise FrameError(f"{layout.name} of {len(data)} bytes", expected=f"{layout.size}")
    return layout.codec.unpack(data)


def rate_code(rate_hz: float) -> int:
    """Return the rate in 1/64 Hz; ``ValueError`` if it is not a whole number of them, or not in a u16."""
    code = rate_hz * RATE_STEPS_PER_HZ
    if not 1 <= code <= 0xFFFF or code != int(code):
        raise ValueError(f"rate {rate_hz} Hz is not a multiple of 1/{RATE_STEPS_PER_HZ} Hz below 1024 Hz")
    return int(code)
