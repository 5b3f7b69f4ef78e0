"""A finished recording as Parquet: ``time`` (timestamp[ns, UTC]), ``x``, ``y``, ``z`` in g, and what is known of it.

Every page has a checksum. The metadata key ``selfback`` holds JSON: band, zone, segments, rate and damage, and
whatever else the writer had to say (drift, calibration). NaN in a float is null there.
"""

import itertools
import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from device.capture.durable import whole_file
from device.errors import CaptureWriteError, ColumnError, EmptyFileError, RecordingError
from device.parquet_file import opened
from device.recording import CHUNK_SAMPLES, BandInfo, Chunk, Damage, Recording, Segment, Stream

METADATA_KEY: Final = b"selfback"
FORMAT: Final = 1
_AXES: Final = ("x", "y", "z")
_NUMBERS: Final = ("range_g", "nominal_rate_hz")
_WHOLE: Final = "three finite values, or three NaN"
_REMEDY: Final = "restore it from a copy, or assemble it again from its capture"
_SCHEMA: Final = pa.schema(
    [pa.field("time", pa.timestamp("ns", tz="UTC"), nullable=False)]
    + [pa.field(axis, pa.float32(), nullable=False) for axis in _AXES]
)


def write_recording(recording: Recording, path: Path, extra: Mapping[str, Any] | None = None) -> None:
    """Write a recording atomically; ``extra`` (JSON values, e.g. ``{"drift_ppm": 21.4}``) joins the metadata.

    `RecordingError` where a sample has a value on some axes only, `CaptureWriteError` where it can't be written.
    """
    if (at := _first_partly_missing(recording.accel_g)) >= 0:
        raise RecordingError("a value on some axes only", where=f"sample {at}", expected=_WHOLE)
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
    try:
        return Recording.from_stream(open_recording_parquet(path))
    except RecordingError as error:
        raise ColumnError(error.what, where=f"{path}: {error.where}", expected=error.expected) from error


def open_recording_parquet(path: Path) -> Stream:
    """Return, as a stream, a recording that ``write_recording`` wrote; page checksums are verified as it is read."""
    where = str(path)
    with opened(path, _REMEDY) as file:
        schema, rows = file.schema_arrow, file.metadata.num_rows
    _check_columns(schema, where)
    if rows <= 0:
        raise EmptyFileError("no samples", where=where)
    try:
        about = _about(schema.metadata[METADATA_KEY])
        firsts = _firsts(about.segments, rows)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ColumnError("the metadata is not a recording's", where=where, expected="JSON of this program") from error
    return Stream(partial(_chunks, path, firsts, about.damage), about.band, about.zone)


def _chunks(path: Path, firsts: NDArray[np.int64], damage: tuple[Damage, ...]) -> Iterator[Chunk]:
    row, last_ns = 0, np.iinfo(np.int64).min
    with opened(path, _REMEDY) as file:
        for batch in file.iter_batches(CHUNK_SAMPLES, columns=_SCHEMA.names, use_threads=False):
            _check_whole(batch, str(path))
            if not batch.num_rows:
                continue
            time_ns = batch["time"].cast(pa.int64()).to_numpy()
            onward = np.diff(time_ns, prepend=last_ns) > 0 if row else np.append(True, time_ns[1:] > time_ns[:-1])
            if not onward.all():
                at = f"{path}: sample {row + int(np.argmin(onward))}"
                raise ColumnError("time doesn't move on", where=at, expected="increasing time")
            last_ns = time_ns[-1]
            part = slice(*np.searchsorted(firsts, [row, row + batch.num_rows]))
            accel_g = np.column_stack([batch[axis].to_numpy() for axis in _AXES])
            if (first := _first_partly_missing(accel_g)) >= 0:
                at = f"{path}: sample {row + first}"
                raise ColumnError("a value on some axes only", where=at, expected=_WHOLE)
            yield Chunk(accel_g, time_ns, tuple((firsts[part] - row).tolist()), damage)
            row, damage = row + batch.num_rows, ()


def _first_partly_missing(accel_g: NDArray[np.float32]) -> int:
    """Return the first sample that has neither three finite values nor three NaN; -1 where there is none."""
    partly = np.asarray(~np.isfinite(accel_g).all(axis=1))
    partly[partly] = ~np.isnan(accel_g[partly]).all(axis=1)
    return int(np.argmax(partly)) if partly.any() else -1


def _firsts(segments: tuple[Segment, ...], rows: int) -> NDArray[np.int64]:
    """Return the first row of each segment; `ValueError` if they don't cover all rows in order."""
    edges = [0, *(segment.stop for segment in segments)]
    adjoin = [segment.start for segment in segments] == edges[:-1] and edges[-1] == rows
    if not adjoin or any(b <= a for a, b in itertools.pairwise(edges)):
        raise ValueError("segments that don't adjoin")
    return np.array(edges[:-1], dtype=np.int64)


def _check_whole(batch: pa.RecordBatch, where: str) -> None:
    batch.validate(full=True)
    for name in _SCHEMA.names:
        if batch[name].null_count:
            raise ColumnError(f"{batch[name].null_count} empty values in {name}", where=where, expected="none")


def _check_columns(schema: pa.Schema, where: str) -> None:
    for field in _SCHEMA:
        # Also none where there are two of them: `field` of a schema knows a name that occurs once.
        if schema.names.count(field.name) != 1:
            raise ColumnError(f"no one column {field.name}", where=where, expected=", ".join(_SCHEMA.names))
        if (found := schema.field(field.name).type) != field.type:
            raise ColumnError(f"column {field.name} holds {found}", where=where, expected=str(field.type))
    if METADATA_KEY not in (schema.metadata or {}):
        raise ColumnError("no metadata of a recording", where=where, expected=f"the key {METADATA_KEY.decode()}")


@dataclass(frozen=True, slots=True)
class _About:
    segments: tuple[Segment, ...]
    band: BandInfo
    zone: str
    damage: tuple[Damage, ...]


def _about(metadata: bytes) -> _About:
    found = json.loads(metadata)
    if found["format"] != FORMAT:
        raise ValueError(f"format {found['format']}")
    band = {name: _typed(value, number=name in _NUMBERS) for name, value in found["band"].items()}
    return _About(
        tuple(Segment(int(start), int(stop)) for start, stop in found["segments"]),
        BandInfo(**band),
        _typed(found["zone"], number=False),
        tuple(
            Damage(**{name: value if name == "count" else _typed(value, number=False) for name, value in row.items()})
            for row in (row | {"count": int(row["count"])} for row in found["damage"])
        ),
    )


def _typed(value: Any, *, number: bool) -> Any:
    """Return a number, NaN for null, or a string; `ValueError` for anything else."""
    if number:
        return math.nan if value is None else float(value)
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is not a string")  # noqa: TRY004 - one kind of error for whatever is wrong in there
    return value


def _null_for_nan(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _null_for_nan(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_null_for_nan(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
