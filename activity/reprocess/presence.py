"""Runs that share an output folder: each holds a lock while it lives, so that the dead can be told from the living."""

import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from filelock import FileLock, Timeout

_RUN: Final = ".run-"
#: How the names of what isn't a result yet, or no longer, begin; the run that it belongs to follows.
PARTIAL: Final = ".partial-"
REPLACED: Final = ".replaced-"
_COLLATE: Final = ".collate"


@contextmanager
def present(output: Path) -> Iterator[str]:
    """Yield the name of this run, which is known to live until the end; first what dead runs left is put right."""
    name = uuid.uuid4().hex[:12]
    place = output / f"{_RUN}{name}"
    with FileLock(place):
        _bury_the_dead(output, name)
        try:
            yield name
        finally:
            place.unlink(missing_ok=True)


def others_live(output: Path) -> bool:
    """Return whether any run in this folder lives; called after one's own has ended."""
    for place in output.glob(f"{_RUN}*"):
        try:
            with FileLock(place, timeout=0):
                pass
        except Timeout:
            return True
    return False


@contextmanager
def collating(output: Path) -> Iterator[None]:
    """Let one run at a time write the tables of the whole folder, so that the last one has seen all results."""
    with FileLock(output / _COLLATE):
        yield


def _bury_the_dead(output: Path, own: str) -> None:
    living = {own}
    for place in sorted(output.glob(f"{_RUN}*")):
        name = place.name.removeprefix(_RUN)
        if name == own:
            continue
        try:
            with FileLock(place, timeout=0):
                place.unlink(missing_ok=True)
        except Timeout:
            living.add(name)
    for begin in (PARTIAL, REPLACED):
        for path in sorted(output.glob(f"{begin}*")):
            run, _, result = path.name.removeprefix(begin).partition("-")
            if run not in living:
                _put_right(path, output / result, restore=begin == REPLACED)


def _put_right(path: Path, place: Path, *, restore: bool) -> None:
    """Delete what was half-written; a result that was taken out of its place to be replaced goes back."""
    if restore and not place.exists():
        path.replace(place)
    elif path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
