"""Notifications: never in quiet hours, never too many, fewer when they are ignored, whatever clocks and people do."""

import re
from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reading_level import grade

from activity.coach.notify import (
    Notification,
    PersonState,
    Sent,
    due,
    ignored,
    is_quiet,
    pace,
    questions,
)
from activity.coach.notify_rules import HELP_CARD, Level, Scope, load_notify_rules
from activity.coach.plan import Trust
from activity.errors import ContentError
from activity.resources import shipped

RULES = load_notify_rules()
KINDS = {kind.id: kind for kind in RULES.kind}
OSLO = ZoneInfo("Europe/Oslo")
#: Zones whose clocks change at other hours and by other amounts, and far ends of the map.
ZONES = [
    ZoneInfo(name)
    for name in (
        "UTC", "Europe/Oslo", "America/St_Johns", "Australia/Lord_Howe", "America/Havana", "Asia/Kathmandu",
        "Pacific/Kiritimati", "Pacific/Pago_Pago", "Africa/Cairo",
    )
]  # fmt: skip
#: Days around which clocks change somewhere, and plain ones.
STARTS = [datetime(*day, tzinfo=UTC) for day in ((2026, 3, 27), (2026, 10, 23), (2026, 4, 3), (2026, 6, 1))]


def at(text: str, zone: ZoneInfo = OSLO) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone)


def keen(**more: object) -> PersonState:
    """Somebody for whom as much as possible holds at once."""
    everything = {
        "zone": OSLO, "goal": 5000, "steps_today": 4500, "percent_yesterday": 70, "percent_week": 90, "week_ends": True,
        "still_minutes": 120, "exercise_due": True, "exercise_time": time(17), "sleep_reminder": time(21, 30),
        "checkin_days_late": 0, "hours_since_sync": 30, "days_since_opened": 7, "message_unread": True,
        "message": "Slow and steady",
    }  # fmt: skip
    return PersonState(**{**everything, **more})  # type: ignore[arg-type]


numbers = st.none() | st.integers(0, 40)
clocks = st.none() | st.times()
people = st.builds(
    PersonState,
    zone=st.sampled_from(ZONES),
    quiet=st.none() | st.tuples(st.times(), st.times()),
    switched_off=st.frozensets(st.sampled_from(sorted(KINDS)), max_size=3),
    stopped=st.booleans(),
    easy_week=st.booleans(),
    goal=st.none() | st.integers(500, 10_000),
    steps_today=st.none() | st.integers(0, 15_000),
    percent_yesterday=st.none() | st.integers(0, 200),
    percent_week=st.none() | st.integers(0, 200),
    week_ends=st.booleans(),
    still_minutes=st.none() | st.integers(0, 600),
    exercise_due=st.booleans(),
    exercise_time=clocks,
    sleep_reminder=clocks,
    checkin_days_late=numbers,
    hours_since_sync=st.none() | st.integers(0, 100),
    days_since_opened=numbers,
    message_unread=st.booleans(),
    message=st.none() | st.just("Slow and steady"),
)
_FIRST, _LAST = datetime(2026, 1, 1), datetime(2027, 12, 31)  # noqa: DTZ001 - bounds of local times have no zone
#: People to whom much could be said on any day.
busy_people = st.builds(
    keen,
    zone=st.sampled_from(ZONES),
    quiet=st.sampled_from([None, (time(22), time(6)), (time(12), time(12)), (time(13), time(15, 30))]),
    switched_off=st.frozensets(st.sampled_from(sorted(KINDS)), max_size=8),
    stopped=st.sampled_from([False, False, False, True]),
    steps_today=st.sampled_from([None, 100, 4500, 6000]),
    checkin_days_late=st.integers(0, 3),
    days_since_opened=st.sampled_from([None, 0, 7, 14]),
)
moments = st.datetimes(_FIRST, _LAST, timezones=st.sampled_from(ZONES))


def quiet_of(person: PersonState) -> tuple[time, time]:
    return person.quiet or (RULES.quiet.start, RULES.quiet.stop)


@settings(max_examples=400)
@given(moments, people)
def test_nothing_is_ever_sent_in_quiet_hours(now, person) -> None:
    for one in due(now, person, (), RULES):
        assert not is_quiet(now.astimezone(person.zone).time(), quiet_of(person))
        assert one.at == now.astimezone(UTC)
        assert one.at.tzinfo is UTC


