"""What a store can be asked to prove: its file, its references, its chain, its ids and its documents."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, Table, and_, exists, select, text

from activity.coach.plan_document import plan_from_document
from activity.errors import ActivityError
from activity.questionnaires.checkin import load_checkin
from activity.questionnaires.profile import load_profile
from activity.store.audit import breaches, count, last_hash
from activity.store.days import day_from_document
from activity.store.engine import Store, form
from activity.store.history import CHECKIN_FORM
from activity.store.ids import checked_id
from activity.store.migrate import Form
from activity.store.schema import (
    ABOUT,
    ANSWERS,
    AUDIT,
    DAY,
    ERASED,
    METADATA,
    OF_STAFF,
    OF_STUDY,
    PARTICIPANT,
    PLAN,
    PROFILE,
    STUDY,
)
from activity.trial.protocol import protocol_from_document


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that isn't as it should be."""

    kind: str  #: ``file``, ``reference``, ``audit``, ``id`` or ``document``
    what: str


@dataclass(frozen=True, slots=True)
class Checked:
    """What a check found."""

    form: Form
    rows: Mapping[str, int]
    last_hash: str
    findings: tuple[Finding, ...]


def check_store(store: Store) -> Checked:
    """Prove what can be proved of a store, of one moment; nothing is changed. Errors: `StoreError` and its children.

    An older form is checked as far as the file and the audit go: its documents are those of an older version.
    """
    found = form(store)
    if found.found is None:
        return Checked(found, {}, "", (Finding("file", "there is nothing in it"),))
    current = found.found == found.head
    with store.reading() as connection:
        findings = list(_file(connection))
        findings += [Finding("audit", _said(breach.seq, breach.what)) for breach in breaches(connection)]
        if current:
            findings += [*_references(connection), *_ids(connection), *_documents(connection)]
        tables = (PARTICIPANT, *ABOUT, *OF_STUDY, *OF_STAFF, AUDIT) if current else (PARTICIPANT, AUDIT)
        rows = {table.name: count(connection, table) for table in tables}
        return Checked(found, rows, last_hash(connection), tuple(findings))


def _said(seq: int, what: str) -> str:
    return f"entry {seq}: {what}" if seq else what


def _file(connection: Connection) -> Iterator[Finding]:
    if connection.dialect.name == "sqlite":
        for (said,) in connection.execute(text("PRAGMA integrity_check")):
            if said != "ok":
                yield Finding("file", str(said))


def _references(connection: Connection) -> Iterator[Finding]:
    for table in METADATA.sorted_tables:
        for key in table.foreign_keys:
            other = key.column.table.alias()
            there = exists().where(and_(other.c[key.column.name] == key.parent))
            for row_id in connection.execute(select(table.c.id).where(~there).order_by(table.c.id)).scalars():
                yield Finding(
                    "reference", f"{table.name} {row_id} speaks of a {key.column.table.name} that isn't there"
                )


def _ids(connection: Connection) -> Iterator[Finding]:
    for table in (PARTICIPANT, ERASED):
        for key in connection.execute(select(table.c.id).order_by(table.c.id)).scalars():
            try:
                right = checked_id(key) == key
            except ActivityError:
                right = False
            if not right:
                yield Finding("id", f"{table.name} {key}: its last character doesn't fit the others")


def _answers(row: Mapping[Any, Any], document: Any) -> None:
    if row["instrument"] == CHECKIN_FORM:
        load_checkin({**document, "date": row["date"]})


#: Tables whose documents this version has a type for, and what reads them.
_READERS: Final[Mapping[Table, Callable[[Mapping[Any, Any], Any], object]]] = {
    PROFILE: lambda _, document: load_profile(document),
    ANSWERS: _answers,
    PLAN: lambda _, document: plan_from_document(document),
    DAY: lambda _, document: day_from_document(document),
    STUDY: lambda _, document: protocol_from_document(document),
}


def _documents(connection: Connection) -> Iterator[Finding]:
    for table in (*ABOUT, *OF_STUDY):
        if "document" not in table.c:
            continue
        for row in connection.execute(select(table).order_by(table.c.id)).mappings():
            try:
                document = json.loads(row["document"])
                if not isinstance(document, dict):
                    raise TypeError("no JSON object")  # noqa: TRY301
                if table in _READERS:
                    _READERS[table](row, document)
            except (ActivityError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
                yield Finding("document", f"{table.name} {row['id']} can't be read: {error}")
