"""Backups: all tables of one moment as lines of JSON in a ZIP, which restores into SQLite and PostgreSQL alike.

``manifest.json`` says the form, and of each table its columns, rows and SHA-256. The comment at the end of the archive
is the SHA-256 of every byte before it, so that no byte can change unseen. A backup is proved before it takes its name.
"""

import errno
import hashlib
import io
import json
import os
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, Final

from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, MetaData, Table, select, text

from activity.errors import BackupError, OutputError, StoreDamagedError, StoreError, StoreNotEmptyError
from activity.store import migrate
from activity.store.audit import breaches, canonical, count, last_hash
from activity.store.engine import Store, form, keep_wal
from activity.store.schema import AUDIT, ERASED, METADATA, PARTICIPANT
from activity.store.writing import Writing

FORMAT: Final = 1
_MANIFEST: Final = "manifest.json"
_MARK: Final = b"sha256:"
_COMMENT_BYTES: Final = len(_MARK) + 64
_ALEMBIC: Final = "alembic_version"
#: What a manifest and a row are at most: a document is a mebibyte, and its quotes may double.
_MOST_LINE_BYTES: Final = 1 << 23
_BATCH_ROWS: Final = 500


@dataclass(frozen=True, slots=True)
class TableFacts:
    """One table of a backup."""

    columns: tuple[str, ...]
    rows: int
    sha256: str  #: of its lines


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup says of itself."""

    format: int
    form: str  #: revision of the tables
    made_at: str
    last_hash: str  #: of the audit
    breaches: tuple[str, ...]  #: what wasn't as it was written when the backup was made
    tables: Mapping[str, TableFacts]


@dataclass(frozen=True, slots=True)
class Restored:
    """How a restore went."""

    manifest: Manifest
    erased_again: tuple[str, ...]  #: who was erased from the store since the backup, and isn't brought back


def back_up(store: Store, path: Path, now: datetime) -> Manifest:
    """Write all of a store, of one moment, to a file that its owner alone can read; `OutputError`, `StoreError`.

    It is read back and proved before it takes its name; a file of that name is never replaced.
    """
    if form(store).found is None:
        raise StoreError("there is nothing in it", store.shown, "a store to back up")
    with store.reading() as connection:
        return _write(connection, path, now)


def _write(connection: Connection, path: Path, now: datetime) -> Manifest:
    partial = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if path.exists():
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))
        try:
            with open(os.open(partial, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600), "r+b") as file:  # noqa: PTH123
                _archive(connection, file, now)
                file.flush()
                said = _MARK + _sha256(partial, _COMMENT_BYTES).encode()
                file.seek(-_COMMENT_BYTES, os.SEEK_END)
                file.write(said)
                file.flush()
                os.fsync(file.fileno())
            manifest = read_manifest(partial)
            os.link(partial, path)  # unlike a rename, it never takes the place of another
            _sync_folder(path.parent)
        finally:
            partial.unlink(missing_ok=True)
    except OSError as error:
        raise OutputError(
            f"can't be written: {error.strerror or error}", str(path), "a file that isn't there yet, and room for it",
            "name another with --to",
        ) from error  # fmt: skip
    return manifest


def _sync_folder(folder: Path) -> None:
    """Make the names in a folder durable; where a folder can't be opened (Windows) names are durable already."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _archive(connection: Connection, file: IO[bytes], now: datetime) -> None:
    """Write the archive with a comment of the right length, in which nothing is said yet."""
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        tables = {table.name: _dump(connection, table, archive) for table in _tables(connection)}
        found = MigrationContext.configure(connection).get_current_revision() or ""
        made_at = now.astimezone(UTC).isoformat(timespec="seconds")
        manifest = Manifest(FORMAT, found, made_at, last_hash(connection), _breaches(connection), tables)
        archive.writestr(_MANIFEST, json.dumps(asdict(manifest), indent=1))
        archive.comment = bytes(_COMMENT_BYTES)


def _breaches(connection: Connection) -> tuple[str, ...]:
    return tuple(f"entry {breach.seq}: {breach.what}" for breach in breaches(connection))


def _ours(connection: Connection) -> MetaData:
    """Return those of our tables that are there, of whatever form; a database may hold other things beside."""
    there = MetaData()
    there.reflect(connection, only=lambda name, _: name in METADATA.tables or name == _ALEMBIC)
    return there