@pytest.mark.parametrize("day", [date(2026, 3, 29), date(2026, 10, 25), date(2026, 7, 1)])
def test_quiet_hours_end_at_eight_by_the_clock_on_the_wall_also_when_clocks_change(day: date) -> None:
    start = datetime.combine(day, time(), tzinfo=OSLO).astimezone(UTC) - timedelta(hours=4)
    open_at = [
        (start + timedelta(minutes=5 * i)).astimezone(OSLO)
        for i in range(12 * 24)
        if due(start + timedelta(minutes=5 * i), keen(), (), RULES)
    ]
    before = [moment for moment in open_at if moment.date() < day]
    after = [moment for moment in open_at if moment.date() == day]
    assert max(before).time() == time(20, 55)
    assert min(after).time() == time(8)


@given(st.times(), st.tuples(st.times(), st.times()))
def test_quiet_hours_are_half_open_and_go_over_midnight(clock, hours) -> None:
    start, stop = hours
    inside = is_quiet(clock, hours)
    assert inside != is_quiet(clock, (stop, start)) or start == stop
    assert is_quiet(start, hours) == (start != stop)
    assert not is_quiet(stop, hours)


def lived(
    person: PersonState, start: datetime, days: int, opens: list[bool], moves: list[ZoneInfo]
) -> list[tuple[Notification, PersonState]]:
    """Ask every half an hour; return what was sent and as whom. The person travels every third day."""
    sent: list[Sent] = []
    found: list[tuple[Notification, PersonState]] = []
    for half_hour in range(days * 48):
        now = start + timedelta(minutes=30 * half_hour)
        here = replace(person, zone=moves[half_hour // 144 % len(moves)])
        for one in due(now, here, sent, RULES):
            sent.append(Sent(one.kind, one.text_id, one.at, opens[len(sent) % len(opens)]))
            found.append((one, here))
    return found


@settings(max_examples=20, deadline=None)
@given(
    busy_people,
    st.sampled_from(STARTS),
    st.lists(st.booleans(), min_size=1, max_size=8),
    st.lists(st.sampled_from(ZONES), min_size=1, max_size=4),
)
def test_caps_and_two_hours_between_are_kept_while_clocks_change_and_people_travel(person, start, opens, moves) -> None:
    found = lived(person, start, 10, opens, moves)
    for (one, _), (after, _) in pairwise(found):
        assert after.at - one.at >= timedelta(minutes=RULES.limits.least_minutes_between)
    for number, (one, here) in enumerate(found):
        today = one.at.astimezone(here.zone).date()
        assert not is_quiet(one.at.astimezone(here.zone).time(), quiet_of(here))
        assert one.kind not in here.switched_off or one.kind == HELP_CARD  # which nobody can switch off
        so_far = [(past.kind, (today - past.at.astimezone(here.zone).date()).days) for past, _ in found[: number + 1]]
        kind = KINDS[one.kind]
        assert sum(ago <= 0 for _, ago in so_far) <= RULES.limits.per_day
        assert sum(ago < 7 for _, ago in so_far) <= RULES.limits.per_week
        assert sum(name == one.kind and ago <= 0 for name, ago in so_far) <= kind.per_day
        assert sum(name == one.kind and ago < 7 for name, ago in so_far) <= kind.per_week


def test_a_day_of_everything_at_once_is_filled_and_no_more() -> None:
    found = lived(keen(), datetime(2026, 6, 1, tzinfo=UTC), 1, [True], [OSLO])
    assert len(found) == RULES.limits.per_day


@given(moments, people)
def test_while_a_plan_is_stopped_only_the_help_card_speaks(now, person) -> None:
    for one in due(now, replace(person, stopped=True), (), RULES):
        assert one.kind == HELP_CARD
    for one in due(now, replace(person, stopped=False), (), RULES):
        assert one.kind != HELP_CARD


@given(moments, people, st.permutations(range(6)))
def test_the_same_past_in_any_order_gives_the_same(now, person, order) -> None:
    past = [
        Sent(kind, KINDS[kind].texts[0].id, now - timedelta(hours=5 * i + 3), i % 2 == 0)
        for i, kind in enumerate(["message", "message", "morning-goal", "sitting-long", "goal-met", "nearly-there"])
    ]
    assert due(now, person, past, RULES) == due(now, person, [past[i] for i in order], RULES)


@given(st.sampled_from(sorted(KINDS)), st.integers(0, 20))
def test_more_ignored_never_means_more_often(name, count) -> None:
    kind = KINDS[name]
    now, later = pace(kind, count, RULES), pace(kind, count + 1, RULES)
    if now is None:
        assert later is None
    elif later is not None:
        assert later.per_day <= now.per_day
        assert later.per_week <= now.per_week
        assert later.days_between >= now.days_between


def test_after_three_ignored_a_kind_comes_half_as_often_and_after_seven_not_at_all() -> None:
    message = KINDS["message"]
    assert [pace(message, n, RULES) is None for n in (2, 3, 6, 7, 50)] == [False, False, False, True, True]
    halved = pace(message, 3, RULES)
    assert halved is not None
    assert (halved.per_week, halved.days_between) == (3, 2)
    only = keen(switched_off=frozenset(KINDS) - {"message"})
    found = lived(only, datetime(2026, 6, 1, tzinfo=UTC), 40, [False], [OSLO])
    days = [one.at.astimezone(OSLO).date() for one, _ in found]
    gaps = [(b - a).days for a, b in pairwise(days)]
    assert len(days) == 7
    assert gaps[:2] == [1, 1]
    assert all(gap >= 2 for gap in gaps[3:])
    opened = lived(only, datetime(2026, 6, 1, tzinfo=UTC), 40, [True], [OSLO])
    assert len(opened) == 40


def test_the_help_card_does_not_wait_for_the_caps_of_the_others() -> None:
    now = at("2026-06-10T18:00")
    past = [Sent("message", "message-1", now - timedelta(hours=3 + i), True) for i in range(RULES.limits.per_week)]
    assert due(now, keen(), past, RULES) == ()
    assert [one.kind for one in due(now, keen(stopped=True), past, RULES)] == [HELP_CARD]


def test_the_help_card_does_not_back_off() -> None:
    found = lived(keen(stopped=True), datetime(2026, 6, 1, tzinfo=UTC), 20, [False], [OSLO])
    assert Counter(one.kind for one, _ in found) == {HELP_CARD: 20}


def unopened(kind: str, count: int, newest: datetime) -> list[Sent]:
    return [Sent(kind, KINDS[kind].texts[0].id, newest - timedelta(days=i), False) for i in reversed(range(count))]


def test_what_was_sent_only_hours_ago_is_not_yet_ignored_and_an_opened_one_ends_the_row() -> None:
    now = at("2026-06-10T12:00")
    message, person = KINDS["message"], keen()
    past = unopened("message", 5, now - timedelta(hours=2))
    assert ignored(message, now, person, past, RULES) == 4
    assert ignored(message, now, person, [*past[:3], replace(past[3], opened=True), past[4]], RULES) == 0
    assert ignored(KINDS["goal-met"], now, person, past, RULES) == 0


def test_a_kind_that_stopped_is_asked_about_once_and_starts_anew_if_it_is_wanted() -> None:
    now = at("2026-06-10T12:00")
    past = unopened("message", 7, now - timedelta(days=1))
    only = keen(switched_off=frozenset(KINDS) - {"message"})
    assert due(now, only, past, RULES) == ()
    asked = questions(now, only, past, RULES)
    assert list(asked) == ["message"]
    assert "Message of the day" in asked["message"]
    assert questions(now, replace(only, asked=frozenset({"message"})), past, RULES) == {}
    assert questions(now, keen(switched_off=frozenset({"message"})), past, RULES) == {}
    again = replace(only, wanted_again={"message": now - timedelta(hours=1)})
    assert questions(now, again, past, RULES) == {}
    assert [one.kind for one in due(now, again, past, RULES)] == ["message"]


def test_after_two_weeks_without_a_look_there_is_silence() -> None:
    now = at("2026-06-10T12:00")
    assert due(now, keen(days_since_opened=14), (), RULES)
    assert due(now, keen(days_since_opened=15), (), RULES) == ()
    assert [one.kind for one in due(now, keen(days_since_opened=15, stopped=True), (), RULES)] == [HELP_CARD]


def test_a_reminder_that_lies_in_quiet_hours_comes_before_them() -> None:
    only = keen(switched_off=frozenset(KINDS) - {"sleep-reminder"})
    minutes = [at("2026-06-10T19:00") + timedelta(minutes=i) for i in range(180)]
    assert [m.time() for m in minutes if due(m, only, (), RULES)][:1] == [time(20, 15)]
    late = replace(only, quiet=(time(23), time(7)))
    assert [m.time() for m in minutes if due(m, late, (), RULES)][:1] == [time(21, 30)]


@pytest.mark.parametrize(
    ("percent", "level", "start"),
    [(0, Level.LOW, "morning-low"), (50, Level.MODERATE, "morning-moderate"), (80, Level.HIGH, "morning-high"),
     (100, Level.FULL, "morning-full"), (None, None, "morning-any")],
)  # fmt: skip
def test_the_level_of_achievement_chooses_the_wording(percent, level, start) -> None:
    only = keen(switched_off=frozenset(KINDS) - {"morning-goal"}, percent_yesterday=percent)
    (one,) = due(at("2026-06-10T09:00"), only, (), RULES)
    assert (one.level, one.category, one.scope) == (level, "goal", Scope.DAY)
    assert one.text_id.startswith(start)


def test_a_wording_is_not_used_again_before_the_others() -> None:
    only = keen(switched_off=frozenset(KINDS) - {"message"})
    found = [one.text_id for one, _ in lived(only, datetime(2026, 6, 1, tzinfo=UTC), 6, [True], [OSLO])]
    assert found[:3] == found[3:]
    assert len(set(found)) == 3


def test_a_text_that_speaks_of_what_is_not_known_is_not_sent() -> None:
    only = keen(switched_off=frozenset(KINDS) - {"message"}, message=None)
    assert due(at("2026-06-10T09:00"), only, (), RULES) == ()


def test_in_an_easy_week_nobody_is_pushed_to_the_goal() -> None:
    now = at("2026-06-10T18:30")
    only = keen(switched_off=frozenset(KINDS) - {"nearly-there"})
    assert [one.kind for one in due(now, only, (), RULES)] == ["nearly-there"]
    assert due(now, replace(only, easy_week=True), (), RULES) == ()


def test_a_clock_that_was_put_back_sends_nothing_twice() -> None:
    now = at("2026-06-10T12:00")
    ahead = [Sent("message", "message-1", now + timedelta(hours=3), True)]
    assert due(now, keen(), ahead, RULES) == ()


def test_a_moment_without_an_offset_is_refused() -> None:
    with pytest.raises(ValueError, match="offset"):
        due(datetime(2026, 6, 10, 12), keen(), (), RULES)  # noqa: DTZ001 - which is the point


def test_every_kind_can_be_sent_with_each_of_its_wordings() -> None:
    facts = {"goal-met": {"steps_today": 5200}, "last-word": {"days_since_opened": 14}, HELP_CARD: {"stopped": True}}
    facts |= {"checkin-late": {"checkin_days_late": 1}, "checkin-last": {"checkin_days_late": 3}}
    heard: set[str] = set()
    for name, kind in KINDS.items():
        for percent in (10, 60, 90, 120, None):
            only = keen(
                switched_off=frozenset(KINDS) - {name}, percent_yesterday=percent, **(
                    {"percent_week": percent} if percent is not None else {}
                ), **facts.get(name, {}),
            )  # fmt: skip
            past: list[Sent] = []
            for day in range(len(kind.texts)):
                for half_hour in range(16, 42):
                    now = at("2026-01-05T00:00") + timedelta(days=21 * day, minutes=30 * half_hour)
                    for one in due(now, only, past, RULES):
                        past.append(Sent(one.kind, one.text_id, one.at, True))
                        heard.add(one.text_id)
                        assert not {"{", "}"} & set(one.text)
                        assert one.reason.text == kind.reason
    assert heard == {text.id for kind in RULES.kind for text in kind.texts}


def test_notifications_are_short_plain_kind_and_say_where_their_rules_come_from() -> None:
    blame = re.compile(
        r"\b(fail\w*|lazy|must|should have|warning|danger\w*|damage\w*|worse|shame|streak)\b", re.IGNORECASE
    )
    for kind in RULES.kind:
        for text in kind.texts:
            filled = text.text.format(goal="ten", steps_left="ten", still_minutes="ten", message="Keep on")
            assert grade(filled) <= 6.0, text.id
            assert not blame.search(filled), text.id
    for rule in (RULES.quiet, RULES.limits, RULES.back_off, RULES.levels, *RULES.kind):
        assert grade(rule.reason) <= 8.2, rule.id
        assert rule.source.startswith("Design default") == (rule.trust is Trust.DESIGN_DEFAULT), rule.id


@pytest.mark.parametrize(
    ("old", "new", "word"),
    [
        ('latest = "11:00"', 'latest = "07:00"', "earliest must be before"),
        ('at = "exercise_time"\n', "", "needs earliest and latest"),
        ('field = "message_unread"', 'field = "mood"', "mood"),
        ("{steps_left} steps to go", "{steps_over} steps to go", "steps_over"),
        ('id = "met-2"', 'id = "met-1"', "twice"),
        ('level_of = "week"\n', "", "doesn't say of what"),
        ("halve_after = 3", "halve_after = 7", "halve_after"),
        ("moderate = 50", "moderate = 90", "rise"),
        ("per_day = 3", "per_day = 300", "per_day"),
        ("backs_off = false", "backs_off = true", "never backs off"),
        ('id = "help-card"', 'id = "help"', "never backs off"),
    ],
)
def test_rules_that_break_their_schema_are_refused(tmp_path: Path, old: str, new: str, word: str) -> None:
    text = shipped("data", "content", "notifications.toml").read_text(encoding="utf-8")
    assert old in text
    (tmp_path / "notifications.toml").write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ContentError, match=word):
        load_notify_rules(tmp_path)
