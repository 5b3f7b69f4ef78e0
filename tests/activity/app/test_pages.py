"""A participant's pages show today, keep what is said once, make the plan of the week, and stop when unsafe."""

import re
import threading
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from app_clients import TestClient, browser, fresh, participant_cookie, send
from hypothesis import given
from hypothesis import strategies as st

from activity.app.context import Context
from activity.app.exercising import counted, offered
from activity.app.today import NEW_THINGS, new_thing, steps_of, week_steps, week_words
from activity.coach.content import load_content
from activity.errors import TrialError
from activity.questionnaires.definition import load_questionnaire
from activity.store.days import Source
from activity.store.history import CHECKIN_FORM, ELIGIBILITY_FORM, plan_of
from activity.store.participants import Participant, add_participant, kept
from activity.store.schema import ANSWERS, EDIT, EVENT, EXERCISE, PLAN, SUBMISSION
from activity.store.standing import BACK_TODAY, Standing, standing
from activity.store.writing import writing

FORM = load_questionnaire(CHECKIN_FORM)
SIGNS = [one.id for one in FORM.warning_signs]


@pytest.fixture
def me(context: Context, people: tuple[Participant, ...]) -> TestClient:
    return browser(fresh(context), participant_cookie(context, people[0]))


def now_of(context: Context, who: Participant) -> Standing:
    with context.store.reading() as connection:
        return standing(connection, who, context.clock().date())


def rows(context: Context, who: Participant, table: Any) -> list[Any]:
    with context.store.reading() as connection:
        return [dict(row.facts) | dict(row.document) for row in kept(connection, who, table)]


def checkin(pain: int = 3, **changed: str) -> dict[str, str]:
    given = {f"q-{name}": "no" for name in SIGNS}
    return given | {"q-average_pain": str(pain), "q-worst_pain": str(pain), "q-confidence": "7"} | changed


def test_today_shows_steps_exercises_message_and_asks_for_the_back(
    context: Context, me: TestClient, people: tuple[Participant, ...]
) -> None:
    page, now = me.get("/").text, now_of(context, people[0])
    assert now.plan is not None
    for one in now.plan.exercises:
        assert one.name in page
    assert re.search(r"of 1?\d?.?\d{3} steps", page)
    assert "How is your back right now?" in page
    assert page.count("<svg") >= len(now.plan.exercises)


def test_the_back_takes_one_tap_and_is_asked_once_a_day(
    context: Context, me: TestClient, people: tuple[Participant, ...]
) -> None:
    assert send(me, "/back", {"pain": "4"}).status_code == 303
    said = [one for one in rows(context, people[0], ANSWERS) if one["instrument"] == BACK_TODAY]
    assert [(one["date"], one["pain"]) for one in said] == [("2026-11-24", 4)]
    assert "You said 4 of 10 today" in me.get("/").text


@pytest.mark.parametrize("pain", ["11", "-1", "x", "4.5", "４", "9" * 30])
def test_what_is_no_number_of_the_page_is_refused(
    context: Context, me: TestClient, people: tuple[Participant, ...], pain: str
) -> None:
    assert send(me, "/back", {"pain": pain}).status_code == 400
    assert not [one for one in rows(context, people[0], ANSWERS) if one["instrument"] == BACK_TODAY]


def test_what_is_sent_again_under_its_key_is_kept_once(
    context: Context, me: TestClient, people: tuple[Participant, ...]
) -> None:
    exercise = load_content().exercises[0].id
    before = len(rows(context, people[0], EXERCISE))
    sent = [
        ("/back", {"pain": "4", "key": "key-00001"}),
        ("/did", {"exercise": exercise, "rating": "right", "pain": "2", "key": "key-00002"}),
        ("/ask/weekly-checkin", {**checkin(), "key": "key-00003"}),
    ]
    for address, fields in [*sent, *sent, *reversed(sent)]:
        assert send(me, address, fields).status_code == 303
    answers = [one["instrument"] for one in rows(context, people[0], ANSWERS) if one["date"] == "2026-11-24"]
    assert sorted(answers) == sorted([BACK_TODAY, CHECKIN_FORM])
    assert len(rows(context, people[0], EXERCISE)) == before + 1
    assert len(rows(context, people[0], SUBMISSION)) == 3
    assert send(me, "/back", {"pain": "4", "key": "no key"}).status_code == 400


