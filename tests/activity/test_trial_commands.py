"""``selfback trial`` from the first line to the last, on SQLite and PostgreSQL."""

import json
import os
import shutil
import sqlite3
import stat
import tempfile
import tomllib
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import postgres
import pytest
from trial_people import FIT, SCREENING, rmdq

from activity.cli.explain import faults
from activity.cli.main import run
from activity.errors import TrialError
from activity.resources import shipped
from activity.store.engine import open_store
from activity.store.participants import keep_exercise, keep_message, keep_plan, participant
from activity.store.writing import writing

Trial = Callable[..., tuple[int, Any, str]]
TODAY = datetime.now(UTC).date()
EXAMPLE = Path(str(shipped("data", "study", "selfback.toml")))


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    if postgres.programs() is None:
        if os.environ.get("CI"):
            pytest.fail("PostgreSQL is not installed")
        pytest.skip("PostgreSQL is not installed")
    folder = Path(tempfile.mkdtemp(prefix="sb-pt-"))
    try:
        with postgres.server(folder) as address:
            yield address
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def address(tmp_path: Path) -> str:
    return str(tmp_path / "store" / "s.sqlite")


@pytest.fixture
def selfback(address: str, capsys: pytest.CaptureFixture[str]) -> Trial:
    return caller(address, capsys)


def caller(address: str, capsys: pytest.CaptureFixture[str]) -> Trial:
    """Run a command on the store of the test; return exit code, what ``--json`` printed, and stderr."""

    def call(*arguments: object) -> tuple[int, Any, str]:
        capsys.readouterr()
        code = run([*map(str, arguments), "--store", address, "--json"])
        said = capsys.readouterr()
        documents = [json.loads(line) for line in said.out.splitlines()]
        return code, documents[0] if len(documents) == 1 else documents, said.err

    return call


@pytest.fixture
def key(tmp_path: Path) -> Path:
    return tmp_path / "keys" / "trial.key"


@pytest.fixture
def begun(selfback: Trial, key: Path) -> Path:
    """A store with the example study."""
    assert selfback("trial", "init", EXAMPLE, "--key", key)[0] == 0
    return key


def person(selfback: Trial, folder: Path, *, screening: dict[str, Any] | None = None, score: int = 9) -> str:
    """Somebody new who may be randomised."""
    said = {"screen": SCREENING | (screening or {}), "fit": FIT, "rmdq": rmdq(score)}
    for name, document in said.items():
        (folder / f"{name}.json").write_text(json.dumps(document))
    id_ = str(selfback("participant", "add")[1]["id"])
    assert selfback("ask", id_, "eligibility", "--answers", folder / "fit.json")[0] == 0
    assert selfback("trial", "answer", id_, "baseline", "rmdq-24", "--answers", folder / "rmdq.json")[0] == 0
    selfback("trial", "eligible", id_, "--answers", folder / "screen.json")
    assert selfback("trial", "consent", id_)[0] == 0
    return id_


