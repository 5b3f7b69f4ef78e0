"""People of a drawn trial as subjects of the shipped protocol, for tests of its analysis."""

from collections.abc import Sequence
from random import Random

import numpy as np

from activity.trial.dose import USED
from activity.trial.outcomes import Observation, Subject
from activity.trial.protocol import Protocol, load_protocol
from activity.trial.published import Design
from activity.trial.virtual.courses import draw_courses

STUDY = load_protocol()
VISITS = tuple(visit.id for visit in STUDY.visit)


def drawn_people(count: int = 120, seed: int = 1, protocol: Protocol = STUDY) -> tuple[Subject, ...]:
    """People with RMDQ, average pain and a judgement of change at the visits at which they weren't lost."""
    courses = draw_courses(Design(), count, seed)
    return tuple(_subject(protocol, place, courses.seen[place % 2, place], seed) for place in range(count))


def _subject(protocol: Protocol, place: int, rmdq: Sequence[float], seed: int) -> Subject:
    rng = Random(f"{seed}/{place}")
    country, provider = rng.choice(("denmark", "norway")), rng.choice(("gp", "physiotherapist", "chiropractor"))
    seen = [(column, value) for column, value in enumerate(rmdq) if not np.isnan(value)]
    observed = [
        Observation(1000 * place + 10 * column + number, VISITS[column], name, f"2026-0{column + 1}-15", False, score)
        for column, value in seen
        for number, (name, score) in enumerate(
            (
                ("rmdq-24", float(value)),
                ("nrs-average", float(min(10, max(0, round(value / 3 + rng.gauss(0, 1)))))),
                ("gpe", float(min(5, max(-5, round((rmdq[0] - value) / 2 + rng.gauss(0, 1)))))),
            )
        )
        if name != "gpe" or column
    ]
    return Subject(
        person=f"P{place:04d}",
        arm=protocol.arm[place % 2].id,
        randomised="2026-01-15",
        strata={"country": country, "provider": provider},
        background={"age": float(rng.randint(18, 80)), "country": country, "provider": provider},
        use=dict.fromkeys(USED, None) | {"plans": rng.randint(0, 12) if place % 2 else 0},
        observed=tuple(observed),
    )
