"""``selfback doctor``: whether this machine can do what the program needs, and what to do where it can't."""

import importlib.metadata
import importlib.util
import shutil
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

import click

from activity.cli import console
from device.errors import Fault

MIN_FREE_BYTES: Final = 1_000_000_000  # a week of 100 Hz is about 260 MB, and output is written before input goes
EXTRA_MODULES: Final = {
    "app": ("fastapi", "uvicorn"),
    "trial": ("statsmodels",),
    "firmware": ("smpclient", "imgtool"),
    "sim": ("bumble",),
    "cluster": ("distributed",),
}


class State(StrEnum):
    """What a check found."""

    OK = "ok"
    MISSING = "missing"  #: something that only some commands need
    FAILED = "failed"  #: something that the program can't do without


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report."""

    check: str
    state: State
    what: str
    remedy: str = ""
    code: str = ""
    exit_code: int = 0


def _python() -> Finding:
    return Finding("python", State.OK, ".".join(map(str, sys.version_info[:3])))


def _libraries() -> Finding:
    names = ("numpy", "scipy", "numba", "pandas", "scikit-learn", "bleak", "pyarrow")
    return Finding("libraries", State.OK, ", ".join(f"{name} {importlib.metadata.version(name)}" for name in names))


def _package_names() -> Finding:
    owners = importlib.metadata.packages_distributions()
    others = sorted((set(owners.get("device", ())) | set(owners.get("activity", ()))) - {"selfback"})
    if others:
        remedy = "install selfback in a virtual environment of its own"
        return Finding("package names", State.FAILED, f"also taken by {', '.join(others)}", remedy, exit_code=1)
    return Finding("package names", State.OK, "activity and device are selfback's alone")


def _extras() -> Finding:
    absent = [extra for extra, modules in EXTRA_MODULES.items() if not all(map(importlib.util.find_spec, modules))]
    if absent:
        remedy = f"pip install 'selfback[{','.join(absent)}]' if you need them"
        return Finding("extras", State.MISSING, f"not installed: {', '.join(absent)}", remedy)
    return Finding("extras", State.OK, ", ".join(EXTRA_MODULES))


def _zones() -> Finding:
    from zoneinfo import ZoneInfo

    return Finding("time zones", State.OK, f"{ZoneInfo('Europe/Copenhagen')} is known")


def _disk() -> Finding:
    free = shutil.disk_usage(Path.cwd()).free
    what = f"{free / 1e9:.1f} GB free in this folder"
    if free < MIN_FREE_BYTES:
        return Finding("disk", State.FAILED, what, f"make room: {MIN_FREE_BYTES / 1e9:.0f} GB at least", exit_code=4)
    return Finding("disk", State.OK, what)


def _model() -> Finding:
    from activity.classify.artefact import DEFAULT_MODEL, load_model

    model = load_model(DEFAULT_MODEL)
    return Finding("model", State.OK, f"{DEFAULT_MODEL}, hashes and feature version fit ({len(model.classes)} classes)")


def _content() -> Finding:
    from activity.coach.content import load_content

    content = load_content()
    return Finding("content", State.OK, f"{len(content.exercises)} exercises, {len(content.messages)} messages, valid")


def _bluetooth() -> Finding:
    import asyncio

    from device.link.radio import check_radio, radio

    asyncio.run(check_radio(radio("system")))
    return Finding("bluetooth", State.OK, "a radio answers")


CHECKS: Final[tuple[tuple[str, Callable[[], Finding]], ...]] = (
    ("python", _python),
    ("libraries", _libraries),
    ("package names", _package_names),
    ("extras", _extras),
    ("time zones", _zones),
    ("disk", _disk),
    ("model", _model),
    ("content", _content),
    ("bluetooth", _bluetooth),
)

#: Without these the rest still works: recorded files, the simulated band, the coach.
OPTIONAL: Final = frozenset({"bluetooth"})


def examine(name: str, check: Callable[[], Finding]) -> Finding:
    """Return what a check finds; a fault that it meets is a finding, too."""
    try:
        return check()
    except Fault as fault:
        if name in OPTIONAL:
            return Finding(name, State.MISSING, str(fault), fault.remedy, fault.code)
        return Finding(name, State.FAILED, str(fault), fault.remedy, fault.code, fault.exit_code)


@click.command(short_help="Check this machine: libraries, model, content, Bluetooth.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(as_json: bool) -> int:
    """Check this machine: Python, libraries, extras, model, content, disk, Bluetooth, and say what to do.

    Ends with 0 when all that every command needs is there; Bluetooth is needed only to reach a real band.
    """
    findings = [examine(name, check) for name, check in CHECKS]
    if as_json:
        console.emit_json([asdict(finding) for finding in findings])
    else:
        for finding in findings:
            console.emit(f"{finding.state:<8} {finding.check:<14} {finding.what}")
            if finding.remedy:
                console.emit(f"{'':<23} try: {finding.remedy}")
            if finding.code:
                console.emit(f"{'':<23} more: selfback explain {finding.code}")
    return max((finding.exit_code for finding in findings), default=0)
