"""Frames with ticks, placed on a clock line: sample times, and where they are continuous.

A band's samples are evenly spaced between two frames that follow each other, so their times come from the ticks of
both; that also holds for an oscillator that samples 5 % slower than it says.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from device.errors import RecordingError
from device.profiles.openband import scale_g
from device.recording import BandInfo, Damage, Recording, Segment
from device.timebase import ClockLine
from device.wire.codes import TICKS_HZ

RATE_TOLERANCE: Final = 0.25
"""Frames that follow each other but lie further from their nominal distance than this have a gap between them
(or a clock that was set). A MEMS oscillator is within a tenth; one lost frame of two doubles the distance."""
HOLE: Final = 0.02
"""A hole in a frame's length beside the pace of the run: a stream that was begun again within a tenth of a second after
a long frame isn't the same one going on. An oscillator that is off stays so: to 0.6 % over 20 K."""
HOLE_SAMPLES: Final = 0.25  #: of a sample, in frames so short that jitter of an interrupt counts


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """Samples with the ticks of the first; ``follows`` says that it is the next one after the frame before."""

    ticks: int
    rate_hz: float
    range_g: int
    samples: NDArray[np.int16]
    follows: bool


@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """Samples and their UTC, in the order of their frames; ``begins`` marks those that continue nothing."""

    accel_g: NDArray[np.float32]
    time_ns: NDArray[np.int64]
    begins: NDArray[np.bool_]
    missing: int  #: samples that should have been there, from the lengths of the gaps


def place(frames: Sequence[Frame], line: ClockLine, pace: float = 1.0) -> Run:
    """Return the samples of frames that are sorted by ticks, on one clock line.

    ``pace`` is how many nominal periods a sample takes in frames that nothing joins: of the same band at another time.
    """
    ticks, counts, nominal = _columns(frames)
    apart = _apart(ticks, counts, nominal)
    joined = _joined(frames, apart, counts)
    period = nominal * np.where(joined, apart, _nearest_known(apart, joined, pace))
    holes = (ticks[1:] - ticks[:-1] - counts[:-1] * period[:-1]) / period[:-1]
    missing = int(np.rint(holes[~joined[:-1]].clip(min=0)).sum())
    frame_of = np.repeat(np.arange(len(frames)), counts)
    within = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    begins = (within == 0) & np.concatenate([[True], ~joined[:-1]])[frame_of]
    accel_g = np.concatenate([scale_g(frame.samples, frame.range_g) for frame in frames])
    return Run(accel_g, line.to_ns(ticks[frame_of] + within * period[frame_of]), begins, missing)


def pace_of(frames: Sequence[Frame]) -> float | None:
    """Return how many nominal periods a sample takes in the middle of what is joined; None where nothing is."""
    ticks, counts, nominal = _columns(frames)
    apart = _apart(ticks, counts, nominal)
    joined = _joined(frames, apart, counts)
    return float(np.median(apart[joined])) if joined.any() else None


def last_ticks(frames: Sequence[Frame], pace: float) -> NDArray[np.int64]:
    """Return the ticks of the last sample of each frame."""
    ticks, counts, nominal = _columns(frames)
    return ticks + np.rint((counts - 1) * nominal * pace).astype(np.int64)


def _columns(frames: Sequence[Frame]) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Return of each frame its ticks, how many samples it has, and the nominal ticks between two of them."""
    ticks = np.array([frame.ticks for frame in frames], dtype=np.int64)
    counts = np.array([len(frame.samples) for frame in frames], dtype=np.int64)
    return ticks, counts, TICKS_HZ / np.array([frame.rate_hz for frame in frames])


def _apart(ticks: NDArray[np.int64], counts: NDArray[np.int64], nominal: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how far the next frame is, in lengths that this one should have; 0 of the last."""
    return np.append(np.diff(ticks) / (counts[:-1] * nominal[:-1]), 0.0)


def _joined(frames: Sequence[Frame], apart: NDArray[np.float64], counts: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return which frames the next one continues, without a hole between them."""
    follows = (b.follows and a.rate_hz == b.rate_hz for a, b in itertools.pairwise(frames))
    near = np.array([*follows, False]) & (np.abs(apart - 1.0) <= RATE_TOLERANCE)
    pace = float(np.median(apart[near])) if near.any() else 1.0
    joined: NDArray[np.bool_] = near & (np.abs(apart - pace) * counts <= np.maximum(HOLE_SAMPLES, counts * HOLE))
    return joined


def _nearest_known(apart: NDArray[np.float64], joined: NDArray[np.bool_], pace: float) -> NDArray[np.float64]:
    """Return for each frame the ratio of the last joined one before it, else of the first: runs keep their pace."""
    if not joined.any():
        return np.full(joined.size, pace)
    known = np.maximum.accumulate(np.where(joined, np.arange(joined.size), -1))
    return apart[np.where(known >= 0, known, int(np.argmax(joined)))]


def join(runs: Sequence[Run], band: BandInfo, zone: str, damage: Sequence[Damage], what_is_missing: str) -> Recording:
    """Return one recording of all runs, in the order of time; samples whose time goes back are left out, counted."""
    if not runs:
        raise RecordingError("no sample of it has a time", expected="at least one valid frame")
    ordered = sorted(runs, key=lambda run: int(run.time_ns[0]))
    time_ns = np.concatenate([run.time_ns for run in ordered])
    accel_g = np.concatenate([run.accel_g for run in ordered])
    begins = np.concatenate([run.begins for run in ordered])
    onward = np.append(True, time_ns[1:] > np.maximum.accumulate(time_ns)[:-1])
    # A sample that continues one that is left out has to begin a segment.
    begins[1:] |= ~onward[:-1]
    edges = [*np.flatnonzero(begins[onward]).tolist(), int(onward.sum())]
    segments = tuple(Segment(a, b) for a, b in itertools.pairwise(edges))
    rows = list(damage)
    if missing := sum(run.missing for run in ordered):
        rows.append(Damage(f"samples missing between {what_is_missing}", missing, "left as gaps"))
    if back := int((~onward).sum()):
        rows.append(Damage("samples whose time goes back", back, "left out"))
    return Recording(accel_g[onward], time_ns[onward], segments, band, zone, tuple(rows))
