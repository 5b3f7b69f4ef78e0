"""Who may sign in: invitations and devices of participants, accounts and sessions of staff, and what staff looked at.

Secrets come in as hashes and are kept as hashes. Nothing here is ever changed: a used link has a session, an ended
session has an end, a changed account has a newer row.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Table, select

from activity.errors import AccessDeniedError, AnswerError
from activity.store.participants import Participant, participant
from activity.store.schema import (
    ACCESS,
    INVITATION,
    SESSION,
    SESSION_END,
    SITE,
    STAFF,
    STAFF_SESSION,
    STAFF_SESSION_END,
    SUBMISSION,
)
from activity.store.writing import Writing

_LONGEST_NAME: Final = 40
OPEN, CLOSED = "open", "closed"
_ASK: Final = "ask your team for a new link"


class Role(StrEnum):
    """Who somebody is to the app."""

    PARTICIPANT = "participant"
    CLINICIAN = "clinician"  #: of one site
    TRIAL = "trial"  #: staff of the study, all sites
    ADMIN = "admin"  #: accounts, and nobody's health


@dataclass(frozen=True, slots=True)
class Device:
    """A device that a participant is signed in on."""

    session: int
    kind: str
    since: str  #: UTC, ISO 8601


@dataclass(frozen=True, slots=True)
class StaffMember:
    """An account of the staff."""

    id: str  #: not a name
    role: Role
    site: str  #: empty: none in particular
    password: str  #: Argon2 hash
    totp: str  #: shared secret, base 32
    is_open: bool = True


@dataclass(frozen=True, slots=True)
class StaffSession:
    """Somebody of the staff who is signed in."""

    session: int
    staff: str
    role: Role
    site: str


def checked_name(text: str, what: str) -> str:
    """Return the id of a site or of somebody of the staff; ``AnswerError`` where it can't be one."""
    name = text.strip().lower()
    plain = name.replace("-", "").replace(".", "")
    if not plain.isascii() or not plain.isalnum() or len(name) > _LONGEST_NAME:
        raise AnswerError(f"{text!r} is no {what}", expected=f"1 to {_LONGEST_NAME} letters, digits, - and .")
    return name


def give_site(write: Writing, who: Participant, site: str) -> None:
    """Keep at which site somebody is looked after; the newest holds."""
    write.add(SITE, {"site": checked_name(site, "site")}, who.id)


def site_of(connection: Connection, who: Participant) -> str:
    """Return the site that looks after somebody; empty where none does."""
    rows = select(SITE.c.site).where(SITE.c.participant == who.id).order_by(SITE.c.id.desc()).limit(1)
    return connection.execute(rows).scalar() or ""


def sites(connection: Connection) -> dict[str, str]:
    """Return the site of everybody who has one, by id."""
    rows = connection.execute(select(SITE.c.participant, SITE.c.site).order_by(SITE.c.id))
    return {row.participant: row.site for row in rows}


def invite(write: Writing, who: Participant, secret: str, until: datetime) -> int:
    """Keep a one-time link by its hash; links given before it hold no longer."""
    return int(write.add(INVITATION, {"secret": secret, "until": _utc(until)}, who.id))


def open_session(
    write: Writing, invitation: str, secret: str, *, device: str, now: datetime, until: datetime
) -> Participant:
    """Sign somebody in by a one-time link, once; ``AccessDeniedError`` where it is unknown, used, replaced or late."""
    connection = write.connection
    row = connection.execute(select(INVITATION).where(INVITATION.c.secret == invitation)).first()
    if row is None:
        raise AccessDeniedError("this link isn't known", expected="a link as it was given", remedy=_ASK)
    newest = select(INVITATION.c.id).where(INVITATION.c.participant == row.participant)
    if connection.execute(newest.order_by(INVITATION.c.id.desc()).limit(1)).scalar() != row.id:
        raise AccessDeniedError("a newer link was made", expected="the newest link", remedy=_ASK)
    if _exists(connection, SESSION, SESSION.c.invitation == row.id):
        raise AccessDeniedError("this link was used before", expected="a link that wasn't used", remedy=_ASK)
    if row.until <= _utc(now):
        raise AccessDeniedError("this link is too old", expected="a link of the last days", remedy=_ASK)
    values = {"invitation": row.id, "secret": secret, "device": device, "until": _utc(until)}
    write.add(SESSION, values, row.participant)
    return participant(connection, row.participant)


def session_of(connection: Connection, secret: str, now: datetime) -> tuple[int, Participant] | None:
    """Return the number of a session and whose it is, by the hash of its secret; None where it no longer holds."""
    row = connection.execute(select(SESSION).where(SESSION.c.secret == secret)).first()
    if row is None or row.until <= _utc(now) or _exists(connection, SESSION_END, SESSION_END.c.session == row.id):
        return None
    return row.id, participant(connection, row.participant)


