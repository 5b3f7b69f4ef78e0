"""The store: what is kept comes back, what was changed is told, what is erased is gone; on SQLite and PostgreSQL."""

import random
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import text

from activity.errors import (
    AnswerError,
    StoreDamagedError,
    StoreError,
    StoreLockedError,
    StoreNewerError,
    UnknownParticipantError,
)
from activity.store import engine as engine_module
from activity.store import migrate
from activity.store.accounts import end_session, give_site, invite, is_new, open_session
from activity.store.audit import ROOT, breaches, last_hash
from activity.store.bands import give_band
from activity.store.engine import Store, open_store
from activity.store.participants import (
    MOST_DOCUMENT_BYTES,
    Participant,
    add_participant,
    export,
    keep_answers,
    keep_case,
    keep_day,
    keep_edit,
    keep_event,
    keep_exercise,
    keep_message,
    keep_plan,
    keep_profile,
    kept,
    latest,
    participant,
    participants,
)
from activity.store.schema import ABOUT, ALLOCATION, ANSWERS, AUDIT, EDIT, METADATA, PARTICIPANT, PLACE, PLAN
from activity.store.writing import Writing, writing

DAY = date(2026, 11, 23)
SECRET = "Planted Word"
PLAN_DOCUMENT = {"start": "2026-11-23", "content_version": "7", "goal": {"steps_per_day": 6000}, "note": SECRET}
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


def fill(write: Writing) -> Participant:
    """Somebody of whom each table holds a row."""
    who = add_participant(write, "Europe/Oslo", "nb", choose=random.Random(4).choice)
    keep_profile(write, who, {"conditions": ["osteoporosis"], "free": SECRET})
    keep_answers(write, who, ("weekly-checkin", "1"), DAY, {"average_pain": 4, "æøå": SECRET})
    plan = keep_plan(write, who, PLAN_DOCUMENT)
    keep_edit(write, who, plan, {"swap": ["a", "b"], "why": SECRET})
    keep_message(write, who, {"date": "2026-11-24", "text": SECRET})
    keep_event(write, who, "worse", DAY, {"text": SECRET})
    give_band(write, who, "SB-0001", DAY)
    keep_exercise(write, who, "bird-dog", DAY, {"effort": 3, "note": SECRET})
    keep_case(write, who, DAY, {"solution": SECRET}, consent=True, provenance="own")
    place = write.add(PLACE, {"stratum": "[]", "position": 0, "arm": "selfback", "protocol": "", "seal": ""})
    write.add(ALLOCATION, {"place": place, "arm": "selfback", "date": DAY.isoformat(), "seal": ""}, who.id)
    give_site(write, who, "oslo")
    keep_day(write, who, (DAY, "own"), {"note": SECRET})
    invite(write, who, "i" * 64, NOW + timedelta(days=7))
    open_session(write, "i" * 64, "s" * 64, device="phone", now=NOW, until=NOW + timedelta(days=400))
    end_session(write, who, 1)
    is_new(write, who, "key")
    return who


@pytest.fixture
def somebody(store: Store) -> Participant:
    with writing(store, "staff", "test", lambda: NOW) as write:
        return fill(write)


def faults(store: Store) -> list[str]:
    with store.reading() as connection:
        return [breach.what for breach in breaches(connection)]


def tamper(store: Store, statement: str, **values: Any) -> None:
    with store.writing() as connection:
        connection.execute(text(statement), values)


def test_what_is_kept_comes_back(store: Store, somebody: Participant) -> None:
    with store.reading() as connection:
        assert participant(connection, somebody.id.lower()) == somebody
        assert participants(connection) == (somebody,)
        (plan,) = kept(connection, somebody, PLAN)
        assert plan.document == PLAN_DOCUMENT
        assert plan.facts == {"start": "2026-11-23", "language": "nb", "content_version": "7"}
        assert (plan.written_by, plan.written_at) == ("staff", "2026-11-23T12:00:00.000+00:00")
        (edit,) = kept(connection, somebody, EDIT)
        assert edit.facts == {"plan": str(plan.id)}
        assert faults(store) == []


