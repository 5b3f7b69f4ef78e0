"""A made-up flow of a trial, the size of the published one, for the drawing and its golden file."""

from activity.trial.consort import Course, Flow, flow
from activity.trial.protocol import load_protocol
from activity.trial.visits import State

STUDY = load_protocol()


def course(number: int) -> Course:
    """One of 560 people, by arithmetic: every kind of course comes up, and nothing is drawn."""
    if number % 6 == 5:
        unmet = [(), ("adult",), ("care", "disability"), ("disability",), ("exclusions",), ()][number // 6 % 6]
        agreed = None if unmet or number // 6 % 12 == 0 else False
        return Course(unmet=unmet, agreed=agreed)
    arm = STUDY.arm[number // 7 % 2]
    observed, visits = {"baseline"}, {"baseline": State.DONE}
    gone = number % 17 == 3
    for place, visit in enumerate(STUDY.visit[1:], 1):
        if gone and place >= 3:
            visits[visit.id] = State.STOPPED
        elif visit.id == "9-months" and number > 400:
            visits[visit.id] = State.NOT_YET
        elif (number + place) % 9 == 0:
            visits[visit.id] = State.MISSED
        else:
            visits[visit.id] = State.DONE_LATE if number % 13 == 0 else State.DONE
            observed.add(visit.id)
    left = ("the app takes too much time" if number % 4 else "") if arm.received_with and number % 19 == 0 else None
    received = (number % 23 != 0) if arm.received_with else None
    return Course(agreed=True, arm=arm.id, received=received, left=left, visits=visits, observed=frozenset(observed))


def example() -> Flow:
    return flow(STUDY, [course(number) for number in range(560)], {"selfback": 2})
