"""What a band records on somebody who wears it for some hours."""

from collections.abc import Iterator

from device.recording import NS_PER_S, Recording
from device.simulator.motion import Part, Wearer, synthesise, working_day

_S_PER_MINUTE = 60.0


def worn_hours(hours: float, *, rate_hz: float, seed: int, end_ns: int, zone: str = "UTC") -> Recording:
    """Return what a band recorded in the ``hours`` up to ``end_ns`` (UTC) on someone with a sore back."""
    start_ns = end_ns - round(hours * 3600) * NS_PER_S
    script = tuple(_cut(hours, seed, start_ns))
    wearer = Wearer(style_seed=seed)
    return synthesise(script, wearer, rate_hz=rate_hz, seed=seed, start_ns=start_ns, zone=zone).recording


def _cut(hours: float, seed: int, start_ns: int) -> Iterator[Part]:
    """Yield the parts of as many working days as it takes, the last one cut short."""
    left = hours * 60.0
    day = 0
    while left > 0.0:
        for part in working_day(start_ns, seed + day):
            minutes = min(part.minutes, left)
            yield Part(part.activity, minutes, part.place)
            left -= minutes
            if left < 1.0 / _S_PER_MINUTE:
                return
        day += 1
