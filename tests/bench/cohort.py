"""What a cohort costs: time, processors and storage of a batch, by how many recordings it has and how long they are.

Run: ``python tests/bench/cohort.py``; it prints Markdown. Nothing is judged, and nothing fails for being slow.

Recordings are Axivity files at 100 Hz of simulated working days, each of another band, from another time, and cut from
another place of the motion, so that no two are copies. They are made in a temporary folder, which is removed, and are
in the memory of the system when they are read. The batch is `selfback process` in a process of its own, its processors
and memory counted with those of its workers. A first small run, not counted, compiles the kernels.

The default takes about twenty minutes on two processors and 6 GB of disk; --parts measures less. Numbers of recordings
are those of --recordings, a third and a tenth of it, at the first of --hours; lengths are those of --hours, --each
recordings a length.
"""

import argparse
import dataclasses
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from measured import ROOT, Cost, bytes_in, machine, run, table
from scipy.optimize import nnls

RATE_HZ = 100.0
WEEK_H = 168.0
HELD = 120  # samples of a sector
WEARERS = 3
#: Seconds after which a batch is not run again.
ENOUGH_S = 30.0
#: Datasets of seven days that UK Biobank holds.
BIOBANK = 103_712
SOURCE = "[Doherty et al. 2017](https://doi.org/10.1371/journal.pone.0169649)"
TO_START = ", to start"
Ways = dict[str, Callable[[], Cost]]
Pair = dict[str, dict[str, Any]]
_COMMAND = "import sys; from activity.cli.main import main; sys.exit(main())"


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch that was run, and what it cost."""

    recordings: int
    hours: float
    cost: Cost
    output_bytes: int


@dataclass(frozen=True, slots=True)
class Line:
    """What a batch costs, in what it was fitted to: ``start + recordings * (each + hour * hours)``."""

    start: float
    each: float
    hour: float

    def of(self, recordings: float, hours: float) -> float:
        """Return what so many recordings of such a length cost."""
        return self.start + recordings * (self.each + self.hour * hours)


def fitted(batches: Sequence[Batch], cost: Callable[[Batch], float]) -> Line:
    """Return the line of least squares of relative errors: a batch of seconds counts as much as one of minutes."""
    rows = np.array([(1.0, b.recordings, b.recordings * b.hours) for b in batches])
    found = np.array([cost(b) for b in batches])
    return Line(*nnls(rows / found[:, None], np.ones(len(found)))[0])


# --- recordings ------------------------------------------------------------------------------------------------------


def motion() -> list[np.ndarray]:
    """Return a day (n, 3) in g of each of some wearers."""
    from device.simulator.worn import worn_hours

    end_ns = 1_790_000_000 * 10**9
    return [worn_hours(24, rate_hz=RATE_HZ, seed=1 + one, end_ns=end_ns).accel_g for one in range(WEARERS)]


def write_recording(path: Path, days: Sequence[np.ndarray], number: int, hours: float) -> None:
    """Write the recording of band ``number``: its wearer's day from a place of its own, again and again."""
    import cwa_writer

    day = days[number % len(days)]
    place = number * 7919 * HELD % len(day)
    begun = cwa_writer.START + timedelta(minutes=17 * number)
    left, first = round(hours * 3600 * RATE_HZ) // HELD, 0
    with path.open("wb") as file:
        file.write(header(number))
        while left:
            taken = min(left, (len(day) - place) // HELD)
            page = day[place : place + taken * HELD]
            file.write(cwa_writer.sectors(page, first=first, rate_hz=RATE_HZ, start=begun).tobytes())
            left, first, place = left - taken, first + taken, 0


def header(number: int) -> bytes:
    """Return a header with what other readers rely on, too: the rate that was asked for, notes filled with spaces."""
    import cwa_writer

    head = bytearray(cwa_writer.header(serial=number % 65_535))
    head[36] = cwa_writer.rate_code(RATE_HZ)
    head[64:512] = head[64:512].replace(b"\xff", b" ")
    return bytes(head)


class Recordings:
    """Recordings on disk, made when they are first asked for."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._days = motion()

    def of(self, count: int, hours: float) -> list[Path]:
        """Return the paths of the first ``count`` recordings of a length."""
        folder = self._folder / f"{hours:g}h"
        folder.mkdir(exist_ok=True)
        paths = [folder / f"p{number:05d}.cwa" for number in range(count)]
        for number, path in enumerate(paths):
            if not path.exists():
                write_recording(path, self._days, number + 1, hours)
        return paths


# --- runs ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Bench:
    """Where batches run, and how many processors they use."""

    folder: Path
    recordings: Recordings
    workers: int

    def process(self, paths: Sequence[Path], output: Path, *, workers: int = 0, engine: str = "local") -> Cost:
        """Return what `selfback process` cost on some recordings."""
        inputs = self._given(paths)
        options = ["--output", str(output), "--workers", str(workers or self.workers), "--engine", engine]
        environment = {"PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])}
        command = [sys.executable, "-c", _COMMAND, "process", *map(str, inputs), *options]
        cost = run(command, self.folder, environment=environment)
        if cost.code:
            raise SystemExit(f"`selfback process` ended with {cost.code}: {cost.last_error}")
        return cost

    def _given(self, paths: Sequence[Path]) -> Sequence[Path]:
        """Return the folder of the paths where they are all that is in it, as a cohort is given."""
        folder = paths[0].parent
        return [folder] if len(paths) == sum(1 for _ in folder.iterdir()) else paths

    def results(self, count: int, hours: float) -> Path:
        """Return the folder for the results of a batch that is kept."""
        return self.folder / f"results-{count}-{hours:g}"

    def timed(self, count: int, hours: float, *, workers: int = 0, engine: str = "local") -> Cost:
        """Return what a batch cost whose results are thrown away."""
        output = self.folder / "thrown"
        cost = self.process(self.recordings.of(count, hours), output, workers=workers, engine=engine)
        shutil.rmtree(output)
        return cost


def grown(bench: Bench, sizes: Sequence[tuple[int, float]], rounds: int) -> tuple[list[Batch], list[Batch]]:
    """Return batches of each size, and the same again with nothing changed; medians of some turns."""
    first, again = [], []
    for count, hours in sizes:
        say(f"{count} recordings of {hours:g} h")
        output, costs, costs_again = bench.results(count, hours), [], []
        paths = bench.recordings.of(count, hours)
        while len(costs) < rounds and sum(cost.wall_s for cost in costs) < ENOUGH_S:
            shutil.rmtree(output, ignore_errors=True)
            costs.append(bench.process(paths, output))
            costs_again.append(bench.process(paths, output))
        first.append(Batch(count, hours, of_medians(costs), bytes_in(output)))
        again.append(dataclasses.replace(first[-1], cost=of_medians(costs_again)))
    return first, again


def of_medians(costs: Sequence[Cost]) -> Cost:
    """Return one cost of the medians of some."""
    middles = {part: middle(costs, part) for part in ("wall_s", "cpu_s", "peak_mb")}
    return dataclasses.replace(costs[0], **middles)


def added(bench: Bench, count: int, new: int, hours: float) -> Cost:
    """Return what it cost to give only ``new`` recordings to a folder that holds the results of ``count``."""
    return bench.process(bench.recordings.of(count + new, hours)[count:], bench.results(count, hours))


def alternating(rounds: int, ways: Ways) -> dict[str, list[Cost]]:
    """Return what each way cost, in turns whose order changes, so that a slow minute doesn't fall on one of them."""
    costs: dict[str, list[Cost]] = {name: [] for name in ways}
    for turn in range(rounds):
        say(f"turn {turn + 1} of {', '.join(ways)}")
        for name in sorted(ways, reverse=turn % 2 == 1):
            costs[name].append(ways[name]())
    return costs


# --- what is printed ------------------------------------------------------------------------------------------------


def say(text: str) -> None:
    """Tell a person who waits how far it is."""
    print(text, file=sys.stderr, flush=True)


def middle(costs: Sequence[Cost], part: str) -> float:
    """Return the median of one part of some costs."""
    return median(getattr(cost, part) for cost in costs)


def growth(batches: Sequence[Batch], cpu: Line) -> str:
    """Return the table of batches, with what the line says of each."""
    head = ["recordings", "hours each", "wall s", "CPU s", "fit of CPU s", "CPU ms a recording", "peak MB", "output MB"]
    rows = (
        [
            f"{b.recordings:,}", f"{b.hours:g}", f"{b.cost.wall_s:.1f}", f"{b.cost.cpu_s:.1f}",
            f"{cpu.of(b.recordings, b.hours):.1f}", f"{b.cost.cpu_s / b.recordings * 1000:,.0f}",
            f"{b.cost.peak_mb:,.0f}", f"{b.output_bytes / 1e6:,.1f}",
        ]
        for b in batches
    )  # fmt: skip
    return table(head, rows)


def formula(line: Line, what: str) -> str:
    """Return a line in words."""
    return f"{what} = {line.start:.2f} s + recordings × ({line.each * 1000:.1f} ms + {line.hour * 1000:.2f} ms an hour)"


def said_of_growth(first: Sequence[Batch], again: Sequence[Batch], new: Cost, count: int) -> Iterator[str]:
    """Yield what was measured of batches that grow, and of those with nothing to do."""
    cpu, noticing = fitted(first, lambda b: b.cost.cpu_s), fitted(again, lambda b: b.cost.cpu_s)
    yield "### A batch that grows\n"
    yield growth(first, cpu)
    yield f"\n{formula(cpu, 'CPU')} (least squares of relative errors). Peak is of the"
    yield "largest of its processes: one for each of --workers, and one that deals out and is about half as large.\n"
    yield "### The same again, nothing changed\n"
    yield growth(again, noticing)
    yield f"\n{formula(noticing, 'CPU')}. Ten more for a folder that holds {count:,}: {new.cpu_s:.1f} s of CPU,"
    yield f"{new.wall_s:.1f} s, nearly all of it to start workers and to write the tables of the whole folder anew.\n"


def said_of_biobank(first: Sequence[Batch], again: Sequence[Batch], week_bytes: int) -> Iterator[str]:
    """Yield what a cohort as large as UK Biobank would cost, by the lines."""
    cpu, noticing = fitted(first, lambda b: b.cost.cpu_s), fitted(again, lambda b: b.cost.cpu_s)
    out = fitted(first, lambda b: b.output_bytes)
    longest = max(first, key=lambda b: (b.hours, b.recordings))
    days = longest.recordings * longest.hours / 24
    pace_s = longest.cost.wall_s / days
    yield f"### {BIOBANK:,} weeks at 100 Hz, as UK Biobank has ({SOURCE})\n"
    yield "Computed from the lines above, not measured at this size:\n"
    yield f"- {cpu.of(BIOBANK, WEEK_H) / 3600:,.0f} core-hours, at {cpu.each + cpu.hour * WEEK_H:.2f} s a week;"
    yield f"  {BIOBANK * 7 * pace_s / 86400:,.1f} days on this machine at the pace of the longest batch, which did"
    yield f"  {days:,.0f} days of wear in {longest.cost.wall_s:.1f} s;"
    yield f"- {noticing.of(BIOBANK, WEEK_H) / 3600:,.0f} core-hours to notice that nothing changed, nearly all to hash;"
    yield f"  {noticing.each * BIOBANK / 60:,.1f} minutes to read all results once, as every run into one folder does;"
    yield f"- {week_bytes * BIOBANK / 1e12:,.1f} TB of input, {week_bytes / 1e6:,.1f} MB a week;"
    yield f"- {out.of(BIOBANK, WEEK_H) / 1e9:,.0f} GB of output, {longest.output_bytes / days / 1e3:,.0f} kB a"
    yield f"  recording-day in the longest batch ({longest.recordings} of {longest.hours:g} h).\n"


def said_of_pair(costs: dict[str, list[Cost]], what: str) -> Iterator[str]:
    """Yield how two ways of doing the same compare, with what each takes to start and without."""
    yield f"### {what}, median of {len(next(iter(costs.values())))}, in turns\n"
    yield of_ways(costs)
    one, other = (name for name in costs if not name.endswith(TO_START))
    whole = [middle(costs[name], "wall_s") for name in (one, other)]
    work = [all_s - middle(costs[name + TO_START], "wall_s") for name, all_s in zip((one, other), whole, strict=True)]
    yield f"\nThroughput of {other} over that of {one}: {whole[0] / whole[1]:.2f} ×, and {work[0] / work[1]:.2f} ×"
    yield "without what each takes to start, which is two recordings of a minute.\n"


def said_of_weeks(costs: dict[str, list[Cost]], week_bytes: int) -> Iterator[str]:
    """Yield what the first week costs in a fresh process, and each further one."""
    rounds = len(next(iter(costs.values())))
    yield f"### A week of 100 Hz ({week_bytes / 1e6:,.0f} MB) in a fresh process, median of {rounds}, in turns\n"
    yield of_ways(costs)
    one, three = (costs[name] for name in ("1 week, 1 worker", "3 weeks, 1 worker"))
    more = [(middle(three, part) - middle(one, part)) / 2 for part in ("wall_s", "cpu_s")]
    yield f"\nEach further week, on one worker: {more[0]:.1f} s, {more[1]:.1f} s of CPU:"
    yield f"{WEEK_H * 3600 / more[0]:,.0f} × real time.\n"


def of_ways(costs: dict[str, list[Cost]]) -> str:
    """Return a table of the medians of each way."""
    rows = (
        [name, f"{middle(c, 'wall_s'):.1f}", f"{middle(c, 'cpu_s'):.1f}", f"{middle(c, 'peak_mb'):,.0f}"]
        for name, c in costs.items()
    )
    return table(["", "wall s", "CPU s", "peak MB"], rows)


# --- the command -----------------------------------------------------------------------------------------------------


def measure(bench: Bench, said: argparse.Namespace) -> Iterator[str]:
    """Yield what is printed, part by part."""
    say("first run, not counted")
    bench.timed(2, 0.5, workers=1)
    bench.timed(2, 0.5)
    for name, part in PARTS.items():
        if name in said.parts:
            yield from part(bench, said)


def measured_growth(bench: Bench, said: argparse.Namespace) -> Iterator[str]:
    """Yield how cost grows with number and length, and what that makes of a large cohort."""
    short = said.hours[0]
    counts = sorted({max(2, round(said.recordings * part)) for part in (0.1, 0.3, 1.0)})
    sizes = dict.fromkeys([*((count, short) for count in counts), *((said.each, hours) for hours in said.hours)])
    first, again = grown(bench, list(sizes), said.rounds)
    new = added(bench, counts[-1], 10, short)
    yield from said_of_growth(first, again, new, counts[-1])
    yield from said_of_biobank(first, again, bench.recordings.of(3, WEEK_H)[0].stat().st_size)


def measured_weeks(bench: Bench, said: argparse.Namespace) -> Iterator[str]:
    """Yield what a week costs."""
    week_bytes = bench.recordings.of(3, WEEK_H)[0].stat().st_size
    yield from said_of_weeks(alternating(said.rounds, ways_of_weeks(bench)), week_bytes)


def measured_workers(bench: Bench, said: argparse.Namespace) -> Iterator[str]:
    """Yield what more workers bring."""
    pair: Pair = {"1 worker": {"workers": 1}, f"{said.workers} workers": {"workers": said.workers}}
    yield from said_of_pair(alternating(said.rounds, ways_of(pair, bench, said.weeks)), f"Workers: {said.weeks} weeks")


def measured_engines(bench: Bench, said: argparse.Namespace) -> Iterator[str]:
    """Yield what Dask costs beside processes of our own."""
    more = f"{said.workers} workers"
    pair: Pair = {f"local, {more}": {"engine": "local"}, f"Dask, {more}": {"engine": "dask"}}
    yield from said_of_pair(alternating(said.rounds, ways_of(pair, bench, said.weeks)), f"Engines: {said.weeks} weeks")


PARTS = {
    "growth": measured_growth,
    "weeks": measured_weeks,
    "workers": measured_workers,
    "engines": measured_engines,
}


def ways_of_weeks(bench: Bench) -> Ways:
    """Return one week on one processor and on two, and three on one."""
    return {
        "1 week, 1 worker": partial(bench.timed, 1, WEEK_H, workers=1),
        "1 week, 2 workers": partial(bench.timed, 1, WEEK_H, workers=2),
        "3 weeks, 1 worker": partial(bench.timed, 3, WEEK_H, workers=1),
    }


def ways_of(pair: Pair, bench: Bench, weeks: int) -> Ways:
    """Return each way with weeks, and with nothing worth a word, which is what it takes to start."""
    whole = {name: partial(bench.timed, weeks, WEEK_H, **options) for name, options in pair.items()}
    return whole | {name + TO_START: partial(bench.timed, 2, 1 / 60, **options) for name, options in pair.items()}


def main() -> int:
    sys.path[:0] = [str(ROOT), str(ROOT / "tests")]
    said = arguments()
    print(f"`python tests/bench/cohort.py --recordings {said.recordings} --workers {said.workers}`: {machine()}.\n")
    with tempfile.TemporaryDirectory(dir=said.folder) as name:
        folder = Path(name)
        say("motion")
        bench = Bench(folder, Recordings(folder), said.workers)
        for part in measure(bench, said):
            print(part, flush=True)
    print(f"Load at the end: {', '.join(f'{part:.1f}' for part in os.getloadavg())}.")
    return 0


def arguments() -> argparse.Namespace:
    """Return what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--recordings", type=int, default=1000, help="the largest number of recordings [%(default)s]")
    parser.add_argument("--workers", type=int, default=2, help="workers of a batch [%(default)s]")
    parser.add_argument(
        "--hours", type=float, nargs="+", default=[1, 6, 24, WEEK_H], help="lengths, the first for many [%(default)s]"
    )
    parser.add_argument("--each", type=int, default=8, help="recordings of each length [%(default)s]")
    parser.add_argument("--weeks", type=int, default=12, help="weeks, to compare ways [%(default)s]")
    parser.add_argument("--parts", nargs="+", choices=list(PARTS), default=list(PARTS), help="what to measure [all]")
    parser.add_argument("--rounds", type=int, default=3, help="turns of each way that is compared [%(default)s]")
    parser.add_argument("--folder", type=Path, default=None, help="where the temporary folder is made")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
