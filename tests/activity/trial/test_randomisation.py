"""Random places: balanced, drawn from the key alone, no better known than blocks allow, and sealed."""

import itertools
import math
import os
import stat
from collections import Counter
from dataclasses import replace
from fractions import Fraction
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chisquare

from activity.errors import TrialKeyError
from activity.trial.key import check_apart, make_key, read_key
from activity.trial.protocol import Protocol, load_protocol, protocol_from_document
from activity.trial.randomisation import (
    ROOT,
    Holder,
    Place,
    faults,
    first_arms,
    hold,
    key_check,
    stratum_name,
    take,
)

STUDY = load_protocol()
ARMS = tuple(one.id for one in STUDY.arm)
GP = stratum_name((("country", "denmark"), ("provider", "gp")))
KEY = bytes(range(32))
keys = st.binary(min_size=32, max_size=32)
strata = st.tuples(st.sampled_from(["denmark", "norway"]), st.sampled_from(["gp", "chiropractor", "spine-centre"])).map(
    lambda pair: stratum_name((("country", pair[0]), ("provider", pair[1])))
)


def study_of(blocks: tuple[int, ...], shares: tuple[int, ...] = (1, 1)) -> Protocol:
    document = STUDY.document()
    document["randomisation"]["blocks"] = list(blocks)
    document["arm"] = [
        {"id": f"arm-{number}", "title": f"Arm {number}", "share": share} for number, share in enumerate(shares)
    ]
    return protocol_from_document(document)


designs = st.sampled_from([(4, 6, 8), (2,), (4,), (2, 4), (64, 2)]).map(study_of) | st.sampled_from(
    [study_of((3, 6, 9), (2, 1)), study_of((6, 12), (1, 2, 3)), study_of((3, 9), (1, 1, 1))]
)


@settings(max_examples=60, deadline=None)
@given(key=keys, study=designs, stratum=strata, number=st.integers(1, 150))
def test_arms_are_never_further_apart_than_half_the_largest_block(
    key: bytes, study: Protocol, stratum: str, number: int
) -> None:
    """For shares other than one to one: each arm is within its largest number in a block of what it should have."""
    arms = first_arms(key, study, stratum, number)
    whole = sum(one.share for one in study.arm)
    largest = max(study.randomisation.blocks)
    for taken in range(1, number + 1):
        counts = Counter(arms[:taken])
        if {one.share for one in study.arm} == {1}:
            found = [counts[one.id] for one in study.arm]
            assert max(found) - min(found) <= largest / len(study.arm)
        for one in study.arm:
            assert abs(counts[one.id] - taken * one.share / whole) <= largest * one.share / whole


@settings(max_examples=30, deadline=None)
@given(key=keys, stratum=strata, number=st.integers(1, 60), more=st.integers(0, 60))
def test_the_same_key_gives_the_same_arms_however_many_are_asked_for(
    key: bytes, stratum: str, number: int, more: int
) -> None:
    assert first_arms(key, STUDY, stratum, number + more)[:number] == first_arms(key, STUDY, stratum, number)


def test_every_size_of_block_comes_up_as_often_as_the_others_and_every_order_in_one() -> None:
    """Of study with blocks of 2 and 4, the first four arms have one probability each, worked out by hand."""
    study, number = study_of((2, 4)), 4_000
    found = Counter(tuple(first_arms(key.to_bytes(32, "big"), study, GP, 4)) for key in range(number))
    expected = ideal(study, 4)
    assert set(found) == set(expected)
    assert chisquare([found[arms] for arms in expected], [float(p) * number for p in expected.values()]).pvalue > 0.001


