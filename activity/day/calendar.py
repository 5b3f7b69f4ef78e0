"""Local days as stretches of UTC: 23, 24 or 25 hours long, and sometimes none at all."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

NS_PER_MINUTE = 60_000_000_000

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class LocalDay:
    """One local date and the time ``[start_ns, stop_ns)``, UTC, that it was."""

    date: date
    start_ns: int
    stop_ns: int

    @property
    def length_minutes(self) -> int:
        """1380, 1440 or 1500 in nearly all zones."""
        return (self.stop_ns - self.start_ns) // NS_PER_MINUTE


def local_days(first_ns: int, last_ns: int, zone: str) -> tuple[LocalDay, ...]:
    """Return the local days, without a break, from the one that holds ``first_ns`` to the one that holds ``last_ns``.

    A date that a zone left out when it crossed the date line has no day.
    """
    where = ZoneInfo(zone)
    day = _date_of(first_ns, where) - timedelta(days=1)
    days = []
    start_ns = _midnight_ns(day, where)
    while start_ns <= last_ns:
        following = day + timedelta(days=1)
        stop_ns = _midnight_ns(following, where)
        if first_ns < stop_ns and start_ns < stop_ns:
            days.append(LocalDay(day, start_ns, stop_ns))
        day, start_ns = following, stop_ns
    return tuple(days)


def _date_of(time_ns: int, zone: ZoneInfo) -> date:
    return (_EPOCH + timedelta(seconds=time_ns // 1_000_000_000)).astimezone(zone).date()


def _midnight_ns(day: date, zone: ZoneInfo) -> int:
    """Return the first instant of ``day``; where clocks skip midnight that is the moment they do."""
    midnight = datetime(day.year, day.month, day.day, tzinfo=zone, fold=0)
    since = midnight - _EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000_000
