"""Why each item of a plan is what it is: reasons, the answers behind them, other people's weeks, how to change it."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import timedelta
from functools import cache
from importlib.resources.abc import Traversable
from statistics import median

from pydantic import Field

from activity.coach.content import Content
from activity.coach.plan import Answer, Explanation, Reason, WeeklyPlan
from activity.coach.situation import Inputs
from activity.errors import ContentError
from activity.questionnaires.definition import Checked, Kind, Question, checked, load_questionnaire, read_toml
from activity.resources import shipped

#: Facts of message triggers that come from elsewhere than a question of the same name.
_FACTS = {
    "flare": "average_pain",
    "pain_change": "average_pain",
    "condition_count": "conditions",
    "goal_met_percent": "days",
}
_LOG_DAYS = 28  # as the words of explanations.toml say
_OTHERS = ("similar-weeks", "similar-weeks-explore")


class Change(Checked):
    """How each part of a plan is changed."""

    goal: str = Field(min_length=20)
    exercise: str = Field(min_length=20)
    message: str = Field(min_length=20)


class Others(Checked):
    """What is said where other people's weeks had no say."""

    alone: str = Field(min_length=20)
    few: str = Field(min_length=20)


class Words(Checked):
    """Names of what is no question, and what is said of it."""

    days: str
    days_none: str
    days_some: str
    last_plan: str
    last_plan_none: str
    last_plan_some: str
    exercise_log: str
    exercise_log_none: str
    exercise_log_some: str
    nothing: str
    none_of_them: str


class Explanations(Checked):
    """What ``explanations.toml`` holds."""

    version: str
    change: Change
    others: Others
    words: Words
    uses: Mapping[str, tuple[str, ...]]


@cache
def load_explanations(file: Traversable | None = None) -> Explanations:
    """Return the shipped explanations, or those of another file; ``ContentError`` says what's wrong."""
    file = file or shipped("data", "content").joinpath("explanations.toml")
    values, _ = read_toml(file)
    return checked(Explanations, values, file.name)


def explained(plan: WeeklyPlan, inputs: Inputs, content: Content, words: Explanations) -> WeeklyPlan:
    """Return the plan with one explanation an item: its goal, each exercise, each message.

    ``ContentError`` where a reason comes from a rule whose answers aren't known.
    """
    asked = _Asked(inputs, content, words)
    items = [("goal", "", plan.goal.reasons)]
    items += [("exercise", item.id, item.reasons) for item in plan.exercises]
    items += [("message", item.id, item.reasons) for item in plan.messages]
    found = []
    for kind, name, reasons in items:
        others = [reason.text for reason in reasons if reason.rule in _OTHERS]
        alone = words.others.few if plan.learned_from else words.others.alone
        found.append(
            Explanation(
                kind=kind,
                item=name,
                because=tuple(reason.text for reason in reasons if reason.rule not in _OTHERS),
                answers=asked.behind(reasons),
                others=" ".join(others) or alone,
                change=getattr(words.change, kind),
            )
        )
    return replace(plan, explanations=tuple(found))


class _Asked:
    """What a person said and what their band saw, by what rules name it."""

    def __init__(self, inputs: Inputs, content: Content, words: Explanations) -> None:
        self._inputs, self._words = inputs, words
        self._triggers = {trigger.id: _FACTS.get(trigger.field, trigger.field) for trigger in content.rules.trigger}
        forms = (*content.checkin.questions, *_profile_questions())
        self._questions = {question.id: question for question in forms}

    def behind(self, reasons: Iterable[Reason]) -> tuple[Answer, ...]:
        """Return the answers that any of the reasons reads, each once, in the order in which they are first read."""
        names: dict[str, None] = {}
        for reason in reasons:
            if reason.rule in self._triggers:
                names |= {self._triggers[reason.rule]: None}
            elif reason.rule in self._words.uses:
                names |= dict.fromkeys(self._words.uses[reason.rule])
            else:
                raise ContentError(f"nothing says what {reason.rule} reads", "explanations.toml", "a row in [uses]")
        return tuple(self._answer(name) for name in names)

    def _answer(self, name: str) -> Answer:
        words, inputs = self._words.words, self._inputs
        if name == "days":
            week = [day.steps for day in inputs.days if 1 <= (inputs.start - day.date).days <= 7]
            steps = [count for count in week if count is not None]
            if not steps:
                return Answer(words.days, words.days_none)
            usual = round(median(steps), -2)
            return Answer(words.days, words.days_some.format(count=len(steps), steps=f"{usual:,.0f}"))
        if name == "last-plan":
            old = inputs.previous
            if old is None:
                return Answer(words.last_plan, words.last_plan_none)
            said = words.last_plan_some.format(goal=f"{old.goal.steps_per_day:,}", sessions=old.sessions_per_week)
            return Answer(words.last_plan, said)
        if name == "exercise-log":
            oldest = inputs.start - timedelta(days=_LOG_DAYS)
            count = sum(oldest <= row.date < inputs.start for row in inputs.exercise_log)
            text = words.exercise_log_some.format(count=count) if count else words.exercise_log_none
            return Answer(words.exercise_log, text)
        question = self._questions.get(name)
        if question is None:
            raise ContentError(f"no question {name!r}", "explanations.toml", "a question or one of its other names")
        return Answer(question.text, self._said(question))

    def _said(self, question: Question) -> str:
        words, checkin = self._words.words, self._inputs.checkin
        if question.urgency is not None:
            flags = checkin.red_flags if checkin else None
            return words.nothing if flags is None else "Yes" if question.id in flags else "No"
        value = getattr(self._inputs.profile, question.id, getattr(checkin, question.id, None))
        labels = {option.id: option.label for option in question.options}
        match value:
            case None:
                return words.nothing
            case bool():
                return "Yes" if value else "No"
            case tuple():
                return ", ".join(labels[name] for name in value) or words.none_of_them
            case str():
                return labels[value]
            case _:
                return f"{value} of {question.high}" if question.kind is Kind.SCALE else str(value)


@cache
def _profile_questions() -> tuple[Question, ...]:
    return load_questionnaire("profile").questions
