"""A lively demo study: virtual people with weeks behind them, planned by the real coach; nobody's data are in it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from random import Random
from typing import Any, Final

from activity.app.content import shown_content, shown_form
from activity.app.context import Context
from activity.coach.cases.problem import WEEK
from activity.coach.exercise_log import Rating
from activity.coach.plan import WeeklyPlan
from activity.day.summary import DaySummary
from activity.errors import SafetyStopError
from activity.questionnaires.checkin import CheckIn
from activity.questionnaires.definition import Questionnaire
from activity.store.accounts import give_site
from activity.store.asked import keep_form
from activity.store.days import Source, keep_days
from activity.store.history import CHECKIN_FORM, ELIGIBILITY_FORM
from activity.store.participants import Participant, add_participant, keep_exercise
from activity.store.standing import keep_flare, keep_opened
from activity.store.week import keep_week, load_coach
from activity.store.writing import writing
from activity.trial.virtual.life import State, after_a_week, check_in, days_of, first_state, help_of
from activity.trial.virtual.people import Person, World, draw_people

ZONE: Final = "Europe/Copenhagen"
SITES: Final = ("odense", "trondheim")
SEED: Final = 7
_WHO: Final = "demo"
#: Every so many people one differs from the rest, so that the list of a clinician has something of each.
_NOT_STARTED, _SILENT, _FLARING, _FLAGGED = 5, 4, 6, 7


@dataclass(slots=True)
class _Life:
    """One person as weeks go by."""

    person: Person
    who: Participant
    state: State
    days: list[DaySummary]
    plan: WeeklyPlan | None = None


def fill_demo(
    context: Context, today: date, *, people: int = 16, weeks: int = 6, told: Callable[[int], None] = lambda _: None
) -> Participant:
    """Fill an empty store, and return the person whose app is to be looked at; ``told`` counts people."""
    first: Participant | None = None
    for number, person in enumerate(draw_people(people, World.SHARED, SEED)):
        life = _begin(context, person, number, today - weeks * WEEK - timedelta(days=3))
        if number % _NOT_STARTED != _NOT_STARTED - 1:
            _live(context, life, today, weeks, number)
        first = first or life.who
        told(number + 1)
    if first is None:
        raise ValueError("a demo needs somebody")
    return first


def _begin(context: Context, person: Person, number: int, enrolled: date) -> _Life:
    state = first_state(person)
    forms = {name: shown_form(name) for name in (ELIGIBILITY_FORM, "profile")}
    with writing(context.store, _WHO, "demo", context.clock) as write:
        who = add_participant(write, ZONE)
        give_site(write, who, SITES[number % len(SITES)])
        keep_form(write, who, forms[ELIGIBILITY_FORM], enrolled, _suits(forms[ELIGIBILITY_FORM]))
        told = {"conditions": list(person.conditions), "avoid_positions": [], "equipment": [], "share_weeks": True}
        keep_form(write, who, forms["profile"], enrolled, told)
    return _Life(person, who, state, [])


def _live(context: Context, life: _Life, today: date, weeks: int, number: int) -> None:
    """Live some weeks that end in the middle of the last one."""
    coach, start = load_coach(), today - weeks * WEEK + timedelta(days=4)
    _add_days(context, life, days_of(life.person, life.state, None, start - WEEK, _luck(life, start - WEEK)), today)
    helped = 0.0
    while start <= today:
        rng = _luck(life, start)
        flagged = number % _FLAGGED == _FLAGGED - 1 and start + WEEK > today
        _check_in(context, life, check_in(life.person, life.state, life.plan, rng, helped=helped, on=start), flagged)
        try:
            made = keep_week(context.store, life.who, tuple(life.days), coach, who=_WHO, first=start, base=None)
            life.plan = made.plan
        except SafetyStopError:
            life.plan = None
        helped = help_of(life.person, life.plan, None, SEED) if life.plan is not None else 0.0
        silent = number % _SILENT == _SILENT - 1
        _add_days(
            context, life, days_of(life.person, life.state, life.plan, start, rng),
            today - timedelta(days=6) if silent else today,
        )  # fmt: skip
        _use(context, life, start, today, rng)
        life.state = after_a_week(life.person, life.state, helped, rng)
        start += WEEK
    if number % _FLARING == _FLARING - 1:
        with writing(context.store, _WHO, "demo", context.clock) as write:
            keep_flare(write, life.who, today - timedelta(days=1), on=True)


def _check_in(context: Context, life: _Life, said: CheckIn, flagged: bool) -> None:
    form = shown_form(CHECKIN_FORM)
    given = dict(_given(form, said))
    if flagged:
        given["flag_leg_pain"] = True
    with writing(context.store, _WHO, "demo", context.clock) as write:
        keep_form(write, life.who, form, said.date, given)


def _given(form: Questionnaire, said: CheckIn) -> Iterator[tuple[str, Any]]:
    for question in form.questions:
        if question.urgency is not None:
            yield question.id, question.id in (said.red_flags or ())
        elif (value := getattr(said, question.id)) is not None:
            yield question.id, list(value) if isinstance(value, tuple) else value


def _add_days(context: Context, life: _Life, days: tuple[DaySummary, ...], until: date) -> None:
    """Add days up to one that isn't over yet, of which two thirds went by."""
    known = [replace(day, zone=ZONE) for day in days if day.date <= until]
    if known and known[-1].date == until and known[-1].steps is not None:
        known[-1] = replace(known[-1], steps=known[-1].steps * 2 // 3, wear_minutes=known[-1].wear_minutes * 2 / 3)
    life.days += known
    with writing(context.store, _WHO, "demo", context.clock) as write:
        keep_days(write, life.who, Source.BAND, known)


def _use(context: Context, life: _Life, start: date, today: date, rng: Random) -> None:
    """Open the app on some days, and do exercises on some of them."""
    content = shown_content()
    with writing(context.store, _WHO, "demo", context.clock) as write:
        for number in range(7):
            day = start + timedelta(days=number)
            if day >= today or rng.random() > life.person.diligence:
                continue
            keep_opened(write, life.who, day)
            for planned in life.plan.exercises if life.plan and number % 2 == 0 else ():
                if content.exercise(planned.id) is not None:
                    said = {"date": day.isoformat(), "exercise": planned.id, "done": True}
                    said |= {"rating": rng.choice(list(Rating)).value, "pain": rng.randint(0, 3)}
                    keep_exercise(write, life.who, planned.id, day, said)


def _suits(form: Questionnaire) -> dict[str, Any]:
    """Return answers of somebody for whom this is."""
    return {one.id: not one.keeps_out for one in form.questions if one.keeps_out is not None}


def _luck(life: _Life, start: date) -> Random:
    return Random(f"{SEED}/{life.person.id}/{start}")  # noqa: S311 - a draw to be repeated, not a secret
