"""The page of one recording: what can be trusted in it, its days in rows, the average day, walks, and all figures."""

import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import median
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from activity.bouts import Bout
from activity.day.adjust import Profile
from activity.day.intensity import CUT_POINTS, L_HOURS, M_HOURS, CutPoint
from activity.day.summary import DaySummary
from activity.epochs import Epochs
from activity.labels import ACTIVITIES, Activity
from activity.report import day_rows
from activity.report.charts import LegendRow, legend_rows
from activity.report.day_rows import day_row, top_of
from activity.report.facts import NOT_KNOWN, Fact, SignalFacts, calibration_fact, gap_fact, known, rate_fact
from activity.report.frame import environment, style
from activity.report.strip import Span, day_spans
from activity.report.wording import THIN, clock, count, decimal, duration, local_date, plural, share_of, short_date

WALKS_SHOWN: Final = 12
_QUARTER: Final = 15  # minutes of a bar of the average day
PROFILE_HEIGHT: Final = 96
#: The average day is drawn up to here at least, in steps a minute.
_PROFILE_TOP_SPM: Final = 20.0


@dataclass(frozen=True, slots=True)
class RecordingData:
    """What the page shows; all of it was computed before."""

    name: str
    info: Mapping[str, Any]  #: ``info.json``
    days: tuple[DaySummary, ...]
    rows: tuple[Mapping[str, Any], ...]  #: of ``days.parquet``
    epochs: Epochs
    step_times_ns: NDArray[np.int64]
    bouts: tuple[Bout, ...]
    profile: Profile
    intended_use: str
    overview: str = ""  #: address of the page that lists all recordings


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the table of days."""

    name: str
    meaning: str
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class BoutRow:
    """The bouts of one activity."""

    activity: str
    count: str
    total: str
    median: str
    longest: str


@dataclass(frozen=True, slots=True)
class Walk:
    """One bout of walking."""

    date: str
    start: str
    lasted: str
    steps: str
    pace: str


@dataclass(frozen=True, slots=True)
class ProfileBar:
    """A quarter of an hour of the average day, in percent across and pixels down."""

    x: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class ProfileHour:
    """An hour of the average day in the table that says what the bars show."""

    hour: str
    days: str
    steps: str
    walking: str
    enmo: str


def render_recording(data: RecordingData) -> str:
    """Return the whole page as HTML; the same data give the same text."""
    look = style("page.css", "recording.css")
    spans = [day_spans(data.epochs, day) for day in data.days]
    top = top_of(data.days)
    rows = [
        day_row(day, span, data.step_times_ns, top_spm=top, said=_said(day, row))
        for day, span, row in zip(data.days, spans, data.rows, strict=True)
    ]
    html: str = (
        environment()
        .get_template("recording.html")
        .render(
            data=data,
            info=data.info,
            when=_when(data.days),
            quality=quality_facts(data),
            remarks=remarks(data),
            rows=rows,
            shape=day_rows,
            top_spm=round(top),
            legend=legend(data, tuple(itertools.chain.from_iterable(spans))),
            columns=day_columns(data.rows),
            cut_points=CUT_POINTS,
            bars=profile_bars(data.profile),
            profile_height=PROFILE_HEIGHT,
            hours=profile_hours(data.profile),
            profile_days=int(data.profile.days.max(initial=0)),
            bouts=bout_rows(data.bouts),
            walks=longest_walks(data.bouts, data.info["settings"]["zone"]),
            provenance=provenance(data.info),
            style=look.sheet,
            policy=look.policy,
        )
    )
    return html


def quality_facts(data: RecordingData) -> tuple[Fact, ...]:
    """Return the quality box of a recording: how much of it is known, and how well the device measured."""
    totals, signal = data.info["totals"], signal_of(data.info)
    valid, days = totals["valid_days"], totals["days"]
    missing = sum(day.quality.missing_minutes for day in data.days)
    return (
        Fact("Days judged", f"{valid} of {days}", "have enough wear to be compared"),
        Fact("Worn", duration(totals["wear_minutes"]), "all results are from this time"),
        Fact("Recorded", duration(totals["recorded_minutes"]), "on or off the wrist"),
        Fact("Missing", duration(missing), "of these days no data came; not counted as rest, nor as zero steps"),
        Fact(
            "Around the clock",
            "yes" if totals["covers_24h"] else "no",
            "each minute of the clock was worn on some day; only then can days be adjusted",
        ),
        gap_fact(signal),
        calibration_fact(signal),
        rate_fact(signal),
    )


def signal_of(info: Mapping[str, Any]) -> SignalFacts:
    """Return what ``info.json`` says of the signal."""
    signal, calibration = info["signal"], info["calibration"]
    return SignalFacts(
        signal["rate_hz"], signal["gap_count"], signal["gap_seconds"] / 60.0, calibration["applied"],
        calibration["error_before_mg"], calibration["error_after_mg"],
    )  # fmt: skip


def remarks(data: RecordingData) -> tuple[str, ...]:
    """Return what a reader should know before trusting a figure, as sentences."""
    said = []
    calibration = data.info["calibration"]
    if calibration["kind"] != "full":
        said.append(
            f"Calibration is {'partial' if calibration['kind'] == 'part' else 'missing'}: {calibration['reason']}"
        )
    said += [f"{share_of(flag['share'])} of the samples are {flag['code']}" for flag in data.info["signal"]["flags"]]
    said += [
        f"{short_date(day.date)} has {decimal(day.length_minutes / 60, 0)} hours: the clock was changed"
        for day in data.days if day.length_minutes != 1440
    ]  # fmt: skip
    settings = data.info["settings"]
    if settings["clock_zone"] != settings["zone"]:
        said.append(f"The device's clock was read in {settings['clock_zone']}, days are those of {settings['zone']}")
    return tuple(said)


def legend(data: RecordingData, spans: tuple[Span, ...]) -> tuple[LegendRow, ...]:
    """Return a row for each kind that the strips show, with its time over all days."""
    minutes = {activity: sum(day.minutes[activity] for day in data.days) for activity in ACTIVITIES}
    quality = [day.quality for day in data.days]
    unknown, missing = sum(q.unknown_minutes for q in quality), sum(q.missing_minutes for q in quality)
    return legend_rows(minutes, unknown, missing, spans)


def day_columns(rows: tuple[Mapping[str, Any], ...]) -> tuple[Column, ...]:
    """Return the columns of the table of days: what was recorded, and beside it what is adjusted, each by its name."""
    return tuple(
        Column(name, meaning, tuple(show(row) for row in rows))
        for name, meaning, show in (
            ("Worn", "time on the wrist", lambda row: duration(row["wear_minutes"])),
            ("Steps, recorded", "those that were counted", lambda row: _number(row["steps"])),
            ("Steps, adjusted", "with missing minutes filled", lambda row: _number(row["steps_adjusted"])),
            ("Filled", "minutes that were missing", lambda row: duration(row["imputed_minutes"])),
            ("Walking", "recorded", lambda row: duration(row["walking_minutes"])),
            ("Walking, adjusted", "with missing minutes filled", lambda row: _minutes(row["walking_minutes_adjusted"])),
            ("Peak minute", "steps/min", lambda row: _number(row["peak_1min_spm"])),
            ("Peak 30 min", "steps/min, the 30 best", lambda row: _number(row["peak_30min_spm"])),
            ("Walks", "of 1 min or longer", lambda row: _number(row["walking_bouts"])),
            ("Longest still", "without a break", lambda row: duration(row["longest_still_minutes"])),
            ("Breaks", "from 30 min of stillness", lambda row: _number(row["inactivity_breaks"])),
            *((_cut_name(cut), f"from {cut.least:g}{THIN}{cut.unit}", _cell_of(cut.name)) for cut in CUT_POINTS),
            (f"L{L_HOURS}", "mg, and from when", lambda row: _stretch(row, "l5")),
            (f"M{M_HOURS}", "mg, and from when", lambda row: _stretch(row, "m10")),
        )
    )


def _cell_of(name: str) -> Any:
    return lambda row: _minutes(row[name])


def _cut_name(cut: CutPoint) -> str:
    level = "MVPA" if cut.name.startswith("mvpa") else "Vigorous"
    return f"{level}, {'cadence' if 'cadence' in cut.name else 'ENMO'}"


def _number(value: float | None) -> str:
    return "–" if value is None or math.isnan(value) else count(value)


def _minutes(value: float | None) -> str:
    return "–" if value is None or math.isnan(value) else duration(value)


def _stretch(row: Mapping[str, Any], name: str) -> str:
    value = row[f"{name}_enmo_mg"]
    return "–" if value is None else f"{decimal(value)}, {row[f'{name}_start']}"


def _said(day: DaySummary, row: Mapping[str, Any]) -> str:
    if day.wear_minutes <= 0:
        return "not worn"
    adjusted = row["steps_adjusted"]
    beside = "" if adjusted is None or round(adjusted) == day.steps else f" ({count(adjusted)} adjusted)"
    judged = "" if day.quality.valid else " · too little wear to judge"
    return f"{known(day.steps)} steps{beside} · worn {duration(day.wear_minutes)}{judged}"


def _when(days: tuple[DaySummary, ...]) -> str:
    if not days:
        return "no day"
    first, last = days[0].date, days[-1].date
    return f"{first:%d %B %Y}" if first == last else f"{first:%d %B %Y} to {last:%d %B %Y}"


def profile_bars(profile: Profile) -> tuple[ProfileBar, ...]:
    """Return the average day in quarters of an hour; a quarter of which nothing is known has no bar."""
    steps = profile.steps.reshape(-1, _QUARTER)
    some = np.isfinite(steps).any(axis=1)
    means = np.full(len(steps), np.nan)
    means[some] = np.nanmean(steps[some], axis=1)
    top = max(_PROFILE_TOP_SPM, float(np.nanmax(means, initial=0.0)))
    width = 100.0 / means.size
    return tuple(
        ProfileBar(at * width, width * 0.84, PROFILE_HEIGHT * mean / top)
        for at, mean in enumerate(means.tolist()) if not math.isnan(mean)
    )  # fmt: skip


def profile_hours(profile: Profile) -> tuple[ProfileHour, ...]:
    """Return the average day hour by hour, for who doesn't see the bars."""
    walking = profile.activity[:, ACTIVITIES.index(Activity.WALKING)]
    rows = []
    for hour in range(24):
        part = slice(60 * hour, 60 * hour + 60)
        some = np.isfinite(profile.steps[part])
        if not some.any():
            rows.append(ProfileHour(f"{hour:02}:00", "0", "–", "–", "–"))
            continue
        scale = 60.0 / some.sum()
        rows.append(
            ProfileHour(
                f"{hour:02}:00",
                decimal(float(profile.days[part].mean())),
                count(float(np.nansum(profile.steps[part])) * scale),
                duration(float(np.nansum(walking[part])) * scale),
                decimal(float(np.nanmean(profile.enmo_mg[part][some]))),
            )
        )
    return tuple(rows)


