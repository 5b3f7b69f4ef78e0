"""``selfback scan``: which bands are near."""

import click


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
    """List the bands that are near, the nearest first: name, address, and signal strength in dBm."""
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
        console.emit_json([{"name": h.name, "address": h.address, "rssi_dbm": h.rssi_dbm} for h in heard])
    for band in heard if not as_json else ():
        console.emit(f"{band.name}\t{band.address}\t{band.rssi_dbm} dBm")
    if not heard:
        raise BandNotFoundError(
            f"no band was heard in {seconds:g} s",
            where=radio,
            remedy="charge the band, bring it nearer, and close other apps that hold it",
        )
