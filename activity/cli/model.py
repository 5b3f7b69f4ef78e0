"""``selfback model``: what recognises activities, how it was made, how right it is."""

from dataclasses import asdict
from pathlib import Path

import click

from activity.cli import console
from activity.cli.model_data import REAL, STEPS, data_option, json_option
from activity.cli.model_train import evaluate, train


@click.group(short_help="Train, judge and describe the activity classifier.")
def command() -> None:
    """Train, judge and describe the activity classifier."""


@command.command("info")
@click.argument("model", default="")
@json_option
def info(model: str, as_json: bool) -> None:
    """Say what MODEL is: a shipped one by name, or a folder; the default is the one in use."""
    from activity.classify.artefact import DEFAULT_MODEL, load_model

    found = load_model(model or DEFAULT_MODEL)
    if as_json:
        console.emit_json(found.facts)
        return
    console.emit(f"{found.name}: {', '.join(found.classes)}")
    console.emit(f"  windows of {found.width_s:g} s at {found.rate_hz:g} Hz, {len(found.members)} member(s)")
    console.emit(f"  SHA-256 {found.digest}")
    for judged in found.facts.get("judged", ())[:1]:
        for score in judged["scores"]:
            console.emit(
                f"  {score['view']}: pooled macro F1 {score['macro_f1']:.3f}, mean of {score['people']} people "
                f"{score['person_mean_f1']:.3f}, worst {score['person_worst_f1']:.3f} ({score['windows']} windows)"
            )


@command.command("steps")
@data_option
@json_option
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


command.add_command(train)
command.add_command(evaluate)
