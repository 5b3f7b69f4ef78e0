"""Loops over the bytes of a log: where its records are, and samples with their times."""

import math
from typing import Any, TypeAlias

import numpy as np
from numba import njit
from numpy.typing import NDArray

Array: TypeAlias = NDArray[Any]

#: Places in the tally of a scan.
SKIPPED, SKIPPED_AT, BAD, BAD_AT, ODD, ODD_AT, SCALE, LOST = range(8)
_SEPARATOR = 0x1E
_PACKED, _PARAMETERS, _WORDS = 0, 21, 26
_HEAD = 8
#: Where the first, second and third value of a packed sample belong.
_PLACE_OF = (1, 0, 2)
#: The name of the scale among parameters: of space 0, number 55.
_SCALE_NAME = 55 << 16


@njit(cache=True, nogil=True)
def scan(
    data: Array, size: int, final: bool, base: int, prefix: Array, tally: Array,
    place: Array, second: Array, count: Array, layout: Array,
) -> tuple[int, int]:  # fmt: skip
    """Find the records in ``data[:size]``; write place in the log, second, samples and layout of those with samples.

    ``base`` is where ``data`` begins in the log, ``prefix`` (size + 1) room for sums, ``tally`` what is counted over
    all calls. Bytes that are no record are passed one by one until a whole record of a known kind follows, with
    another after it. Returns how many bytes are done with, and records written.
    """
    pos = found = 0
    summed = False
    while pos < size:
        if size - pos <= _HEAD and not final:
            break
        end = size
        if size - pos > _HEAD and data[pos] == _SEPARATOR:
            end = pos + _HEAD + int(np.int64(data[pos + 6]) | np.int64(data[pos + 7]) << 8)
            if end >= size and not final:
                break
        if end >= size:  # no record, or more than is there
            _skip(tally, base + pos)
            pos += 1
            continue
        total = np.uint8(0)
        if summed:
            total = prefix[end] ^ prefix[pos]
        else:
            for i in range(pos, end):
                total ^= data[i]
        followed = end + 1 == size or data[end + 1] == _SEPARATOR
        if (total ^ np.uint8(0xFF)) != data[end]:
            if not summed:  # from here on a sum costs two bytes, or what looks like records would take for ever
                running = np.uint8(0)
                for i in range(size):
                    prefix[i] = running
                    running ^= data[i]
                prefix[size] = running
                summed = True
            if followed and tally[LOST] == 0:
                tally[BAD_AT] = base + pos if tally[BAD] == 0 else tally[BAD_AT]
                tally[BAD] += 1
                pos = end + 1
            else:
                _skip(tally, base + pos)
                pos += 1
            continue
        kind, payload = data[pos + 1], end - pos - _HEAD
        if tally[LOST] and not (followed and kind <= _WORDS):
            _skip(tally, base + pos)
            pos += 1
            continue
        tally[LOST] = 0
        if kind == _PARAMETERS:
            _look_for_scale(data[pos + _HEAD : end], tally)
        elif (kind == _PACKED or kind == _WORDS) and payload > 1:  # a single byte says that a cable came or went
            samples = payload * 8 // 36 if kind == _PACKED else payload // 6
            rest = payload * 8 - samples * 36 if kind == _PACKED else (payload - samples * 6) * 8
            if samples == 0 or rest > 4:
                tally[ODD_AT] = base + pos if tally[ODD] == 0 else tally[ODD_AT]
                tally[ODD] += 1
            else:
                place[found] = base + pos
                second[found] = _word(data, pos + 2)
                count[found] = samples
                layout[found] = kind
                found += 1
        pos = end + 1
    return pos, found


@njit(cache=True, nogil=True)
def _skip(tally: Array, at: int) -> None:
    if tally[SKIPPED] == 0:
        tally[SKIPPED_AT] = at
    tally[SKIPPED] += 1
    tally[LOST] = 1


@njit(cache=True, nogil=True)
def _word(data: Array, at: int) -> int:
    low = np.int64(data[at]) | np.int64(data[at + 1]) << 8
    return int(low | np.int64(data[at + 2]) << 16 | np.int64(data[at + 3]) << 24)


@njit(cache=True, nogil=True)
def _look_for_scale(payload: Array, tally: Array) -> None:
    for at in range(0, payload.size - 7, 8):
        if _word(payload, at) == _SCALE_NAME:
            tally[SCALE] = _word(payload, at + 4)


@njit(cache=True, nogil=True)
def decode(
    data: Array, size: int, at: Array, layout: Array, second: Array, first: Array, count: Array, start_ns: Array,
    step_ns: Array, per_g: float, accel_g: Array, time_ns: Array,
) -> int:  # fmt: skip
    """Write samples ``[first, count)`` of the records at ``at``, in g, and their times, one after the other.

    Returns -1, or the first record that isn't what it was when it was found: it and all after it are not written.
    """
    row = 0
    per_step = np.float32(1.0 / per_g)
    # By a power of two, multiplying by the inverse is dividing, to the bit; every step is a float32.
    exact = math.frexp(per_g)[0] == 0.5
    for k in range(at.size):
        pos = at[k]
        samples = np.int64(count[k])
        payload = (samples * 36 + 7) // 8 if layout[k] == _PACKED else samples * 6
        if pos + _HEAD + payload > size or data[pos] != _SEPARATOR or data[pos + 1] != layout[k]:
            return k
        if _word(data, pos + 2) != second[k]:
            return k
        body = data[pos + _HEAD : pos + _HEAD + payload]
        begin, rows = int(first[k]), int(samples) - int(first[k])
        out = accel_g[row : row + rows]
        if layout[k] == _PACKED:
            _unpack(body, begin, out)
        else:
            _join(body, begin, out)
        if exact:
            for i in range(rows):
                for axis in range(3):
                    out[i, axis] *= per_step
        else:
            for i in range(rows):
                for axis in range(3):
                    out[i, axis] = np.float32(np.float64(out[i, axis]) / per_g)
        times, base, step = time_ns[row : row + rows], start_ns[k], step_ns[k]
        for i in range(rows):
            times[i] = base + np.int64(np.rint(np.float64(begin + i) * step))
        row += rows
    return -1


@njit(cache=True, nogil=True)
def _unpack(body: Array, begin: int, out: Array) -> None:
    """Write samples of 12 bits, y before x before z, the high bits first, as steps: two of them fill nine bytes."""
    for i in range(out.shape[0]):
        bit = 36 * (begin + i)
        for axis in range(3):
            byte, odd = (bit + 12 * axis) >> 3, axis + begin + i & 1
            high, low = np.int32(body[byte]), np.int32(body[byte + 1])
            value = (high & 15) << 8 | low if odd else high << 4 | low >> 4
            out[i, _PLACE_OF[axis]] = np.float32((value ^ 2048) - 2048)


@njit(cache=True, nogil=True)
def _join(body: Array, begin: int, out: Array) -> None:
    """Write samples of 16 bits, x before y before z, the low byte first, as steps."""
    flat, inner = out.reshape(-1), body[6 * begin :]
    for i in range(np.uint64(flat.size)):
        out_of = np.uint64(2) * i
        flat[i] = np.float32(np.int16(np.int32(inner[out_of]) | np.int32(inner[out_of + np.uint64(1)]) << np.int32(8)))
