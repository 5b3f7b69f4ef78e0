"""Fetching logs: whole, resumed after losses to the bit, verified on disk, and clear about what can't be had."""

import asyncio
import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device.capture.check import check_captures
from device.capture.journal import JOURNAL_NAME, as_ranges, load_journal, missing_ranges
from device.capture.log import held_blocks, segments_of
from device.errors import BandLostError, BandRefusedError, CaptureError
from device.link.connect import Timeouts, connect
from device.link.control import open_control
from device.link.radio import open_adapter, simulated
from device.recording import NS_PER_S, Recording
from device.simulator.band import BandFacts, SimulatedBand
from device.simulator.faults import FaultPlan
from device.simulator.memory import BandClock, StoredLog, Trace
from device.simulator.radio import VirtualAir
from device.simulator.virtual_time import run_virtually
from device.sync import Pulled, log_recording, pull_log
from device.wire.codes import Opcode

NOW_NS = 1_790_000_000 * NS_PER_S
START_NS = NOW_NS - 20 * 3600 * NS_PER_S  # yesterday
BLOCKS = 300
QUICK = Timeouts(find_s=2.0, connect_s=5.0, call_s=2.0, silence_s=3.0)
SAMPLES = np.random.default_rng(11).integers(-9000, 9000, (80 * BLOCKS - 33, 3)).astype(np.int16)