def test_blocks_of_all_sizes_are_used() -> None:
    ends = Counter()
    for key in range(300):
        arms = first_arms(key.to_bytes(32, "big"), STUDY, GP, 8)
        counts = [arms[:size].count(ARMS[0]) == size // 2 for size in (2, 4, 6, 8)]
        ends[tuple(counts)] += 1
    assert len(ends) > 5  # one size of block would be balanced at the same places always


def ideal(study: Protocol, number: int) -> dict[tuple[str, ...], Fraction]:
    """The probability of each beginning under truly random blocks, by adding up every way in which it can come."""
    names = [one.id for one in study.arm]
    shares = [one.share for one in study.arm]
    orders = [list(set(itertools.permutations(block(names, shares, size)))) for size in study.randomisation.blocks]

    @cache
    def from_here(left: int) -> dict[tuple[str, ...], Fraction]:
        if left <= 0:
            return {(): Fraction(1)}
        found: dict[tuple[str, ...], Fraction] = Counter()
        for ways in orders:
            for order in ways:
                chance = Fraction(1, len(orders) * len(ways))
                for rest, p in from_here(left - len(order)).items():
                    found[(*order[:left], *rest)] += chance * p
        return found

    return dict(from_here(number))


def block(names: list[str], shares: list[int], size: int) -> list[str]:
    rounds = size // sum(shares)
    return [name for name, share in zip(names, shares, strict=True) for _ in range(share * rounds)]


def best_guess(chances: dict[tuple[str, ...], Fraction], arms: list[str]) -> str:
    """The likelier arm after some, for somebody who knows the design and every arm so far, and not the key."""
    begin = {name: Fraction(0) for name in ARMS}
    for path, p in chances.items():
        if path[: len(arms)] == tuple(arms):
            begin[path[len(arms)]] += p
    return max(begin, key=lambda name: begin[name])


def test_without_the_key_nobody_guesses_better_than_the_design_itself_gives_away() -> None:
    """The best that can be done knowing blocks and all arms so far is as good against the key's sequences as theory
    says it is against coins; a sequence with anything else to be learned from would be guessed better."""
    depth, number = 6, 3_000
    chances = ideal(STUDY, depth)
    expected = [
        float(sum(max(sum(p for path, p in chances.items() if path[: at + 1] == (*begin, arm)) for arm in ARMS)
                  for begin in {path[:at] for path in chances}))
        for at in range(depth)
    ]  # fmt: skip
    guesses = {begin: best_guess(chances, list(begin)) for at in range(depth) for begin in {p[:at] for p in chances}}
    right = np.zeros(depth)
    for key in range(number):
        arms = first_arms((key + 10**9).to_bytes(32, "big"), STUDY, GP, depth)
        right += [guesses[tuple(arms[:at])] == arms[at] for at in range(depth)]
    spread = [math.sqrt(share * (1 - share) / number) for share in expected]
    assert expected[0] == pytest.approx(0.5)
    assert np.all(np.abs(right / number - expected) < 4 * np.array(spread))


def test_other_keys_strata_and_studies_say_nothing_of_a_sequence() -> None:
    """An adversary who runs the program with what is public agrees with the sequence as often as a coin does."""
    number = 2_000
    truth = first_arms(KEY, STUDY, GP, number)
    public = {
        "no key": first_arms(bytes(32), STUDY, GP, number),
        "the check": first_arms(bytes.fromhex(key_check(KEY, STUDY.id)), STUDY, GP, number),
        "the digest": first_arms(bytes.fromhex(STUDY.digest), STUDY, GP, number),
        "a seal": first_arms(bytes.fromhex(take(KEY, STUDY, GP, 0, ROOT).seal), STUDY, GP, number),
        "one bit off": first_arms(KEY[:-1] + bytes([KEY[-1] ^ 1]), STUDY, GP, number),
        "another stratum": first_arms(KEY, STUDY, GP.replace("denmark", "norway"), number),
        "another study": first_arms(KEY, STUDY.model_copy(update={"id": "other"}), GP, number),
    }
    for name, arms in public.items():
        agreed = sum(one == other for one, other in zip(truth, arms, strict=True))
        # Blocks balance both, so the spread is less than a coin's.
        assert abs(agreed / number - 0.5) < 4 * math.sqrt(0.25 / number), name


@settings(max_examples=30, deadline=None)
@given(order=st.permutations([0] * 9 + [1] * 7 + [2] * 5), key=keys)
def test_the_order_in_which_strata_enrol_makes_no_difference(order: list[int], key: bytes) -> None:
    names = [stratum_name((("site", str(number)),)) for number in range(3)]
    places = chain(key, [names[number] for number in order])
    for name in names:
        mine = [place.arm for place in places if place.stratum == name]
        assert mine == first_arms(key, STUDY, name, len(mine))


def chain(key: bytes, order: list[str]) -> list[Place]:
    places: list[Place] = []
    for stratum in order:
        position = sum(place.stratum == stratum for place in places)
        places.append(take(key, STUDY, stratum, position, places[-1].seal if places else ROOT))
    return places


def trial(people: int = 12) -> tuple[list[Place], list[Holder]]:
    places = chain(KEY, [GP if number % 3 else GP.replace("gp", "chiropractor") for number in range(people)])
    holders = [Holder(f"P{at}", one.arm, at, hold(KEY, STUDY, one, f"P{at}")) for at, one in enumerate(places)]
    return places, holders


def test_places_as_they_were_taken_have_no_faults_also_where_somebody_was_erased() -> None:
    places, holders = trial()
    assert list(faults(KEY, STUDY, places, holders)) == []
    assert list(faults(KEY, STUDY, places, holders[3:7])) == []
    assert list(faults(KEY, STUDY, [], [])) == []


def other_arm(arm: str) -> str:
    return next(name for name in ARMS if name != arm)


@settings(max_examples=80, deadline=None)
@given(data=st.data())
def test_every_edit_of_a_place_or_of_who_took_it_is_found(data: st.DataObject) -> None:
    places, holders = trial()
    at = data.draw(st.integers(0, len(places) - 1))
    edit = data.draw(st.sampled_from(["arm", "stratum", "position", "protocol", "seal", "cut", "twice", "swap-people",
                                      "swap-places", "person", "holder-arm", "nowhere"]))  # fmt: skip
    one, whose = places[at], holders[at]
    other = data.draw(st.integers(0, len(places) - 1).filter(lambda number: number != at))
    match edit:
        case "arm":
            places[at] = replace(one, arm=other_arm(one.arm))
            holders[at] = replace(whose, arm=places[at].arm)
        case "stratum":
            places[at] = replace(one, stratum=one.stratum.replace("denmark", "norway"))
        case "position":
            places[at] = replace(one, position=one.position + data.draw(st.sampled_from([1, -1, 10**12])))
        case "protocol":
            places[at] = replace(one, protocol="0" * 64)
        case "seal":
            places[at] = replace(one, seal=("1" if one.seal[0] == "0" else "0") + one.seal[1:])
        case "cut":  # the end alone can be cut off unseen, which is what --seal is for
            del places[min(at, len(places) - 2)]
        case "twice":
            places.insert(at, one)
        case "swap-people":
            holders[at] = replace(whose, participant=holders[other].participant)
            holders[other] = replace(holders[other], participant=whose.participant)
        case "swap-places":
            places[at], places[other] = places[other], places[at]
        case "person":
            holders[at] = replace(whose, participant="P99")
        case "holder-arm":
            holders[at] = replace(whose, arm=other_arm(whose.arm))
        case "nowhere":
            holders[at] = replace(whose, place=data.draw(st.sampled_from([-1, len(places)])))
    assert list(faults(KEY, STUDY, places, holders)), edit


def test_places_made_anew_without_the_key_are_found() -> None:
    """Whoever can rewrite the store, and runs this program with a key of their own, is told by the first place."""
    forged = [take(b"x" * 32, STUDY, GP, position, ROOT) for position in range(1)]
    assert list(faults(KEY, STUDY, forged, []))


def test_a_key_is_a_file_for_its_owner_alone_and_is_never_written_over(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "trial.key"
    key = make_key(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert read_key(path) == key
    assert len(key) == 32
    with pytest.raises(TrialKeyError, match="can't be written"):
        make_key(path)
    assert read_key(path) == key
    assert make_key(tmp_path / "other.key") != key


@pytest.mark.parametrize("text", ["", "abc", "selfback trial key; whoever has it knows every arm to come\nabcd\n", "ø"])
def test_what_is_no_key_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "k"
    path.write_text(text, encoding="utf-8")
    path.chmod(0o600)
    with pytest.raises(TrialKeyError) as caught:
        read_key(path)
    assert caught.value.remedy


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX")
def test_a_key_that_others_can_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "k"
    make_key(path)
    path.chmod(0o640)
    with pytest.raises(TrialKeyError, match="0640"):
        read_key(path)


def test_a_key_beside_the_store_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TrialKeyError, match="beside the store"):
        check_apart(tmp_path / "k", tmp_path / "s.sqlite")
    (tmp_path / "link").symlink_to(tmp_path)
    with pytest.raises(TrialKeyError, match="beside the store"):
        check_apart(tmp_path / "link" / "k", tmp_path / "s.sqlite")
    check_apart(tmp_path / "keys" / "k", tmp_path / "s.sqlite")
    check_apart(tmp_path / "k", None)
