"""The colours of the pages in two themes, as one table that the style sheet and the contrast tests both read.

Activities follow the blue to orange to purple axis that red-green colour blindness leaves apart, and are told
apart a second time by the height of their block in the strip, so no reading rests on colour alone.
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Theme:
    """One value a role; ``#rrggbb``."""

    paper: str  #: behind everything
    card: str  #: behind a card
    tint: str  #: behind today's message
    ink: str
    muted: str  #: secondary text
    accent: str  #: links, summaries, progress
    alert: str  #: warnings and cautions
    rule: str  #: hairlines; decoration only
    lying: str
    sitting: str
    standing: str
    other: str
    walking: str
    stairs: str
    running: str
    absent: str  #: hatching of unworn time, dotted base line of time not recorded


LIGHT: Final = Theme(
    paper="#f8f4ed",
    card="#fffdf9",
    tint="#e9f1ea",
    ink="#27231e",
    muted="#635a4f",
    accent="#1d6453",
    alert="#96380f",
    rule="#e4dbcd",
    lying="#76879f",
    sitting="#3f689f",
    standing="#2f8f9d",
    other="#8a7a68",
    walking="#cb6b12",
    stairs="#a62a5b",
    running="#6c2f92",
    absent="#85796a",
)

DARK: Final = Theme(
    paper="#171513",
    card="#211e1b",
    tint="#1d2925",
    ink="#f0e9df",
    muted="#b9ad9d",
    accent="#84ccb4",
    alert="#f3a27c",
    rule="#3a342e",
    lying="#8c9bb4",
    sitting="#78a5e0",
    standing="#63c3cb",
    other="#b3a28f",
    walking="#f4a250",
    stairs="#f07fa9",
    running="#c895f0",
    absent="#9a8e7f",
)

#: A role whose text stands on another role: 4.5 to 1 or better (WCAG 2.2, 1.4.3).
TEXT_ON: Final = tuple(
    (text, ground) for text in ("ink", "muted", "accent", "alert") for ground in ("paper", "card", "tint")
)

#: A role that carries meaning as a shape on a card: 3 to 1 or better (WCAG 2.2, 1.4.11).
SHAPES_ON_CARD: Final = ("lying", "sitting", "standing", "other", "walking", "stairs", "running", "absent", "accent")


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two colours, 1..21, as WCAG 2.2 defines it."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def css_variables() -> str:
    """Return the rules that give each role to the style sheet as ``--role``; paper is always light."""
    dark = f"@media screen and (prefers-color-scheme:dark){{:root{{{_declarations(DARK)}}}}}"
    return f":root{{{_declarations(LIGHT)}}}\n{dark}\n"


def _declarations(theme: Theme) -> str:
    return ";".join(f"--{role}:{getattr(theme, role)}" for role in Theme.__slots__)


def _luminance(colour: str) -> float:
    red, green, blue = (_linear(int(colour[i : i + 2], 16) / 255) for i in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(channel: float) -> float:
    return channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4
