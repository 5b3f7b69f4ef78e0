"""What every reader promises, and what the real files say."""

import shutil
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from reader_samples import EXPORTS, SAMPLES, actilife_head

from device.capture.parquet import write_recording
from device.errors import (
    ColumnError,
    CountsError,
    ReadError,
    UnknownFormatError,
)
from device.readers.clock import text_of
from device.readers.runs import believed_from
from device.readers.table import SUFFIXES, read_recording, read_recordings
from device.recording import NS_PER_S

MS = 1_000_000
START_NS = int(datetime(2026, 6, 15, 8, tzinfo=UTC).timestamp()) * NS_PER_S
N = 400


def sector(number: int, at_s: int, rate_code: int = 0x4A, layout: int = 0x30, count: int = 120) -> bytes:
    """One Axivity sector by the format's description, of a band that lies flat."""
    when = datetime.fromtimestamp(START_NS // NS_PER_S + at_s, UTC)
    stamp = (when.year - 2000) << 26 | when.month << 22 | when.day << 17
    stamp |= when.hour << 12 | when.minute << 6 | when.second
    if layout == 0x30:
        data = np.full(120, 256 << 20, dtype="<u4").tobytes()
    else:
        axes = layout >> 4
        data = np.tile(np.array([0] * (axes - 1) + [2048], dtype="<i2"), 240 // axes).tobytes()
    head = b"AX" + (508).to_bytes(2, "little") + bytes(6) + number.to_bytes(4, "little") + stamp.to_bytes(4, "little")
    head += (3 << 13).to_bytes(2, "little") + bytes(4) + bytes([rate_code, layout]) + bytes(2)
    body = head + count.to_bytes(2, "little") + data.ljust(480, b"\0")
    total = int(np.frombuffer(body, "<u2").sum(dtype=np.uint64))
    return body + ((-total) & 0xFFFF).to_bytes(2, "little")


def cwa_header(annotation: bytes = b"_p=left+wrist") -> bytes:
    head = b"MD" + (1020).to_bytes(2, "little") + bytes([0x17]) + (4711).to_bytes(2, "little")
    return (head.ljust(64, b"\0") + annotation).ljust(1024, b"\xff")


def cwa_bytes(sectors: int = 4) -> bytes:
    # 120 samples at 100 Hz are 1.2 s; whole-second stamps of 1, 1, 1 ... lie within half of it.
    return cwa_header() + b"".join(sector(k, round(k * 1.2)) for k in range(sectors))


def columns(n: int = N) -> dict[str, pa.Array]:
    time = pa.array(START_NS + np.arange(n) * 10 * MS).cast(pa.timestamp("ns", "UTC"))
    axes = {axis: pa.array(np.full(n, value, dtype=np.float32)) for axis, value in zip("xyz", (0, 0, 1), strict=True)}
    return {"time": time, **axes}


def parquet_bytes(table: pa.Table | None = None) -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(table if table is not None else pa.table(columns()), sink, write_page_checksum=True)
    return sink.getvalue().to_pybytes()


def csv_text(n: int = N) -> str:
    rows = (f"{START_NS + k * 10 * MS},0,0.5,{1 + k / 1024}" for k in range(n))
    return "\n".join(["time,x,y,z", *rows]) + "\n"


def written(folder: Path, content: bytes, name: str) -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def outcome(path: Path) -> str:
    """Read a file to its end; anything but a recording or a typed fault is a failure of the reader."""
    try:
        samples = sum(recording.n_samples for _, recording in read_recordings(path))
    except ReadError as fault:
        return fault.code
    assert samples > 0
    return "read"


def test_an_unknown_kind_of_file_is_told_what_is_known(tmp_path):
    with pytest.raises(UnknownFormatError) as caught:
        read_recording(written(tmp_path, b"\x89PNG", "watch.png"))
    assert all(suffix.removesuffix(".gz") in caught.value.expected for suffix in SUFFIXES)


def test_a_file_is_known_by_its_first_bytes_whatever_its_name(tmp_path):
    assert read_recording(written(tmp_path, cwa_bytes(), "data.bin")).band.model == "AX3"


def test_an_unknown_zone_is_a_typed_fault(tmp_path):
    with pytest.raises(ReadError, match="no time zone"):
        read_recording(written(tmp_path, cwa_bytes(), "a.cwa"), "Europe/Atlantis")


# Axivity


@pytest.mark.parametrize(("layout", "count"), [(0x30, 120), (0x32, 80), (0x62, 40), (0x92, 26)])
def test_every_layout_gives_gravity_on_the_last_axis(layout, count, tmp_path):
    content = cwa_header() + sector(0, 0, layout=layout, count=count)
    recording = read_recording(written(tmp_path, content, "a.cwa"))
    last = [0, 0, 1] if layout != 0x92 else [0, 0, 0]  # of nine axes the accelerometer's are the middle three
    assert recording.accel_g.tolist() == [last] * count


def test_the_header_says_which_band_it_was(tmp_path):
    band = read_recording(written(tmp_path, cwa_bytes(), "a.cwa")).band
    assert (band.maker, band.model, band.serial, band.placement) == ("Axivity", "AX3", "4711", "left wrist")
    assert (band.range_g, band.nominal_rate_hz) == (8.0, 100.0)


def test_a_damaged_header_costs_its_facts_and_no_sample(tmp_path):
    recording = read_recording(written(tmp_path, bytes(1024) + cwa_bytes()[1024:], "a.cwa"))
    assert recording.n_samples == 480
    assert recording.band.serial == ""
    assert "header" in recording.damage[0].what


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sets(st.integers(0, 9), max_size=9))
def test_each_damaged_sector_is_left_out_and_counted(tmp_path, broken):
    content = bytearray(cwa_bytes(10))
    for k in broken:
        content[1024 + 512 * k + 100] ^= 1
    recording = read_recording(written(tmp_path, bytes(content), "a.cwa"))
    assert recording.n_samples == 120 * (10 - len(broken))
    assert sum(d.count for d in recording.damage) == len(broken)


def test_a_clock_that_jumps_ahead_for_a_sector_does_not_cost_the_rest(tmp_path):
    sectors = [sector(k, round(k * 1.2)) for k in range(12)]
    sectors[5] = sector(5, 90_000)
    recording = read_recording(written(tmp_path, cwa_header() + b"".join(sectors), "a.cwa"))
    assert recording.n_samples == 11 * 120
    jumped, lost = recording.damage
    assert (jumped.what, jumped.count, jumped.first_at) == (
        "clock that jumps between sectors that follow each other", 2, "sectors 5, 6",
    )  # fmt: skip
    assert (lost.what, lost.count) == ("sample whose time goes back", 120)


def test_the_clock_of_the_band_is_read_in_the_wearers_zone(tmp_path):
    path = written(tmp_path, cwa_bytes(), "a.cwa")
    late = read_recording(path).time_ns - read_recording(path, "Europe/Oslo").time_ns
    assert set(late.tolist()) == {2 * 3600 * NS_PER_S}


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(1, 5), st.integers(-50, 50)), min_size=1, max_size=12))
def test_what_is_kept_of_contradicting_runs_always_moves_on(shape):
    run = np.arange(len(shape), dtype=np.int32)
    count, start_ns = (np.array(column) for column in zip(*shape, strict=True))
    first = believed_from(start_ns, np.ones(run.size), count, run)
    time_ns = np.concatenate([start + np.arange(n) for n, start in shape])
    kept = np.concatenate([np.arange(n) >= since for n, since in zip(count, first, strict=True)])
    run = np.repeat(run, count)
    assert np.all(np.diff(time_ns[kept]) > 0)
    assert set(time_ns[run == np.argmax([n for n, _ in shape])].tolist()) <= set(time_ns[kept].tolist())


