"""A table of text is read in blocks of whole lines: where they end changes nothing."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device.errors import DamagedFileError
from device.readers import csv_file
from device.readers.csv_file import open_csv

ROWS = [f"{1_700_000_000_000_000_000 + 20_000_000 * k},{k % 7 / 8},{k % 5 / 4},{-1.0 + k % 3 / 2}" for k in range(200)]


def read(path: Path, block: int) -> tuple[list[int], list[list[float]]]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(csv_file, "_BLOCK_BYTES", block)
        ((_, stream),) = open_csv(path, "UTC")
        chunks = list(stream.chunks())
    times = [int(t) for chunk in chunks for t in chunk.time_ns]
    return times, np.concatenate([chunk.accel_g for chunk in chunks]).tolist()


@settings(max_examples=40, deadline=None)
@given(st.integers(20, 9000), st.sampled_from(["\n", "\r\n"]), st.booleans(), st.integers(0, 3))
def test_samples_are_the_same_whatever_the_block(tmp_path_factory, block, newline, ended, blank) -> None:
    path = tmp_path_factory.mktemp("csv") / "a.csv"
    text = newline.join(["t,x,y,z", *ROWS]) + newline * (ended + ended * blank)
    path.write_bytes(text.encode())
    times, values = read(path, block)
    assert times == [int(row.split(",")[0]) for row in ROWS]
    assert values == [[float(np.float32(v)) for v in row.split(",")[1:]] for row in ROWS]


def test_a_line_without_end_is_refused_before_it_fills_memory(tmp_path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes("\n".join(["t,x,y,z", *ROWS]).encode() + b"\n" + b"1" * 5_000_000)
    with pytest.raises(DamagedFileError, match="a line of"):
        read(path, 1 << 20)
