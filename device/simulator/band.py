"""A simulated wristband: a GATT server that plays motion live and serves stored logs, with faults on request.

It speaks the open band profile by the encoders of ``device.profiles.openband`` and has the standard services
for battery, device information and current time. One central at a time, as real bands.
"""

import asyncio
import binascii
import contextlib
import math
import string
from collections.abc import Coroutine
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, NoReturn, Self

from bumble import core, hci
from bumble.att import ATT_Error, ErrorCode
from bumble.core import UUID, AdvertisingData
from bumble.device import Connection, Device
from bumble.gatt import Characteristic, CharacteristicValue, Service

from device.errors import FrameError
from device.profiles import openband, smp
from device.profiles.current_time import decode_current_time, encode_current_time
from device.profiles.pieces import split_message
from device.recording import NS_PER_S
from device.simulator.bonding import pairing_config
from device.simulator.faults import FaultPlan, FaultsSoFar
from device.simulator.memory import BandClock, StoredLog, Trace, flags_of
from device.simulator.radio import VirtualAir
from device.simulator.recogniser import Recogniser
from device.wire.codes import CONTROL_UUID, LOG_UUID, SERVICE_UUID, STREAM_UUID, Flag, Opcode, Status
from device.wire.table import NOTIFICATION_HEADER, SAMPLE

if TYPE_CHECKING:
    from device.simulator.smp import SmpServer  # needs more libraries than the band itself

#: Packets on their way before the band waits for the radio; a controller has about this many buffers.
PACKETS_IN_FLIGHT: Final = 32

#: Between the answer to a reset and the reset, as in Zephyr, so that the answer is sent.
RESTART_DELAY_S: Final = 0.25

#: Rates a stream can have: those that LIS2DW12, BMA400 and their like offer and that we use.
STREAM_RATES_HZ: Final = (25.0, 50.0, 100.0)

#: Ranges of those sensors.
RANGES_G: Final = (2, 4, 8, 16)

#: Samples of a live notification at an MTU of 247; a smaller MTU carries fewer.
STREAM_BATCH: Final = 38

_HEADER_BYTES: Final = NOTIFICATION_HEADER.size
_SAMPLE_BYTES: Final = SAMPLE.size
_Kinds = Characteristic.Properties
_READ: Final = Characteristic.READABLE
_WRITE: Final = Characteristic.WRITEABLE
_ENCRYPTED: Final = Characteristic.WRITE_REQUIRES_ENCRYPTION


@dataclass(frozen=True, slots=True)
class BandFacts:
    """What a band says of itself."""

    name: str = "selfBACK-1A2B"
    address: str = "F0:5E:1F:BA:1A:2B"  #: random static: the two top bits are set
    maker: str = "selfBACK open hardware"
    model: str = "simulated wristband"
    serial: str = "SIM-00001A2B"
    firmware: str = "1.0.0"
    battery_percent: int = 80
    max_mtu: int = 247  #: what an nRF52 band agrees to
    advertising_interval_ms: float = 100.0
    encrypted: bool = False  #: its control point wants an encrypted link, so that nothing is had without one
    passkey: int | None = None  #: printed on it; where there is one, it pairs with nobody who doesn't know it


def facts_of(name: str) -> BandFacts:
    """Return what the band of this name says of itself: the same name gives the same address and serial number."""
    tail = name[-4:]
    is_hex = len(tail) == 4 and all(letter in string.hexdigits for letter in tail)
    number = int(tail, 16) if is_hex else binascii.crc32(name.encode())
    high, low = number >> 8 & 0xFF, number & 0xFF
    return BandFacts(name=name, address=f"F0:5E:1F:BA:{high:02X}:{low:02X}", serial=f"SIM-{number:08X}")


@dataclass(slots=True)
class _Session:
    """What lives as long as one connection."""

    connection: Connection
    tasks: set[asyncio.Task[None]] = field(default_factory=set)
    stream: asyncio.Task[None] | None = None
    read: asyncio.Task[None] | None = None


