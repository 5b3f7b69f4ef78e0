"""Bangle.js 2 without an app: one fixed program, sent over Nordic's UART service, makes it stream frames as lines.

Source of the calls in the program: Espruino's reference; of the register: KX023's data sheet (ODCNTL, 0x1B). The watch
runs whatever text it is sent, so `SNIPPET` is the only text that this program ever sends. A line is `sb1:` and the
base64 of u8 version, u8 count, u16 sequence number, u32 ms of the first sample by the watch's clock, count times int16
x, y, z (8192 counts are 1 g), u32 CRC-32 of all before; all little endian. Anything else is the console talking.
"""

import binascii
import struct
from typing import Final

import numpy as np
from numpy.typing import NDArray

from device.errors import FrameError
from device.profiles.lines import Lines, join_lines
from device.profiles.opening import Say, Step, Wish
from device.profiles.samples import Samples

SERVICE_UUID: Final = "6e400001-b5a3-f393-e0a9-e50e24dcca9e"
COMMAND_UUID: Final = "6e400002-b5a3-f393-e0a9-e50e24dcca9e"
STREAM_UUID: Final = "6e400003-b5a3-f393-e0a9-e50e24dcca9e"

RATE_HZ: Final = 25
COUNTER_HZ: Final = 1_000
COUNTER_BITS: Final = 32
COUNTS_PER_G: Final = 8192
SAMPLES: Final = 10
PREFIX: Final = b"sb1:"
_VERSION: Final = 1
_HEADER: Final = struct.Struct("<BBHI")
_CRC: Final = struct.Struct("<I")
_FRAME_BYTES: Final = _HEADER.size + SAMPLES * 6 + _CRC.size
MAX_LINE_BYTES: Final = len(PREFIX) + 4 * -(-_FRAME_BYTES // 3)
_LONGEST_PART: Final = 4_096  #: a console may print much before a line ends; beyond this it isn't talking to us

#: Ctrl-C clears what stands on the console's line, Ctrl-P keeps it from echoing. 25 Hz by the sensor, asked every
#: 20 ms, which also ends the power saving that would ask it every 800 ms; when the link ends all is put back.
SNIPPET: Final = (
    b"\x03\x10(function(){"
    b"var n=0,s=0,b=new ArrayBuffer(72),v=new DataView(b);"
    b"function f(a){"
    b"if(!n){v.setUint8(0,1);v.setUint8(1,10);v.setUint16(2,s,1);v.setUint32(4,(getTime()*1000)%4294967296,1);}"
    b"var o=8+n*6;v.setInt16(o,a.x*8192,1);v.setInt16(o+2,a.y*8192,1);v.setInt16(o+4,a.z*8192,1);"
    b"if(++n==10){n=0;s=(s+1)&65535;v.setUint32(68,E.CRC32(new Uint8Array(b,0,68)),1);"
    b"Bluetooth.println('sb1:'+btoa(b));}}"
    b"function q(){Bangle.removeListener('accel',f);NRF.removeListener('disconnect',q);"
    b"Bangle.accelWr(0x1B,0x40);Bangle.setPollInterval(80);}"
    b"Bangle.accelWr(0x1B,0x41);Bangle.setPollInterval(20);Bangle.on('accel',f);NRF.on('disconnect',q);"
    b"})();\n"
)


def opening(_: Wish) -> tuple[Step, ...]:
    """Return the one step: the program. It ends by itself when the link does."""
    return (Say(COMMAND_UUID, SNIPPET),)


def join(rest: bytes, value: bytes) -> Lines:
    """Return the frames that ``value`` ends, without what the console says; FrameError where no line ends."""
    lines = join_lines(rest, value, _LONGEST_PART)
    framed = (line[line.find(PREFIX) :] for line in lines.whole if PREFIX in line)
    return Lines(tuple(framed), lines.rest)


def decode(line: bytes) -> Samples:
    """Return the samples of one line without its CR LF; FrameError where it is no frame."""
    if len(line) != MAX_LINE_BYTES or not line.startswith(PREFIX):
        raise FrameError(f"line of {len(line)} characters", expected=f"{PREFIX.decode()} and {MAX_LINE_BYTES} in all")
    try:
        frame = binascii.a2b_base64(line[len(PREFIX) :], strict_mode=True)
    except binascii.Error as error:
        raise FrameError(f"line {line[:16]!r} is not base64", expected="base64") from error
    if len(frame) != _FRAME_BYTES:
        raise FrameError(f"frame of {len(frame)} bytes", expected=f"{_FRAME_BYTES} bytes")
    version, count, sequence, counter = _HEADER.unpack_from(frame)
    (crc32,) = _CRC.unpack_from(frame, _FRAME_BYTES - _CRC.size)
    if (found := binascii.crc32(frame[: -_CRC.size])) != crc32:
        raise FrameError(f"frame with checksum {found:#010x}", expected=f"{crc32:#010x}")
    if (version, count) != (_VERSION, SAMPLES):
        raise FrameError(f"frame of version {version}, {count} samples", expected=f"{_VERSION}, {SAMPLES} samples")
    counts = np.frombuffer(frame, dtype="<i2", count=SAMPLES * 3, offset=_HEADER.size).reshape(SAMPLES, 3)
    return Samples(counts.astype(np.int32), 1 / COUNTS_PER_G, counter=counter, sequence=sequence)


def encode(counts: NDArray[np.int32], counter: int, sequence: int = 0) -> bytes:
    """Return the line for (10, 3) counts, CR LF included; ValueError where they don't fit."""
    values = np.asarray(counts)
    if values.shape != (SAMPLES, 3) or not 0 <= counter < 1 << 32 or not 0 <= sequence < 1 << 16:
        raise ValueError(f"samples of shape {values.shape}, counter {counter}, sequence {sequence}")
    if values.min() < -32768 or values.max() > 32767:
        raise ValueError("a count outside int16")
    body = _HEADER.pack(_VERSION, SAMPLES, sequence, counter) + values.astype("<i2").tobytes()
    return PREFIX + binascii.b2a_base64(body + _CRC.pack(binascii.crc32(body)), newline=False) + b"\r\n"
