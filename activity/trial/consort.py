"""Who came how far, as the CONSORT statement asks for it: enrolment, allocation, follow-up and analysis.

Schulz, Altman, Moher, BMJ 2010;340:c332, figure 1 and items 13a, 13b and 16. Everybody stands in one place at each
stage, so that the counts of a stage add up to those of the one before.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from activity.trial.protocol import Arm, Protocol, Visit
from activity.trial.visits import State

#: States of a visit in which nothing is to come any more.
_OVER: Final = frozenset({State.MISSED, State.PARTIAL, State.DONE, State.DONE_LATE})
NO_REASON: Final = "no reason given"


@dataclass(frozen=True, slots=True)
class Course:
    """How far one person came."""

    unmet: tuple[str, ...] = ()  #: criteria, in the order of the protocol
    open: tuple[str, ...] = ()
    agreed: bool | None = None
    arm: str = ""  #: empty where they weren't randomised
    received: bool | None = None  #: what their arm is given; None where there is nothing to receive
    left: str | None = None  #: why they gave up the treatment
    visits: Mapping[str, State] = field(default_factory=dict)
    observed: frozenset[str] = frozenset()  #: visits at which the primary outcome was


@dataclass(frozen=True, slots=True)
class FollowUp:
    """How many of an arm there are of each kind at one visit; they add up to those who weren't erased."""

    visit: str
    title: str
    observed: int  #: with the primary outcome
    lost: int  #: it is over, without the primary outcome
    stopped: int  #: don't want to be asked any more
    waiting: int  #: still to come, or open


@dataclass(frozen=True, slots=True)
class ArmFlow:
    """One arm."""

    id: str
    title: str
    allocated: int
    erased: int  #: of them, whose data were erased at their wish
    received: int | None  #: None where there is nothing to receive
    not_received: int | None
    left: tuple[tuple[str, int], ...]  #: gave up the treatment, by reason
    follow_up: tuple[FollowUp, ...]
    analysed: int  #: with the primary outcome at the primary visit


@dataclass(frozen=True, slots=True)
class Flow:
    """The whole trial."""

    title: str
    primary: str  #: title of the primary visit
    assessed: int
    excluded: tuple[tuple[str, int], ...]  #: by the first reason that holds
    waiting: int  #: not yet known, not yet agreed, or not yet randomised
    randomised: int
    arms: tuple[ArmFlow, ...]

    @property
    def excluded_people(self) -> int:
        """Return how many were excluded."""
        return sum(number for _, number in self.excluded)


def flow(protocol: Protocol, courses: Iterable[Course], erased: Mapping[str, int]) -> Flow:
    """Return the counts of everybody who was screened; ``erased`` of each arm how many took a place and are gone."""
    people = list(courses)
    outside = [one for one in people if not one.arm]
    reasons = Counter(_reason(one) for one in outside)
    waiting = reasons.pop("", 0)
    order = [one.id for one in protocol.criterion] + [_DECLINED]
    texts = {one.id: f"not met: {one.text}" for one in protocol.criterion} | {_DECLINED: "declined to take part"}
    arms = tuple(_arm(protocol, arm, [one for one in people if one.arm == arm.id], erased) for arm in protocol.arm)
    gone = sum(erased.values())
    return Flow(
        title=protocol.title,
        primary=next(one.title for one in protocol.visit if one.id == protocol.primary.visit),
        assessed=len(people) + gone,
        excluded=tuple((texts[name], reasons[name]) for name in order if reasons[name]),
        waiting=waiting,
        randomised=len(people) - len(outside) + gone,
        arms=arms,
    )


