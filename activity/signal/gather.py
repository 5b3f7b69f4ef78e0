"""A recording, read once: its rows on an even grid, laid aside, and what is known of it when it has passed."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from activity.signal.clipping import Look, Looker
from activity.signal.regularise import Grid, Lattice, Regulariser
from activity.threads import ahead
from device.errors import RecordingError
from device.recording import Chunk, Damage, Extent, Stream, Stretch, merged


class Rows(Protocol):
    """Where the rows of a grid lie while they are worked on; rows that were never added are NaN."""

    def add(self, first: int, rows: NDArray[np.float32]) -> None:
        """Lay aside rows (n, 3) from ``first`` on; ``first`` is at or after the end of those before."""
        ...

    def read(self, first: int, last: int) -> NDArray[np.float32]:
        """Return rows ``[first, last)``, to keep."""
        ...


class RowsInMemory:
    """Rows of a grid, in memory."""

    def __init__(self) -> None:
        self._parts: list[tuple[int, NDArray[np.float32]]] = []

    def add(self, first: int, rows: NDArray[np.float32]) -> None:
        """Keep rows."""
        self._parts.append((first, rows))

    def read(self, first: int, last: int) -> NDArray[np.float32]:
        """Return rows."""
        out = np.full((last - first, 3), np.nan, dtype=np.float32)
        for start, rows in self._parts:
            a, b = max(first, start), min(last, start + len(rows))
            if a < b:
                out[a - first : b - first] = rows[a - start : b - start]
        return out


@dataclass(frozen=True, slots=True, eq=False)
class Gathered:
    """A recording on an even grid whose rows lie in ``rows``."""

    rows: Rows
    n_rows: int
    rate_hz: float
    start_ns: int  #: UTC of row 0
    extent: Extent
    look: Look

    def grid(self, first: int, last: int) -> Grid:
        """Return rows ``[first, last)`` as a grid."""
        lattice = Lattice(self.start_ns, self.rate_hz)
        return Grid(self.rows.read(first, last), self.rate_hz, lattice.time_ns(first))


def gather(stream: Stream, rate_hz: float, rows: Rows) -> Gathered:
    """Read a stream to its end and return what it is; its grid goes to ``rows``.

    Memory holds some minutes of samples, whatever the length. Errors: those of the stream; `RecordingError` where
    time doesn't move on, and where the whole lasts longer than a grid can.
    """
    regulariser, looker, extents = Regulariser(rate_hz), Looker(), _Stretches()
    for chunk in ahead(_looked_at(stream, extents, looker)):
        for first, made in regulariser.push(chunk):
            rows.add(first, made)
    n_rows, rest = regulariser.finish()
    for first, made in rest:
        rows.add(first, made)
    return Gathered(rows, n_rows, rate_hz, regulariser.start_ns, extents.extent(), looker.look())


def _looked_at(stream: Stream, extents: "_Stretches", looker: Looker) -> Iterator[Chunk]:
    """Yield the chunks that hold samples, once they are noted."""
    for chunk in stream.chunks():
        extents.add(chunk)
        if chunk.time_ns.size:
            looker.add(chunk)
            yield _whole(chunk)


def _whole(chunk: Chunk) -> Chunk:
    """Return the chunk with NaN on all axes where one isn't a finite number."""
    with np.errstate(invalid="ignore", over="ignore"):
        if np.isfinite(chunk.accel_g.sum()):
            return chunk
    unusable = ~np.isfinite(chunk.accel_g).all(axis=1)
    if not unusable.any():  # a sum too great for its type
        return chunk
    accel_g = chunk.accel_g.copy()
    accel_g[unusable] = np.nan
    return replace(chunk, accel_g=accel_g)


class _Stretches:
    """The stretches and the damage of chunks that pass."""

    def __init__(self) -> None:
        self._first_ns: list[int] = []
        self._last_ns: list[int] = []
        self._samples: list[int] = []
        self._damage: list[Damage] = []

    def add(self, chunk: Chunk) -> None:
        """Note a chunk; `RecordingError` where its time doesn't move on."""
        self._damage += chunk.damage
        time_ns = chunk.time_ns
        if not time_ns.size:
            return
        if not np.all(time_ns[1:] > time_ns[:-1]) or (self._last_ns and time_ns[0] <= self._last_ns[-1]):
            raise RecordingError("time doesn't move on", expected="increasing time")
        starts = chunk.starts if self._first_ns else (0, *(start for start in chunk.starts if start))
        edges = [*starts, time_ns.size]
        if self._first_ns and edges[0] > 0:
            self._last_ns[-1] = int(time_ns[edges[0] - 1])
            self._samples[-1] += edges[0]
        for start, stop in itertools.pairwise(edges):
            self._first_ns.append(int(time_ns[start]))
            self._last_ns.append(int(time_ns[stop - 1]))
            self._samples.append(stop - start)

    def extent(self) -> Extent:
        """Return what passed."""
        rows = zip(self._first_ns, self._last_ns, self._samples, strict=True)
        return Extent(tuple(Stretch(*row) for row in rows), merged(self._damage))
