"""The made-up people of ``golden/trial`` and what R makes of them (``golden/write_trial_reference.R``)."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from activity.trial.analysis.table import OutcomeTable, from_long

FOLDER = Path(__file__).parent / "golden" / "trial"
VISITS = ("baseline", "week_6", "month_3", "month_6", "month_9")
ARMS = ("usual", "app")


def reference() -> dict[str, Any]:
    return json.loads((FOLDER / "reference.json").read_text(encoding="utf-8"))


def people() -> pd.DataFrame:
    return pd.read_csv(FOLDER / "people.csv")


def long() -> pd.DataFrame:
    return people().melt(
        id_vars=["person", "arm", "country", "provider"], value_vars=VISITS, var_name="visit", value_name="rmdq"
    )


def table() -> OutcomeTable:
    return from_long(long(), outcome="rmdq", arms=ARMS, visits=VISITS, strata=("country", "provider"))


def made_table(
    rng: np.random.Generator, *, people: int = 80, visits: int = 4, missing: float = 0.0, effect: float = -1.0
) -> OutcomeTable:
    """Return a small trial with one stratum; values are missing completely at random after the baseline."""
    arm = rng.permutation(np.arange(people) % 2).astype(np.intp)
    lag = np.abs(np.subtract.outer(np.arange(visits), np.arange(visits)))
    values = rng.normal(size=(people, visits)) @ np.linalg.cholesky(0.7**lag).T * 4 + 10
    values[:, 1:] += effect * arm[:, None]
    gone = rng.random(values.shape) < missing
    gone[:, 0] = False
    values[gone] = np.nan
    names = tuple(f"v{index}" for index in range(visits))
    site = rng.choice(["north", "south"], people)
    return OutcomeTable(tuple(f"p{index}" for index in range(people)), ARMS, arm, names, values, {"site": site})
