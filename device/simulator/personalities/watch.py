"""What every simulated watch has in common: services, one computer at a time, samples at their moments, and faults.

A personality says which services it has, how it turns acceleration into counts, and what it sends when.
"""

import asyncio
import contextlib
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, ClassVar, Final, Self

import numpy as np
from bumble import core, hci
from bumble.core import UUID, AdvertisingData
from bumble.device import Connection, Device
from bumble.gatt import Characteristic, Service
from numpy.typing import NDArray

from device.recording import NS_PER_S
from device.simulator.band import PACKETS_IN_FLIGHT, BandFacts
from device.simulator.faults import FaultPlan, FaultsSoFar
from device.simulator.memory import Trace
from device.simulator.radio import VirtualAir
from device.wire.codes import COUNTS_PER_RANGE

NOTIFY: Final = Characteristic.Properties.NOTIFY
INDICATE: Final = Characteristic.Properties.INDICATE
READ: Final = Characteristic.Properties.READ
WRITE: Final = Characteristic.Properties.WRITE
WRITE_BLIND: Final = Characteristic.Properties.WRITE_WITHOUT_RESPONSE
READABLE: Final = Characteristic.READABLE
WRITEABLE: Final = Characteristic.WRITEABLE

Counts = NDArray[np.int32]


@dataclass(frozen=True, slots=True, eq=False)
class Had:
    """Samples that the watch took, and when: what a recording of it is compared with."""

    utc_ns: NDArray[np.int64]
    counts: Counts


@dataclass(slots=True)
class Session:
    """What lives as long as one connection."""

    connection: Connection
    tasks: set[asyncio.Task[None]] = field(default_factory=set)
    stream: asyncio.Task[None] | None = None