#: What the provenance list of the recordings says of each file: model, range, rate, samples, first day.
AXIVITY_FACTS = [
    ("ax3_testfile.cwa", "AX3", 8, 100, 17_400, "2019-02-26"),
    ("ax3_testfile_corrupt_blocks_0_13_14_142_143_144.cwa", "AX3", 8, 100, 16_680, "2019-02-26"),
    ("ax6_testfile.cwa", "AX6", 16, 100, 11_320, "2019-12-23"),
    ("skdh_ax3_sample_200hz.cwa", "AX3", 8, 200, 58_800, "2020-02-12"),
    ("skdh_ax6_sample.cwa", "AX6", 16, 100, 10_360, "2019-10-29"),
    ("paradigma_ax6_test_data.cwa", "AX6", 8, 100, 36_400, "2025-11-17"),
    ("openmovement_example-610-steps.cwa", "AX3", 8, 100, 71_400, "2012-03-27"),
]


@pytest.mark.data
@pytest.mark.parametrize("facts", AXIVITY_FACTS, ids=lambda facts: facts[0])
def test_a_real_axivity_file_holds_what_is_known_of_it(facts, recordings_dir):
    name, model, range_g, rate_hz, samples, day = facts
    recording = read_recording(recordings_dir / "device-files" / "axivity-cwa" / name)
    band = recording.band
    assert (band.model, band.range_g, band.nominal_rate_hz) == (model, range_g, rate_hz)
    assert recording.n_samples == samples
    assert str(recording.time_ns[0].astype("datetime64[ns]"))[:10] == day
    assert recording.rate_hz == pytest.approx(rate_hz, rel=0.03)
    assert 0.9 < np.median(np.linalg.norm(recording.accel_g, axis=1)) < 1.1


