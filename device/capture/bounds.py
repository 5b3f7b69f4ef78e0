"""What the values of a capture's files can be at most; a file that says more is not one of ours.

Bounds are those of the band's frames, or such that sums of times still fit 64 bits.
"""

from typing import Annotated, Final

from annotated_types import Interval, Predicate

from device.recording import NS_PER_S

#: A host that has run for a hundred years.
MOST_MONOTONIC_NS: Final = 3_155_760_000 * NS_PER_S

Uint16 = Annotated[int, Interval(ge=0, lt=1 << 16)]
Uint32 = Annotated[int, Interval(ge=0, lt=1 << 32)]
Ticks = Annotated[int, Interval(ge=0, lt=1 << 48)]
#: Until the year 2100.
UtcNs = Annotated[int, Interval(ge=0, lt=4_102_444_800 * NS_PER_S)]
MonotonicNs = Annotated[int, Interval(ge=0, lt=MOST_MONOTONIC_NS)]
RateHz = Annotated[float, Interval(gt=0.0, le=10_000.0)]
RangeG = Annotated[int, Interval(gt=0, lt=1 << 8)]
#: Half open.
Range = tuple[Uint32, Uint32]


def _is_plain(name: str) -> bool:
    return name not in {"", ".", ".."} and not set(name) & set("/\\\0")


#: Of a file beside this one.
FileName = Annotated[str, Predicate(_is_plain)]
