"""One test for each place where Bumble's virtual radio differs from real ones (patches.py, bleak_backend.py)."""

import asyncio
import itertools
import logging
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import Any

import pytest
from bleak import BleakClient, BleakScanner
from bleak.backends.device import BLEDevice
from bleak.exc import BleakDeviceNotFoundError, BleakError, BleakGATTProtocolError
from bumble import hci
from bumble.att import ATT_Error
from bumble.core import UUID, AdvertisingData
from bumble.device import Device, Peer
from bumble.gatt import Characteristic, CharacteristicValue, Service

from device.simulator.patches import BUMBLE_VERSION, VirtualController, make_device
from device.simulator.radio import VirtualAir, close_device
from device.simulator.virtual_time import run_virtually

SERVICE = "12345678-0001-4d3e-9b1d-7c3f0d2a6e41"
VALUE = "12345678-0002-4d3e-9b1d-7c3f0d2a6e41"
REFUSING = "12345678-0003-4d3e-9b1d-7c3f0d2a6e41"
SECRET = "12345678-0004-4d3e-9b1d-7c3f0d2a6e41"
SLOW = "12345678-0005-4d3e-9b1d-7c3f0d2a6e41"
ADDRESS = "F0:00:00:00:1A:2B"


class Peripheral:
    """A small GATT server: a value, one that refuses writes, one that wants encryption, one that never answers."""

    def __init__(self, air: VirtualAir, address: str = ADDRESS) -> None:
        self.written: list[bytes] = []
        self.device: Device = air.join("peripheral", address)
        kinds = Characteristic.Properties
        self.value = Characteristic(
            VALUE,
            kinds.READ | kinds.WRITE | kinds.WRITE_WITHOUT_RESPONSE | kinds.NOTIFY,
            Characteristic.READABLE | Characteristic.WRITEABLE,
            CharacteristicValue(read=lambda _: b"value", write=lambda _, data: self.written.append(bytes(data))),
        )
        refusing = Characteristic(
            REFUSING, kinds.WRITE, Characteristic.WRITEABLE, CharacteristicValue(write=self._refuse)
        )
        secret = Characteristic(SECRET, kinds.READ, Characteristic.READ_REQUIRES_ENCRYPTION, b"secret")
        slow = Characteristic(SLOW, kinds.READ, Characteristic.READABLE, CharacteristicValue(read=self._never))
        self.device.add_service(Service(SERVICE, [self.value, refusing, secret, slow]))

    @staticmethod
    def _refuse(*_: Any) -> None:
        raise ATT_Error(0x80)

    @staticmethod
    async def _never(*_: Any) -> bytes:
        await asyncio.sleep(3600)
        return b""

    async def start(self, name: bytes = b"name-of-13-ch") -> None:
        await self.device.power_on()
        kinds = AdvertisingData.Type
        uuids = (kinds.COMPLETE_LIST_OF_128_BIT_SERVICE_CLASS_UUIDS, UUID(SERVICE).to_bytes())
        await self.device.start_advertising(
            advertising_data=bytes(AdvertisingData([(kinds.FLAGS, b"\x06"), uuids])),
            scan_response_data=bytes(AdvertisingData([(kinds.COMPLETE_LOCAL_NAME, name)])),
            advertising_interval_min=100,
            advertising_interval_max=100,
            auto_restart=True,
        )

    async def notify(self, data: bytes) -> None:
        await self.device.gatt_server.notify_subscribers(self.value, data)


@asynccontextmanager
async def on_air(interval_s: float = 0.0) -> AsyncIterator[tuple[VirtualAir, Peripheral]]:
    async with VirtualAir(interval_s) as air:
        peripheral = Peripheral(air)
        await peripheral.start()
        yield air, peripheral


@asynccontextmanager
async def connected(air: VirtualAir, **options: Any) -> AsyncIterator[BleakClient]:
    async with BleakClient(await hear(air), backend=air.backends[1], **options) as client:
        yield client


async def hear(air: VirtualAir) -> BLEDevice:
    found = await BleakScanner.find_device_by_name("name-of-13-ch", timeout=5, backend=air.backends[0])
    assert found is not None
    return found


