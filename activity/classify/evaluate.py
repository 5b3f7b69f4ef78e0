"""What models say of people they have never seen, window by window and unsmoothed, and how right that is."""

import multiprocessing
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

from activity.classify.kinds import KINDS
from activity.classify.labelled import LabelledGrid
from activity.classify.model import Member, members_probability, tempered
from activity.classify.network import Network
from activity.classify.personal import personalise
from activity.classify.recipes import RECIPES
from activity.classify.train import kind_windows
from activity.classify.travel import AS_WORN
from activity.classify.views import VIEWS, View
from activity.labels import STEPPING

CALIBRATION_BINS: Final = 15  #: of equal width (Guo et al., ICML 2017)
OWN_WINDOWS: Final = 6  #: a minute of each kind
OWN_KINDS: Final = 5
PERSONAL_VIEWS: Final = ("9 kinds", "5 classes", "4 classes")


@dataclass(frozen=True, slots=True, eq=False)
class Told:
    """Windows of one way of travelling, with the truth and what was said of them; probabilities sum to 1."""

    kind: NDArray[np.int64]  #: (n,) index in ``KINDS``
    subject: NDArray[np.str_]  #: (n,)
    original: NDArray[np.str_]  #: (n,) label as the data set has it
    part: NDArray[np.int64]  #: (n,) which recording
    fold: NDArray[np.int64]  #: (n,) which model said it
    probability: NDArray[np.float64]  #: (n, len(KINDS))


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


@dataclass(frozen=True, slots=True)
class Personal:
    """Shares of one person's windows that were wrong before and after a model was fitted to others of theirs."""

    subject: str
    own_windows: int
    windows: int
    before: dict[str, float]  #: by view
    after: dict[str, float]


@dataclass(frozen=True, slots=True)
class Bin:
    """Windows said with about the same probability."""

    windows: int
    confidence: float  #: mean probability of what was said
    accuracy: float  #: share that was right


@dataclass(frozen=True, slots=True)
class Calibration:
    """How far probabilities can be taken at their word."""

    temperature: float
    error: float  #: expected calibration error
    surest_accuracy: float  #: of the surest 80 % of windows
    curve: tuple[Bin, ...]


def fold_of(subjects: NDArray[np.str_], folds: int, seed: int) -> dict[str, int]:
    """Return the fold of each person: shuffled, then dealt out; with ``folds`` of 0 everyone is a fold."""
    people = np.unique(subjects)
    order = np.random.default_rng(seed).permutation(people)
    return {str(person): i % (folds or len(people)) for i, person in enumerate(order)}


@dataclass(frozen=True, slots=True, eq=False)
class Trial:
    """Everything that one fold needs, as a worker process can take it."""

    recipe: str
    travels: dict[str, tuple[LabelledGrid, ...]]  #: the same recordings in the same order under every name
    width: int  #: rows of a window
    fold_of: dict[str, int]  #: of each person
    seed: int


@dataclass(frozen=True, slots=True, eq=False)
class HeldOut:
    """What models said of the people whom they were trained without."""

    told: dict[str, Told]  #: by the name of the travel
    personal: tuple[Personal, ...]  #: of each person with enough of their own; empty where the recipe can't


def hold_out(trial: Trial, workers: int = 1, told: Callable[[int, int], None] = lambda _done, _total: None) -> HeldOut:
    """Train without each fold of people, as worn, and ask the model about their windows in every way of travelling.

    ``told(done, total)`` is called after each fold. The result doesn't depend on the number of workers.
    """
    folds = range(max(trial.fold_of.values()) + 1)
    found: list[tuple[dict[str, list[Told]], list[Personal]]] = []
    if workers == 1:
        for fold in folds:
            found.append(run_fold(trial, fold))
            told(len(found), len(folds))
    else:
        # Forked threads of numba and torch would hang, so workers start afresh; the data go to each of them once.
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(workers, context, _take, (trial,)) as pool:
            for part in pool.map(_run_taken, folds):
                found.append(part)
                told(len(found), len(folds))
    names = trial.travels
    return HeldOut(
        {name: _join([said for parts, _ in found for said in parts[name]]) for name in names},
        tuple(person for _, people in found for person in people),
    )


_taken: list[Trial] = []


def _take(trial: Trial) -> None:
    _taken[:] = [trial]


