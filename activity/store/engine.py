"""Opens a store, SQLite in a file or PostgreSQL at an address, and gives connections to read and to write by.

A write is one transaction with its entries in the audit: all of it is there afterwards, on disk, or nothing.
"""

import errno
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DatabaseError, DBAPIError, NoSuchModuleError, OperationalError

from activity.errors import StoreDamagedError, StoreError, StoreLockedError
from activity.store import migrate

#: How long a writer waits for another before it gives up.
PATIENCE_MS: Final = 5_000
#: What is erased is overwritten, not only forgotten.
_PRAGMAS: Final = ("synchronous = FULL", "foreign_keys = ON", "secure_delete = ON")
_ADDRESS: Final = "a path, or a URL of SQLite or PostgreSQL"
#: SQLSTATE of a lock that wasn't had in time, and of a statement that was cancelled for it.
_PG_LOCKED: Final = frozenset({"55P03", "57014", "40P01"})


@dataclass(frozen=True, slots=True)
class Store:
    """An open store of this version."""

    engine: Engine
    shown: str  #: its address without a password

    @property
    def file(self) -> Path | None:
        """Its file; None where a server keeps it."""
        return Path(self.engine.url.database or "") if self.engine.dialect.name == "sqlite" else None

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Yield a connection that sees one moment of the store and changes nothing."""
        with _faults(self.shown), self.engine.connect().execution_options(**{migrate.READS: True}) as connection:
            if self.engine.dialect.name == "postgresql":
                connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Yield a connection in a transaction that nobody else writes in; it holds when this ends without a fault."""
        with self.changing() as connection:
            if self.engine.dialect.name == "postgresql":
                connection.execute(text("LOCK TABLE audit IN EXCLUSIVE MODE"))
            yield connection

    @contextmanager
    def changing(self) -> Iterator[Connection]:
        """Yield a connection in a transaction that may change the tables themselves, also where there are none yet."""
        with _faults(self.shown), self.engine.begin() as connection:
            if self.engine.dialect.name == "postgresql":
                connection.execute(text(f"SET LOCAL lock_timeout = {PATIENCE_MS}"))
            yield connection

    def close(self) -> None:
        """Let go of all connections."""
        self.engine.dispose()


def open_store(address: str) -> Store:
    """Return the store at ``address``, a path or a URL, of this version: made, or brought up from an older one.

    Errors: `StoreError` and its children.
    """
    store = reach(address, make=True)
    try:
        with _faults(store.shown):
            migrate.bring_up(store.engine, store.shown)
            keep_wal(store)
    except BaseException:
        store.close()
        raise
    return store


def reach(address: str, *, make: bool = False) -> Store:
    """Return the store at ``address`` as it is, whatever its form; a file that isn't there only where ``make`` says.

    Errors: `StoreError` and its children.
    """
    url = _url(address)
    shown = url.render_as_string(hide_password=True)
    try:
        engine = create_engine(url)
    except (NoSuchModuleError, ImportError) as error:
        raise StoreError(
            f"no driver for {url.drivername}", shown, "sqlite or postgresql+psycopg",
            "pip install 'selfback[postgres]'",
        ) from error  # fmt: skip
    if url.get_backend_name() == "sqlite":
        path = Path(url.database or "")
        if make:
            _prepare(path, shown)
        elif not path.is_file():
            raise StoreError("there is no store", shown, "the file of a store", "name another with --store")
        event.listen(engine, "connect", _configure)
        event.listen(engine, "begin", _begin)
    return Store(engine, shown)


def form(store: Store) -> migrate.Form:
    """Return the form that a store has; errors: `StoreError` and its children."""
    with _faults(store.shown):
        return migrate.form_of(store.engine, store.shown)


def _url(address: str) -> URL:
    if "://" not in address:
        return URL.create("sqlite", database=str(Path(address).expanduser().absolute()))
    try:
        url = make_url(address)
    except (ArgumentError, ValueError) as error:
        raise StoreError(
            "an address that can't be read", expected="a path, or a URL of SQLite or PostgreSQL"
        ) from error
    if url.drivername == "postgresql":
        url = url.set(drivername="postgresql+psycopg")
    if url.get_backend_name() not in {"sqlite", "postgresql"}:
        raise StoreError(f"{url.drivername} isn't known", expected=_ADDRESS)
    return url


def _prepare(path: Path, shown: str) -> None:
    """Make the folder and an empty file that only its owner can read, before a database writes into it."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    except OSError as error:
        raise StoreError(
            f"can't be opened: {error.strerror}", shown, "a file that you may read and write",
            "choose another with --store",
        ) from error  # fmt: skip


def _configure(connection: Any, _: object) -> None:
    connection.isolation_level = None  # transactions begin where we say, not where the driver thinks
    for pragma in (f"busy_timeout = {PATIENCE_MS}", *_PRAGMAS):
        connection.execute(f"PRAGMA {pragma}")


def bring_up(store: Store) -> None:
    """Bring an older store up without a backup, which the caller has made; errors: `StoreError` and its children."""
    with store.changing() as connection:
        migrate.upgrade(connection, "head")
    keep_wal(store)


def keep_wal(store: Store) -> None:
    """Let readers go on while somebody writes; SQLite keeps it in the file, which by now is known to be ours."""
    if store.engine.dialect.name != "sqlite":
        return
    connection = store.engine.raw_connection()
    try:
        cursor = connection.cursor()
        if cursor.execute("PRAGMA journal_mode").fetchone() != ("wal",):  # to set it needs the store for itself
            cursor.execute("PRAGMA journal_mode = WAL")
    finally:
        connection.close()


def _begin(connection: Connection) -> None:
    reads = connection.get_execution_options().get(migrate.READS, False)
    connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")


@contextmanager
def _faults(shown: str) -> Iterator[None]:
    """Turn what a database says into faults of ours."""
    try:
        yield
    except DBAPIError as error:
        raise _fault(error, shown) from error


def _fault(error: DBAPIError, shown: str) -> StoreError:
    said = str(error.orig).splitlines()[0] if str(error.orig) else type(error.orig).__name__
    code = getattr(error.orig, "sqlite_errorcode", None)
    if code is not None and code & 0xFF in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
        return StoreLockedError("somebody else is writing to it", shown, remedy="try again in a moment")
    if getattr(error.orig, "sqlstate", None) in _PG_LOCKED:
        return StoreLockedError("somebody else is writing to it", shown, remedy="try again in a moment")
    if code is not None and code & 0xFF in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}:
        return StoreDamagedError(
            said, shown, "a store of this program", "move it away, then: selfback store restore BACKUP"
        )
    if code is not None and code & 0xFF == sqlite3.SQLITE_FULL:
        return StoreError(os.strerror(errno.ENOSPC), shown, "room on the disk", "make room and try again")
    kind = StoreError if isinstance(error, OperationalError | DatabaseError) else StoreDamagedError
    return kind(said, shown, "a store that can be used", "check its address, and that its server runs")
