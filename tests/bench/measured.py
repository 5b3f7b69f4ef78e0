"""What a command costs in a fresh process, with all that it starts: wall time, processor time, peak memory; and tables.

Processor time says what work was done even where others share the machine; wall time is what somebody waits for.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

# A child begins with the peak memory of the process that started it, so a small one stands between.
_BETWEEN = """
import json, os, signal, subprocess, sys, time
limit_s, out, err, *command = sys.argv[1:]
with open(out, "wb") as o, open(err, "wb") as e:
    begun = time.perf_counter()
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=o, stderr=e, start_new_session=True)
    signal.signal(signal.SIGALRM, lambda *_: os.killpg(child.pid, signal.SIGKILL))
    signal.alarm(int(limit_s))
    _, status, used = os.wait4(child.pid, 0)
    wall_s = time.perf_counter() - begun
said = [os.waitstatus_to_exitcode(status), wall_s, used.ru_utime + used.ru_stime, used.ru_maxrss]
print(json.dumps(said))
"""


@dataclass(frozen=True, slots=True)
class Cost:
    """What a command cost, and what it said. Processes that it started and waited for are counted with it."""

    wall_s: float
    cpu_s: float
    peak_mb: float  #: of the largest of its processes
    code: int
    out: str
    err: str

    @property
    def last_error(self) -> str:
        """Return the last line of what it said on stderr, or else on stdout."""
        lines = [*self.out.strip().splitlines()[-1:], *self.err.strip().splitlines()]
        return lines[-1].strip() if lines else f"ended with {self.code}"


def run(
    command: Sequence[str | Path], folder: Path, *, limit_s: float = 3600, environment: Mapping[str, str] | None = None
) -> Cost:
    """Run a command in a process of its own in ``folder``, which also keeps what it says, for ``limit_s`` at most.

    It finds only the packages of its own environment, but for those that ``environment`` names.
    """
    out, err = folder / ".said", folder / ".complained"
    parts = [sys.executable, "-I", "-S", "-c", _BETWEEN, str(round(limit_s)), str(out), str(err), *map(str, command)]
    around = {**os.environ, "PYTHONPATH": "", **(environment or {})}
    done = subprocess.run(parts, capture_output=True, text=True, check=True, env=around, cwd=folder)
    code, wall_s, cpu_s, peak_kb = json.loads(done.stdout)
    said, complained = (path.read_text(encoding="utf-8", errors="replace") for path in (out, err))
    return Cost(wall_s, cpu_s, peak_kb * 1024 / 1e6, code, said, complained)


def machine() -> str:
    """Return what this machine is, and how busy it is now."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    load = ", ".join(f"{part:.1f}" for part in os.getloadavg())
    name = next((line.partition(":")[2].strip() for line in _cpuinfo() if line.startswith("model name")), "processor")
    return f"{cores} cores ({name}), Python {sys.version.split()[0]}, load over 1, 5, 15 minutes {load}"


def _cpuinfo() -> list[str]:
    place = Path("/proc/cpuinfo")
    return place.read_text(encoding="utf-8").splitlines() if place.exists() else []


def table(head: Sequence[str], rows: Iterable[Sequence[str]], texts: int = 1) -> str:
    """Return a Markdown table, of which the first columns are texts and the others numbers."""
    lines = [head, ["---"] * texts + ["---:"] * (len(head) - texts), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def bytes_in(folder: Path) -> int:
    """Return how many bytes the files in a folder have."""
    return sum(path.lstat().st_size for path in folder.rglob("*") if path.is_file())
