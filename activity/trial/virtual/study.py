"""A whole study that nobody lived, written into a store by the same steps as a real one.

People are screened, consent, answer the baseline and are randomised; who is given the app has a plan a week from the
real coach, made from check-ins and days, and learns from everybody's weeks in the store; visits come when they are due.
Scores at visits follow courses drawn to the published design, so that the truth is known; check-ins follow the scores,
and use follows people's diligence. Use doesn't change the course: what the study finds is what was drawn.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import Any, Final

from activity.coach.cases.base import CaseBase
from activity.coach.plan import WeeklyPlan
from activity.coach.plan_document import plan_to_document
from activity.day.summary import DaySummary
from activity.errors import SafetyStopError
from activity.questionnaires.definition import load_questionnaire
from activity.questionnaires.instrument import form_version, instruments
from activity.store.allocation import randomise
from activity.store.course import ADVERSE
from activity.store.engine import Store
from activity.store.enrolment import TREATMENT, keep_consent, keep_screening, keep_withdrawal
from activity.store.history import CHECKIN_FORM, ELIGIBILITY_FORM
from activity.store.participants import (
    Participant,
    add_participant,
    keep_answers,
    keep_event,
    keep_exercise,
    keep_message,
    keep_profile,
)
from activity.store.study import study
from activity.store.week import Coach, keep_week, stored_base
from activity.store.writing import Writing, writing
from activity.trial.protocol import Protocol, Visit
from activity.trial.published import Design
from activity.trial.virtual.courses import Courses, draw_courses, eligible
from activity.trial.virtual.item_answers import answers_to
from activity.trial.virtual.life import check_in, days_of
from activity.trial.virtual.people import Person, World, draw_people
from activity.trial.virtual.told import checkin_answers, score_beside, screening_answers, state_between

WEEK: Final = timedelta(days=7)
ZONE: Final = "Europe/Copenhagen"
#: Design defaults of use: who never opens the app, who stops in a week, who says so, and who tells of something wrong.
NEVER_OPENED: Final = 0.15
STOPS_A_WEEK: Final = 0.025
SAYS_SO: Final = 0.2
ADVERSE_A_WEEK: Final = 0.0008
#: Days after it is due on which a visit is answered, at most; some of them are late.
SLOWEST_DAYS: Final = 25


@dataclass(frozen=True, slots=True)
class Wanted:
    """How large the study is."""

    people: int = 461
    weeks: int = 39
    a_week: int = 24  #: people enrolled in a week
    start: date = date(2024, 1, 8)
    seed: int = 1
    band_days: int = 0  #: days that are worn on a simulated wrist rather than made up as summaries

    @property
    def calendar_weeks(self) -> int:
        """Weeks of the calendar until the last visit of the last person has closed."""
        return -(-self.people // self.a_week) + max(self.weeks, 46)

    @property
    def last_day(self) -> date:
        """The day after the last week."""
        return self.start + self.calendar_weeks * WEEK


@dataclass(slots=True)
class _Life:
    """Somebody of the study, as weeks go by."""

    who: Participant
    person: Person
    enrolled: date
    treated: bool
    felt: tuple[float, ...]  #: RMDQ at each visit
    seen: tuple[bool, ...]  #: whether they answer it
    late_days: tuple[int, ...]  #: how long after it is due
    using: bool
    rng: Random
    days: list[DaySummary] = field(default_factory=list)
    plan: WeeklyPlan | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a study is."""

    week: int
    screened: int
    randomised: int
    plans: int
    band_days: int


def simulate_study(
    store: Store,
    key: bytes,
    wanted: Wanted,
    coach: Coach,
    *,
    design: Design | None = None,
    by_band: Callable[[DaySummary], DaySummary] | None = None,
) -> Iterator[Progress]:
    """Live the study that was begun in the store, and yield how far it is after each week of the calendar.

    ``by_band`` returns what a day is on a wrist; the first ``wanted.band_days`` of the study are asked of it.
    """
    with store.reading() as connection:
        protocol = study(connection).protocol
    return _Run(store, key, protocol, wanted, coach=coach, design=design or Design(), by_band=by_band).weeks()


