"""Polar Verity Sense: nothing comes before the control point was told to start, then raw or compressed frames.

Source: the wire facts of Polar's SDK documentation and its issues 317, 443 and 818. Frames come at an irregular pace
and hold as many samples as fit; the time in them is the band's own, of the last sample, and the band's clock may be
years off after its battery was flat.
"""

import itertools
from typing import ClassVar, Final

from bumble.att import ATT_Error, ErrorCode
from bumble.device import Connection
from bumble.gatt import Characteristic, CharacteristicValue, Service

from device.errors import FrameError
from device.profiles import polar
from device.recording import NS_PER_S
from device.simulator.band import BandFacts
from device.simulator.personalities.watch import (
    INDICATE,
    NOTIFY,
    READ,
    READABLE,
    WRITE,
    WRITEABLE,
    Batch,
    Session,
    SimulatedWatch,
)

#: What a flat battery leaves the clock at: data of 2023 came stamped 2017 (issue 818).
DEFAULT_EPOCH_NS: Final = polar.EPOCH_2000_NS + 17 * 365 * 86_400 * NS_PER_S
SMALLEST_MTU: Final = 70
#: Samples of frames that follow each other: "71 samples every 1 or 2 s" is not even either (issue 317).
_SIZES: Final = (36, 71, 18, 58)
#: Acceleration among what can be measured, as the control point's value says when read.
_FEATURES: Final = bytes([0x0F, 1 << polar.MEASUREMENT_ACC, *bytes(15)])


class PolarCompressed(SimulatedWatch):
    """Firmware that sends delta frames."""

    profile = "polar"
    usual_facts = BandFacts(
        "Polar Sense 1A2B3C4D",
        "F0:5E:1F:BA:00:05",
        "Polar Electro Oy",
        "Verity Sense",
        "1A2B3C4D",
        "2.2.3",
        max_mtu=247,
    )
    rate_hz = 52.0
    counts_per_g = 1000.0
    range_g = 8.0
    batch = _SIZES[0]
    advertised = (polar.SERVICE_UUID,)
    compresses: ClassVar[bool] = True
    charging: bool = False
    clock_offset_ns: int = 0  #: of the band's clock from the truth

    def services(self) -> tuple[Service, ...]:
        """Return the measurement service: what can be measured, commands, and data."""
        told = CharacteristicValue(read=lambda _: _FEATURES, write=self._on_command)
        self._control = Characteristic[bytes](polar.CONTROL_UUID, READ | WRITE | INDICATE, READABLE | WRITEABLE, told)
        self._data = Characteristic[bytes](polar.STREAM_UUID, NOTIFY, READABLE)
        return (Service(polar.SERVICE_UUID, [self._control, self._data]),)

    def _on_command(self, connection: Connection, value: bytes) -> None:
        session = self.session
        if session is None or session.connection is not connection:
            return
        try:
            opcode, measurement = polar.decode_command(value)
        except FrameError:
            raise ATT_Error(ErrorCode.INVALID_ATTRIBUTE_LENGTH) from None
        status = self._obey(session, opcode, measurement, value)
        reply = polar.encode_reply(polar.ControlReply(opcode, measurement, int(status)))
        self.start(session, self._indicate(session, reply))

    def _obey(self, session: Session, opcode: int, measurement: int, value: bytes) -> polar.Status:
        """Start or stop, and return the status of the answer."""
        if measurement != polar.MEASUREMENT_ACC:
            return polar.Status.BAD_MEASUREMENT
        if opcode == polar.STOP:
            if session.stream is not None:
                session.stream.cancel()
                session.stream = None
            return polar.Status.SUCCESS
        if opcode != polar.START:
            return polar.Status.BAD_OPCODE
        refusals = (
            (self.charging, polar.Status.CHARGING),
            (session.connection.att_mtu < SMALLEST_MTU, polar.Status.BAD_MTU),
            (value != polar.start_acc(), polar.Status.BAD_PARAMETER),
            (session.stream is not None, polar.Status.ALREADY),
        )
        status = next((status for holds, status in refusals if holds), polar.Status.SUCCESS)
        if status is polar.Status.SUCCESS:
            session.stream = self.start(session, self._play(session))
        return status

    async def _indicate(self, session: Session, reply: bytes) -> None:
        await self.device.gatt_server.indicate_subscriber(session.connection, self._control, reply)

    async def _play(self, session: Session) -> None:
        sizes = itertools.cycle(_SIZES)
        most = (session.connection.att_mtu - 3 - 10) // 6
        async for batch in self.batches(lambda: min(next(sizes), most)):
            await self.notify(session, self._data, self._frame(batch))

    def _frame(self, batch: Batch) -> bytes:
        last_ns = batch.end_ns + self.clock_offset_ns
        if self.compresses:
            return polar.encode_compressed(batch.counts, last_ns)
        return polar.encode_raw(batch.counts, last_ns)


class PolarRaw(PolarCompressed):
    """Firmware that sends frames of int16, uncompressed."""

    usual_facts = BandFacts(
        "Polar Sense 1A2B3C4E",
        "F0:5E:1F:BA:00:06",
        "Polar Electro Oy",
        "Verity Sense",
        "1A2B3C4E",
        "1.0.5",
        max_mtu=247,
    )
    compresses = False
