"""People who are as awkward as can be, week after week, each plan made from all that came before it."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cache
from random import Random

from coach_weeks import BARRIERS, CONDITIONS, EXERCISES, POSITIONS, START, content, day
from plan_invariants import URGENT, Week, broken_by_plan, must_stop

from activity.coach.currency import ActivityWeek
from activity.coach.own_goal import GoalWish, with_own_goal
from activity.coach.plan import WeeklyPlan
from activity.coach.week import make_plan
from activity.day.summary import DaySummary
from activity.errors import AnswerError, SafetyStopError
from activity.questionnaires.checkin import CheckIn
from activity.questionnaires.profile import Profile

WEEKS = 12  #: of each person
SOON = "flag_leg_pain"


@dataclass
class Count:
    """What came of many weeks of many people."""

    people: int = 0
    weeks: int = 0
    plans: int = 0
    stops: int = 0
    changed: int = 0
    changes: Counter[str] = field(default_factory=Counter)
    events: Counter[str] = field(default_factory=Counter)
    broken: list[str] = field(default_factory=list)


@dataclass
class Person:
    """Somebody's whole past."""

    rng: Random
    profile: Profile
    habit: int  #: steps of a usual day
    careless: float  #: how often something is left out
    unlucky: float  #: how often something bad is said
    start: date = START
    checkins: list[CheckIn] = field(default_factory=list)
    days: list[DaySummary] = field(default_factory=list)
    plans: list[WeeklyPlan] = field(default_factory=list)
    cleared: date | None = None
    pain: int = 4


@cache
def choices() -> tuple[tuple[str, ...], ...]:
    return tuple(CONDITIONS), tuple(POSITIONS), tuple(EXERCISES), tuple(BARRIERS)


def person_of(seed: int) -> Person:
    rng = Random(seed)
    return Person(
        rng,
        profile_of(rng),
        habit=rng.choice((0, 300, 1500, 4000, 7000, 9900, 14_000, 24_000)),
        careless=rng.choice((0.0, 0.1, 0.4)),
        unlucky=rng.choice((0.02, 0.1, 0.5)),
    )


