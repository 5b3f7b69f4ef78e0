"""Thousands of broken files a format: only typed faults, no hang, bounded memory, and samples by the rules.

20,000 a format by default; ``SELFBACK_LONG_CAMPAIGN=1`` makes it 2,000,000, any other number that many. Each input has
a number; the first that fails is named, so that ``adversary.make(random.Random(f"{name} {number}"))`` gives it again.
"""

import os
import random
import resource
import time
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from reader_adversaries import ADVERSARIES

from device.errors import ReadError, RecordingError
from device.readers.table import READERS, open_recordings
from device.recording import CHUNK_SAMPLES

_ASKED = int(os.environ.get("SELFBACK_LONG_CAMPAIGN", "0"))
INPUTS = 2_000_000 if _ASKED == 1 else _ASKED or 20_000
MOST_S = 5.0
#: What Python may allocate for an input of some kilobytes; traced for one in so many, because tracing is slow.
MOST_TRACED_BYTES = 48 << 20
TRACED_EACH = 100
#: What the process may grow by over all inputs.
MOST_GROWTH_BYTES = 300 << 20


def folder_in_memory(fallback: Path) -> Path:
    memory = Path("/dev/shm")
    return memory if memory.is_dir() and os.access(memory, os.W_OK) else fallback


def read(path: Path) -> int:
    """Read all recordings of a file, check the rules of their chunks, and return their samples."""
    samples = 0
    for _, stream in open_recordings(path):
        last_ns = None
        for chunk in stream.chunks():
            n = chunk.time_ns.size
            assert chunk.accel_g.shape == (n, 3), "shape"
            assert chunk.accel_g.dtype == np.float32, "type of acceleration"
            assert chunk.time_ns.dtype == np.int64, "type of time"
            assert n <= CHUNK_SAMPLES, "too many at once"
            assert all(0 <= start < n for start in chunk.starts), "starts out of range"
            assert list(chunk.starts) == sorted(set(chunk.starts)), "starts out of order"
            if not n:
                continue
            assert last_ns is not None or 0 in chunk.starts, "the first sample starts nothing"
            assert (chunk.time_ns[1:] > chunk.time_ns[:-1]).all(), "time goes back in a chunk"
            assert last_ns is None or chunk.time_ns[0] > last_ns, "time goes back between chunks"
            finite = np.isfinite(chunk.accel_g)
            assert (finite.all(axis=1) | np.isnan(chunk.accel_g).all(axis=1)).all(), "neither a value nor missing"
            last_ns = chunk.time_ns[-1]
            samples += n
    return samples


def outcome(path: Path) -> str:
    try:
        read(path)
    except (ReadError, RecordingError) as fault:
        return fault.code
    return "read"


@contextmanager
def traced() -> Iterator[None]:
    """Trace what Python allocates; once for many inputs, since stopping can end a process that has other threads."""
    tracemalloc.start()
    try:
        yield
    finally:
        tracemalloc.stop()


def traced_outcome(path: Path) -> tuple[str, int]:
    tracemalloc.clear_traces()
    found = outcome(path)
    return found, tracemalloc.get_traced_memory()[1]


@pytest.mark.timeout(300 if INPUTS <= 20_000 else 0)
@pytest.mark.parametrize("name", ADVERSARIES)
def test_whatever_is_in_a_file_it_is_read_or_refused_in_words(name, tmp_path):
    adversary = ADVERSARIES[name]
    scratch = folder_in_memory(tmp_path) / f"selfback-{os.getpid()}-{name}"
    scratch.mkdir()
    path = scratch / adversary.file
    seen: dict[str, int] = {}
    growth_from = 0
    try:
        for other, content in adversary.beside.items():
            (scratch / other).write_bytes(content)
        for number in range(INPUTS):
            path.write_bytes(adversary.make(random.Random(f"{name} {number}")))
            begun = time.perf_counter()
            try:
                found = outcome(path)
            except BaseException as error:
                error.add_note(f"input {number} of {name}")
                raise
            took_s = time.perf_counter() - begun
            assert took_s < MOST_S, f"input {number} of {name} took {took_s:.1f} s"
            seen[found] = seen.get(found, 0) + 1
            if number == min(500, INPUTS // 2):
                growth_from = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        with traced():
            for number in range(0, INPUTS, TRACED_EACH):
                path.write_bytes(adversary.make(random.Random(f"{name} {number}")))
                _, peak = traced_outcome(path)
                assert peak < MOST_TRACED_BYTES, f"input {number} of {name} took {peak >> 20} MiB"
    finally:
        for each in scratch.iterdir():
            each.unlink()
        scratch.rmdir()
    growth = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - growth_from) * 1024
    assert growth < MOST_GROWTH_BYTES, f"{growth >> 20} MiB more memory"
    # An adversary that is always refused, or always read, tests little.
    assert 0.02 < seen.get("read", 0) / INPUTS < 0.98, seen
    print(f"{name}: {INPUTS:,} inputs, {seen}")


def test_each_format_has_an_adversary():
    assert {reader.name for reader in READERS} <= set(ADVERSARIES)
