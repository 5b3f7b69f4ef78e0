"""From the wall clock that a device was set to, to UTC."""

import math
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from device.errors import ReadError
from device.recording import NS_PER_S, Damage

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def zone_named(zone: str) -> ZoneInfo:
    """Return the IANA zone of that name; `ReadError` if there is none."""
    try:
        return ZoneInfo(zone)
    except (KeyError, ValueError, OSError) as error:
        raise ReadError(
            f"there is no time zone {zone!r}", expected="an IANA name such as Europe/Oslo", remedy="check the name"
        ) from error


def wall_offset_ns(first_wall_ns: int, zone: str) -> int:
    """Return what to take from a device's wall clock to get UTC, from the wall time of its first sample.

    One offset serves a whole recording: a device that was set to local time doesn't follow daylight saving while it
    runs. A first sample in the hour that comes twice in autumn is taken as the first of the two; in the hour that
    spring leaves out, as winter time.
    """
    where = zone_named(zone)
    try:
        wall = datetime(1970, 1, 1) + timedelta(seconds=first_wall_ns // NS_PER_S)  # noqa: DTZ001 - a wall clock
        offset = wall.replace(tzinfo=where, fold=0).utcoffset()
    except OverflowError as error:
        raise ReadError(f"a time of {first_wall_ns} ns", expected="a year from 1 to 9999") from error
    return round(offset.total_seconds()) * NS_PER_S if offset is not None else 0


def set_elsewhere(offset_s: float, offset_ns: int, zone: str) -> tuple[Damage, ...]:
    """Say that a clock was set at another offset from UTC than it is read at; to who asked for no zone, nothing."""
    if zone == "UTC" or math.isnan(offset_s) or round(offset_s) * NS_PER_S == offset_ns:
        return ()
    return (Damage(f"clock set at UTC{offset_s / 3600:+g} h, which isn't {zone}", 1, f"read as {zone}", "the header"),)


def text_of(time_ns: int) -> str:
    """Return an instant as ISO 8601 in UTC, to the millisecond, for messages."""
    return (_EPOCH + timedelta(microseconds=time_ns // 1000)).isoformat(timespec="milliseconds")
