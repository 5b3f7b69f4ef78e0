"""All that is to be said of a recipe: every view, every way of travelling, calibration, exercises, personal fits."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from activity.classify.composed import DAYS_LEARNED, WINDOWS_A_DAY, compose, fill, learn_transitions
from activity.classify.evaluate import (
    PERSONAL_VIEWS,
    Calibration,
    HeldOut,
    Scores,
    Told,
    calibrated,
    class_f1,
    original_recall,
    score,
    stepping_share,
)
from activity.classify.kinds import KINDS
from activity.classify.labelled import EXERCISES
from activity.classify.smooth import smooth
from activity.classify.travel import AS_WORN
from activity.classify.views import VIEWS
from activity.labels import ACTIVITIES, ROLLUP, ROLLUPS, Activity

CALIBRATION_VIEW: Final = "9 kinds"
TRAVEL_VIEW: Final = "4 classes"


@dataclass(frozen=True, slots=True)
class PersonalGain:
    """Errors of the people who did worst before, a quarter of all, before and after the personal fit."""

    view: str
    people: int
    worst_before: float  #: mean share of wrong windows of the worst quarter
    worst_after: float
    mean_before: float  #: of all people
    mean_after: float


@dataclass(frozen=True, slots=True)
class Composed:
    """Macro F1 of the roll-ups over composed days, one of each person, window by window and smoothed."""

    windows: int
    alone: float
    smoothed: float
    alone_of: dict[str, float]  #: F1 of each roll-up
    smoothed_of: dict[str, float]


@dataclass(frozen=True, slots=True)
class Judged:
    """What was measured of one recipe with one seed."""

    recipe: str
    what: str
    folds: int
    seed: int
    scores: tuple[Scores, ...]
    travel: dict[str, float]  #: pooled macro F1 of four classes by the name of the travel
    calibration: Calibration
    exercise_stepping: float  #: share of arm exercises called walking, running or stairs
    recall: dict[str, float]  #: by the label of the data set
    personal: tuple[PersonalGain, ...]
    composed: Composed  #: what smoothing is worth


def judge(held_out: HeldOut, recipe: str, what: str, folds: int, seed: int) -> Judged:
    """Return all measures of what a recipe's models said of people they hadn't seen."""
    home = held_out.told[AS_WORN]
    warmed, calibration = calibrated(home, VIEWS[CALIBRATION_VIEW])
    return Judged(
        recipe=recipe,
        what=what,
        folds=folds,
        seed=seed,
        scores=tuple(score(home, view) for view in VIEWS.values()),
        travel={name: score(told, VIEWS[TRAVEL_VIEW]).macro_f1 for name, told in held_out.told.items()},
        calibration=calibration,
        exercise_stepping=stepping_share(warmed, frozenset(EXERCISES)),
        recall=original_recall(warmed),
        personal=tuple(_gain(held_out, view) for view in PERSONAL_VIEWS) if held_out.personal else (),
        composed=judge_composed(warmed, seed),
    )


def _gain(held_out: HeldOut, view: str) -> PersonalGain:
    before = np.array([person.before[view] for person in held_out.personal])
    after = np.array([person.after[view] for person in held_out.personal])
    worst = np.argsort(-before, kind="stable")[: max(1, before.size // 4)]
    return PersonalGain(
        view,
        before.size,
        float(before[worst].mean()),
        float(after[worst].mean()),
        float(before.mean()),
        float(after.mean()),
    )


def judge_composed(said: Told, seed: int) -> Composed:
    """Return how right days are that are composed of the windows of each person, with and without smoothing.

    ``other`` comes from whoever did exercises or hand work. The transitions were learned from other days.
    """
    activity_of = np.array([ACTIVITIES.index(kind.activity) for kind in KINDS])
    by_activity = said.probability @ np.eye(len(ACTIVITIES))[activity_of]
    true_activity = activity_of[said.kind]
    transitions = learn_transitions(seed)
    others = _parts(said, np.flatnonzero(true_activity == ACTIVITIES.index(Activity.OTHER)))
    true, alone, smoothed = [], [], []
    for index, person in enumerate(np.unique(said.subject[true_activity != ACTIVITIES.index(Activity.OTHER)])):
        rng = np.random.default_rng([seed, DAYS_LEARNED + index])
        parts = {
            code: _parts(said, np.flatnonzero((said.subject == person) & (true_activity == code))) or others
            for code in range(len(ACTIVITIES))
        }
        path = compose(WINDOWS_A_DAY, rng)
        rows = fill(path, parts, rng)
        true.append(true_activity[rows])
        alone.append(by_activity[rows].argmax(axis=1))
        smoothed.append(smooth(by_activity[rows], np.ones(path.size, dtype=np.bool_), transitions))
    roll = np.array([ROLLUPS.index(ROLLUP[activity]) for activity in ACTIVITIES])
    truth = roll[np.concatenate(true)]
    alone_f1 = class_f1(truth, roll[np.concatenate(alone)], len(ROLLUPS))
    smoothed_f1 = class_f1(truth, roll[np.concatenate(smoothed)], len(ROLLUPS))
    present = np.unique(truth)
    return Composed(
        truth.size,
        float(alone_f1[present].mean()),
        float(smoothed_f1[present].mean()),
        {str(name): float(f1) for name, f1 in zip(ROLLUPS, alone_f1, strict=True)},
        {str(name): float(f1) for name, f1 in zip(ROLLUPS, smoothed_f1, strict=True)},
    )


def _parts(said: Told, rows: NDArray[np.intp]) -> list[NDArray[np.int64]]:
    return [rows[said.part[rows] == part].astype(np.int64) for part in np.unique(said.part[rows])]