def _tables(connection: Connection) -> list[Table]:
    """Return the tables of rows that are there, each after those that it speaks of."""
    return [table for table in _ours(connection).sorted_tables if table.name != _ALEMBIC]


def _dump(connection: Connection, table: Table, archive: zipfile.ZipFile) -> TableFacts:
    names = tuple(column.name for column in table.columns)
    digest, count = hashlib.sha256(), 0
    rows = connection.execute(select(table).order_by(*table.primary_key.columns))
    with archive.open(f"{table.name}.jsonl", "w") as out:
        for row in rows:
            line = canonical(list(row)).encode() + b"\n"
            out.write(line)
            digest.update(line)
            count += 1
    return TableFacts(names, count, digest.hexdigest())


def read_manifest(path: Path) -> Manifest:
    """Return what a backup says of itself, when all of it is proved; `BackupError` where anything isn't so."""
    try:
        with path.open("rb") as file:
            file.seek(-_COMMENT_BYTES, os.SEEK_END)
            said = file.read()
        if said != _MARK + _sha256(path, _COMMENT_BYTES).encode():
            raise _broken(path, "its bytes don't hold what its SHA-256 says")
        with zipfile.ZipFile(path) as archive:
            manifest = _manifest(path, archive)
            names = {f"{name}.jsonl" for name in manifest.tables} | {_MANIFEST}
            if sorted(archive.namelist()) != sorted(names):
                raise _broken(path, "its files aren't those that it names")
            for name in manifest.tables:
                for _ in _rows(path, archive, name, manifest.tables[name]):
                    pass
    except (OSError, zipfile.BadZipFile, zlib.error, EOFError, RuntimeError) as error:
        raise _broken(path, str(getattr(error, "strerror", None) or error)) from error
    return manifest


def _manifest(path: Path, archive: zipfile.ZipFile) -> Manifest:
    try:
        with archive.open(_MANIFEST) as file:
            values = json.loads(file.read(_MOST_LINE_BYTES))
        if values["format"] != FORMAT:
            raise _broken(path, f"it has format {values['format']!r}")
        tables = {
            str(name): TableFacts(tuple(map(str, facts["columns"])), int(facts["rows"]), str(facts["sha256"]))
            for name, facts in values["tables"].items()
        }
        return Manifest(
            FORMAT, str(values["form"]), str(values["made_at"]), str(values["last_hash"]),
            tuple(map(str, values["breaches"])), tables,
        )  # fmt: skip
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise _broken(path, f"its manifest isn't one: {error}") from error


def _rows(path: Path, archive: zipfile.ZipFile, name: str, facts: TableFacts) -> Iterator[dict[str, Any]]:
    """Yield the rows of a table; `BackupError` at their end where they aren't those of the manifest."""
    digest, count = hashlib.sha256(), 0
    with archive.open(f"{name}.jsonl") as lines:
        while line := lines.readline(_MOST_LINE_BYTES):
            digest.update(line)
            count += 1
            try:
                row = dict(zip(facts.columns, json.loads(line), strict=True))
            except (ValueError, TypeError, RecursionError) as error:
                raise _broken(path, f"row {count} of {name} isn't one") from error
            if not all(type(value) in {str, int} for value in row.values()):
                raise _broken(path, f"row {count} of {name} holds what is neither text nor a whole number")
            yield row
    if (count, digest.hexdigest()) != (facts.rows, facts.sha256):
        raise _broken(path, f"{name} isn't what its SHA-256 says")


def _broken(path: Path, what: str) -> BackupError:
    return BackupError(what, str(path), "a backup that selfback store backup made", "take another copy of it")


def _sha256(path: Path, without_last: int) -> str:
    digest = hashlib.sha256()
    left = path.stat().st_size - without_last
    with path.open("rb") as file:
        while left > 0 and (part := file.read(min(left, io.DEFAULT_BUFFER_SIZE << 4))):
            digest.update(part)
            left -= len(part)
    return digest.hexdigest()


