"""From answers to a score: keyed one way, open items by the instrument's rule, then summed, averaged or looked up."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import fsum
from typing import Final

from activity.errors import AnswerError
from activity.questionnaires.instrument import Combine, Instrument, Missing
from activity.questionnaires.value_set import ValueSet

Items = tuple[int | None, ...]


@dataclass(frozen=True, slots=True)
class Score:
    """What an instrument came to; ``value`` is None where it can't be scored, and ``why`` says why."""

    instrument: str
    value: float | None
    answered: int  #: of the items that count
    imputed: int  #: items that were left open and yet counted, by the rule
    rule: Missing = Missing.NONE  #: by which open items were dealt with; none, where nothing was open or no score is
    why: str = ""
    signpost: str = ""  #: what the person is to be told


def score(row: Instrument, answers: Sequence[int | None], values: ValueSet | None = None) -> Score:
    """Return the score of an instrument's answers, one an item, None where left open.

    ``AnswerError`` on another number of answers, and on one that is no whole number or out of range.
    """
    keyed = _keyed(row, answers)
    answered = sum(value is not None for value in keyed)
    why = _why_not(row, answered, values)
    if why:
        return Score(row.id, None, answered, 0, why=why, signpost=_told(row, _least(row, keyed)))
    filled = _FILL[row.missing](keyed)
    value = _combined(row, filled, values)
    rule = row.missing if answered < len(keyed) else Missing.NONE
    return Score(row.id, value, answered, len(filled) - answered, rule, signpost=_told(row, value))


def gain(row: Instrument, before: float | None, after: float | None) -> float | None:
    """Return how much better a score became, whichever way the instrument runs; None where one isn't known."""
    if before is None or after is None:
        return None
    return after - before if row.better == "higher" else before - after


def _why_not(row: Instrument, answered: int, values: ValueSet | None) -> str:
    if not answered:
        return "nothing was answered"
    needed = len(row.counted) - row.missing_at_most
    if answered < needed:
        return f"{answered} of {len(row.counted)} items answered, and at least {needed} are needed"
    return "no value set of a country was given" if row.combine is Combine.VALUE_SET and values is None else ""


def _least(row: Instrument, keyed: Items) -> float:
    """Return the sum if every open item had the lowest answer: somebody in need is told so by half a form, too."""
    return fsum(row.low if value is None else value for value in keyed)


def _told(row: Instrument, value: float) -> str:
    return row.signpost if row.signpost_from is not None and value >= row.signpost_from else ""


def _keyed(row: Instrument, answers: Sequence[int | None]) -> Items:
    if len(answers) != row.items:
        raise AnswerError(f"{len(answers)} answers", row.id, f"{row.items}, one for each item")
    for number, value in enumerate(answers, 1):
        if value is not None and (type(value) is not int or not row.low <= value <= row.high):
            expected = f"a whole number from {row.low} to {row.high}"
            raise AnswerError(f"{value!r} can't be", f"{row.id}, item {number}", expected)
    turned = row.low + row.high
    return tuple(
        turned - value if number in row.reversed and value is not None else value
        for number, value in enumerate(answers, 1)
        if number in row.counted
    )


def _answered(keyed: Items) -> tuple[float, ...]:
    return tuple(float(value) for value in keyed if value is not None)


def _with_mean(keyed: Items) -> tuple[float, ...]:
    known = _answered(keyed)
    return (*known, *[fsum(known) / len(known)] * (len(keyed) - len(known)))


def _with_zeros(keyed: Items) -> tuple[float, ...]:
    return tuple(float(value or 0) for value in keyed)


_FILL: Final[dict[Missing, Callable[[Items], tuple[float, ...]]]] = {
    Missing.NONE: _answered,
    Missing.ANSWERED: _answered,
    Missing.PRORATE: _with_mean,
    Missing.ZERO: _with_zeros,
}


def _combined(row: Instrument, filled: tuple[float, ...], values: ValueSet | None) -> float:
    if values is not None and row.combine is Combine.VALUE_SET:
        return values.index(tuple(int(level) for level in filled))
    total = fsum(filled)
    return total / len(filled) if row.combine is Combine.MEAN else total
