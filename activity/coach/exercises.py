"""The exercises of a week: the trial protocol's template, drawn with a seed from what suits the person.

Protocol (Sandal et al. 2019, Table 1): three exercises by default, of which one abdominal and one back extensor, or
one core stability; the rest drawn at random from the other groups. An easy week has pain relief first instead.
"""

from dataclasses import dataclass
from random import Random
from typing import Final

from activity.coach.cases.case import SubPlan
from activity.coach.cases.reuse import Advice, group_option
from activity.coach.content import Content, Exercise, Group
from activity.coach.plan import PlannedExercise, Reason, WeeklyPlan
from activity.coach.rules import Rules, explain
from activity.coach.situation import Situation
from activity.questionnaires.profile import Profile

TRUNKS: Final[tuple[tuple[Group, ...], ...]] = ((Group.CORE,), (Group.ABDOMINALS, Group.BACK_EXTENSORS))
OTHERS: Final = (Group.HIP, Group.FLEXIBILITY, Group.PAIN_RELIEF)
LASTING: Final = frozenset({Group.CORE, Group.ABDOMINALS, Group.BACK_EXTENSORS, Group.HIP})  #: kept, so that they grow


@dataclass(frozen=True, slots=True)
class Session:
    """What to do in each session of a week, and how often."""

    exercises: tuple[PlannedExercise, ...]
    minutes: int
    per_week: int
    notes: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class _Draw:
    """What picks are drawn from, and with what luck."""

    pool: list[Exercise]
    rules: Rules
    rng: Random
    advice: Advice | None = None

    def best_groups(self, groups: list[Group]) -> list[Group]:
        """Return the groups that similar weeks speak for; all of them where they say nothing."""
        if self.advice is None:
            return groups
        best = set(self.advice.best(SubPlan.EXERCISE, (group_option(group.value) for group in groups)))
        return [group for group in groups if group_option(group.value) in best]

    def best(self, exercises: list[Exercise]) -> list[Exercise]:
        """Return those that similar weeks speak for; all of them where they say nothing."""
        if self.advice is None:
            return exercises
        best = set(self.advice.best(SubPlan.EXERCISE, (exercise.id for exercise in exercises)))
        return [exercise for exercise in exercises if exercise.id in best]

    def why(self, exercise: Exercise) -> tuple[Reason, ...]:
        """Return what similar weeks say of an exercise."""
        if self.advice is None:
            return ()
        return self.advice.reasons(SubPlan.EXERCISE, exercise.id, self.advice.settings.words.options["exercise"])


@dataclass(frozen=True, slots=True)
class _Pick:
    exercise: Exercise
    dose_step: int
    why: tuple[Reason, ...]


def suits(exercise: Exercise, profile: Profile, rules: Rules) -> bool:
    """Return whether an exercise may be offered; what wasn't asked is taken as what could be."""
    if exercise.id in profile.declined_exercises:
        return False
    if profile.conditions is None:
        if exercise.not_for:
            return False
    elif not set(exercise.not_for).isdisjoint(profile.conditions):
        return False
    if profile.avoid_positions is None:
        return exercise.position in rules.exercise_unasked.positions
    return exercise.position not in profile.avoid_positions


def plan_session(
    situation: Situation,
    profile: Profile,
    previous: WeeklyPlan | None,
    content: Content,
    rng: Random,
    *,
    advice: Advice | None = None,
) -> Session:
    """Return the week's exercises at their doses; every one of them suits the person."""
    rules = content.rules
    pool = [exercise for exercise in content.exercises if suits(exercise, profile, rules)]
    draw = _Draw(pool, rules, rng, advice)
    minutes, count, notes = _length(situation, previous, rules)
    if situation.easy_week:
        picks = _easy_picks(draw, count)
        complete = bool(picks)
    else:
        carried = _carried(situation, pool, previous, content)
        trunk = _trunk_picks(draw, carried)
        recent = {planned.id for planned in previous.exercises} if previous else set()
        picks = trunk + _other_picks(draw, carried.get(Group.HIP, []), recent, count - len(trunk))
        complete = bool(trunk) and len(picks) == count
    if picks:
        notes.append(explain(rules.exercise_session, minutes=minutes, count=len(picks)))
    if picks and previous is None:
        notes.append(explain(rules.exercise_ladder))
    if not complete:
        notes.append(explain(rules.exercise_template_open))
    notes += _left_out_notes(len(content.exercises) - len(pool), profile, rules)
    wanted = situation.checkin.sessions_wanted if situation.checkin else None
    if wanted is not None and wanted > rules.exercise_sessions.most:
        notes.append(explain(rules.exercise_sessions))
    planned = tuple(_planned(pick, rules) for pick in picks)
    return Session(planned, minutes, _per_week(wanted, rules), tuple(notes))


