"""No Bluetooth, in each of the ways in which a machine can lack it: one clear fault, with what to try."""

import asyncio
import os
import pickle
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from bleak.backends.scanner import BaseBleakScanner
from bleak.exc import (
    BleakBluetoothNotAvailableError,
    BleakBluetoothNotAvailableReason,
    BleakDBusError,
    BleakDeviceNotFoundError,
    BleakError,
    BleakGATTProtocolError,
)
from hypothesis import given
from hypothesis import strategies as st

import device.link.radio
from device.errors import (
    BandLostError,
    BandNotFoundError,
    BandRefusedError,
    BluetoothUnavailableError,
    CaptureError,
    Fault,
    RadioNameError,
)
from device.link.backoff import backoff_s
from device.link.faults import DBUS, REASONS, band_fault
from device.link.inbox import Inbox
from device.link.radio import Adapter, check_radio, open_adapter, radio, simulated
from device.simulator.virtual_time import run_virtually


def scanner_that(error: BaseException | None) -> Any:
    """A backend whose scan raises, or never comes about."""

    class Scanner(BaseBleakScanner):
        def __init__(self, *_: Any, **__: Any) -> None:
            super().__init__(None, None)

        async def start(self) -> None:
            if error is not None:
                raise error
            await asyncio.sleep(3600)

        async def stop(self) -> None:
            return

    return simulated((Scanner, object))  # type: ignore[arg-type]


def fault_of(error: BaseException | None) -> BluetoothUnavailableError:
    with pytest.raises(BluetoothUnavailableError) as caught:
        run_virtually(check_radio(scanner_that(error)))
    return caught.value


def test_a_machine_without_a_system_bus_is_told_so() -> None:
    fault = fault_of(FileNotFoundError(2, "No such file or directory"))
    assert "no system bus" in fault.what
    assert "selfback simulate" in fault.remedy


@pytest.mark.parametrize("name", DBUS)
def test_each_answer_of_the_system_bus_has_words_and_a_remedy(name: str) -> None:
    fault = fault_of(BleakDBusError(name, ["details"]))
    assert fault.what == DBUS[name][0]
    assert fault.remedy == DBUS[name][1]


def test_an_unknown_answer_of_the_system_bus_is_passed_on() -> None:
    assert "org.example.Odd" in fault_of(BleakDBusError("org.example.Odd", ["odd"])).what


@pytest.mark.parametrize("reason", BleakBluetoothNotAvailableReason)
def test_each_reason_that_bleak_knows_has_words_and_a_remedy(reason: BleakBluetoothNotAvailableReason) -> None:
    fault = fault_of(BleakBluetoothNotAvailableError("message", reason))
    assert (fault.what, fault.remedy) == REASONS[reason]
    assert fault.exit_code == 3


def test_a_bluetooth_service_that_never_answers_is_not_waited_for() -> None:
    assert "doesn't answer" in fault_of(None).what


def test_the_remedies_of_the_four_common_cases_differ() -> None:
    faults = [
        fault_of(FileNotFoundError(2, "")),
        fault_of(BleakDBusError("org.freedesktop.DBus.Error.ServiceUnknown", ["gone"])),
        fault_of(BleakBluetoothNotAvailableError("off", BleakBluetoothNotAvailableReason.POWERED_OFF)),
        fault_of(None),
    ]
    assert len({fault.remedy for fault in faults}) == len({fault.what for fault in faults}) == 4
    assert all(pickle.loads(pickle.dumps(fault)).remedy == fault.remedy for fault in faults)


def test_files_missing_in_what_is_done_with_a_radio_are_not_called_bluetooth() -> None:
    async def test() -> None:
        async with open_adapter(scanner_that(None)):
            raise FileNotFoundError(2, "recording.parquet")

    with pytest.raises(FileNotFoundError, match=r"recording\.parquet"):
        run_virtually(test())


@pytest.mark.parametrize("name", ["", "usb:0", "bumble:", "System"])
def test_a_radio_that_does_not_exist_is_a_usage_fault(name: str) -> None:
    with pytest.raises(RadioNameError) as caught:
        radio(name)
    assert caught.value.exit_code == 2


def test_nobody_behind_the_transport_is_a_clear_fault() -> None:
    with pytest.raises(BluetoothUnavailableError) as caught:
        asyncio.run(check_radio(radio("bumble:tcp-client:127.0.0.1:1")))
    assert "nobody answers" in caught.value.what


@pytest.mark.parametrize("moniker", ["carrier:pigeon", "tcp-client:127.0.0.1", "tcp-client:127.0.0.1:x", "nonsense"])
def test_a_transport_that_does_not_exist_is_a_clear_fault(moniker: str) -> None:
    with pytest.raises(BluetoothUnavailableError) as caught:
        asyncio.run(check_radio(radio(f"bumble:{moniker}")))
    assert moniker in str(caught.value)


def test_without_bumble_the_remedy_is_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device.link.radio, "has_library", lambda _: False)
    with pytest.raises(BluetoothUnavailableError) as caught:
        asyncio.run(check_radio(radio("bumble:tcp-client:127.0.0.1:1")))
    assert caught.value.remedy == "pip install 'selfback[sim]'"


