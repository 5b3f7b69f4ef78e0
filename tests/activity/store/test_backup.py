"""Backups: what is restored is what was kept, in either database; a changed byte is noticed; a stop leaves the old."""

import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from alembic.runtime.migration import MigrationContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from activity.errors import (
    BackupError,
    BandUnassignedError,
    OutputError,
    StoreDamagedError,
    StoreError,
    StoreLockedError,
    StoreNewerError,
    StoreNotEmptyError,
)
from activity.store import engine as engine_module
from activity.store import migrate
from activity.store.audit import breaches, last_hash
from activity.store.backup import back_up, holds_something, read_manifest, restore
from activity.store.bands import give_band, return_band, wearer
from activity.store.check import check_store
from activity.store.engine import Store, bring_up, form, open_store, reach
from activity.store.participants import (
    Participant,
    add_participant,
    export,
    keep_answers,
    keep_case,
    keep_edit,
    keep_event,
    keep_exercise,
    keep_message,
    keep_plan,
    keep_profile,
    participants,
    shared_cases,
)
from activity.store.writing import Writing, writing

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
DAY = date(2026, 11, 23)

WORDS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12)
DOCUMENTS = st.dictionaries(WORDS, st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.floats(
    allow_nan=False, allow_infinity=False) | WORDS | st.lists(WORDS, max_size=3), max_size=3)  # fmt: skip
ACTS = ("profile", "answers", "plan", "edit", "message", "event", "exercise", "case", "band", "return", "erase")
HISTORIES = st.lists(st.tuples(st.sampled_from(ACTS), st.integers(0, 2), DOCUMENTS), max_size=14)


def act(write: Writing, people: list[Participant], kind: str, number: int, document: dict[str, Any]) -> None:
    """One thing that happens to somebody."""
    who, day = people[number], DAY + timedelta(number)
    match kind:
        case "profile":
            keep_profile(write, who, document)
        case "answers":
            keep_answers(write, who, ("a-form", "1"), day, document)
        case "plan":
            keep_plan(write, who, {**document, "start": day.isoformat(), "content_version": "7"})
        case "edit":
            plan = keep_plan(write, who, {"start": day.isoformat(), "content_version": "7"})
            keep_edit(write, who, plan, document)
        case "message":
            keep_message(write, who, {**document, "date": day.isoformat()})
        case "event":
            keep_event(write, who, "worse", day, document)
        case "exercise":
            keep_exercise(write, who, "bird-dog", day, document)
        case "case":
            keep_case(write, who, day, document, consent=number > 0, provenance="own")
        case "band":
            give_band(write, who, f"SB-{len(document)}", day)
        case "return":
            return_band(write, f"SB-{len(document)}", day)
        case "erase":
            write.erase(who.id)
            people[number] = add_participant(write, "UTC")


def live(store: Store, story: list[tuple[str, int, dict[str, Any]]]) -> None:
    with writing(store, "staff", "test", lambda: NOW) as write:
        people = [add_participant(write, zone, "nb") for zone in ("UTC", "Europe/Oslo", "Asia/Tokyo")]
    for kind, number, document in story:
        with writing(store, "staff", kind, lambda: NOW) as write:
            act(write, people, kind, number, document)


#: One of three has been erased, the others have something of each kind.
STORY: list[tuple[str, int, dict[str, Any]]] = [
    (kind, number, {"a": [kind, "æøå"]}) for number in (0, 1, 2) for kind in ACTS if kind != "erase" or number == 1
]


def everything(store: Store) -> tuple[Any, ...]:
    with store.reading() as connection:
        assert list(breaches(connection)) == []
        return [export(connection, who) for who in participants(connection)], last_hash(connection)


def highest(store: Store) -> int:
    with writing(store, "staff") as write:
        who = participants(write.connection)[0]
        return keep_message(write, who, {"date": "2026-11-24"})


@pytest.fixture
def full(store: Store) -> Store:
    live(store, STORY)
    return store


@pytest.fixture
def other(other_address: str) -> Iterator[Store]:
    """A place without a store yet, of the other kind."""
    opened = reach(other_address, make=True)
    yield opened
    opened.close()


