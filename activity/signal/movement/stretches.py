"""What the measures share: filters that start anew after every gap, and means and sums over what came."""

import itertools
import math
from collections.abc import Callable, Iterator
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

#: Rows that are filtered at once: an hour at 100 Hz, and 9 MB in double precision. A multiple of three, for counts.
BLOCK_ROWS: Final = 360_000
LEAST_COVERAGE: Final = 0.9  #: of an epoch; with less, a measure of it is not known

Filter = Callable[[NDArray[np.float64]], NDArray[np.float64]]


def stretches(accel_g: NDArray[np.float32]) -> list[tuple[int, int]]:
    """Return half-open ranges of rows (n, 3) that came, without a missing one in between."""
    came = np.isfinite(accel_g[:, 0])
    edges = np.flatnonzero(came[1:] != came[:-1]) + 1
    ends = [0, *edges.tolist(), len(came)] if len(came) else []
    return [(first, last) for first, last in itertools.pairwise(ends) if came[first]]


def filtered(
    accel_g: NDArray[np.float32], start_filter: Callable[[NDArray[np.float64]], Filter]
) -> Iterator[tuple[int, NDArray[np.float64]]]:
    """Yield the first row and the filtered rows of each block; nothing is carried over a gap.

    ``start_filter`` takes the first row (3,) after a gap and returns a filter that keeps its state between blocks.
    """
    for first, last in stretches(accel_g):
        step = start_filter(accel_g[first].astype(np.float64))
        for at in [first, *range((first // BLOCK_ROWS + 1) * BLOCK_ROWS, last, BLOCK_ROWS)]:
            stop = min((at // BLOCK_ROWS + 1) * BLOCK_ROWS, last)
            yield at, step(accel_g[at:stop].astype(np.float64))


def add_to_epochs(total: NDArray[np.float64], first: int, values: NDArray[Any], width: int) -> None:
    """Add rows (n, k), of which the first is row ``first``, to the ``total`` (n_epochs, k) of their epochs."""
    last = min(first + len(values), len(total) * width)
    if last <= first:
        return
    epochs = np.arange(first // width, (last - 1) // width + 1)
    edges = np.maximum(epochs * width - first, 0)
    total[epochs] += np.add.reduceat(values[: last - first], edges, axis=0, dtype=np.float64)


def epoch_count(n_rows: int, width: int) -> int:
    """Return how many epochs ``n_rows`` make; the last may be short by as much as a gap may take."""
    return (n_rows + width - math.ceil(LEAST_COVERAGE * width)) // width


def came_share(accel_g: NDArray[np.float32], width: int) -> NDArray[np.float64]:
    """Return the share of each epoch's rows that came, 0..1."""
    came = np.zeros((epoch_count(len(accel_g), width), 1))
    add_to_epochs(came, 0, np.isfinite(accel_g[:, :1]), width)
    return np.asarray(came[:, 0] / width)
