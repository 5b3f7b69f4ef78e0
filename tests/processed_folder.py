"""A folder of results as `selfback process` leaves it: a made-up weekend on which the clock changes, and a failure."""

from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np

from activity.cli.main import run
from device.capture.parquet import write_recording
from device.recording import NS_PER_S, Damage, Recording
from device.simulator.motion import Part, Wearer, synthesise

ZONE = "Europe/Oslo"
#: A Saturday; on the Sunday after it, summer time ends.
START_NS = int(datetime(2026, 10, 24, 20, tzinfo=ZoneInfo(ZONE)).timestamp()) * NS_PER_S
SCRIPT = tuple(
    Part(activity, minutes)
    for activity, minutes in (
        ("sit", 95), ("walk", 12), ("sit", 40), ("lie", 480), ("stand", 12), ("walk", 25), ("sit", 130), ("walk", 9),
        ("stand", 25), ("sit", 240), ("walk", 31), ("sit", 150), ("lie", 420), ("walk", 18), ("sit", 300), ("walk", 7),
        ("sit", 60),
    )
)  # fmt: skip
NAME = "a week<end>"


def weekend() -> Recording:
    """Thirty-four hours with a gap of half an hour and three hours off the wrist."""
    whole = synthesise(SCRIPT, Wearer(), rate_hz=25.0, seed=5, start_ns=START_NS).recording
    hours = (whole.time_ns - START_NS) / (3600 * NS_PER_S)
    accel_g = whole.accel_g.copy()
    off = (hours >= 14.0) & (hours < 17.0)
    noise = np.random.default_rng(5).normal(0.0, 0.001, (int(off.sum()), 3))
    accel_g[off] = np.array([0.02, 0.01, 1.0]) + noise
    kept = (hours < 20.0) | (hours >= 20.5)
    damage = (Damage("block with a bad checksum", 3, "left out", "byte 1,024"),)
    return Recording.from_times(accel_g[kept], whole.time_ns[kept], zone=ZONE, damage=damage)


def make(folder: Path) -> Path:
    """Process it, beside a file that can't be read, and return the folder of the results."""
    inputs = folder / "in"
    inputs.mkdir()
    write_recording(weekend(), inputs / f"{NAME}.parquet")
    (inputs / "broken.cwa").write_bytes(b"MD\xfc\x03" + bytes(3000))
    assert run(["process", str(inputs), "-o", str(folder / "out"), "--zone", ZONE]) == 1
    return folder / "out"