def whole_story(selfback: Trial, key: Path, folder: Path) -> None:
    """From init to verify, as a site would go."""
    code, said, err = selfback("trial", "init", EXAMPLE, "--key", key)
    assert (code, said["new"], said["study"]) == (0, True, "selfback-example")
    assert err == ""
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    people = [person(selfback, folder) for _ in range(3)]
    light = person(selfback, folder, score=5)
    code, said, err = selfback("trial", "eligible", light)
    assert (code, said["eligible"], said["unmet"]) == (7, False, ["disability"])
    assert "trial-not-eligible" in err
    assert selfback("trial", "eligible", people[0])[1]["eligible"] is True
    declined = person(selfback, folder)
    assert selfback("trial", "consent", declined, "--declined")[1]["given"] is False
    arms = []
    for id_ in people:
        code, said, _ = selfback("trial", "randomise", id_, "--key", key)
        assert code == 0
        arms.append(said["arm"])
    assert set(arms) <= {"usual-care", "selfback"}
    code, _, err = selfback("trial", "randomise", people[0], "--key", key)
    assert (code, "trial-already-randomised" in err) == (2, True)
    assert selfback("trial", "randomise", light, "--key", key)[0] == 7
    assert selfback("trial", "randomise", declined, "--key", key)[0] == 7

    code, rows, _ = selfback("trial", "visits", people[0], "--date", TODAY + timedelta(days=45))
    assert [row["state"] for row in rows] == ["partial", "due", "not yet", "not yet", "not yet"]
    due = ("trial", "visits", "--reminders", "--date", TODAY + timedelta(days=45))
    code, rows, _ = selfback(*due, "--sent")
    assert sorted(row["id"] for row in rows) == sorted(people)
    assert {(row["visit"], row["number"]) for row in rows} == {("6-weeks", 2)}
    assert selfback(*due)[1] == []
    assert {row["id"] for row in selfback("trial", "visits")[1]} == {*people, light}

    assert selfback("trial", "withdraw", people[1], "follow-up", "--reason", "moved away")[0] == 0
    assert (
        selfback("trial", "adverse", people[0], "fell on the stairs", "--severity", "mild", "--related", "no")[0] == 0
    )
    code, flow, _ = selfback("trial", "consort", "--svg", folder / "flow.svg")
    assert (flow["assessed"], flow["randomised"], flow["waiting"]) == (5, 3, 0)
    assert flow["excluded"] == [["not met: a Roland-Morris score of 6 or more", 1], ["declined to take part", 1]]
    assert sum(arm["allocated"] for arm in flow["arms"]) == 3
    assert sum(one["events"] for one in flow["adverse"]) == 1
    assert (folder / "flow.svg").read_text().startswith("<svg ")

    code, said, _ = selfback("trial", "verify", "--key", key)
    assert (code, said["places"], said["findings"]) == (0, 3, [])
    seal = said["last_seal"]
    assert selfback("participant", "erase", people[2], "--reason", "their wish", "--yes")[0] == 0
    code, said, _ = selfback("trial", "verify", "--key", key, "--seal", seal)
    assert (code, said["places"], said["holders"], said["findings"]) == (0, 3, 2, [])
    assert sum(arm["erased"] for arm in selfback("trial", "consort")[1]["arms"]) == 1
    assert selfback("store", "check")[0] == 0


def test_a_study_is_run_from_its_protocol_to_its_flow(selfback: Trial, key: Path, tmp_path: Path) -> None:
    whole_story(selfback, key, tmp_path)


