"""What the coach's tests draw plans from: days, check-ins and profiles, plain and from hypothesis."""

from datetime import date, timedelta
from functools import cache

from hypothesis import strategies as st

from activity.coach.content import Content, Equipment, Position, load_content
from activity.coach.exercise_log import ExerciseLog, Rating, Swap
from activity.coach.plan import StepGoal, WeeklyPlan
from activity.coach.week import make_plan
from activity.day.summary import DayQuality, DaySummary
from activity.labels import Activity
from activity.questionnaires.checkin import CheckIn
from activity.questionnaires.profile import Profile

START = date(2026, 3, 2)
HEALTHY = Profile(conditions=(), avoid_positions=())


@cache
def content() -> Content:
    return load_content()


def day(when: date, steps: int | None, valid: bool = True, hours: bool = False) -> DaySummary:
    """A day; with ``hours`` all of its steps came between ten and eleven."""
    return DaySummary(
        date=when,
        zone="UTC",
        length_minutes=1440,
        start_ns=0,
        wear_minutes=900.0 if valid else 100.0,
        minutes={Activity.WALKING: 60.0},
        steps=steps,
        hourly_steps=tuple(float(steps or 0) * (n == 10) for n in range(24)) if hours else (None,) * 24,
        peak_1min_spm=None,
        peak_30min_spm=None,
        bouts=0,
        longest_still_minutes=0.0,
        inactivity_breaks=0,
        mean_enmo_mg=None,
        quality=DayQuality(valid, () if valid else ("not worn",), 900.0, 0.0, 0.0),
    )


def week_of(steps: list[int | None], start: date = START) -> list[DaySummary]:
    """The days before ``start``, the newest last; None is a day that can't be judged."""
    first = start - timedelta(days=len(steps))
    return [day(first + timedelta(days=i), n, valid=n is not None) for i, n in enumerate(steps)]


def checkin(when: date = START, **answers: object) -> CheckIn:
    return CheckIn(**{"date": when, "average_pain": 4, "red_flags": (), **answers})  # type: ignore[arg-type]


def good_week(when: date = START, **answers: object) -> CheckIn:
    return checkin(when, **{"sessions_done": 3, "exercise_feel": "right", "exercise_pain": 2, **answers})


def plan_before(
    goal: int, baseline: int | None, provisional: bool = False, change: str = "hold", start: date = START
) -> WeeklyPlan:
    """A plan of the week before ``start`` with that goal."""
    week_ago = start - timedelta(days=7)
    plan = make_plan(HEALTHY, checkin(week_ago), (), content=content(), start=week_ago, seed=0)
    least, most = -(-goal * 8 // 1000) * 100, max(goal, min(goal * 12 // 1000 * 100, 10_000))
    made = StepGoal(goal, provisional, baseline, change, (), least, most)
    return WeeklyPlan(**{**{name: getattr(plan, name) for name in plan.__slots__}, "goal": made})


CONDITIONS = [condition.id for condition in content().conditions]
POSITIONS = [position.value for position in Position]
EQUIPMENT = [thing.value for thing in Equipment]
EXERCISES = [exercise.id for exercise in content().exercises]
BARRIERS = ["alone", "forgot", "illness", "motivation", "pain", "place", "time"]


def some(values: list[str]) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(st.sampled_from(values), unique=True).map(lambda drawn: tuple(sorted(drawn)))


scale = st.none() | st.integers(0, 10)
profiles = st.builds(
    Profile,
    conditions=st.none() | some(CONDITIONS),
    avoid_positions=st.none() | some(POSITIONS),
    declined_exercises=some(EXERCISES),
    equipment=st.none() | some(EQUIPMENT),
)
logs = st.lists(
    st.builds(
        ExerciseLog,
        date=st.integers(-2, 40).map(lambda ago: START - timedelta(days=ago)),
        exercise=st.sampled_from(EXERCISES),
        done=st.booleans(),
        rating=st.sampled_from([None, *Rating]),
        pain=scale,
        swap=st.sampled_from([None, None, *Swap]),
    ),
    max_size=20,
)
checkins = st.builds(
    CheckIn,
    date=st.integers(0, 20).map(lambda ago: START - timedelta(days=ago)),
    average_pain=scale,
    interference=scale,
    confidence=scale,
    fear=scale,
    sleep_trouble=scale,
    stress=scale,
    exercise_pain=scale,
    barriers=st.none() | some(BARRIERS),
    minutes=st.none() | st.integers(0, 120),
    sessions_wanted=st.none() | st.integers(0, 7),
    sessions_done=st.none() | st.integers(0, 14),
    exercise_feel=st.sampled_from([None, "too-easy", "right", "too-hard"]),
    felt_worse=st.sampled_from([None, True, False]),
    red_flags=st.sampled_from([None, (), ("flag_leg_pain",)]),
)
day_lists = st.lists(st.none() | st.integers(0, 25_000), max_size=21).map(week_of)
goals = st.integers(5, 140).map(lambda hundreds: hundreds * 100)
