"""Virtual people and what would help each of them, under a stated model.

Nobody's data stand behind this. What helps a person is a vector in a space of a few dimensions, and so is what each
choice of a plan offers; how far the choice helps is how far the two point the same way. In the *shared* world a
person's vector can be read off what they answer and how they move, so that people who look alike are helped alike. In
the *private* world it is drawn apart from all that, from the same distribution: people differ as much, but nobody's
week says anything of another's.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import exp, sqrt
from random import Random
from typing import Final

NEEDS: Final = 3  #: dimensions of what helps: pushing or pacing, load or ease, doing or understanding


class World(StrEnum):
    """Whether people who are alike are helped by the same."""

    SHARED = "shared"
    PRIVATE = "private"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody at enrolment; scales run from 0 to 10 and are means around which weeks vary."""

    id: str
    usual_steps: float
    pain: float
    fear: float
    confidence: float
    stress: float
    sleep_trouble: float
    conditions: tuple[str, ...]
    diligence: float  #: share of planned sessions done when they are neither liked nor disliked
    needs: tuple[float, ...]  #: unit vector


def draw_people(count: int, world: World, seed: int) -> tuple[Person, ...]:
    """Return virtual people; those of both worlds are the same but for their needs."""
    return tuple(_person(f"v{number:04d}", world, Random(f"{seed}/person/{number}")) for number in range(count))  # noqa: S311


def offer_of(choice: str, seed: int) -> tuple[float, ...]:
    """Return what a choice of a plan offers, as a unit vector that hangs on its name and the seed only."""
    digest = hashlib.sha256(f"{seed}/{choice}".encode()).hexdigest()
    rng = Random(digest)  # noqa: S311 - a draw to be repeated, not a secret
    return unit([rng.gauss(0.0, 1.0) for _ in range(NEEDS)])


def fit(needs: Sequence[float], offer: Sequence[float]) -> float:
    """Return how far a choice helps a person, from -1 to 1."""
    return sum(need * given for need, given in zip(needs, offer, strict=True))


def on_scale(value: float) -> float:
    """Return a value within the 0 to 10 of a scale."""
    return min(10.0, max(0.0, value))


def unit(vector: Sequence[float]) -> tuple[float, ...]:
    """Return a vector of length 1 in the same direction."""
    length = sqrt(sum(part * part for part in vector))
    return tuple(part / length for part in vector)


def _person(name: str, world: World, rng: Random) -> Person:
    push, ease, mind = (rng.gauss(0.0, 1.0) for _ in range(NEEDS))
    hidden = unit([rng.gauss(0.0, 1.0) for _ in range(NEEDS)])
    return Person(
        id=name,
        usual_steps=6500.0 * exp(0.3 * push),
        pain=on_scale(5.0 + 1.6 * ease),
        fear=on_scale(4.5 + 1.8 * ease - 1.2 * push),
        confidence=on_scale(5.5 - 1.8 * mind),
        stress=on_scale(4.5 + 1.8 * mind),
        sleep_trouble=on_scale(4.0 + 1.2 * mind + 0.8 * ease),
        conditions=("high-blood-pressure",) if rng.random() < 0.15 else (),
        diligence=rng.uniform(0.35, 0.9),
        needs=unit((push, ease, mind)) if world is World.SHARED else hidden,
    )