def test_of_one_day_the_newest_answers_hold_and_the_older_ones_stay(store: Store, somebody: Participant) -> None:
    with writing(store, "participant") as write:
        keep_answers(write, somebody, ("weekly-checkin", "1"), DAY, {"average_pain": 7})
    with store.reading() as connection:
        rows = kept(connection, somebody, ANSWERS)
        assert [row.document["average_pain"] for row in rows] == [4, 7]
        assert {day: row.document["average_pain"] for day, row in latest(rows, "date").items()} == {"2026-11-23": 7}


def test_a_store_is_what_it_was_after_it_was_closed(address: str) -> None:
    first = open_store(address)
    with writing(first, "staff") as write:
        who = fill(write)
    with first.reading() as connection:
        before, mark = export(connection, who), last_hash(connection)
    first.close()
    second = open_store(address)
    with second.reading() as connection:
        assert export(connection, who) == before
        assert last_hash(connection) == mark != ROOT
    second.close()


def test_a_fault_in_the_middle_leaves_nothing(store: Store) -> None:
    def stopped() -> None:
        with writing(store, "staff") as write:
            fill(write)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        stopped()
    with store.reading() as connection:
        assert participants(connection) == ()
        assert last_hash(connection) == ROOT


KEYS = {"id", "participant"}
TABLES = {table.name: table for table in (PARTICIPANT, *ABOUT)}


@pytest.mark.parametrize(
    ("table", "column"),
    [(t.name, c.name) for t in TABLES.values() for c in t.columns if c.name != "id" and not c.foreign_keys],
)
def test_any_value_that_is_changed_is_told(table: str, column: str, store: Store, somebody: Participant) -> None:
    tamper(store, f"UPDATE {table} SET {column} = {column} || 'x'")
    assert faults(store) == [
        f"{table} {somebody.id if table == 'participant' else 1} was changed after it was written"
    ]  # fmt: skip


@pytest.mark.parametrize("table", ["answers", "edit", "message"])
def test_a_row_that_is_taken_away_is_told(table: str, store: Store, somebody: Participant) -> None:
    tamper(store, f"DELETE FROM {table}")
    assert faults(store) == [f"{table} 1 is gone and nobody erased it"]


def test_a_row_that_is_slipped_in_is_told(store: Store, somebody: Participant) -> None:
    tamper(
        store,
        "INSERT INTO message (id, participant, date, document, written_at, written_by, salt) "
        "VALUES (9, :who, '', '{}', '', '', '')",
        who=somebody.id,
    )
    assert faults(store) == ["message 9 was slipped in: no entry speaks of it"]


@pytest.mark.parametrize("column", [c.name for c in AUDIT.columns if c.name not in {"seq", "action"}])
def test_an_entry_that_is_changed_is_told(column: str, store: Store, somebody: Participant) -> None:
    tamper(store, f'UPDATE audit SET "{column}" = "{column}" || \'x\' WHERE seq = 3')
    assert faults(store)


def test_entries_that_are_cut_out_or_change_places_are_told(store: Store, somebody: Participant) -> None:
    tamper(store, "UPDATE audit SET seq = 100 WHERE seq = 3")
    tamper(store, "UPDATE audit SET seq = 3 WHERE seq = 4")
    tamper(store, "UPDATE audit SET seq = 4 WHERE seq = 100")
    assert "it doesn't follow the entry before it" in faults(store)
    tamper(store, "DELETE FROM audit WHERE seq = 5")
    assert "entries from 5 to 5 are gone" in faults(store)


