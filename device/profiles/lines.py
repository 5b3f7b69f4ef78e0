"""A stream of bytes cut into lines, as Nordic's UART service carries text: pure, the rest is the only state."""

from dataclasses import dataclass
from typing import Final

from device.errors import FrameError

END: Final = b"\r\n"


@dataclass(frozen=True, slots=True)
class Lines:
    """The whole messages that have come, and the start of one that hasn't ended."""

    whole: tuple[bytes, ...] = ()
    rest: bytes = b""


def join_lines(rest: bytes, value: bytes, longest: int) -> Lines:
    """Return the lines that ``value`` ends, without CR LF; FrameError where none ends within ``longest`` bytes.

    After that error the stream is read on from an empty ``rest``: the line torn by it is refused by the decoder.
    """
    *whole, rest = (rest + value).split(END)
    if len(rest) > longest:
        raise FrameError(f"{len(rest)} bytes without an end of line", expected=f"CR LF within {longest} bytes")
    return Lines(tuple(line for line in whole if line), rest)


def whole_notification(_: bytes, value: bytes) -> Lines:
    """Return a notification as the one message that it is, as all but the text protocols send them."""
    return Lines((value,))
