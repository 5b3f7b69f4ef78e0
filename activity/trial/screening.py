"""Whether somebody may take part: each criterion of the protocol held against what is known."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from activity.questionnaires.answers import Answer
from activity.questionnaires.eligibility import Eligibility
from activity.trial.protocol import Criterion, Protocol


@dataclass(frozen=True, slots=True)
class Screened:
    """What is known of somebody who is thought of for the trial."""

    on: date  #: local day of the answers to the screening
    answers: Mapping[str, Answer]  #: to the questions of the screening
    scores: Mapping[str, float | None]  #: of instruments; one that isn't there wasn't answered
    eligibility: Eligibility | None = None  #: answers to the form on exclusions


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of the criteria, by their ids, in the order of the protocol."""

    unmet: tuple[str, ...]
    open: tuple[str, ...]  #: can't be told yet

    @property
    def eligible(self) -> bool:
        """Return whether all are known and met."""
        return not self.unmet and not self.open


def judge(protocol: Protocol, known: Screened) -> Verdict:
    """Return which criteria aren't met and which can't be told yet."""
    met = {one.id: _met(one, known) for one in protocol.criterion}
    return Verdict(
        tuple(name for name, holds in met.items() if holds is False),
        tuple(name for name, holds in met.items() if holds is None),
    )


def stratum_of(protocol: Protocol, answers: Mapping[str, Answer]) -> tuple[tuple[str, str], ...] | None:
    """Return the level of each factor, in the order of the protocol; None where one isn't known."""
    levels = [(factor, answers.get(factor)) for factor in protocol.randomisation.strata]
    known = tuple((factor, level) for factor, level in levels if isinstance(level, str))
    return known if len(known) == len(levels) else None


def _met(one: Criterion, known: Screened) -> bool | None:
    if one.form is not None:
        return _form_met(known.eligibility)
    value = known.scores.get(one.instrument) if one.instrument else known.answers.get(one.question or "")
    if value is None:
        return None
    if one.wanted is not None:
        return value is one.wanted
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return (one.at_least is None or value >= one.at_least) and (one.at_most is None or value <= one.at_most)


def _form_met(found: Eligibility | None) -> bool | None:
    if found is None:
        return None
    if found.kept_out:
        return False
    return None if found.open else True
