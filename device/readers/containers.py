"""Packed files: what a .gz or a .zip holds, unpacked into temporary files that no name leads to.

What unpacks is bounded, whatever the headers claim: `MAX_RATIO` times its packed size, and `MAX_BYTES`. Names of
members are labels and never become paths; an archive with a name that isn't an ordinary file's is refused as a whole.
"""

import gzip
import io
import stat
import struct
import tempfile
import weakref
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import IO, Any, Final, cast

from isal import isal_zlib

from device.errors import ContainerError, Fault
from device.recording import Damage

#: Acceleration unpacks to 2 to 5 times its packed size, a table of a sensor on a desk to 60; deflate ends at 1,032.
MAX_RATIO: Final = 200
#: Small files that are mostly one value pass whatever their ratio.
RATIO_FLOOR_BYTES: Final = 16 << 20
#: 30 days at 100 Hz are 14 GB as text, the largest form there is; a band's memory is at most 4 GB.
MAX_BYTES: Final = 16 << 30
MAX_MEMBERS: Final = 1_000
#: A thousand entries with names of a kilobyte; a longer list isn't even read.
MAX_DIRECTORY_BYTES: Final = 1 << 20
GZIP_MAGIC: Final = b"\x1f\x8b"
ZIP_MAGICS: Final = (b"PK\3\4", b"PK\5\6")
_BLOCK_BYTES: Final = 1 << 20
_BROKEN: Final = (zlib.error, EOFError, gzip.BadGzipFile, zipfile.BadZipFile, struct.error)
_BROKEN_DEFLATE: Final = cast("type[Exception]", isal_zlib.error)  # its stub says that it is an exception, not a kind
_UNREADABLE: Final = (*_BROKEN, NotImplementedError, RuntimeError, ValueError, OverflowError)
_ORDINARY: Final = (0, stat.S_IFREG, stat.S_IFDIR)
#: Of the head before a member, the lengths of its name and of what else it says.
_MEMBER_HEAD: Final = struct.Struct("<26x2H")
_METHODS: Final = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_DEVICES: Final = frozenset(
    ["con", "prn", "aux", "nul", *(f"{port}{number}" for port in ("com", "lpt") for number in range(1, 10))]
)
#: What computers add to an archive and nobody means to be read.
_INCIDENTAL: Final = ("__MACOSX",)

Packed = gzip.GzipFile | zipfile.ZipExtFile


class Unpacked:
    """A temporary file with what was packed; it is gone when the last reference to this object is."""

    def __init__(self, shown: str) -> None:
        self.shown = shown  #: what messages call it
        self.damage: tuple[Damage, ...] = ()
        self._file, self.path = _temporary()
        self._finalizer = weakref.finalize(self, self._file.close)

    def fill(self, source: Packed, most: int) -> None:
        """Copy all of ``source``, at most ``most`` bytes; a source that breaks off is kept up to there, and said so."""
        total = 0
        try:
            # Not read(): it would throw away what it has when the rest can't be had.
            while block := source.read1(_BLOCK_BYTES):
                total += len(block)
                _check_growth(total, most, self.shown)
                self._file.write(block)
        except _BROKEN as error:
            if not total:
                what = f"can't be unpacked: {error}"
                raise ContainerError(what, self.shown, remedy="pack or copy it again") from error
            what = "packed file that breaks off or fails its checksum"
            self.damage = (Damage(what, 1, "read as far as it unpacks", f"byte {total:,} unpacked"),)
        self._file.flush()

    def named(self, fault: Fault) -> Fault:
        """Return a fault of the temporary file with the name of what was packed."""
        path = str(self.path)
        where = fault.where.replace(path, self.shown) if path in fault.where else f"{self.shown} {fault.where}".strip()
        return type(fault)(fault.what.replace(path, self.shown), where, fault.expected, fault.remedy)


def _temporary() -> tuple[Any, Path]:
    """Return a temporary file and a path to it, without a name on disk where the system allows opening it again."""
    file: Any = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 - it stays open as long as it is used
    path = Path(f"/proc/self/fd/{file.fileno()}")
    if path.exists():
        return file, path
    file.close()
    file = tempfile.NamedTemporaryFile(buffering=0)  # noqa: SIM115 - the same
    return file, Path(file.name)


def _check_growth(total: int, most: int, shown: str) -> None:
    if total > most:
        raise ContainerError(
            f"unpacks to more than {most >> 20:,} MiB", shown, f"at most {MAX_RATIO} times its packed size",
            "unpack it yourself if it is what it should be",
        )  # fmt: skip


