"""The study that a store is of: its protocol as it began, what it is frozen to, and each amendment."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, func, select

from activity.errors import ProtocolChangedError, TrialError, TrialKeyError
from activity.store.schema import PLACE, STUDY
from activity.store.writing import Writing
from activity.trial.protocol import Protocol, changes, fixed_changes, protocol_from_document, spelt
from activity.trial.randomisation import key_check

_START: Final = "start"
_AMENDMENT: Final = "amendment"


@dataclass(frozen=True, slots=True)
class Study:
    """The study that a store is of, as it was last amended."""

    protocol: Protocol
    pins: Mapping[str, str]
    key_check: str
    amendments: tuple[str, ...]  #: why, in order


def study(connection: Connection) -> Study:
    """Return the study of a store; `TrialError` where none was begun."""
    found = _study(connection)
    if found is None:
        raise TrialError("no study was begun in this store", expected="selfback trial init STUDY.toml --key KEYFILE")
    return found


def has_study(connection: Connection) -> bool:
    """Return whether a study was begun in a store."""
    return _study(connection) is not None


def begin_study(write: Writing, protocol: Protocol, pins: Mapping[str, str], check: str) -> bool:
    """Begin a study in a store that has none; return whether it is new.

    The same protocol and pins again change nothing; others raise `ProtocolChangedError`, which names what changed.
    """
    running = _study(write.connection)
    if running is None:
        _keep(write, _START, (protocol, pins), check, "")
        return True
    check_unchanged(running, protocol, pins)
    return False


def amend_study(write: Writing, protocol: Protocol, pins: Mapping[str, str], why: str) -> tuple[str, ...]:
    """Keep an amendment and return what it changes; `ProtocolChangedError` where it would draw another sequence."""
    running = study(write.connection)
    found = study_changes(running, protocol, pins)
    if not found:
        return ()
    if protocol.id != running.protocol.id:
        raise ProtocolChangedError(f"it is {protocol.id}", running.protocol.id, "the same study under the same id")
    fixed = fixed_changes(running.protocol, protocol)
    if fixed and write.connection.execute(select(func.count()).select_from(PLACE)).scalar():
        raise ProtocolChangedError(
            "; ".join(fixed), running.protocol.id, "arms, shares, blocks and strata as people were randomised by",
            "begin another study in a store of its own",
        )  # fmt: skip
    _keep(write, _AMENDMENT, (protocol, pins), running.key_check, why)
    return found


def study_changes(running: Study, protocol: Protocol, pins: Mapping[str, str]) -> tuple[str, ...]:
    """Return what differs from a running study: of the protocol, and of what it is frozen to."""
    frozen = [
        f"{name} {'is new' if name not in running.pins else 'is gone' if name not in pins else 'changed'}"
        for name in sorted(running.pins.keys() | pins.keys())
        if running.pins.get(name) != pins.get(name)
    ]
    return (*changes(running.protocol.document(), protocol.document()), *frozen)


def check_unchanged(running: Study, protocol: Protocol, pins: Mapping[str, str]) -> None:
    """Raise `ProtocolChangedError` where a study isn't what it began with, or was amended to."""
    found = study_changes(running, protocol, pins)
    if found:
        raise ProtocolChangedError(
            "; ".join(found), running.protocol.id, "what the study began with",
            'bring back what was, or: selfback trial init STUDY.toml --amend "why"',
        )  # fmt: skip


def check_key(running: Study, key: bytes) -> None:
    """Raise `TrialKeyError` where a key isn't the one of the study."""
    if key_check(key, running.protocol.id) != running.key_check:
        raise TrialKeyError("it is the key of another study", running.protocol.id, "the key that trial init made")


def _study(connection: Connection) -> Study | None:
    rows = connection.execute(select(STUDY).order_by(STUDY.c.id)).all()
    if not rows:
        return None
    newest = rows[-1]
    why = tuple(row.why for row in rows if row.act == _AMENDMENT)
    return Study(protocol_from_document(json.loads(newest.document)), json.loads(newest.pins), newest.key_check, why)


def _keep(write: Writing, act: str, what: tuple[Protocol, Mapping[str, str]], check: str, why: str) -> None:
    protocol, pins = what
    values = {
        "study": protocol.id, "act": act, "digest": protocol.digest, "key_check": check,
        "document": spelt(protocol.document()), "pins": spelt(dict(pins)), "why": why,
    }  # fmt: skip
    write.add(STUDY, values)
