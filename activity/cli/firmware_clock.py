"""``selfback firmware clock``: read, set and check a band's clock."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from activity.cli import console
from activity.cli.reaching import Reach, band_options, reached

DRIFTS = 1


@click.group(short_help="Read, set and check a band's clock.")
def clock() -> None:
    """Read, set and check a band's clock."""


@clock.command(short_help="Print how far a band's clock is off.")
@band_options
def get(*, band: str, radio: str, timeout: float, as_json: bool) -> None:
    """Print how far a band's clock is off, in seconds; positive is ahead."""
    import asyncio

    _say(asyncio.run(_read(Reach(band, radio, timeout), change=False)), as_json=as_json)


@clock.command("set", short_help="Set a band's clock to UTC of this machine.")
@band_options
@click.option("--dry-run", is_flag=True, help="Only say how far it is off.")
def set_(*, band: str, radio: str, timeout: float, dry_run: bool, as_json: bool) -> None:
    """Set a band's clock to UTC of this machine, and print how far it was off before and is now.

    The time of what a band has recorded doesn't hang on it: that comes from the band's counter of ticks.
    """
    import asyncio

    _say(asyncio.run(_read(Reach(band, radio, timeout), change=not dry_run)), as_json=as_json)


@clock.command(
    short_help="Print how fast a band's counter runs, from every sync so far.",
    epilog="Exit code 1: a counter runs faster or slower than a watch crystal can.",
)
@band_options
@click.option(
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("recordings"),
    help="Folder of `selfback sync`, whose journals keep each comparison of clocks.",
)
def check(*, band: str, radio: str, timeout: float, output: Path, as_json: bool) -> int:
    """Compare a band's counter with this machine now, and with every comparison that its syncs have kept.

    One line for each start of the band: how often it was compared, over how long, and its drift in ppm.
    """
    import asyncio

    found = asyncio.run(_drifts(Reach(band, radio, timeout), output / "captures"))
    if as_json:
        console.emit_json(found)
    for row in found["drift"] if not as_json else ():
        console.emit(
            f"boot {row['boot']}\t{row['comparisons']} comparisons\t{row['span_s'] / 3600:.1f} h\t"
            f"{row['ppm']:+.1f} ppm\t± {row['error_ppm']:.1f} ppm"
        )
    if not found["drift"]:
        console.note("no two comparisons of one start of the band yet: sync, and check again in some hours")
    return 0 if all(row["plausible"] for row in found["drift"]) else DRIFTS


async def _read(reach: Reach, *, change: bool) -> dict[str, Any]:
    import time

    from device.firmware.clock import read_offset, set_clock

    async with reached(reach) as link:
        before = await read_offset(link, time.time_ns)
        after = await set_clock(link, time.time_ns) if change else None
    return {"band": link.name, "before": asdict(before), "after": asdict(after) if after else None}


async def _drifts(reach: Reach, captures: Path) -> dict[str, Any]:
    import asyncio
    import time

    from device.firmware.clock import comparisons_of, drift
    from device.link.control import open_control
    from device.sync import compare_clocks

    async with reached(reach) as link:
        pair = await compare_clocks(await open_control(link), time.time_ns)
        serial = (await link.info()).serial
    known = await asyncio.to_thread(comparisons_of, captures, serial)
    known[pair.boot] = (*known.get(pair.boot, ()), pair.anchor)
    drifts = [found for boot, anchors in sorted(known.items()) if (found := drift(boot, anchors))]
    return {
        "band": link.name,
        "serial": serial,
        "drift": [asdict(found) | {"plausible": found.plausible} for found in drifts],
    }


def _say(found: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        console.emit_json(found)
        return
    for when in ("before", "after"):
        if found[when]:
            console.emit(f"{when}\t{found[when]['offset_s']:+.3f} s\t± {found[when]['error_s']:.3f} s")