def devices(connection: Connection, who: Participant, now: datetime) -> tuple[Device, ...]:
    """Return the devices that somebody is signed in on, oldest first."""
    ended = select(SESSION_END.c.session).where(SESSION_END.c.participant == who.id)
    mine = (SESSION.c.participant == who.id) & (SESSION.c.until > _utc(now)) & SESSION.c.id.not_in(ended)
    rows = connection.execute(select(SESSION).where(mine).order_by(SESSION.c.id))
    return tuple(Device(row.id, row.device, row.written_at) for row in rows)


def end_session(write: Writing, who: Participant, session: int) -> bool:
    """Sign one of somebody's devices out; return whether it was signed in."""
    mine = (SESSION.c.id == session) & (SESSION.c.participant == who.id)
    if not _exists(write.connection, SESSION, mine) or _exists(
        write.connection, SESSION_END, SESSION_END.c.session == session
    ):
        return False
    write.add(SESSION_END, {"session": session}, who.id)
    return True


def is_new(write: Writing, who: Participant, key: str) -> bool:
    """Keep that something was sent under a key; return False where it was sent before and is kept already."""
    mine = (SUBMISSION.c.participant == who.id) & (SUBMISSION.c.key == key)
    if _exists(write.connection, SUBMISSION, mine):
        return False
    write.add(SUBMISSION, {"key": key}, who.id)
    return True


def keep_staff(write: Writing, member: StaffMember) -> None:
    """Keep an account as it is made or changed; of one id, the newest holds."""
    state = OPEN if member.is_open else CLOSED
    values = {"staff": checked_name(member.id, "staff id"), "role": member.role.value, "site": member.site}
    write.add(STAFF, {**values, "password": member.password, "totp": member.totp, "state": state})


def staff_member(connection: Connection, name: str) -> StaffMember | None:
    """Return an account as it is now; None where there never was one."""
    row = connection.execute(
        select(STAFF).where(STAFF.c.staff == name).order_by(STAFF.c.id.desc()).limit(1)
    ).first()  # fmt: skip
    return _member(row) if row else None


def staff(connection: Connection) -> tuple[StaffMember, ...]:
    """Return every account as it is now, in the order of the ids."""
    newest = {row.staff: row for row in connection.execute(select(STAFF).order_by(STAFF.c.id))}
    return tuple(_member(newest[name]) for name in sorted(newest))


def open_staff_session(write: Writing, who: tuple[str, Role, str], *, proof: str, secret: str, until: datetime) -> None:
    """Sign somebody of the staff in (id, role, site); ``AccessDeniedError`` where the proof was used before."""
    if _exists(write.connection, STAFF_SESSION, STAFF_SESSION.c.proof == proof):
        raise AccessDeniedError("this code or link was used before", expected="a new one", remedy="wait for the next")
    name, role, site = who
    values = {"staff": name, "role": role.value, "site": site, "proof": proof}
    write.add(STAFF_SESSION, {**values, "secret": secret, "until": _utc(until)})


def staff_session_of(connection: Connection, secret: str, now: datetime) -> StaffSession | None:
    """Return a session of the staff by the hash of its secret; None where it or its account no longer holds."""
    row = connection.execute(select(STAFF_SESSION).where(STAFF_SESSION.c.secret == secret)).first()
    if row is None or row.until <= _utc(now):
        return None
    if _exists(connection, STAFF_SESSION_END, STAFF_SESSION_END.c.session == row.id):
        return None
    member = staff_member(connection, row.staff)
    if member is not None and (not member.is_open or (member.role.value, member.site) != (row.role, row.site)):
        return None
    return StaffSession(row.id, row.staff, Role(row.role), row.site)


def end_staff_session(write: Writing, session: int) -> None:
    """Sign somebody of the staff out."""
    if not _exists(write.connection, STAFF_SESSION_END, STAFF_SESSION_END.c.session == session):
        write.add(STAFF_SESSION_END, {"session": session})


def record_access(write: Writing, role: Role, page: str, who: Participant | None) -> None:
    """Keep that somebody of the staff looked at a page, and of whom; None: a list of people."""
    if who is None:
        write.add(ACCESS, {"participant": "", "role": role.value, "page": page})
    else:
        write.add(ACCESS, {"role": role.value, "page": page}, who.id)


def _exists(connection: Connection, table: Table, condition: ColumnElement[bool]) -> bool:
    return connection.execute(select(table.c.id).where(condition).limit(1)).first() is not None


def _member(row: Any) -> StaffMember:
    return StaffMember(row.staff, Role(row.role), row.site, row.password, row.totp, row.state == OPEN)


def _utc(when: datetime) -> str:
    return when.astimezone(UTC).isoformat(timespec="milliseconds")
