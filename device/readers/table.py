"""The files that can be read: one row a format, one door for all of them, packed or not."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from pkgutil import resolve_name
from typing import Final

from device.errors import ContainerError, Fault, ReadError, RecordingError, UnknownFormatError
from device.readers.actigraph.info import INFO, LOG
from device.readers.clock import zone_named
from device.readers.containers import GZIP_MAGIC, ZIP_MAGICS, Archive, Unpacked, gzip_head, gzip_unpacked, open_archive
from device.readers.geneactiv.header import MAGIC
from device.recording import Chunk, Damage, Recording, Stream

#: As many first bytes as it takes to know a format.
HEAD_BYTES: Final = 64
Open = Callable[[Path, str], Iterator[tuple[str, Stream]]]


@dataclass(frozen=True, slots=True)
class Reader:
    """A format: how to know it, and what reads it.

    ``open`` yields name and stream of each recording, the name empty where a file holds only one; a stream can be read
    until the next one is asked for, the last one for as long as it is kept. Neither raises anything but `ReadError` and
    its children, `RecordingError`, and `OSError` for a file that can't be opened. A format that is a .zip of its own is
    known by ``members``.
    """

    name: str
    suffixes: tuple[str, ...]  #: lower case, with the dot
    magic: bytes  #: the first bytes of every such file; empty where a format has none
    open: Open
    description: str
    members: tuple[str, ...] = ()  #: names that every such .zip holds
    unpacks: bool = False  #: reads a .gz of itself while it unpacks
    searched: bool = True  #: is looked for in folders


def _late(place: str) -> Open:
    """Return what reads a format, loaded when the first file of it is opened: all of them take half a second."""
    return partial(_open_late, place)


def _open_late(place: str, path: Path, zone: str) -> Iterator[tuple[str, Stream]]:
    opener: Open = resolve_name(f"device.readers.{place}")
    yield from opener(path, zone)


READERS: Final[tuple[Reader, ...]] = (
    Reader("axivity", (".cwa",), b"MD\xfc\x03", _late("axivity.read:open_cwa"), "Axivity AX3 and AX6"),
    Reader(
        "actigraph", (".gt3x",), ZIP_MAGICS[0], _late("actigraph.read:open_gt3x"), "ActiGraph GT3X+ and later",
        members=(INFO, LOG),
    ),
    Reader("geneactiv", (".bin",), MAGIC, _late("geneactiv.read:open_geneactiv"), "GENEActiv"),
    Reader(
        "parquet", (".parquet",), b"PAR1", _late("parquet:open_parquet"), "Parquet with time or t, and x, y, z in g"
    ),
    Reader(
        "csv", (".csv",), b"", _late("csv_file:open_csv"),
        "CSV with time (ISO 8601, offset) or t (ns), and x, y, z in g, or as OmGui, ActiLife (raw), stepcount write it",
        unpacks=True,
    ),
    Reader(
        "log", ("journal.json",), b"", _late("captures:open_log"), "log of a band that was synced, by its journal",
        searched=False,
    ),
    Reader("capture", (".arrows",), b"", _late("captures:open_capture"), "segment of a capture", searched=False),
)  # fmt: skip
ZIP_SUFFIX: Final = ".zip"
_PLAIN: Final = tuple(suffix for reader in READERS if reader.searched for suffix in reader.suffixes)
#: What is looked for in folders.
SUFFIXES: Final = (*_PLAIN, *(f"{suffix}.gz" for suffix in _PLAIN), ZIP_SUFFIX)


def known_formats() -> str:
    """Return one line that lists what can be read."""
    rows = "; ".join(f"{reader.description} ({', '.join(reader.suffixes)})" for reader in READERS)
    return f"{rows}; each also packed as .gz or in a {ZIP_SUFFIX}"


def reader_for(path: Path) -> Reader:
    """Return the row that reads ``path``, packed or not: by its first bytes, else by its suffix.

    Errors: `UnknownFormatError` if none does, `ContainerError`.
    """
    try:
        with path.open("rb") as file:
            head = file.read(HEAD_BYTES)
        if head.startswith(GZIP_MAGIC):
            return _reader_of_gzip(path)
        if head.startswith(ZIP_MAGICS):
            return _reader_of_zip(path)
    except OSError as error:
        raise _unopened(path, error) from error
    return _known(_row_for(head, path.name), path)


def _known(found: Reader | None, path: Path) -> Reader:
    if found is None:
        raise UnknownFormatError(
            f"no reader knows this kind of file ({path.suffix or 'no suffix'})", str(path), known_formats(),
            "convert it to CSV or Parquet with time, x, y and z in g",
        )  # fmt: skip
    return found


def _row_for(head: bytes, name: str) -> Reader | None:
    by_magic = (reader for reader in READERS if reader.magic and not reader.members and head.startswith(reader.magic))
    by_suffix = (reader for reader in READERS if name.lower().endswith(reader.suffixes))
    return next(by_magic, None) or next(by_suffix, None)


def _row_of_zip(archive: Archive) -> Reader | None:
    """Return the row whose files are such archives themselves."""
    names = {member.filename for member in archive.members}
    return next((reader for reader in READERS if reader.members and names.issuperset(reader.members)), None)


def _row_of_packed_zip(unpacked: Unpacked) -> Reader | None:
    return _row_of_zip(open_archive(unpacked.path))  # the file is there as long as its object is


def _reader_of_gzip(path: Path) -> Reader:
    inner = path.name[:-3] if path.name.lower().endswith(".gz") else path.name
    head = gzip_head(path, HEAD_BYTES)
    if head.startswith((GZIP_MAGIC, *ZIP_MAGICS)):
        row = _row_of_packed_zip(gzip_unpacked(path)) if head.startswith(ZIP_MAGICS) else None
        if row is None:
            raise _nested(str(path))
    else:
        row = _known(_row_for(head, inner), path)
    return row if row.unpacks else replace(row, open=partial(_open_gzip, row))


def _open_gzip(row: Reader, path: Path, zone: str) -> Iterator[tuple[str, Stream]]:
    yield from _open_unpacked(row, gzip_unpacked(path), zone)


def _reader_of_zip(path: Path) -> Reader:
    by_suffix = next((row for row in READERS if row.members and path.name.lower().endswith(row.suffixes)), None)
    archive = open_archive(path)
    row = _row_of_zip(archive) or by_suffix
    if row is not None:
        return row
    rows = [_row_of_member(archive, number) for number in range(len(archive.members))]
    if not any(rows):
        raise UnknownFormatError("no recording in this .zip", str(path), known_formats(), "look what it holds")
    return Reader("zip", (ZIP_SUFFIX,), ZIP_MAGICS[0], partial(_open_zip, rows), "recordings in a .zip")


def _row_of_member(archive: Archive, number: int) -> Reader | None:
    member = archive.members[number]
    head = archive.head(member, HEAD_BYTES)
    if head.startswith(ZIP_MAGICS):
        by_suffix = (row for row in READERS if row.members and member.filename.lower().endswith(row.suffixes))
        row = next(by_suffix, None) or _row_of_packed_zip(archive.unpacked(member))
    else:
        row = _row_for(head, member.filename)
    if row is None and head.startswith((GZIP_MAGIC, *ZIP_MAGICS)):
        raise _nested(archive.shown(member))
    return row


def _nested(where: str) -> ContainerError:
    return ContainerError("an archive in an archive", where, "recordings in it", "unpack the outer one")


def _open_zip(rows: list[Reader | None], path: Path, zone: str) -> Iterator[tuple[str, Stream]]:
    """Yield what the members hold; of several, one that can't be opened is a stream that says so when it is read."""
    archive = open_archive(path)
    held = [(row, member) for row, member in zip(rows, archive.members, strict=True) if row is not None]
    strangers = len(rows) - len(held)
    damage = (Damage("member of the .zip that is no recording", strangers, "left out"),) if strangers else ()
    for row, member in held:
        label = member.filename if len(held) > 1 else ""
        try:
            for name, stream in _open_unpacked(row, archive.unpacked(member), zone):
                full = "-".join(part for part in (label, name) if part)
                yield full, replace(stream, chunks=partial(_with_damage, stream, damage)) if damage else stream
                damage = ()
        except (ReadError, RecordingError) as fault:
            if len(held) == 1:
                raise
            yield label, Stream(partial(_refuse, fault), zone=zone)


def _refuse(fault: Fault) -> Iterator[Chunk]:
    raise fault


def _with_damage(stream: Stream, damage: tuple[Damage, ...]) -> Iterator[Chunk]:
    for chunk in stream.chunks():
        yield replace(chunk, damage=(*damage, *chunk.damage))
        damage = ()


def _open_unpacked(row: Reader, unpacked: Unpacked, zone: str) -> Iterator[tuple[str, Stream]]:
    try:
        for name, stream in row.open(unpacked.path, zone):
            yield name, replace(stream, chunks=partial(_unpacked_chunks, unpacked, stream))
    except (ReadError, RecordingError) as fault:
        raise unpacked.named(fault) from fault


def _unpacked_chunks(unpacked: Unpacked, stream: Stream) -> Iterator[Chunk]:
    try:
        yield from _with_damage(stream, unpacked.damage)
    except (ReadError, RecordingError) as fault:
        raise unpacked.named(fault) from fault


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
