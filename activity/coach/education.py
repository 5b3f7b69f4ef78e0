"""The seven messages of a week: some chosen by what the week was like, the others next in the curriculum.

What a person said back moves a message: one that helped has its turn sooner, one that did not later, and a theme
whose quiz was a hard one is spoken of again. None of this shortens the 28 days in which a message isn't repeated.
"""

import operator
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from typing import Any, Final

from activity.coach.cases.case import SubPlan
from activity.coach.cases.reuse import Advice
from activity.coach.content import Content, Message
from activity.coach.plan import DailyMessage, Reason
from activity.coach.quiz import MessageFeedback
from activity.coach.rules import Comparison, explain
from activity.errors import ContentError

Fact = int | bool | tuple[str, ...] | None

_COMPARE: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "ge": operator.ge,
    "le": operator.le,
    "eq": operator.eq,
    "has": operator.contains,
}


def holds(comparison: Comparison, facts: Mapping[str, Fact]) -> bool:
    """Return whether a condition holds; of a fact that isn't known it never does."""
    fact = facts.get(comparison.field)
    return fact is not None and _COMPARE[comparison.op](fact, comparison.value)


def plan_messages(
    facts: Mapping[str, Fact],
    history: Iterable[DailyMessage],
    content: Content,
    start: date,
    rng: Random,
    *,
    feedback: Iterable[MessageFeedback] = (),
    advice: Advice | None = None,
) -> tuple[DailyMessage, ...]:
    """Return one message for each of the seven days, none of them shown within the past 28 days.

    Parameters
    ----------
    facts
        What is known of the week, by the names that triggers use.
    history
        Messages of earlier plans, in any order; those from ``start`` on are replaced and don't count.
    feedback
        Quizzes answered and messages rated so far, in any order; those from ``start`` on don't count.
    advice
        What similar weeks of others say of the themes.
    """
    shown: dict[str, date] = {}
    for past in history:
        if past.date < start:
            shown[past.id] = max(past.date, shown.get(past.id, past.date))
    choice = _Choice(
        content=content,
        firing={trigger.id: explain(trigger) for trigger in content.rules.trigger if holds(trigger, facts)},
        share=_share(content),
        said=_said(feedback, content, start),
        advice=advice,
        rng=rng,
        first_week=not shown,
        flare=bool(facts.get("flare")),
    )
    week: list[DailyMessage] = []
    for number in range(1, 8):
        day = start + timedelta(days=number - 1)
        due = {name: _due(seen, choice.said.ratings.get(name), content) for name, seen in shown.items()}
        message, reasons = _chosen(number, _unseen(content, shown, day), due, week, choice)
        if message.id in shown:
            reasons = (*reasons, explain(content.rules.message_gap))
            if choice.said.ratings.get(message.id):
                reasons = (*reasons, explain(content.rules.message_rated))
        shown[message.id] = day
        week.append(
            DailyMessage(
                message.id, day, message.theme, message.title, message.text, message.source, reasons, message.quiz
            )
        )
    return tuple(week)


@dataclass(frozen=True, slots=True)
class _Said:
    """What a person said back, the newest word on each message."""

    ratings: Mapping[str, bool]  #: whether a message helped, by its id
    hard_themes: tuple[str, ...]  #: whose newest quiz was answered wrongly, the one waiting longest first


@dataclass(frozen=True, slots=True)
class _Choice:
    """All that the choice of each day of a week is made by."""

    content: Content
    firing: Mapping[str, Reason]  #: what holds this week, in the order of rules.toml
    share: Mapping[str, int]
    said: _Said
    advice: Advice | None
    rng: Random
    first_week: bool
    flare: bool

    def title(self, theme: str) -> str:
        """Return the title of a theme."""
        return next(one.title for one in self.content.themes if one.id == theme)


def _chosen(
    number: int, messages: list[Message], due: Mapping[str, date], week: list[DailyMessage], choice: _Choice
) -> tuple[Message, tuple[Reason, ...]]:
    """Return the message of a day of the week, and why: tailored, or on a hard theme, or next in line."""
    rule = choice.content.rules.message_curriculum
    tailored_days = rule.first_week_tailored_days if choice.first_week else rule.tailored_days
    first_aid = choice.flare and number == 1  # which is not to wait for its turn
    found = None
    if first_aid or number in tailored_days:
        on_theme = [message for message in messages if message.theme == rule.flare_theme] if first_aid else []
        found = _tailored(on_theme or messages, due, week, choice)
    elif number == choice.content.rules.message_quiz_again.day and not choice.first_week:
        found = _again(messages, due, choice)
    if found is not None:
        return found
    message = _next_in_line(messages, due, rule.first_week if choice.first_week else (), week)
    return message, (explain(rule, theme=choice.title(message.theme)),)


