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
    said = _said(feedback, content, start)
    first_week = not shown
    firing = {trigger.id: explain(trigger) for trigger in content.rules.trigger if holds(trigger, facts)}
    rule = content.rules.message_curriculum
    tailored_days = rule.first_week_tailored_days if first_week else rule.tailored_days
    flare = bool(facts.get("flare"))
    if flare:
        tailored_days = (1, *tailored_days)  # first aid is not to wait for its turn
    share = _share(content)
    week: list[DailyMessage] = []
    titles = {theme.id: theme.title for theme in content.themes}
    for number in range(1, 8):
        day = start + timedelta(days=number - 1)
        due = {name: _due(seen, said.ratings.get(name), content) for name, seen in shown.items()}
        open_messages = _unseen(content, shown, day)
        first_aid = [message for message in open_messages if message.theme == rule.flare_theme]
        fitting = first_aid if flare and number == 1 and first_aid else open_messages
        chosen = _tailored(fitting, firing, share, due, week, rng=rng, advice=advice) if number in tailored_days else None
        if chosen is not None and advice is not None:
            words = advice.settings.words.options["theme"]
            chosen = chosen[0], (*chosen[1], *advice.reasons(SubPlan.EDUCATION, chosen[0].theme, words))
        if chosen is None and number == content.rules.message_quiz_again.day and not first_week:
            chosen = _again(open_messages, said.hard_themes, due, content, titles)
        if chosen is None:
            message = _next_in_line(open_messages, due, rule.first_week if first_week else (), week)
            chosen = message, (explain(rule, theme=titles[message.theme]),)
        message, reasons = chosen
        if message.id in shown:
            reasons = (*reasons, explain(content.rules.message_gap))
            if said.ratings.get(message.id):
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
    messages: list[Message],
    firing: Mapping[str, Reason],
    share: Mapping[str, int],
    due: Mapping[str, date],
    week: list[DailyMessage],
    *,
    rng: Random,
    advice: Advice | None,
) -> tuple[Message, tuple[Reason, ...]] | None:
    """Return the message that most of the week speaks for, of a theme not yet used; None if nothing speaks.

    Among those with equal reasons the ones never seen come first, then those whose turn is the longest ago.
    """
    used = {message.theme for message in week}
    told = Counter(reason.rule for message in week for reason in message.reasons)
    waiting = {name for name in firing if told[name] < share[name]}
    fitting = [
        (message, [name for name in message.triggers if name in firing])
        for message in rng.sample(messages, len(messages))
        if message.theme not in used and not waiting.isdisjoint(message.triggers)
    ]
    if not fitting:
        return None
    if advice is not None:  # of what the week speaks for, the themes that helped in similar weeks
        themes = advice.best(SubPlan.EDUCATION, dict.fromkeys(message.theme for message, _ in fitting))
        fitting = [(message, names) for message, names in fitting if message.theme in themes]
    order = list(firing)

    def weight(name: str) -> tuple[int, int]:
        return told[name], order.index(name)  # what was not yet spoken of first, then as rules.toml lists them

    def rank(item: tuple[Message, list[str]]) -> tuple[tuple[int, int], date, int]:
        message, names = item
        return min(weight(name) for name in names if name in waiting), due.get(message.id, date.min), -len(names)

    best, names = min(fitting, key=rank)
    return best, tuple(firing[name] for name in sorted(names, key=weight))


def _again(
    messages: list[Message],
    hard_themes: tuple[str, ...],
    due: Mapping[str, date],
    content: Content,
    titles: Mapping[str, str],
) -> tuple[Message, tuple[Reason, ...]] | None:
    """Return another message on the theme whose quiz was a hard one longest ago; None if there is no such theme."""
    for theme in hard_themes:
        on_it = [message for message in messages if message.theme == theme]
        if on_it:
            best = min(on_it, key=lambda m: (due.get(m.id, date.min), m.position))
            return best, (explain(content.rules.message_quiz_again, theme=titles[theme]),)
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
