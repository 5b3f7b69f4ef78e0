"""Which message comes on which day: over simulated lives, with whatever is known of each week."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from random import Random

import pytest
from coach_weeks import BARRIERS, START, content
from hypothesis import given, settings
from hypothesis import strategies as st

from activity.coach.education import Fact, holds, plan_messages
from activity.coach.plan import DailyMessage
from activity.coach.quiz import MessageFeedback
from activity.errors import ContentError

scale = st.none() | st.integers(0, 10)
all_facts = st.fixed_dictionaries(
    {
        "flare": st.booleans(),
        "pain_change": st.none() | st.integers(-10, 10),
        "average_pain": scale,
        "fear": scale,
        "confidence": scale,
        "sleep_trouble": scale,
        "stress": scale,
        "interference": scale,
        "condition_count": st.none() | st.integers(0, 6),
        "goal_met_percent": st.none() | st.integers(0, 100),
        "sessions_done": st.none() | st.integers(0, 7),
        "barriers": st.none() | st.lists(st.sampled_from(BARRIERS), unique=True).map(tuple),
    }
)
Facts = Mapping[str, Fact]
QUIET: Facts = {"flare": False}
BY_ID = {message.id: message for message in content().messages}


def live(weeks: list[Facts], answer: Random | None = None, seed: int = 1) -> list[tuple[DailyMessage, ...]]:
    """Return the messages of each week of a life; with ``answer`` the person rates and answers at random."""
    lived: list[tuple[DailyMessage, ...]] = []
    said: list[MessageFeedback] = []
    for number, facts in enumerate(weeks):
        start = START + timedelta(days=7 * number)
        history = [message for week in lived for message in week]
        week = plan_messages(facts, history, content(), start, Random(seed), feedback=said)
        lived.append(week)
        if answer:
            said += [
                MessageFeedback(m.id, m.date, answer.choice([None, True, False]), answer.choice([None, True, False]))
                for m in week
            ]
    return lived


@settings(max_examples=12, deadline=None)
@given(st.lists(all_facts, min_size=40, max_size=40), st.randoms(use_true_random=False), st.integers(0, 1 << 30))
def test_in_forty_weeks_of_any_kind_there_is_one_message_a_day_and_none_again_within_28_days(weeks, answer, seed):
    last: dict[str, date] = {}
    for number, week in enumerate(live(weeks, answer, seed)):
        start = START + timedelta(days=7 * number)
        assert [message.date for message in week] == [start + timedelta(days=day) for day in range(7)]
        for message in week:
            assert message.date - last.get(message.id, date.min) >= timedelta(days=28)
            assert message.reasons
            assert message.quiz == BY_ID[message.id].quiz
            last[message.id] = message.date


@given(all_facts, st.permutations(range(28)), st.integers(0, 99))
def test_the_order_in_which_the_past_is_told_does_not_matter(facts, order, seed) -> None:
    past = [message for week in live([facts] * 4, Random(seed), seed) for message in week]
    said = [MessageFeedback(m.id, m.date, right=i % 3 == 0, helpful=i % 2 == 0) for i, m in enumerate(past)]
    start = START + timedelta(days=28)
    one = plan_messages(facts, past, content(), start, Random(seed), feedback=said)
    mixed = [past[i] for i in order], [said[i] for i in order]
    assert one == plan_messages(facts, mixed[0], content(), start, Random(seed), feedback=mixed[1])


def test_a_quiet_life_sees_every_message_once_before_any_comes_again() -> None:
    weeks = len(BY_ID) // 7
    seen = [message.id for week in live([QUIET] * weeks) for message in week]
    assert sorted(seen) == sorted(BY_ID)


def test_a_quiet_week_speaks_of_seven_themes() -> None:
    for week in live([QUIET] * 16)[:-1]:
        assert len({message.theme for message in week}) == 7, [message.theme for message in week]


#: For each trigger, facts with which it holds.
def facts_of(field: str, op: str, value: int | bool | str) -> Facts:
    return {"flare": False, field: (value,) if op == "has" else value}


@pytest.mark.parametrize("trigger", content().rules.trigger, ids=lambda trigger: trigger.id)
def test_a_trigger_that_goes_on_holding_is_heard_in_each_of_twelve_weeks(trigger) -> None:
    facts = facts_of(trigger.field, trigger.op, trigger.value)
    assert holds(trigger, facts)
    for number, week in enumerate(live([facts] * 12)):
        heard = [message.id for message in week for reason in message.reasons if reason.rule == trigger.id]
        assert heard, f"{trigger.id} is silent in week {number + 1}"


@pytest.mark.parametrize("seed", range(5))
def test_a_trigger_chooses_what_was_not_seen_before_what_was(seed: int) -> None:
    fresh = {"slow-breath", "what-could-wait"}
    past = [
        DailyMessage(m.id, START - timedelta(days=40), m.theme, m.title, m.text, m.source, ())
        for m in BY_ID.values()
        if "when-stressed" in m.triggers and m.id not in fresh
    ]
    week = plan_messages({"stress": 9}, past, content(), START, Random(seed))
    stressed = [message.id for message in week if message.reasons[0].rule == "when-stressed"]
    assert set(stressed[:2]) == fresh


def test_what_is_not_known_never_holds() -> None:
    for trigger in content().rules.trigger:
        assert not holds(trigger, {})
        assert not holds(trigger, {trigger.field: None})


def test_each_week_of_a_flare_starts_with_first_aid() -> None:
    for week in live([{"flare": True, "average_pain": 9}] * 8):
        assert week[0].theme == "first-aid"


def test_a_quiz_answered_wrongly_brings_its_theme_back_but_not_its_message() -> None:
    (first,) = live([QUIET])
    start = START + timedelta(days=7)
    rule = content().rules.message_quiz_again
    for name in ("keep-moving", "boom-and-bust", "sleep-and-pain"):
        wrong = MessageFeedback(name, start - timedelta(days=1), right=False)
        week = plan_messages(QUIET, first, content(), start, Random(1), feedback=[wrong])
        again = week[rule.day - 1]
        assert again.theme == BY_ID[name].theme
        assert again.id != name or name not in {message.id for message in first}
        assert [reason.rule for reason in again.reasons] == ["message-quiz-again"]


def test_a_right_answer_a_later_right_answer_or_an_old_one_brings_nothing_back() -> None:
    (first,) = live([QUIET])
    start = START + timedelta(days=7)
    days = content().rules.message_quiz_again.days
    yesterday, before = start - timedelta(days=1), start - timedelta(days=2)
    for said in (
        [MessageFeedback("keep-moving", yesterday, right=True)],
        [MessageFeedback("keep-moving", before, right=False), MessageFeedback("scans-and-pain", yesterday, right=True)],
        [MessageFeedback("keep-moving", start - timedelta(days=days + 1), right=False)],
        [MessageFeedback("keep-moving", start, right=False)],  # not before the week
        [MessageFeedback("a-message-of-other-content", yesterday, right=False)],
    ):
        assert plan_messages(QUIET, first, content(), start, Random(1), feedback=said) == plan_messages(
            QUIET, first, content(), start, Random(1)
        )


def shown_long_ago(spread: int) -> list[DailyMessage]:
    """Every message, one each ``spread`` days, the last of them 30 days before the start."""
    ordered = sorted(BY_ID.values(), key=lambda message: message.position)
    days = [START - timedelta(days=30 + spread * (len(ordered) - i)) for i in range(len(ordered))]
    return [
        DailyMessage(m.id, day, m.theme, m.title, m.text, m.source, ()) for m, day in zip(ordered, days, strict=True)
    ]


def test_a_message_may_come_again_on_the_28th_day_and_not_before() -> None:
    def past(days: int) -> list[DailyMessage]:
        return [replace(message, date=START - timedelta(days=days)) for message in shown_long_ago(spread=1)]

    assert len(plan_messages(QUIET, past(28), content(), START, Random(1))) == 7
    with pytest.raises(ContentError, match="shown within 28 days"):
        plan_messages(QUIET, past(27), content(), START, Random(1))


def test_a_message_that_helped_has_its_turn_sooner_and_one_that_did_not_later() -> None:
    past = shown_long_ago(spread=1)
    usual = [message.id for message in plan_messages(QUIET, past, content(), START, Random(1))]
    liked, disliked = past[20], past[0]
    assert disliked.id in usual
    assert liked.id not in usual
    said = [
        MessageFeedback(liked.id, liked.date, helpful=True),
        MessageFeedback(disliked.id, disliked.date, helpful=False),
    ]
    week = plan_messages(QUIET, past, content(), START, Random(1), feedback=said)
    found = {message.id: message for message in week}
    assert liked.id in found
    assert disliked.id not in found
    assert "message-rated" in {reason.rule for reason in found[liked.id].reasons}


def test_the_newest_rating_holds() -> None:
    past = shown_long_ago(spread=1)
    changed = [
        MessageFeedback(past[20].id, past[20].date, helpful=True),
        MessageFeedback(past[20].id, past[20].date + timedelta(days=1), helpful=False),
    ]
    for said in (changed, changed[::-1]):
        assert past[20].id not in {m.id for m in plan_messages(QUIET, past, content(), START, Random(1), feedback=said)}
