"""Erasing a log on the band: only what this machine holds, read back from its disk block by block."""

from dataclasses import dataclass

from device.capture.check import CaptureChecked, check_captures
from device.errors import EraseRefusedError
from device.link.control import ControlPoint
from device.sync import Pulled


@dataclass(frozen=True, slots=True)
class Erased:
    """What the band has forgotten."""

    log_id: int
    blocks: int


def proved(pulled: Pulled, *, give_up_unreadable: bool = False) -> CaptureChecked:
    """Return the check of a capture folder that holds all that the band has; EraseRefusedError where it doesn't."""
    (found,) = [row for row in check_captures(pulled.folder.parent) if row.folder == pulled.folder]
    reasons = list(found.faults)
    if found.missing:
        reasons.append(f"blocks {_listed(found.missing)} are not here")
    if found.unreadable and not give_up_unreadable:
        reasons.append(f"blocks {_listed(found.unreadable)} came damaged every time")
    if reasons:
        raise EraseRefusedError(
            "not erased: " + "; ".join(reasons),
            where=str(pulled.folder),
            expected="every block held and proved",
            remedy="sync again; then, to give up what can't be read: --give-up-unreadable",
        )
    return found


async def erase_pulled(control: ControlPoint, pulled: Pulled) -> Erased:
    """Have the band forget the blocks that were pulled, and not those that it has stored since; ``proved`` first."""
    log_id = pulled.journal.log_id
    return Erased(log_id, await control.erase_log(log_id, pulled.journal.wanted[1]))


def _listed(ranges: tuple[tuple[int, int], ...]) -> str:
    return ", ".join(f"{first} to {stop - 1}" for first, stop in ranges)
