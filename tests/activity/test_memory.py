"""What a recording takes in memory is what its results take: its samples pass through."""

import tracemalloc

import numpy as np

from activity.classify.artefact import load_model
from activity.reprocess.analyse import analyse
from device.recording import NS_PER_S, Chunk, Stream
from device.simulator.motion import Part, Wearer, synthesise

START_NS = 1_790_000_000 * NS_PER_S
STEP_NS = NS_PER_S // 100
SAMPLES_A_DAY = 8_640_000


HOUR = (Part("sit", 40), Part("walk", 15), Part("stand", 5))


def days_of_wear(days: int) -> Stream:
    """Days at 100 Hz of the same hour, again and again, as they are read."""
    hour_g = synthesise(HOUR, Wearer(), rate_hz=100.0, seed=1, start_ns=START_NS).recording.accel_g[:360_000]

    def chunks():
        for first in range(0, days * SAMPLES_A_DAY, 180_000):
            part = slice(first % 360_000, first % 360_000 + 180_000)
            time_ns = START_NS + np.arange(first, first + 180_000) * STEP_NS
            yield Chunk(hour_g[part], time_ns, (0,) if first == 0 else ())

    return Stream(chunks)


def peak_bytes(days: int, scratch) -> int:
    tracemalloc.reset_peak()
    before = tracemalloc.get_traced_memory()[0]
    analysis = analyse(days_of_wear(days), load_model(), "UTC", scratch)
    assert len(analysis.found.epochs) == days * 8640
    assert analysis.found.step_times_ns.size > days * 10_000
    return tracemalloc.get_traced_memory()[1] - before


def test_memory_grows_by_the_results_and_not_by_the_samples(tmp_path):
    analyse(days_of_wear(1), load_model(), "UTC", tmp_path)  # what is made once
    tracemalloc.start()
    try:
        one, four = peak_bytes(1, tmp_path), peak_bytes(4, tmp_path)
    finally:
        tracemalloc.stop()
    samples_bytes = SAMPLES_A_DAY * (12 + 8)
    assert one < samples_bytes / 2
    # Three more days of samples are 518 MB, and 78 MB on the grid of recognition.
    assert four - one < 25e6
    assert list(tmp_path.iterdir()) == []
