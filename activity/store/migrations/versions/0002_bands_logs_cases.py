"""The second form: whose band it is, exercises that were done, and cases that were retained."""

from alembic import op
from sqlalchemy import Column, ForeignKey, Integer, Text

revision = "0002"
down_revision = "0001"

_WRITTEN = ("written_at", "written_by", "salt")
#: Columns of text of each table of rows about a participant.
_ABOUT = {
    "band": ("band", "since", "state"),
    "exercise": ("date", "exercise", "document"),
    "retained": ("start", "consent", "provenance", "document"),
}


def upgrade() -> None:
    """Make the three tables; nothing that is there changes."""
    for name, columns in _ABOUT.items():
        op.create_table(
            name,
            Column("id", Integer, primary_key=True),
            Column("participant", Text, ForeignKey("participant.id"), nullable=False),
            *(Column(column, Text, nullable=False) for column in (*columns, *_WRITTEN)),
            sqlite_strict=True,
            sqlite_autoincrement=True,
        )
        op.create_index(f"ix_{name}_participant", name, ["participant"])
