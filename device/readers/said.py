"""Values in headers of text, whose bytes may be anything."""

import math
import re
from typing import Final

_NUMBER: Final = re.compile(r"-?\d{1,12}(?:[.,]\d{1,12})?")
_OFFSET: Final = re.compile(r"(?:GMT)?\s*([+-]?)(\d{1,2}):(\d{2})(?::\d{2})?")


def number(text: str, low: float = -math.inf, high: float = math.inf) -> float:
    """Return the number that a text begins with, with a point or a comma; NaN if there is none from low to high."""
    found = _NUMBER.match(text)
    value = float(found[0].replace(",", ".")) if found else math.nan
    return value if low <= value <= high else math.nan


def offset_s(text: str) -> float:
    """Return an offset from UTC such as ``GMT +01:00`` or ``-05:00:00`` in seconds; NaN if it is none."""
    found = _OFFSET.fullmatch(text)
    if not found:
        return math.nan
    sign, hours, minutes = found.groups()
    return (-1.0 if sign == "-" else 1.0) * (int(hours) * 3600.0 + int(minutes) * 60.0)


def printable(text: str) -> str:
    """Return what can be printed of a text, at most 80 letters of it."""
    return "".join(letter for letter in text[:200] if letter.isprintable()).strip()[:80]