class SimulatedBand:
    """A band on an air; in its context it is switched on and advertises."""

    def __init__(
        self,
        air: VirtualAir,
        clock: BandClock,
        *,
        facts: BandFacts | None = None,
        live: Trace | None = None,
        logs: tuple[StoredLog, ...] = (),
        faults: FaultPlan | None = None,
        recogniser: Recogniser | None = None,
        first_seq: int = 0,
        management: "SmpServer | None" = None,
    ) -> None:
        self.facts = facts or BandFacts()
        self.clock = clock
        self.live = live
        self.logs = {log.log_id: log for log in logs}
        self.faults = FaultsSoFar(faults or FaultPlan())
        self.recogniser = recogniser
        self.management = management
        self.firmware = management.power_on() if management else self.facts.firmware
        self._restarts: set[asyncio.Task[None]] = set()
        self.set_time_offset_ns = 0
        self.config = openband.StreamSettings(STREAM_RATES_HZ[0], 8)
        self._seq = first_seq
        self._session: _Session | None = None
        self.device: Device = air.join(self.facts.name, self.facts.address)
        self.device.gatt_server.max_mtu = self.facts.max_mtu
        self._stream = Characteristic[bytes](STREAM_UUID, _Kinds.NOTIFY, _READ)
        self._log = Characteristic[bytes](LOG_UUID, _Kinds.NOTIFY, _READ)
        guarded = _WRITE | (_ENCRYPTED if self.facts.encrypted or self.facts.passkey is not None else 0)
        self._control = Characteristic[bytes](
            CONTROL_UUID,
            _Kinds.WRITE | _Kinds.INDICATE,
            guarded,
            CharacteristicValue(write=self._on_control),
        )
        self.device.pairing_config_factory = lambda _: pairing_config(self.facts.passkey, shows_it=True)
        self._smp = Characteristic[bytes](
            smp.CHARACTERISTIC_UUID,
            _Kinds.WRITE_WITHOUT_RESPONSE | _Kinds.NOTIFY,
            guarded,
            CharacteristicValue(write=self._on_management),
        )
        for service in self._services():
            self.device.add_service(service)
        self.device.on(self.device.EVENT_CONNECTION, self._on_connection)

    async def __aenter__(self) -> Self:
        await self.device.power_on()
        if not self.faults.plan.absent:
            kinds = AdvertisingData.Type
            uuid = (kinds.COMPLETE_LIST_OF_128_BIT_SERVICE_CLASS_UUIDS, UUID(SERVICE_UUID).to_bytes())
            await self.device.start_advertising(
                advertising_data=bytes(AdvertisingData([(kinds.FLAGS, b"\x06"), uuid])),
                scan_response_data=bytes(AdvertisingData([(kinds.COMPLETE_LOCAL_NAME, self.facts.name.encode())])),
                advertising_interval_min=self.facts.advertising_interval_ms,
                advertising_interval_max=self.facts.advertising_interval_ms,
                auto_restart=True,
            )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        session = self._session
        if session is not None:
            for task in tuple(session.tasks):
                task.cancel()
            await asyncio.gather(*session.tasks, return_exceptions=True)

    async def vanish(self, reason: int = hci.HCI_ErrorCode.CONNECTION_TIMEOUT_ERROR) -> None:
        """Break the link, as a band that is carried out of range."""
        for connection in tuple(self.device.connections.values()):
            with contextlib.suppress(core.BaseBumbleError, hci.HCI_Error):
                await connection.disconnect(reason)

    # -- services -----------------------------------------------------------------------------------------------

    def _services(self) -> tuple[Service, ...]:
        facts = self.facts
        strings = ((0x2A29, facts.maker), (0x2A24, facts.model), (0x2A25, facts.serial))
        firmware = CharacteristicValue(read=lambda _: self.firmware.encode())
        management = (Service(smp.SERVICE_UUID, [self._smp]),) if self.management else ()
        time = CharacteristicValue(read=self._read_time, write=self._write_time)
        return (
            Service(SERVICE_UUID, [self._stream, self._log, self._control]),
            Service(_short(0x180F), [_value(0x2A19, bytes([facts.battery_percent]))]),
            Service(
                _short(0x180A),
                [
                    *(_value(number, text.encode()) for number, text in strings),
                    Characteristic(_short(0x2A26), _Kinds.READ, _READ, firmware),
                ],
            ),
            Service(_short(0x1805), [Characteristic(_short(0x2A2B), _Kinds.READ | _Kinds.WRITE, _READ | _WRITE, time)]),
            *management,
        )

    def _own_time_ns(self) -> int:
        return self.clock.now_ns() + self.set_time_offset_ns

    def _read_time(self, _: Connection) -> bytes:
        return encode_current_time(self._own_time_ns())

    def _write_time(self, _: Connection, value: bytes) -> None:
        try:
            told_ns = decode_current_time(value)
        except FrameError:
            raise ATT_Error(ErrorCode.VALUE_NOT_ALLOWED) from None
        self.set_time_offset_ns += told_ns - self._own_time_ns()

    # -- connection ---------------------------------------------------------------------------------------------

    def _on_connection(self, connection: Connection) -> None:
        session = self._session = _Session(connection)

        def ended(_: int) -> None:
            for task in tuple(session.tasks):
                task.cancel()
            if self._session is session:
                self._session = None
            if self.management:
                self.management.link_ended()

        connection.on(connection.EVENT_DISCONNECTION, ended)

    def _start(self, session: _Session, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task: asyncio.Task[None] = asyncio.get_running_loop().create_task(work)
        session.tasks.add(task)
        task.add_done_callback(session.tasks.discard)
        return task

    async def _notify(self, session: _Session, characteristic: Characteristic[bytes], payload: bytes) -> None:
        """Send one notification, or what the fault plan makes of it; waits where the radio is full."""
        if self.faults.battery_is_flat():
            await self._leave(for_good=True)
        if self.faults.reboots():
            self.clock, self._seq = self.clock.restarted(self.clock.now_ns(), self.clock.boot + 1), 0
            await self._leave()
        if self.faults.breaks_link():
            await self._leave()
        if self.faults.stalls():
            await asyncio.sleep(self.faults.plan.stall_s)
        self._forget_before(self.faults.erased_before())
        connection, payload = session.connection, self.faults.payload(payload)
        for _ in range(self.faults.turn()):
            await self.device.gatt_server.notify_subscriber(connection, characteristic, payload)
        queue = self.device.host.get_data_packet_queue(connection.handle)
        if queue is not None and queue.pending >= PACKETS_IN_FLIGHT:
            await queue.drain(connection.handle)

    async def _leave(self, *, for_good: bool = False) -> NoReturn:
        if for_good:
            await self.device.stop_advertising()
        await self.vanish()
        if for_good:  # a link that ends begins advertising again
            await self.device.stop_advertising()
        await asyncio.sleep(math.inf)  # this task is cancelled as soon as the link is gone
        raise AssertionError

    def _forget_before(self, index: int) -> None:
        for log_id, log in self.logs.items():
            if log.first_index < index:
                self.logs[log_id] = replace(log, first_index=min(index, log.end_index))

    # -- image management ---------------------------------------------------------------------------------------

    def _on_management(self, connection: Connection, value: bytes) -> None:
        session = self._session
        if self.management is None or session is None or session.connection is not connection:
            return
        reply = self.management.feed(value, lambda: self._soon(self._restart()), lambda: self._soon(self.vanish()))
        if reply:
            self._start(session, self._send_management(session, reply))

    async def _send_management(self, session: _Session, reply: bytes) -> None:
        size = session.connection.att_mtu - 3
        for begin in range(0, len(reply), size):
            await self.device.gatt_server.notify_subscriber(session.connection, self._smp, reply[begin : begin + size])

    async def _restart(self) -> None:
        """Start again, as after a reset or a battery that was taken out: the bootloader chooses what runs."""
        await asyncio.sleep(RESTART_DELAY_S)
        self.clock, self._seq = self.clock.restarted(self.clock.now_ns(), self.clock.boot + 1), 0
        if self.management:
            self.firmware = self.management.power_on()
        await self.vanish()

    def _soon(self, work: Coroutine[Any, Any, None]) -> None:
        task: asyncio.Task[None] = asyncio.get_running_loop().create_task(work)
        self._restarts.add(task)
        task.add_done_callback(self._restarts.discard)

    # -- control point ------------------------------------------------------------------------------------------

    def _on_control(self, connection: Connection, value: bytes) -> None:
        session = self._session
        if session is None or session.connection is not connection:
            return
        try:
            token, request = openband.decode_request(value)
        except FrameError:
            # What was asked is unknown, but an opcode and a token may be there to answer to.
            if len(value) < 2 or value[0] not in set(Opcode):
                raise ATT_Error(ErrorCode.WRITE_REQUEST_REJECTED) from None
            self._start(session, self._reply(session, Opcode(value[0]), value[1], Status.BAD_REQUEST))
            return
        opcode = openband.OPCODE_OF[type(request)]
        if opcode not in self.faults.plan.silent:
            self._start(session, self._answer(session, opcode, token, request))

    async def _answer(self, session: _Session, opcode: Opcode, token: int, request: openband.Request) -> None:
        if opcode in self.faults.plan.refuse:
            await self._reply(session, opcode, token, Status.BAD_REQUEST)
            return
        match request:
            case openband.GetClock():
                unix_s = self._own_time_ns() // NS_PER_S
                now = openband.ClockNow(self.clock.ticks_now(), self.clock.boot, unix_s)
                await self._reply(session, opcode, token, Status.OK, now)
            case openband.ListLogs(position):
                await self._reply(session, opcode, token, Status.OK, self._page(position))
            case openband.ReadLog():
                await self._begin_read(session, token, request)
            case openband.StopRead():
                _cancel(session.read)
                await self._reply(session, opcode, token, Status.OK)
            case openband.StartStream():
                await self._begin_stream(session, token, request)
            case openband.StopStream():
                _cancel(session.stream)
                await self._reply(session, opcode, token, Status.OK)
            case openband.GetConfig():
                await self._reply(session, opcode, token, Status.OK, self.config)
            case openband.SetConfig(rate_hz, range_g):
                if rate_hz not in STREAM_RATES_HZ or range_g not in RANGES_G:
                    await self._reply(session, opcode, token, Status.BAD_REQUEST)
                    return
                self.config = openband.StreamSettings(rate_hz, range_g)
                await self._reply(session, opcode, token, Status.OK, self.config)
            case openband.EraseLog(log_id, before_index):
                await self._erase(session, token, log_id, before_index)

    async def _reply(
        self, session: _Session, opcode: Opcode, token: int, status: Status, body: openband.Body | None = None
    ) -> None:
        message = openband.encode_reply(openband.Reply(opcode, token, status, body))
        for piece in split_message(message, token, session.connection.att_mtu - 3):
            await self.device.gatt_server.indicate_subscriber(session.connection, self._control, piece)

    def _page(self, position: int) -> openband.LogPage:
        logs = sorted(self.logs.values(), key=lambda log: log.start_ticks)
        entries = tuple(log.entry() for log in logs[position : position + openband.MAX_LOG_ENTRIES])
        return openband.LogPage(len(logs), position, entries)

    async def _erase(self, session: _Session, token: int, log_id: int, before_index: int) -> None:
        log = self.logs.get(log_id)
        if log is None:
            await self._reply(session, Opcode.ERASE_LOG, token, Status.NO_SUCH_LOG)
            return
        first = min(max(before_index, log.first_index), log.end_index)
        self.logs[log_id] = replace(log, first_index=first)
        erased = openband.BlockCount(first - log.first_index)
        await self._reply(session, Opcode.ERASE_LOG, token, Status.OK, erased)

    # -- stored log ---------------------------------------------------------------------------------------------

    async def _begin_read(self, session: _Session, token: int, request: openband.ReadLog) -> None:
        log = self.logs.get(request.log_id)
        if log is None:
            await self._reply(session, Opcode.READ_LOG, token, Status.NO_SUCH_LOG)
        elif self.faults.is_busy() or _runs(session.read):
            await self._reply(session, Opcode.READ_LOG, token, Status.BUSY)
        else:
            first = max(request.first_index, log.first_index)
            blocks = range(first, min(request.first_index + request.count, log.end_index))
            session.read = self._start(session, self._read(session, token, request.log_id, blocks))

    async def _read(self, session: _Session, token: int, log_id: int, blocks: range) -> None:
        await self._reply(session, Opcode.READ_LOG, token, Status.OK, openband.BlockCount(len(blocks)))
        sent = 0
        for index in blocks:
            log = self.logs[log_id]
            if index < log.first_index:  # erased since it was asked for
                continue
            encoded = self.faults.block(index, log.encoded(index))
            for piece in split_message(encoded, index, session.connection.att_mtu - 3):
                await self._notify(session, self._log, piece)
            sent += 1
        await self._reply(session, Opcode.READ_LOG, token, Status.DONE, openband.BlockCount(sent))

    # -- live stream --------------------------------------------------------------------------------------------

    async def _begin_stream(self, session: _Session, token: int, request: openband.StartStream) -> None:
        live = self.live
        if live is None or request.rate_hz not in STREAM_RATES_HZ or request.range_g != live.range_g:
            await self._reply(session, Opcode.START_STREAM, token, Status.BAD_REQUEST)
        elif self.faults.is_busy() or _runs(session.stream):
            await self._reply(session, Opcode.START_STREAM, token, Status.BUSY)
        else:
            settings = openband.StreamSettings(request.rate_hz, live.range_g)
            session.stream = self._start(session, self._play(session, token, settings, live))

    async def _play(self, session: _Session, token: int, settings: openband.StreamSettings, live: Trace) -> None:
        """Send each batch when its last sample is due; what a stall has held up comes in a burst."""
        await self._reply(session, Opcode.START_STREAM, token, Status.OK, settings)
        loop = asyncio.get_running_loop()
        start_s, start_ns = loop.time(), self.clock.now_ns()
        true_rate_hz = settings.rate_hz * (1.0 + live.rate_error)
        batch = max(1, min(STREAM_BATCH, (session.connection.att_mtu - 3 - _HEADER_BYTES) // _SAMPLE_BYTES))
        recogniser = self.recogniser if self.recogniser and self.recogniser.rate_hz == settings.rate_hz else None
        if recogniser:
            recogniser.begin()
        first = 0
        while True:
            due_s = start_s + (first + batch) / true_rate_hz
            await asyncio.sleep(max(0.0, due_s - loop.time()))
            samples = live.at(first, batch, settings.rate_hz)
            if recogniser:
                recogniser.feed(samples)
            taken_ns = start_ns + round(first * NS_PER_S / true_rate_hz)
            if self.faults.resets_counter():
                self.clock = self.clock.restarted(taken_ns, self.clock.boot)
            notification = openband.Notification(
                seq=self._seq,
                ticks=self.clock.ticks_at(taken_ns) & 0xFFFFFFFF,
                rate_hz=settings.rate_hz,
                range_g=settings.range_g,
                samples=samples,
                flags=flags_of(samples) | (Flag.LOW_BATTERY if self.faults.battery_is_low() else 0),
                boot=self.clock.boot,
            )
            self._seq = (self._seq + 1) & 0xFFFF
            await self._notify(session, self._stream, openband.encode_notification(notification))
            first += batch


def _cancel(task: asyncio.Task[None] | None) -> None:
    if task is not None:
        task.cancel()


def _runs(task: asyncio.Task[None] | None) -> bool:
    return task is not None and not task.done()


def _short(number: int) -> UUID:
    return UUID.from_16_bits(number)


def _value(number: int, value: bytes) -> Characteristic[bytes]:
    return Characteristic(_short(number), _Kinds.READ, _READ, value)
