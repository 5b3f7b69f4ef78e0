"""One input file from acceleration to results on disk; what goes wrong with it stays with it."""

import statistics
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa

from activity.classify.artefact import load_model
from activity.day.intensity import CUT_POINTS, L_HOURS, M_HOURS, extreme
from activity.errors import OutputError
from activity.reprocess.analyse import Analysis, analyse
from activity.reprocess.outcome import Failed, Outcome
from activity.reprocess.output import null_for_nan, write_result
from activity.reprocess.plan import Job, place_of, safe_id
from activity.reprocess.scratch import rows_on_disk
from activity.reprocess.settings import Settings
from activity.reprocess.tables import (
    bouts_table,
    days_table,
    epochs_table,
    metrics_table,
    profile_table,
    steps_table,
    stretch_row,
)
from device.errors import Fault
from device.readers.clock import text_of
from device.readers.table import open_recordings
from device.recording import Stream

#: Gaps that ``info.json`` lists; of more it gives the number and the total.
MAX_GAPS_LISTED: Final = 1000


@dataclass(frozen=True, slots=True)
class Work:
    """What all tasks of a run share; calling it does one. It is small, so that it can be sent along with each job."""

    output: Path
    settings: Settings
    model: str  #: name of a shipped model, or the folder of another
    run: str  #: name of the run, for what it writes aside

    def __call__(self, job: Job) -> Outcome:
        """Return what became of one input file."""
        return process_file(job, self)


_load = lru_cache(maxsize=2)(load_model)  # once a process


def process_file(job: Job, work: Work) -> Outcome:
    """Write the results of all recordings in one file, but for those that are current, and return what became of it.

    A fault of the input is part of the outcome; `OutputError` is raised, because what can't be written for one input
    can't be written for the next.
    """
    done: list[Mapping[str, Any]] = []
    failed: list[Failed] = []
    try:
        zone = work.settings.clock_zone or work.settings.zone
        names, streams = _recordings(job.path, zone)
        ids = _folder_names(job, names)
        for (name, stream), folder in zip(streams, ids, strict=True):
            if folder in job.done:
                continue
            try:
                source = _input_info(job, name, len(names))
                info = _process_recording(stream, work, folder, source)
            except OutputError:
                raise
            except Fault as fault:
                failed.append(Failed(job.path, name, _placed(fault, job.path, name)))
                continue
            done.append(info)
    except OutputError:
        raise
    except Fault as fault:
        failed.append(Failed(job.path, "", _placed(fault, job.path, "")))
    return Outcome(job, tuple(done), tuple(failed))


def _recordings(path: Path, zone: str) -> tuple[list[str], Iterable[tuple[str, Stream]]]:
    """Return the names of all recordings in a file, and each with its stream; an only one isn't looked for again."""
    names: list[str] = []
    for name, stream in open_recordings(path, zone):
        names.append(name)
        last = stream
    return names, ((names[0], last),) if len(names) == 1 else open_recordings(path, zone)


def _placed(fault: Fault, path: Path, name: str) -> Fault:
    """Return the fault with the input in its place: what recognises a recording doesn't know its file."""
    if str(path) in fault.where:
        return fault
    where = ", ".join(part for part in (str(path), name, fault.where) if part)
    return type(fault)(fault.what, where, fault.expected, fault.remedy)


def _folder_names(job: Job, names: list[str]) -> list[str]:
    return [f"{job.id}.{safe_id(name)}" if name else job.id for name in names]


def _input_info(job: Job, name: str, recordings: int) -> dict[str, Any]:
    return {
        "key": job.key,
        "input": {
            "name": job.path.name,
            "place": place_of(job.path),
            "bytes": job.path.stat().st_size,
            "sha256": job.sha256,
            "recording": name,
            "recordings": recordings,
        },
    }