def restore(path: Path, store: Store, now: datetime, *, replaced: Path | None = None, who: str = "staff") -> Restored:
    """Put a backup in the place of what a store holds, in one transaction: all of it is there afterwards, or as before.

    What the store held is first backed up to ``replaced``; without it the store has to be empty. A backup of an older
    form is brought up. Whoever was erased since isn't brought back. Errors: `BackupError`, `StoreNotEmptyError`,
    `StoreNewerError`, `StoreDamagedError` where the chain doesn't come out as it was, `OutputError`, `StoreError`.
    """
    manifest = read_manifest(path)
    migrate.check_known(manifest.form, str(path))
    form(store)
    with store.changing() as connection:
        before = {table.name for table in _tables(connection)}
        if AUDIT.name in before and connection.dialect.name == "postgresql":
            connection.execute(text("LOCK TABLE audit IN EXCLUSIVE MODE"))
        if not _is_empty(connection, before):
            if replaced is None:
                raise StoreNotEmptyError(
                    "it holds something already", store.shown, "an empty store",
                    "--replace, which makes a backup of it first",
                )  # fmt: skip
            _write(connection, replaced, now)
        erased = set(connection.execute(select(ERASED.c.id)).scalars()) if ERASED.name in before else set()
        _ours(connection).drop_all(connection)
        migrate.upgrade(connection, manifest.form)
        _load(connection, path, manifest)
        migrate.upgrade(connection, "head")
        _prove(connection, store.shown, manifest)
        again = _erase_again(connection, erased, now, who)
    keep_wal(store)
    return Restored(manifest, again)


def holds_something(store: Store) -> bool:
    """Return whether a store holds anything that could be lost."""
    form(store)
    with store.reading() as connection:
        return not _is_empty(connection, {table.name for table in _tables(connection)})


def _is_empty(connection: Connection, there: set[str]) -> bool:
    return not any(name in there and count(connection, METADATA.tables[name]) for name in METADATA.tables)


def _load(connection: Connection, path: Path, manifest: Manifest) -> None:
    with zipfile.ZipFile(path) as archive:
        tables = {table.name: table for table in _tables(connection)}
        for name, facts in manifest.tables.items():
            if name not in tables or set(facts.columns) != set(tables[name].columns.keys()):
                raise _broken(path, f"form {manifest.form} has no such table {name!r}")
        for name, table in tables.items():
            if name not in manifest.tables:
                raise _broken(path, f"{name} is missing")
            batch: list[dict[str, Any]] = []
            for row in _rows(path, archive, name, manifest.tables[name]):
                batch.append(row)
                if len(batch) == _BATCH_ROWS:
                    connection.execute(table.insert(), batch)
                    batch = []
            if batch:
                connection.execute(table.insert(), batch)
    _go_on_counting(connection, tables)


def _go_on_counting(connection: Connection, tables: Mapping[str, Table]) -> None:
    """Let new rows get numbers that no row has or had; the audit knows also those of rows that were erased."""
    highest: dict[str, int] = {}
    for kind, row in connection.execute(select(AUDIT.c.kind, AUDIT.c.row)):
        if kind in tables and row.isdecimal():
            highest[kind] = max(highest.get(kind, 0), int(row))
    postgres = connection.dialect.name == "postgresql"
    for kind, number in highest.items():
        if postgres:
            told = text("SELECT setval(pg_get_serial_sequence(:name, 'id'), :number)")
        else:
            connection.execute(text("DELETE FROM sqlite_sequence WHERE name = :name"), {"name": kind})
            told = text("INSERT INTO sqlite_sequence (name, seq) VALUES (:name, :number)")
        connection.execute(told, {"name": kind, "number": number})


def _prove(connection: Connection, shown: str, manifest: Manifest) -> None:
    if (_breaches(connection), last_hash(connection)) != (manifest.breaches, manifest.last_hash):
        raise StoreDamagedError(
            "the audit doesn't come out as it was", shown, "the chain that the backup names", "take another backup"
        )


def _erase_again(connection: Connection, erased: set[str], now: datetime, who: str) -> tuple[str, ...]:
    back = set(connection.execute(select(PARTICIPANT.c.id)).scalars()) & erased
    at = now.astimezone(UTC).isoformat(timespec="milliseconds")
    write = Writing(connection, who, at, "erased before a restore")
    for key in sorted(back):
        write.erase(key)
    gone = set(connection.execute(select(ERASED.c.id)).scalars())
    for key in sorted(erased - gone):
        connection.execute(ERASED.insert().values(id=key, erased_at=at))
    return tuple(sorted(back))
