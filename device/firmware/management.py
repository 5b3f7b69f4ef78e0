"""A band's images, over the Simple Management Protocol on the link that is open already.

smpclient makes and reads the messages; finding, connecting, time limits and losses are those of every other link.
Source: Zephyr, "SMP over Bluetooth" and "Application/software image management group".
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import cbor2
from smpclient import SMPClient
from smpclient.exceptions import SMPBadSequence, SMPUploadError, SMPValidationException
from smpclient.generics import error as is_error
from smpclient.requests.image_management import ImageStatesRead, ImageStatesWrite
from smpclient.requests.os_management import ResetWrite
from smpclient.transport import SMPTransport

from device.errors import BandLostError, BandRefusedError
from device.firmware.image import FirmwareImage
from device.link.connect import BandLink
from device.link.faults import lost
from device.link.inbox import Inbox
from device.profiles.smp import CHARACTERISTIC_UUID, HEADER

#: A reply is a list of two images at most; more is a band that makes things up.
LARGEST_REPLY_BYTES: Final = 8192

#: Erasing a slot of flash takes a chip up to half a minute.
ERASE_S: Final = 40.0


#: What smpclient raises for silence, and for bytes that are no answer: it checks some of them by an assertion.
_NOT_UNDERSTOOD: Final = (
    TimeoutError,
    SMPBadSequence,
    SMPValidationException,
    cbor2.CBORDecodeError,
    ValueError,
    TypeError,
    AssertionError,
)


class LinkTransport(SMPTransport):
    """Requests and replies of smpclient over one of our links."""

    def __init__(self, link: BandLink, inbox: Inbox) -> None:
        self._link = link
        self._inbox = inbox
        self._came = bytearray()

    async def connect(self, address: str, timeout_s: float) -> None:
        """Do nothing: the link is open."""

    async def disconnect(self) -> None:
        """Do nothing: whoever opened the link closes it."""

    async def send(self, data: bytes) -> None:
        """Send a request, in as many writes as the link needs."""
        for begin in range(0, len(data), self.mtu):
            await self._link.write_freely(CHARACTERISTIC_UUID, data[begin : begin + self.mtu])

    async def receive(self) -> bytes:
        """Return the next whole reply; BandLostError where the link ends or what comes is no reply."""
        while len(self._came) < HEADER.size or len(self._came) < self._size():
            batch = await self._inbox.take(ERASE_S)
            if not batch and self._inbox.closed:
                raise self._link.lost("before it answered")
            for arrival in batch:
                self._came += arrival.payload
        size = self._size()
        reply, self._came = bytes(self._came[:size]), self._came[size:]
        return reply

    async def send_and_receive(self, data: bytes) -> bytes:
        """Send a request and return its reply."""
        await self.send(data)
        return await self.receive()

    @property
    def mtu(self) -> int:
        """How many bytes one write takes."""
        return self._link.longest_write(CHARACTERISTIC_UUID)

    def _size(self) -> int:
        size = HEADER.size + int(HEADER.unpack_from(self._came)[2])
        if size > LARGEST_REPLY_BYTES:
            raise lost(f"the band began a reply of {size} bytes", self._link.name)
        return size


@dataclass(frozen=True, slots=True)
class SlotState:
    """One of the two images on a band."""

    slot: int
    version: str
    digest: bytes
    active: bool
    confirmed: bool
    pending: bool
    permanent: bool


class Management:
    """The image management of one connection; made by ``open_management``."""

    def __init__(self, link: BandLink, client: SMPClient, transport: LinkTransport) -> None:
        self._link = link
        self._client = client
        self._transport = transport

    async def images(self) -> tuple[SlotState, ...]:
        """Return what the slots hold."""
        return _states(await self._ask(ImageStatesRead(), "the list of images"))

    async def upload(self, image: FirmwareImage, progress: Callable[[int, int], None]) -> int:
        """Send an image to the free slot, from where an earlier upload of it broke; return where that was.

        0 is the beginning, or within the first message of it, which can't be told apart.
        """
        first: int | None = None
        try:
            async for offset in self._client.upload(
                image.data, first_timeout_s=ERASE_S, subsequent_timeout_s=self._link.timeouts.silence_s
            ):
                first = offset if first is None else first
                progress(offset, len(image.data))
        except SMPUploadError as error:
            raise BandRefusedError(
                f"the band refused the image ({error})", where=self._link.name, remedy="update the band's bootloader"
            ) from error
        except _NOT_UNDERSTOOD as error:
            raise lost(
                "the band fell silent, or said what can't be understood, in mid-upload", self._link.name
            ) from error
        return first if first and first > self._transport.max_unencoded_size else 0

    async def test(self, digest: bytes) -> tuple[SlotState, ...]:
        """Have an image started once, at the next start, and return what the slots hold then."""
        return _states(await self._ask(ImageStatesWrite(hash=digest), "the trial of an image"))

    async def confirm(self) -> tuple[SlotState, ...]:
        """Have the image that runs stay, and return what the slots hold then."""
        return _states(await self._ask(ImageStatesWrite(confirm=True), "the confirmation of its image"))

    async def reset(self) -> None:
        """Have the band start again; the link ends."""
        try:
            await self._ask(ResetWrite(), "a restart")
        except BandLostError:
            return  # some bands are gone before they answer

    async def _ask(self, request: Any, what: str) -> Any:
        try:
            reply = await self._client.request(request, timeout_s=self._link.timeouts.silence_s)
        except _NOT_UNDERSTOOD as error:
            raise lost(f"the band gave no answer that can be understood to {what}", self._link.name) from error
        if is_error(reply):
            code = getattr(reply, "rc", None) or getattr(getattr(reply, "err", None), "rc", None)
            raise BandRefusedError(
                f"the band refused {what} ({getattr(code, 'name', code)})",
                where=self._link.name,
                remedy="selfback firmware info",
            )
        return reply


async def open_management(link: BandLink) -> Management:
    """Subscribe to the image management of a connection and return it; BandRefusedError where the band has none."""
    if not link.longest_write(CHARACTERISTIC_UUID):
        raise BandRefusedError(
            "the band has no image management (SMP)",
            where=link.name,
            expected="firmware on MCUboot with SMP over Bluetooth",
            remedy="update it by its maker's own program",
        )
    transport = LinkTransport(link, await link.listen(CHARACTERISTIC_UUID))
    client = SMPClient(transport, link.address, link.timeouts.silence_s)
    try:
        await client.connect()
    except _NOT_UNDERSTOOD as error:
        raise lost("the band gave no answer that can be understood to a question for its sizes", link.name) from error
    return Management(link, client, transport)


def _states(reply: Any) -> tuple[SlotState, ...]:
    return tuple(
        SlotState(
            image.slot,
            image.version,
            bytes(image.hash or b""),
            bool(image.active),
            bool(image.confirmed),
            bool(image.pending),
            bool(image.permanent),
        )
        for image in reply.images
        if not image.image
    )
