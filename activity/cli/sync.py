"""``selfback sync``: what a band has stored, or what it measures now, as a recording on this machine."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from activity.cli.storing import store_option, who_option

if TYPE_CHECKING:
    from device.link.connect import BandLink
    from device.link.radio import Adapter
    from device.recording import Recording


@click.command(short_help="Fetch what a band has recorded.")
@click.option("--band", default="", help="Name, last four letters of the name, or address; default: the first heard.")
@click.option(
    "--radio",
    default="system",
    metavar="RADIO",
    help="`system`, or `bumble:TRANSPORT` for a simulated band or a dongle of its own.",
)
@click.option(
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("recordings"),
    help="Folder for recordings; what came so far of a log lies in its folder `captures`.",
)
@click.option("--timeout", type=click.FloatRange(1, 600), default=10.0, help="Seconds to wait until the band is heard.")
@click.option("--zone", default="UTC", help="Time zone in which the wearer lived, e.g. Europe/Oslo.")
@click.option(
    "--live", type=click.FloatRange(1, 86_400), help="Record live for so many seconds, instead of fetching the log."
)
@click.option(
    "--rate",
    type=click.Choice(["25", "50", "100"]),
    default="50",
    help="Samples a second, live, where the band can choose.",
)
@click.option("--plan", "make_plan", is_flag=True, help="Then make the plan of the week for whoever wears the band.")
@click.option(
    "--results",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("results"),
    help="With --plan: folder for what is recognised in the recordings.",
)
@store_option
@who_option
@click.option(
    "--passkey",
    type=click.IntRange(0, 999_999),
    help="Pair with the band first, by the six digits on it; once is enough on a computer.",
)
@click.option(
    "--btsnoop",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Also write all that goes over a `bumble:` radio to this new NAME.sensitive.btsnoop: health data and keys.",
)
@click.option("--dry-run", is_flag=True, help="Only say what the band holds and what of it is not here yet.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
def command(
    *,
    band: str,
    radio: str,
    output: Path,
    timeout: float,
    zone: str,
    live: float | None,
    rate: str,
    make_plan: bool,
    results: Path,
    store: str | None,
    who: str,
    passkey: int | None,
    btsnoop: Path | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Fetch what a band has stored, and print the path of each recording (Parquet).

    Only what is not here yet is fetched. If the band goes out of reach or you press Ctrl-C, what came is kept:
    the same command goes on from there. Nothing is deleted on the band. With --plan, the person to whom the band
    was given (`selfback participant band`) gets a plan from the days since then.

    Bands that keep no log are recorded while they measure, with --live: any that `scan` names.
    """
    import asyncio

    from activity.cli import console
    from device.link import radio as radios
    from device.readers.clock import zone_named

    zone_named(zone)
    if make_plan and dry_run:
        raise click.UsageError("--plan or --dry-run, not both")
    where = radios.radio(radio, btsnoop)

    async def work() -> list[dict[str, Any]]:
        async with radios.open_adapter(where) as adapter:
            if passkey is not None:
                await _pair(adapter, band, passkey, timeout)
            if dry_run:
                return await _planned(adapter, band, output, timeout)
            if live is not None:
                return [
                    await _live(adapter, band, output, timeout_s=timeout, zone=zone, seconds=live, rate_hz=float(rate))
                ]
            return await fetch_stored(adapter, band, output, timeout_s=timeout, zone=zone)

    found = asyncio.run(work())
    if dry_run:
        _say_planned(found, as_json=as_json)
        return
    if not as_json:
        for recording in found:
            console.emit(recording["path"])
        if not found:
            console.note("the band has nothing stored")
    said: dict[str, Any] = {"recordings": found}
    try:
        if make_plan:
            said |= _plan_of_wearer(found, results, store=store, who=who, as_json=as_json)
    finally:
        if as_json:
            console.emit_json(said)


def _say_planned(found: list[dict[str, Any]], *, as_json: bool) -> None:
    from activity.cli import console

    if as_json:
        console.emit_json({"logs": found})
        return
    for log in found:
        console.emit(f"log {log['log_id']}: {log['missing']} of {log['blocks']} blocks to fetch to {log['folder']}")


def _plan_of_wearer(
    found: list[dict[str, Any]], results: Path, *, store: str | None, who: str, as_json: bool
) -> dict[str, Any]:
    """Find who wears the band, recognise what they did where they live, and make and keep their plan."""
    from activity.cli import console
    from activity.cli.plan import make_week, show_plan, wearer_and_days
    from activity.cli.storing import opened
    from activity.cli.wearing import one_serial, process_recordings
    from activity.coach.plan_document import plan_to_document
    from activity.store.bands import wearer

    serial = one_serial(found)
    with opened(store) as kept:
        with kept.reading() as connection:
            zone = wearer(connection, serial).participant.zone
        console.note("recognising activities and steps ...")
        process_recordings([Path(recording["path"]) for recording in found], results, zone)
        one, days, walked = wearer_and_days(kept, serial, results)
        plan = make_week(kept, one, days, who=who, walked=walked)
    if not as_json:
        show_plan(plan)
    return {"participant": one.id, "plan": plan_to_document(plan)}


