"""Bonding with a band by LE Secure Connections, with an agent of our own where BlueZ wants one.

Without an agent BlueZ refuses to pair (`org.bluez.Error.AuthenticationFailed`). Ours answers for one band, and only
while that is paired. With a passkey it takes no pairing that leaves the passkey out: Just Works has nothing against
somebody in the middle (Core 5.4, vol 3 part H 2.3.5.1; NIST SP 800-121r2).
"""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, nullcontext
from typing import TYPE_CHECKING, Any, Final

from device.errors import BandLostError, BandRefusedError, BluetoothUnavailableError
from device.link.connect import BandLink
from device.link.radio import Adapter

if TYPE_CHECKING:
    from dbus_fast import Message

HIGHEST_PASSKEY: Final = 999_999
AGENT_PATH: Final = "/org/selfback/agent"
#: A band and a computer exchange keys in 1 to 5 s; the Security Manager itself gives up after 30 (part H 3.4).
PAIR_TIMEOUT_S: Final = 35.0
BUS_TIMEOUT_S: Final = 5.0

_AGENT: Final = "org.bluez.Agent1"
_BLUEZ: Final = ("org.bluez", "/org/bluez", "org.bluez.AgentManager1")


async def bond(adapter: Adapter, link: BandLink, passkey: int | None = None) -> None:
    """Pair with the band at the other end of a link, and keep the keys where the radio keeps them; once is enough.

    ``passkey`` is the number of six digits that is printed on the band or shown by it; None for a band that has none.
    BandRefusedError where the passkey is wrong or the band doesn't pair, BandLostError where the link breaks.
    """
    if passkey is not None and not 0 <= passkey <= HIGHEST_PASSKEY:
        raise ValueError(f"passkey {passkey}, expected 0 to {HIGHEST_PASSKEY}")
    by_bluez = not adapter.client_choice and sys.platform == "linux"
    async with pairing_agent(link.address, passkey) if by_bluez else nullcontext():
        try:
            await link.pair(passkey, PAIR_TIMEOUT_S)
        except BandLostError as fault:
            if not link.is_connected:
                raise
            raise BandRefusedError(
                "the band and this computer didn't agree on a key",
                where=link.name,
                expected="the passkey of this band" if passkey is not None else "a band that pairs without a passkey",
                remedy="look at the passkey on the band; forget an old pairing on both sides, then try again",
            ) from fault


@asynccontextmanager
async def pairing_agent(address: str, passkey: int | None, bus_address: str | None = None) -> AsyncIterator[None]:
    """Answer what BlueZ asks while the band at ``address`` is paired, and nothing for any other device."""
    from dbus_fast import BusType, Message, MessageType  # noqa: PLC0415 - Linux only
    from dbus_fast.aio import MessageBus  # noqa: PLC0415

    bus = MessageBus(bus_address=bus_address, bus_type=BusType.SYSTEM)
    destination, path, manager = _BLUEZ

    async def tell(member: str, signature: str, *body: str) -> None:
        call = Message(destination, path, manager, member, signature=signature, body=list(body))
        try:
            async with asyncio.timeout(BUS_TIMEOUT_S):
                reply = await bus.call(call)
        except TimeoutError as error:
            raise _no_agent("the Bluetooth service doesn't answer") from error
        if reply is None or reply.message_type is MessageType.ERROR:
            raise _no_agent(f"the Bluetooth service takes no pairing agent ({reply and reply.error_name})")

    try:
        async with asyncio.timeout(BUS_TIMEOUT_S):
            await bus.connect()
    except (OSError, TimeoutError) as error:
        raise _no_agent("no system bus on this machine") from error
    try:
        bus.add_message_handler(_answering(address, passkey))
        await tell("RegisterAgent", "os", AGENT_PATH, "NoInputNoOutput" if passkey is None else "KeyboardOnly")
        await tell("RequestDefaultAgent", "o", AGENT_PATH)
        yield
        await tell("UnregisterAgent", "o", AGENT_PATH)
    finally:
        bus.disconnect()  # BlueZ forgets the agent of whoever has left the bus


def _answering(address: str, passkey: int | None) -> "Callable[[Message], Message | None]":
    """Return what handles the calls of BlueZ to its agent."""
    from dbus_fast import Message, MessageType  # noqa: PLC0415

    device = "/dev_" + address.upper().replace(":", "_")

    def answer(call: "Message") -> "Message | None":
        if call.message_type is not MessageType.METHOD_CALL or (call.path, call.interface) != (AGENT_PATH, _AGENT):
            return None
        ours = not call.body or str(call.body[0]).endswith(device)
        found = answer_to(str(call.member), call.body[1:], passkey) if ours else None
        if found is None:
            return Message.new_error(call, "org.bluez.Error.Rejected", "not what is being paired")
        return Message.new_method_return(call, found[0], list(found[1]))

    return answer


def answer_to(member: str, rest: list[Any], passkey: int | None) -> tuple[str, tuple[Any, ...]] | None:
    """Return signature and values that answer one call to the agent; None to refuse. ``rest`` follows the device."""
    match member:
        case "RequestPasskey" if passkey is not None:
            return "u", (passkey,)
        case "RequestPinCode" if passkey is not None:
            return "s", (f"{passkey:06}",)
        case "RequestConfirmation" if passkey is None or rest == [passkey]:
            return "", ()
        case "RequestAuthorization" if passkey is None:
            return "", ()
        case "AuthorizeService" | "DisplayPasskey" | "DisplayPinCode" | "Cancel" | "Release":
            return "", ()
        case _:
            return None


def _no_agent(what: str) -> BluetoothUnavailableError:
    return BluetoothUnavailableError(what, where="pairing", remedy="pair it in the system's Bluetooth settings")
