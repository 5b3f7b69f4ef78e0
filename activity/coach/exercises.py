"""The exercises of a week: the trial protocol's template, drawn with a seed from what suits the person.

Protocol (Sandal et al. 2019, Table 1): three exercises by default, of which one abdominal and one back extensor, or
one core stability; the rest drawn at random from the other groups. An easy week has pain relief first instead.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from random import Random
from typing import Final

from activity.coach.cases.case import SubPlan
from activity.coach.cases.reuse import Advice, group_option
from activity.coach.content import Content, Exercise, Group
from activity.coach.exercise_log import never_again, not_liked
from activity.coach.plan import PlannedExercise, Reason, WeeklyPlan
from activity.coach.progress import Past, Pick, dose_words, easier, ladder, past_of, went_on
from activity.coach.rules import Rules, explain
from activity.coach.situation import Situation
from activity.coach.suitability import suitable
from activity.questionnaires.profile import Profile

TRUNKS: Final[tuple[tuple[Group, ...], ...]] = ((Group.CORE,), (Group.ABDOMINALS, Group.BACK_EXTENSORS))
OTHERS: Final = (Group.HIP, Group.FLEXIBILITY, Group.PAIN_RELIEF)
_ENTRY_LEVEL: Final = 2  #: the highest at which somebody begins, where level 1 doesn't suit
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
    """What picks are drawn from, what goes on from earlier weeks, and with what luck."""

    pool: tuple[Exercise, ...]
    rules: Rules
    rng: Random
    disliked: frozenset[str]  #: ids
    seen: dict[str, date]  #: family -> start of the last week that had it
    lasting: dict[Group, list[Pick]]  #: strength that stays
    changing: dict[str, Pick]  #: family -> where it stands, of the groups that take turns
    swapped: dict[Group, str]  #: group -> name of what doesn't stay because it isn't liked

    advice: Advice | None

    def in_turn(self, exercises: Sequence[Exercise]) -> list[Exercise]:
        """Return exercises by chance, but liked ones first.

        Of those come first what is longest ago, or, for strength, what similar weeks speak for: it stays for weeks.
        """
        shuffled = self.rng.sample(exercises, len(exercises))
        spoken_for = self.best(shuffled)

        def turn(one: Exercise) -> tuple[bool, bool, date, bool]:
            other, lasting = one.id not in spoken_for, one.group in LASTING
            return one.id in self.disliked, lasting and other, self.seen.get(one.family, date.min), other

        return sorted(shuffled, key=turn)

    def best(self, exercises: Sequence[Exercise]) -> set[str]:
        """Return the ids that similar weeks speak for; all of them where they say nothing."""
        ids = [exercise.id for exercise in exercises]
        return set(self.advice.best(SubPlan.EXERCISE, ids) if self.advice else ids)

    def best_groups(self, groups: Sequence[Group]) -> list[Group]:
        """Return the groups that similar weeks speak for; all of them where they say nothing."""
        if self.advice is None:
            return list(groups)
        best = set(self.advice.best(SubPlan.EXERCISE, (group_option(group.value) for group in groups)))
        return [group for group in groups if group_option(group.value) in best]

    def why(self, exercise: Exercise) -> tuple[Reason, ...]:
        """Return what similar weeks say of an exercise."""
        if self.advice is None:
            return ()
        return self.advice.reasons(SubPlan.EXERCISE, exercise.id, self.advice.settings.words.options["exercise"])


def plan_session(
    situation: Situation,
    profile: Profile,
    previous: WeeklyPlan | None,
    content: Content,
    rng: Random,
    *,
    past: Past | None = None,
    advice: Advice | None = None,
) -> Session:
    """Return the week's exercises at their doses; every one of them suits the person.

    ``past`` holds the earlier plans and the exercise log; without it last week's plan is all that is known.
    """
    rules = content.rules
    past = past or past_of(previous, (), (), situation.start)
    pool = suitable(content.exercises, profile, never_again(past.log), rules)
    draw = _draw(situation, past, pool.exercises, content, (rng, advice))
    minutes, count, notes = _length(situation, previous, rules)
    if situation.easy_week:
        picks = _easy_picks(draw, count)
        complete = bool(picks)
    else:
        trunk = _trunk_picks(draw)
        picks = trunk + _other_picks(draw, count - len(trunk))
        complete = bool(trunk) and len(picks) == count
    if picks:
        notes.append(explain(rules.exercise_session, minutes=minutes, count=len(picks)))
    if picks and previous is None:
        notes.append(explain(rules.exercise_ladder))
    if not complete:
        notes.append(explain(rules.exercise_template_open))
    notes += pool.notes
    wanted = situation.checkin.sessions_wanted if situation.checkin else None
    if wanted is not None and wanted > rules.exercise_sessions.most:
        notes.append(explain(rules.exercise_sessions))
    planned = tuple(_planned(pick, rules) for pick in picks)
    return Session(planned, minutes, _per_week(wanted, rules), tuple(notes))


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


def _draw(
    situation: Situation, past: Past, pool: tuple[Exercise, ...], content: Content, by: tuple[Random, Advice | None]
) -> _Draw:
    rules = content.rules
    last = past.last_planned(content)
    disliked = not_liked(past.log, situation.start, rules)
    liked = {exercise.group for exercise in pool if exercise.id not in disliked and exercise.level <= _ENTRY_LEVEL}
    lasting: dict[Group, list[Pick]] = {}
    swapped: dict[Group, str] = {}
    for pick in _carried(situation, past, pool, content):
        group = pick.exercise.group
        if pick.exercise.id in disliked and group in liked:
            swapped[group] = pick.exercise.name
        else:
            lasting.setdefault(group, []).append(pick)
    changing = {}
    for family, (week, planned) in last.items():
        recent = (situation.start - week).days <= rules.exercise_return.changing_days
        known = next((exercise for exercise in pool if exercise.id == planned.id), None)
        if known is not None and known.group not in LASTING and recent:
            going = went_on(planned, week, situation=situation, past=past, pool=pool, rules=rules)
            # What has no harder version stays at its last dose: these groups change by taking turns.
            changing[family] = going or Pick(known, len(ladder(known, rules)) - 1, (explain(rules.exercise_return),))
    seen = {family: week for family, (week, _) in last.items()}
    return _Draw(pool, rules, by[0], disliked, seen, lasting, changing, swapped, by[1])


def _carried(situation: Situation, past: Past, pool: tuple[Exercise, ...], content: Content) -> list[Pick]:
    """Return the strength exercises that go on: last week's, or one dose lower those of before some easy weeks."""
    rules = content.rules
    for plan in reversed(past.plans):
        strong = [planned for planned in plan.exercises if Group(planned.group) in LASTING]
        if not strong:
            continue
        picks = [
            went_on(planned, plan.start, situation=situation, past=past, pool=pool, rules=rules) for planned in strong
        ]
        found = [pick for pick in picks if pick is not None]
        if plan is past.plans[-1]:
            return found
        if (situation.start - plan.start).days > rules.exercise_return.strength_days:
            return []
        return [easier(pick.exercise, pick.dose_step, pool, rules, explain(rules.exercise_return)) for pick in found]
    return []


