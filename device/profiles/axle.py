"""Open Movement's AxLE: lines of hexadecimal over Nordic's UART service, a frame of 25 samples a line.

Source: the AxLE firmware's documentation. A frame is u32 counter of its real-time clock (32768 Hz, 24 bits wide on
an nRF51), u16 battery, u16 temperature, 25 times int16 x, y, z; all of it as hexadecimal and ended by CR LF. The
range isn't in the frame: it is what the reply to the command that started the stream said. What battery and
temperature count is not documented, so they stay unread.
"""

import binascii
import struct
from typing import Final

import numpy as np
from numpy.typing import NDArray

from device.errors import BandRefusedError, FrameError
from device.profiles.lines import Lines, join_lines
from device.profiles.opening import Ask, Step, Wish
from device.profiles.samples import Samples

SERVICE_UUID: Final = "6e400001-b5a3-f393-e0a9-e50e24dcca9e"
COMMAND_UUID: Final = "6e400002-b5a3-f393-e0a9-e50e24dcca9e"
STREAM_UUID: Final = "6e400003-b5a3-f393-e0a9-e50e24dcca9e"

COUNTER_HZ: Final = 32_768
COUNTER_BITS: Final = 24  #: wraps each 512 s; inferred from the chip, so a wider counter is kept as sent
SAMPLES: Final = 25
DEFAULT_RANGE_G: Final = 8
_HEADER: Final = struct.Struct("<IHH")
_FRAME_BYTES: Final = _HEADER.size + SAMPLES * 6
MAX_LINE_BYTES: Final = 2 * _FRAME_BYTES
_LONGEST_PART: Final = 4 * MAX_LINE_BYTES

PASSWORD_CHARACTERS: Final = 6
LET_IN: Final = b"Authenticated"
REFUSED: Final = b"!"
STARTED: Final = b"OP:"
_WORDS: Final = (LET_IN, REFUSED, STARTED)


def join(rest: bytes, value: bytes) -> Lines:
    """Return the frames that ``value`` ends; what the band says in words is left out.

    FrameError where no line ends within four frames.
    """
    lines = join_lines(rest, value, _LONGEST_PART)
    return Lines(tuple(line for line in lines.whole if not line.startswith(_WORDS)), lines.rest)


def log_in(serial: str, address: str = "") -> bytes:
    """Return the command that opens the band: its password is, unless changed, the end of its serial number."""
    known = serial or address.replace(":", "")
    return f"U{known[-PASSWORD_CHARACTERS:]}\r\n".encode("ascii", "replace")


def let_in(value: bytes) -> bool:
    """Return whether an answer says that the password was right; BandRefusedError where it says that it wasn't."""
    if value.startswith(REFUSED):
        raise BandRefusedError(
            "the band refused the password",
            expected="the last six characters of its serial number",
            remedy="reset the password with the band's own app",
        )
    return value.startswith(LET_IN)


def streams(value: bytes) -> bool:
    """Return whether an answer says that the raw stream was started; BandRefusedError where it was refused."""
    if value.startswith(REFUSED):
        raise BandRefusedError("the band refused to stream", remedy="take it off its charger and try again")
    return value.startswith(STARTED)


def start(rate_hz: int = 50, range_g: int = DEFAULT_RANGE_G) -> bytes:
    """Return the command that starts the raw stream; ValueError for what the sensor doesn't have."""
    if rate_hz not in (1, 10, 25, 50, 100, 200, 400) or range_g not in (2, 4, 8, 16):
        raise ValueError(f"{rate_hz} Hz, {range_g} g")
    return f"I {rate_hz} {range_g}\r\n".encode("ascii")


def opening(wish: Wish) -> tuple[Step, ...]:
    """Return the steps to a stream: the password, then the start."""
    return (
        Ask(COMMAND_UUID, log_in(wish.serial, wish.address), STREAM_UUID, let_in, "the password"),
        Ask(COMMAND_UUID, start(), STREAM_UUID, streams, "the start of the stream"),
    )


def decode(line: bytes, range_g: int = DEFAULT_RANGE_G) -> Samples:
    """Return the samples of one line without its CR LF; FrameError where it is no frame."""
    if len(line) != MAX_LINE_BYTES:
        raise FrameError(f"line of {len(line)} characters", expected=f"{MAX_LINE_BYTES} hexadecimal digits")
    try:
        frame = binascii.unhexlify(line)
    except binascii.Error as error:
        raise FrameError(f"line {line[:16]!r} is not hexadecimal", expected="0 to 9 and A to F") from error
    counter, _, _ = _HEADER.unpack_from(frame)
    counts = np.frombuffer(frame, dtype="<i2", offset=_HEADER.size).reshape(SAMPLES, 3).astype(np.int32)
    return Samples(counts, range_g / 32768, counter=counter)


def encode(counts: NDArray[np.int32], counter: int, battery: int = 0, temperature: int = 0) -> bytes:
    """Return the line for (25, 3) counts, CR LF included; ValueError where they don't fit."""
    values = np.asarray(counts)
    if values.shape != (SAMPLES, 3) or not 0 <= counter < 1 << 32:
        raise ValueError(f"samples of shape {values.shape}, counter {counter}")
    if values.min() < -32768 or values.max() > 32767:
        raise ValueError("a count outside int16")
    frame = _HEADER.pack(counter, battery, temperature) + values.astype("<i2").tobytes()
    return binascii.hexlify(frame).upper() + b"\r\n"