def test_one_adapter_does_one_thing_at_a_time_also_across_programs(tmp_path: Path) -> None:
    async def test() -> list[str]:
        done: list[str] = []
        path = tmp_path / "radio.lock"

        async def use(adapter: Adapter, name: str) -> None:
            async with adapter.exclusive():
                done.append(f"{name} begins")
                await asyncio.sleep(1)
                done.append(f"{name} ends")

        mine, other_program = (Adapter("radio", {}, {}, lock_path=path) for _ in range(2))
        await asyncio.gather(use(mine, "a"), use(mine, "b"), use(other_program, "c"))
        return done

    done = run_virtually(test())
    assert len(done) == 6
    assert all(a.split()[0] == b.split()[0] for a, b in zip(done[::2], done[1::2], strict=True))


USES_THE_RADIO = """
import asyncio, sys
from pathlib import Path
from device.link.radio import Adapter

async def use():
    adapter = Adapter("radio", {}, {}, lock_path=Path(sys.argv[1]))
    for _ in range(int(sys.argv[3])):
        async with adapter.exclusive():
            with open(sys.argv[2], "a") as said:
                said.write(f"{sys.argv[4]} begins\\n")
            await asyncio.sleep(0.03)
            if sys.argv[5:]:
                print("has it", flush=True)
                sys.stdin.read()
            with open(sys.argv[2], "a") as said:
                said.write(f"{sys.argv[4]} ends\\n")
        await asyncio.sleep(0.02)

asyncio.run(use())
"""


def radio_user(folder: Path, times: int, name: str, *how: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-c", USES_THE_RADIO, str(folder / "lock"), str(folder / "said"), str(times), name, *how]
    pipe = subprocess.PIPE
    around = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    return subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, env=around)


def test_two_processes_never_have_one_radio_at_a_time_and_a_killed_one_gives_it_back(tmp_path: Path) -> None:
    with radio_user(tmp_path, 1, "killed", "for ever") as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "has it\n"
        with radio_user(tmp_path, 6, "one") as one, radio_user(tmp_path, 6, "other") as other:
            holder.kill()
            assert (one.wait(60), other.wait(60)) == (0, 0)
    said = (tmp_path / "said").read_text().split("\n")[:-1]
    assert said[0] == "killed begins"
    turns = list(zip(said[1::2], said[2::2], strict=True))
    assert sorted(begins.split()[0] for begins, _ in turns) == ["one"] * 6 + ["other"] * 6
    assert all(ends == begins.replace("begins", "ends") for begins, ends in turns)


def test_an_adapter_that_another_program_never_gives_back_is_named(tmp_path: Path) -> None:
    async def test() -> None:
        first, second = (Adapter("radio", {}, {}, lock_path=tmp_path / "lock") for _ in range(2))
        async with first.exclusive(), second.exclusive():
            pass

    with pytest.raises(BluetoothUnavailableError, match="another program"):
        run_virtually(test())


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (BleakGATTProtocolError(0x80), BandRefusedError),
        (BleakGATTProtocolError(0x0F), BandRefusedError),
        (BleakDeviceNotFoundError("AA"), BandNotFoundError),
        (TimeoutError(), BandLostError),
        (BleakError("disconnected"), BandLostError),
        (EOFError(), BandLostError),
        (BrokenPipeError(32, "Broken pipe"), BandLostError),
    ],
)
def test_what_a_band_does_wrong_has_a_type(error: Any, kind: type[Fault]) -> None:
    assert type(band_fault(error, "selfBACK-1A2B", "while reading")) is kind


@given(st.integers(1, 10_000), st.integers())
def test_waits_grow_and_are_bounded_and_seeded(attempt: int, seed: int) -> None:
    fault = BandLostError("lost")
    wait_s = backoff_s(attempt, fault, random.Random(seed))
    assert wait_s == backoff_s(attempt, fault, random.Random(seed))
    assert wait_s is not None
    assert 0.25 <= wait_s <= 30.0
    assert wait_s >= min(30.0, 0.5 * 2.0 ** min(attempt - 1, 16)) / 2


def test_what_trying_again_cannot_mend_is_not_tried_again() -> None:
    assert backoff_s(1, CaptureError("disk full"), random.Random(0)) is None
    assert backoff_s(1, BluetoothUnavailableError("off"), random.Random(0)) is None


def test_an_inbox_keeps_order_and_times_and_counts_what_does_not_fit() -> None:
    async def test() -> None:
        ticks = iter(range(100))
        inbox = Inbox(lambda: next(ticks), capacity=3)
        for number in range(5):
            inbox.put(bytes([number]))
        came = await inbox.take(1)
        assert [(arrival.arrival_ns, arrival.payload) for arrival in came] == [(0, b"\0"), (1, b"\1"), (2, b"\2")]
        assert inbox.overflowed == 2
        with pytest.raises(TimeoutError):
            await inbox.take(1)
        inbox.put(b"last")
        inbox.close()
        assert [arrival.payload for arrival in await inbox.take(1)] == [b"last"]
        assert await inbox.take(1) == []

    run_virtually(test())
