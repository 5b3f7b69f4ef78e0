"""The coach's rules as read from ``data/content/rules.toml``: values, where they come from, and the reason in words."""

from collections.abc import Mapping
from string import Formatter
from typing import Annotated, Any, Final, Literal, Self

from pydantic import ConfigDict, Field, model_validator

from activity.coach.plan import Reason, Trust
from activity.questionnaires.definition import Checked

#: What the reason of a rule may speak of, by rule; a rule that isn't here says the same to everyone.
FILLS: Final[Mapping[str, frozenset[str]]] = {
    "goal-baseline": frozenset({"baseline"}),
    "goal-first": frozenset({"goal"}),
    "goal-maintain": frozenset({"goal"}),
    "goal-raise": frozenset({"met", "valid", "old", "goal"}),
    "goal-hold": frozenset({"met", "valid", "goal"}),
    "goal-lower": frozenset({"met", "valid", "old", "goal"}),
    "goal-flare": frozenset({"old", "goal"}),
    "goal-similar": frozenset({"goal"}),
    "goal-worse-again": frozenset({"weeks", "old", "goal"}),
    "goal-own-pace": frozenset({"goal"}),
    "goal-own": frozenset({"proposed", "goal"}),
    "goal-other-activity": frozenset({"days", "goal"}),
    "hold-sign": frozenset({"days"}),
    "pacing": frozenset({"count"}),
    "pacing-smooth": frozenset({"goal", "most"}),
    "activity-week": frozenset({"minutes", "other", "steps"}),
    "activity-other": frozenset({"other", "steps"}),
    "goal-few-days": frozenset({"valid", "needed"}),
    "exercise-session": frozenset({"minutes", "count"}),
    "exercise-progress": frozenset({"dose"}),
    "exercise-progress-own": frozenset({"dose"}),
    "exercise-swap": frozenset({"name"}),
    "exercise-left-out": frozenset({"count"}),
    "exercise-pain-limit": frozenset({"pain"}),
    "message-curriculum": frozenset({"theme"}),
    "message-quiz-again": frozenset({"theme"}),
}

Percent = Annotated[int, Field(ge=0, le=100)]
Steps = Annotated[int, Field(ge=0, le=30_000)]
Days = Annotated[int, Field(ge=1, le=60)]
Pain = Annotated[int, Field(ge=0, le=10)]
Rungs = Annotated[tuple[str, ...], Field(min_length=1)]


class Rule(Checked):
    """A rule without values of its own; ``reason`` is what the participant reads, with ``{placeholders}``."""

    id: str
    reason: str = Field(min_length=20)
    source: str = Field(min_length=10)
    trust: Trust

    @model_validator(mode="after")
    def _speaks_of_what_it_knows(self) -> Self:
        asked = {name for _, name, _, _ in Formatter().parse(self.reason) if name is not None}
        if unknown := asked - FILLS.get(self.id, frozenset()):
            raise ValueError(f"{self.id}: its reason speaks of {sorted(unknown)}, which this rule doesn't know")
        return self


class GoalBaseline(Rule):
    """How a person's usual day is found."""

    window_days: Days
    needed_days: Days
    seed_steps: Steps


class GoalCaps(Rule):
    """The three caps of which a goal is the least, and its rounding and lower bounds."""

    raise_percent: Percent
    raise_steps: Steps
    ceiling_steps: Steps
    minimum_steps: Steps  #: a first goal may reach this even where the percentage would not
    smallest_steps: Steps  #: no goal is below this
    round_to: Annotated[int, Field(ge=1, le=1000)]


class GoalRaise(Rule):
    """When a goal goes up."""

    met_percent_at_least: Percent


class GoalLower(Rule):
    """When a goal goes down, and how far."""

    met_percent_at_most: Percent
    median_percent: Annotated[int, Field(ge=100, le=150)]
    keep_percent: Percent


class GoalSimilar(Rule):
    """How far similar weeks may take a goal from what the rules alone would ask."""

    small_percent: Percent
    less_percent: Percent


class GoalFlare(Rule):
    """How far a flare takes a goal down."""

    drop_percent: Percent


class GoalWorseAgain(Rule):
    """When a back counts as worse several weeks running, and how far that takes a goal down."""

    weeks: Annotated[int, Field(ge=2, le=8)]
    pain_rise: Annotated[int, Field(ge=1, le=10)]  #: since the check-in before, where the person didn't say "worse"
    apart_days: Days  #: check-ins closer than this speak of the same week
    drop_percent: Percent


