"""``selfback process``: recordings to activities, steps and days."""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from activity.cli import console
from activity.errors import OutputError

if TYPE_CHECKING:
    from activity.classify.model import Model
    from activity.reprocess.outcome import Failed
    from activity.reprocess.plan import Plan
    from activity.reprocess.settings import Settings


@click.command(
    short_help="Turn recordings into activities, steps and days.",
    epilog="Results that are current (same input, settings, model and program) are kept; run again to go on. "
    "Exit code 1: some inputs failed; they are listed, the others are done.",
)
@click.argument("inputs", nargs=-1, required=True, metavar="INPUT...", type=click.Path(path_type=Path))
@click.option(
    "-o", "--output", required=True, type=click.Path(path_type=Path), help="Folder for the results; made if need be."
)
@click.option("--zone", default="UTC", help="Time zone that the wearer lived in, e.g. Europe/Oslo.")
@click.option(
    "--model", default=None, help="Name of a shipped model, or folder of another.  [default: the shipped one]"
)
@click.option(
    "--workers", type=click.IntRange(min=1), default=None, help="Processes to work in.  [default: one a processor]"
)
@click.option(
    "--metrics", is_flag=True, help="Write metrics.parquet, too: ENMO, MAD, MIMS-like and ActiGraph counts a minute."
)
@click.option("--force", is_flag=True, help="Make all results anew, current ones too.")
@click.option("--dry-run", is_flag=True, help="Say what would be done; write nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document a recording.")
def command(
    inputs: tuple[Path, ...],
    *,
    output: Path,
    zone: str,
    model: str | None,
    workers: int | None,
    metrics: bool,
    force: bool,
    dry_run: bool,
    as_json: bool,
) -> int:
    """Turn recordings, or folders of them, into activities, steps and days."""
    from activity.classify.artefact import DEFAULT_MODEL, load_model
    from activity.reprocess.outcome import Failed
    from activity.reprocess.output import clear, prepare, write_days_csv, write_failures
    from activity.reprocess.plan import make_plan, stale_leftovers
    from activity.reprocess.run import default_workers
    from activity.reprocess.settings import settings_for

    _check_zone(zone)
    if not dry_run:
        prepare(output)
    elif output.exists() and not output.is_dir():
        raise OutputError("is a file", str(output), "a folder", "choose another with --output")
    loaded = load_model(model or DEFAULT_MODEL)
    settings = settings_for(loaded, zone, metrics=metrics)
    plan = make_plan(inputs, output, settings, force=force)
    failed = [Failed(path, "", fault) for path, fault in plan.refused]
    if dry_run:
        _say_plan(plan, as_json=as_json)
    else:
        clear(stale_leftovers(output))
        failed += _run(plan, output, settings, loaded, workers=workers or default_workers(), as_json=as_json)
        write_days_csv(output)
        write_failures(output, failed)
    for failure in failed:
        if as_json:
            found = {"state": "failed", "input": str(failure.path), "recording": failure.recording}
            console.emit_json(found | console.fault_json(failure.fault))
        console.report_fault(failure.fault)
    if failed:
        done = len(plan.jobs) + len(plan.refused) - len({failure.path for failure in failed})
        console.note(f"{len(failed)} failed; {done} of {len(plan.jobs) + len(plan.refused)} inputs are whole")
    return int(bool(failed))


def _run(
    plan: "Plan", output: Path, settings: "Settings", model: "Model", *, workers: int, as_json: bool
) -> "list[Failed]":
    """Do what is to be done, and print a line for each recording, current ones first."""
    from activity.reprocess.plan import read_infos
    from activity.reprocess.run import run_jobs

    current = {folder for job in plan.jobs for folder in job.done}
    for folder, info in read_infos(output).items() if current else ():
        if folder in current:
            _say(info, "current", as_json=as_json)
    jobs = [job for job in plan.jobs if not job.current]
    failed: list[Failed] = []
    with console.progress("inputs") as display:
        task = display.add_task("recordings", total=len(jobs))
        started, minutes, count = time.monotonic(), 0.0, 0

        def heard(info: Mapping[str, Any]) -> None:
            nonlocal minutes, count
            minutes += info["totals"]["recorded_minutes"]
            count += 1
            pace = minutes * 60 / max(time.monotonic() - started, 1e-3)
            display.update(task, description=f"{count} recordings, {pace:,.0f} × real time,")
            _say(info, "done", as_json=as_json)

        for outcome in run_jobs(jobs, output, settings, model, workers=workers, heard=heard):
            display.advance(task)
            failed += outcome.failed
    return failed


def _say(info: Mapping[str, Any], state: str, *, as_json: bool) -> None:
    """Print one recording: all that ``info.json`` says, or a line."""
    if as_json:
        console.emit_json({"state": state, **info})
        return
    totals = info["totals"]
    steps = "no steps known" if totals["steps"] is None else f"{totals['steps']:,} steps"
    days = f"{totals['days']} day{'s' if totals['days'] != 1 else ''} ({totals['valid_days']} valid)"
    line = f"{info['recording']:<44} {days:<17} worn {_span(totals['wear_minutes'])}  {steps:>14}"
    damaged = sum(damage["count"] for damage in info["damage"])
    if damaged:
        line += f"  damage: {damaged}"
    flags = [f"{flag['code']} {flag['share']:.0%}" for flag in info["signal"]["flags"]]
    if flags:
        line += f"  signal: {', '.join(flags)}"
    if state == "current":
        line += "  (current)"
    console.emit(line)


def _span(minutes: float) -> str:
    return f"{minutes / 60:6.1f} h  " if minutes >= 120 else f"{minutes:6.1f} min"


def _say_plan(plan: "Plan", *, as_json: bool) -> None:
    for job in plan.jobs:
        state = "current" if job.current else "to do"
        if as_json:
            console.emit_json({"state": state, "id": job.id, "input": str(job.path), "sha256": job.sha256})
        else:
            console.emit(f"{state:<8} {job.id:<44} {job.path}")


def _check_zone(zone: str) -> None:
    from device.errors import ReadError
    from device.readers.clock import zone_named

    try:
        zone_named(zone)
    except ReadError as error:
        raise click.BadParameter(f"{error.what}; expected {error.expected}", param_hint="--zone") from error
