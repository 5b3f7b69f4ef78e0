"""PineTime with InfiniTime: raw motion, one sample a notification, or a whole FIFO of them.

Source: InfiniTime, doc/MotionService.md; 1 g is 1024 counts. Stock firmware polls each 100 ms and sends nothing
where all three axes equal those sent before; firmware that sends the FIFO sends up to 32 samples at once.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from device.errors import FrameError
from device.profiles.samples import Samples

SERVICE_UUID: Final = "00030000-78fc-48fe-8e23-433b3a1942d0"
STREAM_UUID: Final = "00030002-78fc-48fe-8e23-433b3a1942d0"
COUNTS_PER_G: Final = 1024
MAX_SAMPLES: Final = 32
RATE_HZ: Final = 10.0  #: of the stock firmware
PACKED_RATE_HZ: Final = 100.0  #: at which the sensor runs; forks of the other firmware claim 25 to 200
_SAMPLE_BYTES: Final = 6


def decode(value: bytes) -> Samples:
    """Return the samples of one notification; FrameError where the bytes are none."""
    n, rest = divmod(len(value), _SAMPLE_BYTES)
    if rest or not 1 <= n <= MAX_SAMPLES:
        raise FrameError(
            f"motion of {len(value)} bytes", expected=f"1 to {MAX_SAMPLES} samples of {_SAMPLE_BYTES} bytes"
        )
    return Samples(np.frombuffer(value, dtype="<i2").reshape(n, 3).astype(np.int32), 1 / COUNTS_PER_G)


def encode(counts: NDArray[np.int32]) -> bytes:
    """Return the notification for (n, 3) counts; ValueError where they don't fit."""
    values = np.asarray(counts)
    if values.ndim != 2 or values.shape[1] != 3 or not 1 <= len(values) <= MAX_SAMPLES:
        raise ValueError(f"samples of shape {values.shape}")
    if values.min() < -32768 or values.max() > 32767:
        raise ValueError("a count outside int16")
    return values.astype("<i2").tobytes()
