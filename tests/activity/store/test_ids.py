"""Ids of participants: any one slip is told, and what people type is understood."""

import itertools
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from activity.errors import AnswerError
from activity.store.ids import ALPHABET, checked_id, new_id

IDS = st.integers(0, 2**32).map(lambda seed: new_id(random.Random(seed).choice))


@given(IDS)
def test_an_id_is_understood_as_people_type_it(key: str) -> None:
    assert key.isupper()
    for typed in (key, key.lower(), key.replace("-", ""), f" {key.replace('-', ' ')} "):
        assert checked_id(typed) == key


@given(IDS, st.data())
def test_any_one_wrong_character_is_told(key: str, data: st.DataObject) -> None:
    plain = key.replace("-", "")
    at = data.draw(st.integers(0, len(plain) - 1))
    wrong = data.draw(st.sampled_from([letter for letter in ALPHABET if letter != plain[at]]))
    with pytest.raises(AnswerError, match="mistyped"):
        checked_id(plain[:at] + wrong + plain[at + 1 :])


@given(IDS)
def test_any_two_characters_that_changed_places_are_told(key: str) -> None:
    plain = key.replace("-", "")
    for a, b in itertools.combinations(range(len(plain)), 2):
        if plain[a] != plain[b]:
            swapped = list(plain)
            swapped[a], swapped[b] = swapped[b], swapped[a]
            with pytest.raises(AnswerError, match="mistyped"):
                checked_id("".join(swapped))


@pytest.mark.parametrize("typed", ["", "KQ7", "KQ7-M2R-TX55", "0Q7-M2R-TX5", "KQ7-M2R-T\u04255", "../../etc"])
def test_what_cannot_be_an_id_is_told(typed: str) -> None:
    with pytest.raises(AnswerError, match="no participant"):
        checked_id(typed)


def test_ids_are_random_and_hold_no_look_alikes() -> None:
    found = {new_id() for _ in range(2000)}
    assert len(found) == 2000
    assert not set("".join(found)) & set("01ILO")
