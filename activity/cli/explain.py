"""``selfback explain CODE``: what an error code means, and what to do about it."""

import importlib
import inspect
import pkgutil

import click

from activity.cli import console
from device.errors import Fault

EXITS = (
    "0 done",
    "1 done, but some inputs failed",
    "2 the command line is wrong",
    "3 band or Bluetooth not reachable",
    "4 stopped part-way: run the same command again",
    "5 something doesn't hold what its hash or checksum says",
    "6 the store is locked, or newer than this program",
    "7 refused for safety",
    "130 interrupted",
)


def faults() -> dict[str, type[Fault]]:
    """Return every fault class by its code; a class that shares its parent's code stands under the parent."""
    for package in ("device", "activity"):
        for module in pkgutil.walk_packages(importlib.import_module(package).__path__, f"{package}."):
            if module.name.endswith(".errors"):
                importlib.import_module(module.name)
    found: dict[str, type[Fault]] = {}
    waiting: list[type[Fault]] = [Fault]
    while waiting:
        kind = waiting.pop()
        waiting.extend(kind.__subclasses__())
        if "code" in vars(kind):
            found[kind.code] = kind
    return dict(sorted(found.items()))


def meaning(kind: type[Fault]) -> str:
    """Return the explanation of a fault class: its docstring on one line."""
    return " ".join((inspect.getdoc(kind) or "").split())


@click.command(short_help="Say what an error code or exit code means.")
@click.argument("code", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(code: str | None, as_json: bool) -> None:
    """Say what an error CODE means and how its command ends; without CODE, list them all."""
    known = faults()
    if code is not None and code not in known:
        raise click.UsageError(f"no error has the code {code!r}; `selfback explain` lists them")
    chosen = known if code is None else {code: known[code]}
    if as_json:
        console.emit_json(
            [{"code": key, "exit_code": kind.exit_code, "meaning": meaning(kind)} for key, kind in chosen.items()]
        )
        return
    for key, kind in chosen.items():
        console.emit(f"{key} (exit {kind.exit_code}): {meaning(kind)}")
    if code is None:
        console.emit("\nExit codes: " + " · ".join(EXITS))
