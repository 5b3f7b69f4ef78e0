"""Rounds of a band and a collector with whatever can go wrong between them, drawn from a seed, and what must hold.

The band's side is written down where it leaves the band: each payload that goes on the air, when, on which connection
and by which counter. What the collector made of it is then compared with that, sample by sample and gap by gap.

A live frame has no checksum of its own: on the air the link layer's CRC guards it (Core 5.4, vol 6, part B, 3.1.1). So
live frames are garbled here in what shows it, and stored blocks anywhere.
"""

import asyncio
import contextlib
import multiprocessing
import os
import random
import signal
import struct
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from device.capture.journal import load_journal
from device.capture.segments import read_segment
from device.errors import BandLostError, BandNotFoundError, BandRefusedError
from device.link.collect import LiveCapture, live_recording, record_live
from device.link.connect import Timeouts, connect
from device.link.control import open_control
from device.link.radio import open_adapter, simulated
from device.recording import NS_PER_S, Recording
from device.simulator.band import BandFacts, SimulatedBand
from device.simulator.faults import FaultPlan
from device.simulator.memory import BLOCK_SAMPLES, BandClock, StoredLog, Trace
from device.simulator.patches import PacedLink
from device.simulator.radio import VirtualAir
from device.simulator.virtual_time import run_virtually
from device.sync import log_recording, pull_log
from device.wire.codes import STREAM_UUID, TICKS_HZ

NOW_NS = 1_790_000_000 * NS_PER_S
QUICK = Timeouts(find_s=2.0, connect_s=5.0, call_s=2.0, silence_s=6.0)
HEADER = struct.Struct("<BBHIHBBH")
#: Sample i says its own number, so that none can stand in for another.
COUNT = np.arange(1 << 16)
SAMPLES = np.column_stack([COUNT & 0x7FFF, COUNT >> 8, -(COUNT & 0x7FFF)]).astype(np.int16)


# -- live -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class LiveRound:
    """What goes wrong in one live recording."""

    seed: int
    rate_hz: float
    seconds: float
    plan: FaultPlan
    facts: BandFacts
    first_seq: int
    uptime_s: float  #: of the band when it begins
    rate_error: float
    drift_ppm: float
    interval_s: float


