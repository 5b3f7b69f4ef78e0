"""Features in whole numbers: 10 s at 25 Hz as a band counts them, in one ordered table.

Each window is split into three streams of 1/2048 g: ``size`` (of the acceleration), ``vertical`` (along gravity) and
``forward`` (the strongest direction of the level plane), each without its mean and within an int16. The same streams,
in the same order, are computed by ``selfback_model.c``; every intermediate bound is argued there.
"""

import hashlib
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from activity.classify.embedded.integer import Integers, divide, log, root, saturate

RATE_HZ: Final = 25.0
WIDTH: Final = 250  #: samples in a window
SECOND: Final = 25  #: samples
RANGES_G: Final = range(1, 17)  #: half of full scale that a band may have

#: Raised by hand whenever a feature means something else; the table's own hash is added to it below.
VERSION: Final = 1

ONE: Final = 4096  #: 1.0 of shares, correlations and directions
RATIO_ONE: Final = 256  #: 1.0 of what is measured in standard deviations
LAGS: Final = 45  #: of the autocorrelation, from 0; two steps of a slow walk
STEP_LAGS: Final = (6, 20)  #: half-open; 0.24 to 0.8 s
STRIDE_LAGS: Final = (16, 44)  #: half-open; 0.64 to 1.76 s
TURNS: Final = 12  #: of the power iteration that finds the strongest direction

#: Where the spectrum is looked at; the window on the autocorrelation makes each as wide as about 0.6 Hz.
SPECTRUM_HZ: Final = (0.4, 0.8, 1.2, 1.6, 2.0, 2.4, 2.8, 3.4, 4.2, 5.2, 6.6, 8.6, 11.0)
SPECTRUM_ONE: Final = 8192  #: 1.0 of the spectrum's weights


@dataclass(frozen=True, slots=True)
class IntegerFeature:
    """One column of the table."""

    name: str
    unit: str  #: what one stands for
    turned: bool  #: changes with the way the band is worn


STREAMS: Final = ("size", "vertical", "forward")

_STREAM_ROWS: Final = (
    ("log_power", "log2 / 256"),
    ("mean_size", "sd / 256"),
    ("highest", "sd / 256"),
    ("lowest", "sd / 256"),
    ("skewness", "1 / 256"),
    ("step_log_power", "log2 / 256"),
    ("step_skewness", "1 / 256"),
    ("crossings", "1"),
    ("steadiness", "log2 / 256"),
    ("step_lag", "samples / 16"),
    ("step_correlation", "1 / 4096"),
    ("stride_lag", "samples / 16"),
    ("stride_correlation", "1 / 4096"),
    ("two_step_correlation", "1 / 4096"),
    ("half_stride_correlation", "1 / 4096"),
    ("lowest_correlation", "1 / 4096"),
    ("lowest_lag", "samples"),
    ("first_below_zero", "samples"),
    *((f"spectrum_{hz:g}_hz", "log2 / 256") for hz in SPECTRUM_HZ),
)
#: They change sign with the stream, and the strongest direction has no sign of its own.
_ODD: Final = frozenset({"highest", "lowest", "skewness", "step_skewness"})
_POSTURE_ROWS: Final = (
    ("down_x", "1 / 4096", True),
    ("down_y", "1 / 4096", True),
    ("down_z", "1 / 4096", True),
    ("log_power_x", "log2 / 256", True),
    ("log_power_y", "log2 / 256", True),
    ("log_power_z", "log2 / 256", True),
    ("level_share", "1 / 4096", False),
    ("forward_share", "1 / 4096", False),
    ("tilt_path", "log2 / 256", False),
    ("tilt_most", "log2 / 256", False),
)

FEATURES: Final = (
    *(
        IntegerFeature(f"{stream}_{name}", unit, stream == "forward" and name in _ODD)
        for stream in STREAMS
        for name, unit in _STREAM_ROWS
    ),
    *(IntegerFeature(*row) for row in _POSTURE_ROWS),
)

#: A model of another version is refused.
FEATURE_VERSION: Final = (
    f"{VERSION}-"
    + hashlib.sha256(repr((FEATURES, WIDTH, LAGS, STEP_LAGS, STRIDE_LAGS, TURNS)).encode()).hexdigest()[:12]
)


