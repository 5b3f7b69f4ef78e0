"""``selfback demo``: from a simulated wristband to a weekly plan on a page, in one process, without hardware."""

import tomllib
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

import click

from activity.cli import console
from activity.cli.band_day import RATE_HZ, synced

if TYPE_CHECKING:
    from activity.coach.plan import DailyMessage, WeeklyPlan
    from activity.reprocess.analyse import Analysis
    from device.simulator.motion import Motion

START_HOUR: Final = 8
SATURDAY: Final = 5


@dataclass(frozen=True, slots=True)
class Person:
    """The made-up person of the demo, as ``data/content/demo-person.toml`` has them."""

    pseudonym: str
    zone: str
    profile: dict[str, Any]
    checkin: dict[str, Any]


@click.command(short_help="See it all at work: a simulated band, a day, a plan, a page.")
@click.option(
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("selfback-demo"),
    help="Folder for the capture, the recording and the page.",
)
@click.option("--seed", type=click.IntRange(0), default=1, help="Another seed is another working day.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document instead of text.")
def command(output: Path, seed: int, as_json: bool) -> int:
    """Find a simulated band that holds a working day, sync it over Bluetooth LE, and plan a week from it.

    The band is software, the radio is not pretended: every byte takes the way over HCI, L2CAP, ATT and GATT that
    it takes from a real band. The wearer is made up, so the truth is known, and is printed beside what was found.
    """
    import time
    from importlib.metadata import version

    from activity.classify.artefact import DEFAULT_MODEL, load_model
    from activity.digest import file_sha256
    from activity.reprocess.analyse import analyse
    from activity.reprocess.output import write_page

    began_s = time.monotonic()
    person = _person()
    today = datetime.now(ZoneInfo(person.zone)).date()
    console.note("making a working day of someone with a sore back ...")
    motion = _working_day(person, today, seed)
    recording, path = synced(motion, output)
    console.note("recognising activities and steps; the first time, kernels are compiled ...")
    model = load_model(DEFAULT_MODEL)
    analysis = analyse(recording.stream(), model, person.zone)
    plan, message = _plan(person, analysis, today, seed)
    provenance = {
        "Input (SHA-256)": file_sha256(path),
        "Program": f"selfback {version('selfback')}",
        "Model": f"{model.name}, features {model.feature_version}",
        "Band": " ".join(filter(None, (recording.band.maker, recording.band.model, recording.band.firmware))),
        "Content": f"version {plan.content_version}",
    }
    page = output / "report.html"
    write_page(page, _page(person, analysis, plan, message, provenance))
    rows = truth_rows(analysis, motion)
    if as_json:
        console.emit_json(_document(analysis, plan, rows, {"recording": str(path), "page": str(page)}))
    else:
        _print(analysis, plan, message, rows)
        console.emit(f"\nThe page: {page.resolve()}")
        console.note(f"its tables: selfback process {path} --output {output / 'results'} --zone {person.zone}")
    console.note(f"done in {time.monotonic() - began_s:.0f} s")
    return 0


def _print(
    analysis: "Analysis", plan: "WeeklyPlan", message: "DailyMessage", rows: list[tuple[str, float, float]]
) -> None:
    from activity.report.text import day_lines, plan_lines

    for day in analysis.days:
        console.emit("\n".join(day_lines(day)))
    console.emit(f"\n  The wearer is simulated, so the truth is known:{'true':>10}{'found':>9}")
    for name, true, found in rows:
        console.emit(f"    {name:<45}{true:>8,.0f}{found:>9,.0f}")
    console.emit("  The model has met simulated washing up and driving before, though not of")
    console.emit("  this wearer. On people expect more errors; see `selfback model info`.")
    console.emit("")
    console.emit("\n".join(plan_lines(plan, message)))


