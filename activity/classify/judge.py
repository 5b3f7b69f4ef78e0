"""All that is to be said of a recipe: every view, every way of travelling, calibration, exercises, personal fits."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from activity.classify.evaluate import (
    PERSONAL_VIEWS,
    Calibration,
    HeldOut,
    Scores,
    calibrated,
    original_recall,
    score,
    stepping_share,
)
from activity.classify.travel import AS_WORN
from activity.classify.views import VIEWS

CALIBRATION_VIEW: Final = "9 kinds"
TRAVEL_VIEW: Final = "4 classes"
EXERCISES: Final = frozenset(
    {
        "pendulum",
        "abduction",
        "forward_elevation",
        "internal_rotation",
        "external_rotation",
        "trapezius_extension",
        "upright_row",
    }
)


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
        exercise_stepping=stepping_share(warmed, EXERCISES),
        recall=original_recall(warmed),
        personal=tuple(_gain(held_out, view) for view in PERSONAL_VIEWS) if held_out.personal else (),
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