def most_bytes(packed: int) -> int:
    """Return what so many packed bytes may unpack to."""
    return min(MAX_BYTES, max(RATIO_FLOOR_BYTES, packed * MAX_RATIO))


class _Metered(io.RawIOBase):
    """A source that stops, with a fault, after so many bytes."""

    def __init__(self, source: Packed, most: int, shown: str) -> None:
        super().__init__()
        self._source, self._most, self._shown, self._total = source, most, shown, 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._source.read1(len(buffer))
        self._total += len(data)
        _check_growth(self._total, self._most, self._shown)
        buffer[: len(data)] = data
        return len(data)


@contextmanager
def plain_bytes(path: Path) -> Iterator[IO[bytes]]:
    """Open a file for reading from its beginning, unpacked if it is a .gz, whatever its name."""
    with path.open("rb") as file:
        packed = file.read(2) == GZIP_MAGIC
        file.seek(0)
        if not packed:
            yield file
            return
        with gzip.GzipFile(fileobj=file) as source:
            metered = _Metered(source, most_bytes(path.stat().st_size), str(path))
            yield cast("IO[bytes]", io.BufferedReader(metered, _BLOCK_BYTES))


def gzip_head(path: Path, size: int) -> bytes:
    """Return the first bytes of what a .gz holds; fewer than ``size`` where it holds, or gives, no more."""
    with path.open("rb") as file, gzip.GzipFile(fileobj=file) as source:
        try:
            return source.read(size)
        except _BROKEN as error:
            raise ContainerError(f"can't be unpacked: {error}", str(path), remedy="pack or copy it again") from error


def gzip_unpacked(path: Path) -> Unpacked:
    """Return what a .gz holds."""
    unpacked = Unpacked(str(path))
    with path.open("rb") as file, gzip.GzipFile(fileobj=file) as source:
        unpacked.fill(source, most_bytes(path.stat().st_size))
    return unpacked


@dataclass(slots=True)
class Archive:
    """A .zip whose names and claims have been checked; what is unpacked from it counts against one budget."""

    path: Path
    members: tuple[zipfile.ZipInfo, ...]
    _left: int = field(init=False)

    def __post_init__(self) -> None:
        self._left = most_bytes(self.path.stat().st_size)

    def head(self, member: zipfile.ZipInfo, size: int) -> bytes:
        """Return the first bytes of a member."""
        with self._opened(member) as source:
            return source.read(size)

    def unpacked(self, member: zipfile.ZipInfo) -> Unpacked:
        """Return a member in a file of its own."""
        unpacked = Unpacked(self.shown(member))
        with self._opened(member) as source:
            unpacked.fill(source, min(self._left, most_bytes(member.compress_size)))
        self._left -= unpacked.path.stat().st_size
        return unpacked

    def blocks(self, member: zipfile.ZipInfo, size: int) -> Iterator[bytes]:
        """Yield what a member holds, ``size`` bytes at most at once, without its checksum, for what has its own.

        One that breaks off, or unpacks to more than it may, gives what comes before that and then a `ContainerError`.
        """
        shown, most = self.shown(member), min(self._left, most_bytes(member.compress_size))
        total = 0
        with self.path.open("rb") as file:
            _seek_member(file, member, shown)
            for block in _inflated(file, member, size, shown):
                total += len(block)
                _check_growth(total, most, shown)
                yield block

    def shown(self, member: zipfile.ZipInfo) -> str:
        """Return what messages call a member."""
        return f"{self.path}, {member.filename[:200]!r}"

    @contextmanager
    def _opened(self, member: zipfile.ZipInfo) -> Iterator[zipfile.ZipExtFile]:
        try:
            with zipfile.ZipFile(self.path) as archive, archive.open(member) as source:
                yield cast("zipfile.ZipExtFile", source)
        except _UNREADABLE as error:
            what = f"can't be unpacked: {str(error)[:160]}"
            raise ContainerError(what, self.shown(member), "a whole member", "pack or copy it again") from error


def _seek_member(file: IO[bytes], member: zipfile.ZipInfo, shown: str) -> None:
    """Go to the first byte of what is packed; before it is a head with lengths of its own (APPNOTE.TXT 4.3.7)."""
    file.seek(member.header_offset)
    head = file.read(_MEMBER_HEAD.size)
    if len(head) < _MEMBER_HEAD.size or not head.startswith(ZIP_MAGICS[0]):
        raise ContainerError("can't be unpacked: it isn't where the list says", shown, remedy="pack or copy it again")
    file.seek(sum(_MEMBER_HEAD.unpack(head)), io.SEEK_CUR)


