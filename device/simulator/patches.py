"""Where Bumble's virtual controller and host differ from real ones, mended by subclasses; one test for each.

Only for the release that is named here: a newer one may have mended or moved what is overridden, so it is
refused until the tests of this file have been read against it. Nothing of Bumble itself is changed.
"""

import asyncio
import contextlib
import logging
import uuid as uuid_module
from importlib.metadata import version
from typing import Final, cast

from bumble import hci, ll
from bumble.controller import Controller
from bumble.core import UUID, AdvertisingData, InvalidArgumentError, PhysicalTransport
from bumble.device import Device, DeviceConfiguration
from bumble.host import Host
from bumble.link import LocalLink
from bumble.snoop import Snooper

BUMBLE_VERSION: Final = "0.0.236"

#: What the controller takes from its host in one packet: a whole ATT PDU of the largest MTU, as USB dongles do.
ACL_BUFFER_BYTES: Final = 1021

#: A Bluetooth attribute is never longer; Bumble drops a longer write command without a word.
MAX_ATTRIBUTE_BYTES: Final = 512

_SILENT: Final = logging.NullHandler()

if version("bumble") != BUMBLE_VERSION:
    raise ImportError(
        f"the simulated radio overrides parts of bumble {BUMBLE_VERSION}, found {version('bumble')}; "
        f"pip install 'bumble=={BUMBLE_VERSION}'"
    )


class VirtualController(Controller):
    """A controller that can cancel a connection attempt, and that a reset really resets."""

    le_acl_data_packet_length = ACL_BUFFER_BYTES

    def on_hci_le_create_connection_cancel_command(
        self, _command: hci.HCI_LE_Create_Connection_Cancel_Command
    ) -> hci.HCI_StatusReturnParameters:
        """End the pending attempt with the event that the host waits for; Bumble only says "success"."""
        pending = self.pending_le_connection
        if pending is None:
            return hci.HCI_StatusReturnParameters(hci.HCI_ErrorCode.COMMAND_DISALLOWED_ERROR)
        self.pending_le_connection = None
        asyncio.get_running_loop().call_soon(
            self.send_hci_packet,
            hci.HCI_LE_Connection_Complete_Event(
                status=hci.HCI_ErrorCode.UNKNOWN_CONNECTION_IDENTIFIER_ERROR,
                connection_handle=0,
                role=hci.Role.CENTRAL,
                peer_address_type=pending.peer_address.address_type,
                peer_address=pending.peer_address,
                connection_interval=0,
                peripheral_latency=0,
                supervision_timeout=0,
                central_clock_accuracy=0,
            ),
        )
        return hci.HCI_StatusReturnParameters(hci.HCI_ErrorCode.SUCCESS)

    def on_hci_reset_command(self, command: hci.HCI_Reset_Command) -> hci.HCI_StatusReturnParameters:
        """Drop connections, scanning, advertising and the pending attempt; Bumble keeps what a dead host left."""
        self.abandon()
        return super().on_hci_reset_command(command)

    def abandon(self) -> None:
        """Forget the host: peers see a supervision timeout, as when a computer's adapter is pulled."""
        self.pending_le_connection = None
        self.le_scan_enable = False
        self.le_legacy_advertiser.stop()
        for advertising_set in self.advertising_sets.values():
            advertising_set.stop()
        self.advertising_sets.clear()
        for connection in tuple(self.le_connections.values()):
            with contextlib.suppress(InvalidArgumentError):  # the peer has left the air, too
                connection.send_ll_control_pdu(ll.TerminateInd(hci.HCI_ErrorCode.CONNECTION_TIMEOUT_ERROR))
            del self.le_connections[connection.peer_address]

    def on_advertising_pdu(self, pdu: ll.AdvInd | ll.AdvExtInd) -> None:
        """Report an advertisement and its scan response; Bumble reports the advertisement twice."""
        scanning, self.le_scan_enable = self.le_scan_enable, False
        if scanning:
            kinds = hci.HCI_LE_Extended_Advertising_Report_Event.EventType
            response = scan_response_of(self.link, pdu.advertiser_address)
            scannable = kinds.SCANNABLE_ADVERTISING if response else 0
            self._report(pdu.advertiser_address, kinds.CONNECTABLE_ADVERTISING | scannable, pdu.data)
            if response:
                self._report(pdu.advertiser_address, kinds.SCAN_RESPONSE, response)
        try:
            super().on_advertising_pdu(pdu)
        finally:
            self.le_scan_enable = scanning

    def _report(self, address: hci.Address, event_type: int, data: bytes) -> None:
        report = hci.HCI_LE_Extended_Advertising_Report_Event.Report(
            event_type=event_type,
            address_type=address.address_type,
            address=address,
            primary_phy=hci.Phy.LE_1M,
            secondary_phy=hci.Phy.LE_1M,
            advertising_sid=0,
            tx_power=0,
            rssi=-50,
            periodic_advertising_interval=0,
            direct_address_type=0,
            direct_address=hci.Address.ANY,
            data=data,
        )
        self.send_hci_packet(hci.HCI_LE_Extended_Advertising_Report_Event([report]))

    def on_ll_control_pdu(self, sender_address: hci.Address, packet: ll.ControlPdu) -> None:
        """Leave out what arrives for a connection that both sides have just ended; Bumble logs an error."""
        if sender_address in self.le_connections:
            super().on_ll_control_pdu(sender_address, packet)

    def on_link_acl_data(self, sender_address: hci.Address, transport: PhysicalTransport, data: bytes) -> None:
        """Leave out data that was on the air when its connection ended; Bumble logs a warning."""
        if sender_address in self.le_connections:
            super().on_link_acl_data(sender_address, transport, data)

    def on_hci_packet(self, packet: hci.HCI_Packet) -> None:
        """Handle a packet as Bumble does, without formatting it for a log: that was a third of all time."""
        match packet:
            case hci.HCI_AclDataPacket():
                self.on_hci_acl_data_packet(packet)
            case hci.HCI_Command():
                self.on_hci_command_packet(packet)
            case _:
                super().on_hci_packet(packet)

    def send_hci_packet(self, packet: hci.HCI_Packet) -> None:
        """Hand a packet to the host in the next turn of the loop, unformatted."""
        if self.host:
            asyncio.get_running_loop().call_soon(self.host.on_packet, bytes(packet))


