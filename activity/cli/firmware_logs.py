"""``selfback firmware logs``: list, fetch and erase what a band has stored."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from activity.cli import console
from activity.cli.reaching import Reach, band_options, reached

if TYPE_CHECKING:
    from device.link.connect import BandLink
    from device.link.control import ControlPoint
    from device.profiles.openband import LogEntry
    from device.sync import Pulled

output_option = click.option(
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("recordings"),
    help="Folder of recordings, as of `selfback sync`; captures lie in its folder `captures`.",
)


@click.group(short_help="List, fetch and erase what a band has stored.")
def logs() -> None:
    """List, fetch and erase what a band has stored."""


@logs.command(short_help="List the logs that a band has stored.")
@band_options
def ls(*, band: str, radio: str, timeout: float, as_json: bool) -> None:
    """List the logs that a band has stored, the oldest first: id, boot, blocks, rate, range."""
    import asyncio

    async def work() -> list[dict[str, Any]]:
        from device.link.control import open_control

        async with reached(Reach(band, radio, timeout)) as link:
            return [asdict(entry) for entry in await (await open_control(link)).logs()]

    found = asyncio.run(work())
    if as_json:
        console.emit_json(found)
    for row in found if not as_json else ():
        first, count = row["first_index"], row["block_count"]
        console.emit(
            f"{row['log_id']}\tboot {row['boot']}\tblocks {first} to {first + count}\t"
            f"{row['rate_hz']:g} Hz\t±{row['range_g']} g"
        )


@logs.command(short_help="Fetch one log's blocks, without making a recording of them.")
@click.argument("log_id", type=click.IntRange(0, 0xFFFFFFFF))
@band_options
@output_option
def pull(log_id: int, *, band: str, radio: str, timeout: float, output: Path, as_json: bool) -> None:
    """Fetch what is missing of the log LOG_ID, prove it, and print its folder. Nothing is erased."""
    import asyncio

    async def work() -> dict[str, Any]:
        async with reached(Reach(band, radio, timeout)) as link:
            _, pulled = await _pull(link, log_id, output)
        return _facts(pulled)

    _say(asyncio.run(work()), as_json=as_json)


@logs.command(
    short_help="Erase one log on the band, once all of it is here and proved.",
    epilog="Exit code 7: not all of it is here, or what is here can't be proved; nothing was erased.",
)
@click.argument("log_id", type=click.IntRange(0, 0xFFFFFFFF))
@band_options
@output_option
@click.option("--give-up-unreadable", is_flag=True, help="Erase also blocks that came damaged every time.")
@click.option("--dry-run", is_flag=True, help="Fetch and prove, and say what would be erased; erase nothing.")
@click.option("--yes", is_flag=True, help="Don't ask.")
def rm(
    log_id: int,
    *,
    band: str,
    radio: str,
    timeout: float,
    output: Path,
    give_up_unreadable: bool,
    dry_run: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Erase the log LOG_ID on the band. First all of it is fetched, and read back from this machine's disk.

    Blocks that the band has stored meanwhile stay.
    """
    import asyncio

    if not (yes or dry_run):
        click.confirm(f"erase log {log_id} on the band for good?", abort=True, err=True)

    async def work() -> dict[str, Any]:
        from device.firmware.erase import erase_pulled, proved

        async with reached(Reach(band, radio, timeout)) as link:
            control, pulled = await _pull(link, log_id, output)
            await asyncio.to_thread(proved, pulled, give_up_unreadable=give_up_unreadable)
            erased = 0 if dry_run else (await erase_pulled(control, pulled)).blocks
        return _facts(pulled) | {"erased": erased, "dry_run": dry_run}

    _say(asyncio.run(work()), as_json=as_json)


async def _pull(link: "BandLink", log_id: int, output: Path) -> tuple["ControlPoint", "Pulled"]:
    from device.link.control import open_control
    from device.sync import pull_log

    control = await open_control(link)
    entry = _entry(log_id, await control.logs(), link.name)
    with console.progress("blocks") as display:
        task = display.add_task(f"log {log_id}", total=entry.block_count)
        pulled = await pull_log(
            link,
            control,
            entry,
            output / "captures",
            progress=lambda done, total: display.update(task, completed=done, total=total),
        )
    return control, pulled


def _entry(log_id: int, entries: list["LogEntry"], where: str) -> "LogEntry":
    from device.errors import BandRefusedError

    for entry in entries:
        if entry.log_id == log_id:
            return entry
    known = ", ".join(str(entry.log_id) for entry in entries) or "none"
    raise BandRefusedError(
        f"the band has no log {log_id}", where=where, expected=f"one of {known}", remedy="selfback firmware logs ls"
    )


def _facts(pulled: "Pulled") -> dict[str, Any]:
    return {
        "log_id": pulled.journal.log_id,
        "folder": str(pulled.folder),
        "blocks": pulled.journal.wanted[1] - pulled.journal.wanted[0],
        "blocks_new": pulled.blocks_new,
        "unreadable": pulled.unreadable,
    }


def _say(found: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        console.emit_json(found)
        return
    console.emit(found["folder"])
    console.note(f"{found['blocks_new']} new blocks of {found['blocks']}, {found['unreadable']} unreadable")
    if "erased" in found:
        console.note(f"{found['erased']} blocks erased on the band" + (" (dry run)" if found["dry_run"] else ""))
