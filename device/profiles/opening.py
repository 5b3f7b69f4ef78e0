"""What is said to a band before it streams, and after: steps as data, which the link carries out one by one.

A profile gives its steps and how an answer is to be read; it does no I/O, so each step can be tested as bytes.
"""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked for, and what the band said of itself before: some commands are made of it."""

    rate_hz: float
    range_g: int = 8
    serial: str = ""
    address: str = ""


@dataclass(frozen=True, slots=True)
class Read:
    """Read a characteristic; ``check`` raises FrameError or BandRefusedError where its value won't do."""

    uuid: str
    check: Callable[[bytes], None]


@dataclass(frozen=True, slots=True)
class Say:
    """Write a value in parts that any MTU carries; no answer is waited for."""

    uuid: str
    value: bytes


@dataclass(frozen=True, slots=True)
class Ask:
    """Write a value and wait for the notification for which ``answered`` is true.

    ``answered`` raises BandRefusedError or BandBusyError where the answer is no.
    """

    uuid: str
    value: bytes
    answer_uuid: str
    answered: Callable[[bytes], bool]
    what: str  #: for the message where no answer comes


Step = Read | Say | Ask
Steps = Callable[[Wish], tuple[Step, ...]]


def nothing(_: Wish) -> tuple[Step, ...]:
    """Return no step: the band streams to whoever subscribes."""
    return ()
