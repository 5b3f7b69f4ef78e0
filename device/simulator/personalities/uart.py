"""Nordic's UART service on a watch: bytes written to it in any parts, bytes notified in parts that fit the link."""

from bumble.device import Connection
from bumble.gatt import Characteristic, CharacteristicValue, Service

from device.profiles import axle
from device.simulator.personalities.watch import (
    NOTIFY,
    READABLE,
    WRITE,
    WRITE_BLIND,
    WRITEABLE,
    Session,
    SimulatedWatch,
)


class UartWatch(SimulatedWatch):
    """A watch that is talked to over Nordic's UART; it isn't advertised, the name is."""

    def services(self) -> tuple[Service, ...]:
        """Return the UART."""
        self._out = Characteristic[bytes](axle.STREAM_UUID, NOTIFY, READABLE)
        into = Characteristic[bytes](
            axle.COMMAND_UUID, WRITE | WRITE_BLIND, WRITEABLE, CharacteristicValue(write=self._on_written)
        )
        return (Service(axle.SERVICE_UUID, [into, self._out]),)

    def written(self, session: Session, value: bytes) -> None:
        """Take bytes of the computer."""
        raise NotImplementedError

    async def say(self, session: Session, text: bytes) -> None:
        """Answer in words, which no fault plan counts."""
        await self.transmit(session, self._out, *_parts(session, text))

    async def send_frame(self, session: Session, text: bytes) -> None:
        """Send one frame: a queue that is full drops it whole."""
        await self.notify(session, self._out, *_parts(session, text))

    def _on_written(self, connection: Connection, value: bytes) -> None:
        session = self.session
        if session is not None and session.connection is connection:
            self.written(session, value)


def _parts(session: Session, text: bytes) -> list[bytes]:
    room = session.connection.att_mtu - 3
    return [text[at : at + room] for at in range(0, len(text), room)]