@pytest.mark.data
def test_the_real_damaged_file_loses_six_sectors_and_nothing_else(recordings_dir):
    folder = recordings_dir / "device-files" / "axivity-cwa"
    whole = read_recording(folder / "ax3_testfile.cwa")
    broken = read_recording(folder / "ax3_testfile_corrupt_blocks_0_13_14_142_143_144.cwa")
    (damage,) = broken.damage
    assert (damage.what, damage.count) == ("sector with a bad checksum", 6)
    assert damage.first_at == "sectors 0, 13, 14, 142, 143, 144 (byte 1,024)"
    kept = np.ones(145, dtype=bool)
    kept[[0, 13, 14, 142, 143, 144]] = False
    assert np.array_equal(broken.accel_g, whole.accel_g[np.repeat(kept, 120)])
    assert len(broken.gaps) == 1


@pytest.mark.data
@pytest.mark.parametrize(("name", "times"), [("ax3_testfile", "unix"), ("ax6_testfile", "formatted")])
def test_samples_and_times_are_those_of_the_makers_own_export(name, times, recordings_dir):
    folder = recordings_dir / "device-files"
    recording = read_recording(folder / "axivity-cwa" / f"{name}.cwa")
    export = folder / "other" / f"{name}_{times}_timestamps.csv"
    rows = [line.split(",") for line in export.read_text().splitlines()[:200]]
    accel_g = np.array([row[1:4] for row in rows], dtype=np.float64)
    if times == "unix":
        time_s = np.array([row[0] for row in rows], dtype=np.float64)
    else:
        time_s = np.array([row[0] for row in rows], dtype="datetime64[ms]").astype(np.int64) / 1000
    # The export is resampled to an even grid: each of its samples is one of ours, at most two places along.
    places = np.clip(np.arange(len(rows))[:, None] + np.arange(-2, 3), 0, None)
    assert np.abs(recording.accel_g[places] - accel_g[:, None]).max(axis=2).min(axis=1).max() < 1e-6
    assert np.abs(recording.time_ns[: len(rows)] / 1e9 - time_s).max() < 0.05


# Tables


def csv_fault(tmp_path, text: str) -> ReadError:
    with pytest.raises(ReadError) as caught:
        read_recording(written(tmp_path, text.encode(), "a.csv"))
    return caught.value


def with_line(number: int, line: str) -> str:
    lines = csv_text().splitlines()
    lines[number - 1] = line
    return "\n".join(lines) + "\n"


def test_a_csv_without_a_column_is_told_which_and_what_is_there(tmp_path):
    fault = csv_fault(tmp_path, "time,x,y\n1,2,3\n")
    assert isinstance(fault, ColumnError)
    assert "no column z" in fault.what
    assert "'time', 'x', 'y'" in fault.what


