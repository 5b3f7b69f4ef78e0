"""A fixed example for the page: a working day of eight hours in Oslo, and the week that follows from it."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from activity.coach.plan import DailyMessage, PlannedExercise, Reason, StepGoal, Trust, WeeklyPlan
from activity.day.summary import DayQuality, DaySummary
from activity.epochs import UNKNOWN, Epochs
from activity.labels import ACTIVITIES, Activity
from activity.report.facts import SignalFacts
from activity.report.page import PageData

ZONE = "Europe/Oslo"
DAY = date(2026, 11, 17)
WIDTH_S = 10
EPOCHS_A_MINUTE = 60 // WIDTH_S
SI, ST, LY, WA, RU, UP, OT = ACTIVITIES

#: What the wearer does from 08:00 to 16:00: activity, minutes; None is a band on the table.
SCRIPT: tuple[tuple[Activity | None, float], ...] = (
    (WA, 14), (UP, 1), (SI, 42), (ST, 6), (WA, 3), (SI, 51), (OT, 7), (WA, 4), (UP, 0.5), (ST, 11),
    (SI, 38), (WA, 6), (ST, 4), (SI, 22), (None, 31), (WA, 17), (OT, 9), (SI, 47), (ST, 3), (WA, 2.5),
    (UP, 1), (SI, 33), (LY, 12), (RU, 3), (WA, 5), (OT, 14), (SI, 29), (ST, 8), (SI, 26), (WA, 9), (SI, 21),
)  # fmt: skip
OURS = Trust.DESIGN_DEFAULT
FIRST_GOAL = "We know too few full days of yours, so this is a careful first goal."
LONG_REASON = "This is a rather long reason of its own, as a coach that explains itself would give it"
SEED_SOURCE = "Design default: a modest starting value until four valid days are there"
GUIDELINE = "NICE guideline NG59, 2016"
CADENCE_SPM = {WA: 104, RU: 158, UP: 88}


def page_data() -> PageData:
    """The example as it is shown in the golden page: enough to draw, too little wear to judge."""
    epochs = working_day()
    plan = week_plan()
    return PageData(
        participant="KQ7M-2RTX",
        day=summary_of(epochs),
        epochs=epochs,
        signal=SignalFacts(25.02, 2, 1.5, True, 31.4, 4.2),
        plan=plan,
        message=plan.messages[1],
        intended_use=(
            "Research software for studies of activity and self-management of low back pain. "
            "It is not a medical device and gives no diagnosis."
        ),
        warnings=("The band’s clock ran 38 parts per million slow; times were corrected.",),
        provenance=(
            ("Input (SHA-256)", "9f2c1b7e5a0d4c83b6e1f04772d5a98c3e6b10f2a47d8c95e03b61d7f8a2c4e1"),
            ("Program", "selfback 0.1.0"),
            ("Model", "wrist-forest-1, features 1"),
            ("Band", "selfBACK-03C4, firmware 1.2.0, open band profile 1"),
            ("Measured rate", "25.02 Hz"),
        ),
    )


def judged_page_data() -> PageData:
    """The same person on a day of which enough is known."""
    data = page_data()
    quality = replace(data.day.quality, valid=True, reasons=())
    return replace(data, day=replace(data.day, wear_minutes=13 * 60 + 20, quality=quality), warnings=())


def long_page_data() -> PageData:
    """The most a plan may hold: seven exercises of sessions of 45 minutes."""
    data = page_data()
    assert data.plan is not None
    own = tuple(Reason(f"{LONG_REASON}, number {i}.", f"r{i}", OURS.value, OURS) for i in range(2))
    steps = ("Sit on the front half of a firm chair, both feet flat, and cross your arms.",) * 4
    caution = "Stay well short of the back of the chair, and keep breathing."
    exercises = tuple(
        replace(exercise, steps=steps, caution=caution, reasons=(*exercise.reasons, *own[: i % 3]))
        for i, exercise in enumerate((data.plan.exercises * 3)[:7])
    )
    goal = replace(data.plan.goal, reasons=data.plan.goal.reasons + own)
    plan = replace(data.plan, exercises=exercises, goal=goal, notes=data.plan.notes + own, session_minutes=45)
    return replace(data, plan=plan)


def bare_page_data() -> PageData:
    """A day of which nothing is known, without a plan."""
    data = page_data()
    silent = DaySummary(
        data.day.date, ZONE, 1440, data.day.start_ns, 0.0, {}, None, (None,) * 24, None, None, 0, 0.0, 0, None,
        DayQuality(False, ("No data came for this day.",), 0.0, 1440.0, 0.0),
    )  # fmt: skip
    signal = SignalFacts(None, 0, 0.0, False, None, None)
    return replace(data, day=silent, epochs=_part(data.epochs, slice(0, 0)), signal=signal, plan=None, message=None)


def working_day(seed: int = 17) -> Epochs:
    """Epochs of the script, with short interruptions, two gaps and a broken stretch."""
    rng = np.random.default_rng(seed)
    codes = np.concatenate(
        [np.full(round(m * EPOCHS_A_MINUTE), -2 if a is None else ACTIVITIES.index(a)) for a, m in SCRIPT]
    )
    codes = codes[: 8 * 60 * EPOCHS_A_MINUTE]
    brief = (rng.random(codes.size) < 0.02) & (codes >= 0)
    codes[brief] = ACTIVITIES.index(ST)
    worn = np.where(codes == -2, 0, 1).astype(np.int8)
    activity = np.where(codes == -2, ACTIVITIES.index(SI), codes).astype(np.int8)
    activity[1500:1512] = UNKNOWN
    steps = _steps(activity, worn, rng)
    start_ns = midnight_ns() + 8 * 3_600_000_000_000
    time_ns = start_ns + np.arange(codes.size, dtype=np.int64) * WIDTH_S * 1_000_000_000
    probability = np.full((codes.size, len(ACTIVITIES)), 1 / len(ACTIVITIES), np.float32)
    ones = np.ones(codes.size, np.float32)
    whole = Epochs(WIDTH_S, time_ns, activity, ones * 0.9, probability, steps, steps * 6, ones * 30, worn, ones)
    kept = np.ones(codes.size, bool)
    kept[700:704] = kept[2200:2205] = False
    return _part(whole, kept)


def summary_of(epochs: Epochs) -> DaySummary:
    """A summary that agrees with the epochs; the day itself is computed elsewhere."""
    worn = (epochs.worn == 1) & (epochs.activity != UNKNOWN)
    minutes = {a: float((worn & (epochs.activity == i)).sum()) / EPOCHS_A_MINUTE for i, a in enumerate(ACTIVITIES)}
    hour = (epochs.time_ns - midnight_ns()) // 3_600_000_000_000
    hourly = tuple(float(np.nansum(epochs.steps[hour == h])) if (hour == h).any() else None for h in range(24))
    recorded = len(epochs) / EPOCHS_A_MINUTE
    wear = float((epochs.worn == 1).sum()) / EPOCHS_A_MINUTE
    unknown = float((epochs.activity == UNKNOWN).sum()) / EPOCHS_A_MINUTE
    reasons = (f"not enough wear to judge: {wear / 60:.1f} h worn, 10 h make a valid day",)
    return DaySummary(
        DAY, ZONE, 1440, midnight_ns(), wear, minutes, int(np.nansum(epochs.steps)), hourly,
        128.0, 102.3, 7, 51.0, 4, 24.6,
        DayQuality(False, reasons, recorded, 1440 - recorded, unknown),
    )  # fmt: skip


def midnight_ns(day: date = DAY, zone: str = ZONE) -> int:
    """UTC of local midnight."""
    return int(datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone)).timestamp()) * 1_000_000_000


def week_plan() -> WeeklyPlan:
    """A week as the coach would make it."""
    goal = StepGoal(
        5_500,
        True,
        None,
        "first",
        (
            Reason(FIRST_GOAL, "goal-seed", SEED_SOURCE, OURS),
            Reason("Staying active is better for a sore back than resting it.", "stay-active", GUIDELINE,
                   Trust.GUIDELINE),
        ),
    )  # fmt: skip
    return WeeklyPlan(
        DAY - timedelta(days=1), goal, 3, 15, _exercises(), _messages(), _notes(), "content 2026.11, sha256 41d0c6…"
    )


def _exercises() -> tuple[PlannedExercise, ...]:
    drawn = "You chose sessions of 15 minutes: one for the belly, one for the back, one more."
    rule = Reason(drawn, "exercise-template", "selfBACK protocol, JMIR Res Protoc 2019", Trust.PUBLISHED)
    first = Reason(
        "You are new to it, so it starts at the easiest level.", "level-start", "Design default: our own rule", OURS
    )
    return (
        PlannedExercise("curl-up", "Curl-up", "abdominal", 1, "1 × 10", (
            "Lie on your back with one knee bent and your hands under the small of your back.",
            "Lift your head and shoulders a little, as one piece.",
            "Hold for two breaths, then lower slowly.",
        ), "Stop if pain runs down a leg.", (rule, first)),
        PlannedExercise("bird-dog", "Arm and leg reach on all fours", "back extensor", 1, "2 × 10 s a side", (
            "Kneel on hands and knees, back level.",
            "Reach one arm forward and the opposite leg back.",
            "Keep your hips level and breathe; then change sides.",
        ), "Keep the leg low if your back arches.", (rule, first)),
        PlannedExercise("knee-rolls", "Knee rolls", "flexibility", 1, "2 × 30 s", (
            "Lie on your back with your knees bent and feet together.",
            "Let both knees roll to one side as far as is comfortable.",
            "Roll to the other side without hurry.",
        ), "Small movements are enough on a bad day.", (rule,)),
    )  # fmt: skip


def _messages() -> tuple[DailyMessage, ...]:
    titles = (
        "Most back pain settles",
        "Moving is safe, even when it hurts a little",
        "Ten minutes, three times",
        "What to do when your back flares up",
        "Pick one thing for this week",
        "Sleep and a sore back",
        "Who walks with you?",
    )
    text = (
        "A sore back is seldom a damaged back. Muscles and joints like to be used, and a short walk "
        "often eases stiffness better than lying still.\n\n"
        "A little more pain while you move, which settles again by the next morning, is no sign of harm. "
        "Start where you are today and add a few minutes at a time."
    )
    why = Reason(
        "You answered that you worry movement could harm your back.",
        "fear-beliefs",
        "Design default: our own rule",
        OURS,
    )
    return tuple(
        DailyMessage(
            f"m{i}",
            DAY + timedelta(days=i - 1),
            "thoughts and feelings",
            title,
            text,
            GUIDELINE,
            (why,),
        )
        for i, title in enumerate(titles)
    )


def _notes() -> tuple[Reason, ...]:
    text = "Lifting exercises were left out, because you said your knee hurts when it bends far."
    return (Reason(text, "knee", "Design default: our own rule", OURS),)


def _steps(activity: np.ndarray, worn: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    steps = np.zeros(activity.size, np.float32)
    for stepping, cadence_spm in CADENCE_SPM.items():
        here = activity == ACTIVITIES.index(stepping)
        steps[here] = np.round(rng.normal(cadence_spm / EPOCHS_A_MINUTE, 1.2, int(here.sum())))
    steps[(activity == UNKNOWN) | (worn == 0)] = np.nan
    return steps


def _part(epochs: Epochs, kept: np.ndarray | slice) -> Epochs:
    columns = (
        "time_ns",
        "activity",
        "confidence",
        "probability",
        "steps",
        "cadence_spm",
        "enmo_mg",
        "worn",
        "coverage",
    )
    return Epochs(epochs.width_s, *(getattr(epochs, name)[kept] for name in columns))
