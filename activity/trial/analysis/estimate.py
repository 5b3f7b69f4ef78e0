"""A number with its uncertainty, and what a model did when it couldn't do what was asked."""

from dataclasses import dataclass
from math import inf, isinf, nan

from scipy import stats


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value with its standard error, interval and two-sided p-value against zero."""

    value: float
    se: float
    low: float
    high: float
    p: float
    df: float  #: of the t distribution; infinite means normal


@dataclass(frozen=True, slots=True)
class Fallback:
    """What was asked for, what was used instead, and why; every result carries those that it took."""

    asked: str
    used: str
    reason: str

    def __str__(self) -> str:
        return f"{self.asked} -> {self.used}: {self.reason}"


def estimate(value: float, se: float, df: float = inf, level: float = 0.95) -> Estimate:
    """Return the Wald estimate from a value and its standard error; a NaN stays one in every field."""
    if not se > 0:
        return Estimate(value, nan, nan, nan, nan, df)
    law = stats.norm() if isinf(df) else stats.t(df)
    half = float(law.ppf(0.5 + level / 2)) * se
    return Estimate(value, se, value - half, value + half, float(2 * law.sf(abs(value) / se)), df)
