"""Brings a store to the form that this version knows: a fresh one is made, an older one is backed up and changed."""

import sqlite3
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, inspect

from activity.errors import StoreError, StoreNewerError

#: The option of a connection that changes nothing.
READS: Final = "selfback_reads"
SCRIPTS: Final = Path(__file__).parent / "migrations"


def bring_up(engine: Engine, shown: str, scripts: Path = SCRIPTS) -> None:
    """Make a store current; `StoreNewerError` where it is of a later version, `StoreError` where it isn't a store."""
    config = Config()
    config.set_main_option("script_location", str(scripts).replace("%", "%%"))
    directory = ScriptDirectory.from_config(config)
    with engine.connect().execution_options(**{READS: True}) as connection:
        found = MigrationContext.configure(connection).get_current_revision()
        strangers = set(inspect(connection).get_table_names()) - {"alembic_version"}
    if found == directory.get_current_head():
        return
    if found is None and strangers:
        raise StoreError("it has tables of something else", shown, "a store of this program, or nothing")
    if found is not None and found not in {script.revision for script in directory.walk_revisions()}:
        raise StoreNewerError(
            f"it has form {found}", shown, f"at most {directory.get_current_head()}", "update selfback on this machine"
        )
    if found is not None:
        _back_up(engine, shown, found)
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _back_up(engine: Engine, shown: str, revision: str) -> None:
    if engine.dialect.name != "sqlite":
        raise StoreError(
            f"it has the older form {revision}, and is backed up by its server's own means", shown,
            "a store of this version", "pg_dump it, then run: selfback store migrate --backed-up",
        )  # fmt: skip
    path = Path(engine.url.database or "")
    when = f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
    target = path.with_name(f"{path.name}.{revision}-{when}.backup")
    with sqlite3.connect(path) as source, sqlite3.connect(target) as copy:
        source.backup(copy)
    source.close()
    copy.close()
    target.chmod(0o600)