def _inflated(file: IO[bytes], member: zipfile.ZipInfo, size: int, shown: str) -> Iterator[bytes]:
    left = member.compress_size
    inflate = isal_zlib.decompressobj(-zlib.MAX_WBITS) if member.compress_type == zipfile.ZIP_DEFLATED else None
    packed = b""
    while left:
        packed = file.read(min(left, size))
        left -= len(packed)
        if not packed:
            raise ContainerError("can't be unpacked: the file ends before it", shown, remedy="pack or copy it again")
        if inflate is None:
            yield packed
            continue
        try:
            while block := inflate.decompress(packed, size):
                yield block
                packed = inflate.unconsumed_tail
        except _BROKEN_DEFLATE as error:
            what = f"can't be unpacked: {error}"
            raise ContainerError(what, shown, remedy="pack or copy it again") from error
        if inflate.eof:
            return
    if inflate and not inflate.eof:
        raise ContainerError("can't be unpacked: it breaks off", shown, remedy="pack or copy it again")


def member_named(archive: Archive, name: str) -> zipfile.ZipInfo:
    """Return the first member of that name; `ContainerError` if there is none."""
    found = next((member for member in archive.members if member.filename == name), None)
    if found is None:
        raise ContainerError(f"no {name} in it", str(archive.path), "a member of that name")
    return found


def open_archive(path: Path) -> Archive:
    """Return the members of a .zip that could be recordings; `ContainerError` for one that isn't to be trusted."""
    _check_directory(path)
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
    except _UNREADABLE as error:
        raise ContainerError(f"not a whole .zip: {str(error)[:160]}", str(path), remedy="copy it again") from error
    if len(members) > MAX_MEMBERS:
        raise ContainerError(f"{len(members):,} members", str(path), f"at most {MAX_MEMBERS:,}")
    for member in members:
        reason = _refused(member)
        if reason:
            raise ContainerError(f"{reason}: {member.filename[:80]!r}", str(path), "names of files, packed as they are")
    return Archive(path, tuple(member for member in members if not _is_incidental(member)))


def _check_directory(path: Path) -> None:
    """Refuse a list of members that would take long to read, before it is read."""
    with path.open("rb") as file:
        size = file.seek(0, io.SEEK_END)
        file.seek(max(0, size - (1 << 16) - 22))
        tail = file.read()
    at = tail.rfind(b"PK\5\6")
    if at < 0 or len(tail) < at + 16:
        raise ContainerError("not a whole .zip: no list of its members", str(path), remedy="copy it again")
    listed = int.from_bytes(tail[at + 12 : at + 16], "little")
    long = tail.rfind(b"PK\6\6", 0, at)
    if long >= 0:
        listed = int.from_bytes(tail[long + 40 : long + 48], "little")
    if listed > MAX_DIRECTORY_BYTES and not (listed == 0xFFFFFFFF and long < 0):
        raise ContainerError(f"a list of members of {listed:,} bytes", str(path), f"at most {MAX_DIRECTORY_BYTES:,}")


def _refused(member: zipfile.ZipInfo) -> str:
    """Return why a member can't be trusted, or nothing."""
    name = member.orig_filename
    parts = name.replace("\\", "/").split("/")
    elsewhere = not name or name[0] in "/\\" or name[1:2] == ":" or ".." in parts
    reasons = {
        "a name that leads elsewhere": elsewhere or any(ord(letter) < 32 for letter in name),
        "the name of a device": any(part.split(".")[0].strip().casefold() in _DEVICES for part in parts),
        "a link or another special file": stat.S_IFMT(member.external_attr >> 16) not in _ORDINARY,
        "an encrypted member": bool(member.flag_bits & 0x1),
        f"packed by method {member.compress_type}, not deflate": member.compress_type not in _METHODS,
        f"claims to unpack to {member.file_size >> 20:,} MiB": member.file_size > most_bytes(member.compress_size),
    }
    return next((reason for reason, holds in reasons.items() if holds), "")


def _is_incidental(member: zipfile.ZipInfo) -> bool:
    parts = PurePosixPath(member.filename).parts
    return member.is_dir() or not parts or parts[0] in _INCIDENTAL or parts[-1].startswith(".")
