"""A connection to one band: found afresh, connected, every call bounded in time, every loss a typed fault."""

import asyncio
import contextlib
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final, TypeVar

from bleak import BleakClient
from bleak.backends.characteristic import BleakGATTCharacteristic
from bleak.exc import BleakCharacteristicNotFoundError, BleakError

from device.errors import BandLostError, BandRefusedError, DeviceError
from device.link.backoff import backoff_s
from device.link.faults import band_fault, lost
from device.link.inbox import Inbox
from device.link.radio import Adapter
from device.link.scan import Known, find
from device.profiles.known import Profile
from device.recording import BandInfo

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How long each step may take, in seconds; bleak and BlueZ may each wait for ever by themselves."""

    find_s: float = 10.0  #: a band advertises at least once in 2 s
    connect_s: float = 20.0  #: BlueZ needs 1 to 3 s, and some bands two tries of the link layer
    call_s: float = 6.0  #: one read or write; longer than the link's own supervision timeout of 4 s
    silence_s: float = 10.0  #: between two notifications that are due; longer than any stall a link survives


DEFAULT_TIMEOUTS: Final = Timeouts()

#: Maker, model, serial number, firmware: characteristics of Device Information (180A).
_INFO: Final = (0x2A29, 0x2A24, 0x2A25, 0x2A26)
_BATTERY: Final = 0x2A19


class BandLink:
    """An open connection; made by ``connect``. After a loss every call raises BandLostError."""

    def __init__(self, client: BleakClient, heard: Known, timeouts: Timeouts, clock_ns: Callable[[], int]) -> None:
        self.name = heard.name
        self.address = heard.address
        self.profile = heard.profile
        self.timeouts = timeouts
        self._client = client
        self.clock_ns = clock_ns
        self._on_loss: list[Callable[[], None]] = []
        self._inboxes: dict[str, Inbox] = {}

    async def listen(self, uuid: str) -> Inbox:
        """Subscribe and return where notifications arrive; always before what makes the band send them."""
        if uuid not in self._inboxes:
            inbox = Inbox(self.clock_ns)
            self._on_loss.append(inbox.close)
            await self.subscribe(uuid, inbox.put)
            self._inboxes[uuid] = inbox
        return self._inboxes[uuid]

    async def subscribe(self, uuid: str, take: Callable[[bytearray], None]) -> None:
        """Have ``take`` called with each notification; it must neither wait nor raise."""

        def on_data(_: BleakGATTCharacteristic, data: bytearray) -> None:
            take(data)

        await self.bounded("while subscribing", self._client.start_notify(uuid, on_data))

    def on_loss(self, call: Callable[[], None]) -> None:
        """Have ``call`` called once when the link has ended."""
        self._on_loss.append(call)

    async def read(self, uuid: str) -> bytes:
        """Return the value of a characteristic."""
        return bytes(await self.bounded("while reading", self._client.read_gatt_char(uuid)))

    async def write(self, uuid: str, value: bytes) -> None:
        """Write a characteristic and wait until the band has taken it."""
        await self.bounded("while writing", self._client.write_gatt_char(uuid, value, response=True))

    async def pair(self, passkey: int | None, timeout_s: float) -> None:
        """Pair and encrypt; ``device.link.pairing.bond`` is for whom this isn't enough."""
        await self.bounded("while pairing", self._client.pair(passkey=passkey), timeout_s)

    async def write_freely(self, uuid: str, value: bytes) -> None:
        """Write a characteristic without an answer of the band, at most ``longest_write`` bytes at once."""
        await self.bounded("while writing", self._client.write_gatt_char(uuid, value, response=False))

    def longest_write(self, uuid: str) -> int:
        """Return how many bytes fit in one ``write_freely``; 0 where the band lacks the characteristic."""
        characteristic = self._client.services.get_characteristic(uuid)
        return 0 if characteristic is None else characteristic.max_write_without_response_size

    async def info(self) -> BandInfo:
        """Return what the band says of itself; empty where it doesn't say."""
        maker, model, serial, firmware = [await self._text(number) for number in _INFO]
        return BandInfo(maker=maker, model=model, serial=serial, firmware=firmware)

    async def _text(self, number: int) -> str:
        if self._client.services.get_characteristic(_short(number)) is None:
            return ""
        return (await self.read(_short(number))).decode("utf-8", "replace").strip("\0 ")

    async def battery_percent(self) -> int | None:
        """Return the charge; None where the band doesn't say."""
        if self._client.services.get_characteristic(_short(_BATTERY)) is None:
            return None
        value = await self.read(_short(_BATTERY))
        return value[0] if value else None

    async def bounded(self, doing: str, call: Awaitable[T], timeout_s: float | None = None) -> T:
        """Await one call to the band; a loss, a refusal or silence is a typed fault."""
        try:
            async with asyncio.timeout(timeout_s or self.timeouts.call_s):
                return await call
        except BleakCharacteristicNotFoundError as error:
            raise BandRefusedError(
                f"the band has no characteristic {error.char_specifier}",
                where=self.name,
                expected=f"the profile {self.profile.name}",
                remedy="update its firmware; if it was just updated: bluetoothctl remove " + self.address,
            ) from error
        except (BleakError, TimeoutError, OSError, EOFError) as error:
            raise band_fault(error, self.name, doing) from error

    @property
    def is_connected(self) -> bool:
        """Whether the link lives."""
        return self._client.is_connected

    def lost(self, doing: str) -> BandLostError:
        """Return the fault for a link that has ended while ``doing`` something."""
        return lost(f"the band went away {doing}", self.name)

    def on_disconnected(self) -> None:
        """End all that waits for the band."""
        calls, self._on_loss = self._on_loss, []
        for call in calls:
            call()

    async def close(self) -> None:
        """End the connection, in bounded time; never raises for a link that is gone."""
        with contextlib.suppress(BleakError, TimeoutError, OSError, EOFError):
            async with asyncio.timeout(self.timeouts.call_s):
                await self._client.disconnect()
        self.on_disconnected()


