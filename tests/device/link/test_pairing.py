"""Bonding: who has no key gets nothing, who has it needs it once, and BlueZ gets an agent that answers for one band."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from device.errors import BandRefusedError, BluetoothUnavailableError
from device.link.connect import Timeouts, connect
from device.link.control import open_control
from device.link.pairing import AGENT_PATH, answer_to, bond, pairing_agent
from device.link.radio import Adapter, open_adapter, simulated
from device.simulator.band import BandFacts, SimulatedBand
from device.simulator.memory import BandClock
from device.simulator.radio import VirtualAir
from device.simulator.virtual_time import run_virtually

QUICK = Timeouts(find_s=2.0, connect_s=5.0, call_s=2.0, silence_s=3.0)
ADDRESS = BandFacts().address


@asynccontextmanager
async def near(facts: BandFacts) -> AsyncIterator[Adapter]:
    async with (
        VirtualAir() as air,
        SimulatedBand(air, BandClock(0), facts=facts),
        open_adapter(simulated(air.backends)) as adapter,
    ):
        yield adapter


@pytest.mark.parametrize(
    ("facts", "passkey"), [(BandFacts(encrypted=True), None), (BandFacts(passkey=123_456), 123_456)]
)
def test_a_band_that_wants_a_bond_gives_nothing_without_and_needs_it_once(facts: BandFacts, passkey: int) -> None:
    async def test() -> None:
        async with near(facts) as adapter:
            async with connect(adapter, timeouts=QUICK) as link:
                control = await open_control(link)
                with pytest.raises(BandRefusedError, match=r"encrypted|paired") as caught:
                    await control.clock()
                assert "--passkey" in caught.value.remedy
                await bond(adapter, link, passkey)
                connection = next(iter(link._client._backend.device.connections.values()))
                assert (connection.is_encrypted, connection.sc) == (True, True)
                assert (await control.clock()).boot == 1
            async with connect(adapter, timeouts=QUICK) as link:
                assert (await (await open_control(link)).clock()).boot == 1
                await bond(adapter, link, passkey)

    run_virtually(test())


@pytest.mark.parametrize("wrong", [123_457, None])
def test_a_wrong_passkey_or_none_gives_nothing_and_the_right_one_is_taken_after_it(wrong: int | None) -> None:
    async def test() -> None:
        async with near(BandFacts(passkey=123_456)) as adapter:
            async with connect(adapter, timeouts=QUICK) as link:
                with pytest.raises(BandRefusedError, match="agree on a key"):
                    await bond(adapter, link, wrong)
                control = await open_control(link)
                with pytest.raises(BandRefusedError, match="encrypted"):
                    await control.clock()
            async with connect(adapter, timeouts=QUICK) as link:
                await bond(adapter, link, 123_456)
                assert (await (await open_control(link)).clock()).boot == 1

    run_virtually(test())


@pytest.mark.parametrize("passkey", [-1, 1_000_000])
def test_a_passkey_has_six_digits(passkey: int) -> None:
    async def test() -> None:
        async with near(BandFacts()) as adapter, connect(adapter, timeouts=QUICK) as link:
            await bond(adapter, link, passkey)

    with pytest.raises(ValueError, match="expected 0 to 999999"):
        run_virtually(test())


def test_the_agent_answers_with_the_passkey_and_takes_nothing_less() -> None:
    assert answer_to("RequestPasskey", [], 42) == ("u", (42,))
    assert answer_to("RequestPinCode", [], 42) == ("s", ("000042",))
    assert answer_to("RequestConfirmation", [42], 42) == ("", ())
    for member, rest in (("RequestConfirmation", [43]), ("RequestAuthorization", []), ("Format", [])):
        assert answer_to(member, rest, 42) is None
    assert answer_to("RequestAuthorization", [], None) == ("", ())
    assert answer_to("RequestPasskey", [], None) is None


@asynccontextmanager
async def a_bus(folder: Path) -> AsyncIterator[str]:
    """A bus of our own, as real as the system's."""
    if shutil.which("dbus-daemon") is None:
        pytest.skip("no dbus-daemon")
    config = folder / "bus.conf"
    config.write_text(
        f"<busconfig><type>session</type><listen>unix:path={folder / 'bus'}</listen><policy context='default'>"
        "<allow send_destination='*' eavesdrop='true'/><allow eavesdrop='true'/><allow own='*'/></policy></busconfig>"
    )
    command = ["dbus-daemon", f"--config-file={config}", "--nofork", "--print-address=1"]
    daemon = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    try:
        assert daemon.stdout is not None
        yield (await daemon.stdout.readline()).decode().strip()
    finally:
        daemon.terminate()
        await daemon.communicate()


def test_bluez_is_given_an_agent_and_hears_the_passkey_of_this_band_only(tmp_path: Path) -> None:
    from dbus_fast import Message, MessageType
    from dbus_fast.aio import MessageBus

    told: list[tuple[str, list[Any]]] = []

    async def test() -> None:
        async with a_bus(tmp_path) as address:
            bluez = await MessageBus(bus_address=address).connect()
            await bluez.request_name("org.bluez")

            def manage(call: Message) -> Message | None:
                if call.interface != "org.bluez.AgentManager1":
                    return None
                told.append((str(call.member), call.body))
                agents.append(call.sender)
                return Message.new_method_return(call)

            agents: list[Any] = []
            bluez.add_message_handler(manage)
            async with pairing_agent(ADDRESS, 123_456, address):

                async def ask(device: str) -> Any:
                    call = Message(agents[0], AGENT_PATH, "org.bluez.Agent1", "RequestPasskey", signature="o")
                    call.body = [f"/org/bluez/hci0/dev_{device}"]
                    return await bluez.call(call)

                assert (await ask(ADDRESS.replace(":", "_"))).body == [123_456]
                refused = await ask("00_00_00_00_00_00")
                assert (refused.message_type, refused.error_name) == (MessageType.ERROR, "org.bluez.Error.Rejected")
            bluez.disconnect()

    asyncio.run(test())
    assert told == [
        ("RegisterAgent", [AGENT_PATH, "KeyboardOnly"]),
        ("RequestDefaultAgent", [AGENT_PATH]),
        ("UnregisterAgent", [AGENT_PATH]),
    ]


def test_a_bus_without_bluez_or_no_bus_at_all_is_a_clear_fault(tmp_path: Path) -> None:
    async def without_bluez() -> None:
        async with a_bus(tmp_path) as address:
            with pytest.raises(BluetoothUnavailableError, match="takes no pairing agent"):
                async with pairing_agent(ADDRESS, None, address):
                    pass

    async def without_bus() -> None:
        async with pairing_agent(ADDRESS, None, f"unix:path={tmp_path / 'nothing'}"):
            pass

    asyncio.run(without_bluez())
    with pytest.raises(BluetoothUnavailableError, match="no system bus"):
        asyncio.run(without_bus())
