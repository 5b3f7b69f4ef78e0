"""Participants' ids: random, without look-alikes, and with a character that tells a slip of the pen."""

import secrets
from collections.abc import Callable
from typing import Final

from activity.errors import AnswerError

#: Thirty-one, a prime, without 0, 1, I, L and O.
ALPHABET: Final = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
RANDOM_CHARS: Final = 8
_GROUP: Final = 3
#: Weights that all differ modulo a prime, so that any one wrong character and any two that changed places are told
#: (Verhoeff, Error Detecting Decimal Codes, 1969, section 4, for a prime in place of eleven).
_WEIGHTS: Final = tuple(range(1, RANDOM_CHARS + 2))


def new_id(choose: Callable[[str], str] = secrets.choice) -> str:
    """Return a new id such as ``KQ7-M2R-TX5``; ``choose`` takes one character of a text."""
    free = "".join(choose(ALPHABET) for _ in range(RANDOM_CHARS))
    return _grouped(next(free + last for last in ALPHABET if _weighted(free + last) % len(ALPHABET) == 0))


def checked_id(text: str) -> str:
    """Return an id as it is written, from what somebody typed; `AnswerError` where it can't be one."""
    plain = "".join(letter for letter in text.upper() if letter not in "- \t")
    if len(plain) != len(_WEIGHTS) or set(plain) - set(ALPHABET):
        raise AnswerError(f"{text!r} is no participant's id", expected="nine characters such as KQ7-M2R-TX5")
    if _weighted(plain) % len(ALPHABET):
        raise AnswerError(
            f"{text!r} is mistyped: its last character doesn't fit the others", expected="an id as it was given",
            remedy="compare each character; there is no 0, 1, I, L or O",
        )  # fmt: skip
    return _grouped(plain)


def _weighted(plain: str) -> int:
    return sum(weight * ALPHABET.index(letter) for weight, letter in zip(_WEIGHTS, plain, strict=True))


def _grouped(plain: str) -> str:
    return "-".join(plain[at : at + _GROUP] for at in range(0, len(plain), _GROUP))
