"""Bluetooth's Current Time characteristic (0x2A2B): UTC nanoseconds to its ten bytes and back.

Layout: u16 year, u8 month, day, hour, minute, second, weekday (1 is Monday), 1/256 s, reason of the last
adjustment. The assigned-numbers document says local time; bands of this program are kept on UTC.
"""

import datetime as dt
import struct
from typing import Final

from device.errors import FrameError
from device.recording import NS_PER_S

CURRENT_TIME: Final = struct.Struct("<HBBBBBBBB")
MANUAL_UPDATE: Final = 0x01
_EPOCH: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def encode_current_time(utc_ns: int) -> bytes:
    """Return the ten bytes for a moment, cut to 1/256 s."""
    moment = _EPOCH + dt.timedelta(seconds=utc_ns // NS_PER_S)
    fraction = (utc_ns % NS_PER_S) * 256 // NS_PER_S
    parts = (moment.year, moment.month, moment.day, moment.hour, moment.minute, moment.second)
    return CURRENT_TIME.pack(*parts, moment.isoweekday(), fraction, MANUAL_UPDATE)


def decode_current_time(value: bytes) -> int:
    """Return the moment in nanoseconds; FrameError where the bytes are none."""
    if len(value) != CURRENT_TIME.size:
        raise FrameError(f"current time of {len(value)} bytes", expected=f"{CURRENT_TIME.size} bytes")
    year, month, day, hour, minute, second, _, fraction, _ = CURRENT_TIME.unpack(value)
    try:
        moment = dt.datetime(year, month, day, hour, minute, second, tzinfo=dt.UTC)
    except ValueError as error:
        raise FrameError(f"current time {value.hex(' ')} is no date", expected="a calendar date and time") from error
    seconds = round((moment - _EPOCH).total_seconds())
    return seconds * NS_PER_S + int(fraction) * NS_PER_S // 256
