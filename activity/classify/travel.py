"""The same recordings as other bands would have made them: how well a model travels is judged on these."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from activity.classify.augment import rotations
from activity.classify.labelled import LabelledRecording
from device.recording import NS_PER_S, Recording

CLIP_G: Final = 2.0
STEP_G: Final = 2.0 * CLIP_G / 64  #: 6 bits over ±2 g
OFFSET_G: Final = 0.05

Change = Callable[[Recording, np.random.Generator], Recording]


@dataclass(frozen=True, slots=True)
class Travel:
    """One way in which another band differs; ``change`` is applied to what the sensor gave, before anything else."""

    name: str
    changes: tuple[Change, ...]


def _with(recording: Recording, accel_g: NDArray[np.floating[Any]]) -> Recording:
    return replace(recording, accel_g=accel_g.astype(np.float32))


def _turned(recording: Recording, rng: np.random.Generator) -> Recording:
    return _with(recording, recording.accel_g @ rotations(1, 180.0, rng)[0].T)


def _other_wrist(recording: Recording, _rng: np.random.Generator) -> Recording:
    # An AX3 on the other wrist with its face outwards and its long side along the arm as before: x points back.
    return _with(recording, recording.accel_g * np.array([-1.0, 1.0, 1.0], np.float32))


def _slower(rate_hz: float) -> Change:
    def change(recording: Recording, _rng: np.random.Generator) -> Recording:
        """Keep the samples nearest to a slower clock, without a filter before it, as cheap sensors do."""
        if recording.n_samples < 2:
            return recording
        time_ns = recording.time_ns
        due_ns = np.arange(time_ns[0], time_ns[-1] + 1, round(NS_PER_S / rate_hz))
        kept = np.unique(np.searchsorted(time_ns, due_ns))
        return Recording.from_times(recording.accel_g[kept], time_ns[kept], band=recording.band, zone=recording.zone)

    return change


def _clipped(recording: Recording, _rng: np.random.Generator) -> Recording:
    return _with(recording, np.clip(recording.accel_g, -CLIP_G, CLIP_G))


def _coarse(recording: Recording, _rng: np.random.Generator) -> Recording:
    return _with(recording, np.round(recording.accel_g / STEP_G) * STEP_G)


def _offset(recording: Recording, rng: np.random.Generator) -> Recording:
    return _with(recording, recording.accel_g + OFFSET_G * rng.choice(np.array([-1.0, 1.0]), 3))


AS_WORN: Final = "as worn"
TOGETHER: Final = "all together"
TRAVELS: Final = (
    Travel(AS_WORN, ()),
    Travel("turned any way", (_turned,)),
    Travel("other wrist", (_other_wrist,)),
    Travel("25 Hz", (_slower(25.0),)),
    Travel("12.5 Hz", (_slower(12.5),)),
    Travel("clipped at 2 g", (_clipped,)),
    Travel("6 bits", (_coarse,)),
    Travel("50 mg off", (_offset,)),
    Travel(TOGETHER, (_other_wrist, _turned, _offset, _slower(12.5), _clipped, _coarse)),
)


def travelled(parts: tuple[LabelledRecording, ...], travel: Travel, seed: int) -> tuple[LabelledRecording, ...]:
    """Return the recordings as another band would have made them; each recording has its own turn and offset."""
    out = []
    for index, part in enumerate(parts):
        recording = part.recording
        rng = np.random.default_rng([seed, index])
        for change in travel.changes:
            recording = change(recording, rng)
        out.append(replace(part, recording=recording))
    return tuple(out)
