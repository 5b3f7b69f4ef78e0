"""``selfback store`` and the plan of whoever's band was synced, from the command line."""

import json
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from other_shell import simulated
from store_commands import Selfback

from activity.questionnaires.definition import load_questionnaire

FIT = "".join(f"{one.id} = {str(not one.keeps_out).lower()}\n" for one in load_questionnaire("eligibility").questions)
SIGNS = [question.id for question in load_questionnaire("weekly-checkin").warning_signs]
CALM = "".join(f"{sign} = false\n" for sign in SIGNS) + "average_pain = 4\nworst_pain = 6\nminutes = 15\n"


@pytest.fixture
def key(selfback: Selfback, tmp_path: Path) -> str:
    """Somebody who has answered the questions of this week."""
    (tmp_path / "calm.toml").write_text(CALM)
    found = selfback("participant", "add", "--zone", "UTC")[1].strip()
    (tmp_path / "fit.toml").write_text(FIT)
    assert selfback("ask", found, "eligibility", "--answers", tmp_path / "fit.toml")[0] == 0
    assert selfback("checkin", found, "--answers", tmp_path / "calm.toml")[0] == 0
    return found


def change(path: Path, statement: str) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute(statement)
    connection.close()


def test_a_backup_is_proved_restored_and_equal(selfback: Selfback, key: str, tmp_path: Path) -> None:
    exported = selfback("participant", "export", key)[1]
    assert selfback("store", "backup", "--to", tmp_path / "d.zip", "--dry-run")[0] == 0
    assert not (tmp_path / "d.zip").exists()
    code, out, _ = selfback("store", "backup", "--to", tmp_path / "b.zip", "--json")
    assert code == 0
    assert json.loads(out)["rows"]["participant"] == 1
    assert selfback("participant", "add")[0] == 0
    code, _, err = selfback("store", "restore", tmp_path / "b.zip")
    assert code == 6
    assert "store-not-empty" in err
    assert len(selfback("participant", "list")[1].splitlines()) == 2
    assert selfback("store", "restore", tmp_path / "b.zip", "--replace", "--dry-run")[0] == 0
    assert len(selfback("participant", "list")[1].splitlines()) == 2
    code, out, _ = selfback("store", "restore", tmp_path / "b.zip", "--replace", "--json")
    assert code == 0
    assert Path(json.loads(out)["replaced"]).exists()
    assert selfback("participant", "export", key)[1] == exported
    assert selfback("store", "check")[0] == 0


def test_a_backup_lies_beside_its_store_and_restores_where_there_is_none(
    selfback: Selfback, key: str, tmp_path: Path
) -> None:
    code, out, _ = selfback("store", "backup")
    (found,) = tmp_path.glob("s.sqlite.backup-*.zip")
    assert (code, out.strip()) == (0, str(found))
    new = tmp_path / "new" / "n.sqlite"
    assert selfback("store", "restore", found, "--store", new)[0] == 0
    assert selfback("participant", "list", "--store", new)[1] == selfback("participant", "list")[1]


def test_a_check_names_the_row_that_was_changed_and_ends_with_5(selfback: Selfback, key: str, tmp_path: Path) -> None:
    code, out, _ = selfback("store", "check", "--json")
    assert code == 0
    assert json.loads(out)["whole"] is True
    change(tmp_path / "s.sqlite", "UPDATE audit SET who = 'x' WHERE seq = 2")
    code, out, _ = selfback("store", "check")
    assert code == 5
    assert "entry 2: it was changed" in out
    code, out, err = selfback("store", "backup", "--to", tmp_path / "b.zip")
    assert code == 5
    assert "entry 2" in err
    assert selfback("store", "restore", tmp_path / "b.zip", "--store", tmp_path / "n.sqlite")[0] == 5


def test_a_changed_backup_is_told_and_restores_nothing(selfback: Selfback, key: str, tmp_path: Path) -> None:
    assert selfback("store", "backup", "--to", tmp_path / "b.zip")[0] == 0
    whole = bytearray((tmp_path / "b.zip").read_bytes())
    whole[200] ^= 1
    (tmp_path / "b.zip").write_bytes(whole)
    code, out, err = selfback("store", "restore", tmp_path / "b.zip", "--store", tmp_path / "n.sqlite")
    assert (code, out) == (5, "")
    assert "backup-integrity" in err
    assert not (tmp_path / "n.sqlite").exists()


