"""Which notification is due now, if any: quiet hours, caps, two hours between, and falling silent when ignored.

A category, a level of achievement and a scope of a day or a week choose the wording, as in the message model of the
project's public admin tool (Alex2709/selfBACK_AdminApp, Model/Message.java). Every number is configuration.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from activity.coach.education import Fact, holds
from activity.coach.notify_rules import HELP_CARD, Kind, Level, NotifyRules, Scope, Text
from activity.coach.plan import Reason
from activity.coach.rules import explain

_WEEK_DAYS: Final = 7


@dataclass(frozen=True, slots=True)
class PersonState:
    """What is known of a person at a moment; None where it isn't known.

    ``quiet`` are hours of the person's own choice, from the first until the second; the same time twice means none.
    """

    zone: ZoneInfo  #: in which the person is now
    quiet: tuple[time, time] | None = None
    switched_off: frozenset[str] = frozenset()  #: kinds that the person doesn't want; the help card stays
    wanted_again: Mapping[str, datetime] | None = None  #: kinds asked for again after they had stopped, and when
    asked: frozenset[str] = frozenset()  #: kinds that were asked about since they stopped
    stopped: bool = False  #: an urgent warning sign stopped the plan
    easy_week: bool = False
    goal: int | None = None  #: steps of today
    steps_today: int | None = None
    percent_yesterday: int | None = None  #: of yesterday's goal
    percent_week: int | None = None  #: of the week's goals together
    week_ends: bool = False  #: today is the last day of the plan
    still_minutes: int | None = None
    exercise_due: bool = False
    exercise_time: time | None = None
    sleep_reminder: time | None = None
    checkin_days_late: int | None = None  #: 0 on the day on which it is due
    hours_since_sync: int | None = None
    days_since_opened: int | None = None
    message_unread: bool = False
    message: str | None = None  #: title of today's message


@dataclass(frozen=True, slots=True)
class Sent:
    """A notification that was sent."""

    kind: str
    text_id: str
    at: datetime  #: with its offset
    opened: bool


@dataclass(frozen=True, slots=True)
class Notification:
    """A notification that is due, and why."""

    kind: str
    category: str
    scope: Scope
    level: Level | None
    text_id: str
    title: str
    text: str
    at: datetime  #: UTC
    reason: Reason


@dataclass(frozen=True, slots=True)
class Pace:
    """How often a kind may come."""

    per_day: int
    per_week: int
    days_between: int  #: least number of local days from one to the next; 0 where one day may have several


def due(now: datetime, person: PersonState, history: Iterable[Sent], rules: NotifyRules) -> tuple[Notification, ...]:
    """Return the notification to send now: none or one, since two never come within two hours.

    Parameters
    ----------
    now
        A moment with its offset; ``ValueError`` without one.
    history
        All that was sent to the person in the past weeks, in any order. What lies after ``now``, as after a clock was
        put back, counts as just sent.
    """
    if now.tzinfo is None:
        raise ValueError("now must have an offset from UTC")
    sent = sorted(history, key=lambda one: (one.at.astimezone(UTC), one.kind, one.text_id))
    clock = now.astimezone(person.zone).time()
    if is_quiet(clock, person.quiet or (rules.quiet.start, rules.quiet.stop)) or _just_spoke(now, sent, rules):
        return ()
    facts = _facts(person)
    for kind in _speaking(now, person, sent, rules):
        if not _in_window(kind, clock, person, rules) or not all(holds(part, facts) for part in kind.when):
            continue
        if _has_turn(kind, now, person, sent, rules):
            level = _level(facts.get(f"percent_{kind.level_of}"), rules)
            text = _wording(kind, level, person, sent)
            if text is not None:
                return (_notification(kind, level, text, person, now),)
    return ()


def questions(now: datetime, person: PersonState, history: Iterable[Sent], rules: NotifyRules) -> dict[str, str]:
    """Return by kind what the weekly check-in asks once about each kind that has stopped for want of being opened."""
    sent = sorted(history, key=lambda one: one.at.astimezone(UTC))
    stopped = (
        kind
        for kind in rules.kind
        if kind.id not in person.asked | person.switched_off
        and pace(kind, ignored(kind, now, person, sent, rules), rules) is None
    )
    return {kind.id: rules.back_off.question.format(title=kind.title) for kind in stopped}


def is_quiet(clock: time, hours: tuple[time, time]) -> bool:
    """Return whether a local time lies in the hours from the first until the second, over midnight too."""
    start, stop = hours
    return start <= clock < stop if start <= stop else clock >= start or clock < stop


def ignored(kind: Kind, now: datetime, person: PersonState, sent: Sequence[Sent], rules: NotifyRules) -> int:
    """Return how many of a kind were left unopened in a row, the newest first; ``sent`` stands in order of time.

    One that was sent only hours ago may still be opened, and isn't counted either way until then. A person who asked
    for a kind again starts anew.
    """
    since = (person.wanted_again or {}).get(kind.id)
    late = now.astimezone(UTC) - timedelta(hours=rules.back_off.ignored_after_hours)
    count = 0
    for one in reversed(sent):
        if one.kind != kind.id or (not one.opened and one.at.astimezone(UTC) > late):
            continue
        if one.opened or (since is not None and one.at.astimezone(UTC) <= since.astimezone(UTC)):
            break
        count += 1
    return count


def pace(kind: Kind, ignored_in_a_row: int, rules: NotifyRules) -> Pace | None:
    """Return how often a kind may come after so many were ignored in a row; None when it has stopped."""
    if not kind.backs_off or ignored_in_a_row < rules.back_off.halve_after:
        return Pace(kind.per_day, kind.per_week, 0 if kind.per_day > 1 else 1)
    if ignored_in_a_row >= rules.back_off.stop_after:
        return None
    # Half as often: every other day for what came daily, every other week for what came weekly.
    days = -(-2 * _WEEK_DAYS // kind.per_week)
    return Pace(max(1, kind.per_day // 2), max(1, kind.per_week // 2), days)


def _just_spoke(now: datetime, sent: Sequence[Sent], rules: NotifyRules) -> bool:
    # Moments are compared in UTC: two local times of one zone differ by what the clock shows, not by what passed.
    earliest = now.astimezone(UTC) - timedelta(minutes=rules.limits.least_minutes_between)
    return any(one.at.astimezone(UTC) > earliest for one in sent)


def _speaking(now: datetime, person: PersonState, sent: Sequence[Sent], rules: NotifyRules) -> Iterator[Kind]:
    """Yield the kinds that may speak at all today: one while a plan is stopped, none after long silence or many."""
    if person.stopped:
        # Whom to call is not to wait because of what else was sent today; the card has caps of its own.
        yield from (kind for kind in rules.kind if kind.id == HELP_CARD)
        return
    if person.days_since_opened is not None and person.days_since_opened > rules.limits.silent_after_days:
        return
    days = [one.at.astimezone(person.zone).date() for one in sent]
    if _within(days, now.astimezone(person.zone).date(), rules.limits.per_day, rules.limits.per_week):
        yield from (kind for kind in rules.kind if kind.id not in person.switched_off)


def _notification(kind: Kind, level: Level | None, text: Text, person: PersonState, now: datetime) -> Notification:
    return Notification(
        kind=kind.id,
        category=kind.category,
        scope=kind.scope,
        level=level,
        text_id=text.id,
        title=kind.title,
        text=text.text.format(**_fills(person)),
        at=now.astimezone(UTC),
        reason=explain(kind),
    )


def _has_turn(kind: Kind, now: datetime, person: PersonState, sent: Sequence[Sent], rules: NotifyRules) -> bool:
    """Return whether the caps of a kind, and how it was received, leave room for one today."""
    allowed = pace(kind, ignored(kind, now, person, sent, rules), rules)
    if allowed is None:
        return False
    today = now.astimezone(person.zone).date()
    days = [one.at.astimezone(person.zone).date() for one in sent if one.kind == kind.id]
    if days and (today - max(days)).days < allowed.days_between:
        return False
    return _within(days, today, allowed.per_day, allowed.per_week)


def _within(days: Iterable[date], today: date, per_day: int, per_week: int) -> bool:
    """Return whether there is room for one more today, and in the seven days that end today."""
    ago = [(today - day).days for day in days]
    return sum(days <= 0 for days in ago) < per_day and sum(days < _WEEK_DAYS for days in ago) < per_week


def _in_window(kind: Kind, clock: time, person: PersonState, rules: NotifyRules) -> bool:
    if kind.earliest is not None and kind.latest is not None:
        return kind.earliest <= clock < kind.latest
    chosen: time | None = getattr(person, kind.at) if kind.at else None
    if chosen is None or kind.window_minutes is None:
        return False
    start, hours = _minutes(chosen), person.quiet or (rules.quiet.start, rules.quiet.stop)
    if is_quiet(chosen, hours):
        start = _minutes(hours[0]) - kind.window_minutes  # the last moment before the quiet hours
    return (_minutes(clock) - start) % 1440 < kind.window_minutes


def _minutes(clock: time) -> int:
    return clock.hour * 60 + clock.minute


def _facts(person: PersonState) -> dict[str, Fact]:
    facts: dict[str, Fact] = {}
    for field in fields(person):
        value = getattr(person, field.name)
        if value is None or isinstance(value, int):
            facts[field.name] = value
    if person.goal and person.steps_today is not None:
        facts["percent_today"] = 100 * person.steps_today // person.goal
    return facts


def _level(percent: Fact, rules: NotifyRules) -> Level | None:
    if not isinstance(percent, int):
        return None
    steps = ((rules.levels.full, Level.FULL), (rules.levels.high, Level.HIGH), (rules.levels.moderate, Level.MODERATE))
    return next((level for least, level in steps if percent >= least), Level.LOW)


def _fills(person: PersonState) -> dict[str, str]:
    """Return what is known of all that a text may speak of."""
    left = None
    if person.goal is not None and person.steps_today is not None:
        left = max(0, person.goal - person.steps_today)
    known = {"goal": person.goal, "steps_left": left, "still_minutes": person.still_minutes}
    words = {name: f"{value:,}" for name, value in known.items() if value is not None}
    return words | ({"message": person.message} if person.message else {})


def _wording(kind: Kind, level: Level | None, person: PersonState, sent: Sequence[Sent]) -> Text | None:
    """Return the fitting wording that was used the longest ago; those for the level come before those for any."""
    known = set(_fills(person))
    fitting = [text for text in kind.texts if text.fills <= known and (not text.levels or level in text.levels)]
    fitting = [text for text in fitting if text.levels] or fitting
    last = {one.text_id: number for number, one in enumerate(sent)}
    return min(fitting, key=lambda text: last.get(text.id, -1), default=None)
