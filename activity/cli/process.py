"""``selfback process``: recordings to activities, steps and days."""

import time
from collections.abc import Mapping
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from activity.cli import console
from activity.errors import OutputError

if TYPE_CHECKING:
    from activity.reprocess.engines import Engine
    from activity.reprocess.outcome import Failed
    from activity.reprocess.plan import Plan, Shard
    from activity.reprocess.settings import Settings
    from activity.reprocess.worker import Work

_MIB = 1 << 20


@click.command(
    short_help="Turn recordings into activities, steps and days.",
    epilog="Results that are current (same input, settings, model and program) are kept; run again to go on. What "
    "failed is tried again. Several runs, such as the shares of a cluster, may write to one folder at once. "
    "Exit code 1: some inputs failed; they are listed, the others are done.",
)
@click.argument("inputs", nargs=-1, required=True, metavar="INPUT...", type=click.Path(path_type=Path))
@click.option(
    "-o", "--output", required=True, type=click.Path(path_type=Path), help="Folder for the results; made if need be."
)
@click.option("--zone", default="UTC", help="Time zone that the wearer lived in, e.g. Europe/Oslo.")
@click.option(
    "--clock-zone", default=None, help="Time zone that the device's clock was set in.  [default: that of --zone]"
)
@click.option(
    "--model", default=None, help="Name of a shipped model, or folder of another.  [default: the shipped one]"
)
@click.option(
    "--workers", type=click.IntRange(min=1), default=None, help="Processors to work on.  [default: all there are]"
)
@click.option("--engine", type=click.Choice(("local", "dask")), default="local", help="What runs the work.")
@click.option("--scheduler", default=None, help="Address of a running Dask scheduler, e.g. tcp://10.0.0.1:8786.")
@click.option("--shard", default=None, metavar="K/N", help="Do only share K of N of the inputs, dealt out by name.")
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
    clock_zone: str | None,
    model: str | None,
    workers: int | None,
    engine: str,
    scheduler: str | None,
    shard: str | None,
    metrics: bool,
    force: bool,
    dry_run: bool,
    as_json: bool,
) -> int:
    """Turn recordings, or folders of them, into activities, steps and days."""
    from activity.reprocess.engines import engine_named
    from activity.reprocess.outcome import Failed
    from activity.reprocess.output import collate, prepare
    from activity.reprocess.plan import WHOLE, make_plan
    from activity.reprocess.presence import others_live, present
    from activity.reprocess.run import default_workers

    _check_zone(zone, "--zone")
    _check_zone(clock_zone or zone, "--clock-zone")
    if scheduler and engine != "dask":
        raise click.UsageError("--scheduler is for --engine dask")
    share = _shard(shard)
    if not dry_run:
        prepare(output)
    elif output.exists() and not output.is_dir():
        raise OutputError("is a file", str(output), "a folder", "choose another with --output")
    workers = workers or default_workers()
    with nullcontext("") if dry_run else present(output) as run:
        settled = partial(_settings, model, zone, metrics=metrics, clock_zone=clock_zone or "")
        plan = make_plan(inputs, output, settled, force=force, shard=share, workers=workers)
        for path, original in plan.copies:
            console.note(f"{path} has the content of {original} and isn't done twice")
        failed = [Failed(path, "", fault) for path, fault in plan.refused]
        if dry_run:
            _say_plan(plan, as_json=as_json)
        else:
            from activity.reprocess.worker import Work

            work = Work(output, plan.settings, _model_place(model), run)
            failed += _run(plan, work, engine_named(engine, scheduler), workers=workers, as_json=as_json)
    # Of the shares of a cluster, the last one to end writes the tables of all: to read them takes as long as to make.
    if not dry_run and (share is WHOLE or not others_live(output)):
        collate(output)
    return _end(plan, failed, as_json=as_json)


def _run(plan: "Plan", work: "Work", engine: "Engine", *, workers: int, as_json: bool) -> "list[Failed]":
    """Do what is to be done, and print a line for each recording, current ones first."""
    from activity.reprocess.outcome import Failed
    from activity.reprocess.output import note_failures
    from activity.reprocess.plan import read_infos
    from activity.reprocess.run import run_jobs

    current = {folder for job in plan.jobs for folder in job.done}
    for folder, info in read_infos(work.output).items() if current else ():
        if folder in current:
            _say(info, "current", as_json=as_json)
    for path, fault in plan.refused:
        note_failures(work.output, path, [Failed(path, "", fault)])
    jobs = [job for job in plan.jobs if not job.current]
    failed: list[Failed] = []
    with console.progress("inputs") as display:
        task = display.add_task("recordings", total=len(jobs))
        started, minutes, count, size = time.monotonic(), 0.0, 0, 0

        def heard(info: Mapping[str, Any]) -> None:
            nonlocal minutes, count
            minutes += info["totals"]["recorded_minutes"]
            count += 1
            _say(info, "done", as_json=as_json)

        for outcome in run_jobs(jobs, work, engine, workers=workers, heard=heard):
            note_failures(work.output, outcome.job.path, outcome.failed)
            failed += outcome.failed
            size += sum(info["input"]["bytes"] for info in outcome.done[:1])
            took_s = max(time.monotonic() - started, 1e-3)
            pace = f"{size / _MIB / took_s:,.0f} MB/s, {minutes * 60 / took_s:,.0f} × real time"
            trouble = f", {len(failed)} failed" if failed else ""
            display.update(task, advance=1, description=f"{count} recordings, {pace}{trouble},")
    return failed


def _end(plan: "Plan", failed: "list[Failed]", *, as_json: bool) -> int:
    """List what failed, and return the exit code."""
    for failure in failed:
        if as_json:
            found = {"state": "failed", "input": str(failure.path), "recording": failure.recording}
            console.emit_json(found | console.fault_json(failure.fault))
        console.report_fault(failure.fault)
    if failed:
        inputs = len(plan.jobs) + len(plan.refused)
        console.note(f"{len(failed)} failed; {inputs - len({f.path for f in failed})} of {inputs} inputs are whole")
    return int(bool(failed))


def _shard(text: str | None) -> "Shard":
    from activity.reprocess.plan import WHOLE, Shard

    if text is None:
        return WHOLE
    number, _, of = text.partition("/")
    if not (number.isdecimal() and of.isdecimal() and 1 <= int(number) <= int(of)):
        raise click.BadParameter(f"{text!r}; expected K/N with K from 1 to N, such as 3/40", param_hint="--shard")
    return Shard(int(number), int(of))


def _settings(model: str | None, zone: str, *, metrics: bool, clock_zone: str) -> "Settings":
    """Return what results depend on; it loads the model, and with it most of the program."""
    from activity.classify.artefact import load_model
    from activity.reprocess import worker  # noqa: F401 - what works on recordings is loaded while they are hashed
    from activity.reprocess.settings import settings_for

    return settings_for(load_model(_model_place(model)), zone, metrics=metrics, clock_zone=clock_zone)


def _model_place(model: str | None) -> str:
    """Return the name of a shipped model, or the whole path of a folder, which other processes find, too."""
    from activity.classify.artefact import DEFAULT_MODEL

    folder = Path(model or DEFAULT_MODEL)
    return str(folder.resolve()) if (folder / "model.json").is_file() else model or DEFAULT_MODEL


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


def _check_zone(zone: str, option: str) -> None:
    from device.errors import ReadError
    from device.readers.clock import zone_named

    try:
        zone_named(zone)
    except ReadError as error:
        raise click.BadParameter(f"{error.what}; expected {error.expected}", param_hint=option) from error
