"""The tables of the store. Rows are added, never changed: what replaces one names it, and only erasing removes.

Times and dates are ISO text in UTC, documents are JSON in one spelling, so that a row has the same bytes, and so the
same digest, in every database. ``salt`` makes a digest in the audit say nothing once its row is erased.
"""

from typing import Final

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Integer, MetaData, Table, Text, UniqueConstraint

METADATA: Final = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_label)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _table(name: str, *columns: Column[str] | Column[int]) -> Table:
    """Return a table of rows about a participant, each with when it was written and by whom."""
    return Table(
        name,
        METADATA,
        Column("id", Integer, primary_key=True),
        Column("participant", Text, ForeignKey("participant.id"), nullable=False),
        *columns,
        Column("written_at", Text, nullable=False),
        Column("written_by", Text, nullable=False),
        Column("salt", Text, nullable=False),
        Index(f"ix_{name}_participant", "participant"),
        sqlite_strict=True,
        sqlite_autoincrement=True,
    )


PARTICIPANT: Final = Table(
    "participant",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("zone", Text, nullable=False),  # IANA name
    Column("language", Text, nullable=False),  # BCP 47
    Column("arm", Text, nullable=False),  # of a trial; empty outside of one
    Column("written_at", Text, nullable=False),
    Column("written_by", Text, nullable=False),
    Column("salt", Text, nullable=False),
    sqlite_strict=True,
)
#: Ids of those who were erased, so that none is given again.
ERASED: Final = Table(
    "erased",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("erased_at", Text, nullable=False),
    sqlite_strict=True,
)
PROFILE: Final = _table("profile", Column("document", Text, nullable=False))
ANSWERS: Final = _table(
    "answers",
    Column("instrument", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("date", Text, nullable=False),  # local, of the day that was asked about
    Column("document", Text, nullable=False),
)
PLAN: Final = _table(
    "plan",
    Column("start", Text, nullable=False),  # local date
    Column("language", Text, nullable=False),
    Column("content_version", Text, nullable=False),
    Column("document", Text, nullable=False),  # as it was shown
)
EDIT: Final = _table(
    "edit",
    Column("plan", Integer, ForeignKey("plan.id"), nullable=False),
    Column("document", Text, nullable=False),
)
MESSAGE: Final = _table(
    "message",
    Column("date", Text, nullable=False),
    Column("document", Text, nullable=False),  # as it was shown
)
EVENT: Final = _table(
    "event",  # adverse events and what staff has to follow up
    Column("kind", Text, nullable=False),
    Column("date", Text, nullable=False),
    Column("document", Text, nullable=False),
)
BAND: Final = _table(
    "band",
    Column("band", Text, nullable=False),  # serial number
    Column("since", Text, nullable=False),  # local date
    Column("state", Text, nullable=False),  # given or returned
)
EXERCISE: Final = _table(
    "exercise",  # what somebody says that they did
    Column("date", Text, nullable=False),
    Column("exercise", Text, nullable=False),  # its id
    Column("document", Text, nullable=False),
)
RETAINED: Final = _table(
    "retained",  # cases to learn from
    Column("start", Text, nullable=False),  # local date
    Column("consent", Text, nullable=False),  # yes or no: whether others' plans may be made from it
    Column("provenance", Text, nullable=False),
    Column("document", Text, nullable=False),
)
STUDY: Final = Table(
    "study",  # its protocol as it began, and each amendment
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("study", Text, nullable=False),  # id of the protocol
    Column("act", Text, nullable=False),  # start or amendment
    Column("digest", Text, nullable=False),  # of the protocol
    Column("key_check", Text, nullable=False),  # tells the key from any other, and holds nothing of it
    Column("document", Text, nullable=False),
    Column("pins", Text, nullable=False),  # hashes of content and model, as JSON
    Column("why", Text, nullable=False),
    Column("written_at", Text, nullable=False),
    Column("written_by", Text, nullable=False),
    Column("salt", Text, nullable=False),
    sqlite_strict=True,
    sqlite_autoincrement=True,
)
#: Places of the random sequence that were taken. Who took one stands in ``allocation``, so that a place stays taken
#: when they are erased.
PLACE: Final = Table(
    "place",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("stratum", Text, nullable=False),
    Column("position", Integer, nullable=False),
    Column("arm", Text, nullable=False),
    Column("protocol", Text, nullable=False),  # digest
    Column("seal", Text, nullable=False),
    Column("written_at", Text, nullable=False),
    Column("written_by", Text, nullable=False),
    Column("salt", Text, nullable=False),
    UniqueConstraint("stratum", "position"),
    sqlite_strict=True,
    sqlite_autoincrement=True,
)
ALLOCATION: Final = _table(
    "allocation",
    Column("place", Integer, ForeignKey("place.id"), nullable=False, unique=True),
    Column("arm", Text, nullable=False),
    Column("date", Text, nullable=False),  # local
    Column("seal", Text, nullable=False),
)
ALLOCATION.append_constraint(UniqueConstraint("participant"))
SITE: Final = _table("site", Column("site", Text, nullable=False))  # where somebody is looked after
DAY: Final = _table(
    "day",  # what a day came to, by where it is known from
    Column("date", Text, nullable=False),  # local
    Column("source", Text, nullable=False),
    Column("document", Text, nullable=False),
)
#: The last day from the band, and the last time the app was opened, are asked of everybody at once.
Index("ix_day_source", DAY.c.source, DAY.c.participant, DAY.c.date)
Index("ix_event_kind", EVENT.c.kind, EVENT.c.participant, EVENT.c.date)
#: One-time links to sign in by; of a secret only its hash is kept, here and in the tables of sessions.
INVITATION: Final = _table(
    "invitation",
    Column("secret", Text, nullable=False, unique=True),
    Column("until", Text, nullable=False),  # UTC
)
SESSION: Final = _table(
    "session",  # a device that somebody signed in on
    Column("invitation", Integer, ForeignKey("invitation.id"), nullable=False, unique=True),
    Column("secret", Text, nullable=False, unique=True),
    Column("device", Text, nullable=False),  # its kind
    Column("until", Text, nullable=False),
)
SESSION_END: Final = _table(
    "session_end", Column("session", Integer, ForeignKey("session.id"), nullable=False, unique=True)
)
SUBMISSION: Final = _table(
    "submission",  # what was sent from a page, so that what comes twice is kept once
    Column("key", Text, nullable=False),
)
SUBMISSION.append_constraint(UniqueConstraint("participant", "key"))


def _table_of_staff(name: str, *columns: Column[str] | Column[int]) -> Table:
    """Return a table of rows about those who work on a study."""
    written = (Column(column, Text, nullable=False) for column in ("written_at", "written_by", "salt"))
    first = Column("id", Integer, primary_key=True)
    return Table(name, METADATA, first, *columns, *written, sqlite_strict=True, sqlite_autoincrement=True)


STAFF: Final = _table_of_staff(
    "staff",  # an account as it was made or changed; of one id, the newest holds
    Column("staff", Text, nullable=False),  # an id, not a name
    Column("role", Text, nullable=False),
    Column("site", Text, nullable=False),  # empty: none in particular
    Column("password", Text, nullable=False),  # Argon2 hash
    Column("totp", Text, nullable=False),  # shared secret, base 32
    Column("state", Text, nullable=False),  # open or closed
)
STAFF_SESSION: Final = _table_of_staff(
    "staff_session",
    Column("staff", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("site", Text, nullable=False),
    Column("proof", Text, nullable=False, unique=True),  # the one-time code or link that it was opened with
    Column("secret", Text, nullable=False, unique=True),
    Column("until", Text, nullable=False),
)
STAFF_SESSION_END: Final = _table_of_staff(
    "staff_session_end", Column("session", Integer, ForeignKey("staff_session.id"), nullable=False, unique=True)
)
#: Who of the staff looked at what, and of whom; it stays when somebody is erased, as the audit does.
ACCESS: Final = _table_of_staff(
    "access",
    Column("participant", Text, nullable=False),  # empty: a list of people
    Column("role", Text, nullable=False),
    Column("page", Text, nullable=False),
)
AUDIT: Final = Table(
    "audit",
    METADATA,
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("at", Text, nullable=False),
    Column("who", Text, nullable=False),
    Column("action", Text, CheckConstraint("action IN ('add', 'erase')", name="action"), nullable=False),
    Column("kind", Text, nullable=False),  # name of the table
    Column("row", Text, nullable=False),
    Column("participant", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("digest", Text, nullable=False),  # of the row, salted
    Column("previous", Text, nullable=False),  # hash of the entry before
    Column("hash", Text, nullable=False),
    sqlite_strict=True,
)

#: Tables of rows about a participant, in the order in which they may be erased.
ABOUT: Final = (
    SESSION_END, SESSION, INVITATION, SUBMISSION, DAY, SITE,
    ALLOCATION, RETAINED, EXERCISE, BAND, EDIT, MESSAGE, EVENT, PLAN, ANSWERS, PROFILE,
)  # fmt: skip
#: Tables of rows about nobody, which stay when somebody is erased.
OF_STUDY: Final = (STUDY, PLACE)
#: Tables of who works on a study, and of what they looked at; they stay as well.
OF_STAFF: Final = (STAFF, STAFF_SESSION, STAFF_SESSION_END, ACCESS)