def scan_response_of(link: LocalLink, advertiser: hci.Address) -> bytes:
    """Return what the band at this address answers to an active scan; empty where it has nothing to add."""
    for controller in link.controllers:
        for advertising_set in controller.advertising_sets.values():
            if advertising_set.enabled and advertising_set.address == advertiser:
                return bytes(advertising_set.scan_response_data)
    return b""


class QuietHost(Host):
    """A host that doesn't format every packet for a log that nobody reads."""

    def send_hci_packet(self, packet: hci.HCI_Packet) -> None:
        """Send a packet to the controller."""
        if self.snooper:
            self.snooper.snoop(bytes(packet), Snooper.Direction.HOST_TO_CONTROLLER)
        if self.hci_sink:
            self.hci_sink.on_packet(bytes(packet))

    def on_hci_packet(self, packet: hci.HCI_Packet) -> None:
        """Handle a packet from the controller."""
        if self.snooper:
            self.snooper.snoop(bytes(packet), Snooper.Direction.CONTROLLER_TO_HOST)
        match packet:
            case hci.HCI_AclDataPacket():
                self.on_hci_acl_data_packet(packet)
            case hci.HCI_Event():
                self.on_hci_event_packet(packet)
            case _:
                super().on_hci_packet(packet)


class PacedLink(LocalLink):
    """The air between controllers: data moves at connection events, may stall, and all of it may be cut.

    ``interval_s`` is 0 for "as fast as it goes". A link layer never loses or reorders packets while it
    lives, so neither does this: a stall delays and then bursts.
    """

    def __init__(self, interval_s: float = 0.0) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.interval_s = interval_s
        self._held: list[tuple[Controller, hci.Address, PhysicalTransport, bytes]] = []
        self._stalled = False
        self._event: asyncio.TimerHandle | None = None

    def send_acl_data(
        self,
        sender_controller: Controller,
        destination_address: hci.Address,
        transport: PhysicalTransport,
        data: bytes,
    ) -> None:
        """Send now, or at the next connection event, or when the stall ends."""
        if not self._stalled and not self._held and self.interval_s <= 0:
            self._send(sender_controller, destination_address, transport, data)
            return
        self._held.append((sender_controller, destination_address, transport, data))
        if self._event is None and not self._stalled:
            self._schedule()

    @property
    def held(self) -> tuple[tuple[Controller, hci.Address, PhysicalTransport, bytes], ...]:
        """What waits for the next connection event, or for the end of a stall."""
        return tuple(self._held)

    def stall(self) -> None:
        """Hold all data back, as bad reception does."""
        self._stalled = True

    def release(self) -> None:
        """Let what was held back come in one burst."""
        self._stalled = False
        self._deliver()

    def close(self) -> None:
        """Forget what is held; nothing is sent any more by itself."""
        self._held.clear()
        if self._event is not None:
            self._event.cancel()
            self._event = None

    def _schedule(self) -> None:
        loop = asyncio.get_running_loop()
        wait_s = self.interval_s - loop.time() % self.interval_s if self.interval_s > 0 else 0.0
        self._event = loop.call_later(wait_s, self._deliver)

    def _deliver(self) -> None:
        self._event = None
        if self._stalled:
            return
        held, self._held = self._held, []
        for packet in held:
            self._send(*packet)

    def _send(self, sender: Controller, receiver: hci.Address, transport: PhysicalTransport, data: bytes) -> None:
        """Send from the address that the connection was made with; Bumble takes the random one, whichever it was."""
        connection = sender.le_connections.get(receiver)
        controller = self.find_le_controller(receiver)
        if connection is not None and controller is not None:
            loop = asyncio.get_running_loop()
            loop.call_soon(controller.on_link_acl_data, connection.self_address, transport, data)


