"""Who the people of each arm were when they were randomised, and what they used since: without tests."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import fmean, quantiles, stdev

from activity.questionnaires.definition import Kind, Question
from activity.questionnaires.instrument import instruments
from activity.trial.dose import USED
from activity.trial.outcomes import Subject
from activity.trial.protocol import Protocol

Told = float | str | bool | None


@dataclass(frozen=True, slots=True)
class BackgroundCell:
    """One arm: of numbers mean and spread, of anything else how many; ``missing`` are those who didn't say."""

    arm: str
    people: int  #: who said
    missing: int
    mean: float | None = None
    sd: float | None = None
    count: int | None = None


@dataclass(frozen=True, slots=True)
class BackgroundRow:
    """One line of the table."""

    what: str  #: id of the question or instrument
    level: str  #: of a choice; empty for numbers
    title: str
    cells: tuple[BackgroundCell, ...]  #: one an arm, in the order of the protocol


@dataclass(frozen=True, slots=True)
class UseCell:
    """What one arm used: the middle half of people, and the median."""

    arm: str
    people: int  #: of whom it is known
    median: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class UseRow:
    """One kind of use."""

    what: str
    title: str
    cells: tuple[UseCell, ...]  #: one an arm that has something to use


def use(protocol: Protocol, people: Sequence[Subject]) -> tuple[UseRow, ...]:
    """Return what was used in the arms that are given something, median and quartiles.

    Whoever uses more differs in other ways, too: no outcome is compared by it but the compliers'.
    """
    arms = [arm for arm in protocol.arm if arm.received_with]
    return tuple(
        UseRow(what, title, tuple(_use_cell(arm.id, what, people) for arm in arms)) for what, title in USED.items()
    )


def _use_cell(arm: str, what: str, people: Sequence[Subject]) -> UseCell:
    known = [value for one in people if one.arm == arm and (value := one.use.get(what)) is not None]
    if len(known) < 2:
        return UseCell(arm, len(known), float(known[0]) if known else None, None, None)
    low, median, high = quantiles(known, n=4, method="inclusive")
    return UseCell(arm, len(known), median, low, high)


def background(protocol: Protocol, people: Sequence[Subject]) -> tuple[BackgroundRow, ...]:
    """Return the screening's numbers and choices, and the scores of the baseline.

    Differences between arms aren't tested: whatever they are, chance made them (Senn 1994, Stat Med 13:1715).
    """
    rows = [row for question in protocol.screening.questions for row in _question(protocol, people, question)]
    for name in protocol.baseline.instruments:
        row = _numbers(protocol, people, name, instruments()[name].title, _score(name, protocol.baseline.id))
        rows += [row] if any(cell.people for cell in row.cells) else []
    return tuple(rows)


def _score(instrument: str, visit: str) -> Callable[[Subject], Told]:
    return lambda one: one.score(instrument, visit)


def _question(protocol: Protocol, people: Sequence[Subject], question: Question) -> list[BackgroundRow]:
    def told(one: Subject) -> Told:
        return one.background.get(question.id)

    if question.kind in {Kind.NUMBER, Kind.SCALE}:
        return [_numbers(protocol, people, question.id, question.text, told)]
    if question.kind is Kind.CHOICE:
        levels = [(option.id, f"{question.text} {option.label}") for option in question.options]
        return [_counts(protocol, people, (question.id, level, title), told, level) for level, title in levels]
    return []  # whatever else is asked is a criterion, which everybody here meets


def _numbers(
    protocol: Protocol, people: Sequence[Subject], what: str, title: str, told: Callable[[Subject], Told]
) -> BackgroundRow:
    cells = []
    for arm, said in _by_arm(protocol, people, told):
        known = [float(value) for value in said if isinstance(value, int | float)]
        mean = fmean(known) if known else None
        sd = stdev(known) if len(known) > 1 else None
        cells.append(BackgroundCell(arm, len(known), len(said) - len(known), mean, sd))
    return BackgroundRow(what, "", title, tuple(cells))


def _counts(
    protocol: Protocol,
    people: Sequence[Subject],
    named: tuple[str, str, str],
    told: Callable[[Subject], Told],
    level: str,
) -> BackgroundRow:
    cells = []
    for arm, said in _by_arm(protocol, people, told):
        known = Counter(value for value in said if value is not None)
        cells.append(BackgroundCell(arm, known.total(), len(said) - known.total(), count=known[level]))
    return BackgroundRow(*named, tuple(cells))


def _by_arm(
    protocol: Protocol, people: Sequence[Subject], told: Callable[[Subject], Told]
) -> list[tuple[str, list[Told]]]:
    return [(arm.id, [told(one) for one in people if one.arm == arm.id]) for arm in protocol.arm]
