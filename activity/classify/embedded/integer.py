"""The whole-number arithmetic that Python and C share: numpy has to give what C99 says, bit by bit.

All functions take and return int64 arrays. The C twins are in ``selfback_model.c``, under the same names.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.int64]

#: A logarithm of 1.0 is 256: eight bits after the point.
LOG_ONE: Final = 256

#: ``256 * log2(1 + i / 256)``, rounded: the fraction of a logarithm by the eight bits after the leading one.
LOG_TABLE: Final = np.rint(LOG_ONE * np.log2(1.0 + np.arange(256) / 256.0)).astype(np.int64)

#: ``65535 * 2 ** (-i / 256)``, rounded: the weight of a score that is i below the best.
WEIGHT_TABLE: Final = np.rint(65535.0 * np.exp2(-np.arange(256) / LOG_ONE)).astype(np.int64)

_INT16: Final = np.iinfo(np.int16)


def divide(number: Integers, by: Integers | int) -> Integers:
    """Return the quotient towards zero, as C99 divides; ``by`` is over zero."""
    positive = np.abs(number) // by
    return np.where(number < 0, -positive, positive)


def saturate(number: Integers) -> Integers:
    """Return the nearest number that an int16 holds."""
    return np.clip(number, _INT16.min, _INT16.max)


def root(number: Integers) -> Integers:
    """Return the square root rounded down, of numbers from 0 to below 2**52."""
    guess = np.sqrt(number.astype(np.float64)).astype(np.int64)
    guess -= guess * guess > number
    guess += (guess + 1) * (guess + 1) <= number
    return guess


def log(number: Integers) -> Integers:
    """Return ``256 * log2(number)`` to within 0.9, for numbers from 1 to below 2**52; 0 has the logarithm of 1."""
    exponent = np.frexp(np.maximum(number, 1).astype(np.float64))[1].astype(np.int64) - 1
    fraction = np.where(exponent >= 8, number >> np.maximum(exponent - 8, 0), number << np.maximum(8 - exponent, 0))
    return np.where(number < 1, 0, exponent * LOG_ONE + LOG_TABLE[fraction & 255])


def weights(score: Integers) -> Integers:
    """Return (n, n_classes) weights ``65535 * 2 ** (score / 256)`` of scores, each row relative to its best."""
    below = score.max(axis=1, keepdims=True) - score
    return np.where(below < 16 * LOG_ONE, WEIGHT_TABLE[below & 255] >> np.minimum(below >> 8, 16), 0)
