"""A small whole file of each format that is read, for what every reader promises and for the mutation campaign.

A new row of READERS fails the tests until it has a sample here: ``SAMPLES[name]``.
"""

import json
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import cwa_writer
import geneactiv_writer
import gt3x_writer
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from device.capture.journal import Anchor, Journal
from device.capture.parquet import write_recording
from device.capture.segments import Packet, SegmentHead, SegmentWriter
from device.profiles.openband import (
    LOG_UUID,
    STREAM_UUID,
    LogBlock,
    LogEntry,
    Notification,
    encode_block,
    encode_notification,
)
from device.recording import NS_PER_S, BandInfo, Damage, Recording, Segment

MS = 1_000_000
START_NS = int(datetime(2026, 6, 15, 8, tzinfo=UTC).timestamp()) * NS_PER_S
N = 400
HZ = 32_768  # of a band's counter


@dataclass(frozen=True)
class Sample:
    """A whole recording as files: the one that is opened, and those that lie beside it."""

    name: str
    content: bytes
    samples: int
    beside: dict[str, bytes] = field(default_factory=dict)

    def write(self, folder: Path, name: str = "") -> Path:
        """Write all of it into a folder and return the path to open."""
        for other, content in self.beside.items():
            (folder / other).write_bytes(content)
        path = folder / (name or self.name)
        path.write_bytes(self.content)
        return path


def waves(n: int = N) -> np.ndarray:
    """Acceleration of an arm that swings, in steps that every format holds exactly."""
    phase = np.arange(n)[:, None] / np.array([25.0, 50.0, 100.0]) * 2 * np.pi
    return (np.rint((np.sin(phase) * 0.5 + [0, 0, 1]) * 256) / 256).astype(np.float32)


def table(n: int = N, **more: pa.Array) -> pa.Table:
    """A table as the contract says it."""
    time = pa.array(START_NS + np.arange(n) * 10 * MS).cast(pa.timestamp("ns", "UTC"))
    axes = {axis: pa.array(np.ascontiguousarray(waves(n)[:, k])) for k, axis in enumerate("xyz")}
    return pa.table({"time": time, **axes} | more)


def parquet_bytes(content: pa.Table, **how: object) -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(content, sink, write_page_checksum=True, **how)
    return sink.getvalue().to_pybytes()


def csv_text(n: int = N) -> str:
    rows = (f"{START_NS + k * 10 * MS},{x},{y},{z}" for k, (x, y, z) in enumerate(waves(n).tolist()))
    return "\n".join(["time,x,y,z", *rows]) + "\n"


