"""Reuse: what similar weeks say of each thing a plan could hold, as advice that rules and safety stand above.

An option is judged by the weeks that had it, weighted by how alike they are, as if some more weeks had come out at the
mean of all similar ones: a few lucky weeks don't outweigh many ordinary ones. What nobody tried counts as that mean.
An exercise is drawn towards the mean of its group, which many more weeks had, in the same way.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import fsum, sqrt
from random import Random

from activity.coach.cases.base import CaseBase
from activity.coach.cases.case import CasePlan, Problem, SubPlan
from activity.coach.cases.retrieve import Neighbour, Retrieved, people_of, retrieve
from activity.coach.cases.revise import revised_plan
from activity.coach.cases.settings import GoalChange, Settings
from activity.coach.plan import Reason

_HALF_OF_95_PERCENT = 1.96  # standard deviations either side of a normal mean
_ROUND_NUMBERS = (5, 10, 20, 50, 100)  # people are told of in these, so that one more or less can't be seen


@dataclass(frozen=True, slots=True)
class Weighed:
    """How weeks with one option went."""

    option: str
    people: int
    score: float  #: expected success, drawn towards the mean of all similar weeks
    good: float  #: share of its weeks that went well
    unsure: float  #: half the width of a 95 % interval of that share (Agresti and Coull 1998, Am Stat 52:119-126)


@dataclass(frozen=True, slots=True)
class SubAdvice:
    """What similar weeks say for one sub-plan; with too few people alike it has no options, and rules decide."""

    retrieved: Retrieved
    mean: float  #: success of all similar weeks
    options: Mapping[str, Weighed]
    explored: float | None = None  #: a number from [0, 1) that decides instead, in weeks that are there to learn from

    def score(self, option: str) -> float:
        """Return the expected success of an option."""
        weighed = self.options.get(option)
        return weighed.score if weighed else self.mean


@dataclass(frozen=True, slots=True)
class Advice:
    """What similar weeks say for the three sub-plans; made by ``advise``."""

    settings: Settings
    parts: Mapping[SubPlan, SubAdvice]
    learned_from: str  #: version of the case base

    def best(self, subplan: SubPlan, options: Iterable[str]) -> tuple[str, ...]:
        """Return the options within the variety margin of the best, in the order given; all of them if unsure."""
        given = tuple(options)
        part = self.parts.get(subplan)
        if part is None or not part.options or not given:
            return given
        least = max(part.score(option) for option in given) - self.settings.reuse.variety_margin
        return tuple(option for option in given if part.score(option) >= least)

    def chosen(self, subplan: SubPlan, options: Sequence[str]) -> str:
        """Return the first option if it is among the best, else the best; in a week to learn from, any of them."""
        part = self.parts.get(subplan)
        if part is None:
            return options[0]
        if part.explored is not None:
            return options[int(part.explored * len(options))]
        best = self.best(subplan, options)
        return options[0] if options[0] in best else max(best, key=part.score)

    def reasons(self, subplan: SubPlan, option: str, words: str) -> tuple[Reason, ...]:
        """Return what is said of an option: nothing unless enough people had it, and never who."""
        part = self.parts.get(subplan)
        if part is None:
            return ()
        weighed, rule = part.options.get(option), self.settings.reuse
        if part.explored is not None:
            return (Reason(self.settings.words.explore, "similar-weeks-explore", rule.source, rule.trust),)
        if weighed is None or weighed.people < self.settings.retrieval.least_people:
            return ()
        text = said(weighed, part.retrieved.made_up, self.settings, words)
        return (Reason(text, "similar-weeks", rule.source, rule.trust),)


#: From a week and its draws to what is to be made of others like it.
Advisor = Callable[[Problem, Random], Advice]


@dataclass(frozen=True, slots=True)
class CaseAdvisor:
    """Advice from a case base, for a person whose own weeks in it are left out."""

    base: CaseBase
    person: str

    def __call__(self, problem: Problem, rng: Random) -> Advice:
        """Return what other people's weeks say of the one that starts; a share is left to chance, to learn from."""
        settings = self.base.settings
        parts = {}
        for subplan, retrieved in retrieve(problem, self.base, self.person).items():
            by_chance, number = rng.random() * 100.0 < settings.reuse.explore_percent, rng.random()
            parts[subplan] = _weighed(retrieved, settings, number if by_chance else None)
        return Advice(settings, parts, self.base.version)


