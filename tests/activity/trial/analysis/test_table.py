"""What can't be analysed is refused at the door, by name."""

import pickle
from dataclasses import replace

import numpy as np
import pytest
from trial_reference import ARMS, VISITS, long, made_table, table

from activity.errors import (
    DuplicateVisitError,
    EmptyCellError,
    OneArmError,
    TooFewPeopleError,
    TrialDataError,
)
from activity.trial.analysis.table import OutcomeTable, from_long


def read(frame, **changed) -> OutcomeTable:
    given = {"outcome": "rmdq", "arms": ARMS, "visits": VISITS, "strata": ("country", "provider")} | changed
    return from_long(frame, **given)


def test_rows_that_are_not_there_are_missing_values() -> None:
    frame = long()
    there = read(frame)
    again = read(frame.dropna(subset=["rmdq"]))
    assert there.person == again.person
    np.testing.assert_array_equal(there.values, again.values)


def test_the_order_of_rows_changes_nobody() -> None:
    shuffled = read(long().sample(frac=1.0, random_state=3))
    order = [shuffled.person.index(name) for name in table().person]
    np.testing.assert_array_equal(shuffled.values[order], table().values)


def test_values_cannot_be_written_to() -> None:
    with pytest.raises(ValueError, match="read-only"):
        table().values[0, 0] = 1.0


def test_a_repeated_visit_is_refused() -> None:
    frame = long()
    with pytest.raises(DuplicateVisitError, match="1 row"):
        read(frame.iloc[[*range(len(frame)), 7]])


def test_one_arm_is_refused() -> None:
    frame = long()
    with pytest.raises(OneArmError):
        read(frame[frame["arm"] == "app"])


def test_an_arm_that_nobody_saw_at_a_visit_is_refused_with_its_place() -> None:
    frame = long()
    frame.loc[(frame["arm"] == "app") & (frame["visit"] == "month_6"), "rmdq"] = np.nan
    with pytest.raises(EmptyCellError, match="arm 'app', visit 'month_6'"):
        read(frame)


def test_a_handful_of_people_is_refused() -> None:
    frame = long()
    few = [*frame["person"].unique()[:12]]
    with pytest.raises(TooFewPeopleError, match="at least 10"):
        read(frame[frame["person"].isin(few)])


def test_a_person_who_changes_arm_is_refused() -> None:
    frame = long()
    frame.loc[3, "arm"] = "usual" if frame.loc[3, "arm"] == "app" else "app"
    with pytest.raises(TrialDataError, match="arm changes"):
        read(frame)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"outcome": "pain"}, "no column 'pain'"),
        ({"visits": VISITS[:4]}, "unknown visit 'month_9'"),
        ({"arms": ("usual", "tablet")}, "unknown arm 'app'"),
    ],
)
def test_names_that_do_not_fit_are_said(changed, said) -> None:
    with pytest.raises(TrialDataError, match=said):
        read(long(), **changed)


def test_a_row_without_a_stratum_is_refused() -> None:
    frame = long()
    frame.loc[0, "country"] = None
    with pytest.raises(TrialDataError, match="without"):
        read(frame)


def test_an_infinite_value_is_refused(rng) -> None:
    made = made_table(rng)
    values = made.values.copy()
    values[0, 1] = np.inf
    with pytest.raises(TrialDataError, match="infinite"):
        made.with_values(values)


def test_shapes_that_do_not_fit_are_refused(rng) -> None:
    made = made_table(rng)
    with pytest.raises(TrialDataError, match="shape"):
        made.with_values(made.values[:, :3])
    with pytest.raises(TrialDataError, match="site"):
        replace(made, strata={"site": made.strata["site"][1:]})


@pytest.mark.parametrize("kind", [DuplicateVisitError, EmptyCellError, OneArmError, TooFewPeopleError])
def test_errors_survive_a_process_pool(kind) -> None:
    error = pickle.loads(pickle.dumps(kind("what", "where", "expected", "remedy")))
    assert (error.what, error.where, error.expected, error.remedy) == ("what", "where", "expected", "remedy")
