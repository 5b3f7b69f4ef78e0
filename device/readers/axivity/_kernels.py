"""Loops over the bytes of sectors: what each says of itself, and samples with their times."""

from typing import Any, TypeAlias

import numpy as np
from numba import njit
from numpy.typing import NDArray

Array: TypeAlias = NDArray[Any]

_PER_G = np.float32(1.0 / 256.0)  # a power of two: multiplying is dividing, to the bit
_ONE, _TWO, _THREE, _EIGHT = np.uint64(1), np.uint64(2), np.uint64(3), np.uint64(8)


@njit(cache=True, nogil=True)
def survey(
    words: Array, first_place: int, sample_bytes: Array, day_of_month: Array, rates_hz: Array,
    fault: Array, at: int, place: Array, start_ns: Array, count: Array, rate: Array, number: Array, session: Array,
) -> int:  # fmt: skip
    """Write the first rule that each sector breaks to ``fault``, and the facts of the others from ``at`` on.

    ``words`` (n, 256) are 16 bits each. Tables: bytes of a sample by layout (0: unknown), days since 1970 by year and
    month (-1: no such month), rates by their code. Returns the place after the last one written.
    """
    for k in range(words.shape[0]):
        row = words[k]
        total = np.uint32(0)
        for i in range(256):
            total += np.uint32(row[i])
        fault[k] = 0
        size = np.int64(sample_bytes[row[12] >> 8])
        samples = np.int64(row[14])
        stamp = np.int64(row[7]) | np.int64(row[8]) << 16
        day, hour, minute, second = stamp >> 17 & 31, stamp >> 12 & 31, stamp >> 6 & 63, stamp & 63
        month_starts = np.int64(day_of_month[stamp >> 22])
        if total == 0 or total == 256 * 65535:
            fault[k] = 1
        elif row[0] != 0x5841 or row[1] != 508:
            fault[k] = 2
        elif total & 0xFFFF != 0:
            fault[k] = 3
        elif size == 0:
            fault[k] = 4
        elif samples == 0:
            fault[k] = 5
        elif samples * size > 480:
            fault[k] = 6
        elif month_starts < 0 or day == 0 or hour > 23 or minute > 59 or second > 59:
            fault[k] = 7
        else:
            hz = np.float64(rates_hz[row[12] & 15])
            fraction = np.float64(row[2] & 0x7FFF) / 32768.0 if row[2] & 0x8000 else 0.0
            stamp_at = np.float64(np.int16(row[13])) + np.floor(fraction * hz)
            before_ns = np.int64(np.rint((stamp_at / hz - fraction) * 1e9))
            seconds = (((month_starts + day - 1) * 24 + hour) * 60 + minute) * 60 + second
            place[at] = first_place + k
            start_ns[at] = seconds * 1_000_000_000 - before_ns
            count[at] = samples
            rate[at] = row[12] & 0xFF
            number[at] = np.uint32(row[5]) | np.uint32(row[6]) << np.uint32(16)
            session[at] = np.uint32(row[3]) | np.uint32(row[4]) << np.uint32(16)
            at += 1
    return at


@njit(cache=True, nogil=True)
def decode(
    words: Array, packed: Array, rows: Array, first: Array, count: Array, start_ns: Array, step_ns: Array,
    sample_bytes: Array, accel_g: Array, time_ns: Array,
) -> int:  # fmt: skip
    """Write samples ``[first, count)`` of the sectors at ``rows``, in g, and their times, one after the other.

    ``words`` (n, 256) and ``packed`` (n, 128) are the same bytes as words of 16 and of 32 bits, the latter from two
    bytes before each sector on, so that its samples begin with the eighth. A sample ``i`` comes at ``start_ns`` and
    ``i * step_ns``, to the nearest nanosecond. Returns -1, or the first of ``rows`` whose count or layout isn't that
    of its survey: it and all after it are not written.
    """
    flat = accel_g.reshape(-1)
    at = np.uint64(0)
    timed = np.int64(0)
    for k in range(rows.size):
        row = words[rows[k]]
        layout = np.int64(row[12] >> 8)
        size = np.int64(sample_bytes[layout])
        if np.int64(row[14]) != count[k] or size == 0 or size * count[k] > 480:
            return k
        begin, samples = np.int64(first[k]), np.int64(count[k]) - np.int64(first[k])
        if layout & 15 == 0:
            big = packed[rows[k]]
            for i in range(np.uint64(begin) + _EIGHT, np.uint64(count[k]) + _EIGHT):
                word = big[i]
                scale = _PER_G * np.float32(np.int32(1) << np.int32(word >> np.uint32(30)))
                # The top bit of ten moved to the top of 32 and back brings its sign along.
                flat[at] = np.float32(np.int32(word << np.uint32(22)) >> np.int32(22)) * scale
                flat[at + _ONE] = np.float32(np.int32(word << np.uint32(12)) >> np.int32(22)) * scale
                flat[at + _TWO] = np.float32(np.int32(word << np.uint32(2)) >> np.int32(22)) * scale
                at += _THREE
        else:
            scale = np.float32(1.0 / (1 << (8 + np.int64(row[9] >> 13))))
            axes = layout >> 4
            data = row[15 + (3 if axes >= 6 else 0) + begin * axes :]
            if axes == 3:
                for i in range(np.uint64(3 * samples)):
                    flat[at + i] = np.float32(np.int16(data[i])) * scale
            else:
                for i in range(samples):
                    for axis in range(3):
                        flat[at + np.uint64(3 * i + axis)] = np.float32(np.int16(data[i * axes + axis])) * scale
            at += np.uint64(3 * samples)
        base, step = start_ns[k], step_ns[k]
        times = time_ns[timed : timed + samples]
        for i in range(samples):
            times[i] = base + np.int64(np.rint(np.float64(begin + i) * step))
        timed += samples
    return -1