def _document(
    analysis: "Analysis", plan: "WeeklyPlan", rows: list[tuple[str, float, float]], files: dict[str, str]
) -> dict[str, Any]:
    from activity.coach.plan_document import plan_to_document

    days = [asdict(day) | {"date": day.date.isoformat()} for day in analysis.days]
    truth = {name: {"true": true, "found": found} for name, true, found in rows}
    return {"days": days, "truth": truth, "plan": plan_to_document(plan)} | files


def _person() -> Person:
    from activity.resources import shipped

    given = tomllib.loads(shipped("data", "content", "demo-person.toml").read_text(encoding="utf-8"))
    return Person(**given)


def _last_weekday(today: date) -> date:
    """Return the working day before today, which is the day that the band was worn."""
    day = today - timedelta(days=1)
    while day.weekday() >= SATURDAY:
        day -= timedelta(days=1)
    return day


def _working_day(person: Person, today: date, seed: int) -> "Motion":
    """Return eight hours of a made-up wearer, with the truth about them."""
    from device.recording import NS_PER_S
    from device.simulator.motion import Wearer, synthesise, working_day

    day = _last_weekday(today)
    start = datetime(day.year, day.month, day.day, START_HOUR, tzinfo=ZoneInfo(person.zone))
    start_ns = int(start.timestamp()) * NS_PER_S
    script = working_day(start_ns, seed)
    return synthesise(script, Wearer(), rate_hz=RATE_HZ, seed=seed, start_ns=start_ns, zone=person.zone)


def _plan(person: Person, analysis: "Analysis", today: date, seed: int) -> tuple["WeeklyPlan", "DailyMessage"]:
    from activity.coach.content import load_content
    from activity.coach.week import make_plan, todays_message
    from activity.questionnaires.checkin import load_checkin
    from activity.questionnaires.profile import load_profile

    plan = make_plan(
        load_profile(person.profile),
        load_checkin(person.checkin | {"date": today}),
        analysis.days,
        content=load_content(),
        start=today,
        seed=seed,
    )
    return plan, todays_message(plan, today)


def _page(
    person: Person, analysis: "Analysis", plan: "WeeklyPlan", message: "DailyMessage", provenance: dict[str, str]
) -> str:
    from activity.cli.main import INTENDED_USE
    from activity.report.facts import SignalFacts
    from activity.report.page import PageData, render_page

    extent, calibration = analysis.extent, analysis.found.calibration
    signal = SignalFacts(
        measured_rate_hz=extent.rate_hz,
        gaps=len(extent.gaps),
        gap_minutes=sum(gap.duration_s for gap in extent.gaps) / 60,
        calibrated=calibration.applied,
        calibration_before_mg=calibration.error_before_mg,
        calibration_after_mg=calibration.error_after_mg,
    )
    data = PageData(
        participant=person.pseudonym,
        day=analysis.days[0],
        epochs=analysis.found.epochs,
        signal=signal,
        plan=plan,
        message=message,
        intended_use=INTENDED_USE,
        warnings=("This is a demonstration: the wearer and the answers are made up.",),
        provenance=tuple(provenance.items()),
    )
    return render_page(data)


def truth_rows(analysis: "Analysis", motion: "Motion") -> list[tuple[str, float, float]]:
    """Return steps, and minutes of each activity, as they truly were and as they were found."""
    from activity.labels import ROLLUP, ROLLUPS, Activity

    true = dict.fromkeys(ROLLUPS, 0.0)
    for span in motion.labels:
        if span.label != "unworn":
            true[ROLLUP[Activity(span.label)]] += (span.stop_ns - span.start_ns) / 60e9
    found = dict.fromkeys(ROLLUPS, 0.0)
    for day in analysis.days:
        for activity, minutes in day.minutes.items():
            found[ROLLUP[activity]] += minutes
    steps = float(sum(day.steps or 0 for day in analysis.days))
    rows = [("steps", float(len(motion.step_times_ns)), steps)]
    return [*rows, *((f"{name} (minutes)", true[name], found[name]) for name in ROLLUPS)]
