"""The card of a model: what it is for, what it learned from, how right it is, written from the evaluation itself."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from activity.classify.evaluate import Scores
from activity.classify.judge import CALIBRATION_VIEW, TRAVEL_VIEW, Judged
from activity.classify.model import Boosted, Model
from activity.classify.network import Network

_INTENDED: Final = """\
For recognising activities in the acceleration of a band on either wrist, in windows of {width_s:g} s, in research.
Not a medical device. Not for children, wheelchairs, or walking aids: nobody of them is in its data.
"""

_LIMITS: Final = """\
- The real recordings are scripted, one activity each, and nearly everybody wore the band in one way. The ways of
  travelling above are these recordings changed by computation, not other people's bands.
- `other` was learned from seven shoulder exercises, from simulated washing up and driving and from noise shaped like
  hand work. Real people doing housework or driving were never seen; take its recall as an upper bound.
- Sitting and lying are told by the attitude of the wrist alone. Turned any way, they can't be; use them together.
- Paces of walking are personal: a fast walk of one is the moderate walk of another. Cadence tells pace better.
- Transitions were learned from days made up of round numbers (activity/classify/composed.py), not from people's days.
- The personal fit learns from the first minute of the same recordings that it is judged on, so the band sat alike.
"""


@dataclass(frozen=True, slots=True)
class DataSource:
    """One file or generator that a model learned from."""

    name: str
    sha256: str  #: empty for simulated motion
    people: int
    windows: int


@dataclass(frozen=True, slots=True)
class CardFacts:
    """All that a card says; the first of ``judged`` has the seed of the model."""

    model: Model
    sources: tuple[DataSource, ...]
    judged: tuple[Judged, ...]
    command: str


def card_text(facts: CardFacts) -> str:
    """Return the card in Markdown; the same facts give the same text."""
    first = facts.judged[0]
    parts = [
        f"# {facts.model.name}",
        _INTENDED.format(width_s=facts.model.width_s),
        f"Written by the evaluation. To make model and card again: `{facts.command}`",
        "## What it is",
        _what(facts),
        "## What it learned from",
        _table(
            ("source", "people", "windows", "SHA-256"),
            [(s.name, str(s.people), str(s.windows), s.sha256[:16] or "simulated") for s in facts.sources],
        ),
        "## How right it is",
        f"{first.folds} groups of people are left out in turn: each person is judged by a model that has never seen "
        "them. Windows don't overlap and aren't smoothed; pooled over all windows of the real activities, `other` "
        "counted as an error.",
        _table(
            ("view", "windows", "people", "macro F1", "mean of people", "worst person"),
            [_score_row(score) for score in first.scores],
        ),
        *([_seeds(facts.judged)] if len(facts.judged) > 1 else []),
        "## How it travels",
        f"Macro F1 of {TRAVEL_VIEW}, the same models asked about the same recordings as other bands would give them:",
        _table(("way", "macro F1"), [(name, f"{f1:.3f}") for name, f1 in first.travel.items()]),
        f"Arm exercises called walking, running or stairs: {100 * first.exercise_stepping:.1f} % of windows.",
        "## How far its probabilities can be trusted",
        f"{CALIBRATION_VIEW}: expected calibration error {first.calibration.error:.3f}; the surest 80 % of windows are "
        f"right {100 * first.calibration.surest_accuracy:.1f} % of the time. The temperature of the model is "
        f"{first.calibration.temperature:.3f}; for these figures it was found on the other groups.",
        _table(
            ("windows", "said", "right"),
            [(str(b.windows), f"{b.confidence:.3f}", f"{b.accuracy:.3f}") for b in first.calibration.curve],
        ),
        *([_personal(first)] if first.personal else []),
        "## What smoothing is worth",
        f"{first.composed.windows} windows of days composed of the same held-out windows, one day a person, with bouts "
        "of made-up lengths (activity/classify/composed.py): F1 window by window, and along the likeliest path.",
        _table(
            ("", *first.composed.alone_of, "macro"),
            [
                ("alone", *(f"{f1:.3f}" for f1 in first.composed.alone_of.values()), f"{first.composed.alone:.3f}"),
                (
                    "smoothed",
                    *(f"{f1:.3f}" for f1 in first.composed.smoothed_of.values()),
                    f"{first.composed.smoothed:.3f}",
                ),
            ],
        ),
        "## What is taken for what",
        *(_confusion(score) for score in first.scores),
        "Share of windows found to be of their activity, by the label of the data set:",
        _table(("label", "recall"), [(name, f"{value:.3f}") for name, value in sorted(first.recall.items())]),
        "## What it can't do",
        _LIMITS,
    ]
    return "\n\n".join(part.strip() for part in parts) + "\n"


def _what(facts: CardFacts) -> str:
    model, first = facts.model, facts.judged[0]
    weights = sum(
        sum(c.weight.size + c.bias.size for c in member.convolutions) + member.head.size
        for member in model.members
        if isinstance(member, Network)
    )
    trees = sum(
        (member.trees if isinstance(member, Boosted) else member).roots.size
        for member in model.members
        if not isinstance(member, Network)
    )
    networks = sum(isinstance(member, Network) for member in model.members)
    parts = (f"{networks} network(s) of {weights:,} weights in all", networks), (f"{trees:,} trees", trees)
    made_of = " and ".join(said for said, count in parts if count)
    return (
        f"Recipe `{first.recipe}`: {first.what}; seed {first.seed}. {made_of}, shipped as plain arrays, on a grid of "
        f"{model.rate_hz:g} Hz; digest `{model.digest}`. Training draws windows anywhere in a recording and changes "
        "them as other bands, wrists and people would (activity/classify/augment.py)."
    )


def _seeds(judged: tuple[Judged, ...]) -> str:
    rows = []
    for index, score in enumerate(judged[0].scores):
        all_f1 = [one.scores[index].macro_f1 for one in judged]
        rows.append((score.view, *(f"{f1:.3f}" for f1 in all_f1), f"{max(all_f1) - min(all_f1):.3f}"))
    head = ("macro F1", *(f"seed {one.seed}" for one in judged), "spread")
    return _table(head, rows)


def _personal(judged: Judged) -> str:
    rows = [
        (
            gain.view,
            str(gain.people),
            f"{100 * gain.mean_before:.1f} → {100 * gain.mean_after:.1f}",
            f"{100 * gain.worst_before:.1f} → {100 * gain.worst_after:.1f}",
        )
        for gain in judged.personal
    ]
    table = _table(("view", "people", "% wrong, all", "% wrong, worst quarter"), rows)
    said = "Before and after learning from a minute of each kind of the wearer's own:"
    return f"## Fitted to one person\n\n{said}\n\n{table}"


def _score_row(score: Scores) -> tuple[str, ...]:
    worst = f"{score.person_worst_f1:.3f} ({score.worst_person})"
    return (
        score.view,
        str(score.windows),
        str(score.people),
        f"{score.macro_f1:.3f}",
        f"{score.person_mean_f1:.3f}",
        worst,
    )


def _confusion(score: Scores) -> str:
    head = (f"{score.view}: true \\ found", *score.classes, "other", "F1", "recall")
    rows = [
        (name, *map(str, row), f"{f1:.3f}", f"{recall:.3f}")
        for name, row, f1, recall in zip(score.classes, score.confusion, score.f1, score.recall, strict=True)
    ]
    return _table(head, rows)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
