"""What the link does on a real Bluetooth system: bleak's BlueZ backend, `bluetoothd`, the kernel, its virtual adapter.

Runs inside the virtual machine that test_real_bluez.py starts, and with ``--rehearse FILE`` on the simulated radio of
this machine: the same steps, after which FILE lists all files that were read, which is what the machine has to hold.
A step that holds prints ``ok``, one that doesn't its traceback; ``all held`` comes last.
"""

import sys

READ: set[str] = set()


def _note(event: str, facts: tuple[object, ...]) -> None:
    if event == "open" and isinstance(facts[0], str):
        READ.add(facts[0])


sys.addaudithook(_note)  # before anything else is imported

import asyncio  # noqa: E402
import contextlib  # noqa: E402
import importlib  # noqa: E402
import json  # noqa: E402
import logging  # noqa: E402
import tempfile  # noqa: E402
import time  # noqa: E402
import traceback  # noqa: E402
from collections.abc import AsyncIterator, Awaitable, Callable  # noqa: E402
from pathlib import Path  # noqa: E402

import numpy as np  # noqa: E402
from bumble import hci  # noqa: E402
from bumble.transport import open_transport  # noqa: E402

from device.capture.check import check_captures  # noqa: E402
from device.errors import BandLostError, BluetoothUnavailableError  # noqa: E402
from device.link.collect import LiveCapture, live_recording, record_live  # noqa: E402
from device.link.connect import Timeouts, connect  # noqa: E402
from device.link.control import open_control  # noqa: E402
from device.link.radio import Adapter, Radio, check_radio, open_adapter, radio, simulated  # noqa: E402
from device.link.scan import scan  # noqa: E402
from device.recording import NS_PER_S  # noqa: E402
from device.simulator.band import SimulatedBand  # noqa: E402
from device.simulator.faults import FaultPlan  # noqa: E402
from device.simulator.memory import BandClock, StoredLog, Trace  # noqa: E402
from device.simulator.patches import VirtualController  # noqa: E402
from device.simulator.radio import VirtualAir  # noqa: E402
from device.sync import Pulled, log_recording, pull_log  # noqa: E402

#: An emulated processor is some thirty times slower than the host.
PATIENT = Timeouts(find_s=60.0, connect_s=60.0, call_s=40.0, silence_s=40.0)
SAMPLES = np.random.default_rng(5).integers(-9000, 9000, (80 * 60 - 33, 3)).astype(np.int16)
RATE_HZ = 100.0
LIVE_S = 20.0
#: Notifications after which the band breaks the link: in the middle of its log, and of its stream.
BREAKS = frozenset({60, 120, 220})
#: What only the machine's own backend needs, so that a rehearsal reads it, too.
ONLY_ON_BLUEZ = (
    "bleak.backends.bluezdbus.client", "bleak.backends.bluezdbus.scanner", "bumble.transport.vhci",
    "bumble.transport.file", "dbus_fast.aio", "dbus_fast.auth",
)  # fmt: skip


@contextlib.asynccontextmanager
async def real_adapter(air: VirtualAir) -> AsyncIterator[Radio]:
    """Put the kernel's virtual adapter on the air, and yield the system's radio once BlueZ has it."""
    async with await open_transport("vhci") as transport:
        # Of no maker, but of the form of a public address: BlueZ takes no adapter without one.
        controller = VirtualController("kernel", transport.source, transport.sink, air.link, "00:5E:1F:BA:00:02")
        # Bumble never sends the enhanced event of a connection that the kernel then waits for.
        unsaid = hci.LeFeatureMask.LL_PRIVACY | hci.LeFeatureMask.LE_EXTENDED_ADVERTISING
        controller.le_features &= ~unsaid
        async with asyncio.timeout(60.0):  # bluetoothd sets the adapter up and switches it on
            while not await is_on(radio("system")):  # noqa: ASYNC110 - it happens in another program
                await asyncio.sleep(1.0)
        yield radio("system")


async def is_on(adapter: Radio) -> bool:
    """Whether a scan can be started."""
    with contextlib.suppress(BluetoothUnavailableError):
        await check_radio(adapter)
        return True
    return False


