"""Leave-one-subject-out: what a model says of people it has never seen, window by window, unsmoothed."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from activity.classify.labelled import Labelled, join, select
from activity.classify.model import walk
from activity.classify.train import Settings, fit
from activity.labels import ACTIVITIES, Activity

_STILL: Final = ("sitting", "standing", "lying")

#: Views on the same predictions: which of our activities are one class. ``other`` is nobody's, so it is an error.
VIEWS: Final[dict[str, dict[str, tuple[str, ...]]]] = {
    "4 classes": {"still": _STILL, "walking": ("walking",), "running": ("running",), "stairs": ("stairs",)},
    "5 classes": {
        "sitting or lying": ("sitting", "lying"),
        "standing": ("standing",),
        "walking": ("walking",),
        "running": ("running",),
        "stairs": ("stairs",),
    },
    "6 classes": {str(activity): (str(activity),) for activity in ACTIVITIES if activity is not Activity.OTHER},
}


@dataclass(frozen=True, slots=True)
class Scores:
    """How right the predictions are in one view."""

    view: str
    classes: tuple[str, ...]
    windows: int
    people: int
    macro_f1: float  #: pooled over all windows
    accuracy: float
    f1: tuple[float, ...]  #: pooled, of each class
    recall: tuple[float, ...]
    person_mean_f1: float  #: macro F1 of each person over the classes they did, averaged
    person_worst_f1: float
    worst_person: str
    confusion: tuple[tuple[int, ...], ...]  #: rows true, columns found; the last column is ``other``


@dataclass(frozen=True, slots=True, eq=False)
class HeldOut:
    """Windows and what models said of them that were trained without their person."""

    windows: Labelled
    predicted: NDArray[np.int64]  #: (n,) index into ``ACTIVITIES``
    probability: NDArray[np.float64]  #: (n, len(ACTIVITIES)), 0 for classes that the models don't know


def leave_one_subject_out(
    plain: Labelled,
    copies: Labelled,
    settings: Settings,
    told: Callable[[int, int], None] = lambda _done, _total: None,
) -> HeldOut:
    """Train once without each person, copies included, and predict their windows as they were worn.

    ``plain`` and ``copies`` are those of ``activity.classify.train.prepare``; ``told(done, total)`` is called after
    each person.
    """
    probability = np.zeros((len(plain.activity), len(ACTIVITIES)))
    people = np.unique(plain.subject)
    for done, person in enumerate(people, start=1):
        theirs = plain.subject == person
        trained = fit(join(select(plain, ~theirs), select(copies, copies.subject != person)), settings)
        columns = [ACTIVITIES.index(activity) for activity in trained.classes]
        probability[np.ix_(theirs, columns)] = walk(trained.forest, plain.features[theirs])
        told(done, len(people))
    return HeldOut(plain, probability.argmax(axis=1), probability)


def score(held_out: HeldOut, view: str) -> Scores:
    """Return the scores of one of ``VIEWS``, over the windows whose true activity the view has."""
    groups = VIEWS[view]
    code = np.full(len(ACTIVITIES), len(groups))
    for column, members in enumerate(groups.values()):
        for member in members:
            code[ACTIVITIES.index(Activity(member))] = column
    true, found = code[held_out.windows.activity], code[held_out.predicted]
    rows = true < len(groups)
    true, found, subject = true[rows], found[rows], held_out.windows.subject[rows]
    f1 = _f1(true, found, len(groups))
    people = {str(person): _present_f1(true[subject == person], found[subject == person]) for person in set(subject)}
    worst = min(sorted(people), key=lambda person: people[person])
    confusion = np.zeros((len(groups), len(groups) + 1), dtype=np.int64)
    np.add.at(confusion, (true, found), 1)
    return Scores(
        view=view,
        classes=tuple(groups),
        windows=int(rows.sum()),
        people=len(people),
        macro_f1=float(f1.mean()),
        accuracy=float((true == found).mean()),
        f1=tuple(map(float, f1)),
        recall=tuple(float((found[true == c] == c).mean()) for c in range(len(groups))),
        person_mean_f1=float(np.mean(list(people.values()))),
        person_worst_f1=people[worst],
        worst_person=worst,
        confusion=tuple(tuple(map(int, row)) for row in confusion),
    )


def original_recall(held_out: HeldOut) -> dict[str, float]:
    """Return, for each name that the recordings use, the share of windows found to be its common activity."""
    right = held_out.predicted == held_out.windows.activity
    names = np.unique(held_out.windows.original)
    return {str(name): float(right[held_out.windows.original == name].mean()) for name in names}


def _f1(true: NDArray[np.int64], found: NDArray[np.int64], n_classes: int) -> NDArray[np.float64]:
    hits = np.array([np.sum((true == c) & (found == c)) for c in range(n_classes)], dtype=np.float64)
    total = np.array([np.sum(true == c) + np.sum(found == c) for c in range(n_classes)], dtype=np.float64)
    scores: NDArray[np.float64] = 2.0 * hits / np.maximum(total, 1.0)
    return scores


def _present_f1(true: NDArray[np.int64], found: NDArray[np.int64]) -> float:
    present = np.unique(true)
    return float(_f1(true, found, int(max(true.max(), found.max())) + 1)[present].mean())
