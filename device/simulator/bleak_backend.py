"""A bleak backend on a Bumble host: the same bleak client code runs on a virtual radio as on a system's.

``backends(device)`` returns a scanner and a client class bound to one Bumble device. Errors are those of
bleak's own backends: ATT errors are ``BleakGATTProtocolError``, a peer that isn't there is
``BleakDeviceNotFoundError`` or a timeout, a link that is gone is ``BleakError``.
"""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from typing import Any, ClassVar, Final, TypeAlias, TypeVar
from weakref import WeakKeyDictionary

from bleak.args import SizedBuffer
from bleak.assigned_numbers import gatt_char_props_to_strs
from bleak.backends.characteristic import BleakGATTCharacteristic
from bleak.backends.client import BaseBleakClient, NotifyCallback
from bleak.backends.descriptor import BleakGATTDescriptor
from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData, AdvertisementDataCallback, BaseBleakScanner
from bleak.backends.service import BleakGATTService, BleakGATTServiceCollection
from bleak.exc import BleakDeviceNotFoundError, BleakError, BleakGATTProtocolError
from bumble import core, hci
from bumble.att import ATT_Error
from bumble.core import AdvertisingData
from bumble.device import Advertisement, Connection, Device, Peer
from bumble.gatt_client import CharacteristicProxy
from bumble.keys import PairingKeys

from device.simulator.bonding import pairing_config
from device.simulator.patches import MAX_ATTRIBUTE_BYTES, advertised, plain_uuid

T = TypeVar("T")
log = logging.getLogger(__name__)

#: What a computer asks for; the band's own limit decides.
WANTED_MTU: Final = 517

#: Bumble lets two connection attempts race for the same event, as real adapters forbid: one at a time.
_connecting: WeakKeyDictionary[Device, asyncio.Lock] = WeakKeyDictionary()


Backends: TypeAlias = tuple[type[BaseBleakScanner], type[BaseBleakClient]]


def backends(device: Device) -> Backends:
    """Return the scanner and the client class that use ``device``; it must be powered on when they do."""
    return (
        type("BumbleScannerOfDevice", (BumbleScanner,), {"device": device}),
        type("BumbleClientOfDevice", (BumbleClient,), {"device": device}),
    )


class BumbleScanner(BaseBleakScanner):
    """Scan with a Bumble host."""

    device: ClassVar[Device]

    def __init__(
        self,
        detection_callback: AdvertisementDataCallback | None,
        service_uuids: list[str] | None,
        scanning_mode: str,
        **_: Any,
    ) -> None:
        super().__init__(detection_callback, service_uuids)
        self._active = scanning_mode != "passive"

    async def start(self) -> None:
        """Begin to report advertisements."""
        self.seen_devices = {}
        self.device.on("advertisement", self._on_advertisement)
        try:
            await self.device.start_scanning(active=self._active, filter_duplicates=False)
        except (core.BaseBumbleError, hci.HCI_Error) as error:
            self.device.remove_listener("advertisement", self._on_advertisement)
            raise BleakError(str(error)) from error

    async def stop(self) -> None:
        """Stop reporting; harmless where the radio is gone already."""
        with contextlib.suppress(KeyError):
            self.device.remove_listener("advertisement", self._on_advertisement)
        with contextlib.suppress(core.BaseBumbleError, hci.HCI_Error):
            await self.device.stop_scanning()

    def _on_advertisement(self, advertisement: Advertisement) -> None:
        data = advertisement.data
        uuids = list(advertised(data))
        if not self.is_allowed_uuid(uuids):
            return
        name = data.get(AdvertisingData.Type.COMPLETE_LOCAL_NAME) or data.get(AdvertisingData.Type.SHORTENED_LOCAL_NAME)
        name = name if isinstance(name, str) else None
        report = AdvertisementData(name, {}, {}, uuids, None, advertisement.rssi, ())
        address = advertisement.address.to_string(with_type_qualifier=False)
        seen = self.create_or_update_device(address, address, name, advertisement.address, report)
        self.call_detection_callbacks(seen, report)


