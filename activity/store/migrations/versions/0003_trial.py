"""The third form: the study that a store is of, the places of its random sequence, and who took them."""

from alembic import op
from sqlalchemy import Column, ForeignKey, Integer, Text, UniqueConstraint

revision = "0003"
down_revision = "0002"

_WRITTEN = ("written_at", "written_by", "salt")


def _texts(*names: str) -> list[Column[str]]:
    return [Column(name, Text, nullable=False) for name in names]


def upgrade() -> None:
    """Make the three tables; nothing that is there changes."""
    op.create_table(
        "study",
        Column("id", Integer, primary_key=True),
        *_texts("study", "act", "digest", "key_check", "document", "pins", "why", *_WRITTEN),
        sqlite_strict=True,
        sqlite_autoincrement=True,
    )
    op.create_table(
        "place",
        Column("id", Integer, primary_key=True),
        Column("stratum", Text, nullable=False),
        Column("position", Integer, nullable=False),
        *_texts("arm", "protocol", "seal", *_WRITTEN),
        UniqueConstraint("stratum", "position", name="uq_place_stratum"),
        sqlite_strict=True,
        sqlite_autoincrement=True,
    )
    op.create_table(
        "allocation",
        Column("id", Integer, primary_key=True),
        Column("participant", Text, ForeignKey("participant.id"), nullable=False),
        Column("place", Integer, ForeignKey("place.id"), nullable=False),
        *_texts("arm", "date", "seal", *_WRITTEN),
        UniqueConstraint("participant", name="uq_allocation_participant"),
        UniqueConstraint("place", name="uq_allocation_place"),
        sqlite_strict=True,
        sqlite_autoincrement=True,
    )
    op.create_index("ix_allocation_participant", "allocation", ["participant"])