def dose_words(exercise: Exercise, dose_step: int, rules: Rules) -> str:
    """Return a dose as people read it, e.g. ``2 × 30 s a side``."""
    dose = _ladder(exercise, rules)[dose_step]
    return f"{dose} a side" if exercise.sided else dose


def _length(situation: Situation, previous: WeeklyPlan | None, rules: Rules) -> tuple[int, int, list[Reason]]:
    lengths = rules.exercise_session.lengths
    wanted = situation.checkin.minutes if situation.checkin else None
    if wanted is None:
        wanted = previous.session_minutes if previous else rules.exercise_session.default_minutes
    notes = []
    if previous and situation.checkin and situation.checkin.sessions_done == 0:
        wanted = lengths[0].minutes
        notes.append(explain(rules.exercise_absent))
    if situation.easy_week:
        wanted = min(wanted, rules.exercise_session.flare_minutes)
    fitting = [length for length in lengths if length.minutes <= wanted] or [lengths[0]]
    chosen = fitting[-1]
    return chosen.minutes, chosen.exercises, notes


def _per_week(wanted: int | None, rules: Rules) -> int:
    rule = rules.exercise_sessions
    return rule.default if wanted is None else max(rule.least, min(rule.most, wanted))


def _easy_picks(draw: _Draw, count: int) -> list[_Pick]:
    rules, rng = draw.rules, draw.rng
    gentle = [exercise for exercise in draw.pool if exercise.gentle]
    relief = [exercise for exercise in gentle if exercise.group is Group.PAIN_RELIEF]
    if not relief:
        return []
    first = rng.choice(relief)
    moving = [exercise for exercise in gentle if exercise.group is Group.FLEXIBILITY]
    more = [exercise for exercise in relief if exercise is not first]
    rest = rng.sample(moving, len(moving)) + rng.sample(more, len(more))
    easy = (explain(rules.exercise_flare),)
    return [_Pick(first, 0, (explain(rules.exercise_flare_relief),))] + [
        _Pick(exercise, 0, easy) for exercise in rest[: count - 1]
    ]


def _carried(
    situation: Situation, pool: list[Exercise], previous: WeeklyPlan | None, content: Content
) -> dict[Group, list[_Pick]]:
    """Return last week's strength exercises that still suit, one dose up or down where the check-in says so."""
    found: dict[Group, list[_Pick]] = {}
    for planned in previous.exercises if previous else ():
        exercise = content.exercise(planned.id)
        if exercise is None or exercise not in pool or exercise.group not in LASTING:
            continue
        pick = _moved(exercise, planned.dose_step, situation, pool, content.rules)
        if pick is not None:
            found.setdefault(exercise.group, []).append(pick)
    return found


def _moved(exercise: Exercise, step: int, situation: Situation, pool: list[Exercise], rules: Rules) -> _Pick | None:
    """Return the exercise at its next dose; None when all its doses are done and there is no next level."""
    last = len(_ladder(exercise, rules)) - 1
    step = min(max(step, 0), last)
    match _direction(situation, rules):
        case -1:
            why = (explain(rules.exercise_regress),)
            easier = _level(exercise, -1, pool)
            if step == 0 and easier is not None:
                return _Pick(easier, len(_ladder(easier, rules)) - 1, why)
            return _Pick(exercise, max(0, step - 1), why)
        case 1 if step < last:
            return _Pick(exercise, step + 1, (_progress(exercise, step + 1, rules),))
        case 1:
            harder = _level(exercise, 1, pool)
            return None if harder is None else _Pick(harder, 0, (explain(rules.exercise_level),))
        case _:
            return _Pick(exercise, step, (explain(rules.exercise_keep),))


def _direction(situation: Situation, rules: Rules) -> int:
    """Return 1 to ask for more, -1 for less, 0 for the same; an open answer never asks for more."""
    checkin = situation.checkin
    if checkin is None:
        return 0
    pain = checkin.exercise_pain
    hurt = pain is not None and pain >= rules.exercise_regress.pain_at_least
    if hurt or checkin.exercise_feel == "too-hard" or checkin.felt_worse:
        return -1
    fine = checkin.exercise_feel in {"too-easy", "right"} and pain is not None
    enough = (checkin.sessions_done or 0) >= rules.exercise_progress.needed_sessions
    if fine and enough and not situation.holds and pain is not None and pain <= rules.exercise_progress.pain_at_most:
        return 1
    return 0


