"""Results read back: what was computed is what a page or a table is made from."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import processed_folder
import pytest

from activity.classify.artefact import DEFAULT_MODEL, load_model
from activity.errors import ResultError
from activity.reprocess.analyse import analyse
from activity.reprocess.results import day_rows, infos_named, read_result


@pytest.fixture(scope="module")
def analysis(tmp_path_factory):
    scratch = tmp_path_factory.mktemp("scratch")
    return analyse(processed_folder.weekend().stream(), load_model(DEFAULT_MODEL), processed_folder.ZONE, scratch)


def test_what_is_read_back_is_what_was_computed(processed: Path, analysis) -> None:
    ((name, info),) = infos_named(processed, ()).items()
    result = read_result(processed, name, info)
    assert result.days == analysis.days
    rounded = tuple(replace(bout, steps=round(bout.steps)) for bout in analysis.bouts)
    assert tuple(replace(bout, steps=round(bout.steps)) for bout in result.bouts) == rounded
    epochs = analysis.found.epochs
    assert result.epochs.width_s == epochs.width_s
    for column in ("time_ns", "activity", "confidence", "probability", "steps", "cadence_spm", "enmo_mg", "worn"):
        np.testing.assert_array_equal(getattr(result.epochs, column), getattr(epochs, column), err_msg=column)
    np.testing.assert_array_equal(result.step_times_ns, analysis.found.step_times_ns)
    for column in ("days", "steps", "enmo_mg", "activity"):
        np.testing.assert_array_equal(getattr(result.profile, column), getattr(analysis.profile, column))


def test_a_recording_that_is_not_there_is_a_fault_that_names_those_that_are(processed: Path) -> None:
    with pytest.raises(ResultError, match="no result of 'anna'") as caught:
        infos_named(processed, ("anna",))
    assert "a-week" in caught.value.expected


def test_a_folder_without_results_is_a_fault_with_a_way_on(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "missing"):
        with pytest.raises(ResultError, match="no result") as caught:
            infos_named(folder, ())
        assert "selfback process" in caught.value.remedy


@pytest.mark.parametrize("table", ["days", "epochs", "steps", "bouts", "profile"])
@pytest.mark.parametrize("harm", ["cut", "other", "gone"])
def test_a_damaged_table_is_a_fault_that_names_it(table: str, harm: str, processed: Path, tmp_path: Path) -> None:
    (name,) = infos_named(processed, ())
    shutil.copytree(processed, tmp_path / "out")
    place = tmp_path / "out" / name / f"{table}.parquet"
    info = infos_named(tmp_path / "out", ())[name]
    if harm == "gone":
        place.unlink()
    elif harm == "cut":
        place.write_bytes(place.read_bytes()[:-10])
    else:
        other = "days" if table != "days" else "steps"
        shutil.copy(place.with_name(f"{other}.parquet"), place)
    with pytest.raises(ResultError) as caught:
        read_result(tmp_path / "out", name, info)
    assert name in caught.value.where
    assert "process the recording again" in caught.value.remedy


def test_rows_of_days_are_those_of_the_batch_table(processed: Path) -> None:
    (name,) = infos_named(processed, ())
    lines = (processed / "days.csv").read_text().splitlines()
    rows = day_rows(processed, name)
    assert len(lines) == len(rows) + 1
    assert [line.split(",")[1] for line in lines[1:]] == [str(row["date"]) for row in rows]
