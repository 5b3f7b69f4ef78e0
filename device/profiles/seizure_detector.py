"""OpenSeizureDetector's data source, as Bangle.js 2 and PineTime send it: three samples in mg a notification.

Source: OpenSeizureDetector, the BLE data source of BangleSD, format 3: three int16 x, y, z in mg, 25 Hz nominal,
no time, no sequence number. Formats 0 and 1 carry the magnitude alone and can't be a recording.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from device.errors import FrameError
from device.profiles.opening import Read, Step, Wish
from device.profiles.samples import Samples

SERVICE_UUID: Final = "000085e9-0000-1000-8000-00805f9b34fb"
STREAM_UUID: Final = "000085e9-0001-1000-8000-00805f9b34fb"
FORMAT_UUID: Final = "000085e9-0005-1000-8000-00805f9b34fb"
FORMAT_XYZ_MG: Final = 3
SAMPLES: Final = 3
_BYTES: Final = SAMPLES * 6


def check_format(value: bytes) -> None:
    """Raise FrameError unless the format characteristic says that all three axes are sent."""
    if value != bytes([FORMAT_XYZ_MG]):
        raise FrameError(
            f"data format {value[:8].hex(' ') or 'of no bytes'}",
            expected="03, three axes in mg",
            remedy="update the OpenSeizureDetector app on the watch and choose the 3-axis format",
        )


def opening(_: Wish) -> tuple[Step, ...]:
    """Return the one step before samples can be trusted: which of its formats the watch sends."""
    return (Read(FORMAT_UUID, check_format),)


def decode(value: bytes) -> Samples:
    """Return the three samples of one notification; FrameError where the bytes are none."""
    if len(value) != _BYTES:
        raise FrameError(f"acceleration of {len(value)} bytes", expected=f"{_BYTES} bytes, {SAMPLES} samples in mg")
    return Samples(np.frombuffer(value, dtype="<i2").reshape(SAMPLES, 3).astype(np.int32), 1e-3)


def encode(counts: NDArray[np.int32]) -> bytes:
    """Return the notification for (3, 3) counts in mg; ValueError where they don't fit."""
    values = np.asarray(counts)
    if values.shape != (SAMPLES, 3):
        raise ValueError(f"samples of shape {values.shape}")
    if values.min() < -32768 or values.max() > 32767:
        raise ValueError("a count outside int16")
    return values.astype("<i2").tobytes()
