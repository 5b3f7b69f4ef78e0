"""How long live recognition works for a window; run on demand and judged by eye.

Run: ``pytest tests/bench/test_live_speed.py -o addopts=--import-mode=importlib -s``
"""

import time

import numpy as np
import pytest

from activity.classify.artefact import load_model
from activity.live import LiveRecogniser
from device.recording import Recording
from device.simulator.motion import Part, Wearer, synthesise

SCRIPT = (Part("walk", 20.0), Part("sit", 20.0), Part("run", 10.0))
PIECE_S = 0.5


def timed(recording: Recording, rate_hz: float) -> tuple[list[float], list[float]]:
    """Push a recording in pieces; milliseconds of wall clock and of processors for each window, all pushes of it."""
    live, n = LiveRecogniser(load_model()), round(PIECE_S * rate_hz)
    walls, works, wall, work = [], [], 0.0, 0.0
    for start in range(0, recording.n_samples, n):
        accel_g, time_ns = recording.accel_g[start : start + n], recording.time_ns[start : start + n]
        began, worked = time.perf_counter(), time.process_time()
        told = live.push(accel_g, time_ns)
        wall, work = wall + time.perf_counter() - began, work + time.process_time() - worked
        if told:
            walls.append(1e3 * wall / len(told))
            works.append(1e3 * work / len(told))
            wall = work = 0.0
    return walls, works


@pytest.mark.parametrize("rate_hz", [25.0, 50.0, 100.0])
def test_live_window(rate_hz: float) -> None:
    recording = synthesise(SCRIPT, Wearer.draw(3), rate_hz=rate_hz, seed=3, start_ns=0).recording
    timed(recording, rate_hz)  # compile outside the clock
    walls, works = timed(recording, rate_hz)
    print(
        f"\n{rate_hz:g} Hz, {len(walls)} windows: median {np.median(walls):.2f} ms, 95 of 100 within "
        f"{np.percentile(walls, 95):.2f} ms; of processors {np.median(works):.2f} ms"
    )
