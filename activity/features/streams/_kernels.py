"""Kernels that lay windows side by side and split each into four zero-mean streams.

A block holds ``LANES`` windows, lane innermost: value ``i`` of lane ``l`` is ``[i * LANES + l]`` of a float32 array.
Loops over lanes have a fixed length and touch few arrays, so the compiler turns them into vectors, and no lane ever
reads another: a window's streams are the same bits wherever it stands.
"""

import math
from typing import Any, TypeAlias

import numpy as np
from numba import njit
from numpy.typing import NDArray

Array: TypeAlias = NDArray[Any]

#: For kernels that only kernels call: without a door to Python, and on disk in their callers only, they compile faster.
_WITHOUT_DOOR: dict[str, Any] = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}
inner = njit(nogil=True, error_model="numpy", **_WITHOUT_DOOR)

LANES = 16
# A loop over lanes is a vector only if its index can't be negative and its length isn't known beforehand (or it is
# unrolled first, to scalars).
L = np.uint64(LANES)
ONCE, TWICE, THRICE = np.uint64(1), np.uint64(2), np.uint64(3)
SIZE, VERTICAL, FORWARD, SIDEWAYS, N_STREAMS = 0, 1, 2, 3, 4
N_ATTITUDE = 7
N_PARTS = 10  # of a window, for its changes of attitude

MOST_G = np.float32(1000.0)  #: a value beyond is held there, so that fourth powers stay finite
ZERO = np.float32(0.0)
ONE = np.float32(1.0)

# Rows of a frame: mean x y z, then unit axes: down, and two at right angles in the level plane; then sums of the plane.
MEAN, DOWN, SIDE, ACROSS, SUMS, N_FRAME = 0, 3, 6, 9, 12, 15


@inner
def fill_block(accel: Array, first: int, width: int, block: Array) -> None:
    """Lay ``LANES`` windows from ``first`` on side by side in ``block`` (3, width * LANES)."""
    rows = accel[first * width : (first + LANES) * width].reshape(-1)
    x, y, z = block[0], block[1], block[2]
    stride = THRICE * np.uint64(width)
    for i in range(np.uint64(width)):
        for lane in range(L):
            at, to = lane * stride + i * THRICE, i * L + lane
            x[to] = rows[at]
            y[to] = rows[at + ONCE]
            z[to] = rows[at + TWICE]


@inner
def fill_some(accel: Array, first: int, last: int, width: int, block: Array) -> None:
    """Lay fewer windows side by side; the other lanes are 0."""
    block[:] = ZERO
    for lane in range(last - first):
        for i in range(width):
            for axis in range(3):
                block[axis, i * LANES + lane] = accel[(first + lane) * width + i, axis]


@inner
def hold(values: Array) -> None:
    """Bring values beyond ``MOST_G`` back to it."""
    for k in range(np.uint64(values.size)):
        value = min(values[k], MOST_G)
        values[k] = max(value, -MOST_G)