def spectrum_weights() -> Integers:
    """Return (n_frequencies, LAGS) weights: cosines under half a Hann window, all lags but the first counted twice."""
    lag = np.arange(LAGS)
    window = 0.5 * (1.0 + np.cos(np.pi * lag / LAGS)) * np.where(lag, 2.0, 1.0)
    waves = np.cos(2.0 * np.pi * np.outer(SPECTRUM_HZ, lag) / RATE_HZ)
    weights: Integers = np.rint(SPECTRUM_ONE * window * waves).astype(np.int64)
    return weights


SPECTRUM: Final = spectrum_weights()


def integer_features(samples: NDArray[np.int16], range_g: int) -> NDArray[np.int16]:
    """Return (n_windows, len(FEATURES)) features of (n_windows, WIDTH, 3) samples in counts of ``range_g`` / 32768."""
    if samples.ndim != 3 or samples.shape[1:] != (WIDTH, 3) or range_g not in RANGES_G:
        raise ValueError(f"samples of shape {samples.shape} at ±{range_g} g, not (n, {WIDTH}, 3) at ±1 to ±16 g")
    accel = divide(samples.astype(np.int64) * range_g, 16)  # 1/2048 g
    mean = divide(accel.sum(axis=1), WIDTH)
    down = divide(mean * ONE, np.maximum(root((mean * mean).sum(axis=1)), 1)[:, None])
    away = saturate(accel - mean[:, None, :])
    vertical = saturate(divide((away * down[:, None, :]).sum(axis=2), ONE))
    level = saturate(away - divide(vertical[:, :, None] * down[:, None, :], ONE))
    size = root((accel * accel).sum(axis=2))
    size -= divide(size.sum(axis=1), WIDTH)[:, None]
    forward = saturate(divide((level * _strongest(level)[:, None, :]).sum(axis=2), ONE))
    streams = [_of_stream(stream) for stream in (saturate(size), vertical, forward)]
    shares = _shares(
        (level * level).sum(axis=(1, 2)), (vertical * vertical).sum(axis=1), (forward * forward).sum(axis=1)
    )
    columns = np.column_stack([*streams, down, log((away * away).sum(axis=1)), *shares, *_tilt(accel, mean)])
    features: NDArray[np.int16] = saturate(columns).astype(np.int16)
    return features


