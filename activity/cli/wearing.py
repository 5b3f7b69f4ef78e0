"""From the serial number of a band to the days of whoever wears it."""

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from activity.cli import console
from device.errors import Fault

if TYPE_CHECKING:
    from activity.day.summary import DaySummary


def process_recordings(paths: Sequence[Path], results: Path, zone: str) -> None:
    """Process recordings into a folder of results, with the shipped model; the first fault is raised."""
    from activity.classify.artefact import DEFAULT_MODEL, load_model
    from activity.reprocess.engines import engine_named
    from activity.reprocess.output import collate, note_failures, prepare
    from activity.reprocess.plan import make_plan
    from activity.reprocess.presence import present
    from activity.reprocess.run import run_jobs
    from activity.reprocess.settings import settings_for
    from activity.reprocess.worker import Work

    prepare(results)
    with present(results) as run:
        plan = make_plan(paths, results, lambda: settings_for(load_model(DEFAULT_MODEL), zone), force=False)
        failed: list[Fault] = [fault for _, fault in plan.refused]
        jobs = [job for job in plan.jobs if not job.current]
        work = Work(results, plan.settings, DEFAULT_MODEL, run)
        for outcome in run_jobs(jobs, work, engine_named("local", None), workers=1):
            note_failures(results, outcome.job.path, outcome.failed)
            failed += [one.fault for one in outcome.failed]
    collate(results)
    if failed:
        raise failed[0]


def names_of_band(results: Path, serial: str) -> tuple[str, ...]:
    """Return the recordings of a band in a folder of results."""
    from activity.reprocess.plan import read_infos

    return tuple(name for name, info in read_infos(results).items() if _serial(info) == serial)


def _serial(info: Mapping[str, Any]) -> str:
    return str(info["band"]["serial"])


def later_days(days: "Sequence[DaySummary]", since: date) -> "tuple[DaySummary, ...]":
    """Return the days after the one on which a band was given: part of that one may be somebody else's."""
    return tuple(day for day in days if day.date > since)


def one_serial(recordings: Sequence[Mapping[str, Any]]) -> str:
    """Return the serial number of the band that was synced; `click.UsageError` where it has none."""
    serials = {str(facts["serial"]) for facts in recordings} - {""}
    if len(serials) != 1:
        raise click.UsageError("there is nothing from a band with a serial number to plan from")
    (serial,) = serials
    return serial


def say_days(count: int, serial: str, since: date) -> None:
    """Say how many days of a band are the wearer's."""
    console.note(f"{count} days of band {serial}, which they have had since {since}")
