"""One recording to all that is known of it, in memory: the way that files and the demonstration share."""

from dataclasses import dataclass

from activity.bouts import Bout, bouts_from
from activity.classify.model import Model
from activity.day.summarise import summarise_days
from activity.day.summary import DaySummary
from activity.recognise import Recognised, recognise
from device.recording import Recording


@dataclass(frozen=True, slots=True, eq=False)
class Analysis:
    """A recording with its epochs and steps (``found``), its bouts and its days."""

    recording: Recording
    found: Recognised
    bouts: tuple[Bout, ...]
    days: tuple[DaySummary, ...]


def analyse(recording: Recording, model: Model, zone: str) -> Analysis:
    """Return what ``model`` makes of ``recording``, with the local days of ``zone``; `NotEnoughDataError`."""
    found = recognise(recording, model)
    bouts = bouts_from(found.epochs)
    return Analysis(recording, found, bouts, summarise_days(found.epochs, bouts, found.step_times_ns, zone))
