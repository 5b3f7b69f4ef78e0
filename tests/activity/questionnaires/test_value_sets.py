"""A value set comes from a table of all profiles or from a model's coefficients; what can't be one is refused."""

from itertools import product
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_up_values import MADE_UP_VALUES

from activity.errors import ContentError
from activity.questionnaires.value_set import AdditiveModel, ValueSet, read_value_set

DIMENSIONS = ("mobility", "self_care", "usual_activities", "pain", "anxiety")
#: Made up, and no country's; every coefficient differs, so that one taken for another shows.
MODEL = """
name = "made-up model"
source = "made up for a test, no country's"
mobility = [0.01, 0.05, 0.11, 0.23]
self_care = [0.02, 0.06, 0.12, 0.24]
usual_activities = [0.03, 0.07, 0.13, 0.25]
pain = [0.035, 0.08, 0.14, 0.26]
anxiety = [0.045, 0.09, 0.15, 0.27]
"""


def written(path: Path, values) -> Path:
    lines = ["profile,value", *(f"{''.join(map(str, profile))},{value}" for profile, value in values)]
    path.write_text("\n".join(lines))
    return path


def modelled(path: Path, text: str) -> ValueSet:
    path.write_text(text)
    return read_value_set(path)


def test_a_table_comes_back_from_its_file(tmp_path: Path) -> None:
    assert read_value_set(written(tmp_path / "made-up.csv", MADE_UP_VALUES.values.items())) == MADE_UP_VALUES


def test_a_table_that_can_not_be_is_refused_in_words(tmp_path: Path) -> None:
    rows = list(MADE_UP_VALUES.values.items())
    last = rows[-1][0]
    broken = {
        "3,124 profiles, 1 missing": rows[1:],
        "there twice": [*rows, rows[0]],
        "is worth 1.2": [*rows[:-1], (last, 1.2)],
        "11111 is worth 0.9": [((1, 1, 1, 1, 1), 0.9), *rows[1:]],
        "not a profile": [*rows[:-1], ((1, 1), "x")],
        "is worth nan": [*rows[:-1], (last, float("nan"))],
        "is worth -inf": [*rows[:-1], (last, float("-inf"))],
        "3,126 profiles": [*rows, ((1, 1, 1, 1, 6), 0.1)],
    }
    for said, values in broken.items():
        with pytest.raises(ContentError, match=said):
            read_value_set(written(tmp_path / "broken.csv", values))
    with pytest.raises(ContentError, match="can't be read"):
        read_value_set(tmp_path / "none.csv")
    with pytest.raises(ContentError, match="can't be read"):
        read_value_set(tmp_path / "none.toml")


@pytest.mark.parametrize(
    ("terms", "profile", "worth"),
    [
        ("", (1, 1, 1, 1, 1), 1.0),
        ("", (2, 1, 2, 3, 2), 0.835),  # 1 - 0.01 - 0.03 - 0.08 - 0.045
        ("", (5, 5, 5, 5, 5), -0.25),  # 1 - 0.23 - 0.24 - 0.25 - 0.26 - 0.27
        ("any_problem = 0.1\n", (1, 1, 1, 1, 1), 1.0),
        ("any_problem = 0.1\n", (1, 2, 1, 1, 1), 0.88),  # 1 - 0.02 - 0.1
        ("any_severe = 0.2\n", (3, 3, 3, 3, 3), 0.65),  # 1 - 0.05 - 0.06 - 0.07 - 0.08 - 0.09
        ("any_severe = 0.2\n", (1, 1, 1, 1, 4), 0.65),  # 1 - 0.15 - 0.2
        ("any_problem = 0.1\nany_severe = 0.2\n", (1, 1, 1, 4, 4), 0.41),  # 1 - 0.14 - 0.15 - 0.1 - 0.2
    ],
)
def test_a_profile_is_worth_what_the_coefficients_of_a_model_leave(
    tmp_path: Path, terms: str, profile: tuple[int, ...], worth: float
) -> None:
    values = modelled(tmp_path / "model.toml", MODEL + terms)
    assert values.name == "made-up model"
    assert len(values.values) == 3125
    assert values.index(profile) == pytest.approx(worth)


LOSS = st.floats(0, 2, allow_nan=False)


@given(st.lists(st.lists(LOSS, min_size=4, max_size=4), min_size=5, max_size=5), LOSS, LOSS)
def test_whatever_its_coefficients_a_model_values_every_profile_and_none_above_full_health(
    losses, problem: float, severe: float
) -> None:
    rows = dict(zip(DIMENSIONS, map(tuple, losses), strict=True))
    model = AdditiveModel(name="any", source="drawn at random", any_problem=problem, any_severe=severe, **rows)
    values = model.values()
    assert values.keys() == set(product(range(1, 6), repeat=5))
    assert values[1, 1, 1, 1, 1] == 1.0
    assert max(values.values()) == 1.0


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("0.01, 0.05", "-0.01, 0.05"), "mobility"),  # published tables often have the other sign
        (("0.01, 0.05", "nan, 0.05"), "mobility"),
        (("0.01, 0.05, 0.11, 0.23", "0.01, 0.05, 0.11"), "mobility"),
        (("mobility = ", "# mobility = "), "mobility"),
        (("name = ", "country = 'x'\nname = "), "country"),
        (("name = ", "name "), "model.toml"),
    ],
)
def test_a_model_that_can_not_be_is_refused_in_words(tmp_path: Path, change: tuple[str, str], said: str) -> None:
    with pytest.raises(ContentError, match=said):
        modelled(tmp_path / "model.toml", MODEL.replace(*change))
