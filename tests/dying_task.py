"""A task whose process ends; in a module of its own, because processes that are started anew have to find it."""

import os
import signal
from pathlib import Path

from activity.reprocess.outcome import Outcome
from activity.reprocess.plan import Job


class Dies:
    """A task whose process ends in the middle of some jobs: the first time, or always."""

    def __init__(self, marks: Path, once: frozenset[str], always: frozenset[str]) -> None:
        self.marks, self.once, self.always = marks, once, always

    def __call__(self, job: Job) -> Outcome:
        mark = self.marks / job.id
        first = not mark.exists()
        mark.touch()
        if job.id in self.always or (first and job.id in self.once):
            os.kill(os.getpid(), signal.SIGKILL)
        return Outcome(job, ({"recording": job.id},), ())
