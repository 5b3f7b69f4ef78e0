"""Captured packets of an open band, made into a recording; the order of the packets and copies of them don't matter.

A log's times come from the clock anchors of its boot (ticks now, and the host's UTC then); without one, from the
band's own clock; without that, its blocks have no time and are left out, counted. A live stream's times come from
the line below its arrivals, one for each stretch in which the band's counter goes on.
"""

import itertools
import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from device.capture.runs import RATE_TOLERANCE, Frame, Run, join, last_ticks, pace_of, place
from device.capture.segments import Segment
from device.errors import FrameError
from device.profiles.openband import (
    CONTROL_UUID,
    LOG_UUID,
    STREAM_UUID,
    ClockNow,
    LogBlock,
    LogEntry,
    LogPage,
    Notification,
    decode_block,
    decode_notification,
    decode_reply,
    encode_block,
)
from device.profiles.pieces import PieceJoiner
from device.recording import NS_PER_S, BandInfo, Damage, Recording
from device.timebase import LARGEST_DRIFT_PPM, ClockLine, lower_line, unwrap_near
from device.wire.codes import TICKS_HZ

NS_PER_TICK: Final = NS_PER_S / TICKS_HZ
ANCHOR_FIT_S: Final = 3_600.0
"""Two anchors that are each 10 ms wrong give the drift to 6 ppm over an hour; nearer ones would make it worse than
the 50 ppm that it may have, and a log reaches back for days."""
LEFT_OUT: Final = "left out"
LEAST_STEP_NS: Final = NS_PER_S // 10
"""A counter that was set steps by seconds or days; what changes by itself between two connections is their delay."""
LEVEL_FRAMES: Final = 32
"""As many arrivals before and after a hole say what the delay is there at least: a stall holds fewer back."""


@dataclass(frozen=True, slots=True, order=True)
class ClockAnchor:
    """The host's UTC at one moment of the band's counter."""

    boot: int
    ticks: int
    utc_ns: int


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """What the packets of a capture hold, decoded, in the order of arrival."""

    notifications: tuple[tuple[int, Notification], ...]  #: with the UTC of arrival
    blocks: tuple[LogBlock, ...]
    anchors: tuple[ClockAnchor, ...]
    logs: tuple[LogEntry, ...]
    damage: tuple[Damage, ...]


def decode_segments(segments: Iterable[Segment]) -> Found:
    """Return what is in the packets of an open band; exact copies of a packet count once, bad ones are counted."""
    whole = tuple(segments)
    notifications: set[tuple[int, bytes]] = set()
    blocks: list[LogBlock] = []
    anchors: list[ClockAnchor] = []
    logs: list[LogEntry] = []
    bad: dict[str, int] = defaultdict(int)
    bad["captured packet with a bad checksum"] = sum(s.damaged_packets for s in whole)
    for arrived in {tuple(sorted(set(_arrivals(segment)))) for segment in whole}:
        # Pieces of one message come over one connection; the clocks of two segments may have been set in between.
        joiners = {LOG_UUID: PieceJoiner(), CONTROL_UUID: PieceJoiner()}
        for utc_ns, characteristic, payload in arrived:
            message = joiners[characteristic].feed(payload) if characteristic in joiners else payload
            if message is None:
                continue
            try:
                if characteristic == STREAM_UUID:
                    notifications.add((utc_ns, message))
                elif characteristic == LOG_UUID:
                    blocks.append(decode_block(message))
                elif characteristic == CONTROL_UUID:
                    match decode_reply(message).body:
                        case ClockNow(ticks, boot, _):
                            anchors.append(ClockAnchor(boot, ticks, utc_ns))
                        case LogPage(_, _, entries):
                            logs.extend(entries)
            except FrameError:
                bad[_KINDS[characteristic]] += 1
        joiners[LOG_UUID].flush()
        bad["block that came in part"] += joiners[LOG_UUID].broken
    found = _frames(notifications, bad)
    damage = tuple(Damage(what, count, LEFT_OUT) for what, count in sorted(bad.items()) if count)
    return Found(found, tuple(blocks), tuple(anchors), tuple(logs), damage)


def _arrivals(segment: Segment) -> Iterator[tuple[int, str, bytes]]:
    return (
        (segment.head.utc_of(packet.arrival_ns), packet.characteristic, packet.payload) for packet in segment.packets
    )


def _frames(payloads: Iterable[tuple[int, bytes]], bad: dict[str, int]) -> tuple[tuple[int, Notification], ...]:
    found: list[tuple[int, Notification]] = []
    for utc_ns, payload in sorted(payloads):
        try:
            found.append((utc_ns, decode_notification(payload)))
        except FrameError:
            bad[_KINDS[STREAM_UUID]] += 1
    return tuple(found)


_KINDS: Final = {
    STREAM_UUID: "notification that is not a frame",
    LOG_UUID: "block with a bad checksum or shape",
    CONTROL_UUID: "reply that is not one",
}


