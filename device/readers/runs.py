"""Blocks with a clock reading each, to sample times; and which of two contradicting runs is right."""

import bisect
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from device.readers import _kernels
from device.recording import NS_PER_S, Damage

#: Places in a file that are named one by one.
MOST_NAMED: Final = 12
#: Stamps of whole seconds are off by up to one; what is off by more is the clock that was set, or a pause.
_JUMP_NS: Final = 2 * NS_PER_S
#: Bands of this kind came after 2005, and one whose clock was never set, or lost its battery, begins in 1970 or 2000;
#: nobody has worn one in 2090.
CLOCK_SET: Final = (
    int(datetime(2005, 1, 1, tzinfo=UTC).timestamp()) * NS_PER_S,
    int(datetime(2090, 1, 1, tzinfo=UTC).timestamp()) * NS_PER_S,
)


@dataclass(frozen=True, slots=True, eq=False)
class Timed:
    """Blocks with the times of their samples: sample ``i`` of a block comes at ``start_ns + round(i * step_ns)``."""

    start_ns: NDArray[np.int64]
    step_ns: NDArray[np.float64]
    count: NDArray[np.integer[Any]]  #: samples
    run: NDArray[np.int32]  #: which run a block belongs to; between runs is a gap
    first: NDArray[np.int32]  #: first sample of the block that is believed; its count where none is
    first_ns: int  #: time of the first sample that is believed
    damage: tuple[Damage, ...]


def timed(
    start_ns: NDArray[np.int64],
    count: NDArray[np.integer[Any]],
    rate_hz: NDArray[np.floating[Any]],
    number: NDArray[np.uint32],
    session: NDArray[np.uint32],
    *,
    known_as: tuple[str, NDArray[np.integer[Any]]] | None = None,
) -> Timed:
    """Return the times of all samples, and which of them to believe so that time increases.

    All arguments are one value a block: time and count of its samples, nominal rate, running number, session; and what
    a block is called in the file, such as "sector", with its number there.
    A block goes on with the run before it if its number is the next one and it starts within half to one and a half
    times as late as the nominal rate says.
    """
    noun, places = known_as or ("block", np.arange(start_ns.size))
    step_ns = np.empty(start_ns.size, dtype=np.float64)
    run = np.empty(start_ns.size, dtype=np.int32)
    jumped = np.empty(start_ns.size, dtype=np.bool_)
    moves_on = _kernels.pace(start_ns, count, rate_hz, number, session, float(_JUMP_NS), step_ns, run, jumped)
    damage = []
    if jumped.any():
        at = np.flatnonzero(jumped)
        what = f"clock that jumps between {noun}s that follow each other"
        damage.append(Damage(what, at.size, "a new stretch begins", named(noun, places[at[:MOST_NAMED]], at.size)))
    first = np.zeros(start_ns.size, dtype=np.int32)
    if not moves_on:
        first = believed_from(start_ns, step_ns, count, run)
        at = np.flatnonzero(first)
        outcome = "left out; a longer stretch says otherwise"
        where = named(noun, places[at[:MOST_NAMED]], at.size)
        damage.append(Damage("sample whose time goes back", int(first.sum()), outcome, where))
    damage += _unset(start_ns, count, first, noun, places)
    begin = int(np.argmax(first < count))
    first_ns = int(start_ns[begin]) + round(first[begin] * step_ns[begin])
    return Timed(start_ns, step_ns, count, run, first, first_ns, tuple(damage))


def _unset(
    start_ns: NDArray[np.int64],
    count: NDArray[np.integer[Any]],
    first: NDArray[np.int32],
    noun: str,
    places: NDArray[np.integer[Any]],
) -> list[Damage]:
    """Say which samples were dated by a clock that was never set; leave them out where the band knew better besides.

    Between the two lie decades that nobody recorded, so only one of them can be used: the longer. ``first`` is changed.
    """
    unset = (start_ns < CLOCK_SET[0]) | (start_ns >= CLOCK_SET[1])
    if not unset.any():
        return []
    left = count - first
    doubted, known = int(left[unset].sum()), int(left[~unset].sum())
    if not doubted:
        return []
    if not known:
        what = "sample with a date before 2005 or after 2089"
        outcome = "kept; the band's clock was not set, so neither dates nor times of day are true"
        return [Damage(what, doubted, outcome, named(noun, places[unset][:MOST_NAMED], int(unset.sum())))]
    at = np.flatnonzero((unset if doubted <= known else ~unset) & (left > 0))
    first[at] = count[at]
    what = "sample dated decades away from most of the others"
    outcome = "left out; the band's clock was not set all the time"
    return [Damage(what, min(doubted, known), outcome, named(noun, places[at[:MOST_NAMED]], at.size))]


def named(noun: str, places: Sequence[int] | NDArray[np.integer[Any]], count: int) -> str:
    """Return the first of ``count`` places in words, e.g. "sectors 0, 13, 14, ..."."""
    listed = ", ".join(str(place) for place in places)
    return f"{noun}{'s' if count > 1 else ''} {listed}{', ...' if count > len(places) else ''}"


def believed_from(
    start_ns: NDArray[np.int64],
    step_ns: NDArray[np.float64],
    count: NDArray[np.integer[Any]],
    run: NDArray[np.int32],
) -> NDArray[np.int32]:
    """Return the first sample to keep of each block so that time increases: longer runs are believed before shorter.

    A run that starts out of order among longer runs goes altogether; of two that overlap, the later loses the overlap.
    """
    begin = np.concatenate(([0], np.flatnonzero(np.diff(run)) + 1))
    length = np.add.reduceat(count.astype(np.int64), begin)
    believed = _in_order(start_ns[begin], length)
    kept = np.flatnonzero(np.repeat(believed, np.diff(np.append(begin, run.size))))
    first = count.astype(np.int32)
    first[kept] = 0
    last_ns = start_ns[kept] + np.rint((count[kept] - 1) * step_ns[kept]).astype(np.int64)
    ahead_ns = np.concatenate(([np.iinfo(np.int64).min], np.maximum.accumulate(last_ns)[:-1]))
    late = np.flatnonzero(start_ns[kept] <= ahead_ns)
    block = kept[late]
    since_ns = ahead_ns[late] - start_ns[block]
    after = np.clip(since_ns / step_ns[block] - 1.0, 0, count[block]).astype(np.int32)
    for _ in range(3):  # the quotient is right to one sample
        after += (after < count[block]) & (np.rint(after * step_ns[block]).astype(np.int64) <= since_ns)
    first[block] = after
    return first


def _in_order(start_ns: NDArray[np.int64], length: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return which runs to believe so that their starts increase: the longest first, then each that fits in."""
    before_ns = np.maximum.accumulate(start_ns)[:-1]
    after_ns = np.minimum.accumulate(start_ns[::-1])[::-1][1:]
    believed = np.ones(start_ns.size, dtype=bool)
    believed[1:] &= start_ns[1:] > before_ns
    believed[:-1] &= start_ns[:-1] < after_ns
    # What nothing contradicts is believed; only the others are weighed against each other.
    disputed = np.flatnonzero(~believed)
    places: list[int] = []
    for place in disputed[np.argsort(-length[disputed], kind="stable")].tolist():
        at = bisect.bisect(places, place)
        after_before = at == 0 or start_ns[places[at - 1]] < start_ns[place]
        if after_before and (at == len(places) or start_ns[place] < start_ns[places[at]]):
            places.insert(at, place)
    believed[places] = True
    return believed