def _strongest(level: Integers) -> Integers:
    """Return (n, 3) the direction in which most power lies, of length ONE, or zero where there is none."""
    products = np.einsum("wia,wib->wab", level, level)
    diagonal = np.einsum("waa->wa", products)
    most = diagonal.max(axis=1)
    matrix = divide(products, (most // 16384 + 1)[:, None, None])
    direction = np.take_along_axis(matrix, diagonal.argmax(axis=1)[:, None, None], axis=1)[:, 0, :]
    for _ in range(TURNS):
        length = np.maximum(root((direction * direction).sum(axis=1)), 1)
        direction = divide(direction * ONE, length[:, None])
        direction = divide(np.einsum("wab,wb->wa", matrix, direction), 2 * ONE)
    length = np.maximum(root((direction * direction).sum(axis=1)), 1)
    return divide(direction * ONE, length[:, None])


def _of_stream(stream: Integers) -> Integers:
    """Return the rows of one (n, WIDTH) stream."""
    power = (stream * stream).sum(axis=1)
    sd = np.maximum(root(divide(power, WIDTH)), 1)
    steps = saturate(np.diff(stream, axis=1))
    step_power = (steps * steps).sum(axis=1)
    step_sd = np.maximum(root(divide(step_power, WIDTH)), 1)
    of_second = (stream * stream).reshape(len(stream), WIDTH // SECOND, SECOND).sum(axis=2)
    return np.column_stack(
        [
            log(power),
            divide(np.abs(stream).sum(axis=1) * RATIO_ONE, WIDTH * sd),
            divide(stream.max(axis=1) * RATIO_ONE, sd),
            divide(stream.min(axis=1) * RATIO_ONE, sd),
            _skewness(stream, sd),
            log(step_power),
            _skewness(steps, step_sd),
            _crossings(stream, divide(sd, 4)),
            log(of_second.max(axis=1)) - log(of_second.min(axis=1)),
            *_rhythm(stream, power),
        ]
    )


def _skewness(stream: Integers, sd: Integers) -> Integers:
    cubes = divide((stream * stream * stream).sum(axis=1), WIDTH)
    return saturate(divide(cubes * RATIO_ONE, sd * sd * sd))


def _crossings(stream: Integers, least: Integers) -> Integers:
    """Return how often each stream changes from above ``least`` to below minus ``least`` or back."""
    side = np.zeros(len(stream), dtype=np.int64)
    count = np.zeros(len(stream), dtype=np.int64)
    for sample in stream.T:
        now = np.where(sample > least, 1, np.where(sample < -least, -1, side))
        count += now * side < 0
        side = now
    return count


def _rhythm(stream: Integers, power: Integers) -> list[Integers]:
    sums = np.stack([(stream[:, : WIDTH - k] * stream[:, k:]).sum(axis=1) for k in range(LAGS)], axis=1)
    some = np.maximum(power, 1)[:, None]
    shares = divide(sums * ONE, some)
    even = divide(shares * WIDTH, (WIDTH - np.arange(LAGS))[None, :])
    density = np.maximum(divide(shares @ SPECTRUM.T, 1024), 0)
    step, stride = _peak(even, *STEP_LAGS), _peak(even, *STRIDE_LAGS)
    row = np.arange(len(stream))
    lowest = even.argmin(axis=1)
    below = even < 0
    return [
        _fine(even, step),
        even[row, step],
        _fine(even, stride),
        even[row, stride],
        even[row, 2 * step],
        even[row, stride // 2],
        even[row, lowest],
        lowest,
        np.where(below.any(axis=1), below.argmax(axis=1), LAGS),
        *log(density + 1).T,
    ]


def _peak(even: Integers, first: int, stop: int) -> Integers:
    """Return the lag of the first local maximum that is nearly the highest, or of the highest value without one.

    A beat comes back at its double, there now and then a little higher; seven eighths of the highest are enough.
    """
    row = np.arange(len(even))
    inside = even[:, first:stop]
    is_top = (inside >= even[:, first - 1 : stop - 1]) & (inside >= even[:, first + 1 : stop + 1])
    # A maximum comes before all that are none: no correlation is over 2**13, so 2**16 sets them apart.
    highest = (inside + np.where(is_top, 65536, 0)).argmax(axis=1)
    nearly = is_top & (8 * inside >= 7 * inside[row, highest][:, None])
    peak: Integers = np.where(nearly.any(axis=1), np.minimum(nearly.argmax(axis=1), highest), highest) + first
    return peak


def _fine(even: Integers, lag: Integers) -> Integers:
    """Return sixteen times the lag of the top of a parabola through a peak and its neighbours."""
    row = np.arange(len(even))
    before, at, after = even[row, lag - 1], even[row, lag], even[row, lag + 1]
    bend = 2 * at - before - after
    shift = divide(8 * (after - before), np.maximum(bend, 1))
    return 16 * lag + np.where(bend > 0, np.clip(shift, -8, 8), 0)


def _shares(level: Integers, vertical: Integers, forward: Integers) -> list[Integers]:
    """Return how much of the power is level, and how much of that lies in one direction."""
    return [divide(level * ONE, np.maximum(level + vertical, 1)), divide(forward * ONE, np.maximum(level, 1))]


def _tilt(accel: Integers, mean: Integers) -> list[Integers]:
    """Return how far the attitude goes from second to second in all, and how far from its mean at most."""
    seconds = divide(accel.reshape(len(accel), WIDTH // SECOND, SECOND, 3).sum(axis=2), SECOND)
    hops = saturate(np.diff(seconds, axis=1))
    off = saturate(seconds - mean[:, None, :])
    return [
        log(root((hops * hops).sum(axis=2)).sum(axis=1) + 1),
        log(root((off * off).sum(axis=2)).max(axis=1) + 1),
    ]
