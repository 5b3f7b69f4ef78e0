"""Whether a back gets worse week after week, as the check-ins tell it."""

from collections.abc import Iterable
from datetime import date, timedelta
from itertools import pairwise

from activity.coach.rules import Rules
from activity.questionnaires.checkin import CheckIn


def worse_weeks(checkins: Iterable[CheckIn], start: date, rules: Rules) -> int:
    """Return how many weeks running, up to ``start``, the plan made the back worse or the pain went up.

    Check-ins may come in any order; of one day, the first holds. One that says nothing of either is as if it weren't
    there; of two closer than ``apart_days`` the newer counts; a pause of more than ``stale_days`` ends the run.
    """
    rule, stale = rules.goal_worse_again, timedelta(days=rules.goal_stale.stale_days)
    told: dict[date, CheckIn] = {}
    for one in checkins:
        if one.date <= start and _says_something(one):
            told.setdefault(one.date, one)
    newest_first: list[CheckIn] = []
    for day in sorted(told, reverse=True):
        if not newest_first or newest_first[-1].date - day >= timedelta(days=rule.apart_days):
            newest_first.append(told[day])
    if not newest_first or start - newest_first[0].date > stale:
        return 0
    weeks = 0
    for now, before in pairwise([*newest_first, None]):
        near = before if before is not None and now is not None and now.date - before.date <= stale else None
        if now is None or not _worse(now, near, rule.pain_rise):
            return weeks
        weeks += 1
        if near is None:
            return weeks
    return weeks


def _says_something(checkin: CheckIn) -> bool:
    return checkin.felt_worse is not None or checkin.average_pain is not None


def _worse(now: CheckIn, before: CheckIn | None, pain_rise: int) -> bool:
    if now.felt_worse:
        return True
    if before is None or now.average_pain is None or before.average_pain is None:
        return False
    return now.average_pain - before.average_pain >= pain_rise
