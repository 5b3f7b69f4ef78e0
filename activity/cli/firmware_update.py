"""``selfback firmware update`` and ``rollback``: another image on a band, signed, tried, and only then kept."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from activity.cli import console
from activity.cli.reaching import band_options

if TYPE_CHECKING:
    from device.firmware.update import Updated


@click.command(
    short_help="Have a band run another signed image.",
    epilog="Exit code 4: the link broke, run it again and it goes on; 5: the image is torn or wrongly signed, or the "
    "band kept the image before; 7: it is for another board or older, or the battery is too low.",
)
@click.argument("image", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--key",
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Public key (PEM) of whoever releases firmware for this band: `imgtool getpub`.",
)
@band_options
@click.option("--battery-floor", type=click.IntRange(0, 100), default=40, help="Percent of charge it has to have.")
@click.option("--allow-older", is_flag=True, help="Send an older image, too; the band's bootloader may refuse it.")
@click.option("--dry-run", is_flag=True, help="Prove the image and ask the band whether it fits; send nothing.")
def update(
    image: Path,
    *,
    key: Path,
    band: str,
    radio: str,
    timeout: float,
    battery_floor: int,
    allow_older: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Have a band run IMAGE (MCUboot, signed), over the Simple Management Protocol.

    Its signature, board, version and the band's battery are checked before anything is sent. The band starts the
    image once; where it then answers as it should it is confirmed, otherwise the band goes back to the one before.
    """
    import asyncio

    _need_libraries()
    from device.firmware.signature import signed_image
    from device.firmware.update import Policy
    from device.firmware.update import update as have_updated
    from device.link.connect import Timeouts
    from device.link.radio import open_adapter
    from device.link.radio import radio as radio_named

    proved = signed_image(image, key)
    console.note(f"{image}: version {proved.version_text}, SHA-256 {proved.digest.hex()}, signed")

    async def work() -> "Updated":
        async with open_adapter(radio_named(radio)) as adapter:
            with console.progress("bytes") as display:
                task = display.add_task("image", total=len(proved.data))
                return await have_updated(
                    adapter,
                    band,
                    proved,
                    Policy(battery_floor, allow_older),
                    timeouts=Timeouts(find_s=timeout),
                    progress=lambda done, total: display.update(task, completed=done, total=total),
                    dry_run=dry_run,
                )

    _say(asyncio.run(work()), as_json=as_json)


@click.command(
    short_help="Have a band go back to the image before.",
    epilog="Exit code 5: its bootloader doesn't take an older image; 7: it holds no other one.",
)
@band_options
@click.option("--yes", is_flag=True, help="Don't ask.")
def rollback(*, band: str, radio: str, timeout: float, yes: bool, as_json: bool) -> None:
    """Have a band go back to the image that it ran before, where its bootloader allows that."""
    import asyncio

    _need_libraries()
    from device.firmware.update import roll_back
    from device.link.connect import Timeouts
    from device.link.radio import open_adapter
    from device.link.radio import radio as radio_named

    if not yes:
        click.confirm("have the band go back to the image before?", abort=True, err=True)

    async def work() -> "Updated":
        async with open_adapter(radio_named(radio)) as adapter:
            return await roll_back(adapter, band, timeouts=Timeouts(find_s=timeout))

    _say(asyncio.run(work()), as_json=as_json)


def _need_libraries() -> None:
    from device.errors import FirmwareRefusedError
    from device.link.radio import has_library

    missing = [name for name in ("smpclient", "imgtool") if not has_library(name)]
    if missing:
        raise FirmwareRefusedError(f"{' and '.join(missing)} not installed", remedy="pip install 'selfback[firmware]'")


def _say(found: "Updated", *, as_json: bool) -> None:
    if as_json:
        console.emit_json(asdict(found))
    elif found.changed:
        console.emit(f"{found.band}: {found.before} -> {found.after}")
    else:
        console.emit(f"{found.band}: {found.before}, nothing changed")
