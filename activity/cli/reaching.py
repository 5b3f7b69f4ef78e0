"""What each command that talks to one band has in common: which band, over which radio, and for how long."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from device.link.connect import BandLink

_OPTIONS = (
    click.option(
        "--band", default="", help="Name, last four letters of the name, or address; default: the first heard."
    ),
    click.option(
        "--radio",
        default="system",
        metavar="RADIO",
        help="`system`, or `bumble:TRANSPORT` for a simulated band or a dongle of its own.",
    ),
    click.option(
        "--timeout", type=click.FloatRange(1, 600), default=10.0, help="Seconds to wait until the band is heard."
    ),
    click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout."),
)


@dataclass(frozen=True, slots=True)
class Reach:
    """Which band is wanted, and how it is reached."""

    band: str
    radio: str
    timeout: float


def band_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add ``--band --radio --timeout --json`` to a command."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


@asynccontextmanager
async def reached(reach: Reach) -> AsyncIterator["BandLink"]:
    """Yield an open connection to the band that is wanted."""
    from activity.cli import console
    from device.link.connect import Timeouts, connect
    from device.link.radio import open_adapter, radio

    console.note(f"looking for {reach.band or 'a band'} ...")
    async with (
        open_adapter(radio(reach.radio)) as adapter,
        connect(adapter, reach.band, timeouts=Timeouts(find_s=reach.timeout)) as link,
    ):
        yield link
