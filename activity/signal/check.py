"""What a signal can't be: in another unit, too slow, frozen, stuck on an axis, clipped. Refused or flagged."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from activity.errors import NotEnoughDataError, RateError, UnitsError
from activity.signal.clipping import Look, clipped_share, quantum_of
from activity.signal.metrics import Moments
from activity.signal.regularise import Grid
from activity.windows import Windows
from device.recording import NS_PER_S, Extent

#: Quick steps come at 3.4 a second, and their form is in the harmonic above it only from 10 Hz on. Bands that are
#: told 12.5 Hz deliver down to 11.6.
LEAST_RATE_HZ: Final = 10.0

STANDARD_GRAVITY: Final = 9.80665
#: What |a| at rest is in other units, and what turns them to g.
_OTHER_UNITS: Final = (
    ("m/s²", STANDARD_GRAVITY, "divide by 9.80665"),
    ("mg", 1000.0, "divide by 1000"),
)
_STILLEST: Final = 0.25  # of the windows stand for rest: nobody moves all the time
#: Where those are at rest, |a| is off by 0.2 g with the worst sensors. Where they aren't, as in a recording of nothing
#: but running or arm exercises, the mean of a swinging wrist's window is from 0.4 g (clipped at ±1 g) to 1.8 g.
_SIZE_AT_REST: Final = (0.7, 1.4)
_SIZE_IN_MOTION: Final = (0.3, 3.0)
_AT_REST: Final = 0.1  # sd to mean
_WITHOUT_GRAVITY: Final = 1.0  # sd to mean

_FROZEN_SD_G: Final = 1e-5  # a window whose values are all the same; one count of 16 bits at ±8 g, once, is more
_LIVE_NOISE_G: Final = 0.002  # below this step between values a live sensor never repeats itself for a whole window
_MOVING_SD_G: Final = 0.05
_MOVING_QUANTA: Final = 2.0  # an axis may well stay within one step while another moves by two, but not when by more
_FURTHEST_FROM_1_G: Final = 0.25  # of a frozen window that could be a band at rest
_BEYOND_G: Final = 40.0  # no wristband measures more than ±32 g
_CLIPPED_TO_SAY: Final = 0.01  # of a window's samples
_CLIPPED_TO_DOUBT: Final = 0.6  # runners and quick walkers on a band of ±1.5 g reach a half, and are still told


@dataclass(frozen=True, slots=True)
class Flag:
    """One thing that is wrong with a signal, in how many windows, and what became of them."""

    code: str  #: stable, e.g. "stuck-axis"
    what: str  #: a sentence
    windows: int
    share: float  #: of the windows with samples, 0..1
    doubted: bool  #: the activity of these windows is unknown


@dataclass(frozen=True, slots=True, eq=False)
class Checked:
    """The flags of a signal, and the windows whose activity nobody can tell."""

    flags: tuple[Flag, ...]
    doubtful: NDArray[np.bool_]  #: (n_windows,)


def check_rate(extent: Extent) -> None:
    """Raise `RateError` where the samples of a recording come at less than ``LEAST_RATE_HZ``."""
    rate_hz = extent.rate_hz
    if not np.isfinite(rate_hz) and extent.samples > 1:  # each sample stands alone between two gaps
        first, last = extent.stretches[0], extent.stretches[-1]
        rate_hz = (extent.samples - 1) * NS_PER_S / (last.last_ns - first.first_ns)
    if rate_hz < LEAST_RATE_HZ:
        raise RateError(
            f"samples come at {rate_hz:.3g} Hz",
            expected=f"at least {LEAST_RATE_HZ:g} Hz",
            remedy="record at 12.5 Hz or more; 25 Hz is plenty",
        )


@dataclass(frozen=True, slots=True, eq=False)
class Heard:
    """What of a recording is judged beside the moments of its windows."""

    extent: Extent
    look: Look
    start_ns: int  #: UTC of the first window
    width_ns: int  #: of a window
    furthest_g: NDArray[np.float64]  #: (n_windows,) greatest |value| on the grid; NaN where nothing came


def furthest_values(grid: Grid, windows: Windows) -> NDArray[np.float64]:
    """Return the greatest |value| of each window, (n_windows,) in g; NaN where nothing came."""
    count = windows.count(len(grid))
    inside = grid.accel_g[: count * windows.width_samples].reshape(count, -1)
    most: NDArray[np.float64] = np.fmax(np.fmax.reduce(inside, axis=1), -np.fmin.reduce(inside, axis=1)).astype(
        np.float64
    )
    return most


def check_signal(heard: Heard, moments: Moments) -> Checked:
    """Return what is wrong with a signal before it is calibrated.

    Raises `UnitsError` where it isn't in g, `NotEnoughDataError` where no sample of it is a number.

    ``moments`` are those of the windows of ``heard``. A window is doubted where its activity would be a guess:
    a frozen sensor, an axis that stays put while another moves, values no band can measure, a slow stretch, or
    most of its samples at the end of the range.
    """
    came = moments.coverage > 0.0
    if not came.any():
        raise NotEnoughDataError(f"none of {heard.extent.samples:,} samples is a number", expected="acceleration in g")
    quantum_g = quantum_of(heard.look)
    frozen, stuck = (_with_neighbours(of(moments, quantum_g)) for of in (_frozen, _stuck))
    _check_units(moments, came & ~frozen & ~stuck)
    with np.errstate(invalid="ignore"):
        beyond = heard.furthest_g > _BEYOND_G
    clipped = clipped_share(heard.look, heard.start_ns, heard.width_ns, moments, quantum_g)
    least = f"{LEAST_RATE_HZ:g} Hz"
    rows = (
        ("frozen", "all three axes keep the same values, as no live sensor does", frozen, True),
        ("stuck-axis", "an axis keeps the same value while the others move", stuck, True),
        ("beyond-range", f"values beyond ±{_BEYOND_G:g} g, which no band measures", beyond, True),
        ("slow", f"samples come at less than {least}", _slow(heard), True),
        ("clipped", "samples at the end of the sensor's range", clipped > _CLIPPED_TO_SAY, False),
        ("clipped-most", "most of the samples at the end of the range", clipped > _CLIPPED_TO_DOUBT, True),
    )
    flags = []
    doubtful = np.zeros(came.size, dtype=np.bool_)
    for code, what, where, doubted in rows:
        here = where & came
        if here.any():
            flags.append(Flag(code, what, int(here.sum()), float(here.sum() / came.sum()), doubted))
            doubtful |= here & doubted
    return Checked(tuple(flags), doubtful)


def _check_units(moments: Moments, judged: NDArray[np.bool_]) -> None:
    """Raise `UnitsError` where the stillest of the ``judged`` windows have another size than gravity."""
    size = np.linalg.norm(moments.mean_g[judged], axis=1)
    if not size.size:
        return
    restless = np.linalg.norm(moments.sd_g[judged], axis=1) / np.maximum(size, 1e-12)
    stillest = np.argsort(restless)[: max(1, round(_STILLEST * size.size))]
    at_rest, motion = float(np.median(size[stillest])), float(np.median(restless[stillest]))
    low, high = _SIZE_AT_REST if motion < _AT_REST else _SIZE_IN_MOTION
    if low <= at_rest <= high:
        return
    expected = "1 g with gravity in it"
    if motion > _WITHOUT_GRAVITY and at_rest < low:
        raise UnitsError(
            f"|a| at rest is {at_rest:.2g}: gravity was taken out",
            expected=expected,
            remedy="give the raw acceleration, as the sensor measured it",
        )
    near = [row for row in _OTHER_UNITS if low <= at_rest / row[1] <= high]
    if near:
        unit, _, remedy = min(near, key=lambda row: abs(np.log(at_rest / row[1])))
        raise UnitsError(f"|a| at rest is {at_rest:.4g}: that is {unit}", expected=expected, remedy=remedy)
    raise UnitsError(
        f"|a| at rest is {at_rest:.4g}",
        expected=expected,
        remedy="turn raw counts to g by the scale of the sensor; counts without sign have to be centred first",
    )


def _frozen(moments: Moments, quantum_g: float) -> NDArray[np.bool_]:
    """Return windows that are constant as no band at rest is: too fine for it, off 1 g, or all there ever was."""
    with np.errstate(invalid="ignore"):
        constant: NDArray[np.bool_] = np.all(moments.sd_g < _FROZEN_SD_G, axis=1)
        off: NDArray[np.bool_] = np.abs(np.linalg.norm(moments.mean_g, axis=1) - 1.0) > _FURTHEST_FROM_1_G
    if quantum_g < _LIVE_NOISE_G or constant[moments.coverage > 0.0].all():
        return constant
    return np.logical_and(constant, off)


def _stuck(moments: Moments, quantum_g: float) -> NDArray[np.bool_]:
    """Return windows in which an axis stands while another moves, and the others in which it stands at that value."""
    out = np.zeros(moments.coverage.size, dtype=np.bool_)
    with np.errstate(invalid="ignore"):
        standing = moments.sd_g < _FROZEN_SD_G
        moving = moments.sd_g.max(axis=1) > max(_MOVING_SD_G, _MOVING_QUANTA * quantum_g)
    for axis in range(3):
        sure = standing[:, axis] & moving
        if sure.any():
            value_g = np.median(moments.mean_g[sure, axis])
            with np.errstate(invalid="ignore"):
                there = np.abs(moments.mean_g[:, axis] - value_g) < _FROZEN_SD_G + 1e-6 * abs(value_g)
            out |= sure | (standing[:, axis] & there)
    return out


def _with_neighbours(where: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return also the windows before and after: a fault begins and ends in the middle of one."""
    out = where.copy()
    out[1:] |= where[:-1]
    out[:-1] |= where[1:]
    return out


def _slow(heard: Heard) -> NDArray[np.bool_]:
    """Return windows that a stretch below the least rate reaches into."""
    out = np.zeros(heard.furthest_g.size, dtype=np.bool_)
    for stretch in heard.extent.stretches:
        steps = stretch.samples - 1
        if steps and steps * NS_PER_S < LEAST_RATE_HZ * (stretch.last_ns - stretch.first_ns):
            first, last = ((at - heard.start_ns) // heard.width_ns for at in (stretch.first_ns, stretch.last_ns))
            out[max(first, 0) : max(last + 1, 0)] = True
    return out