async def fetch_stored(
    adapter: "Adapter", band: str, output: Path, *, timeout_s: float = 10.0, zone: str = "UTC"
) -> list[dict[str, Any]]:
    """Pull every log of the band, and write each as a recording."""
    import asyncio

    from activity.cli import console
    from device.link.connect import Timeouts, connect
    from device.link.control import open_control
    from device.sync import log_recording, pull_log

    found = []
    console.note(f"looking for {band or 'a band'} ...")
    async with connect(adapter, band, timeouts=Timeouts(find_s=timeout_s)) as link:
        control = await open_control(link)
        serial = (await link.info()).serial
        console.note(f"{link.name} ({link.address}), serial {serial}, battery {await link.battery_percent()} %")
        console.note(f"  profile {link.profile.name}: {link.profile.unprotected}")
        for entry in await control.logs():
            with console.progress("blocks") as display:
                task = display.add_task(f"log {entry.log_id}", total=entry.block_count)
                pulled = await pull_log(
                    link,
                    control,
                    entry,
                    output / "captures",
                    zone=zone,
                    progress=lambda done, total, task=task: display.update(task, completed=done, total=total),  # type: ignore[misc]
                )
            path = output / f"{pulled.journal.folder_name}.parquet"
            recording = await asyncio.to_thread(log_recording, pulled.folder, path)
            console.note(f"log {entry.log_id}: {pulled.blocks_new} new blocks of {entry.block_count}")
            if pulled.unreadable:
                console.note(f"  {pulled.unreadable} blocks came damaged every time: a gap in the recording")
            found.append(_facts(path, link.name, recording) | {"blocks_new": pulled.blocks_new})
    return found


async def _pair(adapter: "Adapter", band: str, passkey: int, timeout_s: float) -> None:
    """Bond with the band, so that it takes this computer from now on."""
    from activity.cli import console
    from device.link.connect import Timeouts, connect
    from device.link.pairing import bond

    async with connect(adapter, band, timeouts=Timeouts(find_s=timeout_s)) as link:
        await bond(adapter, link, passkey)
        console.note(f"paired with {link.name}")


async def _planned(adapter: "Adapter", band: str, output: Path, timeout_s: float) -> list[dict[str, Any]]:
    """Ask the band what it holds, and compare with what is here; nothing is written."""
    from device.link.connect import Timeouts, connect
    from device.link.control import open_control
    from device.sync import log_on_disk

    async with connect(adapter, band, timeouts=Timeouts(find_s=timeout_s)) as link:
        control = await open_control(link)
        info = await link.info()
        found = []
        for entry in await control.logs():
            folder, held = log_on_disk(link, info, entry, output / "captures")
            facts = {"log_id": entry.log_id, "blocks": entry.block_count, "missing": entry.block_count - held}
            found.append(facts | {"folder": str(folder)})
    return found


async def _live(
    adapter: "Adapter", band: str, output: Path, *, timeout_s: float, zone: str, seconds: float, rate_hz: float
) -> dict[str, Any]:
    """Record live, and write what came as a recording, also where the band was lost."""
    import asyncio
    import time

    from activity.cli import console
    from device.link.collect import LiveCapture, live_recording, record_live
    from device.link.connect import Timeouts

    began = time.strftime("%Y-%m-%dT%H%M%SZ", time.gmtime())
    capture = LiveCapture(output / "captures" / f"live-{began}")
    console.note(f"looking for {band or 'a band'} ...")
    told: set[str] = set()
    try:
        with console.progress("s") as display:
            task = display.add_task("live", total=seconds)
            await record_live(
                adapter,
                capture,
                seconds=seconds,
                rate_hz=rate_hz,
                wanted=band,
                timeouts=Timeouts(find_s=timeout_s),
                progress=lambda done, total: display.update(task, completed=done, total=total),
                found=lambda link: _say_found(link, told),
            )
    finally:
        facts = None
        if capture.notifications:
            path = output / f"{capture.name or 'band'}-live-{began}.parquet"
            recording = await asyncio.to_thread(live_recording, capture, path, zone)
            facts = _facts(path, capture.name, recording) | {"losses": capture.losses, "overflowed": capture.overflowed}
            console.note(f"{capture.notifications} notifications, {capture.losses} losses of the link: {path}")
    return facts or {}


def _say_found(link: "BandLink", told: set[str]) -> None:
    """Say which band it is and what its profile can't protect, once."""
    from activity.cli import console

    if link.address not in told:
        told.add(link.address)
        console.note(f"{link.name} ({link.address}), profile {link.profile.name}: {link.profile.unprotected}")


def _facts(path: Path, name: str, recording: "Recording") -> dict[str, Any]:
    return {
        "path": str(path),
        "band": name,
        "serial": recording.band.serial,
        "samples": recording.n_samples,
        "start_ns": int(recording.time_ns[0]),
        "stop_ns": int(recording.time_ns[-1]),
        "rate_hz": recording.rate_hz,
        "gaps": len(recording.gaps),
        "damage": [{"what": d.what, "count": d.count, "outcome": d.outcome} for d in recording.damage],
    }
