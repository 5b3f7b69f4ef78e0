"""Blocks with a clock reading each, to sample times; and which of two contradicting runs is right."""

import bisect
from typing import Final

import numpy as np
from numpy.typing import NDArray

from device.recording import NS_PER_S

#: A week has half a million blocks of 120 samples; taken at once, what is needed on the way is larger than the result.
BLOCKS_AT_ONCE: Final = 4096


def interpolated(
    start_ns: NDArray[np.int64],
    counts: NDArray[np.int64],
    rate_hz: NDArray[np.float64],
    number: NDArray[np.uint32],
    session: NDArray[np.uint32],
) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Return the run and the time of every sample.

    All arguments are one value a block: time and count of its samples, nominal rate, running number, session.
    A block goes on with the run before it if its number is the next one and it starts within half to one and a half
    times as late as the nominal rate says.
    """
    nominal_ns = counts / rate_hz * NS_PER_S
    step_ns = np.diff(start_ns).astype(np.float64)
    next_in_line = (np.diff(number.astype(np.int64)) == 1) & (np.diff(session.astype(np.int64)) == 0)
    goes_on = next_in_line & (np.abs(step_ns - nominal_ns[:-1]) <= nominal_ns[:-1] / 2) & (np.diff(rate_hz) == 0)
    run = np.concatenate(([0], np.cumsum(~goes_on)))
    duration_ns = nominal_ns.copy()
    duration_ns[:-1][goes_on] = step_ns[goes_on]
    last = np.concatenate((~goes_on, [True])) & np.concatenate(([False], goes_on))
    at = np.flatnonzero(last)
    duration_ns[at] = duration_ns[at - 1] / counts[at - 1] * counts[at]
    return np.repeat(run.astype(np.int32), counts), _spread(start_ns, counts, duration_ns / counts)


def _spread(start_ns: NDArray[np.int64], counts: NDArray[np.int64], step_ns: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the time of every sample of blocks that start at ``start_ns`` and go on in steps of ``step_ns``."""
    stop = np.cumsum(counts)
    first = stop - counts
    time_ns = np.empty(int(counts.sum()), dtype=np.int64)
    for a in range(0, counts.size, BLOCKS_AT_ONCE):
        part = slice(a, a + BLOCKS_AT_ONCE)
        n, begin, end = counts[part], int(first[a]), int(stop[part][-1])
        inside = np.arange(begin, end) - np.repeat(first[part], n)
        since_ns = np.round(inside * np.repeat(step_ns[part], n)).astype(np.int64)
        time_ns[begin:end] = np.repeat(start_ns[part], n) + since_ns
    return time_ns


def clear_of_contradictions(time_ns: NDArray[np.int64], run: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Return which samples to keep so that time increases: longer runs are believed before shorter ones.

    A run that starts out of order among longer runs goes altogether; of two that overlap, the later loses the overlap.
    """
    if time_ns.size and bool(np.all(time_ns[1:] > time_ns[:-1])):
        return np.ones(time_ns.size, dtype=bool)
    first = np.concatenate(([0], np.flatnonzero(np.diff(run)) + 1))
    length = np.diff(np.concatenate((first, [run.size])))
    start_ns = time_ns[first]
    places: list[int] = []
    for place in np.argsort(-length, kind="stable").tolist():
        at = bisect.bisect(places, place)
        after_before = at == 0 or start_ns[places[at - 1]] < start_ns[place]
        if after_before and (at == len(places) or start_ns[place] < start_ns[places[at]]):
            places.insert(at, place)
    believed = np.zeros(first.size, dtype=bool)
    believed[places] = True
    keep = np.repeat(believed, length)
    ahead = np.maximum.accumulate(time_ns[keep])
    moves_on = np.concatenate(([True], time_ns[keep][1:] > ahead[:-1]))
    keep[np.flatnonzero(keep)[~moves_on]] = False
    return keep