def test_no_store_a_newer_one_and_a_locked_one_end_with_6(
    selfback: Selfback, key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("check", "backup", "migrate"):
        code, out, err = selfback("store", name, "--store", tmp_path / "none.sqlite")
        assert (code, out) == (6, "")
        assert "there is no store" in err
    assert not (tmp_path / "none.sqlite").exists()
    assert selfback("store", "backup", "--to", tmp_path / "b.zip")[0] == 0
    monkeypatch.setattr("activity.store.engine.PATIENCE_MS", 50)
    with sqlite3.connect(tmp_path / "s.sqlite", isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        assert selfback("store", "restore", tmp_path / "b.zip", "--replace")[0] == 6
        assert selfback("store", "check")[0] == 0
    other.close()
    change(tmp_path / "s.sqlite", "UPDATE alembic_version SET version_num = '9999'")
    for arguments in (("check",), ("backup",), ("migrate",), ("restore", tmp_path / "b.zip", "--replace")):
        code, _, err = selfback("store", *arguments)
        assert code == 6
        assert "store-newer" in err


def test_a_migration_says_what_would_run_and_backs_up_first(selfback: Selfback, key: str, tmp_path: Path) -> None:
    place = tmp_path / "s.sqlite"
    assert selfback("store", "migrate")[1].startswith("current: ")
    accounts = ("session_end", "session", "invitation", "submission", "day", "site")
    staff = ("staff_session_end", "staff_session", "staff", "access")
    for name in (*accounts, *staff, "allocation", "place", "study", "band", "exercise", "retained"):
        change(place, f"DROP TABLE {name}")
    change(place, "DROP INDEX ix_event_kind")
    change(place, "UPDATE alembic_version SET version_num = '0001'")
    code, out, _ = selfback("store", "migrate", "--dry-run")
    assert code == 0
    assert out.startswith("0002: ")
    assert "older than this version" in selfback("store", "check")[1]
    code, out, _ = selfback("store", "migrate", "--json")
    assert code == 0
    said = json.loads(out)
    assert (said["from"], said["changed"]) == ("0001", True)
    assert selfback("store", "restore", said["backup"], "--store", tmp_path / "n.sqlite")[0] == 0
    assert selfback("store", "check")[0] == selfback("store", "check", "--store", tmp_path / "n.sqlite")[0] == 0


def test_the_person_whose_band_was_synced_gets_a_plan_and_what_came_is_proved(
    selfback: Selfback, key: str, tmp_path: Path
) -> None:
    places = ("--output", tmp_path / "rec", "--results", tmp_path / "results")
    long_ago = (datetime.now(UTC) - timedelta(days=3)).date()
    with simulated() as (radio, _):
        code, out, err = selfback("sync", "--radio", radio, *places, "--plan", "--json")
        said = json.loads(out)
        assert code == 2
        assert "band-unassigned" in err
        serial = said["recordings"][0]["serial"]
        assert f"serial {serial}" in err
        code, out, _ = selfback("participant", "band", key, serial, "--since", long_ago)
        assert code == 0
        code, out, err = selfback("sync", "--radio", radio, *places, "--plan", "--json")
        assert code == 0, err
    said = json.loads(out)
    assert said["participant"] == key
    assert f"days of band {serial}" in err
    assert "0 days of" not in err
    exported = json.loads(selfback("participant", "export", key)[1])
    assert [row["document"] for row in exported["plan"]] == [said["plan"]]
    assert [row["band"] for row in exported["band"]] == [serial]
    # By hand it is the same plan.
    code, out, _ = selfback("plan", "--band", serial, "--results", tmp_path / "results", "--dry-run", "--json")
    assert (code, json.loads(out)) == (0, said["plan"])
    # The pages of the app find its days, each once.
    took = [json.loads(selfback("app", "days", tmp_path / "results", "--json")[1]) for _ in range(2)]
    assert took[0]["new"] == took[0]["days"] > 0
    assert (took[1]["id"], took[1]["new"], took[1]["days"]) == (key, 0, took[0]["days"])
    exported = json.loads(selfback("participant", "export", key)[1])
    assert {row["source"] for row in exported["day"]} == {"band"}
    # Somebody else's band from now on: what it recorded before isn't theirs.
    other = selfback("participant", "add", "--band", serial)[1].strip()
    assert selfback("ask", other, "eligibility", "--answers", tmp_path / "fit.toml")[0] == 0
    assert selfback("checkin", other, "--answers", tmp_path / "calm.toml")[0] == 0
    code, _, err = selfback("plan", "--band", serial, "--results", tmp_path / "results", "--dry-run")
    assert code == 0
    assert f"0 days of band {serial}" in err
    assert selfback("participant", "band", key, serial, "--returned")[0] == 2
    assert selfback("participant", "erase", other, "--reason", "wish", "--yes")[0] == 0
    code, out, err = selfback("plan", "--band", serial, "--results", tmp_path / "results")
    assert (code, out) == (2, "")
    assert "band-unassigned" in err
    assert selfback("store", "check")[0] == 0
    code, out, _ = selfback("store", "check", tmp_path / "rec")
    assert code == 0
    assert "proved by its hash" in out
    (segment,) = (tmp_path / "rec").rglob("*.arrows")
    spoiled = bytearray(segment.read_bytes())
    spoiled[len(spoiled) // 2] ^= 4
    segment.write_bytes(spoiled)
    code, out, _ = selfback("store", "check", tmp_path / "rec", "--json")
    assert code == 5
    document = json.loads(out)
    assert document["held"] == 0
    assert any("were held, and no segment has them any more" in fault for fault in document["faults"])


@pytest.mark.parametrize(
    "arguments",
    [
        ("plan",),
        ("plan", "KEY", "--band", "SB-1"),
        ("plan", "--band", "SB-1"),
        ("plan", "--band", " ", "--results", "x"),
        ("participant", "band", "KEY", "\x07"),
        ("participant", "band", "KEY", "SB-1", "--returned"),
        ("sync", "--plan", "--dry-run"),
    ],
)
def test_what_makes_no_sense_is_told(arguments: tuple[str, ...], selfback: Selfback, key: str) -> None:
    code, out, err = selfback(*(key if argument == "KEY" else argument for argument in arguments))
    assert (code, out) == (2, "")
    assert err


def test_a_folder_without_a_capture_is_told(selfback: Selfback, tmp_path: Path) -> None:
    (tmp_path / "nothing").mkdir()
    code, out, err = selfback("store", "check", tmp_path / "nothing")
    assert (code, out) == (5, "")
    assert "there is no capture" in err
