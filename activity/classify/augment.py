"""Windows as other bands, wrists and people would have given them, so that a model learns what they share."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Windows = NDArray[np.float32]  #: (n, width, 3) in g

MOST_TILT_DEG: Final = 25.0  #: of any band, about any axis; a strap slips and wrists differ
GAIN_SD: Final = 0.03  #: of uncalibrated sensors; selfBACK's are off by 42 mg in size at rest
OFFSET_SD_G: Final = 0.03
#: Windows of made-up work with the hands that training adds, about as many as of a real activity.
HAND_WORK: Final = 400
RAISED_SHARE: Final = 0.7  #: of beats that are slower than any gait; the others are faster


@dataclass(frozen=True, slots=True)
class Strips:
    """Recordings laid end to end, from which windows are drawn anywhere, not only where windows lie."""

    accel_g: NDArray[np.float32]  #: (n_samples, 3)
    start: NDArray[np.int64]  #: (n_strips,) first row of each
    length: NDArray[np.int64]  #: (n_strips,) rows of each


def draw(
    strips: Strips, chosen: NDArray[np.int64], width: int, stretch: NDArray[np.float64], rng: np.random.Generator
) -> Windows:
    """Return a window from each chosen strip, from a random place, played ``stretch`` times as fast.

    Where a strip is too short for its stretch, it is played as fast as it allows.
    """
    room = strips.length[chosen] - 1
    span = np.minimum(stretch * (width - 1), room)
    first = strips.start[chosen] + rng.random(chosen.size) * (room - span)
    place = first[:, None] + span[:, None] * np.linspace(0.0, 1.0, width)
    low = np.minimum(place.astype(np.int64), (strips.start[chosen] + room - 1)[:, None])
    part = (place - low).astype(np.float32)[:, :, None]
    out: Windows = strips.accel_g[low] * (1.0 - part) + strips.accel_g[low + 1] * part
    return out


def rotations(n: int, most_deg: float, rng: np.random.Generator) -> NDArray[np.float32]:
    """Return (n, 3, 3) rotations about random axes by up to ``most_deg`` (Rodrigues)."""
    x, y, z = _directions(n, rng).T
    angle = np.deg2rad(rng.uniform(-most_deg, most_deg, n))[:, None, None]
    zero = np.zeros(n)
    cross = np.array([[zero, -z, y], [z, zero, -x], [-y, x, zero]]).transpose(2, 0, 1)
    turn = np.eye(3) + np.sin(angle) * cross + (1.0 - np.cos(angle)) * (cross @ cross)
    out: NDArray[np.float32] = turn.astype(np.float32)
    return out


def _directions(n: int, rng: np.random.Generator) -> NDArray[np.float64]:
    axis = rng.normal(size=(n, 3))
    unit: NDArray[np.float64] = axis / np.linalg.norm(axis, axis=1, keepdims=True)
    return unit


def turned(windows: Windows, turn: NDArray[np.float32]) -> Windows:
    """Return each window as a band turned by its (n, 3, 3) matrix would have felt it."""
    out: Windows = np.einsum("nij,ntj->nti", turn, windows, optimize=True)
    return out


def tilted(windows: Windows, rng: np.random.Generator) -> Windows:
    """Return the windows with the strap a little turned."""
    return turned(windows, rotations(len(windows), MOST_TILT_DEG, rng))


def other_axes(windows: Windows, rng: np.random.Generator) -> Windows:
    """Return the windows with axes named and pointed otherwise, mirrored ones too: other makers, the other wrist."""
    order = rng.permuted(np.tile(np.arange(3), (len(windows), 1)), axis=1)
    sign = rng.choice(np.array([-1.0, 1.0], np.float32), (len(windows), 1, 3))
    out: Windows = np.take_along_axis(windows, order[:, None, :], axis=2) * sign
    return out


def mirrored(windows: Windows, rng: np.random.Generator) -> Windows:
    """Return the windows from the other wrist, or the band put on the other way: one or two axes point back."""
    sign = np.ones((len(windows), 1, 3), np.float32)
    sign[np.arange(len(windows)), 0, rng.integers(0, 3, len(windows))] *= -1.0
    again = rng.random(len(windows)) < 0.5
    sign[np.flatnonzero(again), 0, rng.integers(0, 3, int(again.sum()))] *= -1.0
    return windows * sign


def any_way_round(windows: Windows, rng: np.random.Generator) -> Windows:
    """Return the windows turned by any angle about any axis."""
    return turned(windows, rotations(len(windows), 180.0, rng))


def miscalibrated(windows: Windows, rng: np.random.Generator) -> Windows:
    """Return the windows with gains and offsets of uncalibrated sensors."""
    gain = rng.normal(1.0, GAIN_SD, (len(windows), 1, 1)).astype(np.float32)
    return windows * gain + rng.normal(0.0, OFFSET_SD_G, (len(windows), 1, 3)).astype(np.float32)


def softer(windows: Windows, rng: np.random.Generator) -> Windows:
    """Return the windows with their movement weaker or a little stronger: older people, a hand in a pocket."""
    mean = windows.mean(axis=1, keepdims=True)
    out: Windows = mean + (windows - mean) * rng.uniform(0.55, 1.2, (len(windows), 1, 1)).astype(np.float32)
    return out


def slower_sensor(windows: Windows, rng: np.random.Generator) -> Windows:
    """Return the windows without their higher frequencies, as a sensor of 9 to 25 Hz gives them.

    The cut-off is relative to half the grid's rate, so a window of any rate is cut alike.
    """
    spectrum = np.fft.rfft(windows, axis=1)
    keep = np.linspace(0.0, 1.0, spectrum.shape[1]) <= rng.uniform(0.36, 1.0, (len(windows), 1))
    out: Windows = np.fft.irfft(spectrum * keep[:, :, None], windows.shape[1], axis=1).astype(np.float32)
    return out


def clipped(windows: Windows, rng: np.random.Generator) -> Windows:
    """Return the windows of a sensor with a small range."""
    most = rng.uniform(1.5, 4.0, (len(windows), 1, 1)).astype(np.float32)
    return np.clip(windows, -most, most)


def coarse(windows: Windows, rng: np.random.Generator) -> Windows:
    """Return the windows in few steps of value, as 6 to 10 bits give them."""
    step = np.exp2(rng.uniform(-8.0, -4.0, (len(windows), 1, 1))).astype(np.float32)
    return np.round(windows / step) * step


def noisy(windows: Windows, rng: np.random.Generator) -> Windows:
    """Return the windows with a sensor's own noise."""
    sd_g = rng.uniform(0.0, 0.015, (len(windows), 1, 1)).astype(np.float32)
    return windows + sd_g * rng.standard_normal(windows.shape, dtype=np.float32)


