"""A day of somebody who isn't there, put into a simulated band and fetched from it over the air."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from activity.classify.model import Model
    from activity.day.summary import DaySummary
    from device.recording import Recording
    from device.simulator.motion import Motion
    from device.simulator.motion_script import Part

RATE_HZ: Final = 25.0
#: The largest MTU of Bluetooth LE that carries a whole block a notification; phones agree to it, too.
LARGE_MTU: Final = 517
#: A day with the band on: from seven in the morning, with so many walks, the last of them before ten at night.
FIRST_HOUR: Final = 7
WALKS: Final = 12
WAKING_MINUTES: Final = 14.5 * 60
#: Steps a minute of a walk, as the motion of it is made.
CADENCE_SPM: Final = 105.0


def synced(motion: "Motion", output: Path) -> "tuple[Recording, Path]":
    """Put motion into a simulated band, switch it on, find it, fetch its log over the air, and return the recording."""
    import asyncio

    from activity.cli.sync import fetch_stored
    from device.errors import BluetoothUnavailableError
    from device.link.radio import SIM_REMEDY, has_library, open_adapter, simulated
    from device.readers.table import read_recording

    if not has_library("bumble"):
        raise BluetoothUnavailableError("the program Bumble, which plays the radio, is missing", remedy=SIM_REMEDY)
    from device.simulator.band import BandFacts, SimulatedBand
    from device.simulator.memory import band_that_recorded
    from device.simulator.radio import VirtualAir

    async def work() -> Path:
        clock, log = band_that_recorded(motion.recording)
        facts = BandFacts(max_mtu=LARGE_MTU)
        async with (
            VirtualAir() as air,
            SimulatedBand(air, clock, facts=facts, logs=(log,)),
            open_adapter(simulated(air.backends)) as adapter,
        ):
            (found,) = await fetch_stored(adapter, facts.name, output, zone=motion.recording.zone)
        return Path(found["path"])

    path = asyncio.run(work())
    return read_recording(path), path


def day_by_band(day: "DaySummary", model: "Model", output: Path, seed: int) -> "DaySummary":
    """Return a day of about as many steps as it came to on a simulated wrist: moved, recorded, fetched, recognised."""
    from activity.reprocess.analyse import analyse
    from device.recording import NS_PER_S
    from device.simulator.motion import Wearer, synthesise

    start = datetime(day.date.year, day.date.month, day.date.day, FIRST_HOUR, tzinfo=ZoneInfo(day.zone))
    start_ns = int(start.timestamp()) * NS_PER_S
    script = day_of_steps(day.steps or 0)
    motion = synthesise(script, Wearer(), rate_hz=RATE_HZ, seed=seed, start_ns=start_ns, zone=day.zone)
    recording, _ = synced(motion, output)
    return next(one for one in analyse(recording.stream(), model, day.zone).days if one.date == day.date)


def day_of_steps(steps: int) -> "tuple[Part, ...]":
    """Return a waking day of twelve walks with so many steps in all, and sitting, standing and housework between."""
    from device.simulator.motion_script import Part

    walk = max(steps / CADENCE_SPM / WALKS, 0.5)
    rest = WAKING_MINUTES / WALKS - walk
    still = (Part("sit", 0.6 * rest, "desk"), Part("stand", 0.25 * rest))
    return (*still, Part("walk", walk), Part("dishes", 0.15 * rest)) * WALKS
