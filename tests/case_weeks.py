"""What the tests of case-based reasoning draw cases from, and a slow obvious twin of similarity."""

from dataclasses import replace
from datetime import date, timedelta
from functools import cache
from random import Random

from hypothesis import strategies as st

from activity.coach.cases.case import (
    Adherence,
    Case,
    CaseExercise,
    CasePlan,
    Dynamic,
    Movement,
    Outcome,
    Problem,
    Provenance,
    Static,
)
from activity.coach.cases.settings import Kind, Settings, load_settings

START = date(2026, 3, 2)
CONDITIONS = ("asthma", "diabetes", "osteoporosis", "pregnancy")
BARRIERS = ("time", "pain", "motivation")


@cache
def shipped() -> Settings:
    return load_settings()


def some(values):
    return st.none() | st.lists(st.sampled_from(values), unique=True).map(lambda drawn: tuple(sorted(drawn)))


scale = st.none() | st.integers(0, 10)
problems = st.builds(
    Problem,
    start=st.just(START),
    static=st.builds(Static, conditions=some(CONDITIONS), avoid_positions=some(("sitting", "standing"))),
    dynamic=st.builds(
        Dynamic,
        average_pain=scale,
        interference=scale,
        confidence=scale,
        fear=scale,
        sleep_trouble=scale,
        stress=scale,
        barriers=some(BARRIERS),
    ),
    movement=st.builds(
        Movement,
        judged_days=st.integers(0, 7),
        steps_per_day=st.none() | st.floats(0, 30_000),
        walking_minutes=st.none() | st.floats(0, 600),
        longest_still_minutes=st.none() | st.floats(0, 1440),
    ),
    adherence=st.builds(
        Adherence,
        goal_met_percent=st.none() | st.integers(0, 100),
        sessions_done=st.none() | st.integers(0, 14),
        exercise_feel=st.sampled_from([None, "too-easy", "right", "too-hard"]),
        exercise_pain=scale,
        felt_worse=st.sampled_from([None, True, False]),
    ),
)
outcomes = st.builds(
    Outcome,
    on=st.just(START + timedelta(days=7)),
    average_pain=scale,
    interference=scale,
    confidence=scale,
    goal_met_percent=st.none() | st.integers(0, 100),
    steps_per_day=st.none() | st.floats(0, 30_000),
    sessions_done=st.none() | st.integers(0, 14),
    felt_worse=st.sampled_from([None, True, False]),
    warning_sign=st.booleans(),
)


def plan(goal=5500, before=5000, exercises=("bridge",), themes=("pacing",), sessions=3):
    kept = tuple(CaseExercise(name, "core stability", 1) for name in exercises)
    return CasePlan(goal, before, kept, sessions, 15, tuple(themes))


def known(week: date = START, **dynamic: object) -> Problem:
    """A week of which everything is known, at the middle of each scale."""
    answers = dict.fromkeys(("average_pain", "interference", "confidence", "fear", "sleep_trouble", "stress"), 5)
    return Problem(
        start=week,
        static=Static((), ()),
        dynamic=Dynamic(**{**answers, "barriers": (), **dynamic}),  # type: ignore[arg-type]
        movement=Movement(7, 6000.0, 60.0, 90.0),
        adherence=Adherence(70, 3, "right", 2, felt_worse=False),
    )


def went(pain_change: int, on: date = START + timedelta(days=7), **answers: object) -> Outcome:
    """An outcome of ``known`` in which pain, function and confidence all moved by so much, pain falling is good."""
    moved = {"average_pain": 5 + pain_change, "interference": 5 + pain_change, "confidence": 5 - pain_change}
    same = {"steps_per_day": 6000.0, "sessions_done": 3}
    return Outcome(on=on, **{**moved, **same, **answers})  # type: ignore[arg-type]


def case(person: str, week: int = 0, pain_change: int = 0, **changes: object) -> Case:
    """A week of somebody who is like everybody else, so many weeks before ``START``."""
    start = START - timedelta(days=7 * (week + 1))
    made = Case(
        id=f"{person}-{week}",
        person=person,
        problem=known(start),
        plan=plan(),
        provenance=Provenance.RETAINED,
        consent=True,
        outcome=went(pain_change, start + timedelta(days=7)),
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def crowd(count: int, seed: int, weeks: int = 1) -> list[Case]:
    """Many different weeks of many people, drawn with a seed."""
    rng = Random(seed)
    cases = []
    for number in range(count):
        for week in range(weeks):
            one = case(f"p{number:05d}", week, rng.randint(-2, 2))
            answers = {name: rng.randint(0, 10) for name in ("average_pain", "fear", "confidence", "stress")}
            dynamic = Dynamic(**answers, barriers=tuple(rng.sample(BARRIERS, 2)))  # type: ignore[arg-type]
            movement = Movement(7, rng.uniform(1000, 15_000), 60.0, rng.uniform(20, 200))
            cases.append(replace(one, problem=replace(one.problem, dynamic=dynamic, movement=movement)))
    return cases


def similarity(one: Problem, other: Problem, subplan, settings: Settings):
    """How alike two weeks are, straight from the words in the settings; None where too little is known."""
    alike = total = 0.0
    for attribute in settings.attribute:
        pair = [getattr(getattr(week, attribute.part), attribute.name) for week in (one, other)]
        if None in pair:
            continue
        weight = attribute.weights.of(subplan)
        total += weight
        alike += weight * _local(attribute, *pair)
    return alike / total if total >= settings.retrieval.least_known else None


def _local(attribute, a, b):
    if attribute.kind is Kind.NUMERIC:
        apart = abs(a - b)
        if apart <= attribute.important:
            return 1.0
        return max(0.0, 1.0 - (apart - attribute.important) / (attribute.span - attribute.important))
    if attribute.kind is Kind.SET:
        return len(set(a) & set(b)) / len(set(a) | set(b)) if set(a) | set(b) else 1.0
    a, b = ({True: "yes", False: "no"}.get(value, value) for value in (a, b))
    if attribute.kind is Kind.NOMINAL:
        return 1.0 if a == b else 0.0
    return 1.0 - abs(attribute.levels.index(a) - attribute.levels.index(b)) / (len(attribute.levels) - 1)
