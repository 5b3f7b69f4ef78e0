"""What a command says: data on stdout, messages on stderr, progress on a terminal only, faults in full."""

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from device.errors import Fault

if TYPE_CHECKING:
    from rich.progress import Progress


def emit(text: str) -> None:
    """Print one line of data."""
    click.echo(text)


def emit_json(value: Any) -> None:
    """Print one JSON document of data; ``ValueError`` where a NaN would be in it: missing is null."""
    click.echo(json.dumps(value, default=str, ensure_ascii=False, allow_nan=False))


def note(text: str) -> None:
    """Print one message to the person, on stderr."""
    click.echo(text, err=True)


def fault_json(fault: Fault) -> dict[str, str]:
    """Return what ``--json`` says of a fault."""
    keys = ("what", "where", "expected", "remedy")
    return {"code": fault.code} | {key: getattr(fault, key) for key in keys if getattr(fault, key)}


def report_fault(fault: Fault) -> None:
    """Print what came, where, what would have been right, what to try, and the code to explain."""
    note(f"selfback: {fault}")
    if fault.remedy:
        note(f"  try: {fault.remedy}")
    note(f"  more: selfback explain {fault.code}")


def wants_colour() -> bool:
    """Return whether stderr is a terminal that takes colour (https://no-color.org)."""
    return sys.stderr.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


@contextmanager
def progress(unit: str) -> Iterator["Progress"]:
    """Yield a rich progress display on stderr with count, rate and time left; silent where there is no terminal."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        ProgressColumn,
        Task,
        TextColumn,
        TimeRemainingColumn,
    )
    from rich.text import Text

    console = Console(stderr=True, no_color=not wants_colour())

    class Rate(ProgressColumn):
        """How many are done a second."""

        def render(self, task: Task) -> Text:
            return Text(f"{task.finished_speed or task.speed or 0.0:,.0f} {unit}/s")

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn(unit),
        Rate(),
        TimeRemainingColumn(),
    )
    # Rich would send what is printed meanwhile to stderr, where a redirected stdout never sees it.
    same_place = sys.stdout.isatty()
    hidden = not console.is_terminal
    with Progress(*columns, console=console, disable=hidden, transient=True, redirect_stdout=same_place) as display:
        yield display
