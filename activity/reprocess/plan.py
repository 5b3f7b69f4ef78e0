"""Which inputs have results already, and where the results of the others go."""

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from activity.digest import file_sha256
from activity.reprocess.settings import Settings
from device.errors import ReadError
from device.readers.table import SUFFIXES, reader_for

INFO_NAME: Final = "info.json"
TABLE_NAMES: Final = ("epochs.parquet", "bouts.parquet", "steps.parquet", "days.parquet")
#: How the names of what isn't a result yet, or no longer, begin.
PARTIAL: Final = ".partial-"
REPLACED: Final = ".replaced-"
_UNSAFE: Final = re.compile(r"[^\w.+-]+")
MAX_ID_CHARS: Final = 100


@dataclass(frozen=True, slots=True)
class Job:
    """One input file, and what is already there of it."""

    path: Path
    sha256: str
    key: str
    id: str  #: name of its output folder, or the beginning of their names where it holds several recordings
    done: frozenset[str]  #: folders that hold current results of it
    current: bool  #: all its recordings have current results


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do, and which inputs can't be: each with its fault."""

    jobs: tuple[Job, ...]
    refused: tuple[tuple[Path, ReadError], ...]


def safe_id(name: str) -> str:
    """Return ``name`` as a folder name that is safe everywhere: letters, digits and ``_ . + -``, no leading dot."""
    plain = _UNSAFE.sub("-", name).strip("-.") or "recording"
    if len(plain) <= MAX_ID_CHARS and plain == name:
        return plain
    # What was changed or cut must not make two names one.
    return f"{plain[:MAX_ID_CHARS]}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"


def find_inputs(given: Sequence[Path]) -> tuple[tuple[Path, ...], tuple[tuple[Path, ReadError], ...]]:
    """Return the files to read, each once, in order: folders give those in them with a known suffix."""
    files: dict[Path, None] = {}
    refused = []
    for path in given:
        if not path.is_dir():
            files.setdefault(path)
            continue
        found = sorted(p for p in path.rglob("*") if p.is_file() and p.name.lower().endswith(SUFFIXES))
        found = [p for p in found if not _is_output(p)]
        if not found:
            known = ", ".join(SUFFIXES)
            refused.append((path, ReadError("no recording in this folder", str(path), f"files that end in {known}")))
        files.update(dict.fromkeys(found))
    return tuple(files), tuple(refused)


def _is_output(path: Path) -> bool:
    """Return whether a file is a result of ours, which an input folder may hold, too."""
    return (path.parent / INFO_NAME).is_file() or (path.name in {"days.csv", "failures.csv"})


def make_plan(given: Sequence[Path], output: Path, settings: Settings, *, force: bool) -> Plan:
    """Return what is to do for the files and folders ``given``; nothing is written."""
    files, refused_folders = find_inputs(given)
    refused = list(refused_folders)
    done = read_infos(output)
    taken: dict[str, str] = {}
    jobs = []
    for path in files:
        try:
            reader_for(path)
            sha256 = file_sha256(path)
        except ReadError as fault:
            refused.append((path, fault))
            continue
        except OSError as error:
            refused.append((path, ReadError(error.strerror or str(error), str(path), "a file that can be read")))
            continue
        key = settings.key(sha256)
        name = _id_for(path, sha256, done, taken)
        taken[name] = str(path)
        mine = {folder: info for folder, info in done.items() if not force and info.get("key") == key}
        total = next((info["input"].get("recordings") for info in mine.values()), None)
        jobs.append(Job(path, sha256, key, name, frozenset(mine), current=bool(mine) and len(mine) == total))
    return Plan(tuple(jobs), tuple(refused))


def read_infos(output: Path) -> dict[str, dict[str, Any]]:
    """Return the ``info.json`` of each whole result in an output folder, by folder name."""
    infos = {}
    for path in sorted(output.glob(f"*/{INFO_NAME}")) if output.is_dir() else ():
        try:
            info = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
        folder = path.parent
        whole = all((folder / name).is_file() for name in TABLE_NAMES)
        # Half-written results begin with a dot.
        if whole and isinstance(info, dict) and isinstance(info.get("input"), dict) and folder.name[0] != ".":
            infos[folder.name] = info
    return infos


def _id_for(path: Path, sha256: str, done: dict[str, dict[str, Any]], taken: dict[str, str]) -> str:
    """Return a folder name for an input that no other input has, in this run or in an earlier one."""
    stem = path.name
    for suffix in sorted(SUFFIXES, key=len, reverse=True):
        if stem.lower().endswith(suffix):
            stem = stem[: -len(suffix)]
            break
    short = safe_id(stem)
    where = str(path.resolve())
    others = (info["input"] for folder, info in done.items() if folder == short or folder.startswith(f"{short}."))
    if short not in taken and not any(_is_other(info, where, sha256) for info in others):
        return short
    return f"{short}-{hashlib.sha256(where.encode()).hexdigest()[:8]}"


def _is_other(known: dict[str, Any], where: str, sha256: str) -> bool:
    return known.get("path") != where and known.get("sha256") != sha256


def stale_leftovers(output: Path) -> Sequence[Path]:
    """Return what an interrupted run left half-written or half-replaced."""
    return sorted(path for begin in (PARTIAL, REPLACED) for path in output.glob(f"{begin}*"))
