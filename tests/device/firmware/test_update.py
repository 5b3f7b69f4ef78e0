"""Another image on a band: only a signed one is sent, only one that was seen to work stays, and no fault bricks it."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import replace
from pathlib import Path
from typing import Any

import cbor2
import pytest
from firmware_images import FACTS, Maker
from hypothesis import given
from hypothesis import strategies as st

from activity.cli.main import run
from device.errors import BandLostError, BandRefusedError, FirmwareImageError, FirmwareKeptError, FirmwareRefusedError
from device.firmware.image import FirmwareImage, board_of, parse_image
from device.firmware.management import open_management
from device.firmware.signature import signed_image
from device.firmware.update import Policy, Updated, roll_back, update, version_of
from device.link.connect import Timeouts, connect
from device.link.radio import Adapter, open_adapter, simulated
from device.profiles.smp import HEADER
from device.recording import NS_PER_S
from device.simulator.band import BandFacts, SimulatedBand
from device.simulator.bootloader import Flash
from device.simulator.faults import FaultPlan
from device.simulator.memory import BandClock, system_clock_ns
from device.simulator.radio import VirtualAir
from device.simulator.serve import serving
from device.simulator.smp import SmpServer
from device.simulator.virtual_time import run_virtually
from device.wire.codes import Opcode

BOARD = board_of(FACTS.maker, FACTS.model)
QUICK = Timeouts(find_s=2.0, connect_s=5.0, call_s=2.0, silence_s=5.0)


@pytest.fixture(scope="module")
def maker(tmp_path_factory: pytest.TempPathFactory) -> Maker:
    return Maker.of(tmp_path_factory.mktemp("maker"))


@pytest.fixture(scope="module")
def old(maker: Maker) -> bytes:
    return maker.image("1.0.0").read_bytes()


@pytest.fixture(scope="module")
def new(maker: Maker) -> Path:
    return maker.image("1.1.0")


def flash_of(maker: Maker, running: bytes) -> Flash:
    return Flash(maker.raw, BOARD, running)


def flipped(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


def on_band(
    management: SmpServer | None,
    work: Callable[[Adapter], Coroutine[Any, Any, Any]],
    *,
    facts: BandFacts = FACTS,
    faults: FaultPlan | None = None,
) -> Any:
    """Do something with a band on a virtual clock; its flash is as it was left."""

    async def test() -> Any:
        loop = asyncio.get_running_loop()
        clock = BandClock(0, now_ns=lambda: round((1_790_000_000 + loop.time()) * NS_PER_S))
        async with (
            VirtualAir() as air,
            SimulatedBand(air, clock, facts=facts, faults=faults, management=management),
            open_adapter(simulated(air.backends)) as adapter,
        ):
            return await work(adapter)

    return run_virtually(test())


def updated(
    management: SmpServer,
    image: FirmwareImage,
    policy: Policy | None = None,
    *,
    facts: BandFacts = FACTS,
    faults: FaultPlan | None = None,
) -> Updated:
    def work(adapter: Adapter) -> Coroutine[Any, Any, Updated]:
        return update(adapter, "", image, policy or Policy(), timeouts=QUICK, restart_s=10.0)

    found: Updated = on_band(management, work, facts=facts, faults=faults)
    return found


def test_a_signed_image_is_sent_tried_confirmed_and_stays(maker: Maker, old: bytes, new: Path) -> None:
    flash = flash_of(maker, old)
    done = updated(SmpServer(flash), signed_image(new, maker.public))
    assert done == Updated(FACTS.name, "1.0.0", "1.1.0", 0, changed=True)
    assert (flash.running, flash.other, flash.confirmed) == (new.read_bytes(), old, True)
    for _ in range(3):
        assert flash.start().version_text == "1.1.0"
    again = updated(SmpServer(flash), signed_image(new, maker.public))
    assert not again.changed


def test_an_image_of_another_key_or_torn_or_changed_is_never_sent(maker: Maker, new: Path, tmp_path: Path) -> None:
    stranger = Maker.of(tmp_path / "stranger")
    with pytest.raises(FirmwareImageError, match="signature"):
        signed_image(stranger.image("9.0.0"), maker.public)
    data = new.read_bytes()
    wrong = tmp_path / "wrong.bin"
    for torn in (b"", data[:31], data[:40], data[: len(data) // 2], data[:-1], data + b"\xff"):
        wrong.write_bytes(torn)
        with pytest.raises(FirmwareImageError):
            signed_image(wrong, maker.public)
    accepted = []
    for at in (*range(32), 5000, *range(len(data) - 200, len(data))):
        wrong.write_bytes(flipped(data, at))
        try:
            image = signed_image(wrong, maker.public)
        except FirmwareImageError:
            continue
        assert image.digest == parse_image(data).digest
        accepted.append(at)
    # The hash of the key is signed by nothing: MCUboot only finds a key by it. Its header has a type and a length.
    assert len(accepted) <= 36
    assert all(len(data) - 144 <= at < len(data) - 64 for at in accepted)


def test_a_private_key_or_no_key_at_all_pins_nothing(maker: Maker, new: Path, tmp_path: Path) -> None:
    private = tmp_path / "private.pem"
    maker.key.export_private(str(private))
    with pytest.raises(FirmwareImageError, match="private key"):
        signed_image(new, private)
    private.write_text("no key")
    with pytest.raises(FirmwareImageError, match="no public key"):
        signed_image(new, private)


@given(st.binary(max_size=200), st.integers(0, 64))
def test_no_bytes_make_the_parser_raise_anything_else(tail: bytes, cut: int) -> None:
    head = bytes.fromhex("3db8f396 00000000 2000 2c00 08000000 00000000 01010000 00000000 00000000".replace(" ", ""))
    for data in (tail, head[:cut] + tail, head + b"code1234" + b"\x08\x69\x2c\x00" + tail):
        try:
            parse_image(data)
        except FirmwareImageError:
            continue


@pytest.mark.parametrize("kind", ["stranger", "board", "no board", "older", "torn"])
def test_a_bootloader_refuses_what_a_careless_sender_sends_and_the_old_image_runs_on(
    maker: Maker, tmp_path: Path, kind: str
) -> None:
    running = maker.image("2.0.0").read_bytes()
    sent = {
        "stranger": lambda: Maker.of(tmp_path).image("3.0.0").read_bytes(),
        "board": lambda: maker.image("3.0.0", cid="another wristband").read_bytes(),
        "no board": lambda: maker.image("3.0.0", vid=None, cid=None).read_bytes(),
        "older": lambda: maker.image("1.9.9").read_bytes(),
        "torn": lambda: bytes(
            [*maker.image("3.0.0").read_bytes()[:9000], 0, *maker.image("3.0.0").read_bytes()[9001:]]
        ),
    }[kind]()
    flash = flash_of(maker, running)
    careless = replace(parse_image(sent), board=BOARD)
    with pytest.raises(FirmwareKeptError, match=r"keeps 2\.0\.0"):
        updated(SmpServer(flash), careless, Policy(allow_older=True))
    assert flash.running == running
    assert flash.confirmed
    assert flash.start().version_text == "2.0.0"


def test_the_policy_is_asked_before_anything_is_sent(maker: Maker, old: bytes, tmp_path: Path) -> None:
    flash = flash_of(maker, old)
    newer = signed_image(maker.image("1.2.0"), maker.public)
    flat = replace(FACTS, battery_percent=39)
    with pytest.raises(FirmwareRefusedError, match="39 % left"):
        updated(SmpServer(flash), newer, facts=flat)
    with pytest.raises(FirmwareRefusedError, match="board"):
        updated(SmpServer(flash), signed_image(maker.image("1.2.0", cid="another"), maker.public))
    with pytest.raises(FirmwareRefusedError, match="board"):
        updated(SmpServer(flash), signed_image(maker.image("1.2.0", vid=None, cid=None), maker.public))
    with pytest.raises(FirmwareRefusedError, match=r"version 0\.9\.0"):
        updated(SmpServer(flash), signed_image(maker.image("0.9.0"), maker.public))
    assert flash.other == b""
    assert updated(SmpServer(flash), newer, Policy(39), facts=flat).after == "1.2.0"


def test_an_upload_that_the_link_breaks_goes_on_from_there(maker: Maker, old: bytes, new: Path) -> None:
    flash = flash_of(maker, old)
    image = signed_image(new, maker.public)
    server = SmpServer(flash, break_at=frozenset({8000}))

    async def twice(adapter: Adapter) -> Updated:
        with pytest.raises(BandLostError):
            await update(adapter, "", image, Policy(), timeouts=QUICK, restart_s=10.0)
        return await update(adapter, "", image, Policy(), timeouts=QUICK, restart_s=10.0)

    done: Updated = on_band(server, twice)
    assert done.after == "1.1.0"
    assert done.resumed_at >= 8000
    assert flash.running == new.read_bytes()


@pytest.mark.parametrize("at", [1, 8000, 20_000])
def test_power_lost_in_mid_upload_leaves_the_old_image_and_the_next_update_begins_again(
    maker: Maker, old: bytes, new: Path, at: int
) -> None:
    flash = flash_of(maker, old)
    image = signed_image(new, maker.public)
    server = SmpServer(flash, restart_at=frozenset({at}))

    async def twice(adapter: Adapter) -> Updated:
        with pytest.raises(BandLostError):
            await update(adapter, "", image, Policy(), timeouts=QUICK, restart_s=10.0)
        assert (flash.running, flash.confirmed) == (old, True)
        return await update(adapter, "", image, Policy(), timeouts=QUICK, restart_s=10.0)

    done: Updated = on_band(server, twice)
    assert (done.after, flash.running, flash.confirmed) == ("1.1.0", new.read_bytes(), True)


def test_an_image_that_runs_but_does_not_answer_is_rolled_back(maker: Maker, old: bytes, new: Path) -> None:
    flash = flash_of(maker, old)
    mute = FaultPlan(refuse=frozenset({Opcode.LIST_LOGS}))
    with pytest.raises(FirmwareKeptError, match=r"keeps 1\.0\.0: the new one doesn't work"):
        updated(SmpServer(flash), signed_image(new, maker.public), faults=mute)
    assert (flash.running, flash.confirmed) == (old, True)


def test_an_image_on_trial_goes_at_the_next_start_whatever_the_host_does(maker: Maker, old: bytes, new: Path) -> None:
    flash = flash_of(maker, old)
    flash.other, flash.tries_other = new.read_bytes(), True
    assert [flash.start().version_text for _ in range(3)] == ["1.1.0", "1.0.0", "1.0.0"]


def test_a_rollback_ends_a_trial_and_a_bootloader_that_takes_nothing_older_says_so(
    maker: Maker, old: bytes, new: Path
) -> None:
    def back(adapter: Adapter) -> Coroutine[Any, Any, Updated]:
        return roll_back(adapter, "", timeouts=QUICK, restart_s=10.0)

    flash = flash_of(maker, old)
    flash.other, flash.tries_other = new.read_bytes(), True
    done = on_band(SmpServer(flash), back)  # the band starts, and tries the new one
    assert (done.before, done.after, flash.running) == ("1.1.0", "1.0.0", old)
    confirmed = Flash(maker.raw, BOARD, new.read_bytes(), old)
    with pytest.raises(FirmwareKeptError, match=r"doesn't take 1\.0\.0"):
        on_band(SmpServer(confirmed), back)
    assert confirmed.running == new.read_bytes()
    with pytest.raises(FirmwareRefusedError, match="no other image"):
        on_band(SmpServer(flash_of(maker, old)), back)


@given(
    st.lists(
        st.tuples(
            st.sampled_from([0, 2]),
            st.sampled_from([0, 1]),
            st.integers(0, 6),
            st.one_of(
                st.binary(max_size=40),
                st.fixed_dictionaries(
                    {},
                    optional={
                        key: st.one_of(st.none(), st.integers(-1, 2**40), st.binary(max_size=40), st.lists(st.none()))
                        for key in ("off", "data", "len", "sha", "hash", "confirm")
                    },
                ).map(cbor2.dumps),
            ),
        ),
        max_size=8,
    ),
    st.integers(1, 20),
)
def test_nothing_that_is_written_to_the_server_changes_what_runs(
    maker: Maker, old: bytes, requests: list[tuple[int, int, int, bytes]], piece: int
) -> None:
    flash = flash_of(maker, old)
    server = SmpServer(flash)
    for operation, group, command, body in requests:
        message = HEADER.pack(operation, 0, len(body), group, 7, command) + body
        replies = [
            server.feed(message[at : at + piece], lambda: None, lambda: None) for at in range(0, len(message), piece)
        ]
        assert [bool(reply) for reply in replies] == [False] * (len(replies) - 1) + [True]
        assert isinstance(cbor2.loads(replies[-1][HEADER.size :]), dict)
    assert server.power_on() == "1.0.0"
    assert flash.running == old


class Liar(SmpServer):
    """Answers each request with other bytes."""

    lie: Callable[[bytes], bytes]

    def feed(self, data: bytes, restart: Callable[[], None], leave: Callable[[], None]) -> bytes:
        return self.lie(SmpServer.feed(self, data, restart, leave))


@pytest.mark.parametrize(
    "lie",
    [
        lambda reply: b"",
        lambda reply: b"\xff" * len(reply),
        lambda reply: reply[:-1],
        lambda reply: reply[:6] + bytes([reply[6] ^ 0x55]) + reply[7:] if reply else b"",
        lambda reply: reply[:7] + b"\xee" + reply[8:] if reply else b"",
        lambda reply: reply[:8] + b"\xff" * (len(reply) - 8),
        lambda reply: reply[:8] + b"\xa0" + reply[9:],
        lambda reply: reply[:2] + b"\x00\x00" + reply[4:8] if reply else b"",
    ],
)
def test_a_band_that_answers_nonsense_is_a_clear_fault_and_keeps_its_image(
    maker: Maker, old: bytes, new: Path, lie: Callable[[bytes], bytes]
) -> None:
    flash = flash_of(maker, old)
    server = Liar(flash)
    server.lie = lie
    with pytest.raises((BandLostError, BandRefusedError)):
        updated(server, signed_image(new, maker.public))
    assert flash.running == old


def test_a_band_without_image_management_says_so(maker: Maker, new: Path) -> None:
    async def work(adapter: Adapter) -> None:
        async with connect(adapter, timeouts=QUICK) as link:
            with pytest.raises(BandRefusedError, match="SMP"):
                await open_management(link)

    on_band(None, work)


def test_a_version_is_compared_number_by_number() -> None:
    assert version_of("1.10.0") > version_of("1.9.3") > version_of("1.9") == version_of("1.9.0.0")
    assert version_of("dev") == (0, 0, 0, 0)
    assert version_of("1.2.3+4") == (1, 2, 3, 4)


def test_the_command_updates_a_served_band(
    maker: Maker, old: bytes, new: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    flash = flash_of(maker, old)

    async def test() -> list[int]:
        clock = BandClock(system_clock_ns() - 3600 * NS_PER_S)
        async with (
            VirtualAir() as air,
            SimulatedBand(air, clock, management=SmpServer(flash)),
            serving(air.link) as port,
        ):
            where = ["--radio", f"bumble:tcp-client:127.0.0.1:{port}"]
            line = ["firmware", "update", str(new), "--key", str(maker.public), *where]
            codes = [await asyncio.to_thread(run, [*line, "--dry-run"])]
            assert flash.running == old
            codes.append(await asyncio.to_thread(run, line))
            codes.append(await asyncio.to_thread(run, ["firmware", "rollback", "--yes", *where]))
            return codes

    assert asyncio.run(test()) == [0, 0, 5]
    said = capsys.readouterr()
    assert said.out.splitlines()[-1].endswith("1.0.0 -> 1.1.0")
    assert "doesn't take 1.0.0" in said.err