def profile_of(rng: Random) -> Profile:
    conditions, positions, exercises, _ = choices()
    return Profile(
        None if rng.random() < 0.1 else some(rng, conditions, rng.choice((0, 0, 1, 2, len(conditions)))),
        None if rng.random() < 0.1 else some(rng, positions, rng.choice((0, 0, 1, 3, len(positions)))),
        some(rng, exercises, rng.choice((0, 1, 10, len(exercises) // 2, len(exercises)))),
    )


def some(rng: Random, values: tuple[str, ...], most: int) -> tuple[str, ...]:
    return tuple(sorted(rng.sample(values, rng.randint(0, most))))


def checkin_of(one: Person, when: date) -> CheckIn:
    rng = one.rng

    def said(value: object) -> object:
        return None if rng.random() < one.careless else value

    one.pain = max(0, min(10, one.pain + rng.choice((-2, -1, 0, 0, 1, 1, 2, 5) if rng.random() < 0.5 else (0,))))
    flags: tuple[str, ...] | None = ()
    if rng.random() < one.careless / 2:
        flags = None
    if rng.random() < one.unlucky:
        flags = (SOON,)
    if rng.random() < one.unlucky / 8:
        flags = (rng.choice(sorted(URGENT)),)
    return CheckIn(
        date=when,
        average_pain=said(one.pain),
        interference=said(rng.randint(0, 10)),
        confidence=said(rng.randint(0, 10)),
        fear=said(rng.randint(0, 10)),
        sleep_trouble=said(rng.randint(0, 10)),
        stress=said(rng.randint(0, 10)),
        exercise_pain=said(rng.randint(0, 10)),
        barriers=said(some(rng, choices()[3], 3)),
        minutes=said(rng.randint(0, 120)),
        sessions_wanted=said(rng.randint(0, 7)),
        sessions_done=said(rng.randint(0, 7)),
        exercise_feel=said(rng.choice(("too-easy", "right", "too-hard"))),
        felt_worse=said(rng.random() < one.unlucky),
        red_flags=flags,
    )


def live_a_week(one: Person) -> Week:
    """Let some days pass, with or without the band and a check-in, and return what is known then."""
    rng = one.rng
    length = rng.choice((7, 7, 7, 7, 7, 3, 1, 8, 14, 15, 22))
    goal = one.plans[-1].goal.steps_per_day if one.plans else one.habit
    for number in range(length):
        mood = rng.choice((0.2, 1.0, 1.0, 1.0, 2.5))
        steps = rng.choice((round(one.habit * mood), goal, goal + 1, max(0, goal - 1)))
        valid = rng.random() >= one.careless
        one.days.append(day(one.start + timedelta(days=number), steps, valid, hours=rng.random() < 0.1))
    one.days[:] = one.days[-30:]
    one.start += timedelta(days=length)
    told = rng.random() >= one.careless
    if told:
        ago = rng.choice((0, 0, 0, 1, 2, 16)) if length > 2 else 0
        when = max(
            one.start - timedelta(days=ago), one.checkins[-1].date + timedelta(days=1) if one.checkins else START
        )
        if when <= one.start:
            one.checkins.append(checkin_of(one, when))
        else:
            told = False
    if rng.random() < 0.1:
        one.profile = profile_of(rng)
    return Week(one.start, one.profile, tuple(one.checkins), told, tuple(one.days), tuple(one.plans), one.cleared)


def plan_of(one: Person, week: Week) -> WeeklyPlan:
    now = week.checkins[-1] if week.told else None
    before = week.checkins[:-1] if week.told else week.checkins
    swum = {when.date: one.rng.choice((0, 3000, 40_000)) for when in week.days[-7:]}
    return make_plan(
        week.profile,
        now,
        week.days,
        content=content(),
        start=week.start,
        seed=one.rng.getrandbits(40),
        previous=week.plans[-1] if week.plans else None,
        previous_checkin=before[-1] if before else None,
        message_history=[message for plan in week.plans for message in plan.messages],
        earlier_checkins=before[:-1],
        cleared=week.cleared,
        activity=ActivityWeek(0.0, 0, 60.0, 300.0, swum) if one.rng.random() < 0.2 else None,
    )


def live(people: range) -> Count:
    """Return what came of so many people's twelve weeks each."""
    count = Count()
    for seed in people:
        count.people += 1
        one = person_of(seed)
        for _ in range(WEEKS):
            count.weeks += 1
            for sentence in _live_on(one, count):
                count.broken.append(f"person {seed}, week of {one.start}: {sentence}")
    return count


def _live_on(one: Person, count: Count) -> Iterator[str]:
    week = live_a_week(one)
    try:
        plan = plan_of(one, week)
    except (SafetyStopError, AnswerError) as stop:
        count.stops += 1
        if not must_stop(week):
            yield f"stopped without need: {stop}"
        if isinstance(stop, SafetyStopError) and one.rng.random() < 0.7:
            one.cleared = one.start
        return
    count.plans += 1
    count.changes[plan.goal.change] += 1
    count.events.update(event.kind for event in plan.possible_adverse_events)
    yield from broken_by_plan(week, plan, content())
    if one.rng.random() < 0.3:
        plan = _wished(one, plan, count)
    one.plans.append(plan)


def _wished(one: Person, plan: WeeklyPlan, count: Count) -> WeeklyPlan:
    """Return the plan as the person changed it, or as it was where the wish was refused."""
    least, most = plan.goal.least_steps or 0, plan.goal.most_steps or 0
    steps = one.rng.choice((least, most, least - 1, most + 100, one.rng.randint(0, 30_000)))
    try:
        changed = with_own_goal(plan, GoalWish(steps=max(0, steps)), content())
    except AnswerError:
        assert not least <= steps <= most
        return plan
    count.changed += 1
    assert least <= changed.goal.steps_per_day <= most
    return changed


def plans_of(one: Person) -> list[WeeklyPlan]:
    """Return somebody's plans of twelve weeks, as they left them."""
    for _ in range(WEEKS):
        broken = list(_live_on(one, Count()))
        assert broken == []
    return one.plans
