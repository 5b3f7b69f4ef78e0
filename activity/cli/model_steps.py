"""``selfback model steps``: how right the step counter is, on every recording whose steps are known."""

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from activity.cli import console

if TYPE_CHECKING:
    from activity.steps.evaluate import StepScores, Walk

SIMULATED_FIRST_SEED: Final = 3000
#: Simulated wearers by what they do, and for how long: hand work without a step, and walks with stops.
SIMULATED_PEOPLE: Final = 12
SIMULATED_MINUTES: Final = 5.0
STOP_MINUTES: Final = 4.0 / 60.0


@click.command("steps", short_help="Judge the step counter.")
@click.option(
    "--data",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    required=True,
    help="Folder of recordings whose steps are known; what is missing is left out.",
)
@click.option("--rate", type=click.FloatRange(8.0, 200.0), default=25.0, help="Rate of the grid, Hz.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def steps(data: Path, rate: float, as_json: bool) -> None:
    """Judge the step counter: where a classifier told it that the wearer steps, and by the rhythm alone.

    selfBACK people are counted as walking, jogging or climbing, as they were; everything else, hand work too, as if it
    had been called walking. Their reference is that of thigh sensors, of quality "high".
    """
    from activity.steps.evaluate import CountedWalk, count_alone, count_steps, score_steps
    from activity.steps.walks import missing_files, read_walks

    for name in missing_files(data):
        console.note(f"no {name} in {data}: its rows are left out")
    told, alone = [], []
    for walk in (*read_walks(data, rate), *_simulated(rate)):
        kind, minutes = f"{walk.source} {walk.kind}", len(walk.grid) / walk.grid.rate_hz / 60.0
        counted = count_steps(walk.grid, walk.activity)
        told.append(CountedWalk(kind, walk.reference, counted, walk.name, minutes))
        alone.append(CountedWalk(kind, walk.reference, count_alone(walk.grid), walk.name, minutes))
    both = tuple(zip(score_steps(told), score_steps(alone), strict=True))
    if as_json:
        console.emit_json([{"told": asdict(a), "alone": asdict(b)} for a, b in both])
        return
    console.emit(f"{'':<32}{'':>5}{'':>9}{'told that it is stepping':>32}{'by rhythm alone':>32}")
    columns = "".join(f"{name:>8}" for name in ("counted", "MAPE %", "bias %", "worst %")) * 2
    console.emit(f"{'':<32}{'files':>5}{'true':>9}{columns}")
    for a, b in both:
        console.emit(f"{a.original:<32}{a.recordings:>5}{a.reference:>9.0f}{_cells(a)}{_cells(b)}")
    console.emit("Where nobody steps, the second figure is steps a minute.")


def _cells(score: "StepScores") -> str:
    if score.mape_percent is None or score.original.endswith("housework"):
        return f"{score.counted:>8}{score.false_per_minute:>8.1f}{'':>16}"
    return f"{score.counted:>8}{score.mape_percent:>8.2f}{score.bias_percent:>+8.2f}{score.worst_percent:>+8.1f}"


def _simulated(rate_hz: float) -> Iterator["Walk"]:
    """Yield hand work and driving, of which no public recording of ours has any, and walks with short stops."""
    from activity.labels import Activity
    from activity.signal.regularise import regularise
    from activity.steps.evaluate import Walk
    from device.simulator.motion import Part, Wearer, synthesise

    scripts = {
        "dishes": (Part("dishes", SIMULATED_MINUTES),),
        "drive": (Part("drive", SIMULATED_MINUTES),),
        "walk with stops": (Part("walk", 0.5), Part("stand", STOP_MINUTES)) * 8,
    }
    for person in range(SIMULATED_FIRST_SEED, SIMULATED_FIRST_SEED + SIMULATED_PEOPLE):
        for kind, script in scripts.items():
            made = synthesise(script, Wearer.draw(person), rate_hz=max(rate_hz, 25.0), seed=person, start_ns=0)
            true = float(made.step_times_ns.size)
            grid = regularise(made.recording, rate_hz)
            yield Walk("simulated", kind, str(person), Activity.WALKING, true, grid)