def test_what_was_said_without_a_network_keeps_its_day_within_bounds(
    context: Context, me: TestClient, people: tuple[Participant, ...]
) -> None:
    for day in ("2026-11-22", "2026-01-01", "2027-01-01", "no day"):
        send(me, "/back", {"pain": "4", "day": day})
    said = [one["date"] for one in rows(context, people[0], ANSWERS) if one["instrument"] == BACK_TODAY]
    assert said == ["2026-11-22", "2026-11-24", "2026-11-24", "2026-11-24"]


def test_fifty_check_ins_at_once_are_all_kept(context: Context, people: tuple[Participant, ...]) -> None:
    app = fresh(context)
    with writing(context.store, "test") as write:
        crowd = [add_participant(write, "Europe/Oslo") for _ in range(50)]
    clients = [browser(app, participant_cookie(context, who)) for who in crowd]
    statuses: list[int] = []

    def one(client: TestClient) -> None:
        statuses.append(send(client, "/ask/weekly-checkin", checkin()).status_code)

    threads = [threading.Thread(target=one, args=(client,)) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == [303] * 50
    assert [len(rows(context, who, ANSWERS)) for who in crowd] == [1] * 50


def test_somebody_new_is_led_from_form_to_form_to_a_plan(context: Context) -> None:
    with writing(context.store, "test") as write:
        who = add_participant(write, "Europe/Oslo")
    me = browser(fresh(context), participant_cookie(context, who))
    assert "/ask/eligibility" in me.get("/").text
    asked = load_questionnaire(ELIGIBILITY_FORM)
    suits = {f"q-{one.id}": "no" if one.keeps_out else "yes" for one in asked.questions if one.keeps_out is not None}
    send(me, "/ask/eligibility", suits)
    assert "/ask/profile" in me.get("/").text
    send(me, "/ask/profile", {"q-conditions": "none", "q-avoid_positions": "none", "q-equipment": "none"})
    assert "/ask/weekly-checkin" in me.get("/").text
    send(me, "/ask/weekly-checkin", checkin(5))
    now = now_of(context, who)
    assert now.plan is not None
    assert now.plan.start == context.clock().date()
    assert now.plan.exercises[0].name in me.get("/").text
    for address in ("/week", "/why", "/exercises", "/flare", "/help", "/settings"):
        assert me.get(address).status_code == 200


def test_somebody_for_whom_it_is_not_is_told_to_talk_to_their_team(context: Context) -> None:
    with writing(context.store, "test") as write:
        who = add_participant(write, "Europe/Oslo")
    me = browser(fresh(context), participant_cookie(context, who))
    asked = load_questionnaire(ELIGIBILITY_FORM)
    suits = {f"q-{one.id}": "no" if one.keeps_out else "yes" for one in asked.questions if one.keeps_out is not None}
    send(me, "/ask/eligibility", suits | {"q-no_exercise": "yes"})
    page = me.get("/").text
    assert "Please talk to your team first" in page
    assert "/ask/" not in page


@pytest.mark.parametrize("sign", [one.id for one in FORM.warning_signs if one.urgency == "urgent"])
def test_an_urgent_sign_stops_everything_but_help(
    context: Context, me: TestClient, people: tuple[Participant, ...], sign: str
) -> None:
    now = now_of(context, people[0])
    assert now.plan is not None
    send(me, "/ask/weekly-checkin", checkin(3, **{f"q-{sign}": "yes"}))
    send(me, "/flare", {"on": "yes"})
    for address in ("/", "/exercises", "/flare"):
        page = me.get(address).text
        assert "Please get medical help before you go on" in page
        assert now.plan.exercises[0].name not in page
        assert "/did" not in page
    assert me.get("/help").status_code == 200
    kinds = [one["kind"] for one in rows(context, people[0], EVENT)]
    assert "warning-sign" in kinds


def test_what_cannot_be_true_is_asked_again_with_what_was_said(
    context: Context, me: TestClient, people: tuple[Participant, ...]
) -> None:
    before = len(rows(context, people[0], ANSWERS))
    answer = send(me, "/ask/weekly-checkin", checkin(8, **{"q-worst_pain": "2", "q-barriers": "time"}))
    assert answer.status_code == 422
    assert "Please look again" in answer.text
    assert 'name="q-average_pain" value="8" checked' in answer.text
    assert len(rows(context, people[0], ANSWERS)) == before


def test_the_goal_changes_within_the_bounds_of_the_plan(
    context: Context, me: TestClient, people: tuple[Participant, ...]
) -> None:
    plan = now_of(context, people[0]).plan
    assert plan is not None
    assert plan.goal.least_steps is not None
    wanted = -(-plan.goal.least_steps // 100) * 100
    for steps in (wanted - 100_0, 99_999):
        assert send(me, "/goal", {"steps": str(max(0, steps))}).status_code == 400
    offer = me.get("/week").text
    assert f'<option value="{wanted}"' in offer
    for steps in map(int, re.findall(r'<option value="(\d+)"', offer)):
        assert send(me, "/goal", {"steps": str(steps)}).status_code == 303
    assert send(me, "/goal", {"steps": str(wanted)}).status_code == 303
    with context.store.reading() as connection:
        found = plan_of(connection, people[0], context.clock().date())
    assert found is not None
    assert found[1].goal.steps_per_day == wanted
    assert rows(context, people[0], EDIT)[-1]["goal"]["to"] == wanted


def test_flare_mode_offers_gentle_exercises_and_ends(
    context: Context, me: TestClient, people: tuple[Participant, ...]
) -> None:
    send(me, "/flare", {"on": "yes"})
    now, content = now_of(context, people[0]), load_content()
    assert now.flare_since == context.clock().date()
    shown = offered(now, content)
    assert shown
    for one in shown:
        known = content.exercise(one.id)
        assert known is not None
        assert known.gentle
    page = me.get("/").text
    assert "Flare mode is on" in page
    assert 'class="big"' not in page  # no goal to look at
    with context.store.reading() as connection:
        later = standing(connection, people[0], context.clock().date() + timedelta(days=7))
    assert later.flare_since is None
    send(me, "/flare", {"on": "no"})
    assert now_of(context, people[0]).flare_since is None


def test_a_rating_is_kept_and_what_the_page_does_not_offer_is_not(
    context: Context, me: TestClient, people: tuple[Participant, ...]
) -> None:
    name = load_content().exercises[0].id
    before = len(rows(context, people[0], EXERCISE))
    for bad in ({"exercise": "no-such"}, {"exercise": name, "rating": "fine"}, {"exercise": name, "pain": "11"}):
        assert send(me, "/did", bad).status_code == 400
    send(me, "/did", {"exercise": name, "rating": "too-hard", "pain": "6", "swap": "away"})
    said = rows(context, people[0], EXERCISE)
    assert len(said) == before + 1
    assert {key: said[-1][key] for key in ("exercise", "rating", "pain", "swap", "done")} == {
        "exercise": name, "rating": "too-hard", "pain": 6, "swap": "away", "done": True,
    }  # fmt: skip


def test_why_shows_every_reason_of_the_plan(context: Context, me: TestClient, people: tuple[Participant, ...]) -> None:
    plan, page = now_of(context, people[0]).plan, me.get("/why").text
    assert plan is not None
    plain = page.replace("&#39;", "'")
    for why in plan.explanations:
        for text in (*why.because, why.others, why.change, *(answer.asked for answer in why.answers)):
            assert text in plain


def test_what_somebody_typed_is_shown_as_text(context: Context, people: tuple[Participant, ...]) -> None:
    me = browser(fresh(context), participant_cookie(context, people[0]))
    answer = send(me, "/ask/weekly-checkin", checkin(3, **{"q-barriers": "<script>alert(1)</script>"}))
    assert "<script>alert" not in answer.text


@pytest.mark.parametrize(("dose", "found"), [
    ("2 × 10", (2, 10, False)), ("1 × 10 a side", (1, 10, False)), ("2 × 30 s", (2, 30, True)),
    ("5 minutes", (1, 300, True)),
])  # fmt: skip
def test_a_dose_is_counted_as_it_is_read(dose: str, found: tuple[int, int, bool]) -> None:
    assert counted(dose) == found


def test_every_dose_of_the_library_can_be_counted() -> None:
    from activity.coach.progress import dose_words, ladder

    content = load_content()
    for exercise in content.exercises:
        for step in range(len(ladder(exercise, content.rules))):
            sets, amount, timed = counted(dose_words(exercise, step, content.rules))
            assert sets >= 1
            assert amount >= 3
            assert timed == (exercise.dose.value in {"hold", "stretch", "minutes"})


@given(worn=st.lists(st.booleans(), min_size=7, max_size=7), counts=st.lists(st.integers(0, 30_000), min_size=7))
def test_a_day_with_too_little_wear_never_says_that_a_goal_was_missed(worn: list[bool], counts: list[int]) -> None:
    now = _week_of(worn, counts[:7])
    days = week_steps(now)
    assert now.plan is not None
    words = week_words(days, now.today)
    judged = [day for day in days if day.judged or day.met]
    if not judged:
        assert words.startswith("No day")
        return
    met, known = map(int, re.findall(r"on (\d+) of (\d+)", words)[0])
    assert known == len(judged)
    assert met == sum(count >= now.plan.goal.steps_per_day for count in counts[:7])
    assert all(day.state != "part" for day, was_worn in zip(days, worn, strict=True) if not was_worn)


def _week_of(worn: list[bool], counts: list[int]) -> Standing:
    from coach_weeks import START, day

    from activity.coach.plan import StepGoal, WeeklyPlan
    from activity.questionnaires.profile import Profile
    from activity.store.history import History

    goal = StepGoal(6000, False, None, "first", ())
    plan = WeeklyPlan(START, goal, 3, 15, (), (), (), "1")
    days = []
    for number, (was_worn, count) in enumerate(zip(worn, counts, strict=True)):
        one = day(START + timedelta(days=number), count)
        days.append((Source.BAND, replace(one, quality=replace(one.quality, valid=was_worn))))
    known = History(Profile(), None, None, None, ())
    last = START + timedelta(days=6)
    return Standing(last, known, True, plan, 1, tuple(days), (), (), {}, None, frozenset({START}), True)


def test_what_is_new_comes_one_a_day_and_only_in_the_first_week() -> None:
    now = _week_of([True] * 7, [1000] * 7)
    first = min(now.opened_on)
    shown = [new_thing(replace(now, today=first + timedelta(days=number))) for number in range(9)]
    assert shown == [*NEW_THINGS, None, None]
    assert new_thing(replace(now, opened_on=frozenset())) is None


def test_a_day_that_did_not_come_is_not_zero() -> None:
    now = replace(_week_of([True] * 7, [1000] * 7), days=())
    found = steps_of(now, now.today)
    assert (found.steps, found.state, found.words) == (None, "none", "No steps yet")


def test_plans_are_kept_as_they_were_shown(context: Context, me: TestClient, people: tuple[Participant, ...]) -> None:
    before = rows(context, people[0], PLAN)
    me.get("/")
    assert rows(context, people[0], PLAN) == before


def test_whoever_is_given_no_plan_by_a_study_is_not_asked_for_one(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    with writing(context.store, "test") as write:
        who = add_participant(write, "Europe/Oslo")
    me = browser(fresh(context), participant_cookie(context, who))
    assert "/ask/" in me.get("/").text

    def other_arm(*_: object) -> None:
        raise TrialError("an arm without plans")

    monkeypatch.setattr("activity.app.participant_pages.check_given_plans", other_arm)
    page = me.get("/").text
    assert "/ask/" not in page
    assert "has no plan" in page
