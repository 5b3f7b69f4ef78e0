"""A batch: inputs to outcomes, on whichever engine."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from activity.reprocess.engines import Engine, Task
from activity.reprocess.outcome import Outcome
from activity.reprocess.plan import Job
from activity.threads import limit, processors


def run_jobs(
    jobs: Sequence[Job],
    task: Task,
    engine: Engine,
    *,
    workers: int,
    heard: Callable[[Mapping[str, Any]], None] = lambda _: None,
) -> Iterator[Outcome]:
    """Yield the outcome of each job in the order of ``jobs``; ``heard`` is told of recordings as their file is done.

    ``workers`` processors are used: as many processes as there are jobs up to that, and what is left over as threads
    of each. What a process that dies was at is tried once more, alone. Errors: `OutputError`, `EngineError`.
    """
    processes = max(1, min(workers, len(jobs)))
    threads = max(1, workers // processes)
    if processes == 1 and engine.in_process:
        limit(threads)
        found: Iterator[Outcome] = (task(job) for job in jobs)
    else:
        found = engine.run(jobs, task, processes, threads)
    for outcome in found:
        for info in outcome.done:
            heard(info)
        yield outcome


def default_workers() -> int:
    """Return how many processors this process may use."""
    return processors()