def _easy_picks(draw: _Draw, count: int) -> list[Pick]:
    rules = draw.rules
    gentle = draw.in_turn([exercise for exercise in draw.pool if exercise.gentle])
    relief = [exercise for exercise in gentle if exercise.group is Group.PAIN_RELIEF]
    if not relief:
        return []
    moving = [exercise for exercise in gentle if exercise.group is Group.FLEXIBILITY]
    easy = (explain(rules.exercise_flare),)
    return [Pick(relief[0], 0, (explain(rules.exercise_flare_relief),))] + [
        Pick(exercise, 0, easy) for exercise in [*moving, *relief[1:]][: count - 1]
    ]


def _trunk_picks(draw: _Draw) -> list[Pick]:
    rules = draw.rules
    entries = {group: draw.in_turn(_entries(draw.pool, group)) for trunk in TRUNKS for group in trunk}
    possible = [trunk for trunk in TRUNKS if all(entries[group] for group in trunk)]
    if not possible:
        return []
    standing = [trunk for trunk in possible if all(group in draw.lasting or group in draw.swapped for group in trunk)]
    liked = [trunk for trunk in possible if all(entries[group][0].id not in draw.disliked for group in trunk)]
    trunk = standing[0] if standing else draw.rng.choice(_best_trunks(draw, liked or possible))
    why = explain(rules.exercise_core if len(trunk) == 1 else rules.exercise_pair)
    picks = []
    for group in trunk:
        pick = draw.lasting[group][0] if group in draw.lasting else _begun(draw, entries[group][0])
        picks.append(Pick(pick.exercise, pick.dose_step, (why, *pick.why)))
    return picks


