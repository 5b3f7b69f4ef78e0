"""A recording comes back from Parquet bit for bit, or with a fault that says what is wrong."""

from collections.abc import Callable
from dataclasses import astuple
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from device.capture.parquet import read_recording_parquet, write_recording
from device.errors import CaptureError, ColumnError, DamagedFileError, EmptyFileError, ReadError, RecordingError
from device.recording import BandInfo, Damage, Recording


def sample_recording(n: int = 5000) -> Recording:
    rng = np.random.default_rng(3)
    accel_g = rng.normal(0, 1, (n, 3)).astype(np.float32)
    accel_g[n // 2] = np.nan
    time_ns = 1_700_000_000_000_000_001 + np.arange(n, dtype=np.int64) * 40_000_003
    time_ns[n // 3 :] += 60_000_000_000
    band = BandInfo("Makers", "selfBACK", "42", "1.0", "left wrist", 8.0)
    return Recording.from_times(accel_g, time_ns, band=band, zone="Europe/Oslo", damage=(Damage("x", 2, "left out"),))


def same(a: Recording, b: Recording) -> None:
    assert a.accel_g.tobytes() == b.accel_g.tobytes()
    assert a.time_ns.tobytes() == b.time_ns.tobytes()
    assert (a.segments, a.zone, a.damage) == (b.segments, b.zone, b.damage)
    assert repr(astuple(a.band)) == repr(astuple(b.band))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40)
@given(st.data())
def test_a_recording_comes_back_bit_for_bit(tmp_path: Path, data: st.DataObject) -> None:
    n = data.draw(st.integers(1, 40))
    bits = np.array(data.draw(st.lists(st.integers(0, 2**32 - 1), min_size=3 * n, max_size=3 * n)), dtype=np.uint32)
    steps = data.draw(st.lists(st.sampled_from([1, 40_000_000, 5_000_000_000]), min_size=n, max_size=n))
    accel_g = bits.view(np.float32).reshape(n, 3)
    missing = ~np.isfinite(accel_g).all(axis=1)
    accel_g[missing] = np.nan
    sent = Recording.from_times(accel_g, np.cumsum(steps), zone="UTC")
    write_recording(sent, tmp_path / "r.parquet")
    same(read_recording_parquet(tmp_path / "r.parquet"), sent)


def test_bands_segments_and_damage_come_back(tmp_path: Path) -> None:
    sent = sample_recording()
    write_recording(sent, tmp_path / "r.parquet", {"drift_ppm": 21.5, "calibration": None})
    same(read_recording_parquet(tmp_path / "r.parquet"), sent)
    assert b'"drift_ppm": 21.5' in pq.read_schema(tmp_path / "r.parquet").metadata[b"selfback"]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["r.parquet"]


def test_the_columns_are_the_contract(tmp_path: Path) -> None:
    write_recording(sample_recording(), tmp_path / "r.parquet")
    schema = pq.read_schema(tmp_path / "r.parquet")
    assert schema.field("time").type == pa.timestamp("ns", tz="UTC")
    assert [schema.field(axis).type for axis in "xyz"] == [pa.float32()] * 3
    assert schema.names == ["time", "x", "y", "z"]


def test_a_changed_byte_in_the_samples_is_seen(tmp_path: Path) -> None:
    path = tmp_path / "r.parquet"
    write_recording(sample_recording(), path)
    data = path.read_bytes()
    for at in range(2000, len(data) - 4000, 997):
        path.write_bytes(data[:at] + bytes((data[at] ^ 4,)) + data[at + 1 :])
        with pytest.raises((DamagedFileError, ColumnError)):
            read_recording_parquet(path)


def test_a_file_cut_anywhere_is_damaged_or_empty(tmp_path: Path) -> None:
    path = tmp_path / "r.parquet"
    write_recording(sample_recording(100), path)
    data = path.read_bytes()
    for cut in range(0, len(data), 13):
        path.write_bytes(data[:cut])
        with pytest.raises(EmptyFileError if cut == 0 else DamagedFileError):
            read_recording_parquet(path)


def table(**changes: object) -> pa.Table:
    columns: dict[str, object] = {
        "time": pa.array([1, 2], pa.timestamp("ns", tz="UTC")),
        **{axis: pa.array([0.0, 1.0], pa.float32()) for axis in "xyz"},
    }
    return pa.table({name: value for name, value in (columns | changes).items() if value is not None})


@pytest.mark.parametrize(
    ("changes", "metadata"),
    [
        ({"y": None}, None),
        ({"time": pa.array([1, 2])}, None),
        ({"x": pa.array(["a", "b"])}, None),
        ({}, None),
        ({}, b"{"),
        ({}, b"[]"),
        ({}, b'{"format": 2}'),
        ({}, b'{"format": 1, "band": {}, "zone": "UTC", "segments": [[0, 9]], "damage": []}'),
        ({}, b'{"format": 1, "band": {"owner": 1}, "zone": "UTC", "segments": [[0, 2]], "damage": []}'),
        ({"x": pa.array([0.0, None], pa.float32())}, b"{}"),
        ({"time": pa.array([2, 1], pa.timestamp("ns", tz="UTC"))},
         b'{"format": 1, "band": {}, "zone": "UTC", "segments": [[0, 2]], "damage": []}'),
    ],
)  # fmt: skip
def test_a_table_of_another_shape_is_a_column_error(
    tmp_path: Path, changes: dict[str, object], metadata: bytes | None
) -> None:
    made = table(**changes)
    pq.write_table(made.replace_schema_metadata({b"selfback": metadata} if metadata else None), tmp_path / "r.parquet")
    with pytest.raises(ColumnError):
        read_recording_parquet(tmp_path / "r.parquet")


def test_no_samples_no_file_and_a_folder_each_have_their_fault(tmp_path: Path) -> None:
    nothing = Recording(np.empty((0, 3), np.float32), np.empty(0, np.int64), ())
    write_recording(nothing, tmp_path / "none.parquet")
    with pytest.raises(EmptyFileError):
        read_recording_parquet(tmp_path / "none.parquet")
    with pytest.raises(ReadError):
        read_recording_parquet(tmp_path / "absent.parquet")
    with pytest.raises(ReadError):
        read_recording_parquet(tmp_path)
    with pytest.raises(CaptureError):
        write_recording(nothing, tmp_path / "no folder" / "none.parquet")


def nine_samples(*, y_of_the_eighth: float) -> Recording:
    accel_g = np.ones((9, 3), np.float32)
    accel_g[7, 1] = y_of_the_eighth
    return Recording.from_times(accel_g, np.arange(9) * 40_000_000)


def test_a_sample_with_a_value_on_some_axes_only_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="sample 7: a value on some axes only"):
        write_recording(nine_samples(y_of_the_eighth=np.inf), tmp_path / "r.parquet")
    assert not list(tmp_path.iterdir())


def rewritten(path: Path, change: Callable[[pa.Table], pa.Table]) -> None:
    table = pq.read_table(path)
    pq.write_table(change(table).replace_schema_metadata(table.schema.metadata), path)


def test_a_sample_with_a_value_on_some_axes_only_is_not_read(tmp_path: Path) -> None:
    write_recording(nine_samples(y_of_the_eighth=1.0), tmp_path / "r.parquet")
    y = pa.array(nine_samples(y_of_the_eighth=np.nan).accel_g[:, 1])
    field = pa.field("y", pa.float32(), nullable=False)
    rewritten(tmp_path / "r.parquet", lambda table: table.set_column(2, field, y))
    with pytest.raises(ColumnError, match="a value on some axes only") as caught:
        read_recording_parquet(tmp_path / "r.parquet")
    assert "sample 7" in caught.value.where


def test_an_axis_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    write_recording(sample_recording(9), tmp_path / "r.parquet")
    rewritten(tmp_path / "r.parquet", lambda table: table.append_column(table.schema.field("x"), table["x"]))
    with pytest.raises(ColumnError, match="no one column x"):
        read_recording_parquet(tmp_path / "r.parquet")
