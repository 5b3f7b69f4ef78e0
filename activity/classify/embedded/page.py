"""What is to be read beside a band's model: its card, and the page that lies with its C."""

from collections.abc import Sequence
from typing import Any, Final

from activity.classify.embedded.build import FLAGS, Sizes, state_bytes
from activity.classify.embedded.features import FEATURES, RATE_HZ, WIDTH
from activity.classify.embedded.model import EmbeddedModel

#: The views that a model of seven activities can be judged in.
VIEWS: Final = ("4 classes", "5 classes", "6 activities")

_CARD: Final = """\
# {name}

For recognising activities on the band itself, in windows of {seconds:g} s at {rate_hz:g} Hz, in research. Not a medical
device. Not for children, wheelchairs, or walking aids: nobody of them is in its data.

Written by the evaluation. To make model and card again: `{command}`

## What it is

{trees} boosted trees with {nodes} nodes on {features} features, all in whole numbers. Features {version}, SHA-256
`{digest}`. `selfback model export-c --model {name} --output FOLDER` writes it as C99.
Classes: {classes}. The tables take {table_bytes} bytes, the state {state_bytes} bytes.

## What it learned from

{sources}

Each window as it is, half a width later, and changed as other bands, wrists and people would have given it
(activity/classify/augment.py), and made-up work with the hands.

## How right it is

{folds} groups of people, each judged by a model that has never seen them, by the very numbers that a band of ±8 g
would compute. Windows don't overlap and aren't smoothed; pooled over all windows of the real activities, `other`
counted as an error. Tables are of the first seed unless they say otherwise.

{scores}

{seeds}

Macro F1 of the four classes, for the same recordings as other bands would have made them:

{travel}

Arm exercises called walking, running or stairs: {exercises:.1f} % of windows. Share of windows found to be of their
activity:

{recall}

## What it can't do

- The real recordings are scripted, one activity each. Free living wasn't measured.
- `other` was learned from seven shoulder exercises and from made-up and simulated motion: take its recall as an upper
  bound.
- It doesn't know when it doesn't know, and its probabilities weren't calibrated.
- Sitting and lying look alike to a wrist. Going upstairs is often taken for walking.
- It was never run on a real band. The C was compiled for this computer and for Cortex-M, and gave the same bits.
"""

_PAGE: Final = """\
selfBACK recogniser for a band
==============================
Model {name}, SHA-256 {digest}.
Research software, not a medical device.

selfback_model.h     what to call; an example is at its top
selfback_model.c     the code: the only file to compile
selfback_classes.h   the activities, and the size of a window
selfback_tables.h    the constant tables; included by selfback_model.c alone

Feed it x, y and z of each sample at {rate_hz:g} Hz; with every {width}th it answers with an activity:
{classes}.
It is C99 in whole numbers: no allocation, no floating point, nothing static that isn't constant. A compiler may add
calls of its own support library (64-bit division, memset).

Sizes
-----
State, given by the caller: {state_bytes} bytes. On the stack, besides: under 600 bytes on a Cortex-M4.
Tables of the trees: {table_bytes} bytes ({trees} trees, {nodes} nodes).
{sizes}

Compiled with {flags} and what is named in each line.
"""


def card_text(model: EmbeddedModel, command: str) -> str:
    """Return the card in Markdown; the same model gives the same text."""
    judged = model.facts["judged"]
    first = judged[0]
    sources = [
        (one["name"], str(one["people"]), str(one["windows"]), one["sha256"][:16] or "-")
        for one in model.facts["sources"]
    ]
    return _CARD.format(
        **_shared(model),
        seconds=WIDTH / RATE_HZ,
        version=model.feature_version,
        features=len(FEATURES),
        command=command,
        folds=first["folds"],
        sources=_table(("source", "people", "windows", "SHA-256"), sources),
        scores=_table(
            ("view", "windows", "people", "macro F1", "mean of people", "worst person"),
            [_row(score) for score in first["scores"]],
        ),
        seeds=_seeds(judged),
        travel=_table(
            ("as other bands", "macro F1"), [(one["name"], f"{one['macro_f1']:.3f}") for one in first["travel"]]
        ),
        exercises=100.0 * first["exercise_stepping"],
        recall=_table(("label", "recall"), [(name, f"{value:.3f}") for name, value in sorted(first["recall"].items())]),
    )


def page_text(model: EmbeddedModel, sizes: tuple[Sizes, ...]) -> str:
    """Return the page that lies with the C."""
    lines = [
        f"{size.target} ({size.command}): {size.text} bytes of flash, {size.data + size.bss} bytes of RAM"
        for size in sizes
    ]
    none = "Code and tables together weren't measured: no compiler was found."
    return _PAGE.format(**_shared(model), width=WIDTH, sizes="\n".join(lines) or none, flags=" ".join(FLAGS))


def _shared(model: EmbeddedModel) -> dict[str, Any]:
    return {
        "name": model.name,
        "digest": model.digest,
        "classes": ", ".join(model.classes),
        "rate_hz": RATE_HZ,
        "trees": model.forest.roots.size,
        "nodes": model.forest.feature.size,
        "table_bytes": model.forest.table_bytes,
        "state_bytes": state_bytes(len(model.classes)),
    }


def _seeds(judged: Sequence[dict[str, Any]]) -> str:
    rows = []
    for index, score in enumerate(judged[0]["scores"]):
        all_f1 = [one["scores"][index]["macro_f1"] for one in judged]
        rows.append((score["view"], *(f"{f1:.3f}" for f1 in all_f1), f"{max(all_f1) - min(all_f1):.3f}"))
    return _table(("macro F1", *(f"seed {one['seed']}" for one in judged), "spread"), rows)


def _row(score: dict[str, Any]) -> tuple[str, ...]:
    worst = f"{score['person_worst_f1']:.3f} ({score['worst_person']})"
    means = (f"{score['macro_f1']:.3f}", f"{score['person_mean_f1']:.3f}")
    return (score["view"], str(score["windows"]), str(score["people"]), *means, worst)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
