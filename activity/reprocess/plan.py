"""Which inputs have results already, and where the results of the others go."""

import hashlib
import json
import re
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from activity.digest import file_sha256
from device.errors import ReadError
from device.readers.table import SUFFIXES, reader_for

if TYPE_CHECKING:
    from activity.reprocess.settings import Settings

INFO_NAME: Final = "info.json"
TABLE_NAMES: Final = ("epochs.parquet", "bouts.parquet", "steps.parquet", "days.parquet", "profile.parquet")
_UNSAFE: Final = re.compile(r"[^\w.+-]+")
MAX_ID_CHARS: Final = 100


@dataclass(frozen=True, slots=True)
class Job:
    """One input file, and what is already there of it."""

    path: Path
    shared_name: str  #: by which shards deal it out: its path in the folder that was given, or its name
    sha256: str
    key: str
    id: str  #: name of its output folder, or the beginning of their names where it holds several recordings
    done: frozenset[str]  #: folders that hold current results of it
    current: bool  #: all its recordings have current results


@dataclass(frozen=True, slots=True)
class Shard:
    """One of ``of`` shares of a batch, counted from 1."""

    number: int
    of: int

    def has(self, name: str) -> bool:
        """Return whether an input of this name belongs to the share; every name belongs to exactly one."""
        return int(hashlib.sha256(name.encode()).hexdigest()[:12], 16) % self.of == self.number - 1


WHOLE: Final = Shard(1, 1)


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do, and which inputs can't be: each with its fault."""

    settings: "Settings"  #: under which results are current
    jobs: tuple[Job, ...]
    refused: tuple[tuple[Path, ReadError], ...]
    copies: tuple[tuple[Path, Path], ...] = ()  #: inputs with the content of another, which is done


def safe_id(name: str) -> str:
    """Return ``name`` as a folder name that is safe everywhere: letters, digits and ``_ . + -``, no leading dot."""
    plain = _UNSAFE.sub("-", name).strip("-.") or "recording"
    if len(plain) <= MAX_ID_CHARS and plain == name:
        return plain
    # What was changed or cut must not make two names one.
    return f"{plain[:MAX_ID_CHARS]}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"


def find_inputs(given: Sequence[Path]) -> tuple[dict[Path, str], tuple[tuple[Path, ReadError], ...]]:
    """Return the files to read with their names inside what was given, each once, in order.

    Folders give those in them with a known suffix, and what is wrong with the others is returned beside.
    """
    files: dict[Path, str] = {}
    refused = []
    for path in given:
        if not path.is_dir():
            files.setdefault(path, path.name)
            continue
        found = sorted(p for p in path.rglob("*") if p.is_file() and p.name.lower().endswith(SUFFIXES))
        found = [p for p in found if not _is_output(p)]
        if not found:
            known = ", ".join(SUFFIXES)
            refused.append((path, ReadError("no recording in this folder", str(path), f"files that end in {known}")))
        for one in found:
            files.setdefault(one, one.relative_to(path).as_posix())
    return files, tuple(refused)


def _is_output(path: Path) -> bool:
    """Return whether a file is a result of ours, which an input folder may hold, too."""
    return (path.parent / INFO_NAME).is_file() or (path.name in {"days.csv", "failures.csv", "quality.csv"})


def make_plan(
    given: Sequence[Path],
    output: Path,
    settled: Callable[[], "Settings"],
    *,
    force: bool,
    shard: Shard = WHOLE,
    workers: int = 1,
) -> Plan:
    """Return what is to do for the files and folders ``given``; nothing is written.

    All content is hashed, on ``workers`` threads. Meanwhile ``settled`` gives the settings, so that a model can be
    loaded, which takes as long as a week is hashed. Of two files with the same content the second is not done again.
    """
    files, refused_folders = find_inputs(given)
    mine = {path: name for path, name in files.items() if shard.has(name)}
    refused = list(refused_folders) if shard.number == 1 else []
    done = read_infos(output)
    with ThreadPoolExecutor(workers) as pool:
        hashed = pool.map(_content_sha256, mine)
        try:
            settings = settled()
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
        hashes = dict(zip(mine, hashed, strict=True))
    taken: dict[str, str] = {}
    first_of: dict[str, Path] = {}
    jobs, copies = [], []
    for path, name in mine.items():
        sha256 = hashes[path]
        if isinstance(sha256, ReadError):
            refused.append((path, sha256))
            continue
        if sha256 in first_of:
            copies.append((path, first_of[sha256]))
            continue
        first_of[sha256] = path
        key = settings.key(sha256)
        folder = _id_for(path, sha256, done, taken)
        taken[folder] = str(path)
        current = {at: info for at, info in done.items() if not force and info.get("key") == key}
        total = next((info["input"].get("recordings") for info in current.values()), None)
        whole = bool(current) and len(current) == total
        jobs.append(Job(path, name, sha256, key, folder, frozenset(current), current=whole))
    return Plan(settings, tuple(jobs), tuple(refused), tuple(copies))


def _content_sha256(path: Path) -> str | ReadError:
    try:
        reader_for(path)
        return file_sha256(path)
    except ReadError as fault:
        return fault
    except OSError as error:
        return ReadError(error.strerror or str(error), str(path), "a file that can be read")


def place_of(path: Path) -> str:
    """Return what tells inputs of one name apart without saying where they lie, which can hold somebody's name."""
    return hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:16]


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
    where = place_of(path)
    others = (info["input"] for folder, info in done.items() if folder == short or folder.startswith(f"{short}."))
    if short not in taken and not any(_is_other(info, where, sha256) for info in others):
        return short
    return f"{short}-{where[:8]}"


def _is_other(known: dict[str, Any], where: str, sha256: str) -> bool:
    return known.get("place") != where and known.get("sha256") != sha256
