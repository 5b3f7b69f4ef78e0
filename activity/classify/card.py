"""The card of a model: what it is for, what it learned from, how right it is, written from the evaluation itself."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from activity.classify.evaluate import Scores
from activity.classify.train import Settings

_INTENDED: Final = """\
For recognising activities in the acceleration of a band on either wrist, in windows of {width_s:g} s, in research.
Not a medical device. Not for children, wheelchairs, or walking aids: nobody of them is in its data.
"""

_LIMITS: Final = """\
- The real recordings are scripted: one activity each, worn almost alike by all. How the model travels to other bands,
  orientations and free living was not measured.
- `other` was learned from seven shoulder exercises and from simulated washing up and driving. Real people doing
  housework or driving were never seen; take its recall below as an upper bound.
- Sitting and lying look alike to a wrist. Use them together unless posture alone is the question.
- Going upstairs is often taken for walking. Stairs minutes are too few rather than too many.
- The scores below are of single windows. In use, runs of windows are smoothed (activity/classify/smooth.py), which
  can't be judged on recordings of one activity.
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
    """All that a card says."""

    name: str
    digest: str
    width_s: float
    rate_hz: float
    feature_version: str
    settings: Settings
    sources: tuple[DataSource, ...]
    scores: tuple[Scores, ...]
    recall: dict[str, float]  #: by the label of the data set
    command: str


def card_text(facts: CardFacts) -> str:
    """Return the card in Markdown; the same facts give the same text."""
    settings = facts.settings
    parts = [
        f"# {facts.name}",
        _INTENDED.format(width_s=facts.width_s),
        f"Written by the evaluation. To make model and card again: `{facts.command}`",
        "## What it is",
        f"{settings.trees} {settings.estimator} (scikit-learn), at least {settings.least_leaf} windows in a leaf, "
        f"seed {settings.seed}; shipped as plain arrays, SHA-256 `{facts.digest}`. "
        f"Features {facts.feature_version} on a grid of {facts.rate_hz:g} Hz. Every recording is learned as it is and "
        f"{settings.turned_copies} time(s) turned by up to {settings.most_turn_deg:g}° with offsets of "
        f"{settings.offset_sd_g * 1000:g} mg (`other`: any way round).",
        "## What it learned from",
        _table(
            ("source", "people", "windows", "SHA-256"),
            [(s.name, str(s.people), str(s.windows), s.sha256[:16] or "simulated") for s in facts.sources],
        ),
        "## How right it is",
        "Leave one subject out: each person is judged by a model that has never seen them. Windows don't overlap and "
        "aren't smoothed; pooled over all windows of the real activities, `other` counted as an error.",
        _table(
            ("view", "windows", "people", "macro F1", "mean of people", "worst person"),
            [_score_row(score) for score in facts.scores],
        ),
        *(_confusion(score) for score in facts.scores),
        "Share of windows found to be what they are, by the label of the data set:",
        _table(("label", "recall"), [(name, f"{value:.3f}") for name, value in sorted(facts.recall.items())]),
        "## What it can't do",
        _LIMITS,
    ]
    return "\n\n".join(part.strip() for part in parts) + "\n"


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