def _run_taken(fold: int) -> tuple[dict[str, list[Told]], list[Personal]]:
    return run_fold(_taken[0], fold)


def run_fold(trial: Trial, fold: int) -> tuple[dict[str, list[Told]], list[Personal]]:
    """Return what a model says that was trained without the people of ``fold``, in the order of the recordings."""
    home = trial.travels[AS_WORN]
    seen = tuple(grid for grid in home if trial.fold_of[grid.subject] != fold)
    fitted = RECIPES[trial.recipe].fit(seen, trial.width, trial.seed)
    said: dict[str, list[Told]] = {}
    for name, grids in trial.travels.items():
        said[name] = [
            _ask(fitted.say, grid, part, fold, trial.width)
            for part, grid in enumerate(grids)
            if trial.fold_of[grid.subject] == fold
        ]
    people = sorted({grid.subject for grid in home if trial.fold_of[grid.subject] == fold})
    personal = [
        judged
        for person in people
        for judged in [judge_personal(fitted.members, tuple(g for g in home if g.subject == person), trial.width)]
        if judged is not None
    ]
    return said, personal


def judge_personal(members: tuple[Member, ...], grids: tuple[LabelledGrid, ...], width: int) -> Personal | None:
    """Return how wrong the members are on one person before and after they were fitted to a minute of each kind.

    The first ``OWN_WINDOWS`` windows of each recording, at most half of it, are learned from; both errors are of the
    others. None for a person with fewer than ``OWN_KINDS`` kinds, and for members without a network.
    """
    if len({grid.kind for grid in grids}) < OWN_KINDS or not any(isinstance(member, Network) for member in members):
        return None
    own, others = [], []
    for grid in grids:
        rows, kind = kind_windows((grid,), width)
        cut = min(OWN_WINDOWS, len(rows) // 2)
        own.append((rows[:cut], kind[:cut]))
        others.append((rows[cut:], kind[cut:]))
    rows, kind = (np.concatenate(parts) for parts in zip(*others, strict=True))
    own_rows, own_kind = (np.concatenate(parts) for parts in zip(*own, strict=True))
    fitted = personalise(members, own_rows, own_kind)
    rate_hz = grids[0].grid.rate_hz
    wrong = []
    for which in (members, fitted):
        found = members_probability(which, rows, rate_hz)
        wrong.append({name: _wrong_share(found, kind, VIEWS[name]) for name in PERSONAL_VIEWS})
    return Personal(grids[0].subject, len(own_rows), len(rows), wrong[0], wrong[1])


def _wrong_share(probability: NDArray[np.float64], kind: NDArray[np.int64], view: View) -> float:
    return float(np.mean(view.probability(probability).argmax(axis=1) != view.codes()[kind]))


def _ask(
    say: Callable[[NDArray[np.float32]], NDArray[np.float64]], grid: LabelledGrid, part: int, fold: int, width: int
) -> Told:
    rows, kind = kind_windows((grid,), width)
    n = len(rows)
    probability = say(rows) if n else np.empty((0, len(KINDS)))
    return Told(
        kind, np.full(n, grid.subject), np.full(n, grid.original), np.full(n, part), np.full(n, fold), probability
    )


def _join(parts: list[Told]) -> Told:
    return Told(
        np.concatenate([part.kind for part in parts]),
        np.concatenate([part.subject for part in parts]),
        np.concatenate([part.original for part in parts]),
        np.concatenate([part.part for part in parts]),
        np.concatenate([part.fold for part in parts]),
        np.concatenate([part.probability for part in parts]),
    )


def score(said: Told, view: View) -> Scores:
    """Return the scores of a view, over the windows whose true kind it has; a class that nobody did isn't averaged."""
    n_classes = len(view.classes)
    code = view.codes()
    rows = (code[said.kind] >= 0) & (code[said.kind] < n_classes)
    true, subject = code[said.kind[rows]], said.subject[rows]
    found = view.probability(said.probability[rows]).argmax(axis=1)
    f1 = class_f1(true, found, n_classes)
    people = {str(person): _present_f1(true[subject == person], found[subject == person]) for person in set(subject)}
    worst = min(sorted(people), key=lambda person: people[person])
    confusion = np.zeros((n_classes, n_classes + 1), dtype=np.int64)
    np.add.at(confusion, (true, found), 1)
    return Scores(
        view=view.name,
        classes=tuple(view.classes),
        windows=int(rows.sum()),
        people=len(people),
        macro_f1=float(f1[np.unique(true)].mean()),
        accuracy=float((true == found).mean()),
        f1=tuple(map(float, f1)),
        recall=tuple(map(float, np.diag(confusion[:, :n_classes]) / np.maximum(confusion.sum(axis=1), 1))),
        person_mean_f1=float(np.mean(list(people.values()))),
        person_worst_f1=people[worst],
        worst_person=worst,
        confusion=tuple(tuple(map(int, row)) for row in confusion),
    )


def calibrated(said: Told, view: View) -> tuple[Told, Calibration]:
    """Return the predictions at a temperature that was found on the other folds, and how well calibrated they are.

    The temperature in the calibration is the one of all windows together, which a shipped model takes.
    """
    code = view.codes()
    rows = (code[said.kind] >= 0) & (code[said.kind] < len(view.classes))
    probability = said.probability.copy()
    for fold in np.unique(said.fold):
        others = rows & (said.fold != fold)
        warm = temperature(said.probability[others], said.kind[others])
        probability[said.fold == fold] = tempered(said.probability[said.fold == fold], warm)
    better = replace(said, probability=probability)
    by_class = view.probability(probability[rows])
    confidence, right = by_class.max(axis=1), by_class.argmax(axis=1) == code[said.kind[rows]]
    surest = np.argsort(-confidence, kind="stable")[: int(0.8 * confidence.size)]
    curve = _curve(confidence, right)
    error = sum(bin_.windows * abs(bin_.confidence - bin_.accuracy) for bin_ in curve) / confidence.size
    every = temperature(said.probability[rows], said.kind[rows])
    return better, Calibration(every, float(error), float(right[surest].mean()), curve)


def temperature(probability: NDArray[np.float64], kind: NDArray[np.int64]) -> float:
    """Return the temperature with the least log loss on these windows."""

    def loss(log_temperature: float) -> float:
        chosen = tempered(probability, float(np.exp(log_temperature)))[np.arange(kind.size), kind]
        return float(-np.log(np.maximum(chosen, 1e-12)).mean())

    return float(np.exp(minimize_scalar(loss, bounds=(-1.5, 1.5), method="bounded").x))


def _curve(confidence: NDArray[np.float64], right: NDArray[np.bool_]) -> tuple[Bin, ...]:
    place = np.minimum((confidence * CALIBRATION_BINS).astype(np.int64), CALIBRATION_BINS - 1)
    return tuple(
        Bin(int(np.sum(place == b)), float(confidence[place == b].mean()), float(right[place == b].mean()))
        for b in np.unique(place)
    )


def stepping_share(said: Told, originals: frozenset[str]) -> float:
    """Return the share of windows of these labels that are called walking, running or stairs; NaN without any."""
    steps = np.array([kind.activity in STEPPING for kind in KINDS])
    rows = np.isin(said.original, sorted(originals))
    return float(steps[said.probability[rows].argmax(axis=1)].mean()) if rows.any() else float("nan")


def original_recall(said: Told) -> dict[str, float]:
    """Return, for each name that the recordings use, the share of windows found to be of its activity."""
    activity = np.array([str(kind.activity) for kind in KINDS])
    right = activity[said.probability.argmax(axis=1)] == activity[said.kind]
    return {str(name): float(right[said.original == name].mean()) for name in np.unique(said.original)}


def class_f1(true: NDArray[np.int64], found: NDArray[np.int64], n_classes: int) -> NDArray[np.float64]:
    """Return the F1 of each class; 0 for one that is neither there nor found."""
    hits = np.array([np.sum((true == c) & (found == c)) for c in range(n_classes)], dtype=np.float64)
    total = np.array([np.sum(true == c) + np.sum(found == c) for c in range(n_classes)], dtype=np.float64)
    scores: NDArray[np.float64] = 2.0 * hits / np.maximum(total, 1.0)
    return scores


def _present_f1(true: NDArray[np.int64], found: NDArray[np.int64]) -> float:
    present = np.unique(true)
    return float(class_f1(true, found, int(max(true.max(), found.max())) + 1)[present].mean())