def hand_motion(n: int, width: int, rate_hz: float, rms_g: NDArray[np.float64], rng: np.random.Generator) -> Windows:
    """Return motion without a beat: noise that falls with frequency, at most a few Hz, the hand turning slowly."""
    hz = np.fft.rfftfreq(width, 1.0 / rate_hz)[1:]
    slope = rng.uniform(0.3, 1.5, (n, 1))
    cut_hz = rng.uniform(1.0, 6.0, (n, 1))
    amplitude = hz**-slope * np.exp(-((hz / cut_hz) ** 2))
    phase = rng.uniform(0.0, 2.0 * np.pi, (n, hz.size, 3))
    weight = rng.uniform(0.2, 1.0, (n, 1, 3)) * rng.rayleigh(1.0, (n, hz.size, 3))
    waves = amplitude[:, :, None] * weight * np.exp(1j * phase)
    wave = np.fft.irfft(np.pad(waves, ((0, 0), (1, 0), (0, 0))), width, axis=1)
    # Work comes in bursts.
    beat = np.linspace(0.0, 1.0, width) * rng.uniform(0.0, 12.0, (n, 1))
    burst = 0.5 + 0.5 * np.sin(beat + rng.uniform(0.0, 2.0 * np.pi, (n, 1)))
    wave *= (rng.uniform(0.0, 1.0, (n, 1)) + burst)[:, :, None]
    wave *= (rms_g / np.sqrt(np.mean(wave**2, axis=(1, 2)) * 3.0))[:, None, None]
    return wave.astype(np.float32)


