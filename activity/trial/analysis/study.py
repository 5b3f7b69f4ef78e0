"""The whole analysis that a protocol lays down, of everybody as randomised; what couldn't be done stands beside it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from activity.errors import TrialDataError
from activity.questionnaires.instrument import Combine, instruments
from activity.trial.analysis.background import BackgroundRow, UseRow, background, use
from activity.trial.analysis.binary import responders
from activity.trial.analysis.prepared import fitted_means, fitted_shares
from activity.trial.analysis.primary import WAYS, OtherWay, SubgroupRow, moderated, primary_visit
from activity.trial.analysis.table import OutcomeTable
from activity.trial.analysis.tables import MeanRow, ShareRow, mean_rows, share_rows
from activity.trial.outcomes import Subject, outcome_values
from activity.trial.protocol import Arm, Protocol

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class NotDone:
    """A part of the analysis that there isn't, and why."""

    what: str
    why: str


@dataclass(frozen=True, slots=True)
class StudyAnalysis:
    """Everything that is reported."""

    people: tuple[tuple[str, int], ...]  #: of each arm, as randomised
    background: tuple[BackgroundRow, ...]
    use: tuple[UseRow, ...]
    means: tuple[MeanRow, ...]  #: the primary outcome first
    shares: tuple[ShareRow, ...]  #: the responders first
    other_ways: tuple[OtherWay, ...]
    subgroups: tuple[SubgroupRow, ...]
    not_done: tuple[NotDone, ...]


def analyse_study(protocol: Protocol, people: Sequence[Subject], seed: int) -> StudyAnalysis:
    """Return the analysis; the same people and seed give the same figures. `TrialDataError` where nobody is there."""
    if not people:
        raise TrialDataError("nobody was randomised", protocol.id, "people in each arm")
    notes = _Notes()
    named = instruments()
    outcomes = dict.fromkeys((protocol.primary.instrument, *(one.instrument for one in protocol.secondary)))
    means = [
        row for name in outcomes for row in notes.tried(named[name].title, partial(_means, protocol, people, name))
    ]
    shares = list(notes.tried("Responders", partial(_responders, protocol, people)))
    for one in protocol.secondary:
        if one.improved_from is not None:
            make = partial(_improved, protocol, people, one.instrument, one.improved_from)
            shares += notes.tried(f"{named[one.instrument].title}: improved", make)
    ways: list[OtherWay] = []
    for arm in protocol.arm[1:]:
        for title, way in WAYS:
            ways += notes.tried(f"{title}, {arm.title}", partial(way, protocol, people, arm, seed))
    subgroups: list[SubgroupRow] = []
    for name in protocol.analysis.subgroups:
        for arm in protocol.arm[1:]:
            subgroups += notes.tried(
                f"Subgroups by {name}, {arm.title}", partial(moderated, protocol, people, name, arm)
            )
    return StudyAnalysis(
        people=tuple((arm.id, sum(one.arm == arm.id for one in people)) for arm in protocol.arm),
        background=background(protocol, people),
        use=use(protocol, people),
        means=tuple(means),
        shares=tuple(shares),
        other_ways=tuple(ways),
        subgroups=tuple(subgroups),
        not_done=tuple(notes.not_done),
    )


def primary_row(protocol: Protocol, found: StudyAnalysis, arm: Arm) -> MeanRow | None:
    """Return the row of an arm at the primary visit; None where it couldn't be estimated."""
    wanted = (protocol.primary.instrument, primary_visit(protocol), arm.title)
    return next((row for row in found.means if (row.outcome, row.visit, row.arm.arm) == wanted), None)


class _Notes:
    """What couldn't be done, as it comes up."""

    def __init__(self) -> None:
        self.not_done: list[NotDone] = []

    def tried(self, what: str, make: Callable[[], tuple[Row, ...]]) -> tuple[Row, ...]:
        """Return what is made; nothing, and the reason noted, where it can't be."""
        try:
            return make()
        except TrialDataError as error:
            place = f" ({error.where})" if error.where else ""
            self.not_done.append(NotDone(what, f"{error.what}{place}"))
        except np.linalg.LinAlgError as error:
            self.not_done.append(NotDone(what, f"its equations have no single solution ({error})"))
        return ()


def _means(protocol: Protocol, people: Sequence[Subject], name: str) -> tuple[MeanRow, ...]:
    values = outcome_values(protocol, people, name)
    if np.isnan(values).all() and instruments()[name].combine is Combine.VALUE_SET:
        raise TrialDataError("no value set of a country was given", "--value-set FILE", "one of the country's")
    judged = any(one.instrument == name and one.improved_from is not None for one in protocol.secondary)
    if judged and np.isnan(values[:, 0]).all():
        return ()  # a judgement of change has no baseline: it is analysed as shares
    fit = fitted_means(protocol, people, values)
    return tuple(row for arm in protocol.arm[1:] for row in mean_rows(name, fit, arm.title))


def _responders(protocol: Protocol, people: Sequence[Subject]) -> tuple[ShareRow, ...]:
    name = protocol.primary.instrument
    sign = 1.0 if instruments()[name].better == "lower" else -1.0
    values = outcome_values(protocol, people, name)

    def success(table: OutcomeTable) -> NDArray[np.float64]:
        return responders(table.with_values(sign * table.values), protocol.primary.responder_points)

    fit = fitted_shares(protocol, people, values, success)
    return tuple(row for arm in protocol.arm[1:] for row in share_rows(f"{name}: responders", fit, arm.title))


def _improved(protocol: Protocol, people: Sequence[Subject], name: str, least: float) -> tuple[ShareRow, ...]:
    """Return the shares that count as improved, adjusted for the primary outcome's baseline where there is no own."""
    values = outcome_values(protocol, people, name)
    if np.isnan(values[:, 0]).all():
        values[:, 0] = outcome_values(protocol, people, protocol.primary.instrument)[:, 0]
    sign = 1.0 if instruments()[name].better == "higher" else -1.0

    def success(table: OutcomeTable) -> NDArray[np.float64]:
        after = table.values[:, 1:]
        return np.where(np.isnan(after), np.nan, (sign * after >= sign * least).astype(np.float64))

    fit = fitted_shares(protocol, people, values, success)
    return tuple(row for arm in protocol.arm[1:] for row in share_rows(f"{name}: improved", fit, arm.title))