class BumbleClient(BaseBleakClient):
    """Connect with a Bumble host."""

    device: ClassVar[Device]

    def __init__(self, address_or_ble_device: BLEDevice | str, **kwargs: Any) -> None:
        kwargs.pop("bluez", None)
        kwargs.pop("winrt", None)
        self._wanted_services: set[str] | None = kwargs.pop("services", None)
        super().__init__(address_or_ble_device, **kwargs)
        self._name = self.address
        if isinstance(address_or_ble_device, BLEDevice) and address_or_ble_device.name:
            self._name = address_or_ble_device.name
        self._connection: Connection | None = None
        self._peer: Peer | None = None
        self._gone: asyncio.Future[int] | None = None
        self._subscriptions: dict[int, Callable[[bytes], None]] = {}

    @property
    def name(self) -> str:
        """The name the band gave when it was found."""
        return self._name

    @property
    def mtu_size(self) -> int:
        """The MTU that both sides agreed on."""
        return int(self._connection.att_mtu) if self._connection else 23

    @property
    def is_connected(self) -> bool:
        """Whether the link lives."""
        return self._gone is not None and not self._gone.done()

    async def connect(self, pair: bool, **_: Any) -> None:  # noqa: ARG002
        """Connect, agree on the MTU, and discover all services."""
        lock = _connecting.setdefault(self.device, asyncio.Lock())
        async with lock:
            connection = await self._open()
        self._connection, self._peer = connection, Peer(connection)
        self._gone = asyncio.get_running_loop().create_future()
        connection.on(connection.EVENT_DISCONNECTION, self._on_disconnection)
        try:
            await self._while_linked(self._peer.request_mtu(WANTED_MTU))
            await self._while_linked(self._discover(self._peer))
            if await self._bond() is not None:
                await self._while_linked(connection.encrypt())
        except BaseException:
            with contextlib.suppress(Exception):
                await self.disconnect()
            raise

    async def _open(self) -> Connection:
        address = hci.Address(self.address, hci.Address.RANDOM_DEVICE_ADDRESS)
        try:
            return await self.device.connect(address, timeout=self._timeout)
        except asyncio.CancelledError:
            # Our caller gave up: without this the controller refuses every later attempt.
            with contextlib.suppress(core.BaseBumbleError, hci.HCI_Error):
                await self.device.send_sync_command(hci.HCI_LE_Create_Connection_Cancel_Command())
            raise
        except core.TimeoutError as error:
            raise BleakDeviceNotFoundError(self.address, f"no answer from {self.address}") from error
        except (core.BaseBumbleError, hci.HCI_Error) as error:
            raise BleakError(str(error)) from error

    async def disconnect(self) -> None:
        """End the link; harmless where it is gone."""
        if self._connection is None or not self.is_connected:
            return
        try:
            await self._connection.disconnect()
        except (core.BaseBumbleError, hci.HCI_Error, asyncio.InvalidStateError) as error:
            log.debug("disconnect: %s", error)
        if self._gone is not None and not self._gone.done():
            self._on_disconnection(hci.HCI_ErrorCode.CONNECTION_TERMINATED_BY_LOCAL_HOST_ERROR)

    async def pair(self, *_: Any, passkey: int | None = None, **__: Any) -> None:
        """Bond by LE Secure Connections, with the passkey where there is one; what is bonded is only encrypted."""
        bond = await self._bond()
        if bond is not None and (passkey is None or bond.authenticated):
            return
        self.device.pairing_config_factory = lambda _: pairing_config(passkey, shows_it=False)
        await self._while_linked(self._link().connection.pair())

    async def _bond(self) -> PairingKeys.Key | None:
        """Return the key that an earlier pairing left, if there was one."""
        keystore = self.device.keystore
        keys = await keystore.get(str(self._link().connection.peer_address)) if keystore else None
        return keys.ltk if keys else None

    async def unpair(self) -> None:
        """Forget the bond."""
        if self.device.keystore is not None:
            await self.device.keystore.delete(str(hci.Address(self.address, hci.Address.RANDOM_DEVICE_ADDRESS)))

    async def read_gatt_char(
        self,
        characteristic: BleakGATTCharacteristic,
        *,
        use_cached: bool = False,  # noqa: ARG002
        **_: Any,
    ) -> bytearray:
        """Read a characteristic."""
        client = self._link().gatt_client
        return bytearray(await self._while_linked(client.read_value(characteristic.handle)))

    async def read_gatt_descriptor(
        self,
        descriptor: BleakGATTDescriptor,
        *,
        use_cached: bool = False,  # noqa: ARG002
        **_: Any,
    ) -> bytearray:
        """Read a descriptor."""
        return bytearray(await self._while_linked(self._link().gatt_client.read_value(descriptor.handle)))

    async def write_gatt_char(self, characteristic: BleakGATTCharacteristic, data: SizedBuffer, response: bool) -> None:
        """Write a characteristic; refuses what Bumble would drop without a word."""
        value = bytes(data)
        if len(value) > MAX_ATTRIBUTE_BYTES:
            raise BleakError(f"a value of {len(value)} bytes, the most is {MAX_ATTRIBUTE_BYTES}")
        await self._while_linked(
            self._link().gatt_client.write_value(characteristic.handle, value, with_response=response)
        )

    async def write_gatt_descriptor(self, descriptor: BleakGATTDescriptor, data: SizedBuffer) -> None:
        """Write a descriptor."""
        await self._while_linked(
            self._link().gatt_client.write_value(descriptor.handle, bytes(data), with_response=True)
        )

    async def start_notify(self, characteristic: BleakGATTCharacteristic, callback: NotifyCallback, **_: Any) -> None:
        """Subscribe; an exception in ``callback`` is logged, as Bumble would swallow it."""
        if characteristic.handle in self._subscriptions:
            raise BleakError(f"already subscribed to {characteristic.uuid}")

        def on_value(value: bytes) -> None:
            try:
                callback(bytearray(value))
            except Exception:
                log.exception("callback for %s", characteristic.uuid)

        proxy: CharacteristicProxy[bytes] = characteristic.obj
        self._subscriptions[characteristic.handle] = on_value
        await self._while_linked(self._link().gatt_client.subscribe(proxy, on_value))

    async def stop_notify(self, characteristic: BleakGATTCharacteristic) -> None:
        """End a subscription."""
        on_value = self._subscriptions.pop(characteristic.handle, None)
        if on_value is not None:
            await self._while_linked(self._link().gatt_client.unsubscribe(characteristic.obj, on_value))

    def _link(self) -> Peer:
        if self._peer is None or not self.is_connected:
            raise BleakError("not connected")
        return self._peer

    async def _while_linked(self, procedure: Awaitable[T]) -> T:
        """Await one GATT procedure; on link loss Bumble cancels it, which must not look like our own cancellation."""
        task = asyncio.ensure_future(procedure)
        race: set[asyncio.Future[Any]] = {task} if self._gone is None else {task, self._gone}
        try:
            await asyncio.wait(race, return_when=asyncio.FIRST_COMPLETED)
        finally:
            if not task.done():
                task.cancel()
        await asyncio.wait({task})
        if task.cancelled():
            raise BleakError(
                f"disconnected, reason {self._gone.result() if self._gone and self._gone.done() else 'unknown'}"
            )
        try:
            return task.result()
        except ATT_Error as error:
            raise BleakGATTProtocolError(error.error_code) from error
        except core.TimeoutError as error:
            raise TimeoutError(str(error)) from error
        except (core.BaseBumbleError, hci.HCI_Error) as error:
            raise BleakError(str(error)) from error

    def _on_disconnection(self, reason: int) -> None:
        if self._gone is not None and not self._gone.done():
            self._gone.set_result(reason)
            self._subscriptions.clear()
            if self._disconnected_callback is not None:
                self._disconnected_callback()

    def _max_write(self) -> int:
        return min(self.mtu_size - 3, MAX_ATTRIBUTE_BYTES)

    async def _discover(self, peer: Peer) -> None:
        collection = BleakGATTServiceCollection()
        for service in await peer.discover_services():
            uuid = plain_uuid(service.uuid)
            if self._wanted_services is not None and uuid not in self._wanted_services:
                continue
            found = BleakGATTService(service, service.handle, uuid)
            collection.add_service(found)
            for proxy in await peer.discover_characteristics(service=service):
                collection.add_characteristic(
                    BleakGATTCharacteristic(
                        proxy,
                        proxy.handle,
                        plain_uuid(proxy.uuid),
                        list(gatt_char_props_to_strs(int(proxy.properties))),
                        self._max_write,
                        found,
                    )
                )
                for item in await peer.discover_descriptors(proxy):
                    owner = collection.characteristics[proxy.handle]
                    kind = plain_uuid(item.type)
                    collection.add_descriptor(BleakGATTDescriptor(item, item.handle, kind, owner))
        self.services = collection