def flow_rows(found: Flow) -> list[dict[str, str | int]]:
    """Return every count as a row: stage, arm, what is counted, and how many people."""
    rows: list[tuple[str, str, str, int]] = [("enrolment", "", "assessed for eligibility", found.assessed)]
    rows += [("enrolment", "", text, number) for text, number in found.excluded]
    rows += [("enrolment", "", "not yet randomised", found.waiting), ("enrolment", "", "randomised", found.randomised)]
    for arm in found.arms:
        counts = [("allocation", "allocated", arm.allocated), ("allocation", "data erased at their wish", arm.erased)]
        if arm.received is not None and arm.not_received is not None:
            counts += [
                ("allocation", "received it", arm.received),
                ("allocation", "did not receive it", arm.not_received),
            ]
        for one in arm.follow_up:
            kinds = (("observed", one.observed), ("lost", one.lost), ("stopped", one.stopped), ("to come", one.waiting))
            counts += [("follow-up", f"{one.visit}: {kind}", number) for kind, number in kinds]
        counts += [("follow-up", f"gave up the treatment, {reason}", number) for reason, number in arm.left]
        counts += [("analysis", f"with the primary outcome at {found.primary}", arm.analysed)]
        rows += [(stage, arm.id, what, number) for stage, what, number in counts]
    return [{"stage": stage, "arm": arm, "what": what, "people": number} for stage, arm, what, number in rows]


def flow_text(found: Flow) -> str:
    """Return the counts as lines of text, for people who don't see the drawing."""
    lines = [f"Assessed for eligibility: {found.assessed}", f"Excluded: {found.excluded_people}"]
    lines += [f"  {text}: {number}" for text, number in found.excluded]
    lines += [f"Not yet randomised: {found.waiting}", f"Randomised: {found.randomised}"]
    for arm in found.arms:
        lines += [f"{arm.title}", *(f"  {line}" for stage in arm_lines(arm, found.primary) for line in stage)]
    return "\n".join(lines)


def arm_lines(arm: ArmFlow, primary: str) -> tuple[tuple[str, ...], ...]:
    """Return what is said of an arm at allocation, in follow-up and in analysis; each stage is never empty."""
    allocated = [f"Allocated: {arm.allocated}"]
    if arm.received is not None:
        allocated += [f"Received it: {arm.received}", f"Did not receive it: {arm.not_received}"]
    if arm.erased:
        allocated.append(f"Data erased at their wish: {arm.erased}")
    follow_up = [_follow_up_line(one) for one in arm.follow_up]
    follow_up += [f"Gave up the treatment, {reason}: {number}" for reason, number in arm.left]
    analysed = [
        f"Randomised, and analysed as randomised: {arm.allocated - arm.erased}",
        f"With the primary outcome at {primary}: {arm.analysed}",
    ]
    return tuple(allocated), tuple(follow_up), tuple(analysed)


_DECLINED: Final = "declined"


def _reason(one: Course) -> str:
    """Return why somebody was excluded: the first criterion that they don't meet, or that they declined."""
    if one.unmet:
        return one.unmet[0]
    return _DECLINED if one.agreed is False else ""


def _arm(protocol: Protocol, arm: Arm, people: list[Course], erased: Mapping[str, int]) -> ArmFlow:
    received = sum(one.received is True for one in people) if arm.received_with else None
    left = Counter(one.left or NO_REASON for one in people if one.left is not None)
    return ArmFlow(
        id=arm.id,
        title=arm.title,
        allocated=len(people) + erased.get(arm.id, 0),
        erased=erased.get(arm.id, 0),
        received=received,
        not_received=None if received is None else len(people) - received,
        left=tuple(sorted(left.items(), key=lambda item: (-item[1], item[0]))),
        follow_up=tuple(_follow_up(visit, people) for visit in protocol.visit[1:]),
        analysed=sum(protocol.primary.visit in one.observed for one in people),
    )


def _follow_up(visit: Visit, people: list[Course]) -> FollowUp:
    observed = [one for one in people if visit.id in one.observed]
    rest = [one.visits[visit.id] for one in people if visit.id not in one.observed]
    lost, stopped = sum(state in _OVER for state in rest), sum(state is State.STOPPED for state in rest)
    return FollowUp(visit.id, visit.title, len(observed), lost, stopped, len(rest) - lost - stopped)


def _follow_up_line(one: FollowUp) -> str:
    kinds = (("lost", one.lost), ("stopped", one.stopped), ("to come", one.waiting))
    rest = ", ".join(f"{number} {kind}" for kind, number in kinds if number)
    return f"{one.title}: {one.observed} observed" + (f", {rest}" if rest else "")
