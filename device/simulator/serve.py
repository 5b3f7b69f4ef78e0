"""A simulated band for other programs: its air behind HCI over TCP, one computer at a time.

Each computer that connects gets a fresh controller; when it hangs up, or is killed, the controller vanishes
with its connections, as a dongle that is pulled out, and the next computer can come.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

from bumble.transport.common import PacketParser

from device.simulator.patches import PacedLink, VirtualController


@asynccontextmanager
async def serving(link: PacedLink, host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[int]:
    """Serve a controller on this link for the time of the context and yield the port (a free one for 0)."""
    turns = _Turns(link)
    server = await asyncio.get_running_loop().create_server(lambda: _Computer(turns), host, port)
    try:
        yield int(server.sockets[0].getsockname()[1])
    finally:
        server.close()
        for computer in tuple(turns.queue):
            computer.hang_up()
        await server.wait_closed()


class _Turns:
    """The computers in the order they came; the first has the controller, the others wait unheard."""

    def __init__(self, link: PacedLink) -> None:
        self.link = link
        self.queue: list[_Computer] = []

    def come(self, computer: "_Computer") -> None:
        """Take a computer in."""
        self.queue.append(computer)
        if len(self.queue) == 1:
            computer.attach(self.link)

    def leave(self, computer: "_Computer") -> None:
        """Let a computer go, and the next one have its turn."""
        had_turn = self.queue[0] is computer
        self.queue.remove(computer)
        if had_turn and self.queue:
            self.queue[0].attach(self.link)


class _Computer(asyncio.Protocol):
    """The controller's side of one TCP connection: H4 packets in, H4 packets out."""

    def __init__(self, turns: _Turns) -> None:
        self._turns = turns
        self._transport: asyncio.Transport | None = None
        self._controller: VirtualController | None = None
        self._parser = PacketParser()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Wait for a controller; nothing is read before it is there."""
        self._transport = cast("asyncio.Transport", transport)
        self._transport.pause_reading()
        self._turns.come(self)

    def attach(self, link: PacedLink) -> None:
        """Have a controller on the air from now on."""
        self._controller = VirtualController("served", host_sink=self, link=link)
        self._parser.set_packet_sink(self._controller)
        if self._transport is not None:
            self._transport.resume_reading()

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
            self._turns.link.remove_controller(self._controller)
            self._controller = None
        self._turns.leave(self)

    def hang_up(self) -> None:
        """End the connection from this side."""
        if self._transport is not None:
            self._transport.close()
