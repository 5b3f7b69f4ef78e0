"""A band's clock: how far it is off, setting it, and how fast its counter really runs over months of syncs."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from device.capture.journal import JOURNAL_NAME, Anchor, load_journal
from device.link.connect import BandLink
from device.profiles.current_time import decode_current_time, encode_current_time
from device.recording import NS_PER_S
from device.wire.codes import TICKS_HZ

CURRENT_TIME_UUID: Final = "00002a2b-0000-1000-8000-00805f9b34fb"

#: Watch crystals are within 20 to 50 ppm, and within 200 in cold or heat: more than that is a fault of the band.
LARGEST_DRIFT_PPM: Final = 200.0

_TRIES: Final = 3


@dataclass(frozen=True, slots=True)
class Offset:
    """The band's own clock against UTC of this machine."""

    offset_s: float  #: positive: the band is ahead
    error_s: float  #: half the time that asking took, and half a step of 1/256 s


@dataclass(frozen=True, slots=True)
class Drift:
    """How fast the counter of ticks ran between the first and the last comparison of one start of the band."""

    boot: int
    comparisons: int
    span_s: float
    ppm: float  #: positive: the band's crystal is fast
    error_ppm: float

    @property
    def plausible(self) -> bool:
        """Whether a watch crystal can run so."""
        return abs(self.ppm) - self.error_ppm <= LARGEST_DRIFT_PPM


async def read_offset(link: BandLink, utc_ns: Callable[[], int]) -> Offset:
    """Return how far the band's clock is off; the quickest of some tries is the sharpest."""
    found = []
    for _ in range(_TRIES):
        asked_ns = utc_ns()
        told_ns = decode_current_time(await link.read(CURRENT_TIME_UUID))
        half_ns = (utc_ns() - asked_ns) // 2
        step_ns = NS_PER_S // 512
        found.append(Offset((told_ns + step_ns - asked_ns - half_ns) / NS_PER_S, (half_ns + step_ns) / NS_PER_S))
    return min(found, key=lambda offset: offset.error_s)


async def set_clock(link: BandLink, utc_ns: Callable[[], int]) -> Offset:
    """Set the band's clock to UTC as a second begins, since not every band minds fractions; return what it is then."""
    next_ns = (utc_ns() // NS_PER_S + 1) * NS_PER_S
    await asyncio.sleep((next_ns - utc_ns()) / NS_PER_S)
    await link.write(CURRENT_TIME_UUID, encode_current_time(utc_ns()))
    return await read_offset(link, utc_ns)


def comparisons_of(captures: Path, serial: str) -> dict[int, tuple[Anchor, ...]]:
    """Return every comparison of clocks that the journals of a band keep, by its boot count."""
    found: dict[int, set[Anchor]] = defaultdict(set)
    for path in sorted(captures.glob(f"*/{JOURNAL_NAME}")):
        journal = load_journal(path.parent)
        if journal is not None and journal.serial == serial:
            found[journal.boot].update(journal.anchors)
    return {boot: _in_order(anchors) for boot, anchors in sorted(found.items())}


def drift(boot: int, anchors: Iterable[Anchor]) -> Drift | None:
    """Return how fast the counter ran; None where there are no two comparisons at different moments."""
    ordered = _in_order(anchors)
    if len(ordered) < 2 or ordered[0].utc_ns == ordered[-1].utc_ns:
        return None
    first, last = ordered[0], ordered[-1]
    span_ns = last.utc_ns - first.utc_ns
    counted_ns = (last.ticks - first.ticks) * NS_PER_S / TICKS_HZ
    error_ns = first.error_ns + last.error_ns + NS_PER_S / TICKS_HZ
    return Drift(
        boot, len(ordered), span_ns / NS_PER_S, 1e6 * (counted_ns - span_ns) / span_ns, 1e6 * error_ns / span_ns
    )


def _in_order(anchors: Iterable[Anchor]) -> tuple[Anchor, ...]:
    return tuple(sorted(anchors, key=lambda anchor: anchor.utc_ns))
