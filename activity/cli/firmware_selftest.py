"""``selfback firmware selftest``: whether a band's sensor is sound."""

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from activity.cli import console
from activity.cli.reaching import Reach, band_options

if TYPE_CHECKING:
    from device.recording import Recording

NOT_SOUND = 1


@click.command(
    short_help="Test a band's sensor: stillness, noise, clipping, rate, six sides.",
    epilog="Exit code 1: a check failed, or something that was asked for could not be tested.",
)
@band_options
@click.option("--seconds", type=click.FloatRange(4, 600), default=10.0, help="How long to record.")
@click.option("--rate", type=click.Choice(["25", "50", "100"]), default="50", help="Samples a second.")
@click.option("--poses", is_flag=True, help="Test the six sides: lay the band on each for 5 s; takes --seconds 60.")
def selftest(*, band: str, radio: str, timeout: float, seconds: float, rate: str, poses: bool, as_json: bool) -> int:
    """Record a band that lies still, and check its sensor: gravity is 1 g, the noise, the rate, and nothing clips.

    With --poses the band is laid on each of its six sides meanwhile, some seconds long. Nothing is kept.
    """
    import asyncio

    from device.firmware.selftest import Outcome, self_test

    console.note("lay the band down" + (", and turn it onto each of its six sides, 5 s long" if poses else ""))
    recording = asyncio.run(_record(Reach(band, radio, timeout), seconds, float(rate)))
    checks = self_test(
        recording.accel_g,
        measured_hz=recording.rate_hz,
        asked_hz=float(rate),
        range_g=recording.band.range_g or 0.0,
        poses=poses,
    )
    if as_json:
        console.emit_json({"serial": recording.band.serial, "checks": [asdict(check) for check in checks]})
    for check in checks if not as_json else ():
        value = "" if check.value is None else f"{check.value:.3f} {check.unit}"
        console.emit(f"{check.name}\t{check.outcome}\t{value}\t{check.says}")
    sound = all(check.outcome in {Outcome.PASSED, Outcome.WARNED} for check in checks)
    return 0 if sound else NOT_SOUND


async def _record(reach: Reach, seconds: float, rate_hz: float) -> "Recording":
    """Record into a folder that is gone afterwards."""
    import asyncio
    import tempfile
    from pathlib import Path

    from device.link.collect import LiveCapture, live_recording, record_live
    from device.link.connect import Timeouts
    from device.link.radio import open_adapter, radio

    with tempfile.TemporaryDirectory(prefix="selfback-") as folder:
        capture = LiveCapture(Path(folder) / "live")
        async with open_adapter(radio(reach.radio)) as adapter:
            with console.progress("s") as display:
                task = display.add_task("recording", total=seconds)
                await record_live(
                    adapter,
                    capture,
                    seconds=seconds,
                    rate_hz=rate_hz,
                    wanted=reach.band,
                    timeouts=Timeouts(find_s=reach.timeout),
                    progress=lambda done, total: display.update(task, completed=done, total=total),
                )
        return await asyncio.to_thread(live_recording, capture, Path(folder) / "live.parquet", "UTC")