def _process_recording(stream: Stream, work: Work, folder: str, source: dict[str, Any]) -> dict[str, Any]:
    settings, output = work.settings, work.output
    # A recording that knows its zone keeps it, unless another is asked for.
    zone = settings.zone if settings.clock_zone else stream.zone
    analysis = analyse(stream, _load(work.model), zone, output)
    found = analysis.found
    info = {
        "schema": settings.output_version,
        "recording": folder,
        **source,
        **_provenance(settings, zone),
        **_signal_info(analysis),
        "totals": _totals(analysis),
        "cut_points": _CUT_POINTS,
    }
    tables = {
        "epochs.parquet": epochs_table(found.epochs),
        "bouts.parquet": bouts_table(analysis.bouts),
        "steps.parquet": steps_table(found.step_times_ns),
        "days.parquet": days_table(analysis.days, analysis.adjusted, analysis.intensity, settings.model),
        "profile.parquet": profile_table(analysis.profile),
    }
    if settings.metrics:
        info["metrics"], tables["metrics.parquet"] = _metrics(stream, analysis, output)
    known: dict[str, Any] = null_for_nan(info)
    write_result(output, work.run, folder, known, tables)
    return known


def _provenance(settings: Settings, zone: str) -> dict[str, Any]:
    return {
        "program": {"name": "selfback", "version": settings.program_version},
        "model": {
            "name": settings.model,
            "digest": settings.model_digest,
            "feature_version": settings.feature_version,
        },
        "settings": {"zone": zone, "clock_zone": settings.clock_zone or zone},
    }


def _signal_info(analysis: Analysis) -> dict[str, Any]:
    extent, found = analysis.extent, analysis.found
    gaps = extent.gaps
    return {
        "band": asdict(analysis.band),
        "signal": {
            "start": text_of(extent.stretches[0].first_ns),
            "stop": text_of(extent.stretches[-1].last_ns),
            "samples": extent.samples,
            "rate_hz": extent.rate_hz,
            "segments": len(extent.stretches),
            "gap_count": len(gaps),
            "gap_seconds": sum(gap.duration_s for gap in gaps),
            "gaps": [{"start": text_of(g.start_ns), "stop": text_of(g.stop_ns)} for g in gaps[:MAX_GAPS_LISTED]],
            "flags": [asdict(flag) for flag in found.flags],
        },
        "calibration": {
            "applied": bool(found.calibration.applied),
            "kind": found.calibration.kind,
            "reason": found.calibration.reason,
            "error_before_mg": float(found.calibration.error_before_mg),
            "error_after_mg": float(found.calibration.error_after_mg),
        },
        "damage": [asdict(damage) for damage in extent.damage],
    }


def _metrics(stream: Stream, analysis: Analysis, output: Path) -> tuple[list[dict[str, Any]], pa.Table]:
    """Return what the measures of movement are, and their table."""
    # scipy.signal takes half a second to load, and only they need it.
    from activity.signal.movement.table import METRICS, measure  # noqa: PLC0415

    found = measure(stream, analysis.found.calibration, lambda: rows_on_disk(output))
    said = [
        {"name": m.name, "columns": list(m.columns), "unit": m.unit, "rate_hz": m.rate_hz, "source": m.source}
        for m in METRICS
    ]
    return said, metrics_table(found)


_CUT_POINTS: Final = [
    {"name": cut.name, "least": cut.least, "unit": cut.unit, "people": cut.people, "source": cut.source}
    for cut in CUT_POINTS
]


def _totals(analysis: Analysis) -> dict[str, Any]:
    days, profile = analysis.days, analysis.profile
    adjusted = [day.steps for day in analysis.adjusted if day.steps is not None]
    clock = np.arange(profile.days.size)
    average = {
        name: extreme(profile.enmo_mg, clock, hours, most=most, around=True)
        for name, hours, most in (("l5", L_HOURS, False), ("m10", M_HOURS, True))
    }
    steps = [day.steps for day in days if day.steps is not None]
    valid = [day.steps for day in days if day.quality.valid and day.steps is not None]
    return {
        "days": len(days),
        "valid_days": sum(day.quality.valid for day in days),
        "recorded_minutes": sum(day.quality.recorded_minutes for day in days),
        "wear_minutes": sum(day.wear_minutes for day in days),
        "steps": sum(steps) if steps else None,
        "median_valid_day_steps": statistics.median(valid) if valid else None,
        "mean_day_steps_adjusted": statistics.fmean(adjusted) if adjusted else None,
        "covers_24h": profile.covers_24h,
        **{key: value for name, stretch in average.items() for key, value in stretch_row(name, stretch).items()},
        "minutes": {
            str(activity): sum(day.minutes[activity] for day in days) for activity in (days[0].minutes if days else ())
        },
    }