class _Run:
    """One study while it is lived."""

    def __init__(
        self,
        store: Store,
        key: bytes,
        protocol: Protocol,
        wanted: Wanted,
        *,
        coach: Coach,
        design: Design,
        by_band: Callable[[DaySummary], DaySummary] | None,
    ) -> None:
        self.store, self.key, self.wanted, self.coach, self.protocol = store, key, wanted, coach, protocol
        least = next(one.at_least for one in protocol.criterion if one.instrument == protocol.primary.instrument) or 0.0
        count = wanted.people * 2  # a sixth has a score too low; twice as many are never used up
        self.courses: Courses = draw_courses(design, count, wanted.seed)
        self.may = eligible(self.courses, least)
        self.people = draw_people(count, World.SHARED, wanted.seed)
        self.fit = {one.id: not one.keeps_out for one in load_questionnaire("eligibility").questions}
        self.due_days = tuple(visit.due_days for visit in protocol.visit)
        self.lives: list[_Life] = []
        self.by_band = by_band
        self.screened = self.plans = self.worn = 0

    def weeks(self) -> Iterator[Progress]:
        for number in range(self.wanted.calendar_weeks):
            monday = self.wanted.start + number * WEEK
            self._enrol(monday)
            base, _ = stored_base(self.store, self.coach.settings)
            for life in self.lives:
                self._live(life, monday, base)
            yield Progress(number + 1, self.screened, len(self.lives), self.plans, self.worn)

    def _enrol(self, monday: date) -> None:
        """Screen people until this week's are randomised."""
        goal = min(len(self.lives) + self.wanted.a_week, self.wanted.people)
        while len(self.lives) < goal:
            place = self.screened
            self.screened += 1
            rng = Random(f"{self.wanted.seed}/study/{place}")  # noqa: S311 - a draw to be repeated, not a secret
            who = self._screen(place, monday, rng)
            if not self.may[place]:
                continue
            with writing(self.store, "staff", "trial randomise", _at(monday, 11)) as write:
                taken = randomise(write, study(write.connection), self.key, who, monday)
            treated = taken.arm != self.protocol.arm[0].id
            arm = int(treated)
            self.lives.append(
                _Life(
                    who=who,
                    person=self.people[place],
                    enrolled=monday,
                    treated=treated,
                    felt=tuple(self.courses.felt[arm, place].tolist()),
                    seen=tuple((self.courses.seen[arm, place] == self.courses.felt[arm, place]).tolist()),
                    late_days=tuple(int(rng.triangular(0, SLOWEST_DAYS, 1)) for _ in self.protocol.visit),
                    using=treated and rng.random() >= NEVER_OPENED,
                    rng=rng,
                )
            )

    def _screen(self, place: int, day: date, rng: Random) -> Participant:
        person, felt = self.people[place], float(self.courses.felt[0, place, 0])
        with writing(self.store, "staff", "trial eligible", _at(day, 9)) as write:
            who = add_participant(write, ZONE, choose=rng.choice)
            keep_profile(write, who, {"conditions": list(person.conditions), "share_weeks": True})
            keep_answers(write, who, (ELIGIBILITY_FORM, "1"), day, self.fit)
            keep_screening(write, who, self.protocol, day, screening_answers(self.protocol, rng))
            for name in self.protocol.baseline.instruments:
                self._answer(write, who, name, day, self._score(name, person, felt, felt, rng=rng), rng=rng)
            if self.may[place]:
                keep_consent(write, who, day, document=self.protocol.consent.document, given=True)
        return who

    def _live(self, life: _Life, monday: date, base: CaseBase | None) -> None:
        number = (monday - life.enrolled).days // 7
        for place, visit in enumerate(self.protocol.visit[1:], 1):
            self._visit(life, place, visit, monday)
        if life.using and number < self.wanted.weeks:
            self._week(life, number, monday, base)

    def _visit(self, life: _Life, place: int, visit: Visit, monday: date) -> None:
        """Answer a visit whose day lies in this week."""
        day = life.enrolled + timedelta(days=visit.due_days + life.late_days[place])
        if not life.seen[place] or not monday <= day < monday + WEEK:
            return
        with writing(self.store, "participant", f"trial answer {visit.id}", _at(day, 19)) as write:
            for name in visit.instruments:
                wanted = self._score(name, life.person, life.felt[place], life.felt[0], rng=life.rng)
                self._answer(write, life.who, name, day, wanted, rng=life.rng)

    def _score(self, name: str, person: Person, rmdq: float, before: float, *, rng: Random) -> float:
        if name == self.protocol.primary.instrument:
            return rmdq
        return score_beside(instruments()[name], rmdq, before, person, rng)

    @staticmethod
    def _answer(write: Writing, who: Participant, name: str, day: date, wanted: float, *, rng: Random) -> None:
        row = instruments()[name]
        keep_answers(write, who, (name, form_version(row)), day, answers_to(row, wanted, rng))

    def _week(self, life: _Life, number: int, monday: date, base: CaseBase | None) -> None:
        """Look back on the week before, check in, and get the plan of the next one."""
        state = state_between(life.felt, self.due_days, 7 * number, life.person, life.rng)
        helped = life.rng.uniform(-0.4, 0.8)
        life.days += map(self._worn, days_of(life.person, state, life.plan, monday - WEEK, life.rng))
        del life.days[:-56]
        if life.rng.random() < 0.3 * (1 - life.person.diligence):
            life.plan = None  # no check-in this week
            return
        told = check_in(life.person, state, life.plan, life.rng, helped=helped, on=monday)
        with writing(self.store, "participant", "checkin", _at(monday, 18)) as write:
            self._look_back(write, life, monday)
            keep_answers(
                write,
                life.who,
                (CHECKIN_FORM, self.coach.content.checkin.version),
                monday,
                checkin_answers(told, self.coach.content.checkin),
            )
            if life.rng.random() < ADVERSE_A_WEEK * 7:
                said = {"what": "more pain after exercise", "severity": "mild", "serious": False, "related": "possible"}
                keep_event(write, life.who, ADVERSE, monday, said)
            life.using = self._goes_on(write, life, monday)
        try:
            made = keep_week(
                self.store, life.who, tuple(life.days), self.coach, who="program", first=monday, base=base,
                now=_at(monday, 19),
            )  # fmt: skip
        except SafetyStopError:
            life.plan = None
            return
        life.plan = made.plan
        self.plans += 1

    def _worn(self, day: DaySummary) -> DaySummary:
        if self.by_band is None or self.worn >= self.wanted.band_days or not day.quality.valid:
            return day
        self.worn += 1
        return self.by_band(day)

    def _look_back(self, write: Writing, life: _Life, monday: date) -> None:
        """Keep what was done of the plan before, and that its messages were shown."""
        if life.plan is None:
            return
        for message, document in zip(life.plan.messages, plan_to_document(life.plan)["messages"], strict=True):
            if life.rng.random() < life.person.diligence:
                keep_message(write, life.who, {**document, "date": message.date.isoformat()})
        for session in range(life.plan.sessions_per_week):
            if life.rng.random() >= life.person.diligence:
                continue
            day = monday - WEEK + timedelta(days=2 * session % 7)
            for item in life.plan.exercises:
                said = {"date": day.isoformat(), "exercise": item.id, "done": True}
                keep_exercise(write, life.who, item.id, day, said)

    def _goes_on(self, write: Writing, life: _Life, monday: date) -> bool:
        if life.rng.random() >= STOPS_A_WEEK:
            return True
        if life.rng.random() < SAYS_SO:
            reason = life.rng.choice(("it takes too much time", "no need any more", "trouble with the band"))
            keep_withdrawal(write, life.who, monday, source=TREATMENT, reason=reason)
        return False


def _at(day: date, hour: int) -> Any:
    moment = datetime.combine(day, time(hour), UTC)
    return lambda: moment
