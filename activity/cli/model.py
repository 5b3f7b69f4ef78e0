"""``selfback model``: what recognises activities, how it was made, how right it is."""

import click

from activity.cli import console
from activity.cli.model_data import json_option
from activity.cli.model_export import export_c, train_band
from activity.cli.model_personal import personalise_model
from activity.cli.model_steps import steps
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


command.add_command(train)
command.add_command(evaluate)
command.add_command(personalise_model)
command.add_command(steps)
command.add_command(export_c)
command.add_command(train_band)
