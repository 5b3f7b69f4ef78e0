"""Wrist acceleration with known labels and known steps, from a script of what the wearer does.

Each part is made a little longer than it lasts; neighbours are blended over ``BLEND_S`` around their common edge, so
that nobody jumps from a chair into full stride. When steps happen, and what is done when, doesn't depend on the rate.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from device.errors import RecordingError
from device.recording import NS_PER_S, BandInfo, Recording, Segment
from device.simulator.motion_gait import cadence_hz, gait_accel_g, step_times_s
from device.simulator.motion_noise import Floats
from device.simulator.motion_rest import rest_accel_g
from device.simulator.motion_script import LABELS, STEPPING, LabelledSpan, Part, spans_of, working_day
from device.simulator.motion_wearer import Wearer

__all__ = ["LABELS", "STEPPING", "LabelledSpan", "Motion", "Part", "Wearer", "cadence_hz", "synthesise", "working_day"]

BLEND_S: Final = 1.6
FULL_SCALE: Final = 32768  #: counts of an int16 sample at ``range_g``
RATES_HZ: Final = (12.5, 200.0)  #: rates that make sense: below, steps are lost; above, nothing was measured


@dataclass(frozen=True, slots=True, eq=False)
class Motion:
    """A recording and the truth about it."""

    recording: Recording
    labels: tuple[LabelledSpan, ...]  #: cover the recording, in order, half open
    step_times_ns: NDArray[np.int64]  #: (n_steps,) UTC, each the peak of its heel strike, inside a stepping part


def synthesise(
    script: Sequence[Part],
    wearer: Wearer,
    *,
    rate_hz: float,
    seed: int,
    start_ns: int,
    range_g: float = 8.0,
    zone: str = "UTC",
) -> Motion:
    """Return what a band on this wearer's wrist records of the script, as int16 samples of ``range_g`` in g.

    The same script, wearer, seed and rate give the same samples; other rates give the same labels and steps.
    """
    if not script:
        raise RecordingError("a script without a part", expected="one part or more")
    if not RATES_HZ[0] <= rate_hz <= RATES_HZ[1]:
        raise RecordingError(f"a rate of {rate_hz} Hz", expected=f"{RATES_HZ[0]} to {RATES_HZ[1]} Hz")
    labels = spans_of(script, start_ns)
    n_samples = int(np.ceil((labels[-1].stop_ns - start_ns) * rate_hz / NS_PER_S - 1e-6))
    time_s = np.arange(n_samples) / rate_hz
    hold_g, moves_g = np.zeros((n_samples, 3)), np.zeros((n_samples, 3))
    steps: list[Floats] = []
    for index, span in enumerate(labels):
        begin_s, end_s = (span.start_ns - start_ns) / NS_PER_S, (span.stop_ns - start_ns) / NS_PER_S
        first, last = np.searchsorted(time_s, [begin_s - BLEND_S / 2, end_s + BLEND_S / 2])
        part_s = time_s[first:last] - begin_s
        if part_s.size == 0:
            continue
        truth, noise = (np.random.default_rng([seed, index, stream]) for stream in range(2))
        activity = span.part.activity
        if activity in STEPPING:
            steps_s = step_times_s(truth, activity, wearer, end_s - begin_s)
            steps.append(begin_s + steps_s[(steps_s >= 0.0) & (steps_s < end_s - begin_s)])
            hold, moves = gait_accel_g(noise, activity, wearer, time_s=part_s, rate_hz=rate_hz, steps_s=steps_s)
        else:
            hold, moves = rest_accel_g(noise, activity, wearer, part_s, rate_hz)
        weight = _weight(part_s, end_s - begin_s, index == 0, index == len(labels) - 1)[:, None]
        hold_g[first:last] += weight * hold
        moves_g[first:last] += weight * moves
    accel_g = wearer.as_worn(hold_g + moves_g)
    accel_g += np.random.default_rng([seed, len(labels), 2]).standard_normal(accel_g.shape) * (
        wearer.noise_g * np.sqrt(min(rate_hz, 100.0) / 100.0)
    )
    counts = np.rint(accel_g * (FULL_SCALE / range_g)).clip(-FULL_SCALE, FULL_SCALE - 1)
    time_ns = start_ns + np.rint(np.arange(n_samples) * (NS_PER_S / rate_hz)).astype(np.int64)
    step_times_ns = start_ns + np.floor(np.concatenate([*steps, np.empty(0)]) * NS_PER_S).astype(np.int64)
    band = BandInfo(
        maker="selfback", model="simulated", placement=f"{wearer.side} wrist", range_g=range_g, nominal_rate_hz=rate_hz
    )
    recording = Recording(
        (counts * (range_g / FULL_SCALE)).astype(np.float32), time_ns, (Segment(0, n_samples),), band, zone
    )
    return Motion(recording, labels, step_times_ns)


def _weight(part_s: Floats, duration_s: float, is_first: bool, is_last: bool) -> Floats:
    """Return how much of each sample is this part; the weights of two neighbours sum to one."""
    rise = np.ones_like(part_s) if is_first else np.clip(part_s / BLEND_S + 0.5, 0.0, 1.0)
    fall = np.zeros_like(part_s) if is_last else np.clip((part_s - duration_s) / BLEND_S + 0.5, 0.0, 1.0)
    smooth: Floats = _ease(rise) - _ease(fall)
    return smooth


def _ease(x: Floats) -> Floats:
    eased: Floats = x * x * (3.0 - 2.0 * x)
    return eased
