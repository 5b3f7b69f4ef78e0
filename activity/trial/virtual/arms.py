"""Ways of planning side by side on the same virtual people: learning from others, rules alone, chance.

Every arm has its own copies of the same people with the same luck, the real coach with its safety rules, and a
check-in a week. The learning arm starts with no cases at all and retains each week as it is judged.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from math import sqrt
from random import Random
from statistics import fmean, stdev
from typing import Final

from activity.coach.cases.base import CaseBase, case_base
from activity.coach.cases.case import Case, Provenance, SubPlan
from activity.coach.cases.problem import WEEK, case_of, judged_week
from activity.coach.cases.retain import retain
from activity.coach.cases.reuse import Advisor, ByChance, CaseAdvisor, goal_change
from activity.coach.cases.settings import Settings
from activity.coach.cases.success import success
from activity.coach.content import Content
from activity.coach.plan import DailyMessage, WeeklyPlan
from activity.coach.situation import Inputs, judged_days
from activity.coach.week import make_plan
from activity.day.summary import DaySummary
from activity.errors import SafetyStopError
from activity.questionnaires.checkin import CheckIn
from activity.questionnaires.profile import Profile
from activity.trial.virtual.life import State, after_a_week, check_in, days_of, first_state, help_of
from activity.trial.virtual.people import Person, World, draw_people

ENROLMENT: Final = date(2026, 1, 5)


class Arm:
    """Names of the arms."""

    COACH: Final = "coach"
    RULES: Final = "rules"
    RANDOM: Final = "random"


ARMS: Final = (Arm.COACH, Arm.RULES, Arm.RANDOM)


@dataclass(frozen=True, slots=True)
class Result:
    """What one arm came to, one value a person in the order of the people."""

    arm: str
    success: tuple[float, ...]  #: mean over the person's judged weeks and the three sub-plans
    pain_change: tuple[float, ...]  #: last week less enrolment, as felt
    fit: tuple[float, ...]  #: mean of how far plans fitted what the person needs, from -1 to 1
    plans: int
    stops: int  #: weeks with an urgent sign, in which there is no plan
    retained: int


@dataclass(frozen=True, slots=True)
class Difference:
    """A mean difference between two arms over the same people, with its 95 % interval."""

    mean: float
    low: float
    high: float


@dataclass(slots=True)
class _Life:
    """One person in one arm, as weeks go by."""

    person: Person
    profile: Profile
    state: State
    days: list[DaySummary]
    checkins: list[CheckIn]
    messages: list[DailyMessage]
    previous: WeeklyPlan | None
    case: Case | None  #: of the week that is not judged yet
    cases: tuple[Case, ...]
    weeks: list[float]
    fits: list[float]


def run_arm(
    arm: str, people: tuple[Person, ...], weeks: int, seed: int, *, content: Content, settings: Settings
) -> Result:
    """Return what an arm comes to; the same arguments give the same result."""
    lives, plans, stops = _live_all(arm, people, weeks, seed, content=content, settings=settings)
    last = [life.state.pain - life.person.pain for life in lives]
    return Result(
        arm=arm,
        success=tuple(fmean(life.weeks) if life.weeks else float("nan") for life in lives),
        pain_change=tuple(last),
        fit=tuple(fmean(life.fits) if life.fits else 0.0 for life in lives),
        plans=plans,
        stops=stops,
        retained=sum(len(life.cases) for life in lives),
    )


def made_up_cases(count: int, weeks: int, seed: int, *, content: Content, settings: Settings) -> tuple[Case, ...]:
    """Return weeks that nobody lived, planned by rules alone, in the private world.

    They show what a case base looks like without pretending that anything helps.
    """
    people = draw_people(count, World.PRIVATE, seed)
    lives, _, _ = _live_all(Arm.RULES, people, weeks, seed, content=content, settings=settings)
    return tuple(case for life in lives for case in life.cases)


def run_arms(
    count: int, weeks: int, world: World, seed: int, *, content: Content, settings: Settings
) -> Mapping[str, Result]:
    """Return the results of all arms on the same people."""
    people = draw_people(count, world, seed)
    return {arm: run_arm(arm, people, weeks, seed, content=content, settings=settings) for arm in ARMS}


def difference(one: Result, other: Result, value: Callable[[Result], tuple[float, ...]]) -> Difference:
    """Return the mean over people of one arm's value less the other's; people without a value in both are left out."""
    pairs = [a - b for a, b in zip(value(one), value(other), strict=True) if a == a and b == b]  # noqa: PLR0124 - NaN
    mean, half = fmean(pairs), 1.96 * stdev(pairs) / sqrt(len(pairs))
    return Difference(mean, mean - half, mean + half)


def _live_all(
    arm: str, people: tuple[Person, ...], weeks: int, seed: int, *, content: Content, settings: Settings
) -> tuple[list[_Life], int, int]:
    """Return everybody's life, and how many plans there were and how many weeks without one."""
    lives = [_begin(person, seed) for person in people]
    plans = stops = 0
    for week in range(weeks):
        start = ENROLMENT + week * WEEK
        base = _everyones(lives, settings) if arm == Arm.COACH else None
        for life in lives:
            advisor = _advisor(arm, base, life.person.id, settings)
            try:
                plan = _plan(life, start, seed, content, advisor)
            except SafetyStopError:
                plan = None
            plans, stops = plans + (plan is not None), stops + (plan is None)
            _live(life, plan, start, seed, settings)
    return lives, plans, stops


