"""A bounded queue between a radio's callback and what is done with the bytes; what doesn't fit is counted."""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

#: At 4 notifications a second this is half an hour of a disk that doesn't write.
CAPACITY: Final = 8192


@dataclass(frozen=True, slots=True)
class Arrival:
    """One notification and when it came, by the monotonic clock of this computer."""

    arrival_ns: int
    payload: bytes


class Inbox:
    """Takes notifications from a callback, which must never wait, and gives them out in batches."""

    def __init__(self, clock_ns: Callable[[], int], capacity: int = CAPACITY) -> None:
        self._clock_ns = clock_ns
        self._capacity = capacity
        self._waiting: deque[Arrival] = deque()
        self._changed = asyncio.Event()
        self._closed = False
        self._woken = False
        self.overflowed = 0

    def put(self, payload: bytes | bytearray) -> None:
        """Take one notification, or count it where there is no room."""
        if len(self._waiting) >= self._capacity:
            self.overflowed += 1
            return
        self._waiting.append(Arrival(self._clock_ns(), bytes(payload)))
        self._changed.set()

    def close(self) -> None:
        """Say that nothing will come any more; what waits can still be taken."""
        self._closed = True
        self._changed.set()

    def wake(self) -> None:
        """Have ``take`` return even if nothing waits: what was asked for has all come."""
        self._woken = True
        self._changed.set()

    @property
    def closed(self) -> bool:
        """Whether the link that fed it has ended."""
        return self._closed

    def waiting(self) -> list[Arrival]:
        """Return all that waits now, which may be nothing."""
        batch = list(self._waiting)
        self._waiting.clear()
        self._woken = False
        return batch

    async def take(self, timeout_s: float) -> list[Arrival]:
        """Return all that waits, as soon as there is something; empty after ``wake``, or closed and drained.

        TimeoutError where nothing comes for ``timeout_s``.
        """
        if not self._waiting and not self._closed and not self._woken:
            self._changed.clear()
            async with asyncio.timeout(timeout_s):
                await self._changed.wait()
        return self.waiting()
