"""The 24-hour strip: what each stretch of a local day shows, merged from epochs."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from activity.day.summary import DaySummary
from activity.epochs import UNKNOWN, Epochs
from activity.labels import ACTIVITIES


class Kind(StrEnum):
    """What a stretch of the strip shows; the first seven are the activities in their order."""

    SITTING = "sitting"
    STANDING = "standing"
    LYING = "lying"
    WALKING = "walking"
    RUNNING = "running"
    STAIRS = "stairs"
    OTHER = "other"
    UNKNOWN = "unknown"  #: recorded, but too broken to say
    UNWORN = "unworn"
    UNRECORDED = "unrecorded"  #: no epoch at all


KINDS: Final = tuple(Kind)
_UNKNOWN_CODE: Final = KINDS.index(Kind.UNKNOWN)
_UNWORN_CODE: Final = KINDS.index(Kind.UNWORN)
_SEAM_NS: Final = 1_000_000  # epochs whose edges differ by rounding still touch

if [kind.value for kind in KINDS[: len(ACTIVITIES)]] != [activity.value for activity in ACTIVITIES]:
    raise RuntimeError("Kind doesn't begin with the activities in their order")


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch ``[start_s, stop_s)`` of one kind, in seconds since local midnight as they passed."""

    start_s: float
    stop_s: float
    kind: Kind

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return self.stop_s - self.start_s


def day_spans(epochs: Epochs, day: DaySummary) -> tuple[Span, ...]:
    """Return the stretches that fill a local day from end to end, in order, without overlap."""
    length_ns = day.length_minutes * 60_000_000_000
    start = epochs.time_ns - day.start_ns
    stop = start + round(epochs.width_s * 1e9)
    stop[:-1] = np.minimum(stop[:-1], start[1:])
    inside = (stop > 0) & (start < length_ns)
    start = np.clip(start[inside], 0, length_ns)
    stop = np.clip(stop[inside], 0, length_ns)
    return _filled(_merged(start, stop, _codes(epochs)[inside]), length_ns)


def minutes_of(spans: tuple[Span, ...], kind: Kind) -> float:
    """Return how many minutes of the day the strip shows ``kind``."""
    return sum(span.duration_s for span in spans if span.kind is kind) / 60


def _codes(epochs: Epochs) -> NDArray[np.int64]:
    """Return an index into ``KINDS`` for each epoch: no wear outranks a guess at the activity."""
    codes = epochs.activity.astype(np.int64)
    codes[(epochs.activity == UNKNOWN) | (epochs.worn == UNKNOWN)] = _UNKNOWN_CODE
    codes[epochs.worn == 0] = _UNWORN_CODE
    return codes


def _merged(start: NDArray[np.int64], stop: NDArray[np.int64], codes: NDArray[np.int64]) -> list[tuple[int, int, Kind]]:
    if not start.size:
        return []
    breaks = np.flatnonzero((codes[1:] != codes[:-1]) | (start[1:] > stop[:-1] + _SEAM_NS)) + 1
    first = np.concatenate(([0], breaks))
    last = np.concatenate((breaks - 1, [start.size - 1]))
    return [(int(start[a]), int(stop[b]), KINDS[codes[a]]) for a, b in zip(first, last, strict=True)]


def _filled(runs: list[tuple[int, int, Kind]], length_ns: int) -> tuple[Span, ...]:
    """Return the runs with every hole between them named as not recorded."""
    spans, reached = [], 0
    for start, stop, kind in runs:
        if start > reached + _SEAM_NS:
            spans.append(_span(reached, start, Kind.UNRECORDED))
        else:
            start = reached  # noqa: PLW2901 - close the seam, so that spans meet exactly
        spans.append(_span(start, stop, kind))
        reached = stop
    if length_ns > reached + _SEAM_NS:
        spans.append(_span(reached, length_ns, Kind.UNRECORDED))
    return tuple(spans)


def _span(start_ns: int, stop_ns: int, kind: Kind) -> Span:
    return Span(start_ns / 1e9, stop_ns / 1e9, kind)
