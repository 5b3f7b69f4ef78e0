"""A live stream of any profile as it comes; `device.capture.follow` is how our own is followed.

As there, only the past is known. A band's counter or clock is anchored to ours by its first message. Of a band without
either, each message moves the time that was foreseen a tenth of the way to its arrival, so that a stall or a burst
doesn't show and a rate that is off does.
"""

from collections.abc import Callable
from typing import Final, Protocol

import numpy as np

from device.capture.follow import MOST_APART_NS, NONE, Follower, Samples
from device.capture.live import Messages
from device.capture.timed import LONGEST_HOLD_S, Came
from device.profiles.known import Profile, TimeForm
from device.recording import NS_PER_S

STEP_TOLERANCE: Final = 0.25
"""Samples of messages that follow each other lie this near to their nominal distance, or some are missing."""


class Following(Protocol):
    """What follows a stream."""

    @property
    def damaged(self) -> int:
        """Notifications that were no message."""

    def begin_link(self) -> None:
        """Forget the half of a message that a link that broke has left."""

    def feed(self, utc_ns: int, payload: bytes) -> Samples:
        """Return the samples of a notification that came at ``utc_ns``."""


class ProfileFollower:
    """Times a stream of one band by its profile; times never run backwards."""

    def __init__(self, profile: Profile) -> None:
        self._profile = profile
        self._messages = Messages(profile)
        self._step_ns = NS_PER_S / (profile.rate_hz or 1.0)
        self._end_ns = ENDS[profile.time]
        self._anchor: tuple[int, int] | None = None  #: by the band's clock and by ours
        self._packed: tuple[int, int] | None = None  #: when the first message of several came, and samples since
        self._last_ns = -1
        self._last: np.ndarray | None = None

    @property
    def damaged(self) -> int:
        """Notifications, or parts of them, that were no message."""
        return self._messages.damaged

    def begin_link(self) -> None:
        """Forget the half of a message that a link that broke has left."""
        self._messages.begin_link()

    def feed(self, utc_ns: int, payload: bytes) -> Samples:
        """Return the samples of a notification that came at ``utc_ns``; none for a damaged or repeated one."""
        parts = [self._timed(came) for came in self._messages.feed(utc_ns, payload)]
        if not parts:
            return NONE
        return Samples(np.concatenate([p.accel_g for p in parts]), np.concatenate([p.time_ns for p in parts]))

    def _timed(self, came: Came) -> Samples:
        accel_g = came.samples.accel_g
        n = len(accel_g)
        end_ns = self._end_ns(self, came, n)
        apart_ns = (end_ns - self._last_ns) / n
        even = self._last_ns >= 0 and abs(apart_ns / self._step_ns - 1.0) <= STEP_TOLERANCE
        step_ns = apart_ns if even else self._step_ns
        time_ns = end_ns - np.rint(np.arange(n - 1, -1, -1) * step_ns).astype(np.int64)
        new = time_ns > self._last_ns
        if not new.any():
            return NONE
        held = self._held(int(time_ns[new][0]))
        self._last_ns, self._last = int(time_ns[-1]), accel_g[-1]
        return Samples(np.concatenate([held.accel_g, accel_g[new]]), np.concatenate([held.time_ns, time_ns[new]]))

    def _held(self, until_ns: int) -> Samples:
        """Return the samples that weren't sent because they equal the last one."""
        if self._profile.time is not TimeForm.CHANGES or self._last is None or self._packed is not None:
            return NONE
        if until_ns - self._last_ns > LONGEST_HOLD_S * NS_PER_S:
            return NONE
        n = max(0, round((until_ns - self._last_ns) / self._step_ns) - 1)
        time_ns = self._last_ns + np.rint(np.arange(1, n + 1) * self._step_ns).astype(np.int64)
        return Samples(np.repeat(self._last[None], n, axis=0), time_ns)

    def by_counter(self, came: Came, n: int) -> int:
        """Return when the last sample of a message was taken, by a counter that may have wrapped."""
        wrap_ns = NS_PER_S * (1 << self._profile.counter_bits) // self._profile.counter_hz
        ticks_ns = round((came.samples.counter or 0) * NS_PER_S / self._profile.counter_hz)
        own_ns = ticks_ns + round((n - 1) * self._step_ns)
        if self._anchor is not None:
            expected_ns = self._anchor[0] + came.utc_ns - self._anchor[1]
            own_ns += wrap_ns * round((expected_ns - own_ns) / wrap_ns)
        return self._anchored(own_ns, came.utc_ns)

    def by_last_sample(self, came: Came, n: int) -> int:  # noqa: ARG002 - one form for all
        """Return when the last sample of a message was taken, by the time that it carries."""
        return self._anchored(came.samples.last_sample_ns or 0, came.utc_ns)

    def by_index(self, came: Came, n: int) -> int:
        """Return when the last sample of a message was taken, by what was foreseen and its arrival."""
        foreseen_ns = self._last_ns + round(n * self._step_ns)
        late_ns = came.utc_ns - foreseen_ns
        return came.utc_ns if self._last_ns < 0 or abs(late_ns) > MOST_APART_NS else foreseen_ns + late_ns // 10

    def by_changes(self, came: Came, n: int) -> int:
        """Return when the sample of a message was taken: at its arrival; several are timed by their number."""
        if n > 1:
            self._learn_step(came.utc_ns, n)
            return self.by_index(came, n)
        return max(came.utc_ns, self._last_ns + round(self._step_ns / 2))

    def _learn_step(self, utc_ns: int, n: int) -> None:
        """Take the pace from all arrivals since the last long silence: nobody says what it is."""
        if self._packed is None or utc_ns - self._last_ns > MOST_APART_NS:
            self._packed, self._step_ns = (utc_ns, 0), NS_PER_S / self._profile.packed_rate_hz
            return
        first_ns, count = self._packed[0], self._packed[1] + n
        self._packed, self._step_ns = (first_ns, count), max(1.0, (utc_ns - first_ns) / count)

    def _anchored(self, own_ns: int, utc_ns: int) -> int:
        if self._anchor is not None:
            end_ns = self._anchor[1] + own_ns - self._anchor[0]
            if abs(end_ns - utc_ns) <= MOST_APART_NS:
                return end_ns
        self._anchor = (own_ns, utc_ns)
        return utc_ns


ENDS: Final[dict[TimeForm, Callable[[ProfileFollower, Came, int], int]]] = {
    TimeForm.COUNTER: ProfileFollower.by_counter,
    TimeForm.LAST_SAMPLE: ProfileFollower.by_last_sample,
    TimeForm.INDEX: ProfileFollower.by_index,
    TimeForm.CHANGES: ProfileFollower.by_changes,
}


def follower(profile: Profile) -> Following:
    """Return what follows a stream of this profile."""
    return ProfileFollower(profile) if profile.time in ENDS else Follower()
