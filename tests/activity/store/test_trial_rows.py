"""A study in a store of each kind: begun once, amended on record, people randomised once, and every edit found."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Text, delete, insert, select, text, update
from sqlalchemy.exc import IntegrityError
from trial_people import DAY, FIT, KEY, PINS, STUDY, allocate, begin, days_on, ready, rmdq

from activity.errors import (
    AllocationError,
    AlreadyRandomisedError,
    NotEligibleError,
    ProtocolChangedError,
    TrialError,
    TrialKeyError,
)
from activity.store.allocation import allocation, allocations, erased_places, verify
from activity.store.audit import breaches, row_digest
from activity.store.check import check_store
from activity.store.engine import Store
from activity.store.enrolment import given_answers, keep_withdrawal, reminders_sent, withdrawals
from activity.store.participants import add_participant, export, keep_answers
from activity.store.schema import ALLOCATION, AUDIT, OF_STUDY, PLACE
from activity.store.schema import STUDY as STUDY_TABLE
from activity.store.study import amend_study, begin_study, study
from activity.store.writing import writing
from activity.trial.protocol import Protocol, protocol_from_document
from activity.trial.randomisation import first_arms, key_check, stratum_name

GP = stratum_name((("country", "denmark"), ("provider", "gp")))


def edited(**changes: Any) -> Protocol:
    return protocol_from_document({**STUDY.document(), **changes})


def test_a_store_without_a_study_says_so(store: Store) -> None:
    with store.reading() as connection, pytest.raises(TrialError, match="no study"):
        study(connection)


def test_a_study_is_begun_once_and_the_same_again_changes_nothing(store: Store) -> None:
    begin(store)
    with writing(store, "staff") as write:
        assert not begin_study(write, STUDY, PINS, "whatever")
    with store.reading() as connection:
        running = study(connection)
        assert running.protocol == STUDY
        assert running.key_check == key_check(KEY, STUDY.id)
        assert running.amendments == ()
    assert check_store(store).findings == ()


def test_a_changed_protocol_content_or_model_is_refused_by_name(store: Store) -> None:
    begin(store)
    other = edited(planned_people=400)
    with writing(store, "staff") as write:
        with pytest.raises(ProtocolChangedError, match="planned_people: 350 became 400"):
            begin_study(write, other, PINS, "")
        with pytest.raises(ProtocolChangedError, match=r"rules\.toml changed"):
            begin_study(write, STUDY, PINS | {"rules.toml": "2" * 64}, "")
        with pytest.raises(ProtocolChangedError, match=r"tools\.toml is new"):
            begin_study(write, STUDY, PINS | {"tools.toml": "2" * 64}, "")
        with pytest.raises(ProtocolChangedError, match="models/fast is gone"):
            begin_study(write, STUDY, {"rules.toml": "0" * 64}, "")


def test_an_amendment_is_kept_with_why_and_the_key_stays(store: Store) -> None:
    begin(store)
    with writing(store, "staff") as write:
        assert amend_study(write, STUDY, PINS, "nothing") == ()
        assert amend_study(write, edited(planned_people=400), PINS, "more sites") == ("planned_people: 350 became 400",)
    with store.reading() as connection:
        running = study(connection)
        assert running.protocol.planned_people == 400
        assert running.amendments == ("more sites",)
        assert running.key_check == key_check(KEY, STUDY.id)
        assert len(connection.execute(select(STUDY_TABLE)).all()) == 2


def test_blocks_and_arms_may_change_until_somebody_is_randomised_and_not_after(store: Store) -> None:
    begin(store)
    other = edited(randomisation={**STUDY.document()["randomisation"], "blocks": [4, 8]})
    with writing(store, "staff") as write:
        assert amend_study(write, other, PINS, "before anybody")
        assert amend_study(write, STUDY, PINS, "and back")
    allocate(store, ready(store))
    with writing(store, "staff") as write:
        with pytest.raises(ProtocolChangedError, match=r"blocks: \[4, 6, 8\] became \[4, 8\]"):
            amend_study(write, other, PINS, "too late")
        with pytest.raises(ProtocolChangedError, match="the same study"):
            amend_study(write, edited(id="other"), PINS, "another")
        assert amend_study(write, edited(planned_people=400), PINS, "more")
    allocate(store, ready(store))
    with store.reading() as connection:
        assert verify(connection, KEY).findings == ()


def test_arms_are_those_of_the_key_in_each_stratum_whatever_the_order(store: Store) -> None:
    begin(store)
    providers = ["gp", "chiropractor", "gp", "gp", "spine-centre", "chiropractor", "gp"]
    people = [ready(store, answers={"provider": name}) for name in providers]
    arms = [allocate(store, one).arm for one in people]
    for name in set(providers):
        mine = [arm for arm, provider in zip(arms, providers, strict=True) if provider == name]
        assert mine == first_arms(KEY, STUDY, GP.replace("gp", name), len(mine))
    with store.reading() as connection:
        assert {key: one.arm for key, one in allocations(connection).items()} == {
            one.id: arm for one, arm in zip(people, arms, strict=True)
        }
        found = verify(connection, KEY)
        assert (found.places, found.holders, found.findings) == (7, 7, ())
        assert verify(connection, KEY, found.last_seal).findings == ()
        assert verify(connection, None).findings == ()
        assert list(breaches(connection)) == []
    assert check_store(store).findings == ()


def test_one_person_is_randomised_once(store: Store) -> None:
    begin(store)
    one = ready(store)
    first = allocate(store, one)
    with pytest.raises(AlreadyRandomisedError, match=one.id):
        allocate(store, one)
    with store.reading() as connection:
        assert allocation(connection, one) == first
        assert verify(connection, KEY).places == 1
    row = {"participant": one.id, "place": first.place, "arm": "selfback", "date": "2026-03-02", "seal": "",
           "written_at": "", "written_by": "", "salt": ""}  # fmt: skip
    with pytest.raises(IntegrityError), store.engine.begin() as connection:
        connection.execute(insert(ALLOCATION).values(**row))


NOT_READY: dict[str, tuple[dict[str, Any], str]] = {
    "a child": ({"answers": {"age": 17}}, "18 or older"),
    "care long ago": ({"answers": {"care_days": 57}}, "8 weeks"),
    "a light case": ({"score": 5}, "6 or more"),
    "an exclusion": ({"fit": FIT | {"pregnant": True}}, "no exclusion holds"),
    "an open exclusion": ({"fit": {**FIT, "pregnant": None}}, "not known: no exclusion holds"),
    "no form on exclusions": ({"fit": {}}, "not known: no exclusion holds"),
    "no phone": ({"answers": {"phone": False}}, "smartphone"),
    "another trial": ({"answers": {"other_trial": True}}, "no other trial"),
    "age not told": ({"answers": {"age": None}}, "not known: 18 or older"),
    "no consent": ({"consent": None}, "hasn't agreed"),
    "declined": ({"consent": False}, "hasn't agreed"),
    "an older document": ({"document": "0"}, "hasn't agreed to document 1"),
    "no baseline": ({"score": None}, "not known: a Roland-Morris score"),
    "no stratum": ({"answers": {"country": None}}, "stratum"),
}


def test_nobody_is_randomised_who_is_not_ready(store: Store) -> None:
    begin(store)
    for case, (how, said) in NOT_READY.items():
        one = ready(store, **how)
        with pytest.raises(NotEligibleError) as caught:
            allocate(store, one)
        assert said in str(caught.value), case
    with store.reading() as connection:
        assert verify(connection, KEY).places == 0


def test_bounds_are_met_at_their_own_value(store: Store) -> None:
    begin(store)
    allocate(store, ready(store, answers={"age": 18, "care_days": 56}, score=6))


def test_a_screening_holds_for_so_long_and_nobody_is_randomised_without_one(store: Store) -> None:
    begin(store)
    one = ready(store)
    with writing(store, "staff") as write:
        unknown = add_participant(write, "UTC")
        keep_answers(write, one, ("rmdq-24", "1"), days_on(30), rmdq(12))
    with pytest.raises(NotEligibleError, match="wasn't screened"):
        allocate(store, unknown)
    with pytest.raises(NotEligibleError, match="is of 2026-03-02"):
        allocate(store, one, days_on(31))
    with pytest.raises(NotEligibleError, match=r"is of"):
        allocate(store, one, DAY - timedelta(days=1))
    allocate(store, one, days_on(30))


def test_another_key_is_refused_before_anything_is_drawn(store: Store) -> None:
    begin(store)
    one = ready(store)
    with pytest.raises(TrialKeyError, match="another study"):
        allocate(store, one, key=b"x" * 32)
    with store.reading() as connection:
        assert allocation(connection, one) is None
        with pytest.raises(TrialKeyError):
            verify(connection, b"x" * 32)


def test_neither_the_key_nor_an_arm_to_come_is_in_the_store(store: Store) -> None:
    begin(store)
    for _ in range(3):
        allocate(store, ready(store))
    with store.reading() as connection:
        for (name,) in connection.execute(
            text("SELECT name FROM sqlite_master WHERE type = 'table'")
            if store.engine.dialect.name == "sqlite"
            else text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        ):
            rows = repr(connection.execute(text(f"SELECT * FROM {name}")).all())
            assert KEY.hex() not in rows, name
        assert len(connection.execute(select(PLACE)).all()) == 3


def test_an_erased_person_leaves_a_place_that_nobody_gets_again(store: Store) -> None:
    begin(store)
    people = [ready(store) for _ in range(3)]
    arms = [allocate(store, one).arm for one in people]
    with writing(store, "staff", "erase") as write:
        assert "allocation" in export(write.connection, people[2])
        write.erase(people[2].id)
    with store.reading() as connection:
        found = verify(connection, KEY)
        assert (found.places, found.holders, found.findings) == (3, 2, ())
        assert erased_places(connection) == {arms[2]: 1}
    assert allocate(store, ready(store)).arm == first_arms(KEY, STUDY, GP, 4)[3]
    found_rows = check_store(store)
    assert found_rows.findings == ()
    assert (found_rows.rows["place"], found_rows.rows["allocation"]) == (4, 3)


def test_what_is_exported_for_a_person_says_their_arm_and_what_they_agreed_to(store: Store) -> None:
    begin(store)
    one = ready(store)
    arm = allocate(store, one).arm
    with store.reading() as connection:
        found = export(connection, one)
    assert found["allocation"][0]["arm"] == arm
    assert [row["kind"] for row in found["event"]] == ["trial-consent"]


def _rehash(store: Store, table: Any, row_id: int) -> None:
    """Make the audit anew as somebody would who knows how: only the key still tells."""
    from activity.store.audit import ROOT, entry_hash

    with store.engine.begin() as connection:
        row = connection.execute(select(table).where(table.c.id == row_id)).mappings().one()
        digest = row_digest(table.name, dict(row))
        connection.execute(
            update(AUDIT).where(AUDIT.c.kind == table.name, AUDIT.c.row == str(row_id)).values(digest=digest)
        )
        previous = ROOT
        for entry in connection.execute(select(AUDIT).order_by(AUDIT.c.seq)).mappings().all():
            whole = {**entry, "previous": previous}
            previous = entry_hash(whole)
            connection.execute(
                update(AUDIT).where(AUDIT.c.seq == entry["seq"]).values(previous=whole["previous"], hash=previous)
            )


def test_any_value_of_a_study_or_a_place_that_is_changed_is_told(store: Store) -> None:
    begin(store)
    allocate(store, ready(store))
    texts = [(table, column) for table in OF_STUDY for column in table.c if isinstance(column.type, Text)]
    assert len(texts) > 15
    for table, column in texts:
        with store.engine.begin() as connection:
            was = connection.execute(select(column)).scalar_one()
            connection.execute(update(table).values({column.name: was + "x"}))
        with store.reading() as connection:
            assert [one.what for one in breaches(connection)] == [f"{table.name} 1 was changed after it was written"]
        with store.engine.begin() as connection:
            connection.execute(update(table).values({column.name: was}))
    with store.reading() as connection:
        assert list(breaches(connection)) == []


def test_an_edited_arm_is_found_by_the_audit_and_with_the_key_even_if_the_audit_is_made_anew(store: Store) -> None:
    begin(store)
    people = [ready(store) for _ in range(4)]
    given = [allocate(store, one) for one in people]
    other = next(one.id for one in STUDY.arm if one.id != given[1].arm)
    for table, row_id in ((PLACE, given[1].place), (ALLOCATION, 2)):
        with store.engine.begin() as connection:
            connection.execute(update(table).where(table.c.id == row_id).values(arm=other))
    with store.reading() as connection:
        assert any("place" in breach.what for breach in breaches(connection))
        assert verify(connection, None).findings == ()  # which is why the key is asked for
    for table, row_id in ((PLACE, given[1].place), (ALLOCATION, 2)):
        _rehash(store, table, row_id)
    with store.reading() as connection:
        assert list(breaches(connection)) == []
        assert verify(connection, KEY).findings
    with pytest.raises(AllocationError):
        allocate(store, ready(store))


def test_two_people_who_changed_places_are_found(store: Store) -> None:
    begin(store)
    people = [ready(store) for _ in range(8)]
    arms = [allocate(store, one).arm for one in people]
    one = people[0]
    other = people[next(number for number, arm in enumerate(arms) if arm != arms[0])]
    with store.engine.begin() as connection:
        rows = {row.participant: row for row in connection.execute(select(ALLOCATION))}
        first, second = rows[one.id], rows[other.id]
        connection.execute(delete(ALLOCATION).where(ALLOCATION.c.id == second.id))
        mine = update(ALLOCATION).where(ALLOCATION.c.id == first.id)
        connection.execute(mine.values(place=second.place, arm=second.arm, seal=second.seal))
        back = {**second._mapping, "place": first.place, "arm": first.arm, "seal": first.seal}
        connection.execute(insert(ALLOCATION).values(**back))
    with store.reading() as connection:
        assert verify(connection, KEY).findings


def test_an_end_that_was_cut_off_with_its_audit_is_told_by_the_seal_that_was_written_down(store: Store) -> None:
    begin(store)
    people = [ready(store) for _ in range(3)]
    for one in people:
        allocate(store, one)
    with store.reading() as connection:
        seal = verify(connection, KEY).last_seal
    with store.engine.begin() as connection:
        connection.execute(delete(ALLOCATION).where(ALLOCATION.c.participant == people[2].id))
        last = connection.execute(select(PLACE.c.id).order_by(PLACE.c.id.desc()).limit(1)).scalar_one()
        connection.execute(delete(PLACE).where(PLACE.c.id == last))
    with store.reading() as connection:
        assert list(breaches(connection))  # the audit still knows
        assert verify(connection, KEY).findings == ()
        assert "cut off" in verify(connection, KEY, seal).findings[0]


def test_a_withdrawal_is_kept_with_what_it_is_from_and_the_first_one_counts(store: Store) -> None:
    begin(store)
    one = ready(store)
    allocate(store, one)
    with writing(store, "staff") as write:
        keep_withdrawal(write, one, days_on(20), source="treatment", reason="moved")
        keep_withdrawal(write, one, days_on(30), source="treatment", reason="again")
    with store.reading() as connection:
        assert withdrawals(connection, one) == {"treatment": (days_on(20), "moved")}
        assert reminders_sent(connection, one) == frozenset()


def test_answers_are_complete_by_the_rule_of_their_instrument(store: Store) -> None:
    with writing(store, "staff") as write:
        one = add_participant(write, "UTC")
        keep_answers(write, one, ("rmdq-24", "1"), DAY, {f"q{number}": True for number in range(1, 20)})
        keep_answers(write, one, ("rmdq-24", "1"), days_on(1), {f"q{number}": True for number in range(1, 21)})
        keep_answers(write, one, ("eq-5d-5l", "1"), DAY, {f"q{number}": 2 for number in range(1, 6)})
        keep_answers(write, one, ("eq-5d-5l", "1"), days_on(1), {"q1": 2})
        keep_answers(write, one, ("weekly-checkin", "2"), days_on(1), {"average_pain": 2})
    with store.reading() as connection:
        found = [(row.instrument, row.complete) for row in given_answers(connection, one)]
    assert found == [("rmdq-24", False), ("rmdq-24", True), ("eq-5d-5l", True), ("eq-5d-5l", False)]
