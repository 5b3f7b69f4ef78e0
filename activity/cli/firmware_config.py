"""``selfback firmware config``: how a band records by itself."""

import click

from activity.cli import console
from activity.cli.reaching import Reach, band_options, reached


@click.group(short_help="Read and change how a band records by itself.")
def config() -> None:
    """Read and change how a band records by itself: samples a second, and range in g."""


@config.command(short_help="Print how a band records by itself.")
@band_options
def get(*, band: str, radio: str, timeout: float, as_json: bool) -> None:
    """Print how a band records by itself: samples a second, and range in g."""
    _run(Reach(band, radio, timeout), None, as_json=as_json)


@config.command("set", short_help="Change how a band records by itself.")
@band_options
@click.option("--rate", type=click.Choice(["25", "50", "100"]), required=True, help="Samples a second.")
@click.option("--range", "range_g", type=click.Choice(["2", "4", "8", "16"]), default="8", help="Range in g.")
@click.option("--dry-run", is_flag=True, help="Only print how it records now.")
def set_(*, band: str, radio: str, timeout: float, rate: str, range_g: str, dry_run: bool, as_json: bool) -> None:
    """Change how a band records by itself, from its next log on, and print what it then does."""
    _run(Reach(band, radio, timeout), None if dry_run else (float(rate), int(range_g)), as_json=as_json)


def _run(reach: Reach, wanted: tuple[float, int] | None, *, as_json: bool) -> None:
    import asyncio

    from device.link.control import open_control

    async def work() -> dict[str, str | float]:
        async with reached(reach) as link:
            control = await open_control(link)
            found = await (control.set_config(*wanted) if wanted else control.config())
            return {"band": link.name, "rate_hz": found.rate_hz, "range_g": found.range_g}

    found = asyncio.run(work())
    if as_json:
        console.emit_json(found)
    else:
        console.emit(f"{found['rate_hz']:g} Hz\t±{found['range_g']} g")