def draw_live(seed: int) -> LiveRound:
    rng = random.Random(seed)
    frames, rate_hz = rng.randint(30, 70), rng.choice([25.0, 50.0, 100.0])
    mtu = rng.choice([247, 247, 185, 65])
    batch = min(38, (mtu - 3 - HEADER.size) // 6)

    def some(chance: float, most: int) -> frozenset[int]:
        count = rng.randint(1, most) if rng.random() < chance else 0
        return frozenset(rng.randrange(frames) for _ in range(count))

    plan = FaultPlan(
        drop=some(0.4, 4),
        duplicate=some(0.4, 4),
        truncate=some(0.3, 3),
        garble=some(0.3, 3),
        disconnect_before=some(0.3, 2),
        stall_before=some(0.4, 3),
        stall_s=rng.choice([0.3, 1.0, 3.0, 5.0, 9.0]),
        reset_counter_at=some(0.2, 2),
        reboot_before=some(0.15, 1),
        battery_ends_at=rng.randrange(10, frames) if rng.random() < 0.1 else None,
        busy_times=rng.choice([0, 0, 0, 2]),
    )
    wraps_in_s = rng.uniform(0, frames * batch / rate_hz) if rng.random() < 0.5 else rng.uniform(600, 100_000)
    return LiveRound(
        seed=seed,
        rate_hz=rate_hz,
        seconds=frames * batch / rate_hz + 3.0,
        plan=plan,
        facts=BandFacts(max_mtu=mtu),
        first_seq=rng.choice([0, 65_536 - rng.randrange(1, frames)]),
        uptime_s=2**32 / TICKS_HZ - wraps_in_s,
        rate_error=rng.uniform(-0.08, 0.08),
        drift_ppm=rng.uniform(-200, 200),
        interval_s=rng.choice([0.0, 0.0, 0.0, 0.03]),
    )


@dataclass(frozen=True)
class Sent:
    """One payload as it left the band."""

    at_s: float
    link: int
    clock: BandClock
    payload: bytes


@dataclass
class Air:
    """What went on the air of the live stream."""

    sent: list[Sent] = field(default_factory=list)

    def tap(self, band: SimulatedBand, link: PacedLink, also: Callable[[Sent], None] = lambda _: None) -> None:
        server, links = band.device.gatt_server, {}
        send = server.notify_subscriber

        async def noted(connection: Any, characteristic: Any, payload: bytes, *rest: Any, **more: Any) -> None:
            if str(characteristic.uuid.to_hex_str("-")).lower() == STREAM_UUID:
                link = links.setdefault(id(connection), (len(links), connection))[0]
                self.sent.append(Sent(asyncio.get_running_loop().time(), link, band.clock, payload))
                also(self.sent[-1])
            await send(connection, characteristic, payload, *rest, **more)

        server.notify_subscriber = noted
        vanish = band.vanish

        async def vanished() -> None:
            """What waits for a connection event when the link breaks never gets over it: the band has sent it, too."""
            waiting = [packet[-1] for packet in link.held]
            while self.sent and any(data.endswith(self.sent[-1].payload) for data in waiting):
                self.sent.pop()
            await vanish()

        band.vanish = vanished  # type: ignore[method-assign]


@contextlib.asynccontextmanager
async def live_band(round_: LiveRound, air_seen: Air, also: Callable[[Sent], None] = lambda _: None) -> Any:
    loop = asyncio.get_running_loop()

    def now_ns() -> int:
        return NOW_NS + round(loop.time() * NS_PER_S)

    clock = BandClock(NOW_NS - round(round_.uptime_s * NS_PER_S), 4, round_.drift_ppm, now_ns)
    trace = Trace(SAMPLES, round_.rate_hz, rate_error=round_.rate_error)
    async with (
        VirtualAir(round_.interval_s) as air,
        SimulatedBand(
            air, clock, live=trace, facts=round_.facts, faults=round_.plan, first_seq=round_.first_seq
        ) as band,
        open_adapter(simulated(air.backends)) as adapter,
    ):
        air_seen.tap(band, air.link, also)
        yield adapter, now_ns


def run_live(round_: LiveRound, folder: Path) -> tuple[LiveCapture, Air, FaultPlan]:
    capture, air = LiveCapture(folder), Air()

    async def test() -> None:
        async with live_band(round_, air) as (adapter, now_ns):
            await record_live(
                adapter, capture, seconds=round_.seconds, rate_hz=round_.rate_hz, timeouts=QUICK,
                clock_ns=now_ns, utc_ns=now_ns, rng=random.Random(round_.seed),
            )  # fmt: skip

    try:
        run_virtually(test())
    except (BandLostError, BandNotFoundError):
        assert round_.plan.battery_ends_at is not None, "only a flat battery ends a recording early"
    except BandRefusedError:
        assert round_.plan.busy_times, "only a busy band refuses"
    return capture, air, round_.plan


@dataclass(frozen=True)
class Frame:
    """A whole frame as it left the band, with what only the band knows."""

    sent: Sent
    seq: int
    boot: int
    samples: NDArray[np.int16]
    taken_ns: int  #: of the first sample

    @classmethod
    def of(cls, sent: Sent) -> "Frame | None":
        if len(sent.payload) < HEADER.size:
            return None
        version, count, seq, ticks, _, _, _, boot = HEADER.unpack_from(sent.payload)
        if version != 1 or len(sent.payload) != HEADER.size + 6 * count:
            return None
        clock, now_ns = sent.clock, NOW_NS + round(sent.at_s * NS_PER_S)
        whole = ticks + ((clock.ticks_at(now_ns) - ticks) >> 32 << 32)
        taken_ns = clock.boot_ns + round(whole * NS_PER_S / TICKS_HZ / (1 + clock.drift_ppm * 1e-6))
        samples = np.frombuffer(sent.payload, "<i2", offset=HEADER.size).reshape(-1, 3)
        return cls(sent, seq, boot, samples, taken_ns)


def judge_live(round_: LiveRound, recording: Recording, sent: list[Sent]) -> None:
    """Assert that a recording is what left the band: nothing lost, nothing twice, in order, each gap and its length."""
    frames: list[Frame] = []
    bad = copies = 0
    for one in sent:
        frame = Frame.of(one)
        if frame is None:
            bad += 1
        elif frames and (frames[-1].seq, frames[-1].sent.link) == (frame.seq, one.link):
            copies += 1
        else:
            frames.append(frame)
    raw = np.concatenate([frame.samples for frame in frames])
    got = np.rint(recording.accel_g * 4096).astype(np.int16)
    assert len(got) == len(raw), f"{len(raw) - len(got)} samples lost of {len(raw)}"
    assert np.array_equal(got, raw), "another order"
    starts = np.cumsum([0, *(len(frame.samples) for frame in frames)])
    begins = [int(starts[i + 1]) for i, (a, b) in enumerate(pairwise(frames)) if not _continues(round_, a, b)]
    assert [segment.start for segment in recording.segments] == [0, *begins], "gaps that are not those that were made"
    per_s = round_.rate_hz * (1 + round_.rate_error)
    times = np.concatenate([f.taken_ns + np.arange(len(f.samples)) * (NS_PER_S / per_s) for f in frames])
    late_ns = recording.time_ns - times
    least_ns = _least_late(round_, frames)
    assert late_ns.min() > -0.16e9, f"{late_ns.min() / 1e6} ms early"
    assert (late_ns <= np.repeat(least_ns, np.diff(starts)) + 0.06e9).all(), f"{late_ns.max() / 1e6} ms late"
    damage = Counter({row.what: row.count for row in recording.damage})
    assert damage["notification that is not a frame"] == bad
    assert damage["notification that came twice"] == copies
    assert damage["samples whose time goes back"] == 0


def _continues(round_: LiveRound, a: Frame, b: Frame) -> bool:
    """Whether nothing is missing between two frames and the counter went on."""
    due_ns = a.taken_ns + len(a.samples) * NS_PER_S / (round_.rate_hz * (1 + round_.rate_error))
    same = (a.sent.link, a.boot, a.sent.clock.boot_ns) == (b.sent.link, b.boot, b.sent.clock.boot_ns)
    return same and b.seq == (a.seq + 1) % 65_536 and abs(b.taken_ns - due_ns) < 1e6


def _least_late(round_: LiveRound, frames: list[Frame]) -> NDArray[np.float64]:
    """For each frame: how late the least late one was of those that came with it, without a gap between them."""
    gap_free, late_ns = [0], []
    for i, frame in enumerate(frames):
        last_ns = frame.taken_ns + (len(frame.samples) - 1) * NS_PER_S / (round_.rate_hz * (1 + round_.rate_error))
        late_ns.append(NOW_NS + round(frame.sent.at_s * NS_PER_S) - last_ns)
        if i and not _continues(round_, frames[i - 1], frame):
            gap_free.append(i)
    lengths = np.diff([*gap_free, len(frames)])
    return np.repeat(np.minimum.reduceat(np.array(late_ns), gap_free), lengths)


def live_round(seed: int, folder: Path) -> Counter[str]:
    """Run and judge one; what happened in it."""
    round_ = draw_live(seed)
    capture, air, plan = run_live(round_, folder)
    assert capture.overflowed == 0
    if not any(Frame.of(one) for one in air.sent):
        return Counter({"nothing came": 1})
    judge_live(round_, live_recording(capture, folder / "live.parquet"), air.sent)
    return Counter(
        {
            "frames": len(air.sent),
            "links lost": capture.losses,
            "links": len(capture.segments),
            "drops": len(plan.drop),
            "copies": len(plan.duplicate),
            "resets": len(plan.reset_counter_at),
            "restarts": len(plan.reboot_before),
            "flat batteries": plan.battery_ends_at is not None,
        }
    )


# -- stored logs ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class LogRound:
    """What goes wrong while a log is fetched."""

    seed: int
    blocks: int
    samples: int
    plan: FaultPlan
    facts: BandFacts
    drift_ppm: float
    rate_error: float
    uptime_s: float


def draw_log(seed: int) -> LogRound:
    rng = random.Random(seed)
    blocks = rng.randint(20, 60)
    mtu = rng.choice([517, 247, 247, 185])
    pieces = blocks * {517: 1, 247: 3, 185: 3}[mtu]

    def some(chance: float, most: int, below: int = pieces) -> frozenset[int]:
        count = rng.randint(1, most) if rng.random() < chance else 0
        return frozenset(rng.randrange(below) for _ in range(count))

    plan = FaultPlan(
        drop=some(0.4, 4),
        duplicate=some(0.4, 4),
        truncate=some(0.3, 3),
        garble=some(0.3, 3),
        disconnect_before=some(0.5, 3),
        stall_before=some(0.3, 2),
        stall_s=rng.choice([1.0, 5.0, 9.0]),
        corrupt_blocks=some(0.4, 3, blocks),
        corrupt_times=rng.choice([1, 1, 2, 1000]),
        reboot_before=some(0.15, 1),
        erase_before=((rng.randrange(pieces), rng.randrange(blocks)),) if rng.random() < 0.25 else (),
        busy_times=rng.choice([0, 0, 2]),
    )
    samples = blocks * BLOCK_SAMPLES - rng.randrange(BLOCK_SAMPLES)
    drift_ppm, rate_error = rng.uniform(-200, 200), rng.uniform(-0.08, 0.08)
    return LogRound(seed, blocks, samples, plan, BandFacts(max_mtu=mtu), drift_ppm, rate_error, rng.uniform(1e4, 3e5))


@contextlib.asynccontextmanager
async def log_band(round_: LogRound, plan: FaultPlan | None = None) -> Any:
    loop = asyncio.get_running_loop()

    def now_ns() -> int:
        return NOW_NS + round(loop.time() * NS_PER_S)

    clock = BandClock(NOW_NS - round(round_.uptime_s * NS_PER_S), 4, round_.drift_ppm, now_ns)
    began_ns = NOW_NS - 5000 * NS_PER_S
    trace = Trace(SAMPLES[: round_.samples], 25.0, rate_error=round_.rate_error)
    log = StoredLog(7, trace, clock.ticks_at(began_ns), began_ns // NS_PER_S, 4)
    async with (
        VirtualAir() as air,
        SimulatedBand(air, clock, logs=(log,), faults=plan or round_.plan, facts=round_.facts) as band,
        open_adapter(simulated(air.backends)) as adapter,
    ):
        yield adapter, now_ns, band


async def sync_once(adapter: Any, now_ns: Callable[[], int], folder: Path, seed: int) -> Path | None:
    """One `selfback sync`; the capture folder, or None where the band was lost on the way."""
    try:
        async with connect(adapter, timeouts=QUICK, rng=random.Random(seed), clock_ns=now_ns) as link:
            control = await open_control(link)
            (entry,) = await control.logs()
            pulled = await pull_log(link, control, entry, folder, utc_ns=now_ns, rng=random.Random(seed))
            return pulled.folder
    except (BandLostError, BandRefusedError):
        return None


def log_round(seed: int, folder: Path) -> Counter[str]:
    """Sync until two in a row have brought the same; nothing that the band still holds may be missing then."""
    round_ = draw_log(seed)

    async def test() -> tuple[Path, int, int]:
        async with log_band(round_) as (adapter, now_ns, band):
            whole = 0
            for turn in range(1, 31):
                found = await sync_once(adapter, now_ns, folder, seed + turn)
                whole = whole + 1 if found else 0
                if found and whole == 3:
                    return found, turn, band.logs[7].first_index
        raise AssertionError("30 syncs and not done")

    found, turns, first = run_virtually(test())
    rotten = round_.plan.corrupt_blocks if round_.plan.corrupt_times > 30 else frozenset()
    judge_log(round_, found, first, rotten)
    return Counter(
        {
            "blocks": round_.blocks,
            "syncs": turns,
            "links lost": turns - 3,
            "blocks erased meanwhile": first,
            "blocks rotten": len(rotten),
            "restarts": len(round_.plan.reboot_before),
        }
    )


def judge_log(round_: LogRound, folder: Path, first: int = 0, rotten: frozenset[int] = frozenset()) -> None:
    """Assert that a recording is what the band stored, but for what it erased or what has rotted, named as gaps."""
    journal = load_journal(folder)
    assert journal is not None
    held = [index for part in journal.held for index in range(*part)]
    unreadable = {index for part in journal.unreadable for index in range(*part)}
    missing = set(range(round_.blocks)) - set(held)
    assert missing == unreadable or not held
    assert missing <= set(range(first)) | rotten, "a block that the band holds is missing"
    assert rotten & set(range(first, round_.blocks)) <= missing, "a block that can't be right was taken for one"
    if not held:
        return
    recording = log_recording(folder, folder / "recording.parquet")
    size = [min(BLOCK_SAMPLES, round_.samples - index * BLOCK_SAMPLES) for index in range(round_.blocks)]
    numbers = np.concatenate([index * BLOCK_SAMPLES + np.arange(size[index]) for index in sorted(held)])
    assert np.array_equal(np.rint(recording.accel_g * 4096).astype(np.int16), SAMPLES[numbers])
    begins = np.flatnonzero(np.diff(numbers) > 1) + 1
    assert [segment.start for segment in recording.segments] == [0, *begins.tolist()], "other gaps than were made"
    true_rate_hz = 25.0 * (1 + round_.rate_error)
    slow = 1 + round_.drift_ppm * 1e-6
    ages_s = 5000 - numbers / true_rate_hz / slow
    expected_ns = NOW_NS - ages_s * NS_PER_S
    late_ns = recording.time_ns - expected_ns
    # The band's own clock counts whole seconds; what it drifts over an hour and a half is known only from two anchors.
    assert np.abs(late_ns).max() < 2.1e9
    assert np.abs(late_ns - late_ns[0]).max() < 0.05e9


# -- hosts that are killed ------------------------------------------------------------------------------------------


def _pull_in_child(seed: int, folder: str) -> None:
    round_ = draw_log(seed)

    async def test() -> None:
        async with log_band(round_, FaultPlan()) as (adapter, now_ns, _):
            await sync_once(adapter, now_ns, Path(folder), seed)

    run_virtually(test())


def _record_in_child(seed: int, folder: str, truth: str) -> None:
    round_ = draw_live(seed)
    file = os.open(truth, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def keep(sent: Sent) -> None:
        clock = sent.clock
        os.write(file, struct.pack("<dIqHdI", sent.at_s, sent.link, clock.boot_ns, clock.boot, clock.drift_ppm,
                                   len(sent.payload)) + sent.payload)  # fmt: skip

    async def test() -> None:
        async with live_band(round_, Air(), keep) as (adapter, now_ns):
            await record_live(
                adapter, LiveCapture(Path(folder)), seconds=round_.seconds, rate_hz=round_.rate_hz, timeouts=QUICK,
                clock_ns=now_ns, utc_ns=now_ns, rng=random.Random(seed),
            )  # fmt: skip

    with contextlib.suppress(BandLostError, BandNotFoundError, BandRefusedError):
        run_virtually(test())


def _read_truth(path: Path) -> Iterator[Sent]:
    data, at, head = path.read_bytes() if path.exists() else b"", 0, struct.Struct("<dIqHdI")
    while at + head.size <= len(data):
        at_s, link, boot_ns, boot, drift_ppm, size = head.unpack_from(data, at)
        at += head.size + size
        if at <= len(data):
            yield Sent(at_s, link, BandClock(boot_ns, boot, drift_ppm), data[at - size : at])


def killed(work: Callable[..., None], arguments: tuple[Any, ...], after_s: float) -> bool:
    """Run work in a process of its own and kill it after a while; whether it was still at work."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["fault_campaign"])
    child = context.Process(target=work, args=arguments)
    child.start()
    child.join(after_s)
    alive = child.is_alive()
    if alive and child.pid:
        os.kill(child.pid, signal.SIGKILL)
    child.join()
    assert alive or child.exitcode == 0
    return child.exitcode == -signal.SIGKILL


def killed_pull_round(seed: int, folder: Path) -> Counter[str]:
    """Kill hosts while they fetch a log, then let one finish; whatever was on the disk, the whole log must be there."""
    rng, kills = random.Random(seed), 0
    for _ in range(2):
        kills += killed(_pull_in_child, (seed, str(folder)), rng.uniform(0.02, 0.35))
    _pull_in_child(seed, str(folder))
    (capture,) = folder.iterdir()
    judge_log(draw_log(seed), capture)
    return Counter({"hosts killed": kills, "blocks": draw_log(seed).blocks})


def killed_live_round(seed: int, folder: Path) -> Counter[str]:
    """Kill a host while it records; what is on the disk is what came, but for the last two seconds before the kill."""
    round_, truth = draw_live(seed), folder / "truth"
    kills = killed(_record_in_child, (seed, str(folder / "live"), str(truth)), random.Random(seed).uniform(0.05, 0.35))
    sent = list(_read_truth(truth))
    capture = LiveCapture(folder / "live", segments=sorted((folder / "live").glob("*.arrows")))
    kept = sum(len(read_segment(path).packets) for path in capture.segments)
    assert len(sent) >= kept
    lost = sent[kept:]
    assert not lost or not kills or lost[0].at_s > sent[-1].at_s - 2.0, "what had been there for two seconds is lost"
    if kept and any(Frame.of(one) for one in sent[:kept]):
        judge_live(round_, live_recording(capture, folder / "live.parquet"), sent[:kept])
    return Counter({"hosts killed": kills, "frames": kept})


def campaign_round(number: int, folder: Path) -> Counter[str]:
    """Run and judge round ``number``: of eight, four record live, three fetch a log, one has its hosts killed."""
    folder.mkdir()
    if number % 16 == 7:
        return killed_live_round(number, folder)
    if number % 16 == 15:
        return killed_pull_round(number, folder)
    return live_round(number, folder) if number % 2 == 0 else log_round(number, folder)