def bout_rows(bouts: tuple[Bout, ...]) -> tuple[BoutRow, ...]:
    """Return how often and how long each activity was kept up."""
    rows = []
    for activity in ACTIVITIES:
        minutes = [bout.duration_s / 60 for bout in bouts if bout.activity is activity]
        if minutes:
            rows.append(
                BoutRow(
                    activity.value.capitalize(),
                    count(len(minutes)),
                    duration(sum(minutes)),
                    duration(median(minutes)),
                    duration(max(minutes)),
                )
            )
    return tuple(rows)


def longest_walks(bouts: tuple[Bout, ...], zone: str) -> tuple[Walk, ...]:
    """Return the longest walks, the longest first."""
    walks = sorted((b for b in bouts if b.activity is Activity.WALKING), key=lambda b: (-b.duration_s, b.start_ns))
    return tuple(
        Walk(
            short_date(local_date(walk.start_ns, zone)), clock(walk.start_ns, zone), duration(walk.duration_s / 60),
            _number(walk.steps), _number(walk.steps / walk.duration_s * 60),
        )
        for walk in walks[:WALKS_SHOWN]
    )  # fmt: skip


def provenance(info: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """Return where the figures come from, name and value."""
    band, model = info["band"], info["model"]
    device = " ".join(part for part in (band["maker"], band["model"], band["serial"]) if part)
    rate = band["nominal_rate_hz"]
    return (
        ("Input (SHA-256)", info["input"]["sha256"]),
        ("Program", f"{info['program']['name']} {info['program']['version']}"),
        ("Model", f"{model['name']}, {model['digest'][:12]}"),
        ("Device", device or NOT_KNOWN),
        ("Worn on", band["placement"] or NOT_KNOWN),
        ("Rate it was told", NOT_KNOWN if rate is None else f"{rate:g}{THIN}Hz"),
        ("Time zone of the days", info["settings"]["zone"]),
        ("Samples", plural(info["signal"]["samples"], "sample")),
    )
