"""One recording to all that is known of it: the way that files and the demonstration share."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from activity.bouts import Bout, bouts_from
from activity.classify.model import Model
from activity.day.adjust import DayAdjusted, Profile, adjust_days, profile_of
from activity.day.intensity import Intensity, intensities
from activity.day.minutes import minutes_of
from activity.day.summarise import summarise_days
from activity.day.summary import DaySummary
from activity.recognise import Recognised, recognise_gathered
from activity.reprocess.scratch import rows_on_disk
from activity.signal.gather import Rows, RowsInMemory, gather
from device.recording import BandInfo, Extent, Stream


@dataclass(frozen=True, slots=True, eq=False)
class Analysis:
    """What a recording is, its epochs and steps (``found``), its bouts and its days."""

    extent: Extent
    band: BandInfo
    found: Recognised
    bouts: tuple[Bout, ...]
    days: tuple[DaySummary, ...]
    adjusted: tuple[DayAdjusted, ...]  #: in the order of ``days``
    intensity: tuple[Intensity, ...]
    profile: Profile


def analyse(stream: Stream, model: Model, zone: str, scratch: Path | None = None) -> Analysis:
    """Return what ``model`` makes of a recording, with the local days of ``zone``.

    The even grid is laid aside in an unnamed file in the folder ``scratch``, so that memory doesn't grow with the
    recording by more than its results; without one, in memory. Errors: those of the stream and of recognition, and
    `OutputError` where the file can't be written.
    """
    with _rows(scratch) as rows:
        gathered = gather(stream, model.rate_hz, rows)
        found = recognise_gathered(gathered, model)
    bouts = bouts_from(found.epochs)
    days = summarise_days(found.epochs, bouts, found.step_times_ns, zone)
    minutes = minutes_of(found.epochs, found.step_times_ns, [day.local_day for day in days], zone)
    profile = profile_of(minutes)
    adjusted, intensity = adjust_days(minutes, profile), intensities(minutes)
    return Analysis(gathered.extent, stream.band, found, bouts, days, adjusted, intensity, profile)


@contextmanager
def _rows(scratch: Path | None) -> Iterator[Rows]:
    if scratch is None:
        yield RowsInMemory()
        return
    with rows_on_disk(scratch) as rows:
        yield rows
