"""A live stream as it comes: each notification to samples with times, before anything later is known.

What is recorded is timed afterwards, by all arrivals together (`timebase`). Here only the past is known, so a stretch
is anchored to this computer's clock by its first notification and goes on by the band's own counter from there: steps
between samples are exact, the whole stretch may be late by the delay of that one notification (some tens of ms).
"""

from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from device.errors import FrameError
from device.profiles.openband import TICKS_HZ, Notification, decode_notification
from device.recording import NS_PER_S
from device.timebase import unwrap_near

NS_PER_TICK: Final = NS_PER_S / TICKS_HZ
#: A counter and this computer's clock that are this far apart don't belong to one stretch: the band's clock stepped.
MOST_APART_NS: Final = 5 * NS_PER_S


@dataclass(frozen=True, slots=True, eq=False)
class Samples:
    """Samples at their times, in order."""

    accel_g: NDArray[np.float32]  #: (n, 3)
    time_ns: NDArray[np.int64]  #: (n,) UTC, increasing


NONE: Final = Samples(np.empty((0, 3), np.float32), np.empty(0, np.int64))


@dataclass(slots=True)
class Follower:
    """Times a stream of one band; times never run backwards, over reconnections and restarts of the band too."""

    damaged: int = 0  #: notifications that weren't any
    _anchor: tuple[int, int, int] | None = field(default=None, init=False)  # boot, ticks, UTC of the first sample
    _last_ns: int = field(default=-1, init=False)

    def begin_link(self) -> None:
        """Do nothing: each of our notifications is whole."""

    def feed(self, utc_ns: int, payload: bytes) -> Samples:
        """Return the samples of a notification that came at ``utc_ns``; none for a damaged or repeated one."""
        try:
            notification = decode_notification(payload)
        except FrameError:
            self.damaged += 1
            return NONE
        step_ns = NS_PER_S / notification.rate_hz
        first_ns = self._first_ns(notification, utc_ns, step_ns)
        time_ns = first_ns + np.rint(np.arange(len(notification.samples)) * step_ns).astype(np.int64)
        new = time_ns > self._last_ns
        if not new.any():
            return NONE
        self._last_ns = int(time_ns[-1])
        accel_g = notification.samples[new].astype(np.float32) * np.float32(notification.range_g / 32768)
        return Samples(accel_g, time_ns[new])

    def _first_ns(self, notification: Notification, utc_ns: int, step_ns: float) -> int:
        # The last sample was taken just before the notification was sent.
        by_arrival_ns = utc_ns - round((len(notification.samples) - 1) * step_ns)
        if self._anchor is not None and self._anchor[0] == notification.boot:
            _, ticks, anchor_ns = self._anchor
            expected = np.array([ticks + round((by_arrival_ns - anchor_ns) / NS_PER_TICK)], dtype=np.int64)
            now = int(unwrap_near(np.array([notification.ticks], dtype=np.int64), 32, expected)[0])
            first_ns = anchor_ns + round((now - ticks) * NS_PER_TICK)
            if abs(first_ns - by_arrival_ns) <= MOST_APART_NS:
                return first_ns
        self._anchor = (notification.boot, notification.ticks, by_arrival_ns)
        return by_arrival_ns
