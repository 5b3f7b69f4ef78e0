"""Days as IEEE 1752.1 data points: steps and time of each activity, one day an interval.

Schema ``ieee:physical-activity:1.0`` of IEEE Std 1752.1-2021, in favour of which Open mHealth's own of steps are
deprecated. The schema has no word for how long a band was worn, so that a day which isn't valid isn't given at all.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from activity.day.summary import DaySummary
from activity.labels import Activity

SCHEMA: Final = {"namespace": "ieee", "name": "physical-activity", "version": "1.0"}
#: Names of ours under which identifiers of data points are made: the same day of the same person has the same one.
_SPACE: Final = UUID("6d0f2f4e-9a3c-5c0b-8a39-2f6c5b1c7b10")
#: Activities that are physical, with the name of each in the Compendium's words.
_NAMED: Final = {Activity.WALKING: "walking", Activity.RUNNING: "running", Activity.STAIRS: "stair climbing"}


def data_points(
    person: str, days: Iterable[DaySummary], intensity: Mapping[str, tuple[float | None, float | None]], made: datetime
) -> Iterator[dict[str, Any]]:
    """Yield a data point of each valid day's steps, and one of each activity in it.

    ``intensity`` is minutes of moderate and of vigorous activity by ISO date, None where they aren't known; ``made`` is
    when the program came to these figures.
    """
    for day in days:
        if not day.quality.valid or day.steps is None:
            continue
        whole: dict[str, Any] = {"activity_name": "all movement of the day"}
        whole["base_movement_quantity"] = {"value": day.steps, "unit": "steps"}
        moderate, vigorous = intensity.get(day.date.isoformat(), (None, None))
        for name, minutes in (("moderate", moderate), ("vigorous", vigorous)):
            if minutes is not None:
                whole[f"duration_{name}_activity"] = {"value": round(minutes, 2), "unit": "min"}
        yield _point(person, day, whole, made)
        for activity, name in _NAMED.items():
            minutes = day.minutes.get(activity, 0.0)
            if minutes:
                body = {"activity_name": name, "duration": {"value": round(minutes, 2), "unit": "min"}}
                yield _point(person, day, body, made)


def _point(person: str, day: DaySummary, body: dict[str, Any], made: datetime) -> dict[str, Any]:
    name = f"{person}/{day.date}/{body['activity_name']}"
    return {
        "header": {
            "uuid": str(uuid5(_SPACE, name)),
            "schema_id": SCHEMA,
            "source_creation_date_time": made.isoformat(timespec="seconds"),
            "modality": "sensed",
        },
        "body": body | {"effective_time_frame": {"time_interval": _interval(day)}},
    }


def _interval(day: DaySummary) -> dict[str, str]:
    """Return the local day from midnight to midnight: 23, 24 or 25 hours, as the offsets of both ends tell."""
    zone = ZoneInfo(day.zone)
    start = datetime(day.date.year, day.date.month, day.date.day, tzinfo=zone)
    after = day.date + timedelta(days=1)
    stop = datetime(after.year, after.month, after.day, tzinfo=zone)
    return {"start_date_time": start.isoformat(), "end_date_time": stop.isoformat()}
