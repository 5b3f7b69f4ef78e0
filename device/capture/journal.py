"""What a capture folder says of a log that is being fetched: whose it is, when its ticks were, and what is held.

The blocks themselves lie in the folder's segments and prove themselves by their checksums; the journal is what
they can't say. It is replaced as a whole, so a crash leaves the old one or the new one.
"""

import json
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

from device.capture.bounds import FileName, Range, RangeG, RateHz, Ticks, Uint16, Uint32, UtcNs
from device.capture.durable import replace_file
from device.errors import CaptureError, CaptureWriteError
from device.profiles.openband import LogEntry
from device.recording import BandInfo

if TYPE_CHECKING:
    from pydantic import TypeAdapter

JOURNAL_NAME: Final = "journal.json"
FORMAT: Final = 1


@dataclass(frozen=True, slots=True)
class Anchor:
    """One comparison of clocks: the band's counter read ``ticks`` at ``utc_ns``, give or take ``error_ns``."""

    utc_ns: UtcNs
    ticks: Ticks
    error_ns: int


@dataclass(frozen=True, slots=True)
class Journal:
    """The state of one log of one band; ``(serial, boot, log_id)`` name it for good."""

    name: str
    address: str
    maker: str
    model: str
    serial: str
    firmware: str
    boot: Uint16
    log_id: Uint32
    start_ticks: Ticks
    start_unix_s: Uint32
    rate_hz: RateHz
    range_g: RangeG
    zone: str = "UTC"
    anchors: tuple[Anchor, ...] = ()
    wanted: Range = (0, 0)  #: blocks the band said it holds, half open
    held: tuple[Range, ...] = ()  #: blocks in the segments, half open ranges
    unreadable: tuple[Range, ...] = ()  #: blocks that came damaged every time
    segments: tuple[FileName, ...] = ()
    format: int = field(default=FORMAT, kw_only=True)

    @classmethod
    def of(cls, name: str, address: str, info: BandInfo, entry: LogEntry, zone: str) -> Self:
        """Return the journal of a log of which nothing is held yet."""
        return cls(
            name=name,
            address=address,
            maker=info.maker,
            model=info.model,
            serial=info.serial,
            firmware=info.firmware,
            boot=entry.boot,
            log_id=entry.log_id,
            start_ticks=entry.start_ticks,
            start_unix_s=entry.start_unix_s,
            rate_hz=entry.rate_hz,
            range_g=entry.range_g,
            zone=zone,
        )

    @property
    def folder_name(self) -> str:
        """A name that no other log has, safe on any disk."""
        letters = (letter if letter.isalnum() or letter in "-_" else "_" for letter in self.serial or self.name)
        return f"{''.join(letters)}-boot{self.boot}-log{self.log_id}"

    @property
    def info(self) -> BandInfo:
        """The band, as a recording names it."""
        return BandInfo(self.maker, self.model, self.serial, self.firmware, "", float(self.range_g), self.rate_hz)

    @property
    def complete(self) -> bool:
        """Whether every block that the band said it holds is held, or was tried until it was hopeless."""
        start, stop = self.wanted
        return start < stop and not missing_ranges(range(start, stop), (*self.held, *self.unreadable))

    def is_same_log(self, other: Self) -> bool:
        """Return whether both speak of the same log."""
        mine = (self.serial, self.boot, self.log_id, self.start_ticks, self.rate_hz, self.range_g)
        return mine == (other.serial, other.boot, other.log_id, other.start_ticks, other.rate_hz, other.range_g)

    def save(self, folder: Path) -> None:
        """Replace the journal of ``folder``; CaptureError where it can't be written."""
        try:
            replace_file(folder / JOURNAL_NAME, json.dumps(asdict(self), indent=1).encode())
        except OSError as error:
            raise unwritable(folder, error) from error


def load_journal(folder: Path) -> Journal | None:
    """Return the journal of ``folder``, None where there is none; CaptureError where it can't be understood."""
    path = folder / JOURNAL_NAME
    try:
        content = path.read_bytes()
        if (version := _format_of(content)) != FORMAT:
            raise _damaged(path, f"it has format {version!r}")
        return _checked(content)
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise _damaged(path, str(error)) from error


def _format_of(content: bytes) -> Any:
    values = json.loads(content)
    return values.get("format") if isinstance(values, dict) else None


def _checked(content: bytes) -> Journal:
    """Return the journal in ``content``; a `ValueError` names what is missing, of another kind or too large."""
    from pydantic import ValidationError  # noqa: PLC0415 - only who opens a log needs it

    try:
        return _adapter().validate_json(content, strict=True)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise ValueError(f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from error


@cache
def _adapter() -> "TypeAdapter[Journal]":
    from pydantic import TypeAdapter  # noqa: PLC0415 - only who opens a log needs it

    return TypeAdapter(Journal)


def missing_ranges(wanted: range, held: tuple[tuple[int, int], ...]) -> list[range]:
    """Return what of ``wanted`` is in none of the half open ranges ``held``, in order."""
    found: list[range] = []
    edge = wanted.start
    for start, stop in sorted(held):
        if start > edge:
            found.append(range(edge, min(start, wanted.stop)))
        edge = max(edge, stop)
        if edge >= wanted.stop:
            break
    if edge < wanted.stop:
        found.append(range(edge, wanted.stop))
    return [part for part in found if part]


def as_ranges(indices: set[int]) -> tuple[tuple[int, int], ...]:
    """Return indices as half open ranges, in order."""
    found: list[tuple[int, int]] = []
    for index in sorted(indices):
        if found and found[-1][1] == index:
            found[-1] = (found[-1][0], index + 1)
        else:
            found.append((index, index + 1))
    return tuple(found)


def unwritable(folder: Path, error: OSError) -> CaptureError:
    """Return the fault for a folder in which nothing can be kept."""
    return CaptureWriteError(
        f"can't write here ({error.strerror or error})",
        where=str(folder),
        expected="a folder with room that you may write to",
        remedy="choose another folder with --output, or make room, and run the same command again",
    )


def _damaged(path: Path, why: str) -> CaptureError:
    return CaptureError(
        f"the journal can't be used: {why}", where=str(path), remedy=f"move {path.parent} away and sync again"
    )
