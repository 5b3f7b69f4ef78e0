"""The first form: participants, what they said and were shown, events, and the audit."""

from alembic import op
from sqlalchemy import CheckConstraint, Column, ForeignKey, Integer, Text

revision = "0001"
down_revision = None

_WRITTEN = ("written_at", "written_by", "salt")
#: Columns of text of each table of rows about a participant.
_ABOUT = {
    "profile": ("document",),
    "answers": ("instrument", "version", "date", "document"),
    "plan": ("start", "language", "content_version", "document"),
    "message": ("date", "document"),
    "event": ("kind", "date", "document"),
    "edit": ("document",),
}


def upgrade() -> None:
    """Make all tables."""
    op.create_table(
        "participant",
        Column("id", Text, primary_key=True),
        *(Column(name, Text, nullable=False) for name in ("zone", "language", "arm", *_WRITTEN)),
        sqlite_strict=True,
    )
    op.create_table(
        "erased", Column("id", Text, primary_key=True), Column("erased_at", Text, nullable=False), sqlite_strict=True
    )
    for name, columns in _ABOUT.items():
        plan = [Column("plan", Integer, ForeignKey("plan.id"), nullable=False)] if name == "edit" else []
        op.create_table(
            name,
            Column("id", Integer, primary_key=True),
            Column("participant", Text, ForeignKey("participant.id"), nullable=False),
            *plan,
            *(Column(column, Text, nullable=False) for column in (*columns, *_WRITTEN)),
            sqlite_strict=True,
            sqlite_autoincrement=True,
        )
        op.create_index(f"ix_{name}_participant", name, ["participant"])
    op.create_table(
        "audit",
        Column("seq", Integer, primary_key=True, autoincrement=False),
        Column("at", Text, nullable=False),
        Column("who", Text, nullable=False),
        Column("action", Text, nullable=False),
        *(
            Column(name, Text, nullable=False)
            for name in ("kind", "row", "participant", "reason", "digest", "previous", "hash")
        ),
        CheckConstraint("action IN ('add', 'erase')", name="ck_audit_action"),
        sqlite_strict=True,
    )
