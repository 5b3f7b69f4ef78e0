"""Value sets of EQ-5D-5L: what a health profile is worth in a country, from a table that the user brings."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Final

from activity.errors import ContentError

DIMENSIONS: Final = 5
LEVELS: Final = 5
FULL_HEALTH: Final = (1,) * DIMENSIONS
_EXPECTED: Final = "columns profile and value, a row for each of the 3,125 profiles from 11111 to 55555"


@dataclass(frozen=True, slots=True)
class ValueSet:
    """The index of every profile; 11111 is 1, and nothing is worth more."""

    name: str
    values: Mapping[tuple[int, ...], float]

    def index(self, profile: tuple[int, ...]) -> float:
        """Return what a profile of five levels is worth."""
        return self.values[profile]


def read_value_set(path: Path) -> ValueSet:
    """Return the value set in a CSV file; ``ContentError`` if a profile is missing, twice there, or worth too much."""
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
        if not value <= 1.0:
            raise ContentError(f"{row['profile']} is worth {value}", where, "at most 1, which is full health")
        values[profile] = value
    missing = [profile for profile in product(range(1, LEVELS + 1), repeat=DIMENSIONS) if profile not in values]
    if missing or len(values) != LEVELS**DIMENSIONS:
        raise ContentError(f"{len(values):,} profiles, {len(missing):,} missing", path.name, _EXPECTED)
    if values[FULL_HEALTH] != 1.0:
        raise ContentError(f"11111 is worth {values[FULL_HEALTH]}", path.name, "1, which is full health")
    return ValueSet(path.stem, values)
