"""The page of one day and one week: a single HTML file that needs nothing else and runs nothing.

The file carries its own style sheet and drawings; its content security policy allows that one style sheet by
its hash and nothing else, so even a page that was tampered with by its data could load or run nothing.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from activity.coach.plan import DailyMessage, Reason, StepGoal, WeeklyPlan
from activity.day.summary import DaySummary
from activity.epochs import Epochs
from activity.report import wording
from activity.report.charts import day_chart
from activity.report.facts import NOT_KNOWN, Fact, SignalFacts, calibration_fact, gap_fact, known, rate_fact
from activity.report.frame import environment, style
from activity.report.strip import day_spans

_DAYS_OF_PLAN: Final = 7


@dataclass(frozen=True, slots=True)
class PageData:
    """What the page shows; all of it was computed before."""

    participant: str  #: pseudonym, never a name
    day: DaySummary
    epochs: Epochs  #: of any length; the page takes what lies in ``day``
    signal: SignalFacts
    plan: WeeklyPlan | None  #: None when no check-in was made, or a warning sign stopped the plan
    message: DailyMessage | None
    intended_use: str
    warnings: tuple[str, ...] = ()  #: plain sentences
    provenance: tuple[tuple[str, str], ...] = ()  #: name and value: input hash, program, model, band
    title: str = "Your day and your week"


@dataclass(frozen=True, slots=True)
class GoalProgress:
    """The steps of the day beside the goal; ``share`` is None where they may not be compared."""

    sentence: str
    share: float | None  #: 0..1


def render_page(data: PageData) -> str:
    """Return the whole page as HTML; the same data give the same text."""
    look = style("page.css")
    spans = day_spans(data.epochs, data.day)
    html: str = (
        environment()
        .get_template("page.html")
        .render(
            data=data,
            day=data.day,
            plan=data.plan,
            message=data.message,
            chart=day_chart(data.day, spans),
            quality=quality_facts(data.day, data.signal),
            figures=day_figures(data.day),
            progress=goal_progress(data.day, data.plan),
            shared=shared_reasons(data.plan),
            style=look.sheet,
            policy=look.policy,
        )
    )
    return html


def quality_facts(day: DaySummary, signal: SignalFacts) -> tuple[Fact, ...]:
    """Return the quality box: how much of the day is known, and how well the band measured."""
    quality = day.quality
    length = wording.duration(day.length_minutes)
    return (
        Fact(
            "Worn",
            wording.duration(day.wear_minutes),
            "the band was on your wrist; all results below are from this time",
        ),
        Fact(
            "Recorded", wording.duration(quality.recorded_minutes), f"of the {length} of this day, on or off the wrist"
        ),
        Fact(
            "Missing", wording.duration(quality.missing_minutes), "no data came; not counted as rest, nor as zero steps"
        ),
        Fact(
            "Not recognised",
            wording.duration(quality.unknown_minutes),
            "recorded, but too broken up to name an activity",
        ),
        _gaps(day, signal),
        calibration_fact(signal),
        rate_fact(signal),
    )


def day_figures(day: DaySummary) -> tuple[Fact, ...]:
    """Return the figures that head the day; on a day without wear none of them is known, so none is zero."""
    peak = day.peak_1min_spm
    worn = day.wear_minutes > 0
    return (
        Fact("Steps", known(day.steps), f"in {wording.duration(day.wear_minutes)} worn"),
        Fact("Walks", known(day.bouts if worn else None), "of a minute or longer"),
        Fact(
            "Longest still stretch",
            wording.duration(day.longest_still_minutes) if worn else NOT_KNOWN,
            "without a break",
        ),
        Fact("Breaks from stillness", known(day.inactivity_breaks if worn else None), "after 30 minutes or more"),
        Fact("Quickest minute", known(peak), "steps in one minute"),
    )


def goal_progress(day: DaySummary, plan: WeeklyPlan | None) -> GoalProgress | None:
    """Return how the day stands against the goal; a day without enough wear is never judged."""
    if plan is None:
        return None
    if not day.quality.valid:
        return GoalProgress(
            f"Not compared with your step goal. {' '.join(map(wording.sentence, day.quality.reasons))}".strip(), None
        )
    if day.date < plan.start:
        return GoalProgress(f"Your step goal starts on {wording.long_date(plan.start)}.", None)
    if day.date >= plan.start + timedelta(days=_DAYS_OF_PLAN) or day.steps is None:
        return None
    return _compared(day.steps, plan.goal)


def shared_reasons(plan: WeeklyPlan | None) -> tuple[Reason, ...]:
    """Return the reasons that every exercise of the plan has, in order; they are said once, above the cards."""
    if plan is None or len(plan.exercises) < 2:
        return ()
    first, *others = plan.exercises
    return tuple(reason for reason in first.reasons if all(reason in other.reasons for other in others))


def _compared(steps: int, goal: StepGoal) -> GoalProgress:
    counted = f"{wording.count(steps)} of {wording.count(goal.steps_per_day)} steps"
    if steps >= goal.steps_per_day:
        return GoalProgress(f"{counted}: the day’s goal is reached.", 1.0)
    share = steps / goal.steps_per_day
    return GoalProgress(f"{counted}: {share * 100:.0f}{wording.THIN}% of the day’s goal.", share)


def _gaps(day: DaySummary, signal: SignalFacts) -> Fact:
    if not day.quality.recorded_minutes and not signal.gaps:
        return Fact("Gaps", NOT_KNOWN, "there is no recording of this day")
    return gap_fact(signal)
