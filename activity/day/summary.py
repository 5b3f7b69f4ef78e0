"""DaySummary: what one local day of a wearer came to, and whether that can be judged."""

from dataclasses import dataclass
from datetime import date

from activity.day.calendar import NS_PER_MINUTE, LocalDay
from activity.labels import Activity


@dataclass(frozen=True, slots=True)
class DayQuality:
    """Whether a day can be judged, and why not."""

    valid: bool  #: enough wear to judge a goal on
    reasons: tuple[str, ...]  #: plain sentences, empty when valid
    recorded_minutes: float  #: time in which samples came
    missing_minutes: float  #: local day length less recorded
    unknown_minutes: float  #: recorded, but too broken to recognise


@dataclass(frozen=True, slots=True)
class DaySummary:
    """One local day; missing is None, never zero. Minutes count worn time only."""

    date: date
    zone: str  #: IANA name
    length_minutes: int  #: 1380, 1440 or 1500
    start_ns: int  #: UTC of local midnight
    wear_minutes: float
    minutes: dict[Activity, float]  #: worn minutes of each activity
    steps: int | None
    hourly_steps: tuple[float | None, ...]  #: one value a local hour of the day: 23, 24 or 25 of them
    peak_1min_spm: float | None  #: highest steps in one clock minute
    peak_30min_spm: float | None  #: mean of the 30 highest minutes (Tudor-Locke et al., 2012)
    bouts: int  #: walking bouts of a minute or longer
    longest_still_minutes: float  #: longest unbroken worn still bout
    inactivity_breaks: int  #: times a still bout of 30 min or longer was ended by stepping
    mean_enmo_mg: float | None
    quality: DayQuality

    @property
    def local_day(self) -> LocalDay:
        """The day as a stretch of UTC."""
        return LocalDay(self.date, self.start_ns, self.start_ns + self.length_minutes * NS_PER_MINUTE)
