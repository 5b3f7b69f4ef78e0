"""Compare what this program and its peers cost on the same recordings, each in an environment of its own.

Run: ``python tests/bench/peers.py --into FOLDER``; it prints Markdown. What it printed once stands in peers.md.

A peer is installed by pip from wherever pip is set up to look, beside this program and never into it; what can't be
installed or doesn't run is a row with its own last words. Every figure is of a fresh process with all that it starts.
A made week and a made day at 100 Hz are run up to three times, median; what would take a week too long is scaled from
its day, and says so. Environments stay in FOLDER for the next run; --only names peers. About 4 GB of disk, or 10 GB
with stepcount, which brings torch.
"""

import argparse
import json
import math
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from cohort import motion, write_recording
from measured import ROOT, Cost, bytes_in, machine, run, table

DAYS = {"day": 1, "week": 7}
ROUNDS = 3
#: Seconds after which a recording is not run again.
ENOUGH_S = 30.0
LIMIT_S = 420
INSTALL_LIMIT_S = 900
SELFBACK = "selfback"


@dataclass(frozen=True, slots=True)
class Way:
    """What a peer makes of a file: code that has ``path`` and an empty folder ``out``, and may leave ``said``."""

    gives: str  #: "samples", "cleaned" or "days": what is compared with its like
    what: str
    code: str


@dataclass(frozen=True, slots=True)
class Peer:
    """A program, how it is installed, and what is asked of it."""

    name: str
    version: str
    requirements: tuple[str, ...]
    licence: str
    ways: tuple[Way, ...]
    pythons: tuple[str, ...] = ("3.11", "3.12", "3.13")  #: those that it runs on, the first found is taken
    needs: tuple[str, ...] = ()  #: programs that have to be there
    language: str = "python"


_OXFORD = "Academic Use Licence (Oxford): comparison only"
PEERS = (
    Peer(
        SELFBACK, "this checkout", (str(ROOT),), "Apache-2.0",
        (
            Way("samples", "samples and times, chunk by chunk", """
from pathlib import Path
from device.readers.table import open_recordings
said = sum(chunk.time_ns.size for _, stream in open_recordings(Path(path)) for chunk in stream.chunks())
"""),
            Way("days", "calibration, wear, activities, steps, bouts, days; one worker", """
from activity.cli.main import run
if run(["process", path, "--output", out, "--workers", "1"]):
    raise SystemExit("failed")
"""),
            Way("days", "the same, two workers", """
from activity.cli.main import run
if run(["process", path, "--output", out, "--workers", "2"]):
    raise SystemExit("failed")
"""),
        ),
    ),
    Peer(
        "skdh", "0.17.18", ("scikit-digital-health==0.17.18",), "MIT",
        (
            Way("samples", "samples and times, in one array", """
from skdh.io import ReadCwa
said = len(ReadCwa(ext_error="skip").predict(file=path, tz_name=None)["time"])
"""),
            Way("days", "calibration, wear, minutes of each intensity a day; no activities, no steps from a wrist", """
from skdh import Pipeline
from skdh.activity import ActivityLevelClassification
from skdh.io import ReadCwa
from skdh.preprocessing import AccelThresholdWearDetection, CalibrateAccelerometer, GetDayWindowIndices
line = Pipeline()
for step in (
    ReadCwa(ext_error="skip"), CalibrateAccelerometer(), AccelThresholdWearDetection(),
    GetDayWindowIndices(bases=[0], periods=[24]), ActivityLevelClassification(),
):
    line.add(step)
line.run(file=path)
"""),
        ),
        ("3.11", "3.12", "3.10", "3.9", "3.13"),
    ),
    Peer(
        "actipy", "3.8.3", ("actipy==3.8.3",), _OXFORD,
        (
            Way("samples", "samples and times, in one table", """
import actipy
table, _ = actipy.read_device(
    path, lowpass_hz=None, calibrate_gravity=False, detect_nonwear=False, resample_hz=None, verbose=False
)
said = len(table)
"""),
            Way("cleaned", "filtered, calibrated, resampled, not worn taken out; no activities, no days", """
import actipy
table, _ = actipy.read_device(path, verbose=False)
said = len(table)
"""),
        ),
        ("3.11", "3.12", "3.10", "3.9", "3.13"), ("java",),
    ),
    Peer(
        "openmovement", "0.0.1", ("openmovement==0.0.1", "numpy<2", "pandas<2.3"), "BSD-2-Clause",
        (
            Way("samples", "samples and times, in one array", """
from openmovement.load import CwaData
with CwaData(path, include_time=True, include_gyro=False, include_temperature=False) as data:
    said = len(data.get_sample_values())
"""),
        ),
        ("3.11", "3.12", "3.10"),
    ),
    Peer(
        "accelerometer", "7.5.0", ("accelerometer==7.5.0",), _OXFORD,
        (
            Way("days", "calibration, wear, mg a 30 s and a day; activities left out", """
import sys
from accelerometer.accProcess import main
sys.argv = ["accProcess", path, "--outputFolder", out + "/", "--activityClassification", "False"]
main()
"""),
            Way("days", "the same with activities; its model is downloaded", """
import sys
from accelerometer.accProcess import main
sys.argv = ["accProcess", path, "--outputFolder", out + "/"]
main()
"""),
        ),
        ("3.10", "3.9", "3.8"), ("java",),
    ),
    Peer(
        "stepcount", "3.20.0", ("stepcount==3.20.0",), _OXFORD,
        (
            Way("cleaned", "what it does before it counts: read, calibrated, resampled, not worn taken out", """
from stepcount.utils import read
table, _ = read(path, verbose=False)
said = len(table)
"""),
            Way("days", "steps and walking a day; its model is downloaded", """
import sys
from stepcount.stepcount import main
sys.argv = ["stepcount", path, "--outdir", out, "--model-type", "rf"]
main()
"""),
        ),
        ("3.10", "3.9", "3.8"), ("java",),
    ),
    Peer(
        "wristpy", "0.2.10", ("wristpy==0.2.10",), "LGPL-2.1",
        (
            Way("days", "reads .gt3x and .bin: calibration, wear, mg and intensities", """
from wristpy.core import orchestrator
orchestrator.run(path, out + "/found.csv")
"""),
        ),
    ),
    Peer(
        "pygt3x", "0.7.1", ("pygt3x==0.7.1",), "GPL-3.0-or-later",
        (
            Way("samples", "reads .gt3x only", """
from pygt3x.reader import FileReader
with FileReader(path) as reader:
    said = len(reader.to_pandas())
"""),
        ),
        ("3.11", "3.12", "3.10"),
    ),
    Peer(
        "GGIR", "as CRAN has it", ("GGIR", "GGIRread"), "Apache-2.0",
        (
            Way("days", "parts 1 and 2: calibration, wear, metrics a day", """
args <- commandArgs(trailingOnly = TRUE)
library(GGIR)
GGIR(mode = 1:2, datadir = args[1], outputdir = args[2], do.report = 2, studyname = "one", overwrite = TRUE)
"""),
        ),
        needs=("Rscript",), language="R",
    ),
)  # fmt: skip

