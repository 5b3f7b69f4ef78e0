"""A finished recording as Parquet: ``time`` (timestamp[ns, UTC]), ``x``, ``y``, ``z`` in g, and what is known of it.

Every page has a checksum. The metadata key ``selfback`` holds JSON: band, zone, segments, rate and damage, and
whatever else the writer had to say (drift, calibration). NaN in a float is null there.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from device.capture.durable import whole_file
from device.errors import CaptureWriteError, ColumnError, DamagedFileError, EmptyFileError, ReadError, RecordingError
from device.recording import BandInfo, Damage, Recording, Segment

METADATA_KEY: Final = b"selfback"
FORMAT: Final = 1
_AXES: Final = ("x", "y", "z")
_SCHEMA: Final = pa.schema(
    [pa.field("time", pa.timestamp("ns", tz="UTC"), nullable=False)]
    + [pa.field(axis, pa.float32(), nullable=False) for axis in _AXES]
)


def write_recording(recording: Recording, path: Path, extra: Mapping[str, Any] | None = None) -> None:
    """Write a recording atomically; ``extra`` (JSON values, e.g. ``{"drift_ppm": 21.4}``) joins the metadata."""
    about = {
        "format": FORMAT,
        "band": asdict(recording.band),
        "zone": recording.zone,
        "segments": [[segment.start, segment.stop] for segment in recording.segments],
        "rate_hz": recording.rate_hz,
        "damage": [asdict(damage) for damage in recording.damage],
    }
    metadata = {METADATA_KEY: json.dumps(_null_for_nan({**(extra or {}), **about}), allow_nan=False).encode()}
    columns = [recording.time_ns, *(np.ascontiguousarray(recording.accel_g[:, axis]) for axis in range(3))]
    arrays = [pa.array(column).cast(field.type) for column, field in zip(columns, _SCHEMA, strict=True)]
    table = pa.Table.from_arrays(arrays, schema=_SCHEMA.with_metadata(metadata))
    try:
        with whole_file(path) as temporary:
            pq.write_table(
                table,
                temporary,
                compression="zstd",
                write_page_checksum=True,
                use_dictionary=False,
                column_encoding={"time": "DELTA_BINARY_PACKED"} | dict.fromkeys(_AXES, "BYTE_STREAM_SPLIT"),
                store_schema=True,
            )
    except OSError as error:
        raise CaptureWriteError(f"can't write the recording: {error.strerror or error}", where=str(path)) from error


def read_recording_parquet(path: Path) -> Recording:
    """Return a recording that ``write_recording`` wrote, page checksums verified."""
    where = str(path)
    try:
        if not path.stat().st_size:
            raise EmptyFileError("the file is empty", where=where)
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            schema = file.schema_arrow
            _check_columns(schema, where)
            table = file.read(columns=_SCHEMA.names)
    except (FileNotFoundError, PermissionError, IsADirectoryError) as error:
        raise ReadError(f"can't be read: {error.strerror or 'no such file'}", where=where) from error
    except (pa.ArrowException, OSError) as error:
        remedy = "restore it from a copy, or assemble it again from its capture"
        raise DamagedFileError(_first_line(error), where=where, expected="whole Parquet", remedy=remedy) from error
    if not table.num_rows:
        raise EmptyFileError("no samples", where=where)
    for name in _SCHEMA.names:
        if table[name].null_count:
            raise ColumnError(f"{table[name].null_count} empty values in {name}", where=where, expected="none")
    accel_g = np.column_stack([table[axis].to_numpy() for axis in _AXES])
    time_ns = table["time"].cast(pa.int64()).to_numpy()
    try:
        return Recording(accel_g, time_ns, **_about(schema.metadata[METADATA_KEY]))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ColumnError("the metadata is not a recording's", where=where, expected="JSON of this program") from error
    except RecordingError as error:
        raise ColumnError(error.what, where=f"{where}: {error.where}", expected=error.expected) from error


def _check_columns(schema: pa.Schema, where: str) -> None:
    for field in _SCHEMA:
        if field.name not in schema.names:
            raise ColumnError(f"no column {field.name}", where=where, expected=", ".join(_SCHEMA.names))
        if (found := schema.field(field.name).type) != field.type:
            raise ColumnError(f"column {field.name} holds {found}", where=where, expected=str(field.type))
    if METADATA_KEY not in (schema.metadata or {}):
        raise ColumnError("no metadata of a recording", where=where, expected=f"the key {METADATA_KEY.decode()}")


def _about(metadata: bytes) -> dict[str, Any]:
    found = json.loads(metadata)
    if found["format"] != FORMAT:
        raise ValueError(f"format {found['format']}")
    floats = ("range_g", "nominal_rate_hz")
    band: dict[str, Any] = {
        name: math.nan if name in floats and value is None else value for name, value in found["band"].items()
    }
    return {
        "segments": tuple(Segment(int(start), int(stop)) for start, stop in found["segments"]),
        "band": BandInfo(**band),
        "zone": str(found["zone"]),
        "damage": tuple(Damage(**row) for row in found["damage"]),
    }


def _null_for_nan(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _null_for_nan(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_null_for_nan(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _first_line(error: BaseException) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)
