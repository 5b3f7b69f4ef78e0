"""Days of people as they are known: by the band, by a phone, or by what somebody typed; two sources are never added.

Of one day and source the newest row holds; of one day the first source in the order of `Source` holds that can be
judged, so that a phone fills in where a band wasn't worn and never adds to one that was.
"""

from collections.abc import Iterable, Mapping
from datetime import date
from enum import StrEnum
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError
from sqlalchemy import Connection, select

from activity.day.summary import DaySummary
from activity.errors import AnswerError
from activity.store.participants import Participant, keep_day, kept
from activity.store.schema import DAY
from activity.store.writing import Writing

_DAYS: Final = TypeAdapter(DaySummary)


class Source(StrEnum):
    """Where a day is known from, the most trusted first."""

    BAND = "band"
    PHONE = "phone"
    OWN = "own"  #: typed by the person


def day_to_document(day: DaySummary) -> dict[str, Any]:
    """Return a day as values that JSON can hold."""
    document: dict[str, Any] = _DAYS.dump_python(day, mode="json")
    return document


def day_from_document(document: Mapping[str, Any]) -> DaySummary:
    """Return the day of a document; ``AnswerError`` if it isn't one."""
    try:
        return _DAYS.validate_python(dict(document))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise AnswerError("not a day", f"day document, {where or 'as a whole'}", first["msg"]) from error


def keep_days(write: Writing, who: Participant, source: Source, days: Iterable[DaySummary]) -> int:
    """Keep days of one source; what is known already as it is changes nothing. Return how many were new."""
    known = {
        row.facts["date"]: dict(row.document)
        for row in kept(write.connection, who, DAY)
        if row.facts["source"] == source
    }
    new = [day for day in days if known.get(day.date.isoformat()) != day_to_document(day)]
    for day in new:
        keep_day(write, who, (day.date, source.value), day_to_document(day))
    return len(new)


def known_days(
    connection: Connection, who: Participant, first: date = date.min
) -> tuple[tuple[Source, DaySummary], ...]:
    """Return each day from ``first`` on that is known, with its source, in order."""
    rows = connection.execute(
        select(DAY.c.date, DAY.c.source, DAY.c.document)
        .where(DAY.c.participant == who.id, DAY.c.date >= first.isoformat())
        .order_by(DAY.c.id)
    )
    newest: dict[tuple[str, str], str] = {(row.date, row.source): row.document for row in rows}
    found: dict[str, tuple[Source, DaySummary]] = {}
    for source in Source:
        for (day, other), text in newest.items():
            if other == source and (day not in found or not found[day][1].quality.valid):
                value = _DAYS.validate_json(text)
                if day not in found or value.quality.valid:
                    found[day] = source, value
    return tuple(found[day] for day in sorted(found))