class GoalOwn(Rule):
    """How far a person may change the goal that was proposed."""

    percent: Percent


class GoalOtherActivity(Rule):
    """How much of a day's goal activity without steps may stand for."""

    most_percent: Percent


class HoldSign(Rule):
    """Within how many days a sign that isn't urgent is to be looked at."""

    days: Days


class Eligibility(Rule):
    """For how long the answers on who this is for hold."""

    valid_days: Annotated[int, Field(ge=30, le=365)]


class PacingRule(Rule):
    """What counts as a swing between too much and too little, and how often it has to come to be spoken of."""

    window_days: Annotated[int, Field(ge=7, le=60)]
    needed_days: Days
    boom_percent: Annotated[int, Field(ge=110, le=500)]  #: of the usual day, the least of a day that is much above it
    bust_percent: Percent  #: of the usual day, the most of a day that is much below it
    within_days: Annotated[int, Field(ge=1, le=7)]
    swings: Annotated[int, Field(ge=1, le=10)]


class PacingSmooth(Rule):
    """How far above the goal a good day may go."""

    most_percent: Annotated[int, Field(ge=100, le=200)]


class PacingSpread(Rule):
    """When a day's steps come all at once."""

    hours: Annotated[int, Field(ge=1, le=12)]
    share_percent: Percent
    needed_hours: Annotated[int, Field(ge=1, le=25)]


class ActivityWeekRule(Rule):
    """What minutes of effort are worth, in minutes of moderate effort and in steps."""

    vigorous_minutes: Annotated[int, Field(ge=1, le=4)]
    moderate_steps: Annotated[int, Field(ge=50, le=200)]  #: a minute
    vigorous_steps: Annotated[int, Field(ge=50, le=200)]
    most_minutes: Annotated[int, Field(ge=60, le=1440)]  #: of one entry
    needed_days: Days  #: on which walking is known, for a week's total to be told


class GoalFewDays(Rule):
    """How many valid days of the past seven a goal is judged on."""

    needed_days: Days


class GoalStale(Rule):
    """After how many days answers, days and plans no longer say how things are."""

    stale_days: Days


class GoalTooSoon(Rule):
    """How long a plan stands before the next one may ask for more."""

    least_days: Days


class Flare(Rule):
    """What counts as a flare: a rise of average pain since the last check-in, or a level."""

    pain_rise: Pain
    pain_level: Pain


class SessionLength(Checked):
    """A length of session and how many exercises fit in it."""

    minutes: Annotated[int, Field(ge=1, le=120)]
    exercises: Annotated[int, Field(ge=1, le=12)]


class ExerciseSession(Rule):
    """Which session lengths there are, shortest first."""

    lengths: Annotated[tuple[SessionLength, ...], Field(min_length=1)]
    default_minutes: int
    flare_minutes: int


class ExerciseSessions(Rule):
    """How many sessions a week there may be."""

    least: Days
    most: Days
    default: Days


class ExerciseProgress(Rule):
    """When an exercise goes up one dose."""

    needed_sessions: Days
    pain_at_most: Pain


class ExerciseRegress(Rule):
    """When an exercise goes down one dose."""

    pain_at_least: Pain
    too_hard_times: Days  #: in a week, of one exercise's own ratings


class ExerciseReturn(Rule):
    """For how long an exercise that was away comes back near the dose it had."""

    strength_days: Annotated[int, Field(ge=7, le=60)]
    changing_days: Annotated[int, Field(ge=7, le=180)]  #: of flexibility and pain relief, which take turns


class ExerciseSwap(Rule):
    """How often an exercise is swapped away before it counts as not liked."""

    days: Days
    times: Days


class ExercisePainLimit(Rule):
    """How much pain during an exercise is a sign to do less."""

    pain: Pain


class ExerciseLadder(Rule):
    """The doses of each kind, from the least."""

    strength: Rungs
    hold: Rungs
    stretch: Rungs
    mobility: Rungs
    minutes: Rungs


class ExerciseUnasked(Rule):
    """Which positions are used for a person whose positions aren't known."""

    positions: tuple[str, ...]


class ExerciseEquipment(Rule):
    """What everybody is taken to have at home who wasn't asked."""

    equipment: tuple[str, ...]


class MessageGap(Rule):
    """For how many days a message isn't shown again."""

    days: Days


