"""``selfback simulate``: a virtual wristband that other programs on this machine can find and sync."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from device.recording import Recording
    from device.simulator.band import SimulatedBand
    from device.simulator.personalities.watch import SimulatedWatch
    from device.simulator.radio import VirtualAir

OPEN_BAND = "openband"
OPEN_BAND_NAME = "selfBACK-1A2B"


@click.command(short_help="Be a wristband, for trying things without one.")
@click.option("--port", type=click.IntRange(0, 65535), default=17777, help="TCP port on 127.0.0.1; 0 takes a free one.")
@click.option("--name", default=None, help="The name it advertises, at most 29 bytes.  [default: selfBACK-1A2B]")
@click.option(
    "--like",
    default="openband",
    metavar="KIND",
    help="openband, axle, bangle, infinitime, infinitime-fifo, polar, polar-raw, or seizure-detector.",
)
@click.option(
    "--hours", type=click.FloatRange(0.02, 72), default=8.0, help="How long it was worn, up to the last full hour."
)
@click.option("--rate", type=click.Choice(["25", "50", "100"]), default="25", help="Samples a second of its log.")
@click.option("--seed", type=click.IntRange(0), default=1, help="Another seed is another wearer and another day.")
@click.option(
    "--from-file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Hold this recording instead of synthesised motion, at its own time.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
def command(
    *,
    port: int,
    name: str | None,
    like: str,
    hours: float,
    rate: str,
    seed: int,
    from_file: Path | None,
    as_json: bool,
) -> int:
    """Serve a virtual wristband until Ctrl-C, and print the --radio by which others reach it.

    It holds the log of a working day and streams live, over a whole Bluetooth stack behind a TCP port; one like
    another wristband holds no log, and behaves as that device does. Several programs can use it, one after the other:

    selfback simulate &
    selfback sync --radio bumble:tcp-client:127.0.0.1:17777
    """
    import asyncio
    import time

    from activity.cli import console
    from device.errors import BluetoothUnavailableError
    from device.link.radio import SIM_REMEDY, has_library

    if name is not None and len(name.encode()) > 29:
        raise click.BadParameter("a name has at most 29 bytes", param_hint="--name")
    if not has_library("bumble"):
        raise BluetoothUnavailableError("the program Bumble, which plays the radio, is missing", remedy=SIM_REMEDY)
    _check_kind(like)
    if from_file is None:
        from device.simulator.memory import NS_PER_HOUR
        from device.simulator.worn import worn_hours

        console.note(f"making {hours:g} h of motion ...")
        # Up to the full hour: a band switched off and on within it holds the same log, so a broken sync can go on.
        recording = worn_hours(
            hours, rate_hz=float(rate), seed=seed, end_ns=time.time_ns() // NS_PER_HOUR * NS_PER_HOUR
        )
    else:
        from device.readers.table import read_recording

        recording = read_recording(from_file)
    return asyncio.run(_serve(name, like, recording, port, as_json))


def _check_kind(like: str) -> None:
    from device.simulator.personalities.table import PERSONALITIES

    if like not in (OPEN_BAND, *PERSONALITIES):
        known = ", ".join((OPEN_BAND, *sorted(PERSONALITIES)))
        raise click.BadParameter(f"{like!r} is none of {known}", param_hint="--like")


def _band(air: "VirtualAir", like: str, name: str | None, recording: "Recording") -> "SimulatedBand | SimulatedWatch":
    """Return the band that is asked for, with the recording as what its wearer does."""
    import dataclasses

    from device.simulator.band import SimulatedBand, facts_of
    from device.simulator.memory import band_that_recorded, system_clock_ns
    from device.simulator.personalities.table import PERSONALITIES

    clock, log = band_that_recorded(recording)
    if like == OPEN_BAND:
        return SimulatedBand(air, clock, facts=facts_of(name or OPEN_BAND_NAME), live=log.trace, logs=(log,))
    kind = PERSONALITIES[like]
    facts = dataclasses.replace(kind.usual_facts, name=name or kind.usual_facts.name)
    return kind(air, log.trace, system_clock_ns, facts=facts)


async def _serve(name: str | None, like: str, recording: "Recording", port: int, as_json: bool) -> int:
    """Serve until a signal; 130 where it was Ctrl-C."""
    import asyncio
    import contextlib
    import errno
    import signal

    from activity.cli import console
    from device.errors import BluetoothUnavailableError
    from device.simulator.radio import VirtualAir
    from device.simulator.serve import serving

    ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    def end(exit_code: int) -> None:
        if not ended.done():
            ended.set_result(exit_code)

    with contextlib.suppress(NotImplementedError):  # Windows has no signal handlers in a loop; Ctrl-C still ends it
        asyncio.get_running_loop().add_signal_handler(signal.SIGINT, end, 128 + signal.SIGINT)
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, end, 0)

    try:
        async with (
            VirtualAir() as air,
            _band(air, like, name, recording) as band,
            serving(air.link, port=port) as open_port,
        ):
            radio = f"bumble:tcp-client:127.0.0.1:{open_port}"
            said, samples, rate_hz = band.facts, recording.n_samples, recording.rate_hz
            if as_json:
                facts = {"address": said.address, "samples": samples, "rate_hz": rate_hz}
                console.emit_json({"radio": radio, "port": open_port, "name": said.name, "like": like} | facts)
            else:
                console.emit(radio)
            does = "holds" if like == OPEN_BAND else "plays"
            console.note(f"{said.name} {does} {samples / rate_hz / 3600:.2f} h; Ctrl-C switches it off")
            console.note(f"  try: selfback {'sync' if like == OPEN_BAND else 'watch'} --radio {radio}")
            exit_code = await ended
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        raise BluetoothUnavailableError(
            f"port {port} is in use", where="127.0.0.1", remedy="choose another --port, or 0 for a free one"
        ) from error
    console.note("the band is off")
    return exit_code
