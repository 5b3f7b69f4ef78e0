"""Courses of virtual people in a trial of the published design: what each would answer in either arm.

A person has one course in each arm, made of the same luck, and the arm that chance gives them shows which one is lived.
Whether anybody may take part is decided by their score before, as the protocol has it, so that the true difference is
that among people who may; it is counted here, not assumed.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from activity.trial.analysis.covariance import Array
from activity.trial.published import Design, Rate, full_values, lose

LOWEST, HIGHEST = 0, 24


@dataclass(frozen=True, slots=True, eq=False)
class Courses:
    """RMDQ of people at each visit, (n_arms, n_people, n_visits): as they are, and as they are seen."""

    felt: Array  #: whole numbers from 0 to 24, nobody lost
    seen: Array  #: NaN from when somebody is lost


def draw_courses(design: Design, people: int, seed: int) -> Courses:
    """Return the courses of people in both arms; the same seed gives the same."""
    felt, seen = [], []
    for arm in (0, 1):
        rng = np.random.default_rng([46139, seed])
        felt.append(_felt(design, arm, people, rng))
        seen.append(felt[-1].copy())
        lose(seen[-1], design, rng)
    return Courses(np.array(felt), np.array(seen))


def eligible(courses: Courses, least: float) -> NDArray[np.bool_]:
    """Return who has at least so many points before randomisation, when nobody knows an arm."""
    return np.asarray(courses.felt[0, :, 0] >= least)


def true_difference_of_eligible(design: Design, least: float, visit: int, people: int = 300_000) -> Rate:
    """Return the mean difference at a visit, treated less reference, among people who may take part."""
    untreated, treated = (_felt(design, arm, people, np.random.default_rng(46139)) for arm in (0, 1))
    may = untreated[:, 0] >= least
    apart = treated[may, visit] - untreated[may, visit]
    return Rate(float(apart.mean()), float(apart.std(ddof=1) / np.sqrt(apart.size)))


def _felt(design: Design, arm: int, people: int, rng: np.random.Generator) -> Array:
    values = full_values(design, np.full(people, arm, dtype=np.intp), rng)
    return np.clip(np.round(values), LOWEST, HIGHEST)