def test_a_study_is_run_on_a_server_just_the_same(
    server: str, key: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole_story(caller(server, capsys), key, tmp_path)


def test_the_same_protocol_again_changes_nothing_and_makes_no_key(selfback: Trial, begun: Path, tmp_path: Path) -> None:
    code, said, _ = selfback("trial", "init", EXAMPLE, "--key", tmp_path / "second.key")
    assert (code, said["new"], said["changes"]) == (0, False, [])
    assert not (tmp_path / "second.key").exists()


def test_a_changed_protocol_is_refused_by_name_and_an_amendment_kept_with_why(
    selfback: Trial, begun: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other.toml"
    other.write_text(EXAMPLE.read_text().replace("planned_people = 350", "planned_people = 461"))
    code, _, err = selfback("trial", "init", other)
    assert (code, "planned_people: 350 became 461" in err, "trial-protocol-changed" in err) == (5, True, True)
    code, said, _ = selfback("trial", "init", other, "--dry-run")
    assert (code, said["changes"]) == (0, ["planned_people: 350 became 461"])
    assert selfback("trial", "init", other, "--amend", " ")[0] == 2
    code, said, _ = selfback("trial", "init", other, "--amend", "funding for more")
    assert (code, said["changes"]) == (0, ["planned_people: 350 became 461"])
    assert selfback("trial", "verify")[1]["amendments"] == ["funding for more"]
    assert selfback("trial", "init", EXAMPLE)[0] == 5
    assert selfback("trial", "init", other)[0] == 0


def test_blocks_are_not_changed_once_somebody_is_randomised(selfback: Trial, begun: Path, tmp_path: Path) -> None:
    assert selfback("trial", "randomise", person(selfback, tmp_path), "--key", begun)[0] == 0
    other = tmp_path / "other.toml"
    other.write_text(EXAMPLE.read_text().replace("blocks = [4, 6, 8]", "blocks = [4]"))
    code, _, err = selfback("trial", "init", other, "--amend", "smaller")
    assert (code, "blocks: [4, 6, 8] became [4]" in err) == (5, True)


def test_nobody_is_randomised_when_content_changed_since_the_study_began(
    selfback: Trial, begun: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    id_ = person(selfback, tmp_path)
    from activity.trial import pins

    monkeypatch.setattr(pins, "hashes", lambda _: {"rules.toml": "0" * 64})
    code, _, err = selfback("trial", "randomise", id_, "--key", begun)
    assert (code, "rules.toml changed" in err, "messages.toml is gone" in err) == (5, True, True)
    code, said, _ = selfback("trial", "verify")
    assert code == 5
    assert "frozen: rules.toml changed" in said["findings"]


def both_arms(selfback: Trial, key: Path, folder: Path) -> dict[str, str]:
    """Somebody of each arm, with a check-in to plan from, by arm."""
    found: dict[str, str] = {}
    while len(found) < 2:
        id_ = person(selfback, folder)
        found.setdefault(selfback("trial", "randomise", id_, "--key", key)[1]["arm"], id_)
    demo = tomllib.loads(shipped("data", "content", "demo-person.toml").read_text(encoding="utf-8"))
    (folder / "checkin.json").write_text(json.dumps(demo["checkin"]))
    for id_ in found.values():
        assert selfback("checkin", id_, "--answers", folder / "checkin.json")[0] == 0
    return found


def test_a_plan_is_made_for_the_arm_that_is_given_them_and_no_other(
    selfback: Trial, begun: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    of = both_arms(selfback, begun, tmp_path)
    code, said, err = selfback("plan", of["usual-care"], "--dry-run")
    assert (code, said) == (2, [])
    assert "was randomised to Usual care, which is given no plans" in err
    assert selfback("plan", of["selfback"])[0] == 0
    monkeypatch.setattr("activity.store.week.pins", lambda model: {"rules.toml": "0" * 64})
    code, said, err = selfback("plan", of["selfback"])
    assert (code, said) == (5, [])
    assert "rules.toml" in err


def test_a_key_beside_the_store_or_for_everybody_to_read_or_of_another_study_is_refused(
    selfback: Trial, key: Path, tmp_path: Path, address: str
) -> None:
    beside = Path(address).parent / "trial.key"
    code, _, err = selfback("trial", "init", EXAMPLE, "--key", beside)
    assert (code, "trial-key" in err, beside.exists()) == (5, True, False)
    assert selfback("trial", "init", EXAMPLE)[0] == 2
    assert selfback("trial", "init", EXAMPLE, "--key", key)[0] == 0
    id_ = person(selfback, tmp_path)
    key.chmod(0o644)
    assert selfback("trial", "randomise", id_, "--key", key)[0] == 5
    key.chmod(0o600)
    header, _ = key.read_text().splitlines()
    (tmp_path / "other.key").write_text(f"{header}\n{'ab' * 32}\n")
    (tmp_path / "other.key").chmod(0o600)
    code, _, err = selfback("trial", "randomise", id_, "--key", tmp_path / "other.key")
    assert (code, "another study" in err) == (5, True)
    assert selfback("trial", "verify", "--key", key)[1]["places"] == 0


def test_an_edited_allocation_is_told_and_stops_randomising(
    selfback: Trial, begun: Path, tmp_path: Path, address: str
) -> None:
    ids = [person(selfback, tmp_path) for _ in range(2)]
    arm = selfback("trial", "randomise", ids[0], "--key", begun)[1]["arm"]
    other = {"selfback": "usual-care", "usual-care": "selfback"}[arm]
    with sqlite3.connect(address) as connection:
        connection.execute("UPDATE place SET arm = ?", (other,))
        connection.execute("UPDATE allocation SET arm = ?", (other,))
    connection.close()
    code, said, _ = selfback("trial", "verify", "--key", begun)
    assert code == 5
    assert any(line.startswith("audit: place 1 was changed") for line in said["findings"])
    assert any(line.startswith("allocation: place 1") for line in said["findings"])
    assert selfback("trial", "verify")[0] == 5
    assert selfback("trial", "randomise", ids[1], "--key", begun)[0] == 5


def test_answers_out_of_their_visit_are_refused(selfback: Trial, begun: Path, tmp_path: Path) -> None:
    id_ = person(selfback, tmp_path)
    given = ("rmdq-24", "--answers", tmp_path / "rmdq.json")
    code, _, err = selfback("trial", "answer", id_, "6-weeks", *given)
    assert (code, "trial-visit" in err, "before randomisation" in err) == (2, True, True)
    assert selfback("trial", "randomise", id_, "--key", begun)[0] == 0
    assert "knows their arm" in selfback("trial", "answer", id_, "baseline", *given)[2]
    assert "isn't a day of it" in selfback("trial", "answer", id_, "6-weeks", *given)[2]
    later = selfback("trial", "answer", id_, "6-weeks", *given, "--date", TODAY + timedelta(days=42))
    assert "is to come" in later[2]
    assert selfback("trial", "withdraw", id_, "follow-up")[0] == 0
    code, rows, _ = selfback("trial", "visits", id_)
    assert [row["state"] for row in rows][1:] == ["stopped"] * 4


def test_use_is_counted_from_what_is_in_the_store(selfback: Trial, begun: Path, tmp_path: Path, address: str) -> None:
    id_ = person(selfback, tmp_path)
    assert selfback("trial", "randomise", id_, "--key", begun)[0] == 0
    store = open_store(address)
    with writing(store, "program") as write:
        who = participant(write.connection, id_)
        for week in range(2):
            start = (TODAY + timedelta(days=7 * week)).isoformat()
            keep_plan(write, who, {"start": start, "content_version": "1"})
        for day in range(3):
            keep_exercise(write, who, "bird-dog", TODAY, {"date": str(TODAY), "exercise": "bird-dog", "done": day > 0})
        keep_message(write, who, {"date": TODAY.isoformat(), "text": "Move"})
    store.close()
    code, said, _ = selfback("trial", "use", "--date", TODAY + timedelta(days=20))
    assert code == 0
    assert (said["id"], said["plans"], said["use"]) == (id_, 2, "low")
    assert (said["exercises"], said["exercise_days"], said["messages"], said["goal_days"]) == (2, 1, 1, None)
    arms = {arm["id"]: arm for arm in selfback("trial", "consort")[1]["arms"]}
    assert arms["selfback"]["received"] == arms["selfback"]["allocated"]


def test_a_store_without_a_study_says_how_to_begin_one(selfback: Trial) -> None:
    for command in (("consort",), ("use",), ("visits",), ("verify",)):
        code, _, err = selfback("trial", *command)
        assert (code, "trial init" in err) == (2, True), command


def test_whoever_takes_part_withdraws_rather_than_declines(selfback: Trial, begun: Path, tmp_path: Path) -> None:
    id_ = person(selfback, tmp_path)
    assert "--declined" in selfback("trial", "withdraw", id_, "treatment")[2]
    assert selfback("trial", "randomise", id_, "--key", begun)[0] == 0
    code, _, err = selfback("trial", "consent", id_, "--declined")
    assert (code, "trial withdraw" in err) == (2, True)
    assert selfback("trial", "withdraw", id_, "treatment", "--reason", "x" * 81)[0] == 2


def test_what_is_said_to_people_reads_as_a_table(
    begun: Path, selfback: Trial, address: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    id_ = person(selfback, tmp_path)
    assert selfback("trial", "randomise", id_, "--key", begun)[0] == 0

    def plain(*arguments: object) -> str:
        capsys.readouterr()
        assert run([*map(str, arguments), "--store", address]) == 0
        return capsys.readouterr().out

    assert "  met        18 or older" in plain("trial", "eligible", id_)
    assert "6-weeks    not yet" in plain("trial", "visits", id_)
    assert "Randomised: 1" in plain("trial", "consort")
    assert "use none: 0 plans" in plain("trial", "use")
    assert "1 places taken" in plain("trial", "verify", "--key", begun)
    assert "nothing changed" in plain("trial", "init", EXAMPLE)


def test_every_fault_of_a_trial_can_be_explained(capsys: pytest.CaptureFixture[str]) -> None:
    codes = [code for code, kind in faults().items() if issubclass(kind, TrialError)]
    assert len(codes) == 7
    for code in codes:
        assert run(["explain", code]) == 0
        assert code in capsys.readouterr().out


def test_dates_are_those_of_where_somebody_lives(selfback: Trial, begun: Path, tmp_path: Path) -> None:
    id_ = person(selfback, tmp_path)
    said = selfback("trial", "randomise", id_, "--key", begun)[1]
    assert abs((date.fromisoformat(said["date"]) - TODAY).days) <= 1
