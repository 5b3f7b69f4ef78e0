"""Loops over the bytes of pages: what each says of itself, and samples with their times."""

from typing import Any, TypeAlias

import numpy as np
from numba import njit
from numpy.typing import NDArray

Array: TypeAlias = NDArray[Any]

#: Digits of a page: 300 samples of twelve.
PAGE_DIGITS, SAMPLE_DIGITS = 3600, 12
#: No line of a page is longer; what is, isn't one.
LINE_MOST = 8192
#: Places of what is known of the page that a survey is in.
IN_PAGE, NUMBER, TIME, RATE, OVERLONG = range(5)
_NEWLINE, _RETURN, _COLON = 10, 13, 58
_UNKNOWN = np.iinfo(np.int64).min
#: Values of hexadecimal digits by their byte; 255 is none.
_digits = np.full(256, 255, dtype=np.uint8)
_digits[[*b"0123456789"]] = range(10)
_digits[[*b"ABCDEF"]] = range(10, 16)
_digits[[*b"abcdef"]] = range(10, 16)
DIGITS = _digits
#: First bytes of lines.
_PAGE, _SEQUENCE, _WHEN, _FREQUENCY = (
    np.frombuffer(word, np.uint8)
    for word in (b"Recorded Data", b"Sequence Number:", b"Page Time:", b"Measurement Frequency:")
)


@njit(cache=True, nogil=True)
def survey(
    data: Array, size: int, final: bool, base: int, state: Array, fault: Array,
    place: Array, start_ns: Array, number: Array, rate_mhz: Array, count: Array,
) -> tuple[int, int, int]:  # fmt: skip
    """Read ``data[:size]`` line by line; write the first rule that each page breaks to ``fault``, and facts of others.

    ``base`` is where ``data`` begins in the file, ``state`` what is known of the page so far, kept between calls.
    Returns how many bytes are done with, how many pages ended, and how many of these are good.
    """
    pos = pages = good = 0
    while True:
        end = pos
        while end < size and data[end] != _NEWLINE:
            end += 1
        if end >= size and not final:
            if size - pos > LINE_MOST:  # no line of a page: forget it, and what follows up to its end
                state[OVERLONG] = 1
                pos = size
            break
        if pos >= size:
            break
        line = data[pos : end - 1 if end > pos and data[end - 1] == _RETURN else end]
        if state[OVERLONG] or end - pos > LINE_MOST:
            state[OVERLONG] = 0
        elif _begins(line, _PAGE):
            if state[IN_PAGE]:
                fault[pages] = 3
                pages += 1
            state[IN_PAGE], state[NUMBER], state[TIME], state[RATE] = 1, -1, _UNKNOWN, -1
        elif state[IN_PAGE] and line.size:
            if _begins(line, _SEQUENCE):
                state[NUMBER] = _whole(line[_SEQUENCE.size :])
            elif _begins(line, _WHEN):
                state[TIME] = _instant(line[_WHEN.size :])
            elif _begins(line, _FREQUENCY):
                state[RATE] = _thousandths(line[_FREQUENCY.size :])
            elif not _is_named(line):
                fault[pages] = _fault_of(line, state, final and end >= size)
                if fault[pages] == 0:
                    place[good], start_ns[good], number[good] = base + pos, state[TIME], state[NUMBER]
                    rate_mhz[good], count[good] = state[RATE], line.size // SAMPLE_DIGITS
                    good += 1
                pages += 1
                state[IN_PAGE] = 0
        pos = min(end + 1, size)
    if final and state[IN_PAGE]:
        fault[pages] = 3
        pages += 1
        state[IN_PAGE] = 0
    return pos, pages, good


@njit(cache=True, nogil=True)
def _fault_of(line: Array, state: Array, last: bool) -> int:
    """Return 0, or the rule that a page with these digits breaks; only the last of a file may be cut short."""
    if state[NUMBER] < 0 or state[TIME] == _UNKNOWN or state[RATE] < 0:
        return 1
    worst = np.uint8(0)
    for i in range(line.size):
        worst |= DIGITS[line[i]]
    if worst > 15:
        return 2
    if line.size < SAMPLE_DIGITS:
        return 3
    return 0 if line.size == PAGE_DIGITS or (last and line.size < PAGE_DIGITS) else 4


@njit(cache=True, nogil=True)
def _begins(line: Array, word: Array) -> bool:
    if line.size < word.size:
        return False
    for i in range(word.size):
        if line[i] != word[i]:
            return False
    return True