def assemble_log(
    blocks: Iterable[LogBlock],
    anchors: Sequence[ClockAnchor],
    logs: Sequence[LogEntry] = (),
    *,
    band: BandInfo | None = None,
    zone: str = "UTC",
    damage: Sequence[Damage] = (),
) -> Recording:
    """Return the recording that the blocks hold; ``RecordingError`` if none of them has a time.

    ``logs`` are asked for the band's own clock only where a boot has no anchor. A block that came twice counts
    once; of two different blocks with one name the lesser bytes are taken, so that the order can't matter.
    """
    rows = list(damage)
    named, conflicts = _by_name(blocks)
    if conflicts:
        rows.append(Damage("two different blocks of one name", conflicts, "one of them left out"))
    lines = {boot: _anchor_line([a for a in anchors if a.boot == boot]) for boot in {a.boot for a in anchors}}
    own = {(log.log_id, log.boot): _own_line(log) for log in sorted(logs, key=_log_order) if log.start_unix_s}
    series: dict[tuple[int, int], list[LogBlock]] = defaultdict(list)
    for name in sorted(named):
        series[named[name].boot, named[name].log_id].append(named[name])
    runs: list[Run] = []
    banded = timeless = 0
    for (boot, log_id), members in series.items():
        line = lines.get(boot) or own.get((log_id, boot))
        if line is None:
            timeless += len(members)
            continue
        banded += 0 if boot in lines else len(members)
        runs.append(place(_log_frames(members), line))
    if banded:
        rows.append(Damage("block of an earlier start of the band", banded, "timed by the band's own clock"))
    if timeless:
        rows.append(Damage("block of an earlier start of the band, its clock not set", timeless, LEFT_OUT))
    return join(runs, _with_settings(band, *_first(named)), zone, rows, "blocks")


def assemble_stream(
    arrivals: Iterable[tuple[int, Notification]],
    *,
    band: BandInfo | None = None,
    zone: str = "UTC",
    damage: Sequence[Damage] = (),
) -> Recording:
    """Return the recording that live notifications hold, each with its UTC of arrival in ns."""
    rows = list(damage)
    boots: dict[int, list[tuple[int, Notification]]] = defaultdict(list)
    for utc_ns, notification in sorted(arrivals, key=lambda arrival: arrival[0]):
        boots[notification.boot].append((utc_ns, notification))
    repeated = 0
    stretches: list[list[tuple[int, int, Notification]]] = []
    for members in boots.values():
        found, copies = _stretches(members)
        repeated += copies
        stretches += found
    runs = _runs(stretches)
    if repeated:
        rows.append(Damage("notification that came twice", repeated, LEFT_OUT))
    runs = _in_order(runs)
    first = min(boots.values(), key=lambda members: members[0][0])[0][1] if boots else None
    settings = (first.rate_hz, first.range_g) if first else (0.0, 0)
    return join(runs, _with_settings(band, *settings), zone, rows, "notifications")


def _runs(stretches: Sequence[Sequence[tuple[int, int, Notification]]]) -> list[Run]:
    """Return stretches with their times; one of a single notification goes at the pace of the others."""
    framed = [_stream_frames(stretch) for stretch in stretches]
    paces = [pace for frames in framed if (pace := pace_of(frames)) is not None]
    usual = float(np.median(paces)) if paces else 1.0
    runs = []
    for frames, stretch in zip(framed, stretches, strict=True):
        own = pace_of(frames)
        arrival_ns = np.array([utc for _, utc, _ in stretch], dtype=np.int64)
        # A notification can't leave before its last sample was taken, which is what its arrival tells of.
        ticks = last_ticks(frames, usual if own is None else own)
        runs.append(place(frames, lower_line(ticks, arrival_ns, TICKS_HZ), usual))
    return runs


def _in_order(runs: Sequence[Run]) -> list[Run]:
    """Return runs, given in the order they came, so that each ends before the next begins.

    An arrival is late or on time, so a run that reaches into the next one is timed too late: all of it came in a stall.
    """
    ordered: list[Run] = []
    for run in reversed(runs):
        step_ns = int(run.time_ns[-1] - run.time_ns[-2]) if run.time_ns.size > 1 else 1
        late_ns = int(run.time_ns[-1]) + step_ns - int(ordered[-1].time_ns[0]) if ordered else 0
        ordered.append(replace(run, time_ns=run.time_ns - late_ns) if late_ns > 0 else run)
    return ordered[::-1]


def _by_name(blocks: Iterable[LogBlock]) -> tuple[dict[tuple[int, int], LogBlock], int]:
    named: dict[tuple[int, int], LogBlock] = {}
    conflicts: set[tuple[int, int]] = set()
    for block in blocks:
        known = named.setdefault((block.log_id, block.index), block)
        if known is not block and (encoded := encode_block(block)) != (other := encode_block(known)):
            conflicts.add((block.log_id, block.index))
            named[block.log_id, block.index] = block if encoded < other else known
    return named, len(conflicts)


