"""What goes wrong on purpose: a plan, and what has come of it so far.

At the air interface nothing is lost or reordered while a link lives; what a collector sees missing was dropped
from a queue of the band, and what it sees late was a stall. So that is what can be planned here.
"""

from collections import Counter
from dataclasses import dataclass, field
from typing import Final

from device.wire.codes import Opcode

#: Warnings before the end; a real band has a tenth of its charge left for them.
LOW_BATTERY_NOTIFICATIONS: Final = 10


@dataclass(frozen=True, slots=True)
class FaultPlan:
    """Numbers count notifications (stream and log together) from 0 since the band was switched on."""

    drop: frozenset[int] = frozenset()  #: notifications that a full queue swallows
    duplicate: frozenset[int] = frozenset()  #: notifications that are sent twice
    disconnect_before: frozenset[int] = frozenset()  #: the link breaks when it is this one's turn; each once
    stall_before: frozenset[int] = frozenset()  #: silence before this one, then all that is due in a burst
    stall_s: float = 2.0
    truncate: frozenset[int] = frozenset()  #: notifications of which only a part is sent
    garble: frozenset[int] = frozenset()  #: notifications whose first byte is wrong, as a radio chip's bad buffer
    reset_counter_at: frozenset[int] = frozenset()  #: the counter of ticks begins again at 0, without a restart
    reboot_before: frozenset[int] = frozenset()  #: the band starts again: link, counters and sequence begin anew
    battery_ends_at: int | None = None  #: the band warns in the notifications before, then is gone for good
    erase_before: tuple[tuple[int, int], ...] = ()  #: (notification, block): then all logs forget what is before
    corrupt_blocks: frozenset[int] = frozenset()  #: blocks of a log in which a bit is wrong when they are sent
    corrupt_times: int = 1  #: how often such a block is sent wrong before it is right; flash that rots: a large number
    refuse: frozenset[Opcode] = frozenset()  #: requests that this firmware doesn't know
    busy_times: int = 0  #: how many requests for a log or a stream are answered "not now"
    silent: frozenset[Opcode] = frozenset()  #: requests that are never answered
    absent: bool = False  #: the band doesn't advertise


@dataclass(slots=True)
class FaultsSoFar:
    """Steps through a plan; one for each band."""

    plan: FaultPlan
    sent: int = 0  #: notifications that had their turn
    corrupted: Counter[int] = field(default_factory=Counter)
    been_busy: int = 0
    broken: set[int] = field(default_factory=set)
    stalled: set[int] = field(default_factory=set)
    restarted: set[int] = field(default_factory=set)
    reset: set[int] = field(default_factory=set)

    def turn(self) -> int:
        """Return how often the next notification is sent: 0, 1 or 2."""
        number, self.sent = self.sent, self.sent + 1
        if number in self.plan.drop:
            return 0
        return 2 if number in self.plan.duplicate else 1

    def breaks_link(self) -> bool:
        """Return whether the link breaks now, before the next notification."""
        return self._once(self.plan.disconnect_before, self.broken)

    def reboots(self) -> bool:
        """Return whether the band starts again now, before the next notification."""
        return self._once(self.plan.reboot_before, self.restarted)

    def resets_counter(self) -> bool:
        """Return whether the ticks of the next notification begin again at 0."""
        return self._once(self.plan.reset_counter_at, self.reset)

    def battery_is_low(self) -> bool:
        """Return whether the next notification carries the warning."""
        ends_at = self.plan.battery_ends_at
        return ends_at is not None and self.sent >= ends_at - LOW_BATTERY_NOTIFICATIONS

    def battery_is_flat(self) -> bool:
        """Return whether the band has stopped."""
        return self.plan.battery_ends_at is not None and self.sent >= self.plan.battery_ends_at

    def erased_before(self) -> int:
        """Return the first block that is still stored, of what the plan has erased so far."""
        return max((block for number, block in self.plan.erase_before if number <= self.sent), default=0)

    def payload(self, payload: bytes) -> bytes:
        """Return the next notification as it is sent; asked before its ``turn``."""
        if self.sent in self.plan.truncate:
            return payload[: len(payload) // 2]
        return bytes([payload[0] ^ 0x80]) + payload[1:] if self.sent in self.plan.garble else payload

    def _once(self, planned: frozenset[int], done: set[int]) -> bool:
        happens = self.sent in planned and self.sent not in done
        if happens:
            done.add(self.sent)
        return happens

    def stalls(self) -> bool:
        """Return whether the band is silent for a while now."""
        return self._once(self.plan.stall_before, self.stalled)

    def is_busy(self) -> bool:
        """Return whether a request for data is put off."""
        if self.been_busy < self.plan.busy_times:
            self.been_busy += 1
            return True
        return False

    def block(self, index: int, encoded: bytes) -> bytes:
        """Return a block as it is sent: with a wrong bit in its last sample, or as it should be."""
        if index not in self.plan.corrupt_blocks or self.corrupted[index] >= self.plan.corrupt_times:
            return encoded
        self.corrupted[index] += 1
        return encoded[:-6] + bytes([encoded[-6] ^ 0x01]) + encoded[-5:]
