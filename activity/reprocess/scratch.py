"""Rows of a grid on disk while they are worked on, in a file without a name: it is gone when the work ends, however."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

import numpy as np
from numpy.typing import NDArray

from activity.reprocess.output import unwritable

_ROW_BYTES: Final = 12


class RowsOnDisk:
    """Rows of a grid in a file, one run after the other."""

    def __init__(self, file: IO[bytes], folder: Path) -> None:
        self._file = file
        self._folder = folder
        self._runs: list[tuple[int, int, int]] = []  # first row, row after the last, first row in the file

    def add(self, first: int, rows: NDArray[np.float32]) -> None:
        """Write rows; `OutputError` where there is no room."""
        at = self._runs[-1][2] + self._runs[-1][1] - self._runs[-1][0] if self._runs else 0
        try:
            self._file.seek(at * _ROW_BYTES)
            self._file.write(np.ascontiguousarray(rows, dtype=np.float32).data)
            self._file.flush()
        except OSError as error:
            raise unwritable(self._folder, error) from error
        if self._runs and self._runs[-1][1] == first:
            begin, _, start = self._runs.pop()
            self._runs.append((begin, first + len(rows), start))
        else:
            self._runs.append((first, first + len(rows), at))

    def read(self, first: int, last: int) -> NDArray[np.float32]:
        """Return rows; `OutputError` where they can't be read back."""
        out = np.full((last - first, 3), np.nan, dtype=np.float32)
        for begin, end, start in self._runs:
            a, b = max(first, begin), min(last, end)
            if a < b:
                self._fetch(start + a - begin, out[a - first : b - first])
        return out

    def _fetch(self, row: int, out: NDArray[np.float32]) -> None:
        try:
            self._file.seek(row * _ROW_BYTES)
            found = self._file.readinto(out.data.cast("B"))  # type: ignore[attr-defined]
        except OSError as error:
            raise unwritable(self._folder, error) from error
        if found != out.nbytes:
            raise unwritable(self._folder, OSError(0, "what was written can't be read back"))


@contextmanager
def rows_on_disk(folder: Path) -> Iterator[RowsOnDisk]:
    """Yield a place for rows in ``folder``, which the operating system frees even if the program is killed."""
    try:
        file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - closed below
    except OSError as error:
        raise unwritable(folder, error) from error
    with file:
        yield RowsOnDisk(file, folder)
