"""The seven messages of a week: some chosen by what the week was like, the others next in the curriculum."""

import operator
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from datetime import date, timedelta
from random import Random
from typing import Any, Final

from activity.coach.cases.case import SubPlan
from activity.coach.cases.reuse import Advice
from activity.coach.content import Content, Message
from activity.coach.plan import DailyMessage, Reason
from activity.coach.rules import Trigger, explain
from activity.errors import ContentError

Fact = int | bool | tuple[str, ...] | None

_COMPARE: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "ge": operator.ge,
    "le": operator.le,
    "eq": operator.eq,
    "has": operator.contains,
}


def holds(trigger: Trigger, facts: Mapping[str, Fact]) -> bool:
    """Return whether a trigger holds; a fact that isn't known never does."""
    fact = facts.get(trigger.field)
    return fact is not None and _COMPARE[trigger.op](fact, trigger.value)


def plan_messages(
    facts: Mapping[str, Fact],
    history: Iterable[DailyMessage],
    content: Content,
    start: date,
    rng: Random,
    *,
    advice: Advice | None = None,
) -> tuple[DailyMessage, ...]:
    """Return one message for each of the seven days, none of them shown within the past 28 days.

    Parameters
    ----------
    facts
        What is known of the week, by the names that triggers use.
    history
        Messages of earlier plans, in any order; those from ``start`` on are replaced and don't count.
    """
    shown: dict[str, date] = {}
    for past in history:
        if past.date < start:
            shown[past.id] = max(past.date, shown.get(past.id, past.date))
    first_week = not shown
    firing = {trigger.id: explain(trigger) for trigger in content.rules.trigger if holds(trigger, facts)}
    rule = content.rules.message_curriculum
    tailored_days = rule.first_week_tailored_days if first_week else rule.tailored_days
    if facts.get("flare"):
        tailored_days = (1, *tailored_days)  # first aid is not to wait for its turn
    week: list[DailyMessage] = []
    titles = {theme.id: theme.title for theme in content.themes}
    for number in range(1, 8):
        day = start + timedelta(days=number - 1)
        open_messages = _unseen(content, shown, day)
        tailored = _tailored(open_messages, firing, week, rng, advice) if number in tailored_days else None
        if tailored is None:
            message = _next_in_line(open_messages, shown, rule.first_week if first_week else (), week)
            reasons: tuple[Reason, ...] = (explain(rule, theme=titles[message.theme]),)
        else:
            message, reasons = tailored
            if advice is not None:
                reasons = (
                    *reasons,
                    *advice.reasons(SubPlan.EDUCATION, message.theme, advice.settings.words.options["theme"]),
                )
        if message.id in shown:
            reasons = (*reasons, explain(content.rules.message_gap))
        shown[message.id] = day
        week.append(DailyMessage(message.id, day, message.theme, message.title, message.text, message.source, reasons))
    return tuple(week)


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


def _tailored(
    messages: list[Message],
    firing: Mapping[str, Reason],
    week: list[DailyMessage],
    rng: Random,
    advice: Advice | None,
) -> tuple[Message, tuple[Reason, ...]] | None:
    """Return the message that most of the week speaks for, of a theme not yet used; None if nothing speaks."""
    used = {message.theme for message in week}
    fitting = [
        (message, [name for name in message.triggers if name in firing])
        for message in rng.sample(messages, len(messages))
        if message.theme not in used
    ]
    fitting = [(message, names) for message, names in fitting if names]
    if not fitting:
        return None
    if advice is not None:  # of what the week speaks for, the themes that helped in similar weeks
        themes = advice.best(SubPlan.EDUCATION, dict.fromkeys(message.theme for message, _ in fitting))
        fitting = [(message, names) for message, names in fitting if message.theme in themes]
    told = Counter(reason.rule for message in week for reason in message.reasons)
    order = list(firing)

    def weight(name: str) -> tuple[int, int]:
        return told[name], order.index(name)  # what was not yet spoken of first, then as rules.toml lists them

    best, names = min(fitting, key=lambda item: (min(weight(name) for name in item[1]), -len(item[1])))
    return best, tuple(firing[name] for name in sorted(names, key=weight))


def _next_in_line(
    messages: list[Message], shown: Mapping[str, date], first_week: tuple[str, ...], week: list[DailyMessage]
) -> Message:
    """Return the message not seen for longest, never seen before all others, then by place in the curriculum."""
    used = {message.theme for message in week}
    waiting = [theme for theme in first_week if theme not in used]
    if waiting:
        of_theme = [message for message in messages if message.theme == waiting[0]]
        messages = of_theme or messages
    return min(messages, key=lambda m: (m.id in shown, shown.get(m.id, date.min), m.theme in used, m.position))