# --- environments ----------------------------------------------------------------------------------------------------

_FRAME = """
import json, sys
path, out = sys.argv[1:]
said = None
{code}
print("\\n" + json.dumps(said))
"""


@dataclass(frozen=True, slots=True)
class Installed:
    """An environment: how a way's code is begun in it; or why there is none."""

    begin: tuple[str, ...] = ()
    megabytes: float = 0.0
    trouble: str = ""


def python_named(version: str) -> str | None:
    """Return a Python of a version, from the path or from pyenv."""
    on_path = shutil.which(f"python{version}")
    root = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    found = sorted(root.glob(f"{version}.*/bin/python{version}"))
    # What pyenv puts on the path answers only for versions that are switched on.
    return str(found[-1]) if found else on_path


def install_python(peer: Peer, folder: Path) -> Installed:
    """Install a peer into a virtual environment of its own."""
    base = next((found for version in peer.pythons if (found := python_named(version))), None)
    if base is None:
        return Installed(trouble=f"needs Python {' or '.join(peer.pythons)}, and none is here")
    python = folder / "bin" / "python"
    steps = [
        [base, "-m", "venv", "--clear", str(folder)],
        [str(python), "-m", "pip", "install", "--no-input", *peer.requirements],
    ]
    for step in steps:
        done = run(step, folder.parent, limit_s=INSTALL_LIMIT_S)
        if done.code:
            lines = [line for line in done.err.splitlines() if line.startswith("ERROR:")]
            return Installed(trouble=lines[-1] if lines else done.last_error)
    return Installed((str(python), "-W", "ignore", "-c"), bytes_in(folder) / 1e6)


