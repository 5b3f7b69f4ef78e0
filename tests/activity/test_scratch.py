"""Rows on disk are the rows that were laid aside, and leave nothing behind."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from activity.errors import OutputError
from activity.reprocess.scratch import rows_on_disk
from activity.signal.gather import RowsInMemory


@settings(max_examples=60, deadline=None)
@given(
    runs=st.lists(st.tuples(st.integers(0, 40), st.integers(1, 50)), min_size=1, max_size=8),
    wanted=st.lists(st.tuples(st.integers(0, 400), st.integers(0, 200)), min_size=1, max_size=6),
    seed=st.integers(0, 99),
)
def test_rows_on_disk_are_rows_in_memory(runs, wanted, seed, tmp_path_factory):
    rng = np.random.default_rng(seed)
    folder = tmp_path_factory.mktemp("rows")
    memory = RowsInMemory()
    with rows_on_disk(folder) as disk:
        edge = 0
        for gap, length in runs:
            rows = rng.normal(size=(length, 3)).astype(np.float32)
            for place in (memory, disk):
                place.add(edge + gap, rows)
            edge += gap + length
            for first, more in wanted:  # reading in between must not disturb writing
                np.testing.assert_array_equal(disk.read(first, first + more), memory.read(first, first + more))
        assert list(folder.iterdir()) == []


def test_a_disk_without_room_is_an_output_error(tmp_path):
    class Full:
        def seek(self, at):
            pass

        def write(self, data):
            raise OSError(28, "No space left on device")

    with rows_on_disk(tmp_path) as rows:
        rows._file = Full()
        with pytest.raises(OutputError, match="No space left") as caught:
            rows.add(0, np.zeros((4, 3), np.float32))
    assert caught.value.exit_code == 4


def test_a_folder_that_is_not_there_is_an_output_error(tmp_path):
    with pytest.raises(OutputError), rows_on_disk(tmp_path / "gone"):
        pass
