"""How fast recorded files are read, a week of each kind; run on demand and judged by eye.

Files are written to a temporary folder and read from memory that the system keeps of them. Peak memory is of a fresh
process that reads and does nothing else, less that of one that only imports the reader.

Run: ``pytest tests/bench/test_reader_speed.py -o addopts=--import-mode=importlib -s``
"""

import subprocess
import sys
import time
from pathlib import Path
from statistics import median

import cwa_writer
import pytest

from device.readers.table import open_recordings
from device.recording import NS_PER_S
from device.simulator.motion import Part, Wearer, synthesise

START_NS = 1_790_000_000 * NS_PER_S
HOUR = (Part("sit", 25), Part("walk", 10), Part("stand", 5), Part("sit", 10), Part("walk", 5), Part("stand", 5))
DAYS = 7.0
ROUNDS = 5

_READ = """
import resource, sys
from pathlib import Path
from device.readers.table import open_recordings
for path in sys.argv[1:]:
    for _, stream in open_recordings(Path(path)):
        for chunk in stream.chunks():
            pass
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""


@pytest.fixture(scope="module")
def hour_g():
    return synthesise(HOUR, Wearer(), rate_hz=100.0, seed=1, start_ns=START_NS).recording.accel_g


def read(path: Path) -> int:
    return sum(chunk.time_ns.size for _, stream in open_recordings(path) for chunk in stream.chunks())


def peak_mb(*paths: Path) -> float:
    done = subprocess.run([sys.executable, "-c", _READ, *map(str, paths)], capture_output=True, text=True, check=True)
    return float(done.stdout)


def say(name: str, path: Path) -> None:
    samples = read(path)
    took = []
    for _ in range(ROUNDS):
        start_s = time.perf_counter()
        read(path)
        took.append(time.perf_counter() - start_s)
    clock_s, size = median(took), path.stat().st_size
    memory = peak_mb(path) - peak_mb()
    print(
        f"\n{name:24s} {samples:12,} samples {size / 1e6:7.1f} MB  {clock_s:6.3f} s  {size / 1e6 / clock_s:8,.0f} MB/s"
        f"  {DAYS * 86_400 / clock_s:11,.0f} × real time  {memory:6.0f} MB of memory",
        end="",
    )


@pytest.mark.parametrize(("name", "layout"), [("cwa, packed", cwa_writer.PACKED), ("cwa, words", cwa_writer.WORDS)])
def test_axivity(name, layout, hour_g, tmp_path):
    say(name, cwa_writer.write(tmp_path / "week.cwa", cwa_writer.worn(DAYS, hour_g), layout=layout))