@pytest.mark.parametrize("column", ["x", "y", "z", "time"])
def test_text_in_a_number_is_shown_with_its_line(column, tmp_path):
    cells = [str(START_NS + 100 * 10 * MS), "0", "0", "1"]
    cells[["time", "x", "y", "z"].index(column)] = "off"
    fault = csv_fault(tmp_path, with_line(102, ",".join(cells)))
    assert isinstance(fault, ColumnError)
    assert fault.where.endswith("line 102")
    assert f"'off' in {column}" in fault.what


def test_time_that_goes_back_is_shown_with_its_line_even_after_empty_lines(tmp_path):
    text = with_line(300, f"\n\n{START_NS},0,0,1")
    fault = csv_fault(tmp_path, text)
    assert fault.where.endswith("line 302")
    assert "goes back from 2026-06-15T08:00:02.970" in fault.what


def test_a_line_of_too_few_values_is_shown(tmp_path):
    fault = csv_fault(tmp_path, with_line(7, "1,2"))
    assert (fault.what, fault.where.endswith("line 7")) == ("2 values", True)


def test_a_time_without_its_offset_is_not_guessed(tmp_path):
    fault = csv_fault(tmp_path, "time,x,y,z\n2026-06-15T08:00:00,0,0,1\n")
    assert fault.where.endswith("line 2")
    assert "offset" in fault.expected


STAMPS = ["2026-06-15T10:00:00.000+02:00", "2026-06-15 08:00:00Z", "2026-06-15T08:00:00.000000000Z"]


@pytest.mark.parametrize("stamp", STAMPS)
def test_iso_times_with_offset_are_read(stamp, tmp_path):
    text = f"time,x,y,z\n{stamp},0,0,1\n2026-06-15T08:00:01Z,0,,1\n"
    recording = read_recording(written(tmp_path, text.encode(), "a.csv"))
    assert recording.time_ns.tolist() == [START_NS, START_NS + NS_PER_S]
    assert np.isnan(recording.accel_g[1]).all()
    assert recording.damage[0].count == 1


def test_times_in_milliseconds_are_not_taken_for_nanoseconds(tmp_path):
    text = "time,x,y,z\n" + "".join(f"{START_NS // MS + 10 * k},0,0,1\n" for k in range(50))
    fault = csv_fault(tmp_path, text)
    assert "nanoseconds" in fault.expected
    assert "1,000,000" in fault.remedy


def test_only_t_is_the_wall_clock_of_the_zone(tmp_path):
    utc = written(tmp_path, csv_text().encode(), "utc.csv")
    wall = written(tmp_path, csv_text().replace("time", "t", 1).encode(), "wall.csv")
    assert read_recording(utc, "Europe/Oslo").time_ns[0] == START_NS
    assert read_recording(wall, "Europe/Oslo").time_ns[0] == START_NS - 2 * 3600 * NS_PER_S
    assert read_recording(wall).time_ns[0] == START_NS


def test_rows_of_many_recordings_come_apart_by_their_names(tmp_path):
    names = {"subject": pa.array(["b"] * 200 + ["a"] * 200), "activity": pa.array(["w"] * 300 + ["s"] * 100)}
    path = written(tmp_path, parquet_bytes(pa.table(columns() | names)), "many.parquet")
    found = [(name, recording.n_samples) for name, recording in read_recordings(path)]
    assert found == [("b-w", 200), ("a-w", 100), ("a-s", 100)]
    with pytest.raises(ReadError, match="several recordings"):
        read_recording(path)


@pytest.mark.parametrize(
    ("column", "values", "said"),
    [
        ("x", pa.array(["a"] * N), "x is string"),
        ("time", pa.array(np.arange(N), pa.timestamp("ns")), r"time is timestamp\[ns\]"),
        ("time", pa.array(np.arange(N, dtype=float)), "time is double"),
        ("time", pa.array(START_NS - np.arange(N) * MS), "goes back"),
        ("time", pa.nulls(N, pa.int64()), "no value in time"),
    ],
)
def test_a_parquet_of_another_shape_is_told_so(column, values, said, tmp_path):
    table = pa.table(columns() | {column: values})
    with pytest.raises(ColumnError, match=said):
        read_recording(written(tmp_path, parquet_bytes(table), "a.parquet"))


