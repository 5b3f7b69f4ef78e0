"""``selfback model``: what recognises activities, how it was made, how right it is."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from activity.cli import console

if TYPE_CHECKING:
    from activity.classify.evaluate import HeldOut, Scores
    from activity.classify.labelled import Labelled, LabelledGrid
    from activity.classify.train import Settings

REAL: Final = "selfback-wrist.parquet"
EXERCISES: Final = "spar-exercises-wrist.parquet"
STEPS: Final = "selfback-steps-reference.parquet"
#: Simulated wearers washing up and driving, in groups that are held out together.
SIMULATED_PEOPLE: Final = 20
SIMULATED_GROUPS: Final = 4
SIMULATED_MINUTES: Final = 4.0
SIMULATED_FIRST_SEED: Final = 1000

_data_option = click.option(
    "--data",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    required=True,
    help=f"Folder that holds {REAL}, {EXERCISES} and {STEPS}.",
)
_json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
_seed_option = click.option("--seed", type=click.IntRange(0), default=2021, help="Seed of the trees and copies.")
_trees_option = click.option("--trees", type=click.IntRange(1, 2000), default=200, help="Trees in the forest.")


@click.group(short_help="Train, judge and describe the activity classifier.")
def command() -> None:
    """Train, judge and describe the activity classifier."""


@command.command("info")
@click.argument("model", default="")
@_json_option
def info(model: str, as_json: bool) -> None:
    """Say what MODEL is: a shipped one by name, or a folder; the default is the one in use."""
    from activity.classify.artefact import DEFAULT_MODEL, load_model

    found = load_model(model or DEFAULT_MODEL)
    if as_json:
        console.emit_json(found.facts)
        return
    console.emit(f"{found.name}: {', '.join(found.classes)}")
    console.emit(f"  windows of {found.width_s:g} s at {found.rate_hz:g} Hz, features {found.feature_version}")
    console.emit(f"  forest SHA-256 {found.digest}")
    for score in found.facts.get("scores", ()):
        console.emit(_score_line(score))


@command.command("train")
@_data_option
@click.option("--output", type=click.Path(file_okay=False, path_type=Path), required=True, help="Folder for the model.")
@_seed_option
@_trees_option
@_json_option
def train(data: Path, output: Path, seed: int, trees: int, as_json: bool) -> None:
    """Train on real wrists, judge by leaving each person out, and write the model with its card."""
    from activity.classify.artefact import load_model, save_model
    from activity.classify.card import CardFacts, card_text
    from activity.classify.labelled import join
    from activity.classify.train import Settings, fit
    from activity.features.table import FEATURE_VERSION, FEATURES
    from activity.signal.regularise import GRID_RATE_HZ
    from activity.windows import WINDOW_S

    settings = Settings(trees=trees, seed=seed)
    plain, copies, sources = _learn_from(data, settings)
    trained = fit(join(plain, copies), settings)
    held_out = _held_out(plain, copies, settings)
    scores = _scores(held_out)
    facts: dict[str, Any] = {
        "name": output.name,
        "classes": [str(activity) for activity in trained.classes],
        "feature_names": [feature.name for feature in FEATURES],
        "feature_version": FEATURE_VERSION,
        "rate_hz": GRID_RATE_HZ,
        "width_s": WINDOW_S,
        "settings": asdict(settings),
        "sources": [asdict(source) for source in sources],
        "scores": [asdict(score) for score in scores],
    }
    save_model(output, trained.forest, facts)
    model = load_model(output)
    card = CardFacts(
        name=model.name,
        digest=model.digest,
        width_s=model.width_s,
        rate_hz=model.rate_hz,
        feature_version=model.feature_version,
        settings=settings,
        sources=tuple(sources),
        scores=scores,
        recall=_recall(held_out),
        command=f"selfback model train --data FOLDER --output {output.name} --seed {seed} --trees {trees}",
    )
    (output / "CARD.md").write_text(card_text(card), encoding="utf-8")
    _say(scores, held_out, as_json)
    console.note(f"wrote {output}")


@command.command("evaluate")
@_data_option
@_seed_option
@_trees_option
@_json_option
def evaluate(data: Path, seed: int, trees: int, as_json: bool) -> None:
    """Judge the recipe by leaving out each person in turn; nothing is written."""
    from activity.classify.train import Settings

    settings = Settings(trees=trees, seed=seed)
    plain, copies, _ = _learn_from(data, settings)
    held_out = _held_out(plain, copies, settings)
    _say(_scores(held_out), held_out, as_json)


@command.command("steps")
@_data_option
@_json_option
def steps(data: Path, as_json: bool) -> None:
    """Judge the step counter on the selfBACK wrists, by the steps that their thigh sensors agreed on.

    The activity is taken as known, so this is the counter alone; recordings whose reference is of quality "high".
    """
    import pandas as pd

    from activity.classify.labelled import read_labelled
    from activity.signal.regularise import GRID_RATE_HZ
    from activity.steps.evaluate import CountedWalk, count_steps, score_steps

    table = pd.read_parquet(data / STEPS)
    table = table[(table["quality"] == "high") & (table["steps_ref"] > 0)]
    names = zip(table["subject"].astype(str), table["activity"].astype(str), strict=True)
    reference = dict(zip(names, table["steps_ref"].astype(float).tolist(), strict=True))
    walks = [
        CountedWalk(grid.original, reference[grid.subject, grid.original], count_steps(grid.grid, grid.activity))
        for grid in read_labelled(data / REAL, GRID_RATE_HZ)
        if (grid.subject, grid.original) in reference
    ]
    scores = score_steps(walks)
    if as_json:
        console.emit_json([asdict(score) for score in scores])
        return
    console.emit(f"{'activity':<12}{'recordings':>11}{'true':>8}{'counted':>9}{'MAPE %':>8}{'bias %':>8}{'worst %':>9}")
    for score in scores:
        console.emit(
            f"{score.original:<12}{score.recordings:>11}{score.reference:>8.0f}{score.counted:>9}"
            f"{score.mape_percent:>8.1f}{score.bias_percent:>8.1f}{score.worst_percent:>9.1f}"
        )


def _learn_from(data: Path, settings: "Settings") -> tuple["Labelled", "Labelled", list[Any]]:
    """Return windows as worn, turned copies, and where they are from."""
    from activity.classify.card import DataSource
    from activity.classify.labelled import label_windows, read_labelled
    from activity.classify.train import prepare
    from activity.digest import file_sha256
    from activity.signal.regularise import GRID_RATE_HZ
    from activity.windows import WINDOW_S

    grids: list[LabelledGrid] = []
    sources = []
    for name in (REAL, EXERCISES):
        console.note(f"reading {name} ...")
        part = read_labelled(data / name, GRID_RATE_HZ)
        windows = label_windows(part, WINDOW_S)
        sources.append(
            DataSource(name, file_sha256(data / name), len(set(windows.subject.tolist())), len(windows.subject))
        )
        grids += part
    simulated = _simulated_other()
    grids += simulated
    sources.append(
        DataSource(
            "simulated washing up and driving", "", SIMULATED_PEOPLE, len(label_windows(simulated, WINDOW_S).subject)
        )
    )
    plain, copies = prepare(tuple(grids), WINDOW_S, settings)
    return plain, copies, sources


def _simulated_other() -> tuple["LabelledGrid", ...]:
    """Return hand work and driving of simulated wearers: no public recording of ours has them."""
    from activity.classify.labelled import LabelledGrid
    from activity.labels import Activity
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
            grids.append(LabelledGrid(group, f"{part} (simulated)", Activity.OTHER, grid))
    return tuple(grids)


def _held_out(plain: "Labelled", copies: "Labelled", settings: "Settings") -> "HeldOut":
    from activity.classify.evaluate import leave_one_subject_out

    with console.progress("people") as display:
        task = display.add_task("leaving one out", total=None)
        return leave_one_subject_out(
            plain, copies, settings, lambda done, total: display.update(task, completed=done, total=total)
        )


def _scores(held_out: "HeldOut") -> tuple["Scores", ...]:
    from activity.classify.evaluate import VIEWS, score

    return tuple(score(held_out, view) for view in VIEWS)


def _recall(held_out: "HeldOut") -> dict[str, float]:
    from activity.classify.evaluate import original_recall

    return original_recall(held_out)


def _say(scores: tuple["Scores", ...], held_out: "HeldOut", as_json: bool) -> None:
    recall = _recall(held_out)
    if as_json:
        console.emit_json({"scores": [asdict(score) for score in scores], "recall": recall})
        return
    for score in scores:
        console.emit(_score_line(asdict(score)))
    console.emit("recall: " + ", ".join(f"{name} {value:.3f}" for name, value in sorted(recall.items())))


def _score_line(score: dict[str, Any]) -> str:
    return (
        f"  {score['view']}: pooled macro F1 {score['macro_f1']:.3f}, mean of {score['people']} people "
        f"{score['person_mean_f1']:.3f}, worst {score['person_worst_f1']:.3f} ({score['windows']} windows)"
    )