class MessageCurriculum(Rule):
    """Which themes come in the first week, which one starts a flare, and on which days a message may be tailored."""

    first_week: tuple[str, ...]
    flare_theme: str
    first_week_tailored_days: tuple[int, ...]
    tailored_days: tuple[int, ...]


class MessageQuizAgain(Rule):
    """On which day of a week more is told of a theme whose quiz was answered wrongly, and for how long after."""

    day: Annotated[int, Field(ge=1, le=7)]
    days: Days


class MessageRated(Rule):
    """How many days sooner a message that helped has its turn again, and how many later one that did not."""

    sooner_days: Days
    later_days: Annotated[int, Field(ge=1, le=400)]


class Comparison(Checked):
    """A condition on one fact, by the name of the fact."""

    field: str
    op: Literal["ge", "le", "eq", "has"]
    value: int | bool | str


class Trigger(Rule, Comparison):
    """A condition on one fact of the week; its reason is given with each message it chooses."""


def named(values: Any, name: str) -> Any:
    """Return the values of a rule with the key under which it stands as its id, unless they have one."""
    return {"id": name, **values} if isinstance(values, dict) else values


class Rules(Checked):
    """All rules, each under its id."""

    model_config = ConfigDict(alias_generator=lambda name: name.replace("_", "-"))

    version: str
    goal_baseline: GoalBaseline
    goal_provisional: Rule
    goal_caps: GoalCaps
    goal_first: Rule
    goal_maintain: Rule
    goal_raise: GoalRaise
    goal_hold: Rule
    goal_lower: GoalLower
    goal_similar: GoalSimilar
    goal_flare: GoalFlare
    goal_flare_again: Rule
    goal_worse_again: GoalWorseAgain
    goal_own_pace: Rule
    goal_own: GoalOwn
    goal_other_activity: GoalOtherActivity
    goal_few_days: GoalFewDays
    goal_stale: GoalStale
    goal_too_soon: GoalTooSoon
    hold_unanswered: Rule
    hold_worse: Rule
    hold_sign: HoldSign
    hold_sign_open: Rule
    eligibility: Eligibility
    event_felt_worse: Rule
    event_exercise_pain: Rule
    pacing: PacingRule
    pacing_smooth: PacingSmooth
    pacing_spread: PacingSpread
    pacing_easy_day: Rule
    activity_week: ActivityWeekRule
    activity_other: Rule
    flare: Flare
    exercise_core: Rule
    exercise_pair: Rule
    exercise_draw: Rule
    exercise_keep: Rule
    exercise_session: ExerciseSession
    exercise_sessions: ExerciseSessions
    exercise_ladder: ExerciseLadder
    exercise_progress: ExerciseProgress
    exercise_progress_own: Rule
    exercise_level: Rule
    exercise_regress: ExerciseRegress
    exercise_regress_own: Rule
    exercise_return: ExerciseReturn
    exercise_swap: ExerciseSwap
    exercise_absent: Rule
    exercise_flare: Rule
    exercise_flare_relief: Rule
    exercise_left_out: Rule
    exercise_unasked: ExerciseUnasked
    exercise_equipment: ExerciseEquipment
    exercise_template_open: Rule
    exercise_pain_limit: ExercisePainLimit
    advice_ask_first: Rule
    message_gap: MessageGap
    message_curriculum: MessageCurriculum
    message_quiz_again: MessageQuizAgain
    message_rated: MessageRated
    trigger: Annotated[tuple[Trigger, ...], Field(min_length=1)]

    @model_validator(mode="before")
    @classmethod
    def _take_ids_from_keys(cls, values: Any) -> Any:
        if not isinstance(values, dict):
            return values
        return {name: named(value, name) for name, value in values.items()}

    def all(self) -> dict[str, Rule]:
        """Return every rule by its id, triggers included."""
        found: dict[str, Rule] = {rule.id: rule for rule in self.trigger}
        for name in type(self).model_fields:
            value = getattr(self, name)
            if isinstance(value, Rule):
                found[value.id] = value
        return found


Rules.model_rebuild()


def explain(rule: Rule, **fills: object) -> Reason:
    """Return the reason of a rule with its placeholders filled; numbers over 999 get their comma.

    A placeholder that is one of the rule's own values needs no fill.
    """
    fills = {name: getattr(rule, name) for name in FILLS.get(rule.id, ()) if hasattr(rule, name)} | fills
    words = {name: f"{value:,}" if isinstance(value, int) else str(value) for name, value in fills.items()}
    return Reason(rule.reason.format(**words), rule.id, rule.source, rule.trust)
