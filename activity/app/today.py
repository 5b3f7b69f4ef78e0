"""What today's and the week's page say of steps: how far along, how long worn, and whether that can be judged."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from activity.day.summary import DaySummary
from activity.report.wording import count, duration_words
from activity.store.days import Source
from activity.store.standing import Standing

_FROM: Final = {
    Source.BAND: "from your band",
    Source.PHONE: "from your phone",
    Source.OWN: "as you typed them",
}
#: Days without anything from the band after which its page says what to do.
LATE_DAYS: Final = 2


@dataclass(frozen=True, slots=True)
class Steps:
    """The steps of a day against its goal."""

    day: date
    goal: int | None
    steps: int | None  #: None: not known
    filled_percent: float  #: of the bar, up to 100
    worn_minutes: float | None
    judged: bool  #: whether the day says anything of the goal
    words: str
    wear_words: str

    @property
    def met(self) -> bool:
        """Whether the goal was reached; too little wear never says that it wasn't."""
        return self.goal is not None and self.steps is not None and self.steps >= self.goal

    @property
    def state(self) -> str:
        """What the day looks like: ``none``, ``met``, ``part`` or ``unsure``."""
        if self.steps is None:
            return "none"
        return "met" if self.met else "part" if self.judged else "unsure"


@dataclass(frozen=True, slots=True)
class NewThing:
    """Something of the app that is shown when it is needed first, not all at the start."""

    title: str
    text: str
    link: str
    label: str


#: One a day for a week, so that nobody has to take in all of it at once.
NEW_THINGS: Final = (
    NewThing("Start small", "Today is for looking around. A look at your steps is enough.", "/week", "Your week"),
    NewThing("Try one exercise", "Pick the easiest one. The drawing shows how it goes.", "/exercises", "Exercises"),
    NewThing("Why this plan", "Each part of your plan says where it comes from.", "/why", "See why"),
    NewThing("Your goal is yours", "Too much, or too little? You can change it.", "/week#goal", "Change goal"),
    NewThing("On a bad day", "One tap makes the plan easier while your back is worse.", "/flare", "Flare mode"),
    NewThing("Get help", "This page works without a network, too.", "/help", "Get help"),
    NewThing("Your data", "You can take all of it with you whenever you like.", "/settings", "Settings"),
)


def new_thing(now: Standing) -> NewThing | None:
    """Return what is new today; None after the first week, and before the app was first opened."""
    day = -1 if now.opened is None else (now.today - now.opened).days
    return NEW_THINGS[day] if 0 <= day < len(NEW_THINGS) else None


def steps_of(now: Standing, day: date) -> Steps:
    """Return the steps of a day against the goal of the plan."""
    found = next((row for row in now.days if row[1].date == day), None)
    goal = now.plan.goal.steps_per_day if now.plan is not None and day >= now.plan.start else None
    if found is None:
        last = now.days[-1][1].date if now.days else None
        wear = "Nothing has come from your band yet." if last is None else f"The last day that came is {last:%A}."
        return Steps(day, goal, None, 0.0, None, False, "No steps yet", wear)
    source, summary = found
    steps = summary.steps
    filled = min(100.0, 100.0 * steps / goal) if steps is not None and goal else 0.0
    return Steps(
        day, goal, steps, filled, summary.wear_minutes, summary.quality.valid, _words(steps, goal),
        _wear_words(source, summary, is_today=day == now.today),
    )  # fmt: skip


def week_steps(now: Standing) -> tuple[Steps, ...]:
    """Return the seven days of the plan's week, or the last seven where there is no plan."""
    first = now.plan.start if now.plan is not None else now.today - timedelta(days=6)
    return tuple(steps_of(now, first + timedelta(days=number)) for number in range(7))


def week_words(days: tuple[Steps, ...], today: date) -> str:
    """Return the week in a sentence; days that can't be judged are no failures."""
    known = [day for day in days if day.day <= today and (day.judged or day.met)]
    if not known:
        return "No day of this week can be judged yet."
    met = sum(day.met for day in known)
    unsure = sum(day.day < today and not day.judged and not day.met for day in days)
    more = f" {unsure} more had too little wear to judge; they don't count against you." if unsure else ""
    return f"You reached your goal on {met} of {len(known)} {'day' if len(known) == 1 else 'days'}.{more}"


def is_late(now: Standing) -> bool:
    """Return whether the band has sent nothing for some days."""
    last = max((day.date for source, day in now.days if source is Source.BAND), default=None)
    return last is None or (now.today - last).days > LATE_DAYS


def _words(steps: int | None, goal: int | None) -> str:
    if steps is None:
        return "Steps not known"
    if goal is None or steps < goal:
        return f"{count(steps)} steps"
    return f"{count(steps)} steps. Goal reached."


def _wear_words(source: Source, day: DaySummary, *, is_today: bool) -> str:
    if source is not Source.BAND:
        return f"Counted {_FROM[source]}."
    worn = f"Band worn for {duration_words(day.wear_minutes)}"
    if day.quality.valid:
        return f"{worn}."
    return f"{worn} so far." if is_today else f"{worn}: too little to judge the day."
