"""Where tasks run, processes of this machine or a Dask cluster; the task and its results are the same."""

import importlib.metadata
import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

from activity.errors import EngineError, WorkerLostError
from activity.reprocess.outcome import Failed, Outcome
from activity.reprocess.plan import Job
from activity.threads import limit

#: One file from acceleration to results; it can be sent to another process.
Task = Callable[[Job], Outcome]

PATIENCE_S: Final = 30.0  # for a scheduler to answer
_QUEUED_AHEAD: Final = 1  # task that a pool holds ready beside those at work
#: Libraries of linear algebra start threads when they are loaded, which then only wait for each other.
_ONE_THREAD: Final = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
#: Dask has workers give every 64 KiB freed back to the system, and looks at their stacks a hundred times a second.
_AS_A_POOL: Final = {
    "distributed.nanny.pre-spawn-environ": _ONE_THREAD,
    "distributed.worker.profile.enabled": False,
}
_DASK_REMEDY: Final = "install it with: pip install 'selfback[cluster]'"


@dataclass(frozen=True, slots=True)
class Engine:
    """``run`` yields outcomes in the order of its jobs, given how many processes and threads of each to use."""

    name: str
    run: Callable[[Sequence[Job], Task, int, int], Iterator[Outcome]]
    in_process: bool  #: where one process is enough, this one will do


def engine_named(name: str, scheduler: str | None = None) -> Engine:
    """Return an engine; ``scheduler`` is the address of a running Dask cluster, without which one is started here."""
    if name == "dask":
        return Engine("dask", partial(_on_dask, scheduler), in_process=False)
    return Engine("local", _in_processes, in_process=True)


ENGINES: Final = ("local", "dask")


def lost(job: Job) -> Outcome:
    """Return the outcome of a job that ended its process twice."""
    fault = WorkerLostError(
        "the process that worked on it ended, also when it worked on nothing else",
        str(job.path),
        "enough memory for one recording",
        "run it alone with --workers 1 to see why",
    )
    return Outcome(job, (), (Failed(job.path, "", fault),))


def _in_processes(jobs: Sequence[Job], task: Task, processes: int, threads: int) -> Iterator[Outcome]:
    waiting = list(jobs)
    while waiting:
        found: dict[Path, Outcome] = {}
        with _Pool(processes, threads) as pool:
            futures: list[Future[Outcome]] = []
            told = 0
            try:
                # A process can end before the last of many is submitted.
                futures.extend(pool.submit(task, job) for job in waiting)
                for future in futures:
                    yield future.result()
                    told += 1
            except BrokenProcessPool:
                rest = zip(waiting[told:], futures[told:], strict=False)
                found = {job.path: future.result() for job, future in rest if _ended_well(future)}
        waiting = waiting[told:]
        # Whichever of those that were at work did it: each has a process of its own now, and the rest goes on.
        at_work = [job.path for job in waiting if job.path not in found][: processes + _QUEUED_AHEAD]
        while waiting and (waiting[0].path in found or waiting[0].path in at_work):
            job = waiting.pop(0)
            yield found.get(job.path) or _alone(job, task, threads)


def _ended_well(future: Future[Outcome]) -> bool:
    return future.done() and not future.cancelled() and future.exception() is None


def _alone(job: Job, task: Task, threads: int) -> Outcome:
    with _Pool(1, threads) as pool:
        try:
            return pool.submit(task, job).result()
        except BrokenProcessPool:
            return lost(job)


class _Pool:
    """Fresh processes that leave interrupts to this one, and are not waited for longer than their task in hand."""

    def __init__(self, processes: int, threads: int) -> None:
        self._kept = {name: os.environ.get(name) for name in _ONE_THREAD}
        os.environ.update(_ONE_THREAD)  # children read it when they load numpy
        context = multiprocessing.get_context("spawn")
        self._pool = ProcessPoolExecutor(processes, context, _begin, (threads,))

    def __enter__(self) -> "_Pool":
        return self

    def submit(self, task: Task, job: Job) -> Future[Outcome]:
        """Queue a task."""
        return self._pool.submit(task, job)

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)
        for name, value in self._kept.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})


def _begin(threads: int) -> None:
    # A worker that stops in the middle of a recording leaves nothing to keep; let it finish the one it is at.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    limit(threads)


def _on_dask(scheduler: str | None, jobs: Sequence[Job], task: Task, processes: int, threads: int) -> Iterator[Outcome]:
    try:
        import dask.config as dask_config  # noqa: PLC0415 - an extra
        import dask.distributed as dask  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise EngineError("Dask is not installed", expected="the extra `cluster`", remedy=_DASK_REMEDY) from error
    start: Any = dask.LocalCluster  # neither says what it takes
    connect: Any = dask.Client
    cluster: Any = None
    try:
        if scheduler is None:
            with dask_config.set(_AS_A_POOL):
                cluster = start(n_workers=processes, threads_per_worker=1, dashboard_address=None, processes=True)
        client = connect(cluster or scheduler, timeout=PATIENCE_S)
    except (OSError, ValueError) as error:
        raise EngineError(
            f"no scheduler answers: {error}", scheduler or "", "tcp://HOST:PORT of a running Dask scheduler",
            "check the address and that the scheduler runs, or leave --scheduler out",
        ) from error  # fmt: skip
    with client:
        check_workers(client, scheduler or "")
        futures = client.map(partial(_with_threads, task, threads), jobs, pure=False, retries=1)
        for job, future in zip(jobs, futures, strict=True):
            try:
                yield future.result()
            except dask.KilledWorker:
                yield lost(job)
    if cluster is not None:
        cluster.close()


def check_workers(client: Any, where: str) -> None:
    """Refuse workers that can't load a task: they would leave the cluster, and who waits for them waits for ever."""
    mine = importlib.metadata.version("selfback")
    try:
        versions = set(client.run(importlib.metadata.version, "selfback").values())
    except importlib.metadata.PackageNotFoundError as error:
        raise EngineError(
            "a worker of the cluster doesn't have selfback", where, f"selfback {mine} on each",
            "install it in the environment of the workers",
        ) from error  # fmt: skip
    if versions - {mine}:
        raise EngineError(
            f"workers of the cluster have selfback {', '.join(sorted(versions))}", where, f"{mine} on each",
            "install the same version everywhere, or results would depend on where they came from",
        )  # fmt: skip


def _with_threads(task: Task, threads: int, job: Job) -> Outcome:
    limit(threads)
    return task(job)