def make_device(name: str, address: str, source: object, sink: object) -> Device:
    """Return a Bumble device with the quiet host, at a random static address."""
    # Without a handler Python prints warnings to stderr, where they are nothing to whoever runs a command.
    logging.getLogger("bumble").addHandler(_SILENT)
    configuration = DeviceConfiguration(name=name, address=hci.Address(address, hci.Address.RANDOM_DEVICE_ADDRESS))
    return Device(config=configuration, host=QuietHost(source, sink))  # type: ignore[arg-type]


def advertised(data: AdvertisingData) -> list[str]:
    """Return each advertised service UUID once, lower case, in full; Bumble writes them in upper case."""
    kinds = (
        AdvertisingData.Type.COMPLETE_LIST_OF_16_BIT_SERVICE_CLASS_UUIDS,
        AdvertisingData.Type.INCOMPLETE_LIST_OF_16_BIT_SERVICE_CLASS_UUIDS,
        AdvertisingData.Type.COMPLETE_LIST_OF_128_BIT_SERVICE_CLASS_UUIDS,
        AdvertisingData.Type.INCOMPLETE_LIST_OF_128_BIT_SERVICE_CLASS_UUIDS,
    )
    found: dict[str, None] = {}
    for kind in kinds:
        for uuids in data.get_all(kind):
            for uuid in cast("list[UUID]", uuids):
                found[plain_uuid(uuid)] = None
    return list(found)


def plain_uuid(uuid: UUID) -> str:
    """Return a UUID as bleak writes it: 128 bits, lower case."""
    return str(uuid_module.UUID(bytes=uuid.to_bytes(force_128=True)[::-1]))