def _said(feedback: Iterable[MessageFeedback], content: Content, start: date) -> _Said:
    """Return what counts of the feedback; of a message that is no longer in the content only silence is left."""
    themes = {message.id: message.theme for message in content.messages}
    ratings: dict[str, bool] = {}
    quizzes: dict[str, tuple[date, bool]] = {}
    # Of one day the order is by values, so that the same rows give the same week in whatever order they come.
    past = (one for one in feedback if one.date < start and one.message in themes)
    for one in sorted(past, key=lambda one: (one.date, one.message, one.right is True, one.helpful is True)):
        if one.helpful is not None:
            ratings[one.message] = one.helpful
        if one.right is not None:
            quizzes[themes[one.message]] = (one.date, one.right)
    oldest = start - timedelta(days=content.rules.message_quiz_again.days)
    hard = sorted((day, theme) for theme, (day, right) in quizzes.items() if not right and day >= oldest)
    return _Said(ratings, tuple(theme for _, theme in hard))


def _due(seen: date, helped: bool | None, content: Content) -> date:
    """Return the date by which a message that was shown queues up again: the day it was shown, moved by its rating."""
    if helped is None:
        return seen
    rule = content.rules.message_rated
    return seen - timedelta(days=rule.sooner_days) if helped else seen + timedelta(days=rule.later_days)


def _unseen(content: Content, shown: Mapping[str, date], day: date) -> list[Message]:
    oldest = day - timedelta(days=content.rules.message_gap.days)
    found = [message for message in content.messages if message.id not in shown or shown[message.id] <= oldest]
    if not found:
        raise ContentError(
            f"every message was shown within {content.rules.message_gap.days} days",
            f"message of {day}",
            "more messages than days in the gap",
        )
    return found


def _share(content: Content) -> dict[str, int]:
    """Return how many messages of one week a trigger may choose, so that it has some left while it goes on holding."""
    counts = Counter(name for message in content.messages for name in message.triggers)
    weeks = -(-content.rules.message_gap.days // 7)
    return {name: max(1, count // weeks) for name, count in counts.items()}


def _tailored(
    messages: list[Message], due: Mapping[str, date], week: list[DailyMessage], choice: _Choice
) -> tuple[Message, tuple[Reason, ...]] | None:
    """Return the message that most of the week speaks for, of a theme not yet used; None if nothing speaks.

    Among those with equal reasons the ones never seen come first, then those whose turn is the longest ago.
    """
    used = {message.theme for message in week}
    told = Counter(reason.rule for message in week for reason in message.reasons)
    waiting = {name for name in choice.firing if told[name] < choice.share[name]}
    fitting = [
        (message, [name for name in message.triggers if name in choice.firing])
        for message in choice.rng.sample(messages, len(messages))
        if message.theme not in used and not waiting.isdisjoint(message.triggers)
    ]
    if not fitting:
        return None
    if choice.advice is not None:  # of what the week speaks for, the themes that helped in similar weeks
        themes = choice.advice.best(SubPlan.EDUCATION, dict.fromkeys(message.theme for message, _ in fitting))
        fitting = [(message, names) for message, names in fitting if message.theme in themes]
    order = list(choice.firing)

    def weight(name: str) -> tuple[int, int]:
        return told[name], order.index(name)  # what was not yet spoken of first, then as rules.toml lists them

    def rank(item: tuple[Message, list[str]]) -> tuple[tuple[int, int], date, int]:
        message, names = item
        return min(weight(name) for name in names if name in waiting), due.get(message.id, date.min), -len(names)

    best, names = min(fitting, key=rank)
    reasons = tuple(choice.firing[name] for name in sorted(names, key=weight))
    if choice.advice is not None:
        words = choice.advice.settings.words.options["theme"]
        reasons = (*reasons, *choice.advice.reasons(SubPlan.EDUCATION, best.theme, words))
    return best, reasons


def _again(
    messages: list[Message], due: Mapping[str, date], choice: _Choice
) -> tuple[Message, tuple[Reason, ...]] | None:
    """Return another message on the theme whose quiz was a hard one longest ago; None if there is no such theme."""
    for theme in choice.said.hard_themes:
        on_it = [message for message in messages if message.theme == theme]
        if on_it:
            best = min(on_it, key=lambda m: (due.get(m.id, date.min), m.position))
            return best, (explain(choice.content.rules.message_quiz_again, theme=choice.title(theme)),)
    return None


def _next_in_line(
    messages: list[Message], due: Mapping[str, date], first_week: tuple[str, ...], week: list[DailyMessage]
) -> Message:
    """Return the message never seen, or the one whose turn is the longest ago; then by place in the curriculum."""
    used = {message.theme for message in week}
    waiting = [theme for theme in first_week if theme not in used]
    if waiting:
        of_theme = [message for message in messages if message.theme == waiting[0]]
        messages = of_theme or messages
    return min(messages, key=lambda m: (due.get(m.id, date.min), m.theme in used, m.position))
