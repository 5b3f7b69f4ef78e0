"""The fourth form: who may sign in, on which device, what the staff looked at, where people belong, and their days."""

from alembic import op
from sqlalchemy import Column, ForeignKey, Integer, Text, UniqueConstraint

revision = "0004"
down_revision = "0003"

_WRITTEN = ("written_at", "written_by", "salt")


def _texts(*names: str) -> list[Column[str]]:
    return [Column(name, Text, nullable=False) for name in names]


def _number(name: str, of: str) -> Column[int]:
    return Column(name, Integer, ForeignKey(f"{of}.id"), nullable=False)


def _about(name: str, *columns: Column[str] | Column[int], unique: tuple[str, ...] = ()) -> None:
    who = Column("participant", Text, ForeignKey("participant.id"), nullable=False)
    _make(name, who, *columns, unique=unique)
    op.create_index(f"ix_{name}_participant", name, ["participant"])


def _make(name: str, *columns: Column[str] | Column[int], unique: tuple[str, ...] = ()) -> None:
    op.create_table(
        name,
        Column("id", Integer, primary_key=True),
        *columns,
        *_texts(*_WRITTEN),
        *(UniqueConstraint(column, name=f"uq_{name}_{column}") for column in unique),
        sqlite_strict=True,
        sqlite_autoincrement=True,
    )


def upgrade() -> None:
    """Make the tables; nothing that is there changes."""
    _about("site", *_texts("site"))
    _about("day", *_texts("date", "source", "document"))
    op.create_index("ix_day_source", "day", ["source", "participant", "date"])
    op.create_index("ix_event_kind", "event", ["kind", "participant", "date"])
    _about("invitation", *_texts("secret", "until"), unique=("secret",))
    _about(
        "session",
        _number("invitation", "invitation"),
        *_texts("secret", "device", "until"),
        unique=("invitation", "secret"),
    )
    _about("session_end", _number("session", "session"), unique=("session",))
    op.create_table(
        "submission",
        Column("id", Integer, primary_key=True),
        Column("participant", Text, ForeignKey("participant.id"), nullable=False),
        *_texts("key", *_WRITTEN),
        UniqueConstraint("participant", "key", name="uq_submission_participant"),
        sqlite_strict=True,
        sqlite_autoincrement=True,
    )
    op.create_index("ix_submission_participant", "submission", ["participant"])
    _make("staff", *_texts("staff", "role", "site", "password", "totp", "state"))
    _make(
        "staff_session",
        *_texts("staff", "role", "site", "proof", "secret", "until"),
        unique=("proof", "secret"),
    )
    _make("staff_session_end", _number("session", "staff_session"), unique=("session",))
    _make("access", *_texts("participant", "role", "page"))
