"""The files that can be read: one row a format, one door for all of them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Final

from device.errors import ReadError, UnknownFormatError
from device.readers.axivity.read import open_cwa
from device.readers.clock import zone_named
from device.readers.csv_file import read_csv
from device.readers.parquet import read_parquet
from device.recording import Chunk, Recording, Stream


@dataclass(frozen=True, slots=True)
class Reader:
    """A format: how to know it, and what reads it.

    ``open`` yields name and stream of each recording, the name empty where a file holds only one; a stream can be read
    until the next one is asked for. Neither raises anything but `ReadError` and its children, `RecordingError`, and
    `OSError` for a file that can't be opened.
    """

    name: str
    suffixes: tuple[str, ...]  #: lower case, with the dot
    magic: bytes  #: the first bytes of every such file; empty where a format has none
    open: Callable[[Path, str], Iterator[tuple[str, Stream]]]
    description: str


def _whole(
    read: Callable[[Path, str], Iterator[tuple[str, Recording]]],
) -> Callable[[Path, str], Iterator[tuple[str, Stream]]]:
    return lambda path, zone: ((name, recording.stream()) for name, recording in read(path, zone))


READERS: Final[tuple[Reader, ...]] = (
    Reader("axivity", (".cwa",), b"MD\xfc\x03", open_cwa, "Axivity AX3 and AX6"),
    Reader("parquet", (".parquet",), b"PAR1", _whole(read_parquet), "Parquet with time or t, and x, y, z in g"),
    Reader(
        "csv",
        (".csv", ".csv.gz"),
        b"",
        _whole(read_csv),
        "CSV with time (ISO 8601, offset) or t (ns), and x, y, z in g",
    ),
)
SUFFIXES: Final = tuple(suffix for reader in READERS for suffix in reader.suffixes)


def known_formats() -> str:
    """Return one line that lists what can be read."""
    return "; ".join(f"{reader.description} ({', '.join(reader.suffixes)})" for reader in READERS)


def reader_for(path: Path) -> Reader:
    """Return the row that reads ``path``: by its first bytes, else by its suffix; `UnknownFormatError` if none does."""
    try:
        with path.open("rb") as file:
            head = file.read(16)
    except OSError as error:
        raise _unopened(path, error) from error
    by_magic = (reader for reader in READERS if reader.magic and head.startswith(reader.magic))
    by_suffix = (reader for reader in READERS if path.name.lower().endswith(reader.suffixes))
    found = next(by_magic, None) or next(by_suffix, None)
    if found is None:
        raise UnknownFormatError(
            f"no reader knows this kind of file ({path.suffix or 'no suffix'})", str(path), known_formats(),
            "convert it to CSV or Parquet with time, x, y and z in g",
        )  # fmt: skip
    return found


def open_recordings(path: Path, zone: str = "UTC") -> Iterator[tuple[str, Stream]]:
    """Yield name and stream of all that a file holds; the name is empty where it holds only one.

    ``zone`` is the IANA name of the zone that the wearer lived in: a clock without zone is read in it. A stream can be
    read until the next one is asked for. Errors, of this and of the streams: `ReadError` and its children,
    `RecordingError`.
    """
    zone_named(zone)
    reader = reader_for(path)
    try:
        for name, stream in reader.open(path, zone):
            yield name, replace(stream, chunks=partial(_chunks, path, stream))
    except OSError as error:
        raise _unopened(path, error) from error


def _chunks(path: Path, stream: Stream) -> Iterator[Chunk]:
    try:
        yield from stream.chunks()
    except OSError as error:
        raise _unopened(path, error) from error


def read_recordings(path: Path, zone: str = "UTC") -> Iterator[tuple[str, Recording]]:
    """Yield name and recording, in memory, of all that a file holds; else as `open_recordings`."""
    for name, stream in open_recordings(path, zone):
        yield name, Recording.from_stream(stream)


def read_recording(path: Path, zone: str = "UTC") -> Recording:
    """Return the one recording of a file; `ReadError` if it holds several. Else as `read_recordings`."""
    recordings = read_recordings(path, zone)
    name, recording = next(recordings)
    if name:
        raise ReadError("a file of several recordings", str(path), "one recording", "read it with read_recordings")
    return recording


def _unopened(path: Path, error: OSError) -> ReadError:
    return ReadError(error.strerror or str(error), str(path), "a file that can be read", "check name and permissions")
