"""What the ``model`` commands learn from and judge by: labelled recordings in a folder, and simulated hand work."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from activity.cli import console

if TYPE_CHECKING:
    from activity.classify.card import DataSource
    from activity.classify.labelled import LabelledGrid

REAL: Final = "selfback-wrist.parquet"
EXERCISES: Final = "spar-exercises-wrist.parquet"
STEPS: Final = "selfback-steps-reference.parquet"
#: Simulated wearers washing up and driving, in groups that are held out together.
SIMULATED_PEOPLE: Final = 20
SIMULATED_GROUPS: Final = 4
SIMULATED_MINUTES: Final = 2.0
SIMULATED_FIRST_SEED: Final = 1000
TRAVEL_SEED: Final = 7

data_option = click.option(
    "--data",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    required=True,
    help=f"Folder that holds {REAL}, {EXERCISES} and {STEPS}.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@dataclass(frozen=True, slots=True, eq=False)
class Corpus:
    """Labelled recordings in every way of travelling (the same ones in the same order), and where they are from."""

    travels: "dict[str, tuple[LabelledGrid, ...]]"
    sources: "tuple[DataSource, ...]"


def read_corpus(data: Path) -> Corpus:
    """Return all that a classifier is trained and judged on; only what was really recorded travels."""
    from activity.classify.card import DataSource
    from activity.classify.labelled import gridded, read_recordings
    from activity.classify.travel import TRAVELS, travelled
    from activity.digest import file_sha256
    from activity.signal.regularise import GRID_RATE_HZ
    from activity.windows import WINDOW_S

    grids: dict[str, list[LabelledGrid]] = {travel.name: [] for travel in TRAVELS}
    sources = []

    def add_source(name: str, sha256: str, parts: "tuple[LabelledGrid, ...]") -> None:
        windows = sum(int(len(part.grid) / part.grid.rate_hz / WINDOW_S) for part in parts)
        sources.append(DataSource(name, sha256, len({part.subject for part in parts}), windows))

    for name in (REAL, EXERCISES):
        console.note(f"reading {name} ...")
        recorded = read_recordings(data / name)
        for travel in TRAVELS:
            parts = tuple(gridded(part, GRID_RATE_HZ) for part in travelled(recorded, travel, TRAVEL_SEED))
            grids[travel.name] += parts
            if not travel.changes:
                add_source(name, file_sha256(data / name), parts)
    simulated = simulated_hand_work()
    add_source("simulated washing up and driving", "", simulated)
    return Corpus({name: (*parts, *simulated) for name, parts in grids.items()}, tuple(sources))


def simulated_hand_work() -> "tuple[LabelledGrid, ...]":
    """Return washing up and driving of simulated wearers: no public recording of ours has them."""
    from activity.classify.labelled import LabelledGrid
    from activity.signal.regularise import GRID_RATE_HZ, regularise
    from device.simulator.motion import Part, Wearer, synthesise

    grids = []
    for person in range(SIMULATED_PEOPLE):
        wearer = Wearer.draw(SIMULATED_FIRST_SEED + person)
        for part in ("dishes", "drive"):
            script = (Part(part, SIMULATED_MINUTES),)
            motion = synthesise(script, wearer, rate_hz=GRID_RATE_HZ, seed=person, start_ns=0)
            grid = regularise(motion.recording, GRID_RATE_HZ)
            group = f"simulated-{person % SIMULATED_GROUPS}"
            grids.append(LabelledGrid(group, f"{part} (simulated)", "other", grid))
    return tuple(grids)
