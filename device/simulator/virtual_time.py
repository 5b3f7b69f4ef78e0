"""A virtual clock: an event loop whose time jumps to the next timer, so that hours of radio pass in seconds.

Everything above it must take its time from ``loop.time()``. While a thread works for the loop
(``run_in_executor``), the clock stands still and the loop waits for real, so a disk writer is not outrun.
Sockets don't mix with it: a peer in another process lives on the real clock.
"""

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class _JumpingSelector(selectors.DefaultSelector):
    """A selector that, instead of sleeping, moves the clock on; it really waits only for threads."""

    def __init__(self) -> None:
        super().__init__()
        self.now_s = 0.0
        self.threads_at_work = 0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None or self.threads_at_work:
            return super().select(None if self.threads_at_work and timeout != 0 else timeout)
        ready = super().select(0)
        if not ready and timeout > 0:
            self.now_s += timeout
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop on virtual time, which starts at ``start_s``."""

    def __init__(self, start_s: float = 0.0) -> None:
        self._jumping = _JumpingSelector()
        self._jumping.now_s = start_s
        super().__init__(self._jumping)

    def time(self) -> float:
        """Return virtual seconds."""
        return self._jumping.now_s

    def run_in_executor(  # type: ignore[override]
        self, executor: Any, func: Callable[..., T], *args: Any
    ) -> asyncio.Future[T]:
        """Run ``func`` in a thread; the clock stands still until it is done."""
        future: asyncio.Future[T] = super().run_in_executor(executor, func, *args)
        self._jumping.threads_at_work += 1
        future.add_done_callback(self._thread_is_done)
        return future

    async def shutdown_default_executor(self, timeout: float | None = None) -> None:  # noqa: ARG002, ASYNC109
        """Join the threads, however long it takes: since Python 3.12 there is a timeout, and here it would jump."""
        await super().shutdown_default_executor()

    def _thread_is_done(self, _: asyncio.Future[Any]) -> None:
        self._jumping.threads_at_work -= 1


def run_virtually(main: Coroutine[Any, Any, T], start_s: float = 0.0) -> T:
    """Run a coroutine on a fresh virtual clock, as ``asyncio.run`` does on the real one."""
    with asyncio.Runner(loop_factory=lambda: VirtualLoop(start_s)) as runner:
        return runner.run(main)