def _anchor_line(anchors: Sequence[ClockAnchor]) -> ClockLine:
    ticks = np.array([anchor.ticks for anchor in anchors], dtype=np.int64)
    return lower_line(ticks, np.array([anchor.utc_ns for anchor in anchors], dtype=np.int64), TICKS_HZ, ANCHOR_FIT_S)


def _own_line(log: LogEntry) -> ClockLine:
    return ClockLine(log.start_ticks, log.start_unix_s * NS_PER_S, NS_PER_TICK)


def _log_order(log: LogEntry) -> tuple[int, int, int]:
    return log.log_id, log.start_ticks, log.start_unix_s


def _log_frames(blocks: Sequence[LogBlock]) -> list[Frame]:
    ordered = sorted(blocks, key=lambda block: (block.ticks, block.index))
    due = [None, *(block.index + 1 for block in ordered)]
    return [
        Frame(block.ticks, block.rate_hz, block.range_g, block.samples, block.index == expected)
        for block, expected in zip(ordered, due, strict=False)
    ]


def _stretches(
    members: Sequence[tuple[int, Notification]],
) -> tuple[list[list[tuple[int, int, Notification]]], int]:
    """Return (ticks, UTC, notification) rows of each stretch of one boot in which the counter goes on, and the copies.

    The counter was set where it goes back, and where after a hole in the stream its arrivals lie on another level.
    """
    origin_ns, origin = members[0][0], members[0][1].ticks
    expected = np.array([origin + round((utc - origin_ns) / NS_PER_TICK) for utc, _ in members], dtype=np.int64)
    ticks = unwrap_near(np.array([n.ticks for _, n in members], dtype=np.int64), 32, expected).tolist()
    rows: list[tuple[int, int, Notification]] = []
    seen: set[tuple[int, int]] = set()
    for now, (utc_ns, notification) in zip(ticks, members, strict=True):
        if (now, notification.seq) not in seen:
            rows.append((now, utc_ns, notification))
        seen.add((now, notification.seq))
    back = [i for i in range(1, len(rows)) if rows[i][0] <= rows[i - 1][0]]
    edges = [0, *back, len(rows)]
    for start, stop in itertools.pairwise([0, *back, len(rows)]):
        edges += _steps_forward(rows, start, stop)
    stretches = [rows[start:stop] for start, stop in itertools.pairwise(sorted(edges))]
    return stretches, len(members) - len(rows)


def _steps_forward(rows: Sequence[tuple[int, int, Notification]], start: int, stop: int) -> list[int]:
    """Return where in ``[start, stop)``, after a hole, the least delay is another one than before it."""
    delay_ns = np.array([utc - ticks * NS_PER_TICK for ticks, utc, _ in rows[start:stop]])
    found: list[int] = []
    first = 0
    for i in range(1, stop - start):
        (ticks, utc_ns, notification), (last_ticks, last_ns, last) = rows[start + i], rows[start + i - 1]
        lasted = len(last.samples) * TICKS_HZ / last.rate_hz
        if _follows(last, notification) and ticks - last_ticks <= (1 + RATE_TOLERANCE) * lasted:
            continue
        before_ns = delay_ns[max(first, i - LEVEL_FRAMES) : i].min()
        after_ns = delay_ns[i : i + LEVEL_FRAMES].min()
        may_drift_ns = (utc_ns - last_ns) * LARGEST_DRIFT_PPM * 1e-6
        if abs(after_ns - before_ns) > LEAST_STEP_NS + may_drift_ns:
            found.append(start + i)
            first = i
    return found


def _follows(before: Notification, after: Notification) -> bool:
    return after.seq == (before.seq + 1) & 0xFFFF


def _stream_frames(stretch: Sequence[tuple[int, int, Notification]]) -> list[Frame]:
    before = [None, *(notification for _, _, notification in stretch)]
    return [
        Frame(ticks, n.rate_hz, n.range_g, n.samples, last is not None and _follows(last, n))
        for (ticks, _, n), last in zip(stretch, before, strict=False)
    ]


def _first(named: dict[tuple[int, int], LogBlock]) -> tuple[float, int]:
    first = named[min(named)] if named else None
    return (first.rate_hz, first.range_g) if first else (0.0, 0)


def _with_settings(band: BandInfo | None, rate_hz: float, range_g: int) -> BandInfo:
    """Return what is known of the band, with the rate and range of its first frame where they were unknown."""
    known = band or BandInfo()
    return replace(
        known,
        nominal_rate_hz=rate_hz if math.isnan(known.nominal_rate_hz) else known.nominal_rate_hz,
        range_g=float(range_g) if math.isnan(known.range_g) else known.range_g,
    )
