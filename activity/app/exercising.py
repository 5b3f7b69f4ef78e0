"""The exercises that a page offers: those of the plan, or in a flare the gentle ones that suit the person."""

import re
from dataclasses import dataclass
from typing import Final

from activity.coach.content import Content, Exercise, Group
from activity.coach.exercise_log import never_again
from activity.coach.plan import PlannedExercise
from activity.coach.progress import dose_words
from activity.coach.suitability import suitable
from activity.report.drawing.exercise import exercise_drawing
from activity.store.standing import Standing

#: How many are offered in a flare: relief first, then gentle movement.
IN_A_FLARE: Final = 3
_SETS: Final = re.compile(r"(?:(?P<sets>\d+) × )?(?P<amount>\d+)(?: (?P<unit>s|min(?:utes?)?))?\b")


@dataclass(frozen=True, slots=True)
class Offered:
    """An exercise as its page shows it."""

    id: str
    name: str
    dose: str
    steps: tuple[str, ...]
    caution: str
    because: tuple[str, ...]
    drawing: str  #: SVG; empty where the content no longer has it
    sets: int
    amount: int  #: of repetitions, or of seconds
    timed: bool
    done_today: bool
    times: int  #: days of this week on which it was done


def offered(now: Standing, content: Content) -> tuple[Offered, ...]:
    """Return what is offered today, in order."""
    if now.flare_since is not None:
        return tuple(_gentle(now, one, content) for one in _relief(now, content))
    return tuple(_planned(now, one, content) for one in now.plan.exercises) if now.plan is not None else ()


def sessions_done(now: Standing) -> int:
    """Return on how many days of the plan's week an exercise was done."""
    return len({row.date for row in now.log if row.done})


def counted(dose: str) -> tuple[int, int, bool]:
    """Return sets, repetitions or seconds of each, and whether they are seconds, of a dose in words."""
    found = _SETS.match(dose)
    if found is None:
        return 1, 10, False
    amount = int(found["amount"]) * (1 if found["unit"] in {None, "s"} else 60)
    return int(found["sets"] or 1), amount, found["unit"] is not None


def _relief(now: Standing, content: Content) -> list[Exercise]:
    known = now.known
    pool = suitable(content.exercises, known.profile, never_again(known.exercises), content.rules).exercises
    gentle = [one for one in pool if one.gentle]
    return sorted(gentle, key=lambda one: one.group is not Group.PAIN_RELIEF)[:IN_A_FLARE]


def _gentle(now: Standing, one: Exercise, content: Content) -> Offered:
    dose = dose_words(one, 0, content.rules)
    because = ("This is one of the gentle exercises for days on which your back is worse.",)
    return _offered(now, (one.id, one.name, dose), (one.steps, one.caution), because, one)


def _planned(now: Standing, one: PlannedExercise, content: Content) -> Offered:
    because = tuple(reason.text for reason in one.reasons)
    return _offered(now, (one.id, one.name, one.dose), (one.steps, one.caution), because, content.exercise(one.id))


def _offered(
    now: Standing, named: tuple[str, str, str], how: tuple[tuple[str, ...], str], because: tuple[str, ...],
    drawn: Exercise | None,
) -> Offered:  # fmt: skip
    (key, name, dose), (steps, caution) = named, how
    done = {row.date for row in now.log if row.done and row.exercise == key}
    sets, amount, timed = counted(dose)
    drawing = exercise_drawing(drawn) if drawn is not None else ""
    return Offered(key, name, dose, steps, caution, because, drawing, sets, amount, timed, now.today in done, len(done))
