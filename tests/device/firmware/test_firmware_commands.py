"""What a band is asked and told from the command line, over a whole Bluetooth stack: a log is erased only when held."""

import asyncio
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from activity.cli.main import run
from device.capture.journal import Anchor
from device.firmware.clock import drift
from device.recording import NS_PER_S
from device.simulator.band import SimulatedBand
from device.simulator.faults import FaultPlan
from device.simulator.memory import BandClock, StoredLog, Trace, system_clock_ns
from device.simulator.radio import VirtualAir
from device.simulator.serve import serving
from device.wire.codes import TICKS_HZ, Opcode
from device.wire.header import c_header

SAMPLES = np.random.default_rng(5).integers(-9000, 9000, (800, 3)).astype(np.int16)


def commands(
    *lines: list[str], faults: FaultPlan | None = None, then: Callable[[SimulatedBand], None] = lambda _: None
) -> list[int]:
    """Run command lines against one simulated band, and return their exit codes."""

    async def test() -> list[int]:
        clock = BandClock(system_clock_ns() - 3600 * NS_PER_S)
        log = StoredLog(1, Trace(SAMPLES, 25.0), 0, 0, 1)
        async with (
            VirtualAir() as air,
            SimulatedBand(air, clock, logs=(log,), faults=faults) as band,
            serving(air.link) as port,
        ):
            radio = f"bumble:tcp-client:127.0.0.1:{port}"
            codes = [await asyncio.to_thread(run, ["firmware", *line, "--radio", radio]) for line in lines]
            then(band)
            return codes

    return asyncio.run(test())


def said(capsys: pytest.CaptureFixture[str]) -> list[Any]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_a_band_says_what_it_is_and_what_it_has_stored(capsys: pytest.CaptureFixture[str]) -> None:
    assert commands(["info", "--json"], ["logs", "ls", "--json"], ["info"]) == [0, 0, 0]
    out = capsys.readouterr().out.splitlines()
    info, (log,) = json.loads(out[0]), json.loads(out[1])
    assert (info["serial"], info["firmware"], info["battery_percent"]) == ("SIM-00001A2B", "1.0.0", 80)
    assert (info["logs"], info["blocks"], log["block_count"], log["rate_hz"]) == (1, 10, 10, 25.0)
    assert "serial\tSIM-00001A2B" in out


def test_a_clock_that_is_off_is_set_and_read_back(capsys: pytest.CaptureFixture[str]) -> None:
    lines = ["clock", "set", "--dry-run", "--json"], ["clock", "set", "--json"], ["clock", "get", "--json"]
    assert commands(*lines) == [0, 0, 0]
    dry, done, after = said(capsys)
    assert dry["after"] is None
    assert abs(done["after"]["offset_s"]) < done["after"]["error_s"] + 0.05
    assert abs(after["before"]["offset_s"]) < 0.1


def test_drift_is_checked_against_what_earlier_syncs_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    where = ["--output", str(tmp_path)]
    check = ["clock", "check", "--json", *where]
    assert commands(check, ["logs", "pull", "1", "--json", *where], check) == [0, 0, 0]
    before, _, after = said(capsys)
    assert before["drift"] == []
    (row,) = after["drift"]
    assert (row["boot"], row["comparisons"], row["plausible"]) == (1, 2, True)


@given(st.floats(-200, 200), st.integers(60, 10**6), st.integers(0, 10_000_000), st.integers(0, 10_000_000))
def test_the_drift_of_a_counter_is_found_within_the_error_that_is_named(
    ppm: float, span_s: int, late_ns: int, later_ns: int
) -> None:
    def anchor(at_s: int, error_ns: int) -> Anchor:
        return Anchor(at_s * NS_PER_S + error_ns, int(at_s * TICKS_HZ * (1 + ppm * 1e-6)), error_ns)

    found = drift(1, [anchor(span_s, later_ns), anchor(0, late_ns)])
    assert found is not None
    assert abs(found.ppm - ppm) <= found.error_ppm * (1 + 1e-3) + 1e-6
    assert found.plausible


def test_one_comparison_is_no_drift_and_a_wild_counter_is_no_crystal() -> None:
    assert drift(1, [Anchor(5, 5, 5)]) is None
    wild = drift(1, [Anchor(0, 0, 1000), Anchor(3600 * NS_PER_S, int(3600 * TICKS_HZ * 1.08), 1000)])
    assert wild is not None
    assert not wild.plausible


def test_a_log_is_erased_after_it_was_fetched_and_proved_and_not_before(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    left: list[int] = []
    where = ["1", "--output", str(tmp_path), "--json", "--yes"]
    codes = commands(
        ["logs", "rm", "--dry-run", *where], then=lambda band: left.append(band.logs[1].entry().block_count)
    )
    assert (codes, left) == ([0], [10])
    codes = commands(["logs", "rm", *where], then=lambda band: left.append(band.logs[1].entry().block_count))
    assert (codes, left) == ([0], [10, 0])
    assert [row["erased"] for row in said(capsys)] == [0, 10]


def test_a_log_with_blocks_that_never_came_whole_stays_unless_they_are_given_up(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    left: list[int] = []
    rotten = FaultPlan(corrupt_blocks=frozenset({4}), corrupt_times=1000)
    line = ["logs", "rm", "1", "--output", str(tmp_path), "--yes"]
    codes = commands(line, faults=rotten, then=lambda band: left.append(band.logs[1].entry().block_count))
    assert (codes, left) == ([7], [10])
    assert "blocks 4 to 4 came damaged every time" in capsys.readouterr().err
    assert commands([*line, "--give-up-unreadable"], faults=rotten) == [0]


def test_how_a_band_records_is_changed_and_read_back(capsys: pytest.CaptureFixture[str]) -> None:
    change = ["config", "set", "--rate", "100", "--range", "16", "--json"]
    assert commands(["config", "get", "--json"], [*change, "--dry-run"], change, ["config", "get", "--json"]) == [0] * 4
    asked, dry, done, after = said(capsys)
    assert (asked["rate_hz"], asked["range_g"]) == (dry["rate_hz"], dry["range_g"]) == (25.0, 8)
    assert (done["rate_hz"], done["range_g"]) == (after["rate_hz"], after["range_g"]) == (100.0, 16)


def test_a_band_whose_firmware_has_no_configuration_says_so() -> None:
    older = FaultPlan(refuse=frozenset({Opcode.GET_CONFIG, Opcode.SET_CONFIG}))
    assert commands(["config", "get"], faults=older) == [3]


def test_a_log_that_is_not_there_is_named() -> None:
    assert commands(["logs", "pull", "9"]) == [3]


def test_without_a_yes_no_band_is_even_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
    assert run(["firmware", "logs", "rm", "1"]) == 130


def test_the_header_is_the_one_of_the_wire_table(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["firmware", "header"]) == 0
    assert capsys.readouterr().out == c_header()
