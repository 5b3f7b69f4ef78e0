"""Numbers and dates as a person would write them, for pages and for the terminal."""

import re
from datetime import UTC, date, datetime
from typing import Final
from zoneinfo import ZoneInfo

THIN: Final = "\u202f"  #: narrow space that doesn't break: between thousands, and before a unit
STICKY: Final = "\u00a0"


def count(value: float) -> str:
    """Return a whole number with thin spaces between thousands."""
    return f"{round(value):,}".replace(",", THIN)


def decimal(value: float, digits: int = 1) -> str:
    """Return a number with ``digits`` decimals and thin spaces between thousands."""
    return f"{value:,.{digits}f}".replace(",", THIN)


def minus(text: str) -> str:
    """Return a text with minus signs instead of the hyphens that stand before a number."""
    return re.sub(r"(?<![\w.])-(?=\d)", "−", text)


def share_of(value: float) -> str:
    """Return a share in percent, e.g. ``18 %``; what is not nothing is never shown as 0."""
    return f"under 1{THIN}%" if 0.0 < value < 0.01 else f"{value * 100:.0f}{THIN}%"


def plural(value: float, singular: str, several: str = "") -> str:
    """Return a count with its noun, e.g. ``1 gap`` or ``3 gaps``."""
    noun = singular if round(value) == 1 else several or f"{singular}s"
    return f"{count(value)}{STICKY}{noun}"


def duration_words(minutes: float) -> str:
    """Return minutes as people say them, e.g. ``7 h 32 min``; under a minute in seconds."""
    if 0 < minutes < 1:
        return f"{round(minutes * 60)} s"
    whole = round(minutes)
    hours, rest = divmod(whole, 60)
    if not hours:
        return f"{rest} min"
    return f"{hours} h {rest} min" if rest else f"{hours} h"


def duration(minutes: float) -> str:
    """Return minutes as ``7 h 32 min``; a number never parts from its unit at the end of a line."""
    words = duration_words(minutes).split(" ")
    pairs = [STICKY.join(words[i : i + 2]) for i in range(0, len(words), 2)]
    return " ".join(pairs)


def long_date(day: date) -> str:
    """Return e.g. ``Tuesday 17 November 2026``."""
    return f"{day:%A} {day.day} {day:%B %Y}"


def short_date(day: date) -> str:
    """Return e.g. ``Tue 17 Nov``."""
    return f"{day:%a}{STICKY}{day.day}{STICKY}{day:%b}"


def sentence(text: str) -> str:
    """Return a phrase as a sentence: a capital first and a full stop last, the rest as it was."""
    whole = text.strip()
    if not whole:
        return whole
    return f"{whole[0].upper()}{whole[1:]}{'' if whole[-1] in '.!?…' else '.'}"


def source_beside(source: str, trust: str) -> str:
    """Return a source without the words that the trust tag beside it already says."""
    if source.lower().startswith(trust.lower()):
        rest = source[len(trust) :].lstrip(":;, ")
        return rest[:1].upper() + rest[1:]
    return source


def clock(instant_ns: int, zone: str) -> str:
    """Return the local wall clock of a UTC instant, ``HH:MM``."""
    return f"{datetime.fromtimestamp(instant_ns / 1e9, UTC).astimezone(ZoneInfo(zone)):%H:%M}"


def local_date(instant_ns: int, zone: str) -> date:
    """Return the local date of a UTC instant."""
    return datetime.fromtimestamp(instant_ns / 1e9, UTC).astimezone(ZoneInfo(zone)).date()