def run(test: Coroutine[Any, Any, None]) -> None:
    run_virtually(test)


def test_bumble_is_the_release_that_the_patches_were_written_for() -> None:
    assert version("bumble") == BUMBLE_VERSION


def test_a_connection_attempt_to_nobody_ends_in_time_and_the_next_one_works() -> None:
    async def test() -> None:
        async with on_air() as (air, _):
            nobody = BleakClient("F0:00:00:00:00:99", timeout=0.5, backend=air.backends[1])
            with pytest.raises(BleakDeviceNotFoundError):
                await nobody.connect()
            async with connected(air) as client:
                assert await client.read_gatt_char(VALUE) == b"value"

    run(test())


def test_an_attempt_that_its_caller_cancels_does_not_block_the_next_one() -> None:
    async def test() -> None:
        async with on_air() as (air, _):
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.5):
                    await BleakClient("F0:00:00:00:00:99", timeout=30, backend=air.backends[1]).connect()
            async with connected(air) as client:
                assert client.is_connected

    run(test())


def test_name_in_the_scan_response_and_service_in_the_advertisement_are_both_heard_once() -> None:
    async def test() -> None:
        async with on_air() as (air, _), BleakScanner(backend=air.backends[0]) as scanner:
            await asyncio.sleep(1)
            ((device, report),) = scanner.discovered_devices_and_advertisement_data.values()
        assert device.name == report.local_name == "name-of-13-ch"
        assert report.service_uuids == [SERVICE]

    run(test())


def test_a_filter_by_service_keeps_others_out() -> None:
    async def test() -> None:
        async with on_air() as (air, _):
            heard = []
            for wanted in (SERVICE, VALUE):
                async with BleakScanner(service_uuids=[wanted], backend=air.backends[0]) as scanner:
                    await asyncio.sleep(1)
                    heard.append(len(scanner.discovered_devices))
        assert heard == [1, 0]

    run(test())


def test_two_connections_begun_at_once_both_come_about() -> None:
    async def test() -> None:
        async with on_air() as (air, _):
            second = Peripheral(air, "F0:00:00:00:1A:2C")
            await second.start(b"second")
            clients = [BleakClient(a, backend=air.backends[1]) for a in (ADDRESS, "F0:00:00:00:1A:2C")]
            await asyncio.gather(*(client.connect() for client in clients))
            assert all(client.is_connected for client in clients)
            for client in clients:
                await client.disconnect()

    run(test())


def test_a_link_lost_during_a_read_is_an_error_and_not_a_cancellation() -> None:
    async def test() -> None:
        async with on_air() as (air, peripheral):
            gone = asyncio.Event()
            async with connected(air, disconnected_callback=lambda _: gone.set()) as client:
                read = asyncio.create_task(client.read_gatt_char(SLOW))
                await asyncio.sleep(0.5)
                (connection,) = peripheral.device.connections.values()
                await connection.disconnect(hci.HCI_ErrorCode.CONNECTION_TIMEOUT_ERROR)
                with pytest.raises(BleakError, match="disconnected, reason 8"):
                    await read
                assert gone.is_set()
                assert not client.is_connected

    run(test())


def test_a_read_that_its_caller_cancels_stays_cancelled_and_the_link_lives() -> None:
    async def test() -> None:
        async with on_air() as (air, _), connected(air) as client:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.5):
                    await client.read_gatt_char(SLOW)
            assert client.is_connected

    run(test())


def test_what_bumble_would_drop_without_a_word_is_refused() -> None:
    async def test() -> None:
        async with on_air() as (air, peripheral), connected(air) as client:
            characteristic = client.services.get_characteristic(VALUE)
            assert characteristic is not None
            most = characteristic.max_write_without_response_size
            assert most == 512
            await client.write_gatt_char(VALUE, bytes(most), response=False)
            with pytest.raises(BleakError, match="513 bytes"):
                await client.write_gatt_char(VALUE, bytes(513), response=False)
            await asyncio.sleep(0.1)
            assert peripheral.written == [bytes(512)]

    run(test())


