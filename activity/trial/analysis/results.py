"""Every figure of a report as one row with a name of its own, so that each can be traced and read by a program."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from math import isfinite
from typing import Final

from activity.trial.analysis.background import BackgroundCell
from activity.trial.analysis.estimate import Estimate, Fallback
from activity.trial.analysis.study import StudyAnalysis
from activity.trial.analysis.tables import Cell, MeanRow, ShareRow
from activity.trial.protocol import Protocol

COLUMNS: Final = (
    "id", "part", "outcome", "visit", "arm", "quantity", "value", "low", "high", "p", "people", "model", "note",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Result:
    """One figure; bounds are those of its 95 % interval unless the note says others, and None is what there isn't."""

    id: str  #: of its own, made of the fields after it
    part: str  #: of the report
    outcome: str
    visit: str
    arm: str
    quantity: str
    value: float | None
    low: float | None = None
    high: float | None = None
    p: float | None = None
    people: int | None = None  #: on whom it rests
    model: str = ""
    note: str = ""


def results(protocol: Protocol, found: StudyAnalysis) -> tuple[Result, ...]:
    """Return every figure, in the order of the report."""
    return (
        *_people(found),
        *_background(found),
        *_use(found),
        *_means(protocol, found.means),
        *_shares(protocol, found.shares),
        *_other_ways(protocol, found),
        *_subgroups(protocol, found),
    )


def result_id(*parts: str) -> str:
    """Return the name of a figure: its parts with dots between them, in small letters, nothing but them and hyphens."""
    plain = ("-".join("".join(c if c.isalnum() else " " for c in part.lower()).split()) for part in parts if part)
    return ".".join(plain)


def _row(part: str, named: tuple[str, str, str, str], value: float | None, **rest: object) -> Result:
    return Result(result_id(part, *named), part, *named, _known(value), **rest)  # type: ignore[arg-type]


def _estimated(part: str, named: tuple[str, str, str, str], found: Estimate, **rest: object) -> Result:
    bounds = {"low": _known(found.low), "high": _known(found.high), "p": _known(found.p)}
    return _row(part, named, found.value, **bounds, **rest)


def _known(value: float | None) -> float | None:
    return value if value is not None and isfinite(value) else None


def _people(found: StudyAnalysis) -> Iterator[Result]:
    for arm, count in found.people:
        yield _row("people", ("", "", arm, "randomised"), count, people=count)


def _background(found: StudyAnalysis) -> Iterator[Result]:
    for row in found.background:
        for cell in row.cells:
            what = f"{row.what}={row.level}" if row.level else row.what
            for quantity, value in _told(cell):
                yield _row("background", (what, "", cell.arm, quantity), value, people=cell.people)


def _use(found: StudyAnalysis) -> Iterator[Result]:
    for row in found.use:
        for cell in row.cells:
            named = (row.what, "", cell.arm, "median")
            yield _row("use", named, cell.median, low=cell.low, high=cell.high, people=cell.people, note="quartiles")


def _told(cell: BackgroundCell) -> tuple[tuple[str, float | None], ...]:
    if cell.count is not None:
        share = cell.count / cell.people if cell.people else None
        return ("count", cell.count), ("share", share), ("missing", cell.missing)
    return ("mean", cell.mean), ("sd", cell.sd), ("missing", cell.missing)


def _means(protocol: Protocol, rows: Iterable[MeanRow]) -> Iterator[Result]:
    visits, arms = _ids(protocol)
    told: set[tuple[str, str, str]] = set()
    for row in rows:
        visit, note = visits[row.visit], _notes(row.fallbacks)
        for cell in (row.reference, row.arm):
            named = (row.outcome, visit, arms[cell.arm])
            if named not in told:  # the reference stands in the rows of each arm
                yield from _cell(named, cell, row.model, note)
            told.add(named)
        if row.difference is not None:
            seen = row.reference.seen + row.arm.seen
            named = (row.outcome, visit, arms[row.arm.arm])
            yield _estimated("means", (*named, "difference"), row.difference, people=seen, model=row.model, note=note)


def _cell(named: tuple[str, str, str], cell: Cell, model: str, note: str) -> Iterator[Result]:
    yield _row("means", (*named, "seen"), cell.seen, people=cell.seen)
    yield _row("means", (*named, "mean"), cell.mean, people=cell.seen)
    yield _row("means", (*named, "sd"), cell.sd, people=cell.seen)
    mean = cell.adjusted
    yield _row("means", (*named, "adjusted mean"), mean.value, low=_known(mean.low), high=_known(mean.high),
               people=cell.seen, model=model, note=note)  # fmt: skip


def _shares(protocol: Protocol, rows: Iterable[ShareRow]) -> Iterator[Result]:
    visits, arms = _ids(protocol)
    told: set[tuple[str, str, str]] = set()
    for row in rows:
        visit, note = visits[row.visit], _notes(row.fallbacks)
        for arm, (successes, seen) in ((protocol.arm[0].id, row.reference_counts), (arms[row.arm], row.counts)):
            named = (row.outcome, visit, arm)
            if named not in told:
                yield _row("shares", (*named, "successes"), successes, people=seen)
                yield _row("shares", (*named, "share"), successes / seen, people=seen)
            told.add(named)
        named = (row.outcome, visit, arms[row.arm])
        rest = {"people": row.counts[1] + row.reference_counts[1], "model": row.model}
        yield _estimated("shares", (*named, "risk difference"), row.risk_difference, note=note, **rest)
        yield _estimated("shares", (*named, "odds ratio"), row.odds_ratio, note=note, **rest)
        needed = row.needed
        yield _row("shares", (*named, "number needed"), needed.value, low=_known(needed.low), high=_known(needed.high),
                   note=str(needed), **rest)  # fmt: skip


def _other_ways(protocol: Protocol, found: StudyAnalysis) -> Iterator[Result]:
    for row in found.other_ways:
        named = (protocol.primary.instrument, protocol.primary.visit, row.arm, row.way)
        yield _estimated("other ways", named, row.difference, people=row.people, model=row.model, note=row.note)


def _subgroups(protocol: Protocol, found: StudyAnalysis) -> Iterator[Result]:
    at = (protocol.primary.instrument, protocol.primary.visit)
    told = set()
    for row in found.subgroups:
        note = f"{row.left_out} left out" if row.left_out else ""
        yield _estimated("subgroups", (*at, row.arm, row.level), row.difference, note=note)
        if (row.moderator, row.arm) not in told:
            told.add((row.moderator, row.arm))
            named = (*at, row.arm, f"interaction with {row.moderator}")
            yield _row("subgroups", named, None, p=_known(row.interaction_p), note=note)


def _notes(fallbacks: Iterable[Fallback]) -> str:
    return "; ".join(map(str, fallbacks))


def _ids(protocol: Protocol) -> tuple[dict[str, str], dict[str, str]]:
    """Return the ids of visits and of arms by their titles."""
    return {one.title: one.id for one in protocol.visit}, {one.title: one.id for one in protocol.arm}
