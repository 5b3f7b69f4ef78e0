"""A simulated band for other programs: its air behind HCI over TCP, one computer at a time.

Each computer that connects gets a fresh controller; when it hangs up, or is killed, the controller vanishes
with its connections, as a dongle that is pulled out, and the next computer can come.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bumble.transport.common import PacketParser

from device.simulator.patches import PacedLink, VirtualController


@asynccontextmanager
async def serving(link: PacedLink, host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[int]:
    """Serve a controller on this link for the time of the context and yield the port (a free one for 0)."""
    attached: set[_Computer] = set()
    server = await asyncio.get_running_loop().create_server(lambda: _Computer(link, attached), host, port)
    try:
        yield int(server.sockets[0].getsockname()[1])
    finally:
        server.close()
        for computer in tuple(attached):
            computer.hang_up()
        await server.wait_closed()


class _Computer(asyncio.Protocol):
    """The controller's side of one TCP connection: H4 packets in, H4 packets out."""

    def __init__(self, link: PacedLink, attached: "set[_Computer]") -> None:
        self._link = link
        self._attached = attached
        self._transport: asyncio.WriteTransport | None = None
        self._controller: VirtualController | None = None
        self._parser = PacketParser()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Attach a controller, or close at once where another computer has one."""
        if self._attached or not isinstance(transport, asyncio.WriteTransport):
            transport.close()
            return
        self._transport = transport
        self._controller = VirtualController("served", host_sink=self, link=self._link)
        self._parser.set_packet_sink(self._controller)
        self._attached.add(self)

    def data_received(self, data: bytes) -> None:
        """Take bytes of the computer."""
        self._parser.feed_data(data)

    def on_packet(self, packet: bytes) -> None:
        """Send a packet of the controller to the computer."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(packet)

    def connection_lost(self, error: Exception | None) -> None:  # noqa: ARG002
        """Take the controller off the air."""
        if self._controller is not None:
            self._controller.abandon()
            self._link.remove_controller(self._controller)
            self._controller = None
            self._attached.discard(self)

    def hang_up(self) -> None:
        """End the connection from this side."""
        if self._transport is not None:
            self._transport.close()
