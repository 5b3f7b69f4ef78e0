"""What content was signed: a list of files with their hashes, a version, who looked at it, and what they said.

A signature here is a record, not a seal: it shows that no file changed since somebody wrote the record, and who says
to have reviewed what. It can't show that the person is who they say, since whoever may change a file may also write
the record anew. For that, sign the record itself with what your institution uses, and compare its hash.
"""

import hashlib
from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Annotated, Final

from pydantic import Field

from activity.errors import ContentError
from activity.questionnaires.definition import Checked, checked, read_toml

RECORD: Final = "SIGNED.toml"
REFRESH: Final = "run: selfback content sign"

#: Files that decide what a participant is asked, told or held to, from the folder of ``RECORD``.
FOLDERS: Final = (".", "../questionnaires")
_NOT_CONTENT: Final = frozenset({RECORD, "demo-person.toml"})

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Status(StrEnum):
    """How far content has been reviewed."""

    NOT_REVIEWED = "not yet reviewed by a clinician"
    REVIEWED = "reviewed by a clinician"


class Signed(Checked):
    """What was signed, by whom and when."""

    version: Annotated[str, Field(min_length=1)]
    status: Status
    reviewer: str  #: role and registration number or name; empty where nobody reviewed it
    date: date
    files: Mapping[str, Sha256]  #: by path from the folder of the record


def hashes(folder: Traversable) -> dict[str, str]:
    """Return the SHA-256 of every file that is content, by its path from ``folder``, in order."""
    found = {}
    for place in FOLDERS:
        room = folder if place == "." else _beside(folder)
        for file in room.iterdir():
            if file.name.endswith(".toml") and file.name not in _NOT_CONTENT:
                path = file.name if place == "." else f"{place}/{file.name}"
                found[path] = hashlib.sha256(file.read_bytes()).hexdigest()
    return dict(sorted(found.items()))


def check_signature(folder: Traversable) -> Signed:
    """Return the record of a folder whose files are those that were signed; ``ContentError`` names what isn't."""
    values, _ = read_toml(folder.joinpath(RECORD))
    signed = checked(Signed, values, RECORD)
    if signed.status is Status.REVIEWED and not signed.reviewer:
        raise ContentError("reviewed by nobody", RECORD, "a reviewer, or the status " + Status.NOT_REVIEWED, REFRESH)
    now = hashes(folder)
    wrong = [f"{name} is not signed" for name in now.keys() - signed.files.keys()]
    wrong += [f"{name} was signed and is gone" for name in signed.files.keys() - now.keys()]
    wrong += [f"{name} changed since it was signed" for name in now if signed.files.get(name, now[name]) != now[name]]
    if wrong:
        raise ContentError("; ".join(sorted(wrong)), RECORD, f"the files of version {signed.version}", REFRESH)
    return signed


def sign(folder: Path, version: str, reviewer: str, status: Status, on: date) -> Path:
    """Write the record of a folder as it is now and return its path; a reviewer who isn't named reviewed nothing."""
    if (status is Status.REVIEWED) != bool(reviewer.strip()):
        raise ContentError(
            f"status {status!r} by {reviewer!r}", RECORD, "a reviewer and the status reviewed, or neither of them"
        )
    lines = [
        "# Which files were looked at, by whom. Written by `selfback content sign`; README.md says what it proves.",
        f"version = {_text(version)}",
        f"status = {_text(status)}",
        f"reviewer = {_text(reviewer)}",
        f"date = {on.isoformat()}",
        "",
        "[files]",
        *(f"{_text(name)} = {_text(digest)}" for name, digest in hashes(folder).items()),
    ]
    path = folder / RECORD
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def _beside(folder: Traversable) -> Traversable:
    room = folder.joinpath("..", "questionnaires")
    if not room.is_dir():
        raise ContentError("no folder of questionnaires", str(room), "a folder beside that of the content")
    return room


def _text(value: str) -> str:
    if any(letter in value for letter in '"\\') or not value.isprintable():
        raise ContentError(f"{value!r} can't be written", RECORD, "text without quotes, backslashes and line breaks")
    return f'"{value}"'
