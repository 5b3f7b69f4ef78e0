"""Blocks and replies that are longer than a notification can be: into numbered pieces, and whole again.

A Bluetooth link neither loses nor reorders what it accepted, but queues on either side of it drop, and a link
that breaks ends in the middle of a block. So a joiner takes any payload, in any order, and counts what it can't use.
"""

from typing import Final

from device.errors import FrameError
from device.profiles.openband import LogBlock, decode_block
from device.wire.codes import PIECE_TAG
from device.wire.table import PIECE_HEADER

MAX_PIECES: Final = 255
MIN_PAYLOAD: Final = PIECE_HEADER.size + 1


def split_message(message: bytes, group: int, max_payload: int) -> list[bytes]:
    """Return ``message`` alone if it fits ``max_payload`` bytes (the MTU less 3), or else its pieces in order."""
    if len(message) <= max_payload:
        return [message]
    room = max_payload - PIECE_HEADER.size
    total = -(-len(message) // room) if room > 0 else MAX_PIECES + 1
    if total > MAX_PIECES:
        raise ValueError(f"{len(message)} bytes don't fit {MAX_PIECES} pieces of {max_payload} bytes")
    return [
        PIECE_HEADER.codec.pack(PIECE_TAG, group & 0xFF, number, total) + message[number * room : (number + 1) * room]
        for number in range(total)
    ]


def split_block(block: bytes, max_payload: int) -> list[bytes]:
    """Return the notification payloads that carry an encoded block; one, the block itself, if it fits."""
    return split_message(block, decode_block(block).index, max_payload)


class PieceJoiner:
    """Makes whole messages of payloads; a message that came whole passes through."""

    def __init__(self) -> None:
        self.broken = 0  #: messages that were begun and not finished
        self.stray = 0  #: pieces that fit no message: late, repeated, or malformed
        self._group = self._total = 0
        self._parts: list[bytes] = []

    def feed(self, payload: bytes) -> bytes | None:
        """Return the message that ``payload`` completes, or None."""
        if not payload or payload[0] != PIECE_TAG:
            self.flush()
            return payload or None
        if len(payload) < MIN_PAYLOAD:
            self.stray += 1
            return None
        _, group, number, total = PIECE_HEADER.codec.unpack_from(payload)
        if number == 0:
            self.flush()
            self._group, self._total = group, total
        if (group, total) != (self._group, self._total) or number != len(self._parts) or not 2 <= total <= MAX_PIECES:
            self.stray += 1
            self.flush()
            return None
        self._parts.append(payload[PIECE_HEADER.size :])
        if len(self._parts) < total:
            return None
        message = b"".join(self._parts)
        self._parts = []
        return message

    def flush(self) -> None:
        """Give up the message that is unfinished, if there is one; a link that broke can't finish it."""
        if self._parts:
            self.broken += 1
            self._parts = []


class BlockAssembler:
    """Yields whole, verified blocks from the payloads of the log characteristic, and counts the others."""

    def __init__(self) -> None:
        self.blocks = 0  #: whole and verified
        self.damaged = 0  #: whole, but not a valid block
        self.out_of_order = 0  #: verified, but not the block after the one before
        self._joiner = PieceJoiner()
        self._due: tuple[int, int] | None = None

    @property
    def broken(self) -> int:
        """Blocks that were begun and not finished."""
        return self._joiner.broken

    @property
    def stray(self) -> int:
        """Pieces that fit no block."""
        return self._joiner.stray

    def feed(self, payload: bytes) -> LogBlock | None:
        """Return the block that ``payload`` completes, or None; never raises, whatever the bytes."""
        message = self._joiner.feed(payload)
        if message is None:
            return None
        try:
            block = decode_block(message)
        except FrameError:
            self.damaged += 1
            return None
        self.blocks += 1
        self.out_of_order += self._due is not None and self._due != (block.log_id, block.index)
        self._due = (block.log_id, block.index + 1)
        return block

    def flush(self) -> None:
        """Give up a block that is unfinished, as when the link broke."""
        self._joiner.flush()