def test_who_is_erased_is_gone_and_the_chain_holds(store: Store, somebody: Participant) -> None:
    with writing(store, "staff") as write:
        other = add_participant(write, "UTC")
        keep_message(write, other, {"date": "2026-11-24", "text": "kept"})
    with writing(store, "staff", "their wish") as write:
        assert write.erase(somebody.id) == 17
    with store.reading() as connection:
        with pytest.raises(UnknownParticipantError, match="was erased on"):
            participant(connection, somebody.id)
        assert participants(connection) == (other,)
        for table in ABOUT:
            assert kept(connection, somebody, table) == ()
    assert faults(store) == []


def test_nothing_of_who_is_erased_is_left_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite"
    store = open_store(str(path))
    with writing(store, "staff") as write:
        who = fill(write)
    with writing(store, "staff") as write:
        write.erase(who.id)
    store.close()
    left = b"".join(part.read_bytes() for part in tmp_path.iterdir())
    assert SECRET.encode() not in left
    assert b"osteoporosis" not in left


def test_an_id_of_who_was_erased_is_not_given_again(store: Store, somebody: Participant) -> None:
    with writing(store, "staff") as write:
        write.erase(somebody.id)
        again = add_participant(write, "UTC", choose=random.Random(4).choice)
    assert again.id != somebody.id


def test_the_export_holds_all_that_is_kept_and_who_wrote_it(store: Store, somebody: Participant) -> None:
    with store.reading() as connection:
        found = export(connection, somebody)
    assert str(found).count(SECRET) == 9
    assert [entry["kind"] for entry in found["audit"]] == [
        "participant", "profile", "answers", "plan", "edit", "message", "event",
        "band", "exercise", "retained", "allocation", "site", "day", "invitation", "session", "session_end",
        "submission",
    ]  # fmt: skip
    assert {entry["who"] for entry in found["audit"]} == {"staff"}


@pytest.mark.parametrize("value", [float("nan"), object(), "x" * MOST_DOCUMENT_BYTES, "\0", "\ud800"])
def test_what_cannot_be_kept_is_told_before_anything_is_written(value: object, store: Store) -> None:
    with writing(store, "staff") as write:
        who = add_participant(write, "UTC")
        with pytest.raises(AnswerError, match="can't be kept"):
            keep_profile(write, who, {"a": value})


def test_a_row_of_nobody_is_refused(store: Store) -> None:
    with pytest.raises(StoreError), writing(store, "staff") as write:
        keep_profile(write, Participant("XXX", "UTC", "en"), {})


def test_the_tables_are_those_that_the_migrations_make(store: Store) -> None:
    with store.reading() as connection:
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []


def test_writers_at_once_keep_one_chain(store: Store) -> None:
    def work() -> None:
        for _ in range(10):
            with writing(store, "thread") as write:
                add_participant(write, "UTC")

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults(store) == []
    with store.reading() as connection:
        assert len(participants(connection)) == 40


def test_a_store_that_somebody_else_writes_to_is_locked_and_reading_goes_on(address: str, monkeypatch) -> None:
    monkeypatch.setattr(engine_module, "PATIENCE_MS", 100)
    one, other = open_store(address), open_store(address)
    with writing(one, "staff") as write:
        fill(write)
        with pytest.raises(StoreLockedError) as caught, writing(other, "staff") as late:
            add_participant(late, "UTC")
        assert caught.value.exit_code == 6
        with other.reading() as connection:
            assert participants(connection) == ()
    one.close()
    other.close()


def test_a_newer_store_is_not_touched(address: str) -> None:
    store = open_store(address)
    tamper(store, "UPDATE alembic_version SET version_num = '9999'")
    store.close()
    with pytest.raises(StoreNewerError) as caught:
        open_store(address)
    assert caught.value.exit_code == 6


NEXT = """
from alembic import op
from sqlalchemy import Column, Text
revision = "0005"
down_revision = "0004"
def upgrade():
    op.add_column("participant", Column("clinic", Text, nullable=False, server_default=""))
"""