def test_a_recording_of_our_own_brings_its_band_and_its_zone(tmp_path):
    recording = read_recording(written(tmp_path, cwa_bytes(), "a.cwa"), "Europe/Oslo")
    write_recording(recording, tmp_path / "a.parquet")
    again = read_recording(tmp_path / "a.parquet")
    assert (again.band, again.zone, again.segments) == (recording.band, "Europe/Oslo", recording.segments)
    assert np.array_equal(again.time_ns, recording.time_ns)
    assert read_recording(tmp_path / "a.parquet", "Asia/Tokyo").zone == "Asia/Tokyo"


# Tables that makers export


@pytest.mark.parametrize("name", EXPORTS)
def test_a_makers_export_is_read_as_the_recording_it_is(name, tmp_path):
    ours = read_recording(written(tmp_path, SAMPLES["csv"].content, "ours.csv"))
    theirs = read_recording(written(tmp_path, EXPORTS[name], "theirs.csv"))
    assert np.array_equal(theirs.time_ns, ours.time_ns)
    assert np.array_equal(theirs.accel_g, ours.accel_g)
    wall = 0 if name == "actipy-zone" else 2 * 3600 * NS_PER_S
    late = ours.time_ns - read_recording(tmp_path / "theirs.csv", "Europe/Oslo").time_ns
    assert set(late.tolist()) == {wall}


def test_actilife_says_which_band_it_was(tmp_path):
    band = read_recording(written(tmp_path, EXPORTS["actilife"], "a.csv")).band
    assert (band.maker, band.model, band.serial) == ("ActiGraph", "GT3X+", "NEO1C15110104")
    assert (band.firmware, band.nominal_rate_hz) == ("v2.5.0".removeprefix("v"), 100.0)


@pytest.mark.parametrize(
    ("form", "start", "first"),
    [
        ("M/d/yyyy", "6/5/2026", "2026-06-05"),
        ("d/M/yyyy", "6/5/2026", "2026-05-06"),
        ("dd.MM.yyyy", "06.05.2026", "2026-05-06"),
        ("yyyy-MM-dd", "2026-06-05", "2026-06-05"),
    ],
)
def test_actilife_writes_dates_as_its_computer_did(form, start, first, tmp_path):
    text = EXPORTS["actilife"].decode().replace("M/d/yyyy", form).replace("6/15/2026", start)
    recording = read_recording(written(tmp_path, text.encode(), "a.csv"))
    assert str(recording.time_ns[0].astype("datetime64[ns]"))[:10] == first


def test_stamps_of_a_twelve_hour_clock_are_read(tmp_path):
    head = actilife_head("Timestamp,Accelerometer X,Accelerometer Y,Accelerometer Z\n")
    rows = "6/15/2026 12:59:59.500 AM,0,0,1\n6/15/2026 1:00:00 AM,0,0,1\n6/15/2026 12:00:00 PM,0,0,1\n"
    recording = read_recording(written(tmp_path, (head + rows).encode(), "a.csv"))
    assert [text_of(time) for time in recording.time_ns.tolist()] == [
        "2026-06-15T00:59:59.500+00:00", "2026-06-15T01:00:00.000+00:00", "2026-06-15T12:00:00.000+00:00",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        actilife_head("Axis1,Axis2,Axis3,Steps\n") + "1,2,3,4\n",
        actilife_head().replace("00:00:00\nDownload", "00:00:10\nDownload") + "1,2,3\n",
        actilife_head("", rate="") + "1,2,3\n",
    ],
)
def test_counts_are_not_taken_for_acceleration(text, tmp_path):
    fault = csv_fault(tmp_path, text)
    assert isinstance(fault, CountsError)
    assert "raw" in fault.what


@pytest.mark.parametrize("names", ["Accelerometer X,Accelerometer Y,Accelerometer Z\n",
                                   "Timestamp,Accelerometer X,Accelerometer Y,Accelerometer Z\n"])  # fmt: skip
