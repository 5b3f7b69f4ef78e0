"""The key of a trial in a file of its own, which nobody but its owner can read."""

import os
import secrets
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Final

from activity.errors import TrialKeyError
from activity.trial.randomisation import KEY_BYTES

_HEADER: Final = "selfback trial key; whoever has it knows every arm to come"
_MODE: Final = 0o600
_REMEDY: Final = "whoever keeps the key has a copy; without it nobody can be randomised"


def make_key(path: Path, draw: Callable[[int], bytes] = secrets.token_bytes) -> bytes:
    """Write a new key to a file that isn't there yet, and return it; `TrialKeyError`.

    ``draw`` returns so many bytes; nothing but a study that nobody lives may draw them from a seed.
    """
    key = draw(KEY_BYTES)
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _MODE)
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(f"{_HEADER}\n{key.hex()}\n")
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise TrialKeyError(
            f"can't be written: {error.strerror}", str(path), "a file that isn't there yet, in a folder of yours",
            "name another with --key",
        ) from error  # fmt: skip
    return key


def read_key(path: Path) -> bytes:
    """Return the key in a file; `TrialKeyError` where it isn't one, or where others can read it, too."""
    try:
        with path.open(encoding="ascii") as file:
            mode = os.fstat(file.fileno()).st_mode
            text = file.read(4 * len(_HEADER))
    except (OSError, UnicodeDecodeError) as error:
        said = error.strerror if isinstance(error, OSError) else "it isn't text"
        raise TrialKeyError(f"can't be read: {said}", str(path), "the file of trial init --key", _REMEDY) from error
    if os.name == "posix" and stat.S_IMODE(mode) & 0o077:
        raise TrialKeyError(
            f"others can read it (mode {stat.S_IMODE(mode):04o})", str(path), f"mode {_MODE:04o}",
            f"chmod 600 {path.name}, and ask who may have read it",
        )  # fmt: skip
    lines = text.splitlines()
    try:
        key = bytes.fromhex(lines[1]) if len(lines) == 2 and lines[0] == _HEADER else b""
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        raise TrialKeyError("it isn't the key of a trial", str(path), "the file of trial init --key", _REMEDY)
    return key


def check_apart(key: Path, store: Path | None) -> None:
    """Raise `TrialKeyError` where a key would lie in the folder of the store, and be copied along with it."""
    if store is not None and key.absolute().parent.resolve() == store.absolute().parent.resolve():
        raise TrialKeyError(
            "it would lie beside the store", str(key), "another folder, or another disk",
            "whoever copies the store must not have the key with it",
        )  # fmt: skip
