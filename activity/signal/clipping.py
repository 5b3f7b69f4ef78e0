"""Where a sensor was driven to the end of its range, and how fine its values are; both told from the values."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from activity.signal.metrics import Moments
from device.recording import Chunk

#: Samples that are looked at, evenly from all over a recording, for the end of its range, and then for who reached it.
#: A week at 100 Hz has 60 million, of which the second look takes 30 a window.
_FIRST_LOOK: Final = 600_000
_SECOND_LOOK: Final = 3_100_000
_VALUES: Final = 30_000  # enough to meet neighbouring steps of 16 bits
_MOVING_SD_G: Final = 0.1  # or a step: a band at rest can show its greatest value all the time, far from any range
_AT_RAIL: Final = 0.995  # of the greatest value: ±8 g in twelve bits ends at -8 and +7.996, in ten at +7.984
_BELOW_RAIL: Final = 0.9
_LEAST: Final = 10  # samples at the end of the range
_TO_SHELL: Final = 0.5  # of the samples just below; what moves freely is ten times rarer at its very end


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """Samples from all over a recording, every so manieth of them."""

    time_ns: NDArray[np.int64]  #: (n,)
    furthest_g: NDArray[np.float32]  #: (n,) the greatest |value| of the three axes
    values_g: NDArray[np.float32]  #: (m, 3) fewer of them, but all axes


class Looker:
    """Takes a recording chunk by chunk and keeps every second, fourth, eighth... sample, as memory allows."""

    def __init__(self) -> None:
        self._seen = 0
        self._fine = _Thinned(_SECOND_LOOK)
        self._coarse = _Thinned(_VALUES)

    def add(self, chunk: Chunk) -> None:
        """Look at the next samples."""
        part = self._fine.taken(self._seen, chunk.time_ns.size)
        x, y, z = np.abs(chunk.accel_g[part]).T
        self._fine.add(chunk.time_ns[part], np.maximum(np.maximum(x, y), z))
        self._coarse.add(chunk.accel_g[self._coarse.taken(self._seen, chunk.time_ns.size)])
        self._seen += chunk.time_ns.size

    def look(self) -> Look:
        """Return what was kept."""
        if not self._seen:
            return Look(np.empty(0, np.int64), np.empty(0, np.float32), np.empty((0, 3), np.float32))
        time_ns, furthest_g = self._fine.kept()
        return Look(time_ns, furthest_g, self._coarse.kept()[0])


class _Thinned:
    """Rows of some arrays, of which every second is dropped whenever there are more than ``most``."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._step = 1
        self._rows = 0
        self._parts: list[tuple[NDArray[Any], ...]] = []

    def taken(self, seen: int, count: int) -> slice:
        """Return which of the next ``count`` rows to add, after ``seen`` rows in all."""
        return slice(-seen % self._step, count, self._step)

    def add(self, *arrays: NDArray[Any]) -> None:
        """Keep rows that `taken` chose."""
        self._parts.append(tuple(np.array(array) for array in arrays))
        self._rows += len(arrays[0])
        while self._rows > self._most:
            thinner, row = [], 0
            for part in self._parts:  # one by one: all of them at once would be there twice
                thinner.append(tuple(array[row % 2 :: 2].copy() for array in part))
                row += len(part[0])
            self._parts, self._rows, self._step = thinner, (self._rows + 1) // 2, 2 * self._step

    def kept(self) -> tuple[NDArray[Any], ...]:
        """Return the rows that are left."""
        return tuple(np.concatenate(column) for column in zip(*self._parts, strict=True))


def quantum_of(look: Look) -> float:
    """Return the step in g between neighbouring values of a recording; infinite where there is only one value."""
    steps_g = []
    for axis in range(3):
        values = look.values_g[:, axis]
        different = np.unique(values[np.isfinite(values)].astype(np.float64))
        if different.size > 1:
            steps_g.append(float(np.median(np.diff(different)[: different.size // 2 + 1])))
    return min(steps_g, default=float("inf"))


def clipped_share(look: Look, start_ns: int, width_ns: int, moments: Moments, quantum_g: float) -> NDArray[np.float64]:
    """Return the share of each window's samples that stand at the end of the range on any axis; 0 without one.

    The windows of ``moments`` begin at ``start_ns`` and last ``width_ns``. The end of the range is told from those in
    which something moves, and only those are judged: of a long recording by some of their samples.
    """
    count = moments.coverage.size
    with np.errstate(invalid="ignore"):
        moving = moments.sd_g.max(axis=1) > max(_MOVING_SD_G, min(quantum_g, 1.0))
    if not moving.any():
        return np.zeros(count)
    window = (look.time_ns - start_ns) // width_ns
    judged = np.flatnonzero((window >= 0) & np.append(moving, [False])[np.clip(window, 0, count)])
    window, furthest_g = window[judged], look.furthest_g[judged]
    rail_g = _rail_g(furthest_g[:: -(-max(look.time_ns.size, 1) // _FIRST_LOOK)], quantum_g)
    if not np.isfinite(rail_g):
        return np.zeros(count)
    seen = np.bincount(window, minlength=count)
    return np.asarray(np.bincount(window[furthest_g >= rail_g], minlength=count) / np.maximum(seen, 1))


def _rail_g(furthest_g: NDArray[np.float32], quantum_g: float) -> float:
    """Return the least value that counts as the end of the range; infinite where values thin out towards it."""
    known = furthest_g[np.isfinite(furthest_g)]
    if not known.size:
        return float("inf")
    most_g = float(known.max())
    shell_g = min(_BELOW_RAIL * most_g, most_g - 2.5 * quantum_g)
    top = known[known >= shell_g]
    at_rail = int((top >= _AT_RAIL * most_g).sum())
    thins_out = at_rail < _LEAST or at_rail <= _TO_SHELL * (top.size - at_rail)
    return float("inf") if thins_out else _AT_RAIL * most_g
