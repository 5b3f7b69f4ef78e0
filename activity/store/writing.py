"""One transaction in which somebody writes: each row with its entry in the audit."""

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import Connection, Table, select

from activity.errors import AnswerError
from activity.store.audit import append, row_digest
from activity.store.engine import Store
from activity.store.schema import ABOUT, ERASED, PARTICIPANT

#: What a role, a staff id or a reason has at most.
MOST_SAID: Final = 400


@dataclass(frozen=True, slots=True)
class Writing:
    """Who writes, when and why; and the connection of the transaction."""

    connection: Connection
    who: str  #: e.g. "participant", "clinician", "program"; a role or a staff id, never a name
    at: str  #: UTC, ISO 8601
    reason: str

    def add(self, table: Table, values: dict[str, Any], participant: str = "") -> Any:
        """Add a row, with its entry; return its id. ``participant`` is whom it is about where the table says it."""
        about = {"participant": participant} if participant else {}
        row = {**values, **about, "written_at": self.at, "written_by": self.who, "salt": secrets.token_hex(16)}
        key = self.connection.execute(table.insert().values(**row).returning(table.c.id)).scalar_one()
        self._note("add", table.name, key, participant or str(key), row_digest(table.name, {**row, "id": key}))
        return key

    def erase(self, participant: str) -> int:
        """Remove a participant and all rows about them, each with an entry; return how many rows that were.

        What stays is the id, and that something was there and when: digests of what is gone say nothing without salt.
        """
        rows = 0
        for table in ABOUT:
            mine = table.c.participant == participant
            for key in self.connection.execute(select(table.c.id).where(mine).order_by(table.c.id)).scalars().all():
                self._note("erase", table.name, key, participant, "")
                rows += 1
            self.connection.execute(table.delete().where(mine))
        self.connection.execute(PARTICIPANT.delete().where(PARTICIPANT.c.id == participant))
        self._note("erase", PARTICIPANT.name, participant, participant, "")
        self.connection.execute(ERASED.insert().values(id=participant, erased_at=self.at))
        return rows + 1

    def _note(self, action: str, kind: str, key: object, participant: str, digest: str) -> None:
        entry = {
            "at": self.at, "who": self.who, "action": action, "kind": kind, "row": str(key),
            "participant": participant, "reason": self.reason, "digest": digest,
        }  # fmt: skip
        append(self.connection, entry)


def utc_now() -> datetime:
    """Return the time."""
    return datetime.now(UTC)


@contextmanager
def writing(store: Store, who: str, reason: str = "", now: Callable[[], datetime] = utc_now) -> Iterator[Writing]:
    """Yield a transaction of somebody; it is on disk when this ends, or nothing of it is where a fault was raised."""
    for said in (who, reason):
        if not said.isprintable() or len(said) > MOST_SAID:
            raise AnswerError(f"{said!r} can't be kept", expected=f"at most {MOST_SAID} letters on one line")
    with store.writing() as connection:
        yield Writing(connection, who, now().astimezone(UTC).isoformat(timespec="milliseconds"), reason)
