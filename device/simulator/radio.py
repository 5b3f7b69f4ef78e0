"""Virtual radios: the air in one process, a computer's adapter on it, and adapters behind an HCI transport."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Final, Self, cast

from bumble.core import BaseBumbleError
from bumble.device import Device
from bumble.snoop import Snooper
from bumble.transport import open_transport

from device.capture.btsnoop import BtsnoopWriter
from device.simulator.bleak_backend import Backends, backends
from device.simulator.patches import PacedLink, VirtualController, make_device

#: Random static addresses: the two top bits are set.
CENTRAL_ADDRESS: Final = "C0:5E:1F:BA:C0:01"


class VirtualAir:
    """The air of one process, with a computer's adapter on it; bands are added by ``join``.

    Enter it in the loop that uses it. ``backends`` are the bleak classes of the computer's adapter.
    """

    def __init__(self, connection_interval_s: float = 0.0, snooper: BtsnoopWriter | None = None) -> None:
        self.link = PacedLink(connection_interval_s)
        self._snooper = snooper
        self._devices: list[tuple[Device, VirtualController]] = []
        self._central: Device | None = None

    @property
    def backends(self) -> Backends:
        """The scanner and client class for bleak."""
        if self._central is None:
            raise RuntimeError("the air has to be entered first")
        return backends(self._central)

    def join(self, name: str, address: str) -> Device:
        """Return a device of its own controller on this air; power it on to be heard."""
        controller = VirtualController(name, link=self.link)
        device = make_device(name, address, controller, controller)
        self._devices.append((device, controller))
        return device

    async def __aenter__(self) -> Self:
        self._central = self.join("computer", CENTRAL_ADDRESS)
        self._central.host.snooper = cast("Snooper | None", self._snooper)
        await self._central.power_on()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.link.close()
        for device, controller in self._devices:
            await close_device(device)
            controller.abandon()


@asynccontextmanager
async def hci_adapter(
    moniker: str, timeout_s: float = 10.0, snooper: BtsnoopWriter | None = None
) -> AsyncIterator[Backends]:
    """Open a Bumble transport (``tcp-client:127.0.0.1:17777``, ``usb:0``, ...) and yield its bleak classes.

    OSError where nobody answers there; a transport that Bumble doesn't know, one that hangs up, and one that is
    silent for ``timeout_s`` are ConnectionErrors.
    """
    try:
        opened = await open_transport(moniker)
    except (BaseBumbleError, ValueError) as error:
        raise ConnectionError(f"{moniker} is no transport that can be opened: {error}") from error
    async with opened as transport:
        device = make_device("computer", CENTRAL_ADDRESS, transport.source, transport.sink)
        device.host.snooper = cast("Snooper | None", snooper)
        try:
            async with asyncio.timeout(timeout_s):
                await device.power_on()
        except TimeoutError as error:
            raise ConnectionError(f"{moniker} is open, but no controller answers") from error
        except BaseBumbleError as error:
            raise ConnectionError(f"{moniker} was closed by the other side") from error
        try:
            yield backends(device)
        finally:
            await close_device(device)


async def close_device(device: Device) -> None:
    """End connections, scanning and advertising, and power off, so that no timer outlives the loop."""
    for connection in tuple(device.connections.values()):
        await connection.disconnect()
    if device.is_scanning:
        await device.stop_scanning()
    if device.is_advertising:
        await device.stop_advertising()
    await device.power_off()