def restless(windows: Windows, rate_hz: float, rng: np.random.Generator) -> Windows:
    """Return windows of rest with a hand that types, eats or fidgets a little: still, though not as a stone."""
    rms_g = np.exp(rng.uniform(np.log(0.004), np.log(0.05), len(windows)))
    return windows + hand_motion(len(windows), windows.shape[1], rate_hz, rms_g, rng)


def hand_beat(n: int, width: int, rate_hz: float, rng: np.random.Generator) -> Windows:
    """Return motion with a beat that no gait has: an arm lifted again and again, or teeth brushed."""
    hz = np.where(rng.random((n, 1)) < RAISED_SHARE, rng.uniform(0.15, 0.8, (n, 1)), rng.uniform(3.6, 6.0, (n, 1)))
    # The pace of a hand wanders by about a tenth, and a harmonic makes there and back unlike.
    drift = np.cumsum(rng.normal(0.0, 0.1 / np.sqrt(width), (n, width)), axis=1)
    turn = 2.0 * np.pi * (hz * np.arange(width) / rate_hz * (1.0 + drift) + rng.random((n, 1)))
    second = rng.uniform(0.0, 0.5, (n, 1)) * np.sin(2.0 * turn + rng.uniform(0.0, 2.0 * np.pi, (n, 1)))
    size_g = np.exp(rng.uniform(np.log(0.05), np.log(0.7), (n, 1)))
    along, across = _directions(n, rng), _directions(n, rng)
    wave = size_g * (np.sin(turn) + second)
    swing = 0.3 * size_g * np.cos(turn)
    return (wave[:, :, None] * along[:, None, :] + swing[:, :, None] * across[:, None, :]).astype(np.float32)


def hand_work(n: int, width: int, rate_hz: float, rng: np.random.Generator) -> Windows:
    """Return windows of work with the hands, in any attitude: ``other``. Half have a beat, though none of a gait."""
    rms_g = np.exp(rng.uniform(np.log(0.08), np.log(0.5), n))
    out = _directions(n, rng).astype(np.float32)[:, None, :] + hand_motion(n, width, rate_hz, rms_g, rng)
    beating = np.flatnonzero(rng.random(n) < 0.5)
    out[beating] -= (0.8 * (out[beating] - out[beating].mean(axis=1, keepdims=True))).astype(np.float32)
    out[beating] += hand_beat(beating.size, width, rate_hz, rng)
    return out


@dataclass(frozen=True, slots=True)
class Chance:
    """How often a window is changed in a way."""

    name: str
    share: float
    change: Callable[[Windows, np.random.Generator], Windows]


#: In this order. Shares are round numbers, not tuned: each way happens, and the plain window stays common.
CHANCES: Final = (
    Chance("softer", 0.3, softer),
    Chance("other wrist", 0.15, mirrored),
    Chance("other axes", 0.1, other_axes),
    Chance("any way round", 0.1, any_way_round),
    Chance("tilted", 1.0, tilted),
    Chance("miscalibrated", 1.0, miscalibrated),
    Chance("noisy", 1.0, noisy),
    Chance("slower sensor", 0.2, slower_sensor),
    Chance("clipped", 0.15, clipped),
    Chance("coarse", 0.15, coarse),
)
RESTLESS_SHARE: Final = 0.25


def augmented(windows: Windows, still: NDArray[np.bool_], rate_hz: float, rng: np.random.Generator) -> Windows:
    """Return the windows, each changed in some of the ways of ``CHANCES``; some of those ``still`` made restless."""
    out = windows.copy()
    rest = np.flatnonzero(still & (rng.random(len(out)) < RESTLESS_SHARE))
    out[rest] = restless(out[rest], rate_hz, rng)
    for chance in CHANCES:
        rows = np.flatnonzero(rng.random(len(out)) < chance.share)
        out[rows] = chance.change(out[rows], rng)
    return out