def stamp(k: int, step_ms: int = 10, separator: str = " ") -> str:
    when = np.datetime64(START_NS // MS + k * step_ms, "ms")
    return str(when).replace("T", separator)


def exported(line: Callable[[int, float, float, float], str], head: str = "", n: int = N) -> bytes:
    """A table of text: ``head``, then a line a sample."""
    return (head + "".join(line(k, *row) + "\n" for k, row in enumerate(waves(n).tolist()))).encode()


def actilife_head(names: str = "Accelerometer X,Accelerometer Y,Accelerometer Z\n", rate: str = "at 100 Hz ") -> str:
    return (
        f"------------ Data File Created By ActiGraph GT3X+ ActiLife v6.13.3 Firmware v2.5.0 date format M/d/yyyy "
        f"{rate} Filter Normal -----------\n"
        "Serial Number: NEO1C15110104\nStart Time 08:00:00\nStart Date 6/15/2026\nEpoch Period (hh:mm:ss) 00:00:00\n"
        "Download Time 13:42:09\nDownload Date 6/22/2026\nCurrent Memory Address: 0\n"
        "Current Battery Voltage: 4.22     Mode = 12\n--------------------------------------------------\n" + names
    )


def _plain(k: int, x: float, y: float, z: float) -> str:
    return f"{stamp(k)},{x},{y},{z}"


def _american(k: int) -> str:
    return f"6/15/2026 {stamp(k).split(' ')[1]}"


#: The tables that makers export, with the recording of `csv_text` in them; their clocks are the zone's.
EXPORTS = {
    "stepcount": exported(_plain, "time,x,y,z\n"),
    "actipy-zone": exported(
        lambda k, x, y, z: f"{stamp(k)}+0000 [Europe/London],{x},{y},{z}", "time,x,y,z\n"
    ),
    "omgui-formatted": exported(_plain),
    "omgui-unix": exported(lambda k, x, y, z: f"{START_NS // NS_PER_S + k // 100}.{k % 100:02}00,{x},{y},{z}"),
    "omgui-gyroscope": exported(lambda k, x, y, z: f"{_plain(k, x, y, z)},1.5,-2.25,0.125"),
    "omgui-names": exported(_plain, "Time,Accel-X (g), Accel-Y (g), Accel-Z (g)\n"),
    "actilife": exported(lambda k, x, y, z: f"{x},{y},{z}", actilife_head()),
    "actilife-no-names": exported(lambda k, x, y, z: f"{x},{y},{z}", actilife_head("")),
    "actilife-stamps": exported(
        lambda k, x, y, z: f"{_american(k)},{x},{y},{z}",
        actilife_head("Timestamp,Accelerometer X,Accelerometer Y,Accelerometer Z\n"),
    ),
    "semicolon-comma": exported(
        lambda k, x, y, z: f"{stamp(k)};{x};{y};{z}".replace(".", ",").replace(",", ".", 1), "time;x;y;z\n"
    ),
}  # fmt: skip


def _band_notifications() -> list[tuple[int, bytes]]:
    samples = np.rint(waves() * 4096).astype(np.int16)
    found = []
    for k in range(N // 10):
        ticks = round(k * 10 * HZ / 50)
        frame = Notification(k, ticks, 50.0, 8, samples[10 * k : 10 * k + 10], 0, 1)
        found.append((ticks * NS_PER_S // HZ + 5 * MS, encode_notification(frame)))
    return found


def _segment_files(characteristic: str, packets: list[tuple[int, bytes]], *, closed: bool = True) -> dict[str, bytes]:
    head = SegmentHead(START_NS, 0, (characteristic,), band=BandInfo("Openband", "OB1", "0042"))
    ticks = iter(range(0, 10**18, 10**9))
    with tempfile.TemporaryDirectory() as name:
        writer = SegmentWriter(Path(name) / "segment-0001.arrows", head, lambda: next(ticks))
        writer.write(Packet(at, characteristic, payload) for at, payload in packets)
        writer.close()
        return {
            path.name: path.read_bytes() for path in Path(name).iterdir() if closed or path.suffix == ".arrows"
        }  # fmt: skip


def _log_files() -> dict[str, bytes]:
    samples = np.rint(waves() * 4096).astype(np.int16)
    blocks = [
        LogBlock(7, k, 1_000 + round(k * 80 * HZ / 25), 25.0, 8, samples[80 * k : 80 * k + 80], 0, 3)
        for k in range(N // 80)
    ]
    entry = LogEntry(7, 0, len(blocks), 1_000, START_NS // NS_PER_S, 25.0, 8, boot=3)
    journal = Journal.of("band", "00:11", BandInfo("Openband", "OB1", "0042"), entry, "Europe/Oslo")
    files = _segment_files(LOG_UUID, [(k + 1, encode_block(block)) for k, block in enumerate(blocks)])
    values = asdict(journal) | {
        "anchors": [asdict(Anchor(START_NS, 1_000, 1_000))], "segments": ["segment-0001.arrows"],
        "wanted": [0, len(blocks)], "held": [[0, len(blocks)]],
    }  # fmt: skip

    return files | {"journal.json": json.dumps(values).encode()}


def own_recording() -> Recording:
    """A recording with all that our own Parquet keeps: a gap, a zone, a band, damage."""
    time_ns = START_NS + np.arange(N) * 10 * MS
    time_ns[N // 2 :] += 5 * NS_PER_S
    segments = (Segment(0, N // 2), Segment(N // 2, N))
    band = BandInfo("Openband", "OB1", "0042", "1.0", "left wrist", 8.0, 100.0)
    damage = (Damage("sample without a finite value", 1, "kept as missing", "row 4"),)
    accel_g = waves()
    accel_g[3] = np.nan
    return Recording(accel_g, time_ns, segments, band, "Europe/Oslo", damage)


def own_parquet() -> bytes:
    with tempfile.TemporaryDirectory() as name:
        write_recording(own_recording(), Path(name) / "r.parquet")
        return (Path(name) / "r.parquet").read_bytes()


def cwa_bytes(n: int = 480, layout: int = cwa_writer.PACKED) -> bytes:
    return cwa_writer.header() + cwa_writer.sectors(waves(n), layout=layout).tobytes()


def gt3x_bytes(kind: int = gt3x_writer.PACKED) -> bytes:
    return gt3x_writer.content(b"".join(gt3x_writer.seconds(waves(480), kind=kind)))


def geneactiv_bytes(newline: str = "\r\n") -> bytes:
    raw = geneactiv_writer.raw_of(waves(600))
    return geneactiv_writer.header(newline) + b"".join(geneactiv_writer.pages(raw, newline=newline))


_LOG = _log_files()
_LIVE = _segment_files(STREAM_UUID, _band_notifications(), closed=False)
SAMPLES: dict[str, Sample] = {
    "axivity": Sample("a.cwa", cwa_bytes(), 480),
    "actigraph": Sample("a.gt3x", gt3x_bytes(), 480),
    "geneactiv": Sample("a.bin", geneactiv_bytes(), 600),
    "parquet": Sample("a.parquet", parquet_bytes(table(), row_group_size=150), N),
    "csv": Sample("a.csv", csv_text().encode(), N),
    "log": Sample("journal.json", _LOG.pop("journal.json"), N, _LOG),
    "capture": Sample("segment-0001.arrows", _LIVE["segment-0001.arrows"], N),
}
#: Other whole files of a format, by the name of its row.
MORE: dict[str, list[Sample]] = {
    "axivity": [Sample("words.cwa", cwa_bytes(layout=cwa_writer.WORDS), 480)],
    "actigraph": [Sample("words.gt3x", gt3x_bytes(gt3x_writer.WORDS), 480)],
    "geneactiv": [Sample("lines.bin", geneactiv_bytes("\n"), 600)],
    "parquet": [Sample("ours.parquet", own_parquet(), N)],
    "csv": [Sample(f"{name}.csv", content, N) for name, content in EXPORTS.items()],
}
