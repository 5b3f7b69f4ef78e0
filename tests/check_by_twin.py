"""A file as a reader reads it, beside the same file as its slow twin does."""

from pathlib import Path

import numpy as np
import pytest

from device.errors import DamagedFileError
from device.readers.table import read_recording


def check_by_twin(path: Path, expected: list[tuple[int, int, tuple[float, float, float]]]) -> None:
    """Read a file and compare it sample by sample with (run, time in UTC, acceleration); none means it is refused."""
    if not expected:
        with pytest.raises(DamagedFileError):
            read_recording(path)
        return
    runs, time_ns, accel_g = zip(*expected, strict=True)
    recording = read_recording(path)
    np.testing.assert_array_equal(recording.accel_g, np.array(accel_g, dtype=np.float32))
    np.testing.assert_array_equal(recording.time_ns, np.array(time_ns))
    starts = [0, *(k for k in range(1, len(runs)) if runs[k] != runs[k - 1])]
    assert [segment.start for segment in recording.segments] == starts
