"""Answers to an instrument's items that come to a wanted score: scoring run backwards, chance where there is choice."""

from random import Random
from typing import Any

from activity.questionnaires.instrument import Combine, Form, Instrument

#: Share of the way from the best level to the worst that a value-set instrument's items lie about.
_SPREAD = 0.18


def answers_to(row: Instrument, wanted: float, rng: Random) -> dict[str, Any]:
    """Return a document of answers, nothing left open, whose score is the nearest to ``wanted`` that there is.

    For an instrument with a value set ``wanted`` is how bad it is, from 0 to 1: its worth is for a country to say.
    """
    levels = _spread_levels(row, wanted, rng) if row.combine is Combine.VALUE_SET else _keyed_levels(row, wanted, rng)
    reversed_ = set(row.reversed)
    raw = [row.low + row.high - level if number in reversed_ else level for number, level in enumerate(levels, 1)]
    return _document(row, raw)


def _keyed_levels(row: Instrument, wanted: float, rng: Random) -> list[int]:
    """Return items, keyed one way, that add up to the wanted score; items that don't count lie anywhere."""
    counted = row.counted
    each = len(counted) if row.combine is Combine.MEAN else 1
    total = min(max(round(wanted * each), row.low * len(counted)), row.high * len(counted))
    levels = dict.fromkeys(counted, row.low)
    left = total - row.low * len(counted)
    while left:
        number = rng.choice([number for number in counted if levels[number] < row.high])
        levels[number] += 1
        left -= 1
    return [levels.get(number, rng.randint(row.low, row.high)) for number in range(1, row.items + 1)]


def _spread_levels(row: Instrument, bad: float, rng: Random) -> list[int]:
    span = row.high - row.low
    return [
        row.low + round(span * min(1.0, max(0.0, bad + rng.gauss(0.0, _SPREAD)))) for _ in range(row.items)
    ]  # fmt: skip


def _document(row: Instrument, raw: list[int]) -> dict[str, Any]:
    match row.form:
        case Form.CHOOSE_ANY:
            return {"q1": [f"o{number}" for number, value in enumerate(raw, 1) if value]}
        case Form.CHOOSE_ONE:
            return {f"q{number}": f"o{value - row.low + 1}" for number, value in enumerate(raw, 1)}
        case Form.YES_NO:
            return {f"q{number}": bool(value) for number, value in enumerate(raw, 1)}
        case Form.SCALE:
            return dict(zip((f"q{number}" for number in range(1, row.items + 1)), raw, strict=True))
