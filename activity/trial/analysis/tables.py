"""The table of outcomes as values, as text and as HTML; every row names its model and what it fell back on."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from html import escape
from typing import Final

import numpy as np

from activity.trial.analysis.binary import MODEL as BINARY_MODEL
from activity.trial.analysis.binary import BinaryFit, NumberNeeded
from activity.trial.analysis.clda import MODEL as CLDA_MODEL
from activity.trial.analysis.clda import LongitudinalFit
from activity.trial.analysis.estimate import Estimate, Fallback
from activity.trial.analysis.table import OutcomeTable


@dataclass(frozen=True, slots=True)
class Cell:
    """What was seen of one arm at one visit; with nobody or one person seen, mean or spread are None."""

    arm: str
    seen: int
    mean: float | None
    sd: float | None
    adjusted: Estimate


@dataclass(frozen=True, slots=True)
class MeanRow:
    """One continuous outcome at one visit: an arm against the reference."""

    outcome: str
    visit: str
    reference: Cell
    arm: Cell
    difference: Estimate | None  #: None at the baseline, where the model gives the arms one mean
    model: str
    fallbacks: tuple[Fallback, ...]


@dataclass(frozen=True, slots=True)
class ShareRow:
    """One yes-or-no outcome at one visit: an arm against the reference."""

    outcome: str
    visit: str
    arm: str
    reference_counts: tuple[int, int]  #: successes, seen
    counts: tuple[int, int]
    risk_difference: Estimate
    odds_ratio: Estimate  #: NaN if the data are separated
    needed: NumberNeeded
    model: str
    fallbacks: tuple[Fallback, ...]


HEADINGS: Final = ("Outcome", "Visit", "Reference", "Treated", "Difference (95 % CI)", "p", "Model")


def mean_rows(outcome: str, fit: LongitudinalFit, arm: str) -> tuple[MeanRow, ...]:
    """Return a row for each visit, the baseline first."""
    table = fit.table
    model = f"{CLDA_MODEL}, {fit.structure} covariance, {fit.likelihood}, {fit.degrees}"
    return tuple(
        MeanRow(
            outcome=outcome,
            visit=visit,
            reference=_cell(table, fit, table.arms[0], visit),
            arm=_cell(table, fit, arm, visit),
            difference=fit.difference(arm, visit) if index else None,
            model=model,
            fallbacks=fit.fallbacks,
        )
        for index, visit in enumerate(table.visits)
    )


def share_rows(outcome: str, fit: BinaryFit, arm: str) -> tuple[ShareRow, ...]:
    """Return a row for each visit after the baseline."""
    model = "crude shares" if fit.separated else f"{BINARY_MODEL}, {fit.working} working correlation, robust errors"
    return tuple(
        ShareRow(
            outcome=outcome,
            visit=visit,
            arm=arm,
            reference_counts=fit.counts(fit.table.arms[0], visit),
            counts=fit.counts(arm, visit),
            risk_difference=fit.risk_difference(arm, visit),
            odds_ratio=fit.odds_ratio(arm, visit),
            needed=fit.number_needed(arm, visit),
            model=model,
            fallbacks=fit.fallbacks,
        )
        for visit in fit.table.visits[1:]
    )


def as_text(rows: Sequence[MeanRow | ShareRow]) -> str:
    """Return the rows in columns of fixed width, headings first."""
    lines = [HEADINGS, *(_words(row) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEADINGS))]
    padded = ("  ".join(word.ljust(width) for word, width in zip(line, widths, strict=True)) for line in lines)
    return "\n".join(line.rstrip() for line in padded) + "\n"


def as_html(rows: Sequence[MeanRow | ShareRow], caption: str) -> str:
    """Return the rows as a ``table`` element without style."""
    head = "".join(f'<th scope="col">{escape(word)}</th>' for word in HEADINGS)
    body = "\n".join(_html_row(_words(row)) for row in rows)
    return (
        f"<table>\n<caption>{escape(caption)}</caption>\n<thead><tr>{head}</tr></thead>\n"
        f"<tbody>\n{body}\n</tbody>\n</table>\n"
    )


def interval(found: Estimate, digits: int = 2) -> str:
    """Return a value with its interval in words; what isn't known says so."""
    if np.isnan(found.value):
        return "not estimable"
    return f"{found.value:.{digits}f} ({found.low:.{digits}f} to {found.high:.{digits}f})"


def p_value(p: float) -> str:
    """Return p with three decimals, never as zero."""
    if np.isnan(p):
        return "-"
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def _cell(table: OutcomeTable, fit: LongitudinalFit, arm: str, visit: str) -> Cell:
    values = table.values[table.arm == table.arm_index(arm), table.visit(visit)]
    values = values[~np.isnan(values)]
    return Cell(
        arm=arm,
        seen=values.size,
        mean=float(values.mean()) if values.size else None,
        sd=float(values.std(ddof=1)) if values.size > 1 else None,
        adjusted=fit.mean(arm, visit),
    )


def _words(row: MeanRow | ShareRow) -> tuple[str, ...]:
    model = "; ".join([row.model, *map(str, row.fallbacks)])
    if isinstance(row, MeanRow):
        difference = interval(row.difference) if row.difference else "one mean by design"
        p = p_value(row.difference.p) if row.difference else "-"
        return row.outcome, row.visit, _mean_words(row.reference), _mean_words(row.arm), difference, p, model
    risk = row.risk_difference
    points = replace(risk, value=100 * risk.value, low=100 * risk.low, high=100 * risk.high)
    difference = f"{interval(points, 1)} points; odds ratio {interval(row.odds_ratio)}; needed to treat {row.needed}"
    counts = _count_words(row.reference_counts), _count_words(row.counts)
    return row.outcome, row.visit, *counts, difference, p_value(risk.p), model


def _mean_words(cell: Cell) -> str:
    spread = "" if cell.sd is None else f" ({cell.sd:.1f})"
    crude = "nobody seen" if cell.mean is None else f"{cell.mean:.1f}{spread}"
    return f"{cell.arm}: n {cell.seen}, {crude}, adjusted {cell.adjusted.value:.1f}"


def _count_words(counts: tuple[int, int]) -> str:
    successes, seen = counts
    return f"{successes} of {seen} ({100 * successes / seen:.0f} %)"


def _html_row(words: tuple[str, ...]) -> str:
    first, *others = words
    return (
        f'<tr><th scope="row">{escape(first)}</th>' + "".join(f"<td>{escape(word)}</td>" for word in others) + "</tr>"
    )