@dataclass(frozen=True, slots=True)
class ByChance:
    """Advice that is drawn, with nobody asked: what learning is to be compared with."""

    settings: Settings

    def __call__(self, _: Problem, rng: Random) -> Advice:
        """Return advice that takes any option that the rules allow."""
        nobody = {subplan: Retrieved(subplan, (), 0, 0, enough=False) for subplan in SubPlan}
        parts = {subplan: SubAdvice(none, 0.5, {}, rng.random()) for subplan, none in nobody.items()}
        return Advice(self.settings, parts, "chance")


def goal_change(plan: CasePlan, settings: Settings) -> GoalChange | None:
    """Return how a week's goal stood to the one before; None if there was none."""
    if not plan.goal_before:
        return None
    return change_of(plan.goal_before, plan.goal_steps, settings)


def change_of(before: int, after: int, settings: Settings) -> GoalChange:
    """Return what kind of change leads from one goal to another."""
    percent = 100.0 * (after - before) / before
    if abs(percent) <= settings.reuse.hold_within_percent:
        return GoalChange.SAME
    if percent < 0.0:
        return GoalChange.LESS
    return GoalChange.LARGE if percent > settings.reuse.large_change_percent else GoalChange.SMALL


def said(weighed: Weighed, made_up: bool, settings: Settings, words: str) -> str:
    """Return what the participant reads of an option: rounded, so that nobody can be made out."""
    text = settings.words.made_up if made_up else settings.words.people
    people = max(number for number in _ROUND_NUMBERS if number <= max(weighed.people, _ROUND_NUMBERS[0]))
    share = next(word.label for word in settings.words.share if weighed.good >= word.from_share)
    sure = next(word.label for word in settings.words.sure if weighed.unsure <= word.within)
    return text.format(people=people, option=words, share=share, sure=sure)


def _weighed(retrieved: Retrieved, settings: Settings, explored: float | None) -> SubAdvice:
    if not retrieved.enough:
        return SubAdvice(retrieved, 0.5, {})
    weight = fsum(neighbour.similarity for neighbour in retrieved.neighbours)
    mean = fsum(neighbour.similarity * neighbour.relative for neighbour in retrieved.neighbours) / weight
    if explored is not None:
        return SubAdvice(retrieved, mean, {}, explored)
    had: dict[str, list[Neighbour]] = {}
    parents: dict[str, str] = {}
    for neighbour in retrieved.neighbours:
        named = _OPTIONS[retrieved.subplan](_final(neighbour), settings)
        parents |= named
        for option in named:
            had.setdefault(option, []).append(neighbour)
    options: dict[str, Weighed] = {}
    for option in sorted(had, key=lambda name: (parents[name] != "", name)):
        prior = options[parents[option]].score if parents[option] else mean
        options[option] = _weigh(option, had[option], prior, settings)
    return SubAdvice(retrieved, mean, options)


def _weigh(option: str, had: list[Neighbour], expected: float, settings: Settings) -> Weighed:
    prior = settings.reuse.prior_weeks
    weight = fsum(neighbour.similarity for neighbour in had)
    total = fsum(neighbour.similarity * neighbour.relative for neighbour in had)
    went_well = sum(neighbour.success >= settings.reuse.helped_from for neighbour in had)
    count = len(had) + _HALF_OF_95_PERCENT**2
    share = (went_well + _HALF_OF_95_PERCENT**2 / 2.0) / count
    unsure = _HALF_OF_95_PERCENT * sqrt(share * (1.0 - share) / count)
    return Weighed(option, people_of(had), (total + prior * expected) / (weight + prior), went_well / len(had), unsure)


def _final(neighbour: Neighbour) -> CasePlan:
    return revised_plan(neighbour.case.plan, neighbour.case.edits)


def group_option(group: str) -> str:
    """Return the name of the option to have any exercise of a group."""
    return f"group/{group}"


def _goal_options(plan: CasePlan, settings: Settings) -> dict[str, str]:
    change = goal_change(plan, settings)
    return {change.value: ""} if change else {}


def _exercise_options(plan: CasePlan, _: Settings) -> dict[str, str]:
    groups = {group_option(exercise.group): "" for exercise in plan.exercises}
    return groups | {exercise.id: group_option(exercise.group) for exercise in plan.exercises}


def _theme_options(plan: CasePlan, _: Settings) -> dict[str, str]:
    return dict.fromkeys(plan.themes, "")


#: What a plan held, by sub-plan: each option with the wider one whose mean it is drawn towards, if there is one.
_OPTIONS: dict[SubPlan, Callable[[CasePlan, Settings], dict[str, str]]] = {
    SubPlan.ACTIVITY: _goal_options,
    SubPlan.EXERCISE: _exercise_options,
    SubPlan.EDUCATION: _theme_options,
}
