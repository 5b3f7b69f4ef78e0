"""How fast recorded files are read, a week of each kind; run on demand and judged by eye.

Files are written to a temporary folder. They are read once from the disk, as far as the system lets go of what it keeps
of them in memory, and then from that memory; the median of these counts. Beside it stands what merely copying as many
bytes in memory takes. Peak memory is of a fresh process that reads and does nothing else, less that after its imports.

Run: ``pytest tests/bench/test_reader_speed.py -o addopts=--import-mode=importlib -s``
"""

import os
import subprocess
import sys
import time
from pathlib import Path
from statistics import median

import cwa_writer
import numpy as np
import pytest

from device.readers.table import open_recordings
from device.recording import NS_PER_S
from device.simulator.motion import Part, Wearer, synthesise

START_NS = 1_790_000_000 * NS_PER_S
HOUR = (Part("sit", 25), Part("walk", 10), Part("stand", 5), Part("sit", 10), Part("walk", 5), Part("stand", 5))
ROUNDS = 5

_READ = """
import re, sys
from pathlib import Path
from device.readers.table import open_recordings

def peak_mb():
    status = Path("/proc/self/status")
    return int(re.search(r"VmHWM:\\s+(\\d+)", status.read_text())[1]) / 1024 if status.exists() else float("nan")

before = peak_mb()
for _, stream in open_recordings(Path(sys.argv[1])):
    for chunk in stream.chunks():
        pass
print(peak_mb() - before)
"""


@pytest.fixture(scope="module")
def hour_g() -> np.ndarray:
    return synthesise(HOUR, Wearer(), rate_hz=100.0, seed=1, start_ns=START_NS).recording.accel_g


def read(path: Path) -> int:
    return sum(chunk.time_ns.size for _, stream in open_recordings(path) for chunk in stream.chunks())


def clocked(work) -> float:
    start_s = time.perf_counter()
    work()
    return time.perf_counter() - start_s


def let_go(path: Path) -> None:
    """Ask the system to keep nothing of a file in memory."""
    if hasattr(os, "posix_fadvise"):
        with path.open("rb") as file:
            os.fsync(file.fileno())
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def say(name: str, path: Path, days: float) -> None:
    samples = read(path)
    let_go(path)
    disk_s = clocked(lambda: read(path))
    clock_s = median(clocked(lambda: read(path)) for _ in range(ROUNDS))
    content = np.fromfile(path, dtype=np.uint8)
    target = content.copy()
    copy_s = median(clocked(lambda: np.copyto(target, content)) for _ in range(ROUNDS))
    done = subprocess.run([sys.executable, "-c", _READ, str(path)], capture_output=True, text=True, check=True)
    size_mb = content.size / 1e6
    print(
        f"\n{name:34s} {samples:12,} samples {size_mb:8.1f} MB {clock_s:7.3f} s {size_mb / clock_s:7,.0f} MB/s"
        f" (from disk {size_mb / disk_s:6,.0f}) {days * 86_400 / clock_s:11,.0f} × real time"
        f" {clock_s / copy_s:5.1f} × copying {float(done.stdout):5.0f} MB of memory",
        end="",
    )


@pytest.mark.parametrize(
    ("name", "days", "layout"),
    [
        ("cwa, packed, a day", 1.0, cwa_writer.PACKED),
        ("cwa, packed, a week", 7.0, cwa_writer.PACKED),
        ("cwa, packed, 30 days", 30.0, cwa_writer.PACKED),
        ("cwa, words, a week", 7.0, cwa_writer.WORDS),
        ("cwa, with gyroscope, a day", 1.0, cwa_writer.GYROSCOPE),
    ],
)
def test_axivity(name: str, days: float, layout: int, hour_g: np.ndarray, tmp_path: Path) -> None:
    path = cwa_writer.write(tmp_path / "a.cwa", cwa_writer.worn(days, hour_g), layout=layout)
    say(name, path, days)
    path.unlink()


def test_axivity_with_every_97th_sector_damaged(hour_g: np.ndarray, tmp_path: Path) -> None:
    path = cwa_writer.write(tmp_path / "a.cwa", cwa_writer.worn(7.0, hour_g))
    content = np.memmap(path, dtype=np.uint8, mode="r+", offset=1024).reshape(-1, 512)
    content[::97, 100] ^= 1
    content.flush()
    say("cwa, packed, a week, 1 % damaged", path, 7.0)
