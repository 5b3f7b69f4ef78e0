"""``selfback days``: the days of processed recordings as a table."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from activity.cli import console

if TYPE_CHECKING:
    from rich.console import Console


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the table: its heads, and what it shows of a row of ``days.parquet``."""

    head: str
    unit: str
    show: Callable[[Mapping[str, Any]], str]


def _whole(name: str) -> Callable[[Mapping[str, Any]], str]:
    return lambda row: "–" if row[name] is None else f"{row[name]:,.0f}"


def _hours(name: str) -> Callable[[Mapping[str, Any]], str]:
    return lambda row: "–" if row[name] is None else f"{row[name] / 60:.1f}"


COLUMNS: Final = (
    Column("day", "", lambda row: f"{row['date']:%a %Y-%m-%d}{'' if row['valid'] else ' *'}"),
    Column("worn", "h", _hours("wear_minutes")),
    Column("steps", "", _whole("steps")),
    Column("adjusted", "", _whole("steps_adjusted")),
    Column("walk", "min", _whole("walking_minutes")),
    Column("MVPA", "min", _whole("mvpa_cadence_minutes")),
    Column("peak", "1 min", _whole("peak_1min_spm")),
    Column("peak", "30 min", _whole("peak_30min_spm")),
    Column("still", "min", _whole("longest_still_minutes")),
    Column("breaks", "", _whole("inactivity_breaks")),
)
KEY: Final = (
    "* too little wear to judge. adjusted: steps with missing minutes filled from the other days. "
    "MVPA: minutes of 100 steps or more (CADENCE-Adults). peak: steps a minute. still: longest stretch. "
    "All figures: --csv."
)


@click.command(
    short_help="Show the days of processed recordings.",
    epilog="Missing is –, an empty cell of CSV, and null of JSON, never zero. Exit code 1: some inputs could not be "
    "processed; they are listed.",
)
@click.argument("output", metavar="OUTPUT", type=click.Path(path_type=Path))
@click.argument("recordings", nargs=-1, metavar="[RECORDING...]")
@click.option("--csv", "as_csv", is_flag=True, help="Print all figures as CSV, as in days.csv.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document a day.")
def command(output: Path, recordings: tuple[str, ...], *, as_csv: bool, as_json: bool) -> int:
    """Show the days of the recordings in OUTPUT, which `selfback process` wrote: of all, or of those named."""
    from activity.reprocess.output import csv_text, read_failures
    from activity.reprocess.results import day_rows, infos_named

    if as_csv and as_json:
        raise click.UsageError("--csv or --json, not both")
    infos = infos_named(output, recordings)
    failures = [] if recordings else read_failures(output)
    if as_csv:
        rows = [{"recording": name, **row} for name in infos for row in day_rows(output, name)]
        click.echo(csv_text(rows), nl=False)
    elif as_json:
        from activity.reprocess.output import null_for_nan

        for name in infos:
            for row in day_rows(output, name):
                console.emit_json(null_for_nan({"recording": name, **row}))
    else:
        screen = _screen()
        for name, info in infos.items():
            _print_days(screen, name, info, day_rows(output, name))
        screen.print(KEY, style="dim")
    for failure in failures:
        console.note(f"failed: {failure['input']} {failure['recording']} ({failure['code']})".replace("  ", " "))
    return int(bool(failures))


def _screen() -> "Console":
    from rich.console import Console

    return Console(no_color=not console.wants_colour(), highlight=False, emoji=False, markup=False)


def _fitting(width: int, cells: list[list[str]]) -> tuple[Column, ...]:
    """Return as many columns, from the left, as a screen of that width has room for."""
    widths = [
        max(map(len, (column.head, column.unit, *shown))) + 1 for column, shown in zip(COLUMNS, cells, strict=True)
    ]
    return tuple(column for column, end in zip(COLUMNS, accumulate(widths), strict=True) if end <= width + 1)


def _print_days(screen: "Console", name: str, info: Mapping[str, Any], rows: list[dict[str, Any]]) -> None:
    from rich.table import Table
    from rich.text import Text

    totals = info["totals"]
    head = f"{name}: {totals['valid_days']} of {totals['days']} days judged, times in {info['settings']['zone']}"
    screen.print(Text(head, "bold"))
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0))
    cells = [[column.show(row) for row in rows] for column in COLUMNS]
    for number, column in enumerate(_fitting(screen.width, cells)):
        table.add_column(f"{column.head}\n{column.unit}", justify="right" if number else "left", no_wrap=True)
    for row in zip(*cells[: len(table.columns)], strict=True):
        table.add_row(*row)
    screen.print(table)
    adjusted = totals["mean_day_steps_adjusted"]
    mean = f"mean of the days, adjusted: {adjusted:,.0f} steps" if adjusted is not None else ""
    damage = "; ".join(f"{row['count']:,} × {row['what']}" for row in info["damage"])
    for line in filter(None, (mean, f"damage: {damage}" if damage else "")):
        screen.print(line)
    screen.print()
