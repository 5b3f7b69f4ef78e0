"""Where the shipped models and content lie, in a wheel and in a checkout."""

from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path


def shipped(*parts: str) -> Traversable:
    """Return a file or folder of ``models/`` or ``data/``; ``FileNotFoundError`` if it isn't shipped.

    A checkout is asked first: an editable install keeps a copy of the shipped files from the day it was made.
    """
    package = Path(str(files("activity")))
    checkout = package.parent
    root = checkout if (checkout / "pyproject.toml").is_file() else package / "_shipped"
    found = root.joinpath(*parts)
    if not found.exists():
        raise FileNotFoundError(f"not shipped: {'/'.join(parts)} (looked in {root})")
    return found