def band_on(air: VirtualAir, breaks: frozenset[int]) -> SimulatedBand:
    """Return a band with a log of one minute and a stream."""
    now_ns = time.time_ns()
    clock = BandClock(now_ns - 3600 * NS_PER_S, 4, now_ns=time.time_ns)
    start_ns = now_ns - 1800 * NS_PER_S
    log = StoredLog(1, Trace(SAMPLES, 25.0), clock.ticks_at(start_ns), start_ns // NS_PER_S, 4)
    faults = FaultPlan(disconnect_before=breaks)
    return SimulatedBand(air, clock, live=Trace(SAMPLES, RATE_HZ), logs=(log,), faults=faults)


async def the_band_is_heard(adapter: Adapter, folder: Path) -> str:
    """A scan names it and knows its profile."""
    heard = await scan(adapter, 10.0)
    assert [band.name for band in heard] == ["selfBACK-1A2B"], heard
    assert heard[0].profile is not None
    assert heard[0].profile.name == "openband"
    return f"{heard[0].rssi_dbm} dBm"


async def it_says_what_it_is(adapter: Adapter, folder: Path) -> str:
    """Connect, read, and end the link."""
    async with connect(adapter, timeouts=PATIENT) as link:
        info = await link.info()
        battery = await link.battery_percent()
    assert (info.serial, battery) == ("SIM-00001A2B", 80)
    assert not link.is_connected
    return f"{info.maker}, {info.model}"


async def its_log_comes_whole_though_the_link_breaks(adapter: Adapter, folder: Path) -> str:
    """A pull that is broken goes on where it was; what is held is the band's to the bit."""
    losses = 0
    while True:
        try:
            pulled = await _pull(adapter, folder)
            break
        except BandLostError:
            losses += 1
            assert losses < 4
    assert pulled.journal.complete
    recording = log_recording(pulled.folder, folder / "log.parquet")
    assert np.array_equal(np.rint(recording.accel_g * 4096).astype(np.int16), SAMPLES)
    assert all(not segment.fault for capture in check_captures(folder) for segment in capture.segments)
    return f"{recording.n_samples} samples, {losses} break"


async def a_second_pull_fetches_nothing(adapter: Adapter, folder: Path) -> str:
    """What is held isn't asked for again."""
    pulled = await _pull(adapter, folder)
    assert pulled.blocks_new == 0
    return ""


async def its_stream_is_kept_though_the_link_breaks(adapter: Adapter, folder: Path) -> str:
    """Live samples are the band's without a hole, but for one gap where the link broke."""
    capture = LiveCapture(folder / "live")
    await record_live(adapter, capture, seconds=LIVE_S, rate_hz=RATE_HZ, timeouts=PATIENT)
    recording = live_recording(capture, folder / "live.parquet")
    assert capture.overflowed == 0
    assert len(recording.gaps) == capture.losses
    for segment in recording.segments:
        raw = np.rint(recording.accel_g[segment.start : segment.stop] * 4096).astype(np.int16)
        assert np.array_equal(raw, SAMPLES[np.arange(len(raw)) % len(SAMPLES)])
    assert recording.n_samples > RATE_HZ
    return f"{recording.n_samples} samples, {capture.losses} break"


async def _pull(adapter: Adapter, folder: Path) -> Pulled:
    async with connect(adapter, timeouts=PATIENT) as link:
        control = await open_control(link)
        (entry,) = await control.logs()
        return await pull_log(link, control, entry, folder)


STEPS: tuple[Callable[[Adapter, Path], Awaitable[str]], ...] = (
    the_band_is_heard,
    it_says_what_it_is,
    its_log_comes_whole_though_the_link_breaks,
    a_second_pull_fetches_nothing,
    its_stream_is_kept_though_the_link_breaks,
)


async def run(*, rehearse: bool) -> bool:
    """Take all steps, one after the other on one band, and return whether all held."""
    held = True
    with tempfile.TemporaryDirectory() as folder:
        async with VirtualAir() as air:
            opened = contextlib.nullcontext(simulated(air.backends)) if rehearse else real_adapter(air)
            async with opened as chosen, band_on(air, BREAKS), open_adapter(chosen) as adapter:
                for step in STEPS:
                    began_s = time.monotonic()
                    try:
                        said = await step(adapter, Path(folder))
                        print(f"ok {time.monotonic() - began_s:6.1f} s  {step.__name__}  {said}", flush=True)
                    except Exception:
                        held = False
                        print(f"FAILED {step.__name__}\n{traceback.format_exc()}", flush=True)
    return held


def files_needed() -> list[str]:
    """Return every file that this process has read, mapped or imported."""
    found = set(READ)
    for module in tuple(sys.modules.values()):
        found |= {name for name in (getattr(module, "__file__", None), getattr(module, "__cached__", None)) if name}
    found |= {line.split()[-1] for line in Path("/proc/self/maps").read_text("utf-8").splitlines() if "/" in line}
    return sorted(str(path) for path in map(Path, found) if path.is_absolute() and path.is_file())


def main() -> int:
    """Run as asked."""
    logging.basicConfig(level=logging.WARNING)
    rehearse = "--rehearse" in sys.argv
    if rehearse:
        for name in ONLY_ON_BLUEZ:
            importlib.import_module(name)
    held = asyncio.run(run(rehearse=rehearse))
    if rehearse:
        Path(sys.argv[-1]).write_text(json.dumps(files_needed()), encoding="utf-8")
    print("all held" if held else "not all held", flush=True)
    return int(not held)


if __name__ == "__main__":
    sys.exit(main())
