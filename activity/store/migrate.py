"""Brings a store to the form that this version knows: a fresh one is made, an older one is backed up and changed."""

import os
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, inspect

from activity.errors import StoreError, StoreNewerError

#: The option of a connection that changes nothing.
READS: Final = "selfback_reads"
SCRIPTS: Final = Path(__file__).parent / "migrations"


@dataclass(frozen=True, slots=True)
class Form:
    """The form of a store, and what this version would do to it."""

    found: str | None  #: revision; None where there is nothing yet
    head: str
    steps: tuple[tuple[str, str], ...]  #: revision and what it does, in the order in which they would run


def form_of(engine: Engine, shown: str, scripts: Path = SCRIPTS) -> Form:
    """Return the form of a store; `StoreNewerError` where it is of a later version, `StoreError` where it isn't one."""
    directory = ScriptDirectory.from_config(_config(scripts))
    with engine.connect().execution_options(**{READS: True}) as connection:
        found = MigrationContext.configure(connection).get_current_revision()
        strangers = set(inspect(connection).get_table_names()) - {"alembic_version"}
    head = directory.get_current_head() or ""
    if found is None and strangers:
        raise StoreError("it has tables of something else", shown, "a store of this program, or nothing")
    check_known(found, shown, scripts)
    steps = [] if found == head else list(directory.iterate_revisions(head, found or "base"))
    return Form(found, head, tuple((step.revision, step.doc) for step in reversed(steps)))


def check_known(revision: str | None, shown: str, scripts: Path = SCRIPTS) -> None:
    """Raise `StoreNewerError` where a form is none that this version knows."""
    directory = ScriptDirectory.from_config(_config(scripts))
    if revision is not None and revision not in {script.revision for script in directory.walk_revisions()}:
        raise StoreNewerError(
            f"it has form {revision}", shown, f"at most {directory.get_current_head()}",
            "update selfback on this machine",
        )  # fmt: skip


def bring_up(engine: Engine, shown: str, scripts: Path = SCRIPTS) -> None:
    """Make a store current; `StoreNewerError` where it is of a later version, `StoreError` where it isn't a store."""
    form = form_of(engine, shown, scripts)
    if form.found == form.head:
        return
    if form.found is not None:
        _back_up(engine, shown, form.found)
    with engine.begin() as connection:
        upgrade(connection, "head", scripts)


def upgrade(connection: Connection, revision: str, scripts: Path = SCRIPTS) -> None:
    """Change a store to a form, in the transaction of the connection."""
    config = _config(scripts)
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def _config(scripts: Path) -> Config:
    config = Config()
    config.set_main_option("script_location", str(scripts).replace("%", "%%"))
    return config


def _back_up(engine: Engine, shown: str, revision: str) -> None:
    if engine.dialect.name != "sqlite":
        raise StoreError(
            f"it has the older form {revision}, and nothing is changed without a backup", shown,
            "a store of this version", "selfback store migrate --store URL, which makes one first",
        )  # fmt: skip
    path = Path(engine.url.database or "")
    when = f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
    target = path.with_name(f"{path.name}.{revision}-{when}.backup")
    partial = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        os.close(os.open(partial, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
        with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(partial)) as copy:
            source.backup(copy)
        partial.replace(target)
    except (OSError, sqlite3.Error) as error:
        raise StoreError(
            f"it has the older form {revision}, and can't be backed up: {error}", shown, "room beside it",
            "make room, or: selfback store migrate --to FILE",
        ) from error  # fmt: skip
    finally:
        partial.unlink(missing_ok=True)