def test_a_backup_restores_into_the_other_kind_of_store(full: Store, other: Store, tmp_path: Path) -> None:
    manifest = back_up(full, tmp_path / "b.zip", NOW)
    assert (tmp_path / "b.zip").stat().st_mode & 0o777 == 0o600
    assert manifest == read_manifest(tmp_path / "b.zip")
    assert not holds_something(other)
    restored = restore(tmp_path / "b.zip", other, NOW)
    assert restored.erased_again == ()
    assert everything(other) == everything(full)
    assert highest(other) == highest(full)
    assert everything(other)[0]
    assert holds_something(other)


@given(story=HISTORIES)
@settings(
    max_examples=100 if os.environ.get("SELFBACK_LONG_CAMPAIGN") else 5,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_whatever_happened_to_people_comes_back_from_a_backup(
    address: str, story: list[tuple[str, int, dict[str, Any]]]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        one, two = open_store(f"{folder}/1.sqlite"), reach(address, make=True)
        live(one, story)
        back_up(one, Path(folder) / "b.zip", NOW)
        restore(Path(folder) / "b.zip", two, NOW, replaced=Path(folder) / "aside.zip")
        assert everything(two) == everything(one)
        assert highest(two) == highest(one)
        one.close()
        two.close()


@pytest.fixture(scope="module")
def backup(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A backup, for reading."""
    folder = tmp_path_factory.mktemp("backup")
    store = open_store(str(folder / "s.sqlite"))
    live(store, STORY)
    back_up(store, folder / "b.zip", NOW)
    store.close()
    return folder / "b.zip"


def test_a_byte_that_changed_anywhere_is_noticed(backup: Path, tmp_path: Path) -> None:
    whole = backup.read_bytes()
    changed = tmp_path / "c.zip"
    rng = random.Random(7)
    places = {*range(0, len(whole), 37), *range(len(whole) - 100, len(whole))}
    for place in sorted(places):
        spoiled = bytearray(whole)
        spoiled[place] ^= 1 << rng.randrange(8)
        changed.write_bytes(spoiled)
        with pytest.raises(BackupError):
            read_manifest(changed)
    for size in (0, 1, 70, 71, 72, len(whole) // 2, len(whole) - 1):
        changed.write_bytes(whole[:size])
        with pytest.raises(BackupError):
            read_manifest(changed)


def forged(backup: Path, to: Path, change: Callable[[dict[str, Any], dict[str, bytes]], None]) -> Path:
    """A backup that somebody made by hand, with hashes that fit."""
    with zipfile.ZipFile(backup) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    manifest = json.loads(parts.pop("manifest.json"))
    change(manifest, parts)
    with zipfile.ZipFile(to, "w") as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
            if name.removesuffix(".jsonl") in manifest["tables"]:
                facts = manifest["tables"][name.removesuffix(".jsonl")]
                facts |= {"sha256": hashlib.sha256(data).hexdigest(), "rows": data.count(b"\n")}
        archive.writestr("manifest.json", json.dumps(manifest))
        archive.comment = bytes(71)
    whole = to.read_bytes()[:-71]
    to.write_bytes(whole + b"sha256:" + hashlib.sha256(whole).hexdigest().encode())
    return to


FORGERIES: dict[str, tuple[Callable[[dict[str, Any], dict[str, bytes]], None], type[StoreError]]] = {
    "form": (lambda manifest, _: manifest.update(form="9999"), StoreNewerError),
    "older form": (lambda manifest, _: manifest.update(form="0001"), BackupError),
    "format": (lambda manifest, _: manifest.update(format=2), BackupError),
    "no tables": (lambda manifest, _: manifest.update(tables=[]), BackupError),
    "table": (lambda manifest, parts: (manifest["tables"].pop("event"), parts.pop("event.jsonl")), BackupError),
    "file": (lambda _, parts: parts.update({"songs.jsonl": b""}), BackupError),
    "column": (lambda manifest, _: manifest["tables"]["plan"].update(columns=["id"] * 8), BackupError),
    "row": (lambda _, parts: parts.update({"plan.jsonl": b"{}\n"}), BackupError),
    "value": (lambda _, parts: parts.update({"erased.jsonl": b'[["a"], "b"]\n'}), StoreError),
    "number": (lambda _, parts: parts.update({"erased.jsonl": b"[null, null]\n"}), StoreError),
    "lost rows": (lambda _, parts: parts.update({"message.jsonl": b""}), StoreDamagedError),
    "hash": (lambda manifest, _: manifest.update(last_hash="0" * 64), StoreDamagedError),
}


@pytest.mark.parametrize("kind", FORGERIES)
def test_a_backup_that_was_made_by_hand_is_told_and_leaves_the_store(
    kind: str, backup: Path, full: Store, tmp_path: Path
) -> None:
    change, fault = FORGERIES[kind]
    before = everything(full)
    with pytest.raises(fault):
        restore(forged(backup, tmp_path / "f.zip", change), full, NOW, replaced=tmp_path / "aside.zip")
    assert everything(full) == before


def test_a_store_that_holds_something_is_not_written_over_unless_that_is_kept(
    full: Store, backup: Path, tmp_path: Path
) -> None:
    before = everything(full)
    with pytest.raises(StoreNotEmptyError):
        restore(backup, full, NOW)
    assert everything(full) == before
    restore(backup, full, NOW, replaced=tmp_path / "aside.zip")
    assert everything(full)[1] == read_manifest(backup).last_hash != before[1]
    restore(tmp_path / "aside.zip", full, NOW, replaced=tmp_path / "again.zip")
    # Whoever was erased from the store that was replaced stays erased, so the chain has gone on if any was.
    assert [one["participant"] for one in everything(full)[0]] == [one["participant"] for one in before[0]]


def test_who_was_erased_since_a_backup_is_not_brought_back(full: Store, tmp_path: Path) -> None:
    back_up(full, tmp_path / "b.zip", NOW)
    with full.reading() as connection:
        gone, *others = participants(connection)
    with writing(full, "staff", "their wish") as write:
        write.erase(gone.id)
    restored = restore(tmp_path / "b.zip", full, NOW, replaced=tmp_path / "aside.zip")
    assert restored.erased_again == (gone.id,)
    with full.reading() as connection:
        assert participants(connection) == tuple(others)
    assert everything(full)


def test_a_backup_of_a_broken_chain_says_so_and_comes_back_as_it_was(full: Store, other: Store, tmp_path: Path) -> None:
    with full.writing() as connection:
        connection.execute(text("UPDATE audit SET who = 'nobody' WHERE seq = 3"))
    manifest = back_up(full, tmp_path / "b.zip", NOW)
    assert manifest.breaches == ("entry 3: it was changed",)
    restore(tmp_path / "b.zip", other, NOW)
    told = [finding.what for finding in check_store(other).findings if finding.kind == "audit"]
    assert told == ["entry 3: it was changed"]


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("UPDATE audit SET reason = 'x' WHERE seq = 5", "entry 5: it was changed"),
        ("DELETE FROM audit WHERE seq = 5", "entry 5: entries from 5 to 5 are gone"),
        ("UPDATE audit SET seq = 1000 WHERE seq = 5", "entry 5: entries from 5 to 5 are gone"),
        ("UPDATE message SET document = '{}'", "was changed after it was written"),
        ("UPDATE plan SET document = '[]'", "can't be read: no JSON object"),
    ],
)
def test_a_check_names_what_was_changed(statement: str, told: str, full: Store) -> None:
    with writing(full, "staff") as write:
        who = participants(write.connection)[0]
        keep_message(write, who, {"date": "2026-11-24"})
        keep_plan(write, who, {"start": "2026-11-24", "content_version": "7"})
    with full.writing() as connection:
        connection.execute(text(statement))
    assert any(told in finding.what for finding in check_store(full).findings)


def test_a_check_of_a_whole_store_finds_nothing(store: Store) -> None:
    live(store, [act for act in STORY if act[0] not in {"profile", "plan", "edit"}])
    found = check_store(store)
    assert found.findings == ()
    assert found.rows["participant"] == 3
    assert found.last_hash == everything(store)[1]


def test_a_check_finds_an_id_whose_last_character_does_not_fit(full: Store) -> None:
    with full.writing() as connection:
        connection.execute(text("INSERT INTO erased (id, erased_at) VALUES ('KQ7-M2R-TX4', '2026-01-01')"))
    (found,) = [finding for finding in check_store(full).findings if finding.kind == "id"]
    assert "KQ7-M2R-TX4" in found.what


def test_a_store_that_is_not_there_is_not_made_by_a_check(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="there is no store"):
        reach(str(tmp_path / "none.sqlite"))
    assert list(tmp_path.iterdir()) == []


def older(store: Store) -> None:
    """Take a store back to the first form."""
    with store.changing() as connection:
        accounts = ("session_end", "session", "invitation", "submission", "day", "site")
        staff = ("staff_session_end", "staff_session", "staff", "access")
        for name in (*accounts, *staff, "allocation", "place", "study", "band", "exercise", "retained"):
            connection.execute(text(f"DROP TABLE {name}"))
        connection.execute(text("DROP INDEX ix_event_kind"))
        connection.execute(text("UPDATE alembic_version SET version_num = '0001'"))


def test_an_older_store_is_backed_up_checked_restored_and_brought_up(
    store: Store, other: Store, tmp_path: Path
) -> None:
    live(store, [act for act in STORY if act[0] not in {"band", "return", "exercise", "case"}])
    before = everything(store)
    older(store)
    assert form(store).steps[0][0] == "0002"
    assert not [finding for finding in check_store(store).findings if finding.kind == "audit"]
    assert back_up(store, tmp_path / "b.zip", NOW).form == "0001"
    restore(tmp_path / "b.zip", other, NOW)
    bring_up(store)
    assert everything(store) == everything(other) == before
    with store.reading() as connection:
        assert MigrationContext.configure(connection).get_current_revision() == form(store).head


def test_an_older_store_of_a_server_is_not_changed_by_opening_it(address: str) -> None:
    store = open_store(address)
    older(store)
    store.close()
    if address.startswith("postgresql"):
        with pytest.raises(StoreError) as caught:
            open_store(address)
        assert "selfback store migrate" in caught.value.remedy
        store = reach(address)
        assert form(store).found == "0001"
        store.close()
    else:
        opened = open_store(address)
        assert form(opened).steps == ()
        opened.close()


def test_a_migration_that_stops_leaves_the_store_as_it_was(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    live(store, [("message", 0, {})])
    older(store)

    def stopped(connection: Any, revision: str) -> None:
        upgrade(connection, revision)
        raise KeyboardInterrupt

    upgrade = migrate.upgrade
    with monkeypatch.context() as patch:
        patch.setattr(migrate, "upgrade", stopped)
        with pytest.raises(KeyboardInterrupt):
            bring_up(store)
    assert form(store).found == "0001"
    bring_up(store)
    assert everything(store)


def test_a_backup_of_a_newer_form_is_refused(full: Store, other: Store, tmp_path: Path) -> None:
    with full.changing() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StoreNewerError):
        back_up(full, tmp_path / "b.zip", NOW)
    with pytest.raises(StoreNewerError):
        check_store(full)
    assert list(tmp_path.glob("b.zip*")) == []


def test_a_file_that_is_there_is_not_replaced_by_a_backup(full: Store, tmp_path: Path) -> None:
    (tmp_path / "b.zip").write_text("mine")
    with pytest.raises(OutputError):
        back_up(full, tmp_path / "b.zip", NOW)
    assert (tmp_path / "b.zip").read_text() == "mine"
    assert [path.name for path in tmp_path.glob("*b.zip*")] == ["b.zip"]


def test_a_restore_waits_for_who_writes_and_then_gives_up(
    address: str, backup: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine_module, "PATIENCE_MS", 100)
    one, two = open_store(address), reach(address)
    with writing(one, "staff") as write:
        add_participant(write, "UTC")
        with pytest.raises(StoreLockedError):
            restore(backup, two, NOW)
    assert len(everything(one)[0]) == 1
    one.close()
    two.close()


def test_a_chain_that_does_not_come_out_as_it_was_is_not_restored(
    full: Store, backup: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = everything(full)
    monkeypatch.setattr("activity.store.backup.last_hash", lambda _: "0" * 64)
    with pytest.raises(StoreDamagedError):
        restore(backup, full, NOW, replaced=tmp_path / "aside.zip")
    assert everything(full) == before


KILLED = """
import os, signal, sys
from datetime import UTC, datetime
from pathlib import Path
from activity.store import backup
from activity.store.engine import reach
prove = backup._prove
def killed(*arguments):
    prove(*arguments)
    os.kill(os.getpid(), signal.SIGKILL)
backup._prove = killed
store = reach(sys.argv[1])
backup.restore(Path(sys.argv[2]), store, datetime.now(UTC), replaced=Path(sys.argv[3]))
"""


def test_a_restore_that_is_killed_leaves_the_old_store_whole(address: str, backup: Path, tmp_path: Path) -> None:
    store = open_store(address)
    live(store, [("message", 0, {"a": 1})])
    before = everything(store)
    store.close()
    done = subprocess.run(
        [sys.executable, "-c", KILLED, address, str(backup), str(tmp_path / "aside.zip")], check=False, timeout=60
    )
    assert done.returncode == -signal.SIGKILL
    store = open_store(address)
    assert everything(store) == before
    store.close()


FULL_DISK = """
import resource, signal, sys
from datetime import UTC, datetime
from pathlib import Path
from activity.errors import OutputError, StoreError
from activity.store import backup
from activity.store.engine import reach
store = reach(sys.argv[2])
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[3]), resource.RLIM_INFINITY))
try:
    if sys.argv[1] == "backup":
        backup.back_up(store, Path(sys.argv[4]), datetime.now(UTC))
    else:
        backup.restore(Path(sys.argv[4]), store, datetime.now(UTC))
