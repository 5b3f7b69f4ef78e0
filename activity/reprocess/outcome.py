"""What became of an input."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from activity.reprocess.plan import Job
from device.errors import Fault


@dataclass(frozen=True, slots=True)
class Failed:
    """One input, or one recording in it, that came to nothing."""

    path: Path
    recording: str
    fault: Fault


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one input file."""

    job: Job
    done: tuple[Mapping[str, Any], ...]  #: ``info.json`` of each recording that was made
    failed: tuple[Failed, ...]
