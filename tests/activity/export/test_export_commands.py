"""``selfback export`` on real results and a real store."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from trial_people import DAY, allocate, begin, ready

from activity.cli.main import run
from activity.store.engine import open_store


def table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def printed(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, list[Any], str]:
    capsys.readouterr()
    code = run([str(argument) for argument in arguments])
    said = capsys.readouterr()
    return code, [json.loads(line) for line in said.out.splitlines()], said.err


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """A store with two people who were randomised."""
    store = open_store(str(tmp_path / "store" / "s.sqlite"))
    begin(store)
    for score in (9, 12):
        allocate(store, ready(store, score=score))
    store.close()
    return tmp_path / "store" / "s.sqlite"


@pytest.mark.parametrize(("kind", "name"), [("ggir", "part2_daysummary.csv"), ("stepcount", "Daily.csv")])
def test_tables_hold_every_day_and_say_what_their_columns_mean(
    processed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], kind: str, name: str
) -> None:
    code, (said,), _ = printed(capsys, "export", kind, processed, "--output", tmp_path, "--json")
    rows, about = table(tmp_path / name), json.loads((tmp_path / "columns.json").read_text(encoding="utf-8"))
    assert code == 0
    assert said["days"] == len(rows) == 3
    assert list(rows[0]) == [column["name"] for column in about]
    assert any(not column["same_meaning"] and column["differs"] for column in about)


def test_the_long_day_of_autumn_has_25_hours_in_every_form(
    processed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert printed(capsys, "export", "ggir", processed, "--output", tmp_path, "--json")[0] == 0
    by_day = {row["calendar_date"]: row for row in table(tmp_path / "part2_daysummary.csv")}
    assert float(by_day["2026-10-25"]["N hours"]) == 25.0
    code, points, err = printed(capsys, "export", "ieee1752", processed, "--id", "P1")
    assert code == 0
    starts = {point["body"]["effective_time_frame"]["time_interval"]["start_date_time"] for point in points}
    assert starts == {"2026-10-25T00:00:00+02:00"}
    assert "2 of 3 days left out, with too little wear to judge" in err


def test_days_and_answers_are_one_bundle(processed: Path, study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with_people = open_store(str(study))
    with with_people.reading() as connection:
        from activity.store.participants import participants

        id_ = participants(connection)[0].id
    with_people.close()
    words = ("export", "fhir", processed, "--id", id_, "--answers", "--store", study)
    code, (bundle,), _ = printed(capsys, *words)
    assert code == 0
    kinds = [entry["resource"]["resourceType"] for entry in bundle["entry"]]
    assert sorted(set(kinds)) == ["Observation", "Questionnaire", "QuestionnaireResponse"]
    about = [entry["resource"].get("subject") for entry in bundle["entry"]]
    assert {one["identifier"]["value"] for one in about if one} == {id_}
    assert printed(capsys, "export", "fhir", processed, "--answers")[0] == 2


def test_a_study_goes_to_redcap_and_comes_back(study: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store = ("--store", study, "--json")
    out = tmp_path / "redcap"
    code, (said,), _ = printed(capsys, "export", "redcap", "--output", out, "--date", DAY, *store)
    assert (code, said["people"]) == (0, 2)
    rows = table(out / "records.csv")
    assert {row["rmdq_24_score"] for row in rows} == {"9", "12"}
    assert list(rows[0]) == list(table(out / "records.csv")[0])
    back = ("export", "from-redcap", out / "records.csv", *store)
    assert printed(capsys, *back)[1] == [{"answers": 2, "new": 0, "kept": 0}]
    text = (out / "records.csv").read_text(encoding="utf-8")
    header, first, *rest = text.splitlines()
    cells = dict(zip(header.split(","), first.split(","), strict=True)) | {"rmdq_24_q24": "1", "rmdq_24_q23": "1"}
    (out / "records.csv").write_text("\n".join([header, ",".join(cells.values()), *rest]) + "\n", encoding="utf-8")
    assert printed(capsys, *back, "--dry-run")[1] == [{"answers": 2, "new": 1, "kept": 0}]
    assert printed(capsys, *back)[1] == [{"answers": 2, "new": 1, "kept": 1}]
    assert printed(capsys, *back)[1] == [{"answers": 2, "new": 0, "kept": 0}]


def test_records_that_arent_a_table_of_the_study_change_nothing(
    study: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "x.csv").write_text("record_id,redcap_event_name\nAAA,elsewhere\n", encoding="utf-8")
    code, said, err = printed(capsys, "export", "from-redcap", tmp_path / "x.csv", "--store", study, "--json")
    assert code != 0
    assert said == []
    assert "isn't of this study" in err
    assert printed(capsys, "export", "from-redcap", tmp_path / "none.csv", "--store", study)[0] != 0
