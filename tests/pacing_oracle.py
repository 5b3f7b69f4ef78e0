"""The slow, obvious twin of pacing."""

import statistics
from datetime import date
from fractions import Fraction


def swings(days: list[tuple[date, int | None]], start: date) -> tuple[float | None, list[tuple[date, list[date]]]]:
    """The usual day, and each busy day of the past fourteen with the quiet ones of the two after it."""
    known = [(when, steps) for when, steps in days if steps is not None and 1 <= (start - when).days <= 14]
    if len(known) < 5:
        return None, []
    usual = statistics.median([steps for _, steps in known])
    found = []
    for when, steps in known:
        if usual == 0 or steps < Fraction(9, 5) * Fraction(usual):
            continue
        quiet = []
        for ago, (later, fewer) in ((later[0] - when, later) for later in known):
            if not 1 <= ago.days <= 2 or fewer > Fraction(3, 5) * Fraction(usual):
                continue
            between = [more for other, more in known if when < other < later]
            if not any(more >= Fraction(9, 5) * Fraction(usual) for more in between):
                quiet.append(later)
        if quiet:
            found.append((when, quiet))
    return float(usual), found
