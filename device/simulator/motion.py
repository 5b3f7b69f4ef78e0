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
from device.simulator.motion_hands import hands_accel_g
from device.simulator.motion_noise import Floats, Rngs, ease, unit
from device.simulator.motion_rest import posture_accel_g
from device.simulator.motion_script import LABELS, POSTURES, STEPPING, LabelledSpan, Part, spans_of, working_day
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
    hold_g, moves_g, length_g = np.zeros((n_samples, 3)), np.zeros((n_samples, 3)), np.zeros(n_samples)
    step_times_ns = [np.empty(0, dtype=np.int64)]
    for index, span in enumerate(labels):
        begin_s, duration_s = (span.start_ns - start_ns) / NS_PER_S, (span.stop_ns - span.start_ns) / NS_PER_S
        near = slice(*np.searchsorted(time_s, [begin_s - BLEND_S / 2, begin_s + duration_s + BLEND_S / 2]))
        part_s = time_s[near] - begin_s
        rngs = (np.random.default_rng([seed, index, 0]), np.random.default_rng([seed, index, 1]))
        hold, moves, steps_s = _part(
            rngs, span.part.activity, wearer, part_s=part_s, duration_s=duration_s, rate_hz=rate_hz
        )
        step_times_ns.append(span.start_ns + np.floor(steps_s * NS_PER_S).astype(np.int64))
        weight = _weight(part_s, duration_s, is_first=index == 0, is_last=index == len(labels) - 1)
        hold_g[near] += weight[:, None] * hold
        length_g[near] += weight * np.linalg.norm(hold, axis=-1)
        moves_g[near] += weight[:, None] * moves
    # A blend of two directions is shorter than either: the hand takes an arc, not a chord.
    accel_g = wearer.as_worn(unit(hold_g) * length_g[:, None] + moves_g)
    sensor = np.random.default_rng([seed, len(labels), 2])
    # A band's filter takes the noise above half its rate away.
    accel_g += wearer.noise_g * np.sqrt(min(rate_hz, 100.0) / 100.0) * sensor.standard_normal(accel_g.shape)
    counts = np.rint(accel_g * (FULL_SCALE / range_g)).clip(-FULL_SCALE, FULL_SCALE - 1)
    placement = f"{wearer.side} wrist"
    recording = Recording(
        (counts * (range_g / FULL_SCALE)).astype(np.float32),
        start_ns + np.rint(np.arange(n_samples) * (NS_PER_S / rate_hz)).astype(np.int64),
        (Segment(0, n_samples),),
        BandInfo("selfback", "simulated", placement=placement, range_g=range_g, nominal_rate_hz=rate_hz),
        zone,
    )
    return Motion(recording, labels, np.concatenate(step_times_ns))


def _part(
    rngs: Rngs, activity: str, wearer: Wearer, *, part_s: Floats, duration_s: float, rate_hz: float
) -> tuple[Floats, Floats, Floats]:
    """Return gravity (3,) or (n, 3), the acceleration around it (n, 3), and the times of the steps, all of one part."""
    if activity in STEPPING:
        steps_s = step_times_s(rngs[0], activity, wearer, duration_s)
        hold, moves = gait_accel_g(rngs[1], activity, wearer, time_s=part_s, rate_hz=rate_hz, steps_s=steps_s)
        return hold, moves, steps_s[(steps_s >= 0.0) & (steps_s < duration_s)]
    make = posture_accel_g if activity in POSTURES else hands_accel_g
    hold, moves = make(rngs, activity, wearer, time_s=part_s, duration_s=duration_s, rate_hz=rate_hz)
    return hold, moves, np.empty(0)


def _weight(part_s: Floats, duration_s: float, *, is_first: bool, is_last: bool) -> Floats:
    """Return how much of each sample is this part; the weights of two neighbours sum to one."""
    rise = np.ones_like(part_s) if is_first else ease(part_s / BLEND_S + 0.5)
    fall = np.zeros_like(part_s) if is_last else ease((part_s - duration_s) / BLEND_S + 0.5)
    weight: Floats = rise - fall
    return weight
