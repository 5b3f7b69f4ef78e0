"""What a person said of single exercises: done or not, how it felt, and whether another one was wanted instead."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from pydantic import TypeAdapter, ValidationError

from activity.coach.rules import Rules
from activity.errors import AnswerError


class Rating(StrEnum):
    """How an exercise felt."""

    TOO_EASY = "too-easy"
    RIGHT = "right"
    TOO_HARD = "too-hard"


class Swap(StrEnum):
    """What was asked for instead of an exercise."""

    AWAY = "away"  #: another one this time
    NEVER = "never"  #: not this one again


@dataclass(frozen=True, slots=True)
class ExerciseLog:
    """One exercise of one session; what wasn't said is None."""

    date: date
    exercise: str  #: its id
    done: bool
    rating: Rating | None = None
    pain: int | None = None  #: while doing it, 0 to 10
    swap: Swap | None = None

    def __post_init__(self) -> None:
        if self.pain is not None and not 0 <= self.pain <= 10:
            raise AnswerError(f"{self.pain} is out of range", f"exercise log, {self.exercise}", "pain from 0 to 10")


_LOGS = TypeAdapter(tuple[ExerciseLog, ...])


def load_exercise_log(rows: Iterable[Mapping[str, object]]) -> tuple[ExerciseLog, ...]:
    """Return the rows of a log, oldest first; ``AnswerError`` names the row that isn't one."""
    try:
        return tuple(sorted(_LOGS.validate_python([dict(row) for row in rows]), key=lambda row: row.date))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise AnswerError("not a log of exercises", f"exercise log, row {where}", first["msg"]) from error


def never_again(log: Iterable[ExerciseLog]) -> frozenset[str]:
    """Return the ids of exercises that the person said no to, whenever that was."""
    return frozenset(row.exercise for row in log if row.swap is Swap.NEVER)


def not_liked(log: Iterable[ExerciseLog], start: date, rules: Rules) -> frozenset[str]:
    """Return the ids of exercises swapped away often enough before ``start`` to count as not liked."""
    rule = rules.exercise_swap
    oldest = start - timedelta(days=rule.days)
    counts = Counter(row.exercise for row in log if row.swap is Swap.AWAY and oldest <= row.date < start)
    return frozenset(name for name, count in counts.items() if count >= rule.times)


def own_verdict(exercise: str, week: Iterable[ExerciseLog], rules: Rules) -> int | None:
    """Return 1 for more, -1 for less, 0 for the same by an exercise's own ratings; None where it was never done."""
    rows = sorted((row for row in week if row.exercise == exercise and row.done), key=lambda row: row.date)
    if not rows:
        return None
    hard = sum(row.rating is Rating.TOO_HARD for row in rows)
    if hard >= rules.exercise_regress.too_hard_times or any(_hurt(row, rules) for row in rows):
        return -1
    needed = rules.exercise_progress.needed_sessions
    return int(len(rows) >= needed and all(_fine(row, rules) for row in rows[-needed:]))


def _hurt(row: ExerciseLog, rules: Rules) -> bool:
    return row.pain is not None and row.pain >= rules.exercise_regress.pain_at_least


def _fine(row: ExerciseLog, rules: Rules) -> bool:
    light = row.pain is not None and row.pain <= rules.exercise_progress.pain_at_most
    return light and row.rating in {Rating.TOO_EASY, Rating.RIGHT}