def _level(exercise: Exercise, change: int, pool: list[Exercise]) -> Exercise | None:
    wanted = (exercise.family, exercise.level + change)
    return next((other for other in pool if (other.family, other.level) == wanted), None)


def _trunk_picks(draw: _Draw, carried: dict[Group, list[_Pick]]) -> list[_Pick]:
    rules, rng = draw.rules, draw.rng
    entries = {group: _entries(draw.pool, group) for trunk in TRUNKS for group in trunk}
    possible = [trunk for trunk in TRUNKS if all(entries[group] for group in trunk)]
    if not possible:
        return []
    standing = [trunk for trunk in possible if all(group in carried for group in trunk)]
    trunk = (standing or [rng.choice(_best_trunks(draw, possible))])[0]
    why = explain(rules.exercise_core if len(trunk) == 1 else rules.exercise_pair)
    picks = []
    for group in trunk:
        pick = carried[group][0] if group in carried else _drawn(draw, entries[group])
        picks.append(_Pick(pick.exercise, pick.dose_step, (why, *pick.why)))
    return picks


def _best_trunks(draw: _Draw, possible: list[tuple[Group, ...]]) -> list[tuple[Group, ...]]:
    """Return the trunks with a group that similar weeks speak for."""
    best = set(draw.best_groups([group for trunk in possible for group in trunk]))
    return [trunk for trunk in possible if not best.isdisjoint(trunk)]


def _drawn(draw: _Draw, exercises: list[Exercise]) -> _Pick:
    exercise = draw.rng.choice(draw.best(exercises))
    return _Pick(exercise, 0, draw.why(exercise))


def _other_picks(draw: _Draw, hip: list[_Pick], recent: set[str], count: int) -> list[_Pick]:
    """Draw from the other groups: hip strength from last week stays, the rest changes, the groups take turns."""
    rng = draw.rng
    kept = hip[: max(0, count - 1)]
    used = {pick.exercise.family for pick in kept}
    picks = list(kept)
    decks = []
    order = rng.sample(OTHERS, len(OTHERS))
    best = draw.best_groups(order)
    for group in sorted(order, key=lambda group: group not in best):
        entries = [exercise for exercise in _entries(draw.pool, group) if exercise.family not in used]
        deck = rng.sample(entries, len(entries))
        liked = {exercise.id for exercise in draw.best(deck)}
        deck.sort(key=lambda exercise: (exercise.id in recent, exercise.id not in liked))
        decks.append(deck)
    why = explain(draw.rules.exercise_draw)
    decks.sort(key=lambda deck: bool(kept) and bool(deck) and deck[0].group is Group.HIP)
    while len(picks) < count and any(decks):
        for deck in decks:
            if deck and len(picks) < count:
                exercise = deck.pop(0)
                picks.append(_Pick(exercise, 0, (why, *draw.why(exercise))))
    return picks


def _entries(pool: list[Exercise], group: Group) -> list[Exercise]:
    """Return the easiest suitable exercise of each family, in the order of the content; never above level 2."""
    lowest: dict[str, Exercise] = {}
    for exercise in pool:
        if exercise.group is group and exercise.level <= 2:
            other = lowest.get(exercise.family)
            if other is None or exercise.level < other.level:
                lowest[exercise.family] = exercise
    return list(lowest.values())


def _left_out_notes(count: int, profile: Profile, rules: Rules) -> list[Reason]:
    notes: list[Reason] = []
    if profile.conditions is None or profile.avoid_positions is None:
        notes.append(explain(rules.exercise_unasked))
    elif count:
        notes.append(explain(rules.exercise_left_out, count=count))
    return notes


def _planned(pick: _Pick, rules: Rules) -> PlannedExercise:
    exercise = pick.exercise
    return PlannedExercise(
        id=exercise.id,
        name=exercise.name,
        group=exercise.group.value,
        level=exercise.level,
        dose=dose_words(exercise, pick.dose_step, rules),
        steps=exercise.steps,
        caution=exercise.caution,
        reasons=pick.why,
        dose_step=pick.dose_step,
    )


def _progress(exercise: Exercise, dose_step: int, rules: Rules) -> Reason:
    return explain(rules.exercise_progress, dose=dose_words(exercise, dose_step, rules))


def _ladder(exercise: Exercise, rules: Rules) -> tuple[str, ...]:
    ladders = rules.exercise_ladder
    return {
        "strength": ladders.strength,
        "hold": ladders.hold,
        "stretch": ladders.stretch,
        "mobility": ladders.mobility,
        "minutes": ladders.minutes,
    }[exercise.dose.value]