class SimulatedWatch:
    """A watch on an air; in its context it is switched on and advertises. Its personality is a child of this."""

    profile: ClassVar[str]  #: name of the row in `device.profiles.known`
    usual_facts: ClassVar[BandFacts]
    rate_hz: ClassVar[float]  #: nominal
    counts_per_g: ClassVar[float]
    range_g: ClassVar[float]  #: beyond it counts are clipped
    batch: ClassVar[int]  #: samples of a message
    advertised: ClassVar[tuple[str, ...]] = ()  #: services named in advertisements

    def __init__(
        self,
        air: VirtualAir,
        live: Trace,
        now_ns: Callable[[], int],
        *,
        faults: FaultPlan | None = None,
        rate_error: float = 0.0,
        boot_ns: int | None = None,
        facts: BandFacts | None = None,
    ) -> None:
        self.facts = facts or self.usual_facts
        self.live = live
        self.now_ns = now_ns
        self.boot_ns = now_ns() - 3600 * NS_PER_S if boot_ns is None else boot_ns
        self.true_rate_hz = self.rate_hz * (1.0 + rate_error)
        self.faults = FaultsSoFar(faults or FaultPlan())
        self.had: list[Had] = []
        self.session: Session | None = None
        self._first = 0
        self.device: Device = air.join(self.facts.name, self.facts.address)
        self.device.gatt_server.max_mtu = self.facts.max_mtu
        for service in (*self.services(), *self._standard_services()):
            self.device.add_service(service)
        self.device.on(self.device.EVENT_CONNECTION, self._on_connection)

    def services(self) -> tuple[Service, ...]:
        """Return what only this watch has."""
        raise NotImplementedError

    def connected(self, session: Session) -> None:
        """Begin what the watch does by itself once somebody is connected."""

    # -- motion -------------------------------------------------------------------------------------------------

    def take(self, count: int, start_ns: int) -> Counts:
        """Return the next samples in the watch's own counts, as its sensor rounds and clips them."""
        raw = self.live.at(self._first, count, self.true_rate_hz)
        accel_g = raw.astype(np.float64) * (self.live.range_g / COUNTS_PER_RANGE)
        limit = int(self.range_g * self.counts_per_g)
        counts = np.clip(np.rint(accel_g * self.counts_per_g), -limit, limit - 1).astype(np.int32)
        self._first += count
        steps = np.rint(np.arange(count) * (NS_PER_S / self.true_rate_hz)).astype(np.int64)
        self.had.append(Had(start_ns + steps, counts))
        return counts

    def batches(self, size: Callable[[], int] | None = None) -> "AsyncBatches":
        """Return what yields batches when their last sample is due."""
        return AsyncBatches(self, size or (lambda: self.batch))

    # -- radio --------------------------------------------------------------------------------------------------

    async def notify(self, session: Session, characteristic: Characteristic[bytes], *parts: bytes) -> None:
        """Send one message, or what the fault plan makes of it; waits where the radio is full."""
        if self.faults.breaks_link():
            await self.vanish()
            await asyncio.sleep(3600)  # this task is cancelled as soon as the link is gone
        if self.faults.stalls():
            await asyncio.sleep(self.faults.plan.stall_s)
        for _ in range(self.faults.turn()):
            await self.transmit(session, characteristic, *parts)

    async def transmit(self, session: Session, characteristic: Characteristic[bytes], *parts: bytes) -> None:
        """Send notifications as they are; waits where the radio is full."""
        for part in parts:
            await self.device.gatt_server.notify_subscriber(session.connection, characteristic, part)
            queue = self.device.host.get_data_packet_queue(session.connection.handle)
            if queue is not None and queue.pending >= PACKETS_IN_FLIGHT:
                await queue.drain(session.connection.handle)

    async def vanish(self, reason: int = hci.HCI_ErrorCode.CONNECTION_TIMEOUT_ERROR) -> None:
        """Break the link, as a watch that is carried out of range."""
        for connection in tuple(self.device.connections.values()):
            with contextlib.suppress(core.BaseBumbleError, hci.HCI_Error):
                await connection.disconnect(reason)

    def start(self, session: Session, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Do something for as long as the connection lives."""
        task: asyncio.Task[None] = asyncio.get_running_loop().create_task(work)
        session.tasks.add(task)
        task.add_done_callback(session.tasks.discard)
        return task

    def _on_connection(self, connection: Connection) -> None:
        session = self.session = Session(connection)

        def ended(_: int) -> None:
            for task in tuple(session.tasks):
                task.cancel()
            if self.session is session:
                self.session = None

        connection.on(connection.EVENT_DISCONNECTION, ended)
        self.connected(session)

    def _standard_services(self) -> tuple[Service, ...]:
        facts = self.facts
        strings = ((0x2A29, facts.maker), (0x2A24, facts.model), (0x2A25, facts.serial), (0x2A26, facts.firmware))
        return (
            Service(short(0x180F), [value(0x2A19, bytes([facts.battery_percent]))]),
            Service(short(0x180A), [value(number, text.encode()) for number, text in strings if text]),
        )

    async def __aenter__(self) -> Self:
        await self.device.power_on()
        kinds = AdvertisingData.Type
        uuids = [
            (kinds.COMPLETE_LIST_OF_128_BIT_SERVICE_CLASS_UUIDS, UUID(uuid).to_bytes(force_128=True))
            for uuid in self.advertised
        ]
        if not self.faults.plan.absent:
            await self.device.start_advertising(
                advertising_data=bytes(AdvertisingData([(kinds.FLAGS, b"\x06"), *uuids])),
                scan_response_data=bytes(AdvertisingData([(kinds.COMPLETE_LOCAL_NAME, self.facts.name.encode())])),
                advertising_interval_min=self.facts.advertising_interval_ms,
                advertising_interval_max=self.facts.advertising_interval_ms,
                auto_restart=True,
            )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        session = self.session
        if session is not None:
            for task in tuple(session.tasks):
                task.cancel()
            await asyncio.gather(*session.tasks, return_exceptions=True)


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Samples that are due now, and the UTC of the first one."""

    start_ns: int
    counts: Counts
    end_ns: int  #: UTC of the last one


class AsyncBatches:
    """Yields batches of a watch as they fall due; what a stall has held up comes at once."""

    def __init__(self, watch: SimulatedWatch, size: Callable[[], int]) -> None:
        self._watch = watch
        self._size = size
        self._begun_ns = watch.now_ns()
        self._begun_s = asyncio.get_running_loop().time()
        self._taken = 0

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Batch:
        count, rate_hz = self._size(), self._watch.true_rate_hz
        last = self._taken + count - 1
        due_s = self._begun_s + (last + 1) / rate_hz
        await asyncio.sleep(max(0.0, due_s - asyncio.get_running_loop().time()))
        start_ns = self._begun_ns + round((self._taken + 1) / rate_hz * NS_PER_S)
        self._taken += count
        end_ns = self._begun_ns + round((last + 1) / rate_hz * NS_PER_S)
        return Batch(start_ns, self._watch.take(count, start_ns), end_ns)


def short(number: int) -> UUID:
    """Return the UUID of one of Bluetooth's own numbers."""
    return UUID.from_16_bits(number)


def value(number: int, content: bytes) -> Characteristic[bytes]:
    """Return a characteristic that can be read and doesn't change."""
    return Characteristic(short(number), READ, READABLE, content)
