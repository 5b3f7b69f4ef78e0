"""Write the movement measures of other people's programs for a simulated wrist, to which ours are held.

Run where ``agcounts`` and ``wristpy`` are installed: ``python tests/golden/write_movement.py``. The signal is made by
a formula that stands here, so that nothing of this project is needed for it. ``movement.json`` says the versions.
"""

import json
import sys
from importlib.metadata import version
from pathlib import Path

import numpy as np

OUT = Path(__file__).with_name("movement.json")
MINUTES = 6
START_NS = 1_790_000_040_000_000_000  # a whole minute


def wrist_g(rate_hz: float) -> np.ndarray:
    """Return (n, 3): a minute each of rest, slow sway, walking, running, waving and rest upside down."""
    t_s = np.arange(round(MINUTES * 60 * rate_hz)) / rate_hz
    minute = np.minimum((t_s // 60).astype(int), MINUTES - 1)
    strength = np.array([0.0, 0.02, 0.25, 1.1, 0.6, 0.0])[minute]
    pace_hz = np.array([0.0, 0.4, 1.8, 2.7, 1.1, 0.0])[minute]
    down = np.array([[0, 0, 1], [0, 0.6, 0.8], [-0.3, -0.9, 0.316], [-0.8, -0.6, 0], [0.7, 0, 0.714], [0, 0, -1]])
    turn = 2 * np.pi * pace_hz * t_s
    moves = [np.sin(turn), 0.7 * np.sin(2 * turn + 0.4), 0.4 * np.sin(0.5 * turn) + 0.3 * np.sin(3 * turn)]
    shake = [0.004 * np.sin(2 * np.pi * hz * t_s) for hz in (0.9, 2.3, 3.9)]
    return down[minute] + strength[:, None] * np.stack(moves, axis=1) + np.stack(shake, axis=1)


def counts() -> dict[str, list[list[int]]]:
    from agcounts.extract import get_counts

    return {str(rate_hz): get_counts(wrist_g(rate_hz), rate_hz, 60).tolist() for rate_hz in (30, 60, 90, 100)}


def mims() -> list[list[float]]:
    """Return areas by axis at 100 Hz, without extrapolation, which ours leaves out, and without truncation."""
    import polars as pl
    from wristpy.core import models
    from wristpy.processing import mims as peer

    accel_g = wrist_g(100.0)
    time = pl.Series("time", START_NS + np.arange(len(accel_g)) * 10_000_000, dtype=pl.Datetime("ns"))
    filtered = peer.butterworth_filter(models.Measurement(measurements=accel_g, time=time))
    return peer.aggregate_mims(filtered, epoch=60.0, truncate=False).measurements.tolist()


if __name__ == "__main__":
    versions = {name: version(name) for name in ("agcounts", "wristpy", "numpy", "scipy")}
    text = json.dumps({"versions": versions, "counts": counts(), "mims_by_axis": mims()}, indent=1)
    OUT.write_text(text + "\n", encoding="utf-8")
    print(f"wrote {OUT}", file=sys.stderr)