def install_r(peer: Peer, folder: Path) -> Installed:
    """Install a peer into a library of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    names = ", ".join(f'"{name}"' for name in peer.requirements)
    code = f'install.packages(c({names}), lib = "{folder}"); library({peer.name}, lib.loc = "{folder}")'
    done = run(["Rscript", "-e", code], folder.parent, limit_s=INSTALL_LIMIT_S)
    if done.code:
        return Installed(trouble=done.last_error)
    return Installed(("env", f"R_LIBS={folder}", "Rscript", "-e"), bytes_in(folder) / 1e6)


#: How peers of a language are installed, and what is put around the code of their ways.
LANGUAGES: dict[str, tuple[Callable[[Peer, Path], Installed], str]] = {
    "python": (install_python, _FRAME),
    "R": (install_r, "{code}"),
}


def installed(peer: Peer, into: Path) -> Installed:
    """Return the environment of a peer, made if it isn't there with the same requirements."""
    missing = [name for name in peer.needs if shutil.which(name) is None]
    if missing:
        return Installed(trouble=f"needs {', '.join(missing)}, which isn't on the path")
    folder, note = into / peer.name, into / f"{peer.name}.json"
    if note.exists() and peer.name != SELFBACK:
        known = json.loads(note.read_text(encoding="utf-8"))
        if known["requirements"] == list(peer.requirements):
            return Installed(tuple(known["begin"]), known["megabytes"])
    found = LANGUAGES[peer.language][0](peer, folder)
    if not found.trouble:
        known = {"requirements": peer.requirements, "begin": found.begin, "megabytes": found.megabytes}
        note.write_text(json.dumps(known), encoding="utf-8")
    return found


# --- runs ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Row:
    """What a peer's way cost on each made recording, or why it didn't run."""

    peer: Peer
    way: Way
    place: Installed
    costs: dict[str, list[Cost]] = field(default_factory=dict)
    trouble: str = ""
    first_s: float = math.nan  #: wall time of the first run of all, after it was installed


def once(peer: Peer, way: Way, place: Installed, path: Path, folder: Path) -> Cost:
    """Return what a way cost on a file, in a fresh process."""
    code = LANGUAGES[peer.language][1].format(code=way.code)
    with tempfile.TemporaryDirectory(dir=folder) as out:
        return run([*place.begin, code, path, out], folder, limit_s=LIMIT_S)


def measured(peer: Peer, way: Way, place: Installed, made: dict[str, Path], folder: Path) -> Row:
    """Return what a way costs on the made recordings, the day first; a week that can't end in time isn't begun."""
    first = once(peer, way, place, made["day"], folder)  # fills caches, of the system and of compilers
    if first.code:
        return Row(peer, way, place, trouble=first.last_error)
    costs: dict[str, list[Cost]] = {}
    for name, path in made.items():
        if costs and costs["day"][0].wall_s * DAYS[name] > LIMIT_S:
            break
        kept = [once(peer, way, place, path, folder)]
        while len(kept) < ROUNDS and sum(cost.wall_s for cost in kept) < ENOUGH_S and not kept[-1].code:
            kept.append(once(peer, way, place, path, folder))
        if kept[-1].code:
            return Row(peer, way, place, costs, kept[-1].last_error, first.wall_s)
        costs[name] = kept
    return Row(peer, way, place, costs, first_s=first.wall_s)


def on_real_files(rows: Sequence[Row], files: Sequence[Path], folder: Path) -> Iterator[list[str]]:
    """Yield a row a file: what each way finds in it, and how long that takes."""
    for path in files:
        cells = []
        for row in rows:
            cost = once(row.peer, row.way, row.place, path, folder)
            cells.append(short(cost.last_error) if cost.code else f"{found(cost)}{cost.wall_s:.2f} s")
        yield [f"`{path.name}`", *cells]


def found(cost: Cost) -> str:
    """Return how many samples a way said that it found."""
    said = json.loads(cost.out.strip().splitlines()[-1])
    return "" if said is None else f"{said:,} in "


# --- what is printed ------------------------------------------------------------------------------------------------


def say(text: str) -> None:
    """Tell a person who waits how far it is."""
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


def short(text: str, most: int = 160) -> str:
    """Return words that fit a cell."""
    plain = text.replace("|", "/").replace("*", "")
    return plain if len(plain) <= most else f"{plain[: most - 1]}…"


def middle(row: Row, name: str, part: str) -> float:
    """Return the median of one part of what a recording cost, scaled from the day where it wasn't run."""
    if name in row.costs:
        return median(getattr(cost, part) for cost in row.costs[name])
    return DAYS[name] * middle(row, "day", part)


def best_of_ours(rows: Sequence[Row]) -> dict[str, float]:
    """Return the wall time that this program takes for a week, by what it gives; what is cleaned isn't given alone."""
    ours = [row for row in rows if row.peer.name == SELFBACK and row.costs]
    return {row.way.gives: middle(row, "week", "wall_s") for row in reversed(ours)}