except (OutputError, StoreError) as fault:
    print(fault.code)
"""


@pytest.mark.parametrize(("what", "most"), [("backup", 3_000), ("restore", 150_000)])
def test_a_full_disk_is_told_and_leaves_what_there_was(what: str, most: int, tmp_path: Path, backup: Path) -> None:
    place = tmp_path / "s.sqlite"
    store = open_store(str(place))
    if what == "backup":
        live(store, STORY)
        to = tmp_path / "b.zip"
    else:
        big = open_store(str(tmp_path / "big.sqlite"))
        rng = random.Random(1)
        live(big, [("message", 0, {"text": rng.randbytes(9_000).hex()}) for _ in range(20)])
        to = tmp_path / "big.zip"
        back_up(big, to, NOW)
        big.close()
    before = everything(store)
    store.close()
    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK, what, str(place), str(most), str(to)],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() in {"output-unwritable", "store"}, done.stderr
    store = open_store(str(place))
    assert everything(store) == before
    store.close()
    assert what == "restore" or not list(tmp_path.glob("*b.zip*"))


def test_a_band_is_of_one_person_at_a_time_and_never_falls_back_to_who_had_it_before(store: Store) -> None:
    with writing(store, "staff") as write:
        anna, bert = (add_participant(write, "UTC") for _ in range(2))
        give_band(write, anna, "SB-1", DAY)
        give_band(write, bert, " SB-1 ", DAY + timedelta(1))
    with store.reading() as connection:
        found = wearer(connection, "SB-1")
        assert (found.participant, found.since) == (bert, DAY + timedelta(1))
    with writing(store, "staff") as write:
        write.erase(bert.id)
    with store.reading() as connection, pytest.raises(BandUnassignedError):
        wearer(connection, "SB-1")
    with writing(store, "staff") as write:
        give_band(write, anna, "SB-1", DAY)
        give_band(write, anna, "SB-2", DAY)
    with store.reading() as connection:
        assert wearer(connection, "SB-2").participant == anna
        with pytest.raises(BandUnassignedError):
            wearer(connection, "SB-1")
    with writing(store, "staff") as write:
        assert return_band(write, "SB-2", DAY)
        assert not return_band(write, "SB-2", DAY)


def test_cases_are_shared_only_with_the_newest_consent_and_go_with_the_person(store: Store) -> None:
    with writing(store, "staff") as write:
        anna, bert = (add_participant(write, "UTC") for _ in range(2))
        keep_case(write, anna, DAY, {"n": 1}, consent=True, provenance="own")
        keep_case(write, bert, DAY, {"n": 2}, consent=True, provenance="own")
        keep_case(write, anna, DAY + timedelta(7), {"n": 3}, consent=True, provenance="own")
        keep_case(write, anna, DAY, {"n": 1}, consent=False, provenance="own")
    with store.reading() as connection:
        assert [case.document["n"] for case in shared_cases(connection)] == [2, 3]
    with writing(store, "staff") as write:
        write.erase(anna.id)
    with store.reading() as connection:
        assert [case.document["n"] for case in shared_cases(connection)] == [2]
