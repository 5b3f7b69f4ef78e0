"""Compare the samples and times of device files with those of other public readers, each in an environment of its own.

Install those wanted, each beside this program and not into it, and name their Python::

    python -m venv skdh && skdh/bin/pip install scikit-digital-health
    python -m venv actipy && actipy/bin/pip install actipy                                 # needs Java
    python -m venv openmovement && openmovement/bin/pip install openmovement "numpy<2" "pandas<2.3"
    python -m venv pygt3x && pygt3x/bin/pip install pygt3x
    python -m venv wristpy && wristpy/bin/pip install wristpy
    python tests/bench/compare_readers.py --skdh skdh/bin/python --pygt3x pygt3x/bin/python FILE...

A line says how many samples both have, how many of ours are theirs to the bit at the same place, and how far the times
lie apart: in the median, and at most. Readers that leave out other sectors don't have the same places; pygt3x repeats
the last sample while a device sleeps, where nobody measured.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from device.readers.table import read_recording

#: The files that a peer is asked to read, and what it is told: put (n, 3) in g into ``accel`` and seconds since 1970
#: into ``time``.
READS = {
    "skdh": {".cwa"},
    "actipy": {".cwa", ".gt3x", ".bin"},
    "openmovement": {".cwa"},
    "pygt3x": {".gt3x"},
    "wristpy": {".gt3x", ".bin"},
}
PEERS = {
    "skdh": """
from skdh.io import ReadCwa
found = ReadCwa(ext_error="skip").predict(file=path, tz_name=None)
accel, time = found["accel"], found["time"]
""",
    "actipy": """
import actipy
table, _ = actipy.read_device(
    path, lowpass_hz=None, calibrate_gravity=False, detect_nonwear=False, resample_hz=None, verbose=False
)
accel, time = table[["x", "y", "z"]].to_numpy(), table.index.astype("datetime64[ns]").astype("int64") / 1e9
""",
    "openmovement": """
from openmovement.load import CwaData
with CwaData(path, include_time=True, include_gyro=False, include_temperature=False) as data:
    values = data.get_sample_values()
accel, time = values[:, 1:4], values[:, 0]
""",
    "pygt3x": """
from pygt3x.reader import FileReader
with FileReader(path) as reader:
    table = reader.to_pandas()
accel, time = table[["X", "Y", "Z"]].to_numpy(), table.index.to_numpy()
""",
    "wristpy": """
from pathlib import Path
from wristpy.io.readers import readers
found = readers.read_watch_data(Path(path)).acceleration
accel, time = found.measurements, found.time.dt.timestamp("ns").to_numpy() / 1e9
""",
}
_FRAME = """
import sys, numpy as np
path, out = sys.argv[1:]
{read}
np.savez(out, accel=np.asarray(accel), time=np.asarray(time, dtype=np.float64))
"""


def read_by(peer: str, python: Path, path: Path) -> tuple[np.ndarray, np.ndarray] | str:
    """Return samples and seconds that a peer reads, or what it says instead."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "read.npz"
        command = [str(python), "-W", "ignore", "-c", _FRAME.format(read=PEERS[peer]), str(path), str(out)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode or not out.exists():
            return (done.stderr.strip().splitlines() or ["no word"])[-1]
        with np.load(out, allow_pickle=False) as read:
            return read["accel"], read["time"]


def compared(path: Path, theirs: tuple[np.ndarray, np.ndarray] | str) -> str:
    """Return one line: ours against theirs."""
    if isinstance(theirs, str):
        return theirs
    ours = read_recording(path)
    accel_g, time_s = theirs
    counts = f"{ours.n_samples:,} and {len(accel_g):,} samples"
    if len(accel_g) != ours.n_samples:
        return counts
    equal = (ours.accel_g == accel_g.astype(np.float32)).all(axis=1)
    apart_ms = np.abs(ours.time_ns / 1e9 - time_s) * 1000
    return f"{counts}, {equal.sum():,} equal; times {np.median(apart_ms):.3f} ms apart, at most {apart_ms.max():.3f}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="+", type=Path)
    for peer in PEERS:
        parser.add_argument(f"--{peer}", type=Path, help=f"Python in whose environment {peer} is")
    said = parser.parse_args()
    for path in said.files:
        for peer in PEERS:
            python = getattr(said, peer)
            if python is not None and path.suffix in READS[peer]:
                print(f"{path.name:54s} {peer:13s} {compared(path, read_by(peer, python, path))}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