def cells(row: Row, ours: dict[str, float]) -> list[str]:
    """Return a row of the table."""
    head = [f"{row.peer.name} {row.peer.version}", f"{row.way.gives}: {row.way.what}"]
    if "day" not in row.costs:
        return [*head, *[""] * 7, short(row.trouble)]
    longest = "week" if "week" in row.costs else "day"
    scaled = "" if longest == "week" else " (scaled from a day)"
    week_s, cpu_s = middle(row, "week", "wall_s"), middle(row, "week", "cpu_s")
    like = ours.get(row.way.gives, ours.get("days"))
    figures = [row.first_s, middle(row, "day", "wall_s")]
    return [
        *head,
        *(f"{figure:.1f}" for figure in figures),
        f"{week_s:.1f}{scaled}",
        f"{cpu_s:.1f}{scaled}",
        f"{7 * 86400 / week_s:,.0f}",
        f"{week_s / like:.1f}" if like else "",
        f"{middle(row, longest, 'peak_mb'):,.0f}{' (a day)' if scaled else ''}",
        short(row.trouble),
    ]


def environments(rows: Sequence[Row]) -> str:
    """Return the table of what was installed."""
    said = {row.peer.name: environment(row.peer, row.place) for row in rows}
    return table(["peer", "licence", "runs on", "environment, MB", ""], said.values(), 3)


def environment(peer: Peer, place: Installed) -> list[str]:
    """Return a row of the table of environments."""
    begin = place.begin[:1] if peer.language == "python" else ()
    runs_on = ", ".join([*(Path(python).resolve().name.replace("python", "Python ") for python in begin), *peer.needs])
    state = short(place.trouble) or "installed"
    return [f"{peer.name} {peer.version}", peer.licence, runs_on, f"{place.megabytes:,.0f}", state]


def report(rows: Sequence[Row]) -> Iterator[str]:
    """Yield the tables of the made recordings."""
    yield environments(rows)
    ours = best_of_ours(rows)
    head = [
        "peer",
        "gives",
        "first run, a day, s",
        "day, s",
        "week, s",
        "week, CPU s",
        "× real time",
        "÷ selfback",
        "peak MB",
        "trouble",
    ]
    yield "\n" + table(head, (cells(row, ours) for row in rows if not row.place.trouble), 2)
    yield "\n÷ selfback: its week over that of selfback on one worker, in wall time; what is cleaned, over its days.\n"


# --- the command -----------------------------------------------------------------------------------------------------


def made_in(folder: Path) -> dict[str, Path]:
    """Return the made recordings by name."""
    worn = motion()
    made = {name: folder / f"{name}.cwa" for name in DAYS}
    for name, path in made.items():
        write_recording(path, worn, 1, DAYS[name] * 24)
    return made


def every_row(peers: Sequence[Peer], into: Path, made: dict[str, Path], folder: Path) -> Iterator[Row]:
    """Yield what each way of each peer cost."""
    for peer in peers:
        say(f"{peer.name}: install")
        place = installed(peer, into)
        for way in peer.ways:
            say(f"{peer.name}: {way.what}")
            if place.trouble:
                yield Row(peer, way, place)
            else:
                yield measured(peer, way, place, made, folder)


def main() -> int:
    sys.path[:0] = [str(ROOT), str(ROOT / "tests")]
    said = arguments()
    said.into.mkdir(parents=True, exist_ok=True)
    peers = [peer for peer in PEERS if not said.only or peer.name in said.only.split(",")]
    files = sorted(said.files.glob("*.cwa"))
    print(f"`python tests/bench/peers.py`, {time.strftime('%Y-%m-%d')}: {machine()}.\n")
    with tempfile.TemporaryDirectory(dir=said.into) as name:
        folder = Path(name)
        say("motion")
        made = made_in(folder)
        sizes = ", ".join(f"a {one} {path.stat().st_size / 1e6:,.1f} MB" for one, path in made.items())
        print(f"Made at 100 Hz: {sizes}.\n")
        rows = list(every_row(peers, said.into.resolve(), made, folder))
        for part in report(rows):
            print(part, flush=True)
        readers = [row for row in rows if row.way.gives == "samples" and "day" in row.costs]
        head = ["file", *(row.peer.name for row in readers)]
        say("real files")
        print(table(head, on_real_files(readers, files, folder)))
    print(f"\nLoad at the end: {', '.join(f'{part:.1f}' for part in os.getloadavg())}.")
    return 0


def arguments() -> argparse.Namespace:
    """Return what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    data = Path(os.environ.get("SELFBACK_TEST_DATA", ROOT.parent / "shared" / "data"))
    parser.add_argument("--into", type=Path, required=True, help="folder for environments and made recordings")
    parser.add_argument("--only", default="", help=f"some of {','.join(peer.name for peer in PEERS)}")
    parser.add_argument(
        "--files", type=Path, default=data / "device-files" / "axivity-cwa", help="real Axivity files [%(default)s]"
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