def stores_logs(profile: Profile) -> bool:
    """Return whether bands of a profile record by themselves, for a sync to fetch."""
    return profile.stores_logs


def any_profile(_: Profile) -> bool:
    """Return True: a stream can be recorded from each profile."""
    return True


@asynccontextmanager
async def connect(
    adapter: Adapter,
    wanted: str = "",
    *,
    timeouts: Timeouts = DEFAULT_TIMEOUTS,
    attempts: int = 3,
    rng: random.Random | None = None,
    clock_ns: Callable[[], int] = time.monotonic_ns,
    suits: Callable[[Profile], bool] = stores_logs,
) -> AsyncIterator[BandLink]:
    """Find a band by name, name's ending or address (any that ``suits`` where empty), and connect to it.

    Each attempt hears the band afresh: what an earlier scan heard is stale. BandNotFoundError is final;
    a connection that breaks while it is made is tried ``attempts`` times.
    """
    rng = rng or random.Random(wanted)  # noqa: S311 - jitter, not a secret
    attempt = 1
    while True:
        try:
            link = await _connect_once(adapter, wanted, timeouts, clock_ns, suits)
            break
        except DeviceError as fault:
            wait_s = backoff_s(attempt, fault, rng) if isinstance(fault, BandLostError) else None
            if wait_s is None or attempt >= attempts:
                raise
            attempt += 1
            await asyncio.sleep(wait_s)
    try:
        yield link
    finally:
        await link.close()


async def _connect_once(
    adapter: Adapter, wanted: str, timeouts: Timeouts, clock_ns: Callable[[], int], suits: Callable[[Profile], bool]
) -> BandLink:
    links: list[BandLink] = []

    def on_disconnected(_: BleakClient) -> None:
        for link in links:
            link.on_disconnected()

    async with adapter.exclusive():
        heard = await find(adapter, wanted, timeouts.find_s, suits)
        client = BleakClient(heard.device, on_disconnected, timeout=timeouts.connect_s, **adapter.client_choice)
        link = BandLink(client, heard, timeouts, clock_ns)
        links.append(link)
        try:
            async with asyncio.timeout(timeouts.connect_s + timeouts.call_s):
                await client.connect()
        except (BleakError, TimeoutError, OSError, EOFError) as error:
            await link.close()
            raise band_fault(error, heard.name, "while connecting") from error
    profile = link.profile
    missing = [
        uuid for uuid in (profile.stream_uuid, *profile.needs) if client.services.get_characteristic(uuid) is None
    ]
    if missing or client.services.get_service(profile.service_uuid) is None:
        await link.close()
        raise BandRefusedError(
            "the band doesn't have the services it advertises",
            where=heard.name,
            expected=f"the profile {profile.name}",
            remedy="update its firmware; if it was just updated: bluetoothctl remove " + heard.address,
        )
    return link


def _short(number: int) -> str:
    return f"0000{number:04x}-0000-1000-8000-00805f9b34fb"
