"""``selfback firmware``: what a band's own software is asked and told."""

from typing import TYPE_CHECKING, Any

import click

from activity.cli import console
from activity.cli.firmware_clock import clock
from activity.cli.firmware_config import config
from activity.cli.firmware_logs import logs
from activity.cli.firmware_selftest import selftest
from activity.cli.firmware_update import rollback, update
from activity.cli.reaching import Reach, band_options, reached

if TYPE_CHECKING:
    from device.link.connect import BandLink


@click.group(short_help="Ask a band about itself, set its clock, erase logs, update.")
def command() -> None:
    """Ask a band about itself, set its clock, fetch and erase its logs, change its firmware; print the C header."""


command.add_command(clock)
command.add_command(config)
command.add_command(logs)
command.add_command(selftest)
command.add_command(update)
command.add_command(rollback)


@command.command(short_help="Print what a band says of itself.")
@band_options
def info(*, band: str, radio: str, timeout: float, as_json: bool) -> None:
    """Print what a band says of itself: maker, model, serial number, firmware, battery, clock, and stored logs."""
    import asyncio

    async def work() -> dict[str, Any]:
        async with reached(Reach(band, radio, timeout)) as link:
            return await _facts(link)

    found = asyncio.run(work())
    if as_json:
        console.emit_json(found)
        return
    for key, value in found.items():
        console.emit(f"{key}\t{'' if value is None else value}")


async def _facts(link: "BandLink") -> dict[str, Any]:
    from device.link.control import open_control

    told = await link.info()
    control = await open_control(link)
    now = await control.clock()
    entries = await control.logs()
    return {
        "name": link.name,
        "address": link.address,
        "profile": link.profile.name,
        "unprotected": link.profile.unprotected,
        "maker": told.maker,
        "model": told.model,
        "serial": told.serial,
        "firmware": told.firmware,
        "battery_percent": await link.battery_percent(),
        "boot": now.boot,
        "ticks": now.ticks,
        "clock_unix_s": now.unix_s or None,
        "logs": len(entries),
        "blocks": sum(entry.block_count for entry in entries),
    }


@command.command(short_help="Print the C header of the open band profile.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
def header(*, as_json: bool) -> None:
    """Print the C header that a band's firmware is compiled with: every message, with its size and offsets asserted."""
    from device.wire.header import c_header

    if as_json:
        console.emit_json({"header": c_header()})
    else:
        click.echo(c_header(), nl=False)
