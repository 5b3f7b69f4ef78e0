"""``selfback scan``: which bands are near."""

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from device.link.scan import Heard


@click.command(short_help="List the bands that are near.")
@click.option(
    "--radio",
    default="system",
    metavar="RADIO",
    help="`system`, or `bumble:TRANSPORT` for a simulated band or a dongle of its own.",
)
@click.option("--seconds", type=click.FloatRange(0.1, 120), default=4.0, help="How long to listen.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
def command(*, radio: str, seconds: float, as_json: bool) -> None:
    """List the bands that are near, the nearest first: name, address, signal in dBm, profile, and its weakness.

    watch and sync --live record each of them; those of the profile `openband` also keep logs, which sync fetches.
    """
    import asyncio

    from activity.cli import console
    from device.errors import BandNotFoundError
    from device.link import radio as radios
    from device.link import scan as scanning

    async def listen() -> list[scanning.Heard]:
        async with radios.open_adapter(radios.radio(radio)) as adapter:
            return await scanning.scan(adapter, seconds)

    heard = asyncio.run(listen())
    if as_json:
        console.emit_json([_row(band) for band in heard])
    for band in heard if not as_json else ():
        row = _row(band)
        console.emit(f"{band.name}\t{band.address}\t{band.rssi_dbm} dBm\t{row['profile']}\t{row['unprotected']}")
    if not heard:
        raise BandNotFoundError(
            f"no band was heard in {seconds:g} s",
            where=radio,
            remedy="charge the band, bring it nearer, and close other apps that hold it",
        )


def _row(band: "Heard") -> dict[str, str | int | None]:
    profile = band.profile
    return {
        "name": band.name,
        "address": band.address,
        "rssi_dbm": band.rssi_dbm,
        "profile": profile.name if profile else None,
        "unprotected": profile.unprotected if profile else None,
    }
