"""Whose band it is: given to one person at a time, so that what it recorded finds who wore it."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection, Row, select

from activity.errors import AnswerError, BandUnassignedError
from activity.store.participants import Participant, participant
from activity.store.schema import BAND
from activity.store.writing import Writing

_LONGEST_SERIAL = 64
GIVEN, RETURNED = "given", "returned"


@dataclass(frozen=True, slots=True)
class Wearer:
    """Who wears a band."""

    participant: Participant
    since: date  #: local day on which they got it; part of it may be somebody else's, so only later days are theirs


def give_band(write: Writing, who: Participant, serial: str, since: date) -> None:
    """Give a band to somebody; it is taken back from whoever had it, and so is the one that they had.

    That it was taken back is a row about whom it was taken from: were the next wearer erased, it isn't theirs again.
    """
    name = checked_serial(serial)
    _take_back(write, name, since)
    for held in _held_by(write.connection, who.id):
        _take_back(write, held, since)
    write.add(BAND, {"band": name, "since": since.isoformat(), "state": GIVEN}, who.id)


def return_band(write: Writing, serial: str, since: date) -> bool:
    """Take a band back; return whether somebody had it."""
    return _take_back(write, checked_serial(serial), since)


def wearer(connection: Connection, serial: str) -> Wearer:
    """Return who wears the band of that serial number; `BandUnassignedError` where nobody does."""
    name = checked_serial(serial)
    row = _newest(connection, name)
    if row is None or row.state != GIVEN:
        raise BandUnassignedError(
            "nobody has this band", name, "a band that was given to a participant",
            f"selfback participant band ID {name}",
        )  # fmt: skip
    return Wearer(participant(connection, row.participant), date.fromisoformat(row.since))


def bands_given(connection: Connection) -> tuple[str, ...]:
    """Return the serial numbers of the bands that somebody has, in order."""
    states = {row.band: row.state for row in connection.execute(select(BAND).order_by(BAND.c.id))}
    return tuple(sorted(name for name, state in states.items() if state == GIVEN))


def checked_serial(serial: str) -> str:
    """Return a serial number as it is kept; `AnswerError` where it can't be one."""
    name = serial.strip()
    if not name or len(name) > _LONGEST_SERIAL or not name.isprintable():
        raise AnswerError(f"{serial!r} is no serial number", expected="one as `selfback sync` says it")
    return name


def _newest(connection: Connection, serial: str) -> Row[Any] | None:
    rows = select(BAND).where(BAND.c.band == serial).order_by(BAND.c.id.desc()).limit(1)
    return connection.execute(rows).first()


def _held_by(connection: Connection, key: str) -> list[str]:
    rows = connection.execute(select(BAND).where(BAND.c.participant == key).order_by(BAND.c.id))
    states = {row.band: row.state for row in rows}
    return [name for name, state in states.items() if state == GIVEN]


def _take_back(write: Writing, serial: str, since: date) -> bool:
    row = _newest(write.connection, serial)
    if row is None or row.state != GIVEN:
        return False
    write.add(BAND, {"band": serial, "since": since.isoformat(), "state": RETURNED}, row.participant)
    return True
