"""Bangle.js 2 without an app: a JavaScript console over Nordic's UART, which runs whatever text it is sent.

This one runs one text, that of `device.profiles.bangle`, and keeps every other that it was sent in `others`: there
must be none. As the real one it greets, asks its sensor each 20 ms, and forgets the program when the link ends.
Source: Espruino's reference; the MTU is what its firmware for this watch is compiled with.
"""

from typing import Any

from device.profiles import bangle
from device.recording import NS_PER_S
from device.simulator.band import BandFacts
from device.simulator.personalities.uart import UartWatch
from device.simulator.personalities.watch import Session

_POLL_MS = 20
_PROMPT = b"\r\n>"


class Bangle(UartWatch):
    """A console that knows one program."""

    profile = "bangle"
    usual_facts = BandFacts("Bangle.js 1a2b", "F0:5E:1F:BA:00:08", "", "", "", "", max_mtu=131)
    rate_hz = float(bangle.RATE_HZ)
    counts_per_g = float(bangle.COUNTS_PER_G)
    range_g = 4.0
    batch = bangle.SAMPLES

    def __init__(self, *arguments: Any, **options: Any) -> None:
        self.others: list[bytes] = []  #: lines that were not the program
        self.ran = 0  #: times that the program was run
        self._typed = b""
        super().__init__(*arguments, **options)

    def connected(self, session: Session) -> None:
        """Greet whoever connects, as a console does."""
        self._typed = b""
        self.start(session, self.say(session, _PROMPT))

    def written(self, session: Session, value: bytes) -> None:
        """Run what was sent once its line ends."""
        *lines, self._typed = (self._typed + value).split(b"\n")
        for line in lines:
            if line + b"\n" == bangle.SNIPPET and session.stream is None:
                self.ran += 1
                session.stream = self.start(session, self._play(session))
                answer = b"=undefined" + _PROMPT
            else:
                self.others.append(line)
                answer = b"Uncaught SyntaxError: Got ?[ERASED] expected EOF\r\n at line 1 col 1" + _PROMPT
            self.start(session, self.say(session, answer))

    async def _play(self, session: Session) -> None:
        sequence = 0
        async for batch in self.batches():
            # The moment at which the sample was seen: the next time that the sensor was asked.
            ms = -(-(batch.start_ns // (NS_PER_S // 1000)) // _POLL_MS) * _POLL_MS
            await self.send_frame(session, bangle.encode(batch.counts, ms % (1 << bangle.COUNTER_BITS), sequence))
            sequence = (sequence + 1) & 0xFFFF
