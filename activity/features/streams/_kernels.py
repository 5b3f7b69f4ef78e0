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

LANES = 16
SIZE, VERTICAL, FORWARD, SIDEWAYS, N_STREAMS = 0, 1, 2, 3, 4
N_ATTITUDE = 7
N_PARTS = 10  # of a window, for its changes of attitude

MOST_G = np.float32(1000.0)  #: a value beyond is held there, so that fourth powers stay finite
ZERO = np.float32(0.0)
ONE = np.float32(1.0)

# Rows of a frame: mean x y z, then unit axes: down, and two at right angles in the level plane; then sums of the plane.
MEAN, DOWN, SIDE, ACROSS, SUMS, N_FRAME = 0, 3, 6, 9, 12, 15


@njit(cache=True, nogil=True, error_model="numpy")
def fill_lane(accel: Array, start: int, width: int, lane: int, block: Array) -> int:
    """Write a window to a lane of ``block`` (3, width * LANES), missing rows drawn straight; return how many came."""
    came = 0
    previous = -1
    for i in range(width):
        x, y, z = accel[start + i, 0], accel[start + i, 1], accel[start + i, 2]
        if math.isnan(x) or math.isnan(y) or math.isnan(z):
            continue
        at = i * LANES + lane
        block[0, at] = min(max(x, -MOST_G), MOST_G)
        block[1, at] = min(max(y, -MOST_G), MOST_G)
        block[2, at] = min(max(z, -MOST_G), MOST_G)
        if previous < i - 1:
            draw_lane(block, lane, previous, i)
        came += 1
        previous = i
    if previous < width - 1:
        draw_lane(block, lane, previous, width)
    return came


@njit(cache=True, nogil=True, error_model="numpy")
def draw_lane(block: Array, lane: int, left: int, right: int) -> None:
    """Fill a lane between two rows that came, straight; beyond the first and the last it stays, without any it is 0."""
    width = block.shape[1] // LANES
    for axis in range(3):
        before = block[axis, left * LANES + lane] if left >= 0 else ZERO
        after = block[axis, right * LANES + lane] if right < width else before
        if left < 0:
            before = after
        for i in range(left + 1, right):
            part = np.float32((i - left) / (right - left))
            block[axis, i * LANES + lane] = before * (ONE - part) + after * part


@njit(cache=True, nogil=True, error_model="numpy")
def centre(stream: Array, mean: Array) -> None:
    """Take each lane's mean out of ``stream``, and write it; sums start from the first value, so a constant is 0."""
    n = stream.size // LANES
    for lane in range(LANES):
        mean[lane] = ZERO
    for i in range(1, n):
        for lane in range(LANES):
            mean[lane] += stream[i * LANES + lane] - stream[lane]
    share = ONE / np.float32(n)
    for lane in range(LANES):
        mean[lane] = stream[lane] + mean[lane] * share
    for i in range(n):
        for lane in range(LANES):
            stream[i * LANES + lane] -= mean[lane]


@njit(cache=True, nogil=True, error_model="numpy")
def sizes(x: Array, y: Array, z: Array, out: Array) -> None:
    """Write the length of each row."""
    for k in range(out.size):
        out[k] = np.sqrt(x[k] * x[k] + y[k] * y[k] + z[k] * z[k])


@njit(cache=True, nogil=True, error_model="numpy")
def along(x: Array, y: Array, z: Array, axis: Array, out: Array) -> None:
    """Write how far each row reaches along its lane's ``axis`` (3 * LANES)."""
    for i in range(out.size // LANES):
        at = i * LANES
        for lane in range(LANES):
            level = x[at + lane] * axis[lane] + y[at + lane] * axis[LANES + lane]
            out[at + lane] = level + z[at + lane] * axis[2 * LANES + lane]


@njit(cache=True, nogil=True, error_model="numpy")
def turn(first: Array, second: Array, cos_sin: Array) -> None:
    """Turn two streams of one plane by each lane's angle."""
    for i in range(first.size // LANES):
        at = i * LANES
        for lane in range(LANES):
            a, b = first[at + lane], second[at + lane]
            first[at + lane] = a * cos_sin[lane] + b * cos_sin[LANES + lane]
            second[at + lane] = b * cos_sin[lane] - a * cos_sin[LANES + lane]


@njit(cache=True, nogil=True, error_model="numpy")
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


@njit(cache=True, nogil=True, error_model="numpy")
def add_plane(side: Array, across: Array, sums: Array) -> None:
    """Write each lane's sums of squares and products of two streams."""
    sums[:] = ZERO
    for i in range(side.size // LANES):
        at = i * LANES
        for lane in range(LANES):
            s, a = side[at + lane], across[at + lane]
            sums[lane] += s * s
            sums[LANES + lane] += a * a
            sums[2 * LANES + lane] += s * a


@njit(cache=True, nogil=True, error_model="numpy")
def set_turn(sums: Array) -> None:
    """Replace the sums of the plane by cosine and sine of the angle to its strongest direction."""
    for lane in range(LANES):
        ss, aa, sa = float(sums[lane]), float(sums[LANES + lane]), float(sums[2 * LANES + lane])
        angle = 0.5 * math.atan2(2.0 * sa, ss - aa)
        sums[lane] = math.cos(angle)
        sums[LANES + lane] = math.sin(angle)


@njit(cache=True, nogil=True, error_model="numpy")
def add_parts(stream: Array, out: Array) -> None:
    """Write each lane's sum over each of ``N_PARTS`` parts of the window."""
    part = stream.size // LANES // N_PARTS
    out[:] = ZERO
    for i in range(part * N_PARTS):
        at, to = i * LANES, i // part * LANES
        for lane in range(LANES):
            out[to + lane] += stream[at + lane]


@njit(cache=True, nogil=True, error_model="numpy")
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
    """Split windows ``[first, last)`` into ``streams`` (4, width * LANES) and write each one's ``attitude`` (LANES, 7).

    ``block`` (3, width * LANES) is scratch. Return the bits of the lanes in which ``least`` samples came; the other
    lanes hold zeros.
    """
    covered = 0
    for lane in range(LANES):
        came = fill_lane(accel, (first + lane) * width, width, lane, block) if first + lane < last else 0
        if came >= least:
            covered |= 1 << lane
        else:
            block[:, lane::LANES] = ZERO
    x, y, z = block[0], block[1], block[2]
    frame = np.zeros(N_FRAME * LANES, np.float32)
    parts = np.empty((3, N_PARTS * LANES), np.float32)
    sizes(x, y, z, streams[SIZE])
    centre(streams[SIZE], frame)
    for axis in range(3):
        centre(block[axis], frame[axis * LANES : (axis + 1) * LANES])
        add_parts(block[axis], parts[axis])
    for lane in range(LANES):
        set_level_axes(frame[lane::LANES])
        attitude_row(parts[:, lane::LANES], width // N_PARTS, frame[lane::LANES], attitude[lane])
    along(x, y, z, frame[DOWN * LANES : SIDE * LANES], streams[VERTICAL])
    along(x, y, z, frame[SIDE * LANES : ACROSS * LANES], streams[FORWARD])
    along(x, y, z, frame[ACROSS * LANES : SUMS * LANES], streams[SIDEWAYS])
    sums = frame[SUMS * LANES :]
    add_plane(streams[FORWARD], streams[SIDEWAYS], sums)
    set_turn(sums)
    turn(streams[FORWARD], streams[SIDEWAYS], sums)
    return covered