def _begin(person: Person, seed: int) -> _Life:
    state, rng = first_state(person), _luck(seed, person, ENROLMENT - WEEK)
    days = list(days_of(person, state, None, ENROLMENT - WEEK, rng))
    first = check_in(person, state, None, rng, helped=0.0, on=ENROLMENT)
    profile = Profile(conditions=person.conditions, avoid_positions=())
    return _Life(person, profile, state, days, [first], [], None, None, (), [], [])


def _everyones(lives: list[_Life], settings: Settings) -> CaseBase:
    return case_base([case for life in lives for case in life.cases], settings)


def _advisor(arm: str, base: CaseBase | None, person: str, settings: Settings) -> Advisor | None:
    if base is not None:
        return CaseAdvisor(base, person)
    return ByChance(settings) if arm == Arm.RANDOM else None


def _plan(life: _Life, start: date, seed: int, content: Content, advisor: Advisor | None) -> WeeklyPlan:
    checkin, earlier = life.checkins[-1], life.checkins[-2] if len(life.checkins) > 1 else None
    plan = make_plan(
        life.profile,
        checkin,
        life.days,
        content=content,
        start=start,
        seed=int(f"{seed}{life.person.id[1:]}"),
        previous=life.previous,
        previous_checkin=earlier,
        message_history=life.messages,
        advisor=advisor,
    )
    history = (*life.messages, *(life.previous.messages if life.previous else ()))
    inputs = Inputs(start, life.profile, checkin, earlier, judged_days(life.days, start), life.previous, history)
    life.case = case_of(inputs, plan, life.person.id, Provenance.SYNTHETIC, consent=True)
    return plan


def _live(life: _Life, plan: WeeklyPlan | None, start: date, seed: int, settings: Settings) -> None:
    """Let a week go by, judge it, and keep what can be learnt from it."""
    rng = _luck(seed, life.person, start)
    case = life.case if plan else None
    helped = help_of(life.person, plan, goal_change(case.plan, settings), seed) if plan and case else 0.0
    week = days_of(life.person, life.state, plan, start, rng)
    life.state = after_a_week(life.person, life.state, helped, rng)
    answers = check_in(life.person, life.state, plan, rng, helped=helped, on=start + WEEK)
    if plan and case:
        life.fits.append(helped)
        case = judged_week(case, plan, answers, judged_days(week, start + WEEK), settings.retain)
        parts = [value for subplan in SubPlan if (value := success(case, subplan, settings)) is not None]
        life.weeks += [fmean(parts)] if parts else []
        life.cases = retain(life.cases, case, settings)
        life.messages += life.previous.messages if life.previous else ()
        life.previous = plan
    life.days = [*life.days, *week]
    life.checkins.append(answers)


def _luck(seed: int, person: Person, start: date) -> Random:
    return Random(f"{seed}/{person.id}/{start}")  # noqa: S311 - a draw to be repeated, not a secret
