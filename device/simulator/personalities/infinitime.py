"""PineTime with InfiniTime: the sensor is asked each 100 ms, and a sample that equals the last one isn't sent.

Source: InfiniTime, doc/MotionService.md, and its motion controller. 1024 counts are 1 g and the range is 2 g. The
service isn't advertised; the name is. Its serial number is "0" on every watch. `InfiniTimeFifo` is the form of pull
request 1133, which empties the sensor's queue of about 20 samples into one notification, and leaves nothing out.
"""

from typing import Any, ClassVar

from bumble.att import ATT_Error, ErrorCode
from bumble.device import Connection
from bumble.gatt import Characteristic, CharacteristicValue, Service

from device.errors import FrameError
from device.profiles import infinitime
from device.profiles.current_time import decode_current_time
from device.simulator.band import BandFacts
from device.simulator.personalities.watch import (
    NOTIFY,
    READ,
    READABLE,
    WRITE,
    WRITEABLE,
    Session,
    SimulatedWatch,
    short,
)


class InfiniTime(SimulatedWatch):
    """Stock firmware: 10 Hz at most, one sample a notification, none where nothing changed."""

    profile = "infinitime"
    usual_facts = BandFacts("InfiniTime", "F0:5E:1F:BA:00:02", "PINE64", "PineTime", "0", "1.15.0", max_mtu=256)
    rate_hz = infinitime.RATE_HZ
    counts_per_g = float(infinitime.COUNTS_PER_G)
    range_g = 2.0
    batch = 1
    suppresses: ClassVar[bool] = True

    def __init__(self, *arguments: Any, **options: Any) -> None:
        self.told_utc_ns: int | None = None  #: what its clock was last set to
        self._last = infinitime.encode(infinitime.decode(bytes(6)).counts)
        super().__init__(*arguments, **options)

    def services(self) -> tuple[Service, ...]:
        """Return the motion service and the clock, which can only be set."""
        self._raw = Characteristic[bytes](
            infinitime.STREAM_UUID, READ | NOTIFY, READABLE, CharacteristicValue(read=lambda _: self._last)
        )
        clock = Characteristic[bytes](short(0x2A2B), WRITE, WRITEABLE, CharacteristicValue(write=self._set_clock))
        return (Service(infinitime.SERVICE_UUID, [self._raw]), Service(short(0x1805), [clock]))

    def connected(self, session: Session) -> None:
        """Ask the sensor by and by: it does so whether somebody subscribes or not."""
        self.start(session, self._poll(session))

    async def _poll(self, session: Session) -> None:
        async for batch in self.batches():
            value = infinitime.encode(batch.counts)
            if self.suppresses and value == self._last:
                continue
            self._last = value
            await self.notify(session, self._raw, value)

    def _set_clock(self, _: Connection, value: bytes) -> None:
        try:
            self.told_utc_ns = decode_current_time(value)
        except FrameError:
            raise ATT_Error(ErrorCode.INVALID_ATTRIBUTE_LENGTH) from None


class InfiniTimeFifo(InfiniTime):
    """Firmware that sends the sensor's whole queue: 20 samples a notification, none left out."""

    usual_facts = BandFacts("InfiniTime", "F0:5E:1F:BA:00:03", "PINE64", "PineTime", "0", "1.15.0-fifo", max_mtu=256)
    rate_hz = infinitime.PACKED_RATE_HZ
    batch = 20
    suppresses = False