@njit(cache=True, nogil=True)
def _is_named(line: Array) -> bool:
    """Return whether a line is a name with a colon, as all but the digits are."""
    for i in range(min(line.size, 40)):
        if line[i] == _COLON:
            return True
    return False


@njit(cache=True, nogil=True)
def _whole(text: Array) -> int:
    """Return a number of at most nine digits with nothing after it but spaces, -1 if it is none."""
    value, seen = 0, 0
    for i in range(text.size):
        digit = int(text[i]) - 48
        if 0 <= digit <= 9 and seen < 9 and i == seen:
            value, seen = value * 10 + digit, seen + 1
        elif text[i] != 32 or seen == 0:
            return -1
    return value if seen else -1


@njit(cache=True, nogil=True)
def _thousandths(text: Array) -> int:
    """Return a rate of 1 to 1,000 in thousandths, with a point or a comma; -1 if it is none."""
    value, places, seen = 0, -1, 0
    for i in range(text.size):
        digit = int(text[i]) - 48
        if 0 <= digit <= 9:
            if places < 3 and seen < 9:
                value, seen = value * 10 + digit, seen + 1
                places += places >= 0
        elif (text[i] == 46 or text[i] == 44) and places < 0 and seen:
            places = 0
        elif text[i] == 32 and seen:
            break
        else:
            return -1
    for _ in range(3 - max(places, 0)):
        value *= 10
    return value if 1_000 <= value <= 1_000_000 else -1


@njit(cache=True, nogil=True)
def _instant(text: Array) -> int:
    """Return nanoseconds since 1970 of a date and time such as 2013-05-30 10:12:54:500, before 2200.

    Of two such times the difference, too, fits 64 bits.
    """
    field = np.zeros(7, dtype=np.int64)
    at, seen = 0, 0
    for i in range(text.size):
        digit = int(text[i]) - 48
        if 0 <= digit <= 9 and seen < 4:
            field[at], seen = field[at] * 10 + digit, seen + 1
        elif at < 6 and seen and text[i] == _SEPARATORS[at]:
            at, seen = at + 1, 0
        elif text[i] != 32 or at < 6 or seen == 0:
            return int(_UNKNOWN)
    year, month, day, hour, minute, second, ms = field
    if at < 6 or seen == 0 or not 1970 <= year < 2200 or not 1 <= month <= 12 or day < 1:
        return int(_UNKNOWN)
    leap = (year % 4 == 0 and year % 100 != 0) or year % 400 == 0
    if day > _DAYS[month] + (leap and month == 2) or hour > 23 or minute > 59 or second > 59 or ms > 999:
        return int(_UNKNOWN)
    past = year - 1
    days = past * 365 + past // 4 - past // 100 + past // 400 - 719_162 + day - 1
    for before in range(1, month):
        days += _DAYS[before] + (leap and before == 2)
    seconds = ((days * 24 + hour) * 60 + minute) * 60 + second
    return int((seconds * 1000 + ms) * 1_000_000)


#: After year, month, day, hour, minute and second.
_SEPARATORS = (45, 45, 32, 58, 58, 58)
_DAYS = (0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


@njit(cache=True, nogil=True)
def decode(
    data: Array, at: Array, first: Array, count: Array, start_ns: Array, step_ns: Array, worth_g: Array,
    accel_g: Array, time_ns: Array,
) -> int:  # fmt: skip
    """Write samples ``[first, count)`` of the pages whose digits begin at ``at``, in g, and their times.

    ``worth_g`` (3, 4096) float32 is what each code of 12 bits is worth on each axis. Returns -1, or the first page that
    isn't what it was when it was found: it and all after it are not written.
    """
    row = 0
    for k in range(at.size):
        begin, samples = int(first[k]), int(count[k])
        if at[k] + samples * SAMPLE_DIGITS > data.size:
            return k
        digits = data[at[k] + begin * SAMPLE_DIGITS : at[k] + samples * SAMPLE_DIGITS]
        worst = np.uint8(0)
        for i in range(samples - begin):
            for axis in range(3):
                d = i * SAMPLE_DIGITS + 3 * axis
                high, mid, low = DIGITS[digits[d]], DIGITS[digits[d + 1]], DIGITS[digits[d + 2]]
                worst |= high | mid | low
                accel_g[row + i, axis] = worth_g[
                    axis, (np.int64(high) << 8 | np.int64(mid) << 4 | np.int64(low)) & 4095
                ]
            time_ns[row + i] = start_ns[k] + np.int64(np.rint(np.float64(begin + i) * step_ns[k]))
        if worst > 15:
            return k
        row += samples - begin
    return -1