def sync(
    folder: Path,
    faults: FaultPlan | None = None,
    *,
    log_id: int = 1,
    samples: Any = SAMPLES,
    facts: BandFacts | None = None,
    progress: Callable[[int, int], None] | None = None,
    later_s: float = 0.0,
    drift_ppm: float = 0.0,
) -> Pulled:
    """One `selfback sync` of one log, on a virtual clock, of a band that is as it was the last time."""

    async def test() -> Pulled:
        loop = asyncio.get_running_loop()
        clock = BandClock(
            START_NS - 3600 * NS_PER_S, 4, drift_ppm, lambda: NOW_NS + round((later_s + loop.time()) * NS_PER_S)
        )
        log = StoredLog(log_id, Trace(samples, 25.0), clock.ticks_at(START_NS), START_NS // NS_PER_S, 4)
        async with (
            VirtualAir() as air,
            SimulatedBand(air, clock, logs=(log,), faults=faults, facts=facts),
            open_adapter(simulated(air.backends)) as adapter,
            connect(adapter, timeouts=QUICK) as link,
        ):
            control = await open_control(link)
            (entry,) = await control.logs()
            return await pull_log(link, control, entry, folder, progress=progress, utc_ns=clock.now_ns)

    return run_virtually(test())


def recording_of(pulled: Pulled, tmp_path: Path) -> Recording:
    return log_recording(pulled.folder, tmp_path / "recording.parquet")


def same(a: Recording, b: Recording) -> bool:
    return np.array_equal(a.accel_g, b.accel_g) and np.array_equal(a.time_ns, b.time_ns) and a.segments == b.segments


def test_a_log_of_yesterday_is_fetched_to_the_bit_and_at_its_own_time(tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    pulled = sync(tmp_path, progress=lambda done, total: seen.append((done, total)))
    assert pulled.blocks_new == BLOCKS
    assert pulled.journal.complete
    assert (pulled.damaged, pulled.unreadable) == (0, 0)
    assert seen[-1] == (BLOCKS, BLOCKS)
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    recording = recording_of(pulled, tmp_path)
    assert np.array_equal(np.rint(recording.accel_g * (32768 / 8)).astype(np.int16), SAMPLES)
    assert len(recording.segments) == 1
    expected_ns = START_NS + np.arange(len(SAMPLES)) * 40_000_000
    assert np.abs(recording.time_ns - expected_ns).max() < 0.1 * NS_PER_S
    assert recording.rate_hz == pytest.approx(25.0, rel=1e-6)
    assert (recording.band.serial, recording.band.range_g) == ("SIM-00001A2B", 8.0)


@pytest.mark.parametrize("after", [0, 1, 2, 200, 383, 384, 600, 898])
def test_a_band_lost_in_mid_log_leaves_what_came_and_the_next_sync_completes_it_to_the_bit(
    tmp_path: Path, after: int
) -> None:
    whole = recording_of(sync(tmp_path / "whole"), tmp_path)
    with pytest.raises(BandLostError, match="which are kept") as caught:
        sync(tmp_path / "torn", FaultPlan(disconnect_before=frozenset({after})))
    assert caught.value.exit_code == 4
    (folder,) = (tmp_path / "torn").iterdir()
    journal = load_journal(folder)
    assert journal is not None
    held = held_blocks(folder, journal)
    assert held == set(range(after // 3))
    assert journal.held == as_ranges(held)
    resumed = sync(tmp_path / "torn")
    assert resumed.blocks_new == BLOCKS - len(held)
    assert same(recording_of(resumed, tmp_path), whole)


def test_losses_at_every_turn_still_end_in_the_whole_log(tmp_path: Path) -> None:
    whole = recording_of(sync(tmp_path / "whole"), tmp_path)
    rng = np.random.default_rng(3)
    for _ in range(20):
        breaks = frozenset({int(rng.integers(30, 400))})
        try:
            pulled = sync(tmp_path / "torn", FaultPlan(disconnect_before=breaks))
        except BandLostError:
            continue
        break
    assert pulled.journal.complete
    assert same(recording_of(pulled, tmp_path), whole)


def test_a_second_sync_fetches_nothing_and_changes_nothing(tmp_path: Path) -> None:
    first = recording_of(sync(tmp_path), tmp_path)
    again = sync(tmp_path)
    assert again.blocks_new == 0
    assert same(recording_of(again, tmp_path), first)


@pytest.mark.parametrize("times", [2, 10])
def test_syncs_of_two_hosts_in_turns_leave_the_recording_of_the_first_byte_for_byte(tmp_path: Path, times: int) -> None:
    first = sync(tmp_path / "shared", drift_ppm=35.0)
    path = tmp_path / "recording.parquet"
    log_recording(first.folder, path)
    whole = path.read_bytes()
    for turn in range(1, times):
        again = sync(tmp_path / "shared", drift_ppm=35.0, later_s=3600.0 * turn)
        assert (again.folder, again.blocks_new) == (first.folder, 0)
        log_recording(again.folder, path)
        assert path.read_bytes() == whole


def test_hosts_with_folders_of_their_own_have_the_same_samples_and_times_as_far_apart_as_the_drift(
    tmp_path: Path,
) -> None:
    one, other = (
        recording_of(sync(tmp_path / host, drift_ppm=35.0, later_s=later_s), tmp_path)
        for host, later_s in (("one", 0.0), ("other", 3600.0))
    )
    assert one.accel_g.tobytes() == other.accel_g.tobytes()
    assert one.segments == other.segments
    apart_ns = np.abs(one.time_ns - other.time_ns)
    assert apart_ns.max() < 3600 * 35_000 + NS_PER_S / 32_768


def test_a_log_that_has_grown_is_fetched_from_where_it_was(tmp_path: Path) -> None:
    sync(tmp_path, samples=SAMPLES[: 80 * 100])
    grown = sync(tmp_path)
    assert grown.blocks_new == BLOCKS - 100
    assert np.array_equal(np.rint(recording_of(grown, tmp_path).accel_g * 4096).astype(np.int16), SAMPLES)


def test_blocks_that_are_dropped_or_rot_once_are_asked_for_again(tmp_path: Path) -> None:
    plan = FaultPlan(drop=frozenset({10, 500}), duplicate=frozenset({40, 41}), corrupt_blocks=frozenset({0, 77, 299}))
    pulled = sync(tmp_path / "faulty", plan)
    assert pulled.damaged == 3
    assert pulled.unreadable == 0
    assert pulled.journal.complete
    assert same(recording_of(pulled, tmp_path), recording_of(sync(tmp_path / "whole"), tmp_path))


def test_a_block_that_has_rotted_for_good_is_a_gap_and_the_sync_ends(tmp_path: Path) -> None:
    pulled = sync(tmp_path, FaultPlan(corrupt_blocks=frozenset({50}), corrupt_times=1000))
    assert pulled.unreadable == 1
    assert pulled.journal.unreadable == ((50, 51),)
    assert pulled.journal.complete
    recording = recording_of(pulled, tmp_path)
    assert recording.n_samples == len(SAMPLES) - 80
    (gap,) = recording.gaps
    assert gap.duration_s == pytest.approx(80 / 25, abs=0.01)


def test_a_busy_band_is_asked_again_and_one_that_stays_busy_is_named(tmp_path: Path) -> None:
    assert sync(tmp_path / "a", FaultPlan(busy_times=3)).journal.complete
    with pytest.raises(BandRefusedError, match="busy"):
        sync(tmp_path / "b", FaultPlan(busy_times=1000))


def test_a_band_that_falls_silent_is_lost_in_bounded_time(tmp_path: Path) -> None:
    with pytest.raises(BandLostError, match="fell silent"):
        sync(tmp_path, FaultPlan(stall_before=frozenset({100}), stall_s=1000.0))
    with pytest.raises(BandLostError, match="ReadLog"):
        sync(tmp_path, FaultPlan(silent=frozenset({Opcode.READ_LOG})))
    assert sync(tmp_path).journal.complete


def test_two_logs_of_one_band_lie_apart(tmp_path: Path) -> None:
    first, second = sync(tmp_path, log_id=1), sync(tmp_path, log_id=2, samples=SAMPLES[:800])
    assert first.folder != second.folder
    assert recording_of(second, tmp_path).n_samples == 800


def test_another_log_under_the_same_name_is_not_mixed_in(tmp_path: Path) -> None:
    pulled = sync(tmp_path)
    path = pulled.folder / JOURNAL_NAME
    values = json.loads(path.read_text())
    path.write_text(json.dumps(values | {"start_ticks": 1}))
    with pytest.raises(CaptureError, match="another log"):
        sync(tmp_path)


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"format": 2}', "null", '{"format": 1, "held": 3}'])
def test_a_journal_that_is_nonsense_is_a_clear_fault(tmp_path: Path, text: str) -> None:
    pulled = sync(tmp_path, samples=SAMPLES[:160])
    (pulled.folder / JOURNAL_NAME).write_text(text)
    with pytest.raises(CaptureError) as caught:
        sync(tmp_path, samples=SAMPLES[:160])
    assert "journal" in caught.value.what


def test_a_place_that_can_not_be_written_is_a_clear_fault(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(CaptureError, match="can't write"):
        sync(tmp_path / "file")


def test_an_interrupt_keeps_what_came(tmp_path: Path) -> None:
    def interrupt(done: int, _: int) -> None:
        if done >= 128:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sync(tmp_path, progress=interrupt)
    (folder,) = tmp_path.iterdir()
    journal = load_journal(folder)
    assert journal is not None
    assert len(held_blocks(folder, journal)) >= 128
    assert sync(tmp_path).journal.complete


def test_the_real_disk_is_asked_not_the_journal(tmp_path: Path) -> None:
    pulled = sync(tmp_path)
    for path in segments_of(pulled.folder, pulled.journal):
        path.unlink()
    assert sync(tmp_path).blocks_new == BLOCKS


def test_a_segment_that_rotted_on_the_disk_is_fetched_again_and_named(tmp_path: Path) -> None:
    pulled = sync(tmp_path)
    first = recording_of(pulled, tmp_path)
    (path,) = segments_of(pulled.folder, pulled.journal)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0x10
    path.write_bytes(data)
    again = sync(tmp_path)
    assert again.blocks_new == BLOCKS
    mended = recording_of(again, tmp_path)
    assert same(mended, first)
    assert [(row.what, row.count) for row in mended.damage] == [("segment that can't be read", 1)]


@given(st.sets(st.integers(0, 40)), st.integers(0, 40), st.integers(0, 40))
@settings(max_examples=200)
def test_missing_ranges_are_exactly_what_is_not_held(held: set[int], start: int, stop: int) -> None:
    found = [index for part in missing_ranges(range(start, stop), as_ranges(held)) for index in part]
    assert found == sorted(set(range(start, stop)) - held)
    assert {index for a, b in as_ranges(held) for index in range(a, b)} == held


def test_a_check_of_a_whole_capture_finds_all_that_the_band_had(tmp_path: Path) -> None:
    sync(tmp_path, samples=SAMPLES[: 80 * 100])
    pulled = sync(tmp_path)
    (found,) = check_captures(tmp_path)
    assert found.folder == pulled.folder
    assert (found.wanted, found.held) == ((0, BLOCKS), BLOCKS)
    assert found.missing == found.unreadable == found.gaps == found.faults == ()
    assert [segment.state for segment in found.segments] == ["proved by its hash"] * 2
    json.dumps(found.document(), allow_nan=False)


def test_a_check_lists_what_is_not_here_yet_and_what_came_damaged_every_time(tmp_path: Path) -> None:
    with pytest.raises(BandLostError):
        sync(tmp_path / "torn", FaultPlan(disconnect_before=frozenset({600})))
    (torn,) = check_captures(tmp_path / "torn")
    assert (torn.held, torn.missing, torn.unreadable, torn.faults) == (200, ((200, BLOCKS),), (), ())
    sync(tmp_path / "rotten", FaultPlan(corrupt_blocks=frozenset({50, 51, 90}), corrupt_times=1000))
    (rotten,) = check_captures(tmp_path / "rotten")
    assert (rotten.held, rotten.missing, rotten.unreadable) == (BLOCKS - 3, (), ((50, 52), (90, 91)))
    assert [gap.seconds for gap in rotten.gaps] == pytest.approx([6.4, 3.2], abs=0.01)
    begins = datetime.fromisoformat(rotten.gaps[0].start).timestamp() - START_NS / NS_PER_S
    assert begins == pytest.approx(50 * 80 / 25, abs=0.1)


def test_a_check_finds_any_byte_that_changed_and_any_segment_that_is_gone(tmp_path: Path) -> None:
    pulled = sync(tmp_path)
    (path,) = segments_of(pulled.folder, pulled.journal)
    whole = path.read_bytes()
    for place in range(0, len(whole), len(whole) // 40):
        changed = bytearray(whole)
        changed[place] ^= 1
        path.write_bytes(changed)
        (found,) = check_captures(tmp_path)
        assert found.faults[0].startswith(f"{path.name}: SHA-256 is")
        assert "were held, and no segment has them any more" in found.faults[1]
    path.unlink()
    (found,) = check_captures(tmp_path)
    assert found.faults == (f"blocks 0 to {BLOCKS - 1} were held, and no segment has them any more",)
    assert found.missing == ((0, BLOCKS),)


def test_a_check_tells_a_torn_tail_without_a_hash_from_a_closed_segment(tmp_path: Path) -> None:
    pulled = sync(tmp_path)
    (path,) = segments_of(pulled.folder, pulled.journal)
    path.with_name(path.name + ".json").unlink()
    path.write_bytes(path.read_bytes()[:-100])
    (found,) = check_captures(tmp_path)
    assert "never closed" in found.segments[0].state
    assert "torn off its end" in found.segments[0].state
    assert found.missing
    (pulled.folder / "segment-0009.arrows").write_bytes(b"")
    (pulled.folder / JOURNAL_NAME).write_text("{")
    (found,) = check_captures(tmp_path)
    assert any(fault.startswith("segment-0009.arrows: ") for fault in found.faults)
    assert any(fault.startswith(JOURNAL_NAME) for fault in found.faults)
