"""A watch with OpenSeizureDetector's data source (Bangle.js 2 here): three samples in mg, 25 Hz, no time, no number.

Source: OpenSeizureDetector, BangleSD. Real rates differ by 8 % either way from watch to watch (issue 262); `format`
tells which of its layouts it sends, of which only the one with three axes can be a recording.
"""

from bumble.gatt import Characteristic, Service

from device.profiles import seizure_detector
from device.simulator.band import BandFacts
from device.simulator.personalities.watch import NOTIFY, READ, READABLE, Session, SimulatedWatch

_BATTERY_UUID = "000085e9-0002-1000-8000-00805f9b34fb"
_WATCH_UUID = "000085e9-0003-1000-8000-00805f9b34fb"
_FIRMWARE_UUID = "000085e9-0004-1000-8000-00805f9b34fb"


class SeizureDetector(SimulatedWatch):
    """A watch whose app sends to whoever subscribes."""

    profile = "seizure-detector"
    usual_facts = BandFacts("Bangle.js 85e9", "F0:5E:1F:BA:00:04", "", "", "", "", max_mtu=131)
    rate_hz = 25.0
    counts_per_g = 1000.0
    range_g = 4.0
    batch = seizure_detector.SAMPLES
    advertised = (seizure_detector.SERVICE_UUID,)
    data_format: int = seizure_detector.FORMAT_XYZ_MG

    def services(self) -> tuple[Service, ...]:
        """Return the one service, with the battery, the watch's kind, its version and the layout beside the data."""
        self._acceleration = Characteristic[bytes](seizure_detector.STREAM_UUID, READ | NOTIFY, READABLE, bytes(18))
        said = (
            (_BATTERY_UUID, bytes([self.facts.battery_percent])),
            (_WATCH_UUID, b"BangleJS"),
            (_FIRMWARE_UUID, b"0.21"),
            (seizure_detector.FORMAT_UUID, bytes([self.data_format])),
        )
        values = [Characteristic[bytes](uuid, READ, READABLE, content) for uuid, content in said]
        return (Service(seizure_detector.SERVICE_UUID, [self._acceleration, *values]),)

    def connected(self, session: Session) -> None:
        """Send what the sensor gives for as long as the connection lives."""
        self.start(session, self._play(session))

    async def _play(self, session: Session) -> None:
        async for batch in self.batches():
            await self.notify(session, self._acceleration, seizure_detector.encode(batch.counts))