def _best_trunks(draw: _Draw, possible: list[tuple[Group, ...]]) -> list[tuple[Group, ...]]:
    """Return the trunks with a group that similar weeks speak for."""
    best = set(draw.best_groups([group for trunk in possible for group in trunk]))
    return [trunk for trunk in possible if not best.isdisjoint(trunk)]


def _begun(draw: _Draw, exercise: Exercise) -> Pick:
    """Return an exercise that begins, and what it takes the place of."""
    return Pick(exercise, 0, (*_instead(draw, exercise.group), *draw.why(exercise)))


def _other_picks(draw: _Draw, count: int) -> list[Pick]:
    """Draw from the other groups: hip strength from last week stays, the rest changes, the groups take turns."""
    picks = draw.lasting.get(Group.HIP, [])[: max(0, count - 1)]
    kept = {pick.exercise.family for pick in picks}
    order = draw.rng.sample(OTHERS, len(OTHERS))
    best = draw.best_groups(order)
    decks = [_deck(draw, group, kept) for group in sorted(order, key=lambda group: group not in best)]
    decks.sort(key=lambda deck: bool(kept) and bool(deck) and deck[0].exercise.group is Group.HIP)
    while len(picks) < count and any(decks):
        for deck in decks:
            if deck and len(picks) < count:
                picks.append(deck.pop(0))
    return picks


def _deck(draw: _Draw, group: Group, kept: set[str]) -> list[Pick]:
    """Return what may be drawn from a group, one of each family, in the order in which it comes."""
    drawn = explain(draw.rules.exercise_draw)
    standing = {pick.exercise.id: pick for pick in draw.changing.values() if pick.exercise.group is group}
    going = {pick.exercise.family for pick in standing.values()}
    fresh = [one for one in _entries(draw.pool, group) if one.family not in kept | going]
    deck = []
    for exercise in draw.in_turn([*fresh, *(pick.exercise for pick in standing.values())]):
        pick = standing.get(exercise.id) or _begun(draw, exercise)
        deck.append(Pick(exercise, pick.dose_step, (drawn, *pick.why)))
    return deck


def _instead(draw: _Draw, group: Group) -> tuple[Reason, ...]:
    name = draw.swapped.get(group)
    return () if name is None else (explain(draw.rules.exercise_swap, name=name),)


def _entries(pool: Sequence[Exercise], group: Group) -> list[Exercise]:
    """Return the easiest suitable exercise of each family, in the order of the content; never above level 2."""
    lowest: dict[str, Exercise] = {}
    for exercise in pool:
        if exercise.group is group and exercise.level <= _ENTRY_LEVEL:
            other = lowest.get(exercise.family)
            if other is None or exercise.level < other.level:
                lowest[exercise.family] = exercise
    return list(lowest.values())


def _planned(pick: Pick, rules: Rules) -> PlannedExercise:
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
