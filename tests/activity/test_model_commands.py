"""The ``model`` commands as a person runs them."""

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result

from activity.classify.artefact import load_model
from activity.cli.model import command
from device.recording import NS_PER_S
from device.simulator.motion import Part, Wearer, synthesise

START_NS = 1_790_000_000 * NS_PER_S


def run(*args: object) -> Result:
    return CliRunner().invoke(command, [str(arg) for arg in args], standalone_mode=False)


def write_labelled(path: Path, people: tuple[str, ...] = ("me",), walk: str = "walking") -> Path:
    """Two minutes of each of three activities of each simulated person."""
    tables = []
    for index, person in enumerate(people):
        for part, label in (("sit", "sitting"), ("walk", walk), ("climb", "upstairs")):
            of = synthesise((Part(part, 2.0),), Wearer.draw(40 + index), rate_hz=50.0, seed=1, start_ns=START_NS)
            n = of.recording.n_samples
            columns = {"subject": [person] * n, "activity": [label] * n, "t": of.recording.time_ns}
            axes = {axis: of.recording.accel_g[:, i] for i, axis in enumerate("xyz")}
            tables.append(pa.table(columns | axes))
    pq.write_table(pa.concat_tables(tables), path)
    return path


def test_info_says_what_the_shipped_model_is_and_how_right() -> None:
    said = run("info").output
    assert "walking" in said
    assert "4 classes: pooled macro F1" in said
    assert json.loads(run("info", "--json").output)["name"] == "fast"


def test_a_personal_model_knows_its_wearer_better_and_says_where_it_is_from(tmp_path: Path) -> None:
    labelled = write_labelled(tmp_path / "me.parquet")
    done = run("personalise", labelled, "--output", tmp_path / "mine", "--json")
    assert done.exception is None, done.exception
    assert json.loads(done.output)["personal"]["windows"] == 36
    mine, shipped = load_model(tmp_path / "mine"), load_model()
    assert mine.digest != shipped.digest
    assert mine.facts["personal"] == {"from": shipped.name, "digest": shipped.digest, "windows": 36}
    of = synthesise((Part("climb", 3.0),), Wearer.draw(40), rate_hz=50.0, seed=9, start_ns=START_NS)
    from activity.recognise import recognise

    stairs = [float(np.nanmean(recognise(of.recording, m).epochs.probability[:, 5])) for m in (shipped, mine)]
    assert stairs[1] > stairs[0]


def test_the_model_of_the_band_is_named_for_what_it_is() -> None:
    assert "export-c" in getattr(run("info", "band").exception, "remedy", "")


def test_recordings_of_two_people_make_no_personal_model(tmp_path: Path) -> None:
    labelled = write_labelled(tmp_path / "us.parquet", ("me", "you"))
    with pytest.raises(Exception, match="2 people"):
        raise run("personalise", labelled, "--output", tmp_path / "mine").exception or AssertionError
    assert not (tmp_path / "mine").exists()


def test_a_recipe_that_needs_torch_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    write_labelled(tmp_path / "selfback-wrist.parquet", ("a", "b"))
    write_labelled(tmp_path / "spar-exercises-wrist.parquet", ("c",))
    failed = run("evaluate", "--data", tmp_path, "--recipe", "fast", "--folds", "2")
    assert "selfback[train]" in str(failed.exception)


def test_two_recipes_are_judged_side_by_side_and_written_as_a_page(tmp_path: Path) -> None:
    write_labelled(tmp_path / "selfback-wrist.parquet", ("a", "b"), "walk_mod")
    write_labelled(tmp_path / "spar-exercises-wrist.parquet", ("c", "d"), "walk_mod")
    page = tmp_path / "page.html"
    done = run(
        "evaluate", "--data", tmp_path, "--recipe", "published", "--folds", "2", "--workers", "1",
        "--output", page,
    )  # fmt: skip
    assert done.exception is None, done.exception
    assert "macro F1" in done.output
    html = page.read_text(encoding="utf-8")
    assert "published" in html
    assert "all together" in html
    assert "<script" not in html


def test_a_label_that_says_too_little_to_train_on_is_named(tmp_path: Path) -> None:
    write_labelled(tmp_path / "selfback-wrist.parquet", ("a", "b"))
    write_labelled(tmp_path / "spar-exercises-wrist.parquet", ("c", "d"))
    failed = run("evaluate", "--data", tmp_path, "--recipe", "published", "--folds", "2", "--workers", "1")
    assert "walk_slow" in str(failed.exception)