def test_an_att_error_and_a_wish_for_encryption_come_as_bleaks_own_errors() -> None:
    async def test() -> None:
        async with on_air() as (air, _), connected(air) as client:
            with pytest.raises(BleakGATTProtocolError) as refused:
                await client.write_gatt_char(REFUSING, b"x", response=True)
            assert refused.value.args[0] == 0x80
            with pytest.raises(BleakGATTProtocolError) as locked:
                await client.read_gatt_char(SECRET)
            assert locked.value.args[0] == 0x0F
            await client.pair()
            assert await client.read_gatt_char(SECRET) == b"secret"

    run(test())


def test_a_stalled_link_delays_and_bursts_but_loses_and_reorders_nothing() -> None:
    async def test() -> None:
        async with on_air(interval_s=0.03) as (air, peripheral), connected(air) as client:
            came: list[tuple[float, bytes]] = []
            clock = asyncio.get_running_loop().time
            await client.start_notify(VALUE, lambda _, data: came.append((clock(), bytes(data))))
            for number in range(20):
                if number == 5:
                    air.link.stall()
                if number == 15:
                    air.link.release()
                await peripheral.notify(bytes([number]))
                await asyncio.sleep(0.1)
            await asyncio.sleep(1)
        assert [data[0] for _, data in came] == list(range(20))
        gaps = [b - a for (a, _), (b, _) in itertools.pairwise(came)]
        assert max(gaps) > 0.9
        assert sum(gap < 0.001 for gap in gaps) >= 9

    run(test())


def test_an_exception_in_a_callback_is_logged_and_the_stream_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    async def test() -> None:
        async with on_air() as (air, peripheral), connected(air) as client:
            seen = 0

            def count_and_fail(*_: Any) -> None:
                nonlocal seen
                seen += 1
                raise RuntimeError("in the callback")

            await client.start_notify(VALUE, count_and_fail)
            for _ in range(3):
                await peripheral.notify(b"x")
            await asyncio.sleep(0.1)
            assert seen == 3
            await client.stop_notify(VALUE)
            await peripheral.notify(b"x")
            await asyncio.sleep(0.1)
            assert seen == 3

    with caplog.at_level(logging.ERROR):
        run(test())
    assert sum("callback for" in record.message for record in caplog.records) == 3


def test_after_a_loss_the_band_is_heard_again_and_a_new_connection_works() -> None:
    async def test() -> None:
        async with on_air() as (air, peripheral):
            for _ in range(3):
                async with connected(air) as client:
                    (connection,) = peripheral.device.connections.values()
                    await connection.disconnect(hci.HCI_ErrorCode.CONNECTION_TIMEOUT_ERROR)
                    await asyncio.sleep(0.1)
                    assert not client.is_connected

    run(test())


def test_a_reset_controller_forgets_the_connections_of_a_host_that_died() -> None:
    async def test() -> None:
        async with on_air() as (air, peripheral):
            client = BleakClient(await hear(air), backend=air.backends[1])
            await client.connect()
            central = client._backend.device  # type: ignore[attr-defined]
            await central.power_on()
            await asyncio.sleep(1)
            assert not peripheral.device.connections
            central.connections.clear()

    run(test())


def test_nothing_is_left_running_when_the_air_is_left() -> None:
    async def test() -> None:
        before = asyncio.all_tasks()
        async with on_air() as (air, _), connected(air):
            pass
        await asyncio.sleep(10)
        assert asyncio.all_tasks() == before

    run(test())


def test_a_central_of_a_public_address_hears_data_as_one_of_a_random_address_does() -> None:
    async def test() -> None:
        async with on_air() as (air, _):
            controller = VirtualController("public", link=air.link, public_address="00:5E:1F:BA:00:02")
            central = make_device("public", "F0:00:00:00:00:77", controller, controller)
            await central.power_on()
            connection = await central.connect(hci.Address(ADDRESS), own_address_type=hci.OwnAddressType.PUBLIC)
            assert connection.self_address == hci.Address("00:5E:1F:BA:00:02", hci.Address.PUBLIC_DEVICE_ADDRESS)
            async with asyncio.timeout(5):
                peer = Peer(connection)
                await peer.discover_all()
                (value,) = peer.get_characteristics_by_uuid(UUID(VALUE))
                assert await value.read_value() == b"value"
            await close_device(central)
            controller.abandon()

    run(test())
