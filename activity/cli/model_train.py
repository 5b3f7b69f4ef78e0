"""``selfback model train`` and ``evaluate``: recipes judged on people they haven't seen, and the models they make."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from activity.cli import console
from activity.cli.model_data import data_option, json_option, read_corpus

if TYPE_CHECKING:
    from activity.classify.judge import Judged
    from activity.cli.model_data import Corpus

RECIPE_NAMES: Final = ("fast", "accurate", "forest", "band", "published")
TORCH_REMEDY: Final = "install it with: pip install 'selfback[train]'"

_recipe_help = (
    "Recipe: fast is a network, accurate two and boosted trees (both need torch to train), forest is trees on "
    "features, band those that a band computes."
)
_folds_option = click.option(
    "--folds", type=click.IntRange(0), default=10, help="Groups of people that are left out in turn; 0 is one by one."
)
_seed_option = click.option("--seed", type=click.IntRange(0), default=2021, help="Seed of the recipe.")
_workers_option = click.option("--workers", type=click.IntRange(1), default=2, help="Processes to work in.")
FOLD_SEED: Final = 0  #: who is left out together; the same for every recipe and seed


@click.command("evaluate")
@data_option
@click.option(
    "--recipe",
    "recipes",
    type=click.Choice(RECIPE_NAMES),
    multiple=True,
    default=("fast", "published"),
    help=_recipe_help + " Give it more than once to compare.",
)
@_folds_option
@click.option("--seeds", type=click.IntRange(1, 20), default=1, help="Judge so many seeds, and say how they spread.")
@_seed_option
@_workers_option
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="Write a page (HTML), too.")
@json_option
def evaluate(
    data: Path,
    *,
    recipes: tuple[str, ...],
    folds: int,
    seeds: int,
    seed: int,
    workers: int,
    output: Path | None,
    as_json: bool,
) -> None:
    """Judge recipes by leaving people out: every window is judged by a model that has never seen its person.

    Windows of 10 s, no overlap, unsmoothed. The same models are asked about the same recordings as other bands would
    have made them: turned, on the other wrist, at other rates, clipped, coarse, off, and all together.
    """
    corpus = read_corpus(data)
    judged = [
        _judge(corpus, recipe, folds, seed + extra, workers)
        for recipe in recipes
        for extra in range(seeds if recipe != "published" else 1)
    ]
    if output is not None:
        from activity.report.model_page import render_model_page

        output.write_text(render_model_page(tuple(judged), corpus.sources), encoding="utf-8")
        console.note(f"wrote {output}")
    if as_json:
        console.emit_json([asdict(result) for result in judged])
        return
    for result in judged:
        _say(result)


@click.command("train")
@data_option
@click.option("--output", type=click.Path(file_okay=False, path_type=Path), required=True, help="Folder for the model.")
@click.option(
    "--recipe",
    type=click.Choice([name for name in RECIPE_NAMES if name not in ("band", "published")]),
    default="fast",
    help=_recipe_help,
)
@_folds_option
@click.option("--seeds", type=click.IntRange(1, 20), default=1, help="Judge so many seeds; the first is shipped.")
@_seed_option
@_workers_option
@json_option
def train(
    data: Path, *, output: Path, recipe: str, folds: int, seeds: int, seed: int, workers: int, as_json: bool
) -> None:
    """Train on real wrists, judge by leaving people out, and write the model with its card."""
    from activity.classify.artefact import load_model, save_model
    from activity.classify.card import CardFacts, card_text
    from activity.classify.composed import learn_transitions
    from activity.classify.kinds import KINDS
    from activity.classify.recipes import RECIPES
    from activity.classify.travel import AS_WORN
    from activity.signal.regularise import GRID_RATE_HZ
    from activity.windows import WINDOW_S, Windows

    corpus = read_corpus(data)
    judged = [_judge(corpus, recipe, folds, seed + extra, workers) for extra in range(seeds)]
    console.note("training on everybody ...")
    width = Windows.of_seconds(WINDOW_S, GRID_RATE_HZ).width_samples
    fitted = RECIPES[recipe].fit(corpus.travels[AS_WORN], width, seed)
    facts: dict[str, Any] = {
        "name": output.name,
        "recipe": recipe,
        "seed": seed,
        "kinds": [kind.name for kind in KINDS],
        "rate_hz": GRID_RATE_HZ,
        "width_s": WINDOW_S,
        "temperature": judged[0].calibration.temperature,
        "transitions": learn_transitions(seed).round(6).tolist(),
        "sources": [asdict(source) for source in corpus.sources],
        "judged": [asdict(result) for result in judged],
    }
    save_model(output, fitted.members, facts)
    model = load_model(output)
    command = f"selfback model train --data FOLDER --output {output.name} --recipe {recipe} --folds {folds}"
    command += f" --seed {seed} --seeds {seeds}"
    (output / "CARD.md").write_text(card_text(CardFacts(model, corpus.sources, tuple(judged), command)), "utf-8")
    if as_json:
        console.emit_json([asdict(result) for result in judged])
    else:
        for result in judged:
            _say(result)
    console.note(f"wrote {output}")


def _judge(corpus: "Corpus", recipe: str, folds: int, seed: int, workers: int) -> "Judged":
    import numpy as np

    from activity.classify.evaluate import Trial, fold_of, hold_out
    from activity.classify.judge import judge
    from activity.classify.recipes import RECIPES
    from activity.classify.travel import AS_WORN
    from activity.signal.regularise import GRID_RATE_HZ
    from activity.windows import WINDOW_S, Windows

    _check_torch(recipe)
    home = corpus.travels[AS_WORN]
    place = fold_of(np.array([grid.subject for grid in home]), folds, FOLD_SEED)
    width = Windows.of_seconds(WINDOW_S, GRID_RATE_HZ).width_samples
    with console.progress("folds") as display:
        task = display.add_task(f"{recipe}, seed {seed}", total=None)
        held_out = hold_out(
            Trial(recipe, corpus.travels, width, place, seed),
            workers,
            lambda done, total: display.update(task, completed=done, total=total),
        )
    return judge(held_out, recipe, RECIPES[recipe].what, max(place.values()) + 1, seed)


def _check_torch(recipe: str) -> None:
    from importlib.util import find_spec

    from activity.classify.recipes import RECIPES

    if RECIPES[recipe].needs_torch and find_spec("torch") is None:
        raise click.UsageError(f"the recipe {recipe} is trained with torch, which is missing; {TORCH_REMEDY}")


def _say(result: "Judged") -> None:
    console.emit(f"{result.recipe}: {result.what}; {result.folds} folds, seed {result.seed}")
    for score in result.scores:
        console.emit(
            f"  {score.view:<26} macro F1 {score.macro_f1:.3f}   mean of {score.people} people "
            f"{score.person_mean_f1:.3f}   worst {score.person_worst_f1:.3f} ({score.worst_person})"
        )
    console.emit("  4 classes: " + ", ".join(f"{name} {f1:.3f}" for name, f1 in result.travel.items()))
    curve = result.calibration
    console.emit(
        f"  9 kinds: calibration error {curve.error:.3f} at temperature {curve.temperature:.2f}, "
        f"accuracy of the surest 80 % {curve.surest_accuracy:.3f}"
    )
    console.emit(f"  arm exercises called walking, running or stairs: {100 * result.exercise_stepping:.1f} %")
    days = result.composed
    console.emit(f"  composed days, 5 roll-ups: macro F1 {days.alone:.3f} alone, {days.smoothed:.3f} smoothed")
    for gain in result.personal:
        console.emit(
            f"  {gain.view}, fitted to a minute of each kind: wrong {100 * gain.mean_before:.1f} -> "
            f"{100 * gain.mean_after:.1f} %, worst quarter {100 * gain.worst_before:.1f} -> "
            f"{100 * gain.worst_after:.1f} %"
        )
