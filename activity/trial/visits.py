"""Which questionnaires somebody has to answer when, which came, and whom to remind: functions of dates and answers.

All dates are local to the participant. Day 0 is the day of randomisation; windows are half-open.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from activity.errors import VisitError
from activity.questionnaires.instrument import Instrument
from activity.trial.protocol import Protocol, Visit


class State(StrEnum):
    """How a visit stands on a day."""

    NOT_YET = "not yet"
    OPEN = "open"  #: may be answered; due later
    DUE = "due"
    LATE = "late"  #: may still be answered
    MISSED = "missed"  #: it closed, and nothing that counts was answered
    PARTIAL = "partial"  #: it closed, and some of it was answered
    DONE = "done"
    DONE_LATE = "done late"
    STOPPED = "stopped"  #: the person doesn't want to be asked any more


#: Visits that wait for answers and are worth a reminder.
WAITING = (State.DUE, State.LATE)


@dataclass(frozen=True, slots=True)
class Randomised:
    """When somebody was randomised."""

    on: date
    at: str  #: UTC, ISO 8601, as the store writes it


@dataclass(frozen=True, slots=True)
class Given:
    """Answers to an instrument as they were given."""

    instrument: str
    on: date  #: day that they are of
    at: str  #: when they were written; UTC, ISO 8601
    complete: bool  #: enough of it to be scored


@dataclass(frozen=True, slots=True)
class Window:
    """The days of a visit: in time from ``opens``, late from ``late``, over from ``closes``."""

    opens: date
    due: date
    late: date
    closes: date


@dataclass(frozen=True, slots=True)
class VisitState:
    """A visit of somebody."""

    visit: str
    state: State
    window: Window
    answered: tuple[tuple[str, date], ...]  #: instruments, in the order of the protocol, each with the day that counts
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Reminder:
    """One reminder to be sent."""

    visit: str
    number: int  #: from 1
    on: date  #: day on which it is due
    missing: tuple[str, ...]


def window(visit: Visit, day_0: date) -> Window:
    """Return the days of a visit."""
    days = (visit.opens_days, visit.due_days, visit.late_days, visit.closes_days)
    return Window(*(day_0 + timedelta(days=count) for count in days))


def is_complete(row: Instrument, items: Collection[int | None]) -> bool:
    """Return whether enough items are answered for a score, by the rule of the instrument."""
    counted = [value for number, value in enumerate(items, 1) if number in row.counted]
    still_open = sum(value is None for value in counted)
    return still_open <= row.missing_at_most and still_open < len(counted)


def visit_states(
    protocol: Protocol, randomised: Randomised | None, given: Iterable[Given], today: date, stopped: date | None = None
) -> tuple[VisitState, ...]:
    """Return how each visit stands on a day; before randomisation there is the baseline alone, as if it were today.

    ``stopped`` is the day on which somebody no longer wanted to be asked; what was over by then stays as it is.
    """
    told = [one for one in given if one.on <= today]
    if randomised is None:
        return (_state(protocol.baseline, window(protocol.baseline, today), told, today, stopped),)
    before = [one for one in told if one.at <= randomised.at]
    return tuple(
        _state(visit, window(visit, randomised.on), before if visit is protocol.baseline else told, today, stopped)
        for visit in protocol.visit
    )


def reminders(
    protocol: Protocol, states: Iterable[VisitState], sent: Collection[tuple[str, int]], today: date
) -> tuple[Reminder, ...]:
    """Return what is to be sent today: of each visit that waits the newest reminder, unless it was sent.

    The baseline isn't reminded of: before randomisation staff talk with people, some of whom declined.
    """
    found = []
    for one in states:
        if one.state not in WAITING or one.visit == protocol.baseline.id:
            continue
        days = [one.window.due + timedelta(days=after) for after in protocol.reminders.days_after_due]
        past = [number for number, day in enumerate(days, 1) if day <= today]
        if past and (one.visit, past[-1]) not in sent:
            found.append(Reminder(one.visit, past[-1], days[past[-1] - 1], one.missing))
    return tuple(found)


def check_answerable(
    protocol: Protocol, randomised: Randomised | None, asked: tuple[str, str], day: date, today: date
) -> None:
    """Raise `VisitError` where answers to a visit and instrument of a day can't be taken."""
    name, instrument = asked
    visit = {one.id: one for one in protocol.visit}.get(name)
    if visit is None:
        known = ", ".join(one.id for one in protocol.visit)
        raise VisitError(f"no visit {name!r}", protocol.id, f"one of {known}")
    if instrument not in visit.instruments:
        raise VisitError(f"{instrument!r} isn't asked there", visit.title, f"one of {', '.join(visit.instruments)}")
    if day > today:
        raise VisitError(f"{day} is to come", visit.title, f"a day up to {today}")
    baseline = visit is protocol.baseline
    if baseline and randomised is not None:
        raise VisitError(
            "whoever was randomised knows their arm", visit.title, "baseline answers from before randomisation",
            "keep it as it stands: a baseline that is missing stays missing",
        )  # fmt: skip
    if not baseline and randomised is None:
        raise VisitError("before randomisation there is no follow-up", visit.title, "the baseline first")
    days = window(visit, randomised.on if randomised else today)
    if not days.opens <= day < days.closes:
        last = days.closes - timedelta(days=1)
        raise VisitError(f"{day} isn't a day of it", visit.title, f"a day from {days.opens} to {last}")


def _state(visit: Visit, days: Window, given: list[Given], today: date, stopped: date | None) -> VisitState:
    first = {name: _first_complete(name, days, given) for name in visit.instruments}
    answered = tuple((name, day) for name, day in first.items() if day is not None)
    missing = tuple(name for name, day in first.items() if day is None)
    return VisitState(visit.id, _named(days, dict(answered), missing, today, stopped), days, answered, missing)


def _named(
    days: Window, answered: dict[str, date], missing: tuple[str, ...], today: date, stopped: date | None
) -> State:
    if not missing:
        return State.DONE if max(answered.values()) < days.late else State.DONE_LATE
    if stopped is not None and stopped <= today and stopped < days.closes:
        return State.STOPPED
    if today >= days.closes:
        return State.PARTIAL if answered else State.MISSED
    bounds = ((days.late, State.LATE), (days.due, State.DUE), (days.opens, State.OPEN))
    return next((state for bound, state in bounds if today >= bound), State.NOT_YET)


def _first_complete(instrument: str, days: Window, given: list[Given]) -> date | None:
    """Return the first day of the window whose answers are complete; of one day, those written last hold."""
    newest: dict[date, Given] = {}
    for one in sorted(given, key=lambda one: one.at):
        if one.instrument == instrument and days.opens <= one.on < days.closes:
            newest[one.on] = one
    return min((day for day, one in newest.items() if one.complete), default=None)
