"""Where bleak goes: the system's adapter, an HCI transport, or a simulated adapter, behind one value.

``radio(name)`` only names a radio; ``open_adapter`` opens it and gives what scanning and connecting need.
"""

import asyncio
import contextlib
import importlib.util
import re
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeAlias, TypedDict

from bleak import BleakScanner
from bleak.backends.client import BaseBleakClient
from bleak.backends.scanner import BaseBleakScanner

from device.errors import BluetoothUnavailableError, RadioNameError
from device.link.faults import bluetooth_faults, hung

#: A scanner and a client class for bleak's ``backend=``; None is the system's own.
Backends: TypeAlias = tuple[type[BaseBleakScanner], type[BaseBleakClient]]

#: A system that answers at all starts a scan in well under a second; bleak itself may wait for ever.
START_TIMEOUT_S: Final = 10.0

#: How long another process may hold the adapter for its own scan and connect.
LOCK_TIMEOUT_S: Final = 60.0

SIM_REMEDY: Final = "pip install 'selfback[sim]'"


@dataclass(frozen=True, slots=True)
class Radio:
    """A radio that can be opened; ``lock_name`` says which processes share its adapter ("" is none)."""

    name: str
    open: Callable[[], AbstractAsyncContextManager[Backends | None]] = field(repr=False)
    lock_name: str = ""


class ScannerChoice(TypedDict, total=False):
    """Keyword arguments for ``BleakScanner``."""

    backend: type[BaseBleakScanner]


class ClientChoice(TypedDict, total=False):
    """Keyword arguments for ``BleakClient``."""

    backend: type[BaseBleakClient]


@dataclass(frozen=True, slots=True)
class Adapter:
    """An open radio. Hold ``exclusive()`` while scanning and connecting: an adapter does one at a time."""

    name: str
    scanner_choice: ScannerChoice
    client_choice: ClientChoice
    lock: asyncio.Lock = field(default_factory=asyncio.Lock, repr=False)
    lock_path: Path | None = None

    @asynccontextmanager
    async def exclusive(self) -> AsyncIterator[None]:
        """Keep other tasks, and other processes of this program, from scanning and connecting meanwhile."""
        async with self.lock, _file_lock(self.lock_path):
            yield


def radio(name: str = "system", btsnoop: Path | None = None) -> Radio:
    """Return the radio of this name: ``system``, or ``bumble:<transport>``.

    ``btsnoop`` is where the session is written as it goes over HCI (``device.capture.btsnoop``): off unless asked for,
    and only where HCI is ours to see; of the system's adapter, ``btmon -w`` writes such a file.
    """
    if name == "system" and btsnoop is not None:
        raise RadioNameError(
            "the system's adapter doesn't show its HCI to programs",
            where=str(btsnoop),
            expected="a radio `bumble:<transport>`",
            remedy="record the session with: sudo btmon -w FILE",
        )
    if name == "system":
        return Radio(name, nullcontext, lock_name="system")
    kind, _, moniker = name.partition(":")
    if kind != "bumble" or not moniker:
        raise RadioNameError(
            f"there is no radio {name!r}", expected="`system` or `bumble:<transport>`", remedy="selfback scan --help"
        )
    return Radio(name, lambda: _transport(moniker, btsnoop), lock_name=name)


def simulated(backends: Backends) -> Radio:
    """Return the radio of a simulated adapter in this process (``device.simulator.radio.VirtualAir.backends``)."""
    return Radio("simulated", lambda: nullcontext(backends))


@asynccontextmanager
async def open_adapter(of: Radio) -> AsyncIterator[Adapter]:
    """Open a radio for the time of the context; BluetoothUnavailableError where there is none."""
    async with AsyncExitStack() as stack:
        with bluetooth_faults(of.name):
            backends = await stack.enter_async_context(of.open())
        scanner: ScannerChoice = {"backend": backends[0]} if backends else {}
        client: ClientChoice = {"backend": backends[1]} if backends else {}
        lock_path = _lock_path(of.lock_name) if of.lock_name else None
        yield Adapter(of.name, scanner, client, lock_path=lock_path)


async def check_radio(of: Radio) -> None:
    """Start and stop a scan; BluetoothUnavailableError says what is missing."""
    async with open_adapter(of) as adapter, adapter.exclusive(), scanning(adapter):
        pass


@asynccontextmanager
async def scanning(adapter: Adapter, **options: Any) -> AsyncIterator[BleakScanner]:
    """Scan for the time of the context, with a bounded start and stop."""
    with bluetooth_faults(adapter.name):
        scanner = BleakScanner(**options, **adapter.scanner_choice)
        try:
            async with asyncio.timeout(START_TIMEOUT_S):
                await scanner.start()
        except TimeoutError as error:
            raise hung(adapter.name, START_TIMEOUT_S) from error
    try:
        yield scanner
    finally:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(START_TIMEOUT_S):
                await scanner.stop()


@asynccontextmanager
async def _transport(moniker: str, btsnoop: Path | None) -> AsyncIterator[Backends]:
    """Open a Bumble transport; Bumble is an extra that a plain install lacks."""
    if not has_library("bumble"):
        raise BluetoothUnavailableError(
            "the program Bumble, which drives this radio, is not installed", where=moniker, remedy=SIM_REMEDY
        )
    from device.capture.btsnoop import BtsnoopWriter  # noqa: PLC0415 - asked for by few
    from device.simulator.radio import hci_adapter  # noqa: PLC0415 - an extra, found only now

    with nullcontext() if btsnoop is None else BtsnoopWriter(btsnoop, time.time_ns) as snooper:
        async with hci_adapter(moniker, START_TIMEOUT_S, snooper) as backends:
            yield backends


def has_library(name: str) -> bool:
    """Return whether a module can be imported here."""
    return importlib.util.find_spec(name) is not None


def _lock_path(name: str) -> Path:
    return Path(tempfile.gettempdir()) / f"selfback-{re.sub(r'[^a-zA-Z0-9.-]', '_', name)}.lock"


@asynccontextmanager
async def _file_lock(path: Path | None) -> AsyncIterator[None]:
    """Hold a lock file that other processes respect; Windows and macOS share their adapters by themselves."""
    if path is None or not has_library("fcntl"):
        yield
        return
    import fcntl  # noqa: PLC0415 - POSIX only

    with path.open("a") as file:
        loop = asyncio.get_running_loop()
        give_up = loop.time() + LOCK_TIMEOUT_S
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError as error:
                if loop.time() > give_up:
                    raise BluetoothUnavailableError(
                        f"another program has held the radio for {LOCK_TIMEOUT_S:.0f} s",
                        where=str(path),
                        remedy="wait for the other `selfback` to end, or end it",
                    ) from error
                await asyncio.sleep(0.1)
        yield
