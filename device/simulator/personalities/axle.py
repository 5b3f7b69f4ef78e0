"""Open Movement's AxLE: commands in text after a password, frames of 25 samples in hexadecimal, a 24-bit counter.

Source: the AxLE firmware's documentation. A band whose queue is full drops a whole frame without a word. Its clock
counts 32768 Hz and wraps each 512 s. MTU and the wording of the answer to a right password were not verified.
"""

from typing import Final

from device.profiles import axle
from device.recording import NS_PER_S
from device.simulator.band import BandFacts
from device.simulator.personalities.uart import UartWatch
from device.simulator.personalities.watch import Session

_LONGEST_COMMAND: Final = 64


class Axle(UartWatch):
    """A band that streams once it was told its password and to start."""

    profile = "axle"
    usual_facts = BandFacts(
        "axLE-Band", "F0:5E:1F:BA:00:07", "Open Movement", "AxLE", "0123456789AB", "1.10", max_mtu=23
    )
    rate_hz = 50.0
    counts_per_g = 32768 / axle.DEFAULT_RANGE_G
    range_g = float(axle.DEFAULT_RANGE_G)
    batch = axle.SAMPLES
    password: str | None = None  #: None is the end of its serial number

    def connected(self, session: Session) -> None:  # noqa: ARG002
        """Forget what was typed and who was let in before."""
        self._typed = b""
        self._let_in = False

    def written(self, session: Session, value: bytes) -> None:
        """Take commands, which end with CR LF."""
        *commands, self._typed = (self._typed + value)[-_LONGEST_COMMAND:].split(b"\r\n")
        for command in commands:
            self._obey(session, command)

    def _obey(self, session: Session, command: bytes) -> None:
        password = self.password or self.facts.serial[-axle.PASSWORD_CHARACTERS :]
        if command.startswith(b"U"):
            self._let_in = command[1:] == password.encode("ascii")
            answer = axle.LET_IN if self._let_in else axle.REFUSED
        elif self._let_in and command + b"\r\n" == axle.start() and session.stream is None:
            session.stream = self.start(session, self._play(session))
            answer = axle.STARTED + b"02, 50, 8"
        else:
            answer = axle.REFUSED
        self.start(session, self.say(session, answer + b"\r\n"))

    async def _play(self, session: Session) -> None:
        async for batch in self.batches():
            ticks = round((batch.start_ns - self.boot_ns) * axle.COUNTER_HZ / NS_PER_S)
            line = axle.encode(batch.counts, ticks % (1 << axle.COUNTER_BITS), self.facts.battery_percent, 21)
            await self.send_frame(session, line)