def test_an_older_store_is_backed_up_and_brought_up(tmp_path: Path, monkeypatch) -> None:
    path = tmp_path / "s.sqlite"
    store = open_store(str(path))
    with writing(store, "staff") as write:
        who = fill(write)
    store.close()
    scripts = tmp_path / "migrations"
    (scripts / "versions").mkdir(parents=True)
    for script in [migrate.SCRIPTS / "env.py", *(migrate.SCRIPTS / "versions").glob("0*.py")]:
        (scripts / script.relative_to(migrate.SCRIPTS)).write_text(script.read_text())
    (scripts / "versions" / "0005_clinic.py").write_text(NEXT)
    monkeypatch.setattr(migrate.bring_up, "__defaults__", (scripts,))
    later = open_store(str(path))
    with later.reading() as connection:
        assert connection.execute(text("SELECT clinic FROM participant")).scalars().all() == [""]
    later.close()
    (backup,) = tmp_path.glob("s.sqlite.0004-*.backup")
    assert backup.stat().st_mode & 0o777 == 0o600
    monkeypatch.undo()
    kept_back = open_store(str(backup))
    with kept_back.reading() as connection:
        assert participant(connection, who.id) == who
    kept_back.close()


def spoil_text(path: Path) -> None:
    path.write_bytes(b"this is no database, but a long text that somebody put here by mistake\n" * 100)


def spoil_tables(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE songs (title)")
    connection.close()


def spoil_folder(path: Path) -> None:
    path.mkdir()


@pytest.mark.parametrize(
    ("spoil", "fault"), [(spoil_text, StoreDamagedError), (spoil_tables, StoreError), (spoil_folder, StoreError)]
)
def test_what_is_no_store_is_told_and_left_as_it_is(
    spoil: Callable[[Path], None], fault: type[StoreError], tmp_path: Path
) -> None:
    path = tmp_path / "s.sqlite"
    spoil(path)
    before = path.read_bytes() if path.is_file() else b""
    with pytest.raises(fault):
        open_store(str(path))
    assert (path.read_bytes() if path.is_file() else b"") == before


@pytest.mark.parametrize("address", ["mysql://x/y", "://", "postgresql://nobody@/none?host=/nowhere", "sqlite+x:///a"])
def test_an_address_that_leads_nowhere_is_told_without_a_password(address: str) -> None:
    with pytest.raises(StoreError):
        open_store(address)


def test_a_password_is_never_shown() -> None:
    with pytest.raises(StoreError) as caught:
        open_store("postgresql://anna:hunter2@/none?host=/nowhere")
    assert "hunter2" not in str(caught.value)


def test_a_store_is_for_its_owner_alone(tmp_path: Path) -> None:
    open_store(str(tmp_path / "new" / "s.sqlite")).close()
    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "new" / "s.sqlite").stat().st_mode & 0o777 == 0o600


WRITER = """
import sys
from activity.store.engine import open_store
from activity.store.participants import add_participant, keep_message
from activity.store.writing import writing
store = open_store(sys.argv[1])
for number in range(10_000):
    with writing(store, "program") as write:
        who = add_participant(write, "UTC")
        keep_message(write, who, {"date": "2026-11-24", "number": number})
    print(who.id, flush=True)
"""


@pytest.mark.parametrize("after", [1, 2, 5, 9, 14])
def test_a_writer_that_is_killed_has_kept_all_that_it_said_it_had(after: int, address: str) -> None:
    with subprocess.Popen([sys.executable, "-c", WRITER, address], stdout=subprocess.PIPE, text=True) as process:
        said = [process.stdout.readline().strip() for _ in range(after)]
        process.send_signal(signal.SIGKILL)
        said += [line.strip() for line in process.stdout if line.endswith("\n")]
    store = open_store(address)
    with store.reading() as connection:
        found = {who.id for who in participants(connection)}
    assert set(said) <= found
    assert len(found) - len(said) <= 1
    assert faults(store) == []
    store.close()
