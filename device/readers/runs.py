"""Blocks with a clock reading each, to sample times; and which of two contradicting runs is right."""

import bisect
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from device.recording import NS_PER_S, Damage

_MOST_NAMED: Final = 12
#: Stamps of whole seconds are off by up to one; what is off by more is the clock that was set, or a pause.
_JUMP_NS: Final = 2 * NS_PER_S


@dataclass(frozen=True, slots=True, eq=False)
class Timed:
    """Blocks with the times of their samples: sample ``i`` of a block comes at ``start_ns + round(i * step_ns)``."""

    start_ns: NDArray[np.int64]
    step_ns: NDArray[np.float64]
    run: NDArray[np.int32]  #: which run a block belongs to; between runs is a gap
    first: NDArray[np.int32]  #: first sample of the block that is believed; its count where none is
    first_ns: int  #: time of the first sample that is believed
    damage: tuple[Damage, ...]


def timed(
    start_ns: NDArray[np.int64],
    count: NDArray[np.integer[Any]],
    rate_hz: NDArray[np.float64],
    number: NDArray[np.uint32],
    session: NDArray[np.uint32],
) -> Timed:
    """Return the times of all samples, and which of them to believe so that time increases.

    All arguments are one value a block: time and count of its samples, nominal rate, running number, session.
    A block goes on with the run before it if its number is the next one and it starts within half to one and a half
    times as late as the nominal rate says.
    """
    nominal_ns = count / rate_hz * NS_PER_S
    since_ns = np.diff(start_ns).astype(np.float64)
    next_in_line = (np.diff(number.astype(np.int64)) == 1) & (np.diff(session.astype(np.int64)) == 0)
    in_time = np.abs(since_ns - nominal_ns[:-1]) <= nominal_ns[:-1] / 2
    goes_on = next_in_line & in_time & (np.diff(rate_hz) == 0)
    run = np.concatenate(([0], np.cumsum(~goes_on))).astype(np.int32)
    duration_ns = nominal_ns.copy()
    duration_ns[:-1][goes_on] = since_ns[goes_on]
    last = np.concatenate((~goes_on, [True])) & np.concatenate(([False], goes_on))
    at = np.flatnonzero(last)
    duration_ns[at] = duration_ns[at - 1] / count[at - 1] * count[at]
    step_ns = duration_ns / count
    first = believed_from(start_ns, step_ns, count, run)
    begin = int(np.argmax(first < count))
    first_ns = int(start_ns[begin]) + round(first[begin] * step_ns[begin])
    return Timed(
        start_ns,
        step_ns,
        run,
        first,
        first_ns,
        _damage(first, next_in_line & (np.abs(since_ns - nominal_ns[:-1]) > _JUMP_NS)),
    )


def _damage(first: NDArray[np.int32], jumps: NDArray[np.bool_]) -> tuple[Damage, ...]:
    damage = []
    places = np.flatnonzero(jumps) + 1
    if places.size:
        named = ", ".join(str(place) for place in places[:_MOST_NAMED].tolist())
        more = ", ..." if places.size > _MOST_NAMED else ""
        what = "clock that jumps between blocks that follow each other"
        damage.append(Damage(what, int(places.size), "a new stretch begins", f"block {named}{more}"))
    lost = int(first.sum())
    if lost:
        at = f"block {int(np.argmax(first > 0))}"
        damage.append(Damage("sample whose time goes back", lost, "left out; a longer stretch says otherwise", at))
    return tuple(damage)


def believed_from(
    start_ns: NDArray[np.int64],
    step_ns: NDArray[np.float64],
    count: NDArray[np.integer[Any]],
    run: NDArray[np.int32],
) -> NDArray[np.int32]:
    """Return the first sample to keep of each block so that time increases: longer runs are believed before shorter.

    A run that starts out of order among longer runs goes altogether; of two that overlap, the later loses the overlap.
    """
    last_ns = start_ns + np.rint((count - 1) * step_ns).astype(np.int64)
    first = np.zeros(start_ns.size, dtype=np.int32)
    if bool(np.all(start_ns[1:] > last_ns[:-1])):
        return first
    begin = np.concatenate(([0], np.flatnonzero(np.diff(run)) + 1))
    length = np.add.reduceat(count.astype(np.int64), begin)
    run_start_ns = start_ns[begin]
    places: list[int] = []
    for place in np.argsort(-length, kind="stable").tolist():
        at = bisect.bisect(places, place)
        after_before = at == 0 or run_start_ns[places[at - 1]] < run_start_ns[place]
        if after_before and (at == len(places) or run_start_ns[place] < run_start_ns[places[at]]):
            places.insert(at, place)
    believed = np.zeros(begin.size, dtype=bool)
    believed[places] = True
    kept = np.flatnonzero(np.repeat(believed, np.diff(np.append(begin, run.size))))
    first[:] = count
    first[kept] = 0
    ahead_ns = np.concatenate(([np.iinfo(np.int64).min], np.maximum.accumulate(last_ns[kept])[:-1]))
    for late in np.flatnonzero(start_ns[kept] <= ahead_ns).tolist():
        block = int(kept[late])
        times_ns = start_ns[block] + np.rint(np.arange(count[block]) * step_ns[block]).astype(np.int64)
        first[block] = int(np.searchsorted(times_ns, ahead_ns[late], side="right"))
    return first
