"""Value sets of EQ-5D-5L: what a health profile is worth in a country, from a file that the user brings.

Either a CSV file with the value of every profile, or a TOML file with the coefficients of an additive model.
"""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from math import fsum, isfinite
from pathlib import Path
from typing import Annotated, Final

from pydantic import Field

from activity.errors import ContentError
from activity.questionnaires.definition import Checked, checked, read_toml

DIMENSIONS: Final = 5
LEVELS: Final = 5
FULL_HEALTH: Final = (1,) * DIMENSIONS
SEVERE: Final = 4  #: the level from which a dimension counts as severe in models with such a term (N45)
_EXPECTED: Final = "columns profile and value, a row for each of the 3,125 profiles from 11111 to 55555"


@dataclass(frozen=True, slots=True)
class ValueSet:
    """The index of every profile; 11111 is 1, and nothing is worth more."""

    name: str
    values: Mapping[tuple[int, ...], float]

    def index(self, profile: tuple[int, ...]) -> float:
        """Return what a profile of five levels is worth."""
        return self.values[profile]


Loss = Annotated[float, Field(ge=0, le=2, allow_inf_nan=False)]
Losses = tuple[Loss, Loss, Loss, Loss]


class AdditiveModel(Checked):
    """An additive model: what each dimension takes off full health at levels 2, 3, 4 and 5; level 1 takes nothing.

    Published tables give these as coefficients or decrements; the sign is that of a loss. A model of another form
    (products, powers, a term for each further severe dimension) comes as a table of all profiles instead.
    """

    name: str = Field(min_length=2)
    source: str = Field(min_length=10)
    mobility: Losses
    self_care: Losses
    usual_activities: Losses
    pain: Losses
    anxiety: Losses
    any_problem: Loss = 0.0  #: taken off once if any dimension is above level 1
    any_severe: Loss = 0.0  #: taken off once if any dimension is at level 4 or 5

    def values(self) -> dict[tuple[int, ...], float]:
        """Return what every profile is worth."""
        rows = [(0.0, *row) for row in (self.mobility, self.self_care, self.usual_activities, self.pain, self.anxiety)]
        return {
            profile: 1.0
            - fsum(row[level - 1] for row, level in zip(rows, profile, strict=True))
            - (self.any_problem if profile != FULL_HEALTH else 0.0)
            - (self.any_severe if max(profile) >= SEVERE else 0.0)
            for profile in product(range(1, LEVELS + 1), repeat=DIMENSIONS)
        }


def read_value_set(path: Path) -> ValueSet:
    """Return the value set in a CSV file of all profiles, or in a TOML file of a model's coefficients.

    ``ContentError`` if a profile is missing, twice there, or worth more than full health, or a coefficient can't be.
    """
    if path.suffix.lower() == ".toml":
        model = checked(AdditiveModel, read_toml(path)[0], path.name)
        return ValueSet(model.name, model.values())
    return _table(path)


def _table(path: Path) -> ValueSet:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ContentError(f"can't be read: {error}", str(path), _EXPECTED) from error
    values: dict[tuple[int, ...], float] = {}
    for number, row in enumerate(rows, 2):
        where = f"{path.name}, line {number}"
        try:
            profile = tuple(int(level) for level in row["profile"].strip())
            value = float(row["value"])
        except (KeyError, ValueError, AttributeError) as error:
            raise ContentError("not a profile and its value", where, _EXPECTED) from error
        if profile in values:
            raise ContentError(f"{row['profile']} is there twice", where, _EXPECTED)
        if not isfinite(value) or value > 1.0:
            raise ContentError(f"{row['profile']} is worth {value}", where, "at most 1, which is full health")
        values[profile] = value
    missing = [profile for profile in product(range(1, LEVELS + 1), repeat=DIMENSIONS) if profile not in values]
    if missing or len(values) != LEVELS**DIMENSIONS:
        raise ContentError(f"{len(values):,} profiles, {len(missing):,} missing", path.name, _EXPECTED)
    if values[FULL_HEALTH] != 1.0:
        raise ContentError(f"11111 is worth {values[FULL_HEALTH]}", path.name, "1, which is full health")
    return ValueSet(path.stem, values)