@inner
def count_holes(x: Array, y: Array, z: Array, holes: Array) -> None:
    """Count each lane's rows that lack a value."""
    lanes = np.uint64(holes.size)
    holes[:] = ZERO
    for i in range(np.uint64(x.size) // lanes):
        for lane in range(lanes):
            at = i * lanes + lane
            total = x[at] + y[at] + z[at]
            holes[lane] += ONE if total != total else ZERO


@inner
def mend_lane(block: Array, lane: int) -> None:
    """Draw a lane straight over its holes; before the first row and after the last it stays as that one."""
    width = block.shape[1] // LANES
    previous = -1
    for i in range(width + 1):
        at = i * LANES + lane
        if i < width and math.isnan(block[0, at] + block[1, at] + block[2, at]):
            continue
        for axis in range(3):
            after = block[axis, at] if i < width else block[axis, previous * LANES + lane]
            before = block[axis, previous * LANES + lane] if previous >= 0 else after
            for j in range(previous + 1, i):
                part = np.float32((j - previous) / (i - previous))
                block[axis, j * LANES + lane] = before * (ONE - part) + after * part
        previous = i


@inner
def centre(stream: Array, mean: Array) -> None:
    """Take each lane's mean out of ``stream``, and write it; sums start from the first value, so a constant is 0."""
    lanes = np.uint64(mean.size)
    n = np.uint64(stream.size) // lanes
    mean[:] = ZERO
    for i in range(n):
        for lane in range(lanes):
            mean[lane] += stream[i * lanes + lane] - stream[lane]
    share = ONE / np.float32(n)
    for lane in range(lanes):
        mean[lane] = stream[lane] + mean[lane] * share
    for i in range(n):
        for lane in range(lanes):
            stream[i * lanes + lane] -= mean[lane]


@inner
def sizes(x: Array, y: Array, z: Array, out: Array) -> None:
    """Write the length of each row."""
    for k in range(np.uint64(out.size)):
        out[k] = np.sqrt(x[k] * x[k] + y[k] * y[k] + z[k] * z[k])


@inner
def along(x: Array, y: Array, z: Array, axis: Array, out: Array) -> None:
    """Write how far each row reaches along its lane's ``axis`` (3 * LANES)."""
    lanes = np.uint64(axis.size // 3)
    for i in range(np.uint64(out.size) // lanes):
        for lane in range(lanes):
            at = i * lanes + lane
            out[at] = x[at] * axis[lane] + y[at] * axis[lanes + lane] + z[at] * axis[TWICE * lanes + lane]


@inner
def turn(first: Array, second: Array, cos_sin: Array) -> None:
    """Turn two streams of one plane by each lane's angle, given ``cos_sin`` (2 * LANES)."""
    lanes = np.uint64(cos_sin.size // 2)
    for i in range(np.uint64(first.size) // lanes):
        for lane in range(lanes):
            at = i * lanes + lane
            a, b = first[at], second[at]
            first[at] = a * cos_sin[lane] + b * cos_sin[lanes + lane]
            second[at] = b * cos_sin[lane] - a * cos_sin[lanes + lane]


@inner
def set_level_axes(f: Array) -> None:
    """Set down in one lane's frame from its mean, and any two axes at right angles in the plane that it stands on."""
    size = max(math.sqrt(float(f[0]) ** 2 + float(f[1]) ** 2 + float(f[2]) ** 2), 1e-6)
    for axis in range(3):
        f[DOWN + axis] = f[MEAN + axis] / size
        f[SIDE + axis] = ZERO
    away = 0 if abs(f[DOWN]) < 0.6 else 1
    along_it = float(f[DOWN + away])
    f[SIDE + away] = ONE
    size = 0.0
    for axis in range(3):
        f[SIDE + axis] -= along_it * f[DOWN + axis]
        size += float(f[SIDE + axis]) ** 2
    for axis in range(3):
        f[SIDE + axis] /= math.sqrt(size)
    for axis in range(3):
        b, c = (axis + 1) % 3, (axis + 2) % 3
        f[ACROSS + axis] = f[DOWN + b] * f[SIDE + c] - f[DOWN + c] * f[SIDE + b]


@inner
def add_plane(side: Array, across: Array, sums: Array) -> None:
    """Write each lane's sums of squares and products of two streams to ``sums`` (3 * LANES)."""
    lanes = np.uint64(sums.size // 3)
    sums[:] = ZERO
    for i in range(np.uint64(side.size) // lanes):
        for lane in range(lanes):
            s, a = side[i * lanes + lane], across[i * lanes + lane]
            sums[lane] += s * s
            sums[lanes + lane] += a * a
            sums[TWICE * lanes + lane] += s * a


@inner
def set_turn(sums: Array) -> None:
    """Replace the sums of the plane by cosine and sine of the angle to its strongest direction."""
    for lane in range(LANES):
        ss, aa, sa = float(sums[lane]), float(sums[LANES + lane]), float(sums[2 * LANES + lane])
        angle = 0.5 * math.atan2(2.0 * sa, ss - aa)
        sums[lane] = math.cos(angle)
        sums[LANES + lane] = math.sin(angle)


@inner
def add_parts(stream: Array, out: Array) -> None:
    """Write each lane's sum over each of ``N_PARTS`` parts of the window."""
    part = np.uint64(stream.size // LANES // N_PARTS)
    out[:] = ZERO
    for p in range(np.uint64(N_PARTS)):
        for i in range(p * part, (p + ONCE) * part):
            for lane in range(L):
                out[p * L + lane] += stream[i * L + lane]


@inner
def attitude_row(parts: Array, part: int, mean: Array, out: Array) -> None:
    """Write one lane's down, and how far its parts (3, N_PARTS) lie from it: chords, twice the sine of half the angle.

    Near the pole a chord is as exact as its coordinates, which an arc cosine is not.
    """
    size = math.sqrt(float(mean[0]) ** 2 + float(mean[1]) ** 2 + float(mean[2]) ** 2)
    down = np.empty(3)
    for axis in range(3):
        down[axis] = mean[axis] / max(size, 1e-6)
        out[axis] = down[axis]
    here, before = np.empty(3), np.zeros(3)
    total = squares = most = path = 0.0
    for p in range(N_PARTS):
        for axis in range(3):
            here[axis] = mean[axis] + parts[axis, p] / part
        size = max(math.sqrt(here[0] ** 2 + here[1] ** 2 + here[2] ** 2), 1e-6)
        tilt = step = 0.0
        for axis in range(3):
            here[axis] /= size
            tilt += (here[axis] - down[axis]) ** 2
            step += (here[axis] - before[axis]) ** 2
            before[axis] = here[axis]
        squares += tilt
        tilt = math.sqrt(tilt)
        total += tilt
        most = max(most, tilt)
        path += math.sqrt(step) if p else 0.0
    out[3] = total / N_PARTS
    out[4] = most
    out[5] = path / (N_PARTS - 1)
    out[6] = math.sqrt(max(squares / N_PARTS - (total / N_PARTS) ** 2, 0.0))


@njit(cache=True, nogil=True, error_model="numpy")
def split_block(
    accel: Array, first: int, last: int, width: int, least: int, block: Array, streams: Array, attitude: Array
) -> int:
    """Split windows ``[first, last)`` into the first rows of ``streams`` (4, ...) and write each one's ``attitude``.

    ``block`` (3, width * LANES) is scratch. Return the bits of the lanes in which ``least`` samples came; the other
    lanes hold zeros.
    """
    if last - first == LANES:
        fill_block(accel, first, width, block)
    else:
        fill_some(accel, first, last, width, block)
    hold(block.reshape(-1))
    x, y, z = block[0], block[1], block[2]
    frame = np.zeros(N_FRAME * LANES, np.float32)
    parts = np.empty((3, N_PARTS * LANES), np.float32)
    holes = np.empty(LANES, np.float32)
    count_holes(x, y, z, holes)
    covered = 0
    for lane in range(LANES):
        if lane < last - first and width - holes[lane] >= least:
            covered |= 1 << lane
            if holes[lane] > ZERO:
                mend_lane(block, lane)
        else:
            block[:, lane::LANES] = ZERO
    forward, sideways = streams[FORWARD, : x.size], streams[SIDEWAYS, : x.size]
    sizes(x, y, z, streams[SIZE, : x.size])
    # One call in a loop, here and below: the compiler writes a kernel out wherever it is called
    for k in range(4):
        stream = block[k] if k < 3 else streams[SIZE, : x.size]
        centre(stream, frame[k * LANES : (k + 1) * LANES])
    for axis in range(3):
        add_parts(block[axis], parts[axis])
    for lane in range(LANES):
        set_level_axes(frame[lane::LANES])
        attitude_row(parts[:, lane::LANES], width // N_PARTS, frame[lane::LANES], attitude[lane])
    for k in range(3):
        axis = (DOWN + 3 * k) * LANES
        along(x, y, z, frame[axis : axis + 3 * LANES], streams[VERTICAL + k, : x.size])
    sums = frame[SUMS * LANES :]
    add_plane(forward, sideways, sums)
    set_turn(sums)
    turn(forward, sideways, sums[: 2 * LANES])
    return covered
