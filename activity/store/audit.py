"""The chain of who wrote what, when and why: each entry holds the hash of the one before it and a digest of its row.

A row that was changed, removed or slipped in, and an entry that was changed, moved or cut out, no longer fit. What
can't be told is a chain that was made anew as a whole by who knows how: keep its last hash elsewhere.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, Table, func, inspect, select

from activity.store.schema import ABOUT, AUDIT, OF_STAFF, OF_STUDY, PARTICIPANT

#: The hash before the first entry.
ROOT: Final = "0" * 64
_SAID: Final = ("seq", "at", "who", "action", "kind", "row", "participant", "reason", "digest", "previous")


@dataclass(frozen=True, slots=True)
class Breach:
    """One thing that isn't as it was written."""

    seq: int  #: of the entry; 0 where there is none
    what: str


def canonical(value: object) -> str:
    """Return JSON in one spelling: sorted, without spaces; `ValueError` where there is a NaN."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def row_digest(kind: str, row: Mapping[str, Any]) -> str:
    """Return the digest of a row with its salt."""
    return hashlib.sha256(canonical({"kind": kind, **row}).encode()).hexdigest()


def entry_hash(entry: Mapping[str, Any]) -> str:
    """Return the hash of an entry, which holds that of the one before."""
    return hashlib.sha256(canonical({name: entry[name] for name in _SAID}).encode()).hexdigest()


def append(connection: Connection, entry: Mapping[str, Any]) -> None:
    """Add one entry at the end; the caller holds the lock of the chain."""
    last = connection.execute(select(AUDIT.c.seq, AUDIT.c.hash).order_by(AUDIT.c.seq.desc()).limit(1)).first()
    seq, previous = (last.seq + 1, last.hash) if last else (1, ROOT)
    whole = {**entry, "seq": seq, "previous": previous}
    connection.execute(AUDIT.insert().values(**whole, hash=entry_hash(whole)))


def last_hash(connection: Connection) -> str:
    """Return the hash of the last entry, to be kept where nobody of this store can write."""
    return connection.execute(select(AUDIT.c.hash).order_by(AUDIT.c.seq.desc()).limit(1)).scalar() or ROOT


def breaches(connection: Connection) -> Iterator[Breach]:
    """Yield what isn't as it was written, of the chain first and then of the rows."""
    previous, expected = ROOT, 1
    digests: dict[tuple[str, str], tuple[int, str]] = {}
    for entry in connection.execute(select(AUDIT).order_by(AUDIT.c.seq)).mappings():
        if entry["seq"] != expected:
            yield Breach(expected, f"entries from {expected} to {entry['seq'] - 1} are gone")
        if entry["previous"] != previous:
            yield Breach(entry["seq"], "it doesn't follow the entry before it")
        if entry["hash"] != entry_hash(dict(entry)):
            yield Breach(entry["seq"], "it was changed")
        previous, expected = entry["hash"], entry["seq"] + 1
        place = (entry["kind"], entry["row"])
        if entry["action"] == "add":
            digests[place] = (entry["seq"], entry["digest"])
        else:
            digests.pop(place, None)
    yield from _rows(connection, digests)


def _rows(connection: Connection, digests: dict[tuple[str, str], tuple[int, str]]) -> Iterator[Breach]:
    there = set(inspect(connection).get_table_names())  # an older form has fewer
    for table in (t for t in (PARTICIPANT, *ABOUT, *OF_STUDY, *OF_STAFF) if t.name in there):
        for row in connection.execute(select(table).order_by(table.c.id)).mappings():
            seq, digest = digests.pop((table.name, str(row["id"])), (0, ""))
            if not seq:
                yield Breach(0, f"{table.name} {row['id']} was slipped in: no entry speaks of it")
            elif digest != row_digest(table.name, dict(row)):
                yield Breach(seq, f"{table.name} {row['id']} was changed after it was written")
    for (kind, row_id), (seq, _) in sorted(digests.items(), key=lambda item: item[1]):
        yield Breach(seq, f"{kind} {row_id} is gone and nobody erased it")


def count(connection: Connection, table: Table) -> int:
    """Return how many rows a table has."""
    return int(connection.execute(select(func.count()).select_from(table)).scalar() or 0)
