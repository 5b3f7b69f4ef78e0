"""A number with its uncertainty, and what a model did when it couldn't do what was asked."""

from dataclasses import dataclass
from math import inf, isinf, nan

from scipy.special import ndtr, ndtri, stdtr, stdtrit


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
    upper, ratio = 0.5 + level / 2, -abs(value) / se
    if isinf(df):
        width, p = float(ndtri(upper)), 2 * float(ndtr(ratio))
    else:
        width, p = float(stdtrit(df, upper)), 2 * float(stdtr(df, ratio))
    return Estimate(value, se, value - width * se, value + width * se, p, df)
