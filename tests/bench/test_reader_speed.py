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
from datetime import timedelta
from pathlib import Path
from statistics import median

import cwa_writer
import geneactiv_writer
import gt3x_writer
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


@pytest.mark.parametrize(
    ("name", "kind", "rate"),
    [
        ("gt3x, 12 bits, 30 Hz, a day", gt3x_writer.PACKED, 30),
        ("gt3x, 12 bits, 100 Hz, a day", gt3x_writer.PACKED, 100),
        ("gt3x, 16 bits, 100 Hz, a day", gt3x_writer.WORDS, 100),
    ],
)
def test_actigraph(name: str, kind: int, rate: int, hour_g: np.ndarray, tmp_path: Path) -> None:
    pack = {gt3x_writer.PACKED: gt3x_writer.packed, gt3x_writer.WORDS: gt3x_writer.words}[kind]
    raw = np.clip(np.rint(hour_g[: len(hour_g) // rate * rate] * 256), -2048, 2047).astype(int).reshape(-1, rate, 3)
    seconds = [pack(one) for one in raw]
    log = b"".join(gt3x_writer.record(kind, gt3x_writer.START_S + k, seconds[k % len(seconds)]) for k in range(86_400))
    path = tmp_path / "a.gt3x"
    path.write_bytes(gt3x_writer.content(log, gt3x_writer.info_text(Sample_Rate=str(rate))))
    say(name, path, 1.0)


def test_geneactiv(hour_g: np.ndarray, tmp_path: Path) -> None:
    raw = geneactiv_writer.raw_of(hour_g)
    digits = [geneactiv_writer.digits(raw[k : k + 300]) for k in range(0, len(raw), 300)]
    path = tmp_path / "a.bin"
    with path.open("wb") as file:
        file.write(geneactiv_writer.header())
        for k in range(28_800):
            when = geneactiv_writer.stamp(geneactiv_writer.START + k * timedelta(seconds=3))
            file.write(geneactiv_writer.page(digits[k % len(digits)], k, when))
    say("bin, 100 Hz, a day", path, 1.0)