def test_a_form_of_dates_that_names_the_day_twice_is_refused(names, tmp_path):
    stamp = "6/15/2026 08:00:00.000," if names.startswith("T") else ""
    text = actilife_head(names).replace("M/d/yyyy", "d/d/yyyy") + f"{stamp}0,0,1\n"
    assert isinstance(csv_fault(tmp_path, text), ColumnError)


@pytest.mark.parametrize("year", ["2600", "9999"])
def test_a_start_beyond_what_nanoseconds_hold_is_refused(year, tmp_path):
    fault = csv_fault(tmp_path, actilife_head().replace("6/15/2026", f"6/15/{year}") + "0,0,1\n")
    assert isinstance(fault, ColumnError)
    assert year in fault.what


def test_an_exporters_rounded_times_cost_the_samples_that_do_not_move_on(tmp_path):
    rows = [f"2026-06-15 08:00:00.{k * 10 // 16:03},0,0,1" for k in range(160)]
    recording = read_recording(written(tmp_path, "\n".join(rows).encode(), "a.csv"))
    (damage,) = recording.damage
    assert recording.n_samples == 100
    assert (damage.count, damage.first_at) == (60, "row 2")


def test_an_exporters_hour_that_comes_twice_is_left_out_the_second_time(tmp_path):
    hours = ["01:59:59", "02:59:59", "02:00:00", "02:30:00", "03:00:00"]
    rows = [f"2026-10-25 {hour}.000,0,0,1" for hour in hours]
    recording = read_recording(written(tmp_path, "\n".join(rows).encode(), "a.csv"))
    assert recording.n_samples == 3
    assert recording.damage[0].count == 2


def test_an_exporter_whose_time_goes_back_for_good_is_refused(tmp_path):
    rows = "".join(f"{day} 08:00:00.000,0,0,1\n" for day in ("2026-06-15", "2099-01-01", "2026-06-16"))
    fault = csv_fault(tmp_path, rows)
    assert isinstance(fault, ColumnError)
    assert fault.where.endswith("line 3")


@pytest.mark.data
@pytest.mark.parametrize(("name", "rows"), [("ax3_testfile_unix", 200), ("ax6_testfile_formatted", 200)])
def test_the_makers_real_exports_are_read(name, rows, recordings_dir):
    path = recordings_dir / "device-files" / "other" / f"{name}_timestamps.csv"
    recording = read_recording(path)
    lines = [line.split(",") for line in path.read_text().splitlines()]
    assert recording.n_samples == len(lines) >= rows
    assert recording.damage == ()
    assert np.array_equal(recording.accel_g, np.array([line[1:4] for line in lines], dtype=np.float32))
    assert recording.rate_hz == pytest.approx(100, rel=0.01)


@pytest.mark.data
def test_the_makers_real_counts_are_refused(recordings_dir):
    with pytest.raises(CountsError):
        read_recording(recordings_dir / "device-files" / "other" / "ggirread_actigraph61_counts.csv")


# Parquet of many recordings, and of our own


@pytest.mark.data
def test_the_real_parquet_holds_each_subject_and_activity_once(recordings_dir):
    found = list(read_recordings(recordings_dir / "selfback-wrist.parquet"))
    assert len({name for name, _ in found}) == len(found) == 44 * 9
    assert sum(recording.n_samples for _, recording in found) == 5_615_178
    assert all(95 < recording.rate_hz < 104 for _, recording in found)


@pytest.mark.data
@pytest.mark.parametrize(
    "name",
    [
        "sensorwatch-mag.parquet",
    ],
)
def test_real_tables_of_another_shape_are_refused_by_their_columns(name, recordings_dir):
    with pytest.raises(ColumnError, match="no column"):
        list(read_recordings(recordings_dir / name))


@pytest.mark.data
def test_real_files_of_devices_that_nobody_reads_are_refused_in_words(recordings_dir, tmp_path):
    for name in ("ggirread_genea_testfile.bin", "ggirread_matrix_25hz_acc_hr.bin", "ggirread_matrix_corrupted.bin"):
        copy = shutil.copy(recordings_dir / "device-files" / "other" / name, tmp_path)
        assert outcome(Path(copy)) == "file-unknown-format"
