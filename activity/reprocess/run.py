"""A batch: inputs to outcomes, in this process or in several."""

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any

from activity.classify.model import Model
from activity.errors import WorkerLostError
from activity.reprocess.outcome import Outcome
from activity.reprocess.plan import Job
from activity.reprocess.settings import Settings
from activity.reprocess.worker import process_file


def run_jobs(
    jobs: Sequence[Job],
    output: Path,
    settings: Settings,
    model: Model,
    *,
    workers: int,
    heard: Callable[[Mapping[str, Any]], None] = lambda _: None,
) -> Iterator[Outcome]:
    """Yield the outcome of each job in the order of ``jobs``; ``heard`` is told of recordings as they are done.

    More than one worker starts processes, of which each reads, recognises and writes on its own. Errors: `OutputError`,
    `WorkerLostError`; what was finished before is kept.
    """
    workers = min(workers, len(jobs))
    if workers <= 1:
        for job in jobs:
            yield process_file(job, output, settings, model, heard)
        return
    pool = ProcessPoolExecutor(
        workers, mp_context=multiprocessing.get_context("spawn"), initializer=_leave_interrupts_to_the_parent
    )
    try:
        waiting = [pool.submit(process_file, job, output, settings, model) for job in jobs]
        for future in waiting:
            outcome = future.result()
            for info in outcome.done:
                heard(info)
            yield outcome
    except BrokenProcessPool as error:
        raise WorkerLostError(
            "a worker process ended in the middle of its work",
            expected="enough memory for all workers",
            remedy="run the same command with --workers 1 to go on and see which input it is",
        ) from error
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def default_workers() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _leave_interrupts_to_the_parent() -> None:
    # A worker that stops in the middle of a recording leaves nothing to keep; let it finish the one it is at.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
