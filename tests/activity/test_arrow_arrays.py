"""Arrays made of memory are those that Arrow's own conversion makes."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from cwa_writer import header, sectors
from hypothesis import given
from hypothesis import strategies as st

from activity.reprocess.arrays import column, flags, numbers, texts

INSTANT = pa.timestamp("ns", "UTC")
KINDS: dict[pa.DataType, st.SearchStrategy[Any]] = {
    pa.string(): st.text(),
    pa.bool_(): st.booleans(),
    pa.int16(): st.integers(-(2**15), 2**15 - 1),
    pa.int32(): st.integers(-(2**31), 2**31 - 1),
    pa.int64(): st.integers(-(2**63), 2**63 - 1),
    pa.float64(): st.floats(allow_nan=False),
    pa.date32(): st.dates(),
    INSTANT: st.integers(-(2**62), 2**62),
    pa.list_(pa.float64()): st.lists(st.none() | st.floats(allow_nan=False), max_size=30),
}


@pytest.mark.parametrize("kind", KINDS, ids=str)
@given(data=st.data())
def test_values_of_python_become_the_array_that_arrow_makes_of_them(kind: pa.DataType, data: st.DataObject) -> None:
    values = data.draw(st.lists(st.none() | KINDS[kind], max_size=40))
    made = column(values, kind)
    made.validate(full=True)
    assert made.equals(pa.array(values, kind))


@given(values=st.lists(st.floats(width=32), max_size=40))
def test_numbers_that_are_not_known_are_null(values: list[float]) -> None:
    known = ~np.isnan(values)
    made = numbers(np.array(values, dtype=np.float32), pa.float32(), known)
    assert made.equals(pa.array(np.array(values, dtype=np.float32), mask=~known))
    whole = np.array(values, dtype=np.float32).clip(-1000, 1000).round()
    assert numbers(whole, pa.int32(), known).equals(pa.array(np.where(known, whole, 0).astype(np.int32), mask=~known))


@given(values=st.lists(st.sampled_from((0, 1, -1)), max_size=40))
def test_flags_are_true_false_or_null(values: list[int]) -> None:
    codes = np.array(values, dtype=np.int8)
    expected = [{1: True, 0: False, -1: None}[value] for value in values]
    assert flags(codes == 1, codes != -1).to_pylist() == expected


def test_strings_of_any_script_keep_their_bytes() -> None:
    assert texts(["", "sitting", None, "går 🚶"]).to_pylist() == ["", "sitting", None, "går 🚶"]


def test_a_recording_is_processed_without_pandas(tmp_path: Path) -> None:
    """Its import takes longer than to write all results."""
    recording = tmp_path / "one.cwa"
    accel_g = np.random.default_rng(3).normal((0, 0, 1), 0.05, (60_000, 3))
    recording.write_bytes(header() + sectors(accel_g).tobytes())
    code = (
        "import sys\nfrom activity.cli.main import main\n"
        "try:\n    main()\nexcept SystemExit as done:\n    assert not done.code, done.code\n"
        "assert 'pandas' not in sys.modules\n"
    )
    subprocess.run(
        [sys.executable, "-c", code, "process", recording, "--output", tmp_path / "out"], check=True, timeout=120
    )
    assert (tmp_path / "out" / "days.csv").is_file()
