"""Work that releases the interpreter, shared between the processors."""

import itertools
import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

T = TypeVar("T")

_PARTS: Final = 4  # a thread, so that one that is held up leaves its rest to the others

_most: list[int] = []


def limit(threads: int) -> None:
    """Let `share` use at most so many threads in this process, as one of several that share the processors."""
    _most[:] = [threads]


def processors() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _threads() -> int:
    return min([processors(), *_most])


def ahead(items: Iterable[T]) -> Iterator[T]:
    """Yield ``items``, the next one made on a thread of its own while this one is used, if `limit` allows."""
    if _threads() == 1:
        yield from items
        return
    source = iter(items)
    with ThreadPoolExecutor(1) as pool:
        coming = pool.submit(_some, source)
        while found := coming.result():
            coming = pool.submit(_some, source)
            yield found[0]


def _some(source: Iterator[T]) -> tuple[T, ...]:
    return tuple(itertools.islice(source, 1))


def share(work: Callable[[int, int], None], count: int, least: int) -> None:
    """Call ``work(first, last)`` until ``[0, count)`` is done, on a thread a processor, if `limit` allows.

    No part but the last is smaller than ``least``; what fits one part runs on the caller's own thread. The first
    error of a part is raised, after all parts have ended.
    """
    threads = _threads()
    part = max(least, -(-count // (threads * _PARTS)))
    if threads == 1 or part >= count:
        if count:
            work(0, count)
        return
    with ThreadPoolExecutor(threads) as pool:
        done = [pool.submit(work, first, min(first + part, count)) for first in range(0, count, part)]
    for future in done:
        future.result()
