"""Results on disk, whole or not at all: a folder per recording, and one table of days for all of them."""

import csv
import hashlib
import io
import json
import math
import os
import shutil
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet

from activity.errors import OutputError
from activity.reprocess.outcome import Failed
from activity.reprocess.plan import INFO_NAME, read_infos
from activity.reprocess.presence import PARTIAL, REPLACED, collating
from activity.reprocess.quality import failure_row, overlaps, quality_row
from activity.reprocess.results import day_rows
from device.capture.durable import sync_folder

#: Where it is kept what failed, a file an input.
FAILED: Final = ".failed"
#: Text repeats; a dictionary of what is measured takes memory and brings little (15 % of a month's epochs).
_PARQUET: Final = {"compression": "zstd", "write_page_checksum": True, "use_dictionary": ["activity"]}


def prepare(output: Path) -> None:
    """Make the output folder and prove that it can be written; `OutputError` if not."""
    try:
        output.mkdir(parents=True, exist_ok=True)
        probe = output / f"{PARTIAL}probe-{os.getpid()}"
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as error:
        raise unwritable(output, error) from error


def unwritable(place: Path, error: OSError) -> OutputError:
    """Return the fault of a place that can't be written."""
    return OutputError(
        f"can't be written: {error.strerror or error}", str(error.filename or place), "a folder that can be written",
        "choose another with --output, or make room, then run the same command to go on",
    )  # fmt: skip


def write_result(output: Path, run: str, name: str, info: Mapping[str, Any], tables: Mapping[str, pa.Table]) -> None:
    """Write one recording's folder for ``run``: written aside, flushed to disk, then put in place in one step."""
    partial, final = output / f"{PARTIAL}{run}-{name}", output / name
    try:
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir()
        for file_name, table in tables.items():
            with (partial / file_name).open("wb") as file:
                pyarrow.parquet.write_table(table, file, **_PARQUET)
                _flush(file)
        _write_text(partial / INFO_NAME, json.dumps(info, indent=2, ensure_ascii=False, allow_nan=False) + "\n")
        sync_folder(partial)
        replaced = output / f"{REPLACED}{run}-{name}"
        if final.exists():
            final.rename(replaced)
        partial.rename(final)
        sync_folder(output)
        shutil.rmtree(replaced, ignore_errors=True)
    except OSError as error:
        raise unwritable(partial, error) from error


def collate(output: Path) -> None:
    """Write ``days.csv``, ``quality.csv`` and ``failures.csv`` anew from all that the folder holds.

    Several runs may do so at once: the last one has seen the results of all.
    """
    try:
        with collating(output):
            infos = read_infos(output)
            failures = read_failures(output)
            write_rows(
                output / "days.csv", [{"recording": name, **row} for name in infos for row in day_rows(output, name)]
            )
            shared = overlaps(infos)
            rows = [quality_row(info, shared.get(name, ())) for name, info in infos.items()]
            rows += [failure_row(failure) for failure in failures]
            write_rows(output / "quality.csv", sorted(rows, key=lambda row: (row["input"], row["recording"])))
            write_rows(output / "failures.csv", failures)
    except OSError as error:
        raise unwritable(output, error) from error


def note_failures(output: Path, path: Path, failed: Sequence[Failed]) -> None:
    """Keep what failed of one input until it is tried again, instead of what failed of it before."""
    place = output / FAILED / f"{hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:16]}.json"
    try:
        if not failed:
            place.unlink(missing_ok=True)
            return
        place.parent.mkdir(exist_ok=True)
        rows = [
            {"input": str(f.path), "recording": f.recording, "code": f.fault.code, "fault": str(f.fault)}
            for f in failed
        ]
        _replace_text(place, json.dumps(rows, indent=2, ensure_ascii=False) + "\n")
    except OSError as error:
        raise unwritable(place, error) from error


def read_failures(output: Path) -> list[dict[str, str]]:
    """Return a row for each input, or recording in one, that came to nothing when it was last tried."""
    rows: list[dict[str, str]] = []
    for place in sorted((output / FAILED).glob("*.json")):
        rows += json.loads(place.read_text(encoding="utf-8"))
    return sorted(rows, key=lambda row: (row["input"], row["recording"]))


def write_rows(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write a CSV file in one step; no rows, no file. Missing is an empty cell."""
    try:
        if not rows:
            path.unlink(missing_ok=True)
            return
        _replace_text(path, csv_text(rows))
    except OSError as error:
        raise unwritable(path, error) from error


def csv_text(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return rows of the same columns as CSV, with a line of their names; missing is an empty cell."""
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(rows[0]) if rows else [], lineterminator="\n")
    writer.writeheader()
    writer.writerows({key: _cell(value) for key, value in row.items()} for row in rows)
    return text.getvalue()


def write_page(path: Path, page: str) -> None:
    """Write a page in one step, into a folder that is made if need be; `OutputError` if it can't be."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _replace_text(path, page)
    except OSError as error:
        raise unwritable(path, error) from error


def write_bytes(path: Path, data: bytes) -> None:
    """Write a file in one step, into a folder that is made if need be; `OutputError` if it can't be."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_name(f"{PARTIAL}{uuid.uuid4().hex[:12]}-{path.name}")
        partial.write_bytes(data)
        partial.replace(path)
    except OSError as error:
        raise unwritable(path, error) from error


def _cell(value: Any) -> Any:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return "" if math.isnan(value) else round(value, 3)
    if isinstance(value, list):
        return ";".join(str(_cell(part)) for part in value)
    return "" if value is None else value


def null_for_nan(value: Any) -> Any:
    """Return a JSON value in which a number that isn't known is null."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): null_for_nan(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [null_for_nan(part) for part in value]
    return value


def _replace_text(path: Path, text: str) -> None:
    partial = path.with_name(f"{PARTIAL}{uuid.uuid4().hex[:12]}-{path.name}")
    _write_text(partial, text)
    partial.replace(path)
    sync_folder(path.parent)


def _write_text(path: Path, text: str) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(text)
        _flush(file)


def _flush(file: Any) -> None:
    file.flush()
    os.fsync(file.fileno())
