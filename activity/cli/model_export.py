"""``selfback model export-c`` and ``train-band``: the recogniser that a band runs by itself."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from activity.cli import console
from activity.cli.model_data import data_option, json_option, read_corpus

if TYPE_CHECKING:
    from activity.classify.embedded.build import Sizes
    from activity.classify.embedded.model import EmbeddedModel
    from activity.classify.judge import Judged
    from activity.cli.model_data import Corpus

FOLD_SEED: Final = 0  #: who is left out together; the same as for every recipe


@click.command("export-c")
@click.option(
    "--model",
    "wanted",
    default="band",
    envvar="SELFBACK_MODEL_EXPORT_C_MODEL",
    help="A shipped model for the band by name, or a folder.",
)
@click.option(
    "--output", type=click.Path(file_okay=False, path_type=Path), required=True, help="Folder for the C files."
)
@json_option
def export_c(wanted: str, output: Path, *, as_json: bool) -> None:
    """Write a band's recogniser as portable C99, and say how large it is for each compiler that is installed.

    Features and trees in whole numbers, without allocation, floating point or a library; the same bits as here.
    """
    from activity.classify.embedded.artefact import load_embedded
    from activity.classify.embedded.build import TARGETS, measure_sizes, state_bytes
    from activity.classify.embedded.page import page_text
    from activity.classify.embedded.source import write_c
    from activity.errors import OutputError

    model = load_embedded(wanted)
    try:
        paths = write_c(model, output)
        sizes = [found for target in TARGETS if (found := measure_sizes(output, target)) is not None]
        (output / "README.txt").write_text(page_text(model, tuple(sizes)), encoding="ascii")
    except OSError as error:
        raise OutputError(f"can't be written: {error.strerror}", where=str(output)) from error
    if as_json:
        console.emit_json(_facts(model, paths, sizes))
        return
    for path in (*paths, output / "README.txt"):
        console.emit(str(path))
    console.note(f"{model.name}: {model.forest.roots.size} trees, {model.forest.feature.size} nodes")
    console.note(f"RAM: {state_bytes(len(model.classes))} bytes of state, given by the caller")
    for size in sizes:
        console.note(f"{size.target}: {size.text} bytes of flash, {size.data + size.bss} of RAM besides")
    if not sizes:
        console.note("sizes weren't measured: no gcc is installed")


def _facts(model: "EmbeddedModel", paths: tuple[Path, ...], sizes: "list[Sizes]") -> dict[str, Any]:
    from activity.classify.embedded.build import state_bytes

    return {
        "model": model.name,
        "digest": model.digest,
        "classes": [str(activity) for activity in model.classes],
        "files": [str(path) for path in paths],
        "trees": int(model.forest.roots.size),
        "nodes": int(model.forest.feature.size),
        "state_bytes": state_bytes(len(model.classes)),
        "sizes": [asdict(size) for size in sizes],
    }


@click.command("train-band")
@data_option
@click.option("--output", type=click.Path(file_okay=False, path_type=Path), required=True, help="Folder for the model.")
@click.option("--folds", type=click.IntRange(0), default=10, help="Groups of people left out in turn; 0 is one by one.")
@click.option("--seeds", type=click.IntRange(1, 20), default=1, help="Judge so many seeds; the first is shipped.")
@click.option("--seed", type=click.IntRange(0), default=2021, help="Seed of the trees and of what is changed.")
@click.option("--workers", type=click.IntRange(1), default=2, help="Processes to work in.")
@json_option
def train_band(data: Path, *, output: Path, folds: int, seeds: int, seed: int, workers: int, as_json: bool) -> None:
    """Train the recogniser for the band, judge it by leaving people out, and write the model with its card."""
    from activity.classify.embedded.artefact import load_embedded, save_embedded
    from activity.classify.embedded.page import card_text
    from activity.classify.embedded.train import BandSettings, train_embedded
    from activity.classify.travel import AS_WORN

    corpus = read_corpus(data)
    facts = {
        "sources": [asdict(source) for source in corpus.sources],
        "judged": [_told(_judge(corpus, folds, seed + extra, workers)) for extra in range(seeds)],
    }
    console.note("training on everybody ...")
    model = train_embedded(corpus.travels[AS_WORN], BandSettings(seed=seed), name=output.name, facts=facts)
    save_embedded(output, model)
    command = f"selfback model train-band --data FOLDER --output {output.name} --folds {folds}"
    command += f" --seed {seed} --seeds {seeds}"
    (output / "CARD.md").write_text(card_text(load_embedded(output), command), encoding="utf-8")
    if as_json:
        console.emit_json(facts)
    else:
        _say(facts["judged"])
    console.note(f"wrote {output}")


def _told(judged: "Judged") -> dict[str, Any]:
    """Return what the card says of one seed; calibration and paces aren't this model's."""
    from activity.classify.embedded.page import VIEWS

    return {
        "seed": judged.seed,
        "folds": judged.folds,
        "scores": [asdict(score) for score in judged.scores if score.view in VIEWS],
        "travel": [{"name": name, "macro_f1": f1} for name, f1 in judged.travel.items()],
        "exercise_stepping": judged.exercise_stepping,
        "recall": judged.recall,
    }


def _say(judged: list[dict[str, Any]]) -> None:
    for one in judged:
        console.emit(f"seed {one['seed']}, {one['folds']} folds")
        for score in one["scores"]:
            console.emit(
                f"  {score['view']:<12} macro F1 {score['macro_f1']:.3f}   worst {score['person_worst_f1']:.3f}"
            )
        console.emit("  4 classes: " + ", ".join(f"{way['name']} {way['macro_f1']:.3f}" for way in one["travel"]))


def _judge(corpus: "Corpus", folds: int, seed: int, workers: int) -> "Judged":
    import numpy as np

    from activity.classify.embedded.features import WIDTH
    from activity.classify.evaluate import Trial, fold_of, hold_out
    from activity.classify.judge import judge
    from activity.classify.recipes import RECIPES
    from activity.classify.travel import AS_WORN

    place = fold_of(np.array([grid.subject for grid in corpus.travels[AS_WORN]]), folds, FOLD_SEED)
    with console.progress("folds") as display:
        task = display.add_task("leaving people out", total=None)
        held_out = hold_out(
            Trial("band", corpus.travels, WIDTH, place, seed),
            workers,
            lambda done, total: display.update(task, completed=done, total=total),
        )
    return judge(held_out, "band", RECIPES["band"].what, max(place.values()) + 1, seed)
