"""Who may sign in: links work once, sessions end, accounts change by newer rows, and days of two sources never add."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from activity.day.summary import DayQuality, DaySummary
from activity.errors import AccessDeniedError, AnswerError
from activity.store.accounts import (
    Role,
    StaffMember,
    checked_name,
    devices,
    end_session,
    end_staff_session,
    give_site,
    invite,
    is_new,
    keep_staff,
    open_session,
    open_staff_session,
    record_access,
    session_of,
    site_of,
    sites,
    staff,
    staff_member,
    staff_session_of,
)
from activity.store.audit import breaches
from activity.store.days import Source, day_from_document, day_to_document, keep_days, known_days
from activity.store.engine import Store
from activity.store.participants import Participant, add_participant, export
from activity.store.writing import Writing, writing

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
WEEK = timedelta(days=7)
DAY = date(2026, 11, 23)


@pytest.fixture
def who(store: Store) -> Participant:
    with writing(store, "staff", "test", lambda: NOW) as write:
        return add_participant(write, "Europe/Oslo")


def enter(write: Writing, link: str, secret: str, now: datetime = NOW) -> Participant:
    return open_session(write, link, secret, device="phone", now=now, until=now + 50 * WEEK)


def test_a_link_signs_in_once(store: Store, who: Participant) -> None:
    with writing(store, "staff") as write:
        invite(write, who, "link", NOW + WEEK)
        assert enter(write, "link", "one") == who
        with pytest.raises(AccessDeniedError, match="used before"):
            enter(write, "link", "two")
    with store.reading() as connection:
        assert session_of(connection, "one", NOW) == (1, who)
        assert session_of(connection, "two", NOW) is None
        assert session_of(connection, "link", NOW) is None
        assert list(breaches(connection)) == []


def test_a_link_that_is_unknown_late_or_replaced_signs_nobody_in(store: Store, who: Participant) -> None:
    with writing(store, "staff") as write:
        invite(write, who, "first", NOW + WEEK)
        invite(write, who, "second", NOW + WEEK)
        with pytest.raises(AccessDeniedError, match="isn't known"):
            enter(write, "other", "s")
        with pytest.raises(AccessDeniedError, match="newer"):
            enter(write, "first", "s")
        with pytest.raises(AccessDeniedError, match="too old"):
            enter(write, "second", "s", NOW + WEEK)
        assert enter(write, "second", "s", NOW + WEEK - timedelta(seconds=1)) == who


def test_a_device_is_signed_out_by_its_own_person_only_and_a_session_ends_by_itself(
    store: Store, who: Participant
) -> None:
    with writing(store, "staff") as write:
        other = add_participant(write, "UTC")
        invite(write, who, "link", NOW + WEEK)
        enter(write, "link", "one")
        (device,) = devices(write.connection, who, NOW)
        assert device.kind == "phone"
        assert not end_session(write, other, device.session)
        assert session_of(write.connection, "one", NOW + 50 * WEEK - timedelta(seconds=1))
        assert session_of(write.connection, "one", NOW + 50 * WEEK) is None
        assert end_session(write, who, device.session)
        assert not end_session(write, who, device.session)
        assert session_of(write.connection, "one", NOW) is None
        assert devices(write.connection, who, NOW) == ()


def test_erasing_somebody_signs_them_out(store: Store, who: Participant) -> None:
    with writing(store, "staff") as write:
        invite(write, who, "link", NOW + WEEK)
        enter(write, "link", "one")
        write.erase(who.id)
        assert session_of(write.connection, "one", NOW) is None
        assert list(breaches(write.connection)) == []


def test_hashes_of_what_signs_in_are_not_in_what_a_person_takes_with_them(store: Store, who: Participant) -> None:
    with writing(store, "staff") as write:
        invite(write, who, "link-hash", NOW + WEEK)
        enter(write, "link-hash", "session-hash")
        text = repr(export(write.connection, who))
        assert "phone" in text
        assert "link-hash" not in text
        assert "session-hash" not in text


def test_what_is_sent_twice_is_new_once_and_for_each_person(store: Store, who: Participant) -> None:
    with writing(store, "participant") as write:
        other = add_participant(write, "UTC")
        assert [is_new(write, who, "a"), is_new(write, who, "a"), is_new(write, other, "a")] == [True, False, True]


MEMBER = StaffMember("mk", Role.CLINICIAN, "oslo", "hash", "SECRET")


def test_the_newest_row_of_an_account_holds(store: Store) -> None:
    with writing(store, "admin") as write:
        keep_staff(write, MEMBER)
        keep_staff(write, replace(MEMBER, site="odense"))
        assert staff(write.connection) == (replace(MEMBER, site="odense"),)
        assert staff_member(write.connection, "nobody") is None


@pytest.mark.parametrize("change", [{"is_open": False}, {"site": "odense"}, {"role": Role.TRIAL}])
def test_a_session_of_staff_ends_when_the_account_is_closed_or_changes(store: Store, change: dict[str, object]) -> None:
    with writing(store, "admin") as write:
        keep_staff(write, MEMBER)
        open_staff_session(write, ("mk", Role.CLINICIAN, "oslo"), proof="p", secret="s", until=NOW + WEEK)
        found = staff_session_of(write.connection, "s", NOW)
        assert found is not None
        assert (found.staff, found.role, found.site) == ("mk", Role.CLINICIAN, "oslo")
        keep_staff(write, replace(MEMBER, **change))  # type: ignore[arg-type]
        assert staff_session_of(write.connection, "s", NOW) is None


def test_a_code_opens_one_session_of_staff_and_signing_out_ends_it(store: Store) -> None:
    with writing(store, "admin") as write:
        keep_staff(write, MEMBER)
        open_staff_session(write, ("mk", Role.CLINICIAN, "oslo"), proof="p", secret="s", until=NOW + WEEK)
        with pytest.raises(AccessDeniedError, match="used before"):
            open_staff_session(write, ("mk", Role.CLINICIAN, "oslo"), proof="p", secret="t", until=NOW + WEEK)
        assert staff_session_of(write.connection, "s", NOW + WEEK) is None
        end_staff_session(write, 1)
        assert staff_session_of(write.connection, "s", NOW) is None


def test_what_staff_looked_at_is_in_the_audit_and_in_what_the_person_takes_with_them(
    store: Store, who: Participant
) -> None:
    with writing(store, "mk", "look") as write:
        record_access(write, Role.CLINICIAN, "person", who)
        record_access(write, Role.CLINICIAN, "list", None)
    with store.reading() as connection:
        entries = export(connection, who)["audit"]
        assert [(one["who"], one["kind"]) for one in entries][-1] == ("mk", "access")
        assert list(breaches(connection)) == []


def test_the_newest_site_of_somebody_holds(store: Store, who: Participant) -> None:
    with writing(store, "staff") as write:
        assert site_of(write.connection, who) == ""
        give_site(write, who, "Oslo")
        give_site(write, who, "odense")
        assert (site_of(write.connection, who), sites(write.connection)) == ("odense", {who.id: "odense"})


@pytest.mark.parametrize("text", ["", "  ", "a b", "a/b", "æ", "x" * 41, "-", "a\n"[:1] + "\x00"])
def test_what_is_no_id_of_a_site_or_of_staff_is_refused(text: str) -> None:
    with pytest.raises(AnswerError):
        checked_name(text, "site")


def a_day(number: int, steps: int | None, *, valid: bool = True) -> DaySummary:
    quality = DayQuality(valid, () if valid else ("not worn",), 1440.0, 0.0, 0.0)
    return DaySummary(
        DAY + timedelta(days=number), "Europe/Oslo", 1440, 0, 900.0, {}, steps, (None,) * 24, None, None, 0, 0.0, 0,
        None, quality,
    )  # fmt: skip


def test_sources_are_never_added_and_the_first_that_can_be_judged_holds(store: Store, who: Participant) -> None:
    with writing(store, "staff") as write:
        assert keep_days(write, who, Source.PHONE, [a_day(0, 4000), a_day(1, 5000)]) == 2
        assert keep_days(write, who, Source.BAND, [a_day(0, 7000), a_day(1, 100, valid=False)]) == 2
        assert keep_days(write, who, Source.BAND, [a_day(0, 7000), a_day(1, 100, valid=False)]) == 0
        assert keep_days(write, who, Source.BAND, [a_day(0, 7100)]) == 1
        found = known_days(write.connection, who)
        assert [(source, day.steps) for source, day in found] == [(Source.BAND, 7100), (Source.PHONE, 5000)]
        assert [day.date for _, day in known_days(write.connection, who, DAY + timedelta(days=1))] == [
            DAY + timedelta(days=1)
        ]


@given(steps=st.none() | st.integers(0, 60_000), valid=st.booleans(), number=st.integers(0, 300))
def test_a_day_comes_back_as_it_was(steps: int | None, valid: bool, number: int) -> None:
    day = a_day(number, steps, valid=valid)
    assert day_from_document(day_to_document(day)) == day
