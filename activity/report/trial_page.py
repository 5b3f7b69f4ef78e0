"""The page of a trial: who took part, what came of it and how far that leans on what is missing, as one HTML file.

Each figure carries the name of its row in ``results.csv``, which says on how many people and which model it rests.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Final

from markupsafe import Markup

from activity.questionnaires.instrument import instruments
from activity.report.frame import environment, style
from activity.report.trial_charts import Courses, Forest, Point, courses, forest
from activity.report.wording import decimal, minus, share_of
from activity.trial.analysis.background import BackgroundCell, BackgroundRow, UseCell
from activity.trial.analysis.estimate import Estimate, Fallback
from activity.trial.analysis.results import result_id
from activity.trial.analysis.study import StudyAnalysis, primary_row
from activity.trial.analysis.tables import Cell, MeanRow, ShareRow, interval, p_value
from activity.trial.consort import Flow, flow_text
from activity.trial.flow_diagram import flow_diagram
from activity.trial.protocol import Protocol
from activity.trial.published_table import Beside

NO_FIGURE: Final = "–"


@dataclass(frozen=True, slots=True)
class Harms:
    """What went wrong in one arm, as it is shown."""

    arm: str
    told: str


@dataclass(frozen=True, slots=True)
class TrialData:
    """What the page shows; all of it was computed before."""

    protocol: Protocol
    flow: Flow
    analysis: StudyAnalysis
    harms: tuple[Harms, ...]
    published: tuple[Beside, ...]
    provenance: tuple[tuple[str, str], ...]
    intended_use: str


@dataclass(frozen=True, slots=True)
class Figure:
    """Text of a cell, and the name of the row that it stands for."""

    text: str
    id: str = ""

    @property
    def shown(self) -> str:
        """The text with minus signs instead of hyphens before numbers."""
        return minus(self.text)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a table: its head, and its cells."""

    head: str
    cells: tuple[Figure, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """One outcome, or one part of table 1."""

    title: str
    note: str
    headings: tuple[str, ...]
    lines: tuple[Line, ...]
    models: tuple[str, ...] = ()


def render_trial(data: TrialData) -> str:
    """Return the page; the same data give the same text."""
    look = style("page.css", "model.css", "trial.css")
    found = data.analysis
    html: str = (
        environment()
        .get_template("trial.html")
        .render(
            data=data,
            protocol=data.protocol,
            answer=answer_lines(data.protocol, found),
            diagram=Markup(flow_diagram(data.flow).replace("<svg ", '<svg class="flow" ', 1)),  # noqa: S704 - escaped there
            flow_text=flow_text(data.flow),
            background=background_table(data.protocol, found),
            use=use_table(data.protocol, found),
            means=mean_tables(data.protocol, found.means),
            shares=share_tables(data.protocol, found.shares),
            courses=course_figure(data.protocol, found),
            forest=forest_figure(data.protocol, found),
            ways=way_table(data.protocol, found),
            subgroups=subgroup_table(data.protocol, found),
            fallbacks=all_fallbacks(found),
            style=look.sheet,
            policy=look.policy,
        )
    )
    return html


def answer_lines(protocol: Protocol, found: StudyAnalysis) -> tuple[Figure, ...]:
    """Return the primary result of each arm in a sentence."""
    lines = []
    for arm in protocol.arm[1:]:
        row = primary_row(protocol, found, arm)
        if row is None or row.difference is None:
            lines.append(Figure(f"{arm.title}: the primary difference couldn’t be estimated; the reason is below."))
            continue
        name = instruments()[row.outcome].title
        id_ = result_id("means", row.outcome, protocol.primary.visit, arm.id, "difference")
        said = (
            f"{arm.title} against {protocol.arm[0].title}, {name} at {row.visit}: difference "
            f"{interval(row.difference)}, p {p_value(row.difference.p)}. {favours(row, protocol)}"
        )
        lines.append(Figure(said, id_))
    return tuple(lines)


def favours(row: MeanRow, protocol: Protocol) -> str:
    """Return whom a difference favours, and whether its interval holds none."""
    if row.difference is None:
        return ""
    lower = instruments()[row.outcome].better == "lower"
    arm = row.arm.arm if (row.difference.value < 0) == lower else protocol.arm[0].title
    if row.difference.low <= 0 <= row.difference.high:
        return f"It points towards {arm}, and its interval holds no difference at all."
    return f"It favours {arm}."


def background_table(protocol: Protocol, found: StudyAnalysis) -> Table:
    """Return table 1."""
    counts = dict(found.people)
    headings = ("what", *(f"{arm.title}, n {counts[arm.id]}" for arm in protocol.arm))
    lines = [
        Line(row.title, tuple(_background_figure(row, cell) for cell in row.cells)) for row in found.background
    ]  # fmt: skip
    note = "Mean and standard deviation, or how many. Differences aren’t tested: chance made them."
    return Table("Who they were", note, headings, tuple(lines))


def use_table(protocol: Protocol, found: StudyAnalysis) -> Table:
    """Return what was used in the arms that are given something."""
    arms = [arm for arm in protocol.arm if arm.received_with]
    lines = [Line(row.title, tuple(_use_figure(row.what, cell) for cell in row.cells)) for row in found.use]
    note = f"Median and quartiles, in the {protocol.dose.weeks} weeks after randomisation"
    return Table("What they used", note, ("what", *(arm.title for arm in arms)), tuple(lines) if arms else ())


def mean_tables(protocol: Protocol, rows: Sequence[MeanRow]) -> tuple[Table, ...]:
    """Return a table for each continuous outcome: its visits, one arm after the other."""
    found = []
    visits = {one.title: one.id for one in protocol.visit}
    arms = {one.title: one.id for one in protocol.arm}
    for name, mine in groupby(rows, key=lambda row: row.outcome):
        outcome = tuple(mine)
        several = len(protocol.arm) > 2
        lines = [
            Line(
                f"{row.visit}, {row.arm.arm}" if several else row.visit,
                (
                    *_mean_figures(row.reference, (name, visits[row.visit], arms[row.reference.arm])),
                    *_mean_figures(row.arm, (name, visits[row.visit], arms[row.arm.arm])),
                    *_difference_figures(row.difference, (name, visits[row.visit], arms[row.arm.arm])),
                ),
            )
            for row in outcome
        ]
        one = instruments()[name]
        primary = "the primary outcome; " if name == protocol.primary.instrument else ""
        low = NO_FIGURE if one.score_low is None else f"{one.score_low:g}"
        note = f"{primary}from {low} to {one.score_high:g}, {one.better} is better"
        treated = "the arm" if several else protocol.arm[1].title
        headings = (
            "visit", f"{protocol.arm[0].title}: n", "mean (SD)", f"{treated}: n", "mean (SD)",
            "adjusted difference (95 % CI)", "p",
        )  # fmt: skip
        found.append(Table(one.title, note, headings, tuple(lines), _models(outcome)))
    return tuple(found)


def share_tables(protocol: Protocol, rows: Sequence[ShareRow]) -> tuple[Table, ...]:
    """Return a table for each yes-or-no outcome."""
    found = []
    visits = {one.title: one.id for one in protocol.visit}
    arms = {one.title: one.id for one in protocol.arm}
    for name, mine in groupby(rows, key=lambda row: row.outcome):
        outcome = tuple(mine)
        several = len(protocol.arm) > 2
        lines = []
        for row in outcome:
            reference, named = (name, visits[row.visit], protocol.arm[0].id), (name, visits[row.visit], arms[row.arm])
            lines.append(
                Line(
                    f"{row.visit}, {row.arm}" if several else row.visit,
                    (
                        _count_figure(row.reference_counts, reference),
                        _count_figure(row.counts, named),
                        Figure(
                            f"{interval(_percent(row.risk_difference), 1)} points",
                            _id("shares", named, "risk difference"),
                        ),
                        Figure(interval(row.odds_ratio), _id("shares", named, "odds ratio")),
                        Figure(str(row.needed), _id("shares", named, "number needed")),
                        Figure(p_value(row.risk_difference.p)),
                    ),
                )
            )
        treated = "the arm" if several else protocol.arm[1].title
        headings = (
            "visit", protocol.arm[0].title, treated, "difference of risk (95 % CI)", "odds ratio (95 % CI)",
            "number needed to treat", "p",
        )  # fmt: skip
        found.append(Table(_share_title(name), _share_note(protocol, name), headings, tuple(lines), _models(outcome)))
    return tuple(found)


def course_figure(protocol: Protocol, found: StudyAnalysis) -> Courses | None:
    """Return the primary outcome's adjusted means by visit and arm; None where there are none."""
    rows = [row for row in found.means if row.outcome == protocol.primary.instrument]
    if not rows:
        return None
    visits = tuple(dict.fromkeys(row.visit for row in rows))
    cells: dict[tuple[str, str], Cell] = {}
    for row in rows:
        cells[row.reference.arm, row.visit] = row.reference
        cells[row.arm.arm, row.visit] = row.arm
    arms = [
        (arm.title, [_cell_point(cells.get((arm.title, visit)), visit) for visit in visits]) for arm in protocol.arm
    ]  # fmt: skip
    return courses(visits, arms)


def forest_figure(protocol: Protocol, found: StudyAnalysis) -> Forest | None:
    """Return the primary difference as planned, by other ways and in subgroups; None where there is none."""
    parts: list[tuple[str, list[Point]]] = []
    for arm in protocol.arm[1:]:
        row = primary_row(protocol, found, arm)
        several = f"{arm.title}: " if len(protocol.arm) > 2 else ""
        planned = [_point("As planned", row.difference)] if row and row.difference else []
        ways = [_point(_short(one.way), one.difference) for one in found.other_ways if one.arm == arm.id]
        parts.append((f"{several}everybody", [*planned, *ways]))
        mine = [one for one in found.subgroups if one.arm == arm.id]
        for name, rows in groupby(mine, key=lambda one: one.moderator):
            levels = list(rows)
            p = p_value(levels[0].interaction_p)
            parts.append(
                (f"{several}{name}, interaction p {p}", [_point(_level(one.level), one.difference) for one in levels])
            )
    kept = [(title, points) for title, points in parts if points]
    return forest(kept) if kept else None


def way_table(protocol: Protocol, found: StudyAnalysis) -> Table:
    """Return the primary difference by other ways."""
    at = (protocol.primary.instrument, protocol.primary.visit)
    lines = [
        Line(
            row.way if len(protocol.arm) == 2 else f"{row.way}, {protocol.arm_title(row.arm)}",
            (
                Figure(interval(row.difference), _id("other ways", (*at, row.arm), row.way)),
                Figure(p_value(row.difference.p)),
                Figure(str(row.people)),
                Figure("; ".join(part for part in (row.model, row.note) if part)),
            ),
        )
        for row in found.other_ways
    ]
    headings = ("way", "difference (95 % CI)", "p", "people", "how")
    return Table("How far it leans on what is missing", "", headings, tuple(lines))


def subgroup_table(protocol: Protocol, found: StudyAnalysis) -> Table:
    """Return the primary difference in subgroups, with the test of the interaction."""
    at = (protocol.primary.instrument, protocol.primary.visit)
    lines = [
        Line(
            _level(row.level) + ("" if len(protocol.arm) == 2 else f", {protocol.arm_title(row.arm)}"),
            (
                Figure(interval(row.difference), _id("subgroups", (*at, row.arm), row.level)),
                Figure(
                    p_value(row.interaction_p), _id("subgroups", (*at, row.arm), f"interaction with {row.moderator}")
                ),
                Figure(str(row.left_out)),
            ),
        )
        for row in found.subgroups
    ]
    headings = ("people", "difference (95 % CI)", "interaction p", "people left out")
    return Table("Is it another one in other people?", "", headings, tuple(lines))


def all_fallbacks(found: StudyAnalysis) -> tuple[tuple[str, Fallback], ...]:
    """Return every step down that a model took, each once with the outcome."""
    every: tuple[MeanRow | ShareRow, ...] = (*found.means, *found.shares)
    rows = [(row.outcome, fallback) for row in every for fallback in row.fallbacks]
    return tuple(dict.fromkeys(rows))


def figure_ids(page: str) -> tuple[str, ...]:
    """Return the names of figures that stand in a page, in order."""
    return tuple(part.split('"', 1)[0] for part in page.split('data-row="')[1:])


def _background_figure(row: BackgroundRow, cell: BackgroundCell) -> Figure:
    what = f"{row.what}={row.level}" if row.level else row.what
    missing = f", {cell.missing} not known" if cell.missing and cell.people else ""
    if cell.count is not None:
        share = f" ({share_of(cell.count / cell.people)})" if cell.people else ""
        return Figure(f"{cell.count}{share}{missing}", result_id("background", what, "", cell.arm, "count"))
    if cell.mean is None:
        return Figure("not known", result_id("background", what, "", cell.arm, "mean"))
    spread = "" if cell.sd is None else f" ({decimal(cell.sd)})"
    return Figure(f"{decimal(cell.mean)}{spread}{missing}", result_id("background", what, "", cell.arm, "mean"))


def _use_figure(what: str, cell: UseCell) -> Figure:
    id_ = result_id("use", what, "", cell.arm, "median")
    if cell.median is None:
        return Figure("not known", id_)
    spread = "" if cell.low is None or cell.high is None else f" ({cell.low:g} to {cell.high:g})"
    return Figure(f"{cell.median:g}{spread}, of {cell.people}", id_)


def _mean_figures(cell: Cell, named: tuple[str, str, str]) -> tuple[Figure, Figure]:
    spread = "" if cell.sd is None else f" ({decimal(cell.sd)})"
    mean = NO_FIGURE if cell.mean is None else f"{decimal(cell.mean)}{spread}"
    return Figure(str(cell.seen), _id("means", named, "seen")), Figure(mean, _id("means", named, "mean"))


def _difference_figures(found: Estimate | None, named: tuple[str, str, str]) -> tuple[Figure, Figure]:
    if found is None:
        return Figure("one mean by design"), Figure(NO_FIGURE)
    id_ = _id("means", named, "difference")
    return Figure(interval(found), id_), Figure(p_value(found.p))


def _count_figure(counts: tuple[int, int], named: tuple[str, str, str]) -> Figure:
    successes, seen = counts
    return Figure(f"{successes} of {seen} ({share_of(successes / seen)})", _id("shares", named, "successes"))


def _id(part: str, named: tuple[str, str, str], quantity: str) -> str:
    return result_id(part, *named, quantity)


def _percent(found: Estimate) -> Estimate:
    return replace(found, value=100 * found.value, low=100 * found.low, high=100 * found.high)


def _models(rows: Sequence[MeanRow | ShareRow]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(row.model for row in rows))


def _share_title(name: str) -> str:
    instrument, _, kind = name.partition(": ")
    return f"{instruments()[instrument].title}: {kind}"


def _share_note(protocol: Protocol, name: str) -> str:
    instrument, _, kind = name.partition(": ")
    if kind == "responders":
        return f"better by {protocol.primary.responder_points:g} points or more since the baseline"
    least = next(one.improved_from for one in protocol.secondary if one.instrument == instrument)
    return f"{least:g} or {'more' if instruments()[instrument].better == 'higher' else 'less'}"


def _cell_point(cell: Cell | None, visit: str) -> Point | None:
    return None if cell is None else _point(visit, cell.adjusted)


def _point(label: str, found: Estimate) -> Point:
    return Point(label, found.value, found.low, found.high)


def _short(way: str) -> str:
    return way if len(way) < 44 else f"{way[:42].rstrip()}…"


def _level(level: str) -> str:
    return level.replace("=", ": ")
