"""The page of a batch: what could not be read, and a line for each recording with a way to its own page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any
from urllib.parse import quote

from activity.report.facts import Fact
from activity.report.frame import environment, style
from activity.report.wording import count, decimal, duration, plural, share_of

PAGE_NAME = "report.html"


@dataclass(frozen=True, slots=True)
class RecordingRow:
    """One recording in the list."""

    name: str
    address: str
    start: str
    days: str
    worn: str
    steps: str
    adjusted: str
    calibration: str
    remarks: str


@dataclass(frozen=True, slots=True)
class FailureRow:
    """One input, or recording in it, that came to nothing."""

    name: str
    code: str
    why: str


def render_overview(
    infos: Mapping[str, Mapping[str, Any]],
    failures: Sequence[Mapping[str, str]],
    shared: Mapping[str, Sequence[str]],
    intended_use: str,
) -> str:
    """Return the page as HTML: ``info.json`` by folder, failures, and who shares device and time with whom."""
    look = style("page.css", "recording.css")
    html: str = (
        environment()
        .get_template("overview.html")
        .render(
            recordings=[recording_row(name, info, shared.get(name, ())) for name, info in infos.items()],
            failures=[failure_row(failure) for failure in failures],
            summary=summary_facts(infos, failures),
            intended_use=intended_use,
            style=look.sheet,
            policy=look.policy,
        )
    )
    return html


def summary_facts(infos: Mapping[str, Mapping[str, Any]], failures: Sequence[Mapping[str, str]]) -> tuple[Fact, ...]:
    """Return what the batch comes to."""
    totals = [info["totals"] for info in infos.values()]
    valid, whole = sum(t["valid_days"] for t in totals), sum(bool(t["covers_24h"]) for t in totals)
    damaged = sum(bool(info["damage"]) for info in infos.values())
    return (
        Fact("Recordings", count(len(infos)), f"and {plural(len(failures), 'failure')}"),
        Fact("Days", count(sum(t["days"] for t in totals)), f"{count(valid)} with enough wear"),
        Fact("Worn", duration(sum(t["wear_minutes"] for t in totals)), "over all recordings"),
        Fact("Around the clock", count(whole), "recordings whose days can be adjusted"),
        Fact("Damaged", count(damaged), "recordings with damage to their input"),
    )


def recording_row(name: str, info: Mapping[str, Any], shared_with: Sequence[str] = ()) -> RecordingRow:
    """Return the line of one recording, and which others hold some of its time."""
    totals = info["totals"]
    flags = [f"{flag['code']} {share_of(flag['share'])}" for flag in info["signal"]["flags"]]
    damage = [f"{count(row['count'])} × {row['what']}" for row in info["damage"]]
    shared = [f"same device and time as {other}" for other in shared_with]
    after = info["calibration"]["error_after_mg"]
    return RecordingRow(
        name=name,
        address=f"{quote(name)}/{PAGE_NAME}",
        start=str(info["signal"]["start"])[:10],
        days=f"{totals['valid_days']} of {totals['days']}",
        worn=duration(totals["wear_minutes"]),
        steps=_steps(totals["median_valid_day_steps"]),
        adjusted=_steps(totals["mean_day_steps_adjusted"]),
        calibration="–" if after is None else decimal(after),
        remarks="; ".join([*shared, *damage, *flags]),
    )


def failure_row(failure: Mapping[str, str]) -> FailureRow:
    """Return the line of a failure; of the path of an input only its name, which is what people know it by."""
    path = failure["input"]
    name = PurePath(path).name
    shown = f"{name}, {failure['recording']}" if failure["recording"] else name
    return FailureRow(shown, failure["code"], failure["fault"].replace(path, name))


def _steps(value: float | None) -> str:
    return "–" if value is None else count(value)
