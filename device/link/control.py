"""Requests to a band's control point and its answers, matched by token; each waits for a bounded time."""

import asyncio
import itertools
from collections.abc import Callable
from typing import TypeVar

from device.errors import BandBusyError, BandRefusedError, FrameError
from device.link.connect import BandLink
from device.link.faults import lost
from device.profiles.openband import (
    CONTROL_UUID,
    BlockCount,
    Body,
    ClockNow,
    EraseLog,
    GetClock,
    GetConfig,
    ListLogs,
    LogEntry,
    LogPage,
    ReadLog,
    Reply,
    Request,
    SetConfig,
    StartStream,
    Status,
    StopRead,
    StopStream,
    StreamSettings,
    decode_reply,
    encode_request,
)
from device.profiles.pieces import PieceJoiner

B = TypeVar("B", ClockNow, LogPage, BlockCount, StreamSettings)


class ControlPoint:
    """The control point of one connection; made by ``open_control``."""

    def __init__(self, link: BandLink) -> None:
        self._link = link
        self._tokens = itertools.cycle(range(256))
        self._waiting: dict[int, asyncio.Future[Reply]] = {}
        self._when_done: dict[int, Callable[[], None]] = {}
        self._joiner = PieceJoiner()
        self.damaged = 0  #: replies that could not be read

    async def clock(self) -> ClockNow:
        """Return the band's counters now."""
        return await self._ask(GetClock(), ClockNow)

    async def logs(self) -> list[LogEntry]:
        """Return the stored logs, the oldest first."""
        found: list[LogEntry] = []
        while True:
            page = await self._ask(ListLogs(len(found)), LogPage)
            found += page.logs
            if not page.logs or len(found) >= page.total:
                return found

    async def read_log(self, log_id: int, first_index: int, count: int, when_done: Callable[[], None]) -> int:
        """Have blocks sent and return how many will be; ``when_done`` is called once all have been.

        BandBusyError while another read runs.
        """
        token = next(self._tokens)
        self._when_done[token] = when_done
        try:
            return (await self._ask(ReadLog(log_id, first_index, count), BlockCount, token)).blocks
        except BaseException:
            self._when_done.pop(token, None)
            raise

    async def stop_read(self) -> None:
        """Have no more blocks sent."""
        self._when_done.clear()
        await self._request(StopRead(), next(self._tokens))

    async def erase_log(self, log_id: int, before_index: int) -> int:
        """Have the blocks before an index forgotten for good, and return how many were."""
        return (await self._ask(EraseLog(log_id, before_index), BlockCount)).blocks

    async def config(self) -> StreamSettings:
        """Return how the band records by itself."""
        return await self._ask(GetConfig(), StreamSettings)

    async def set_config(self, rate_hz: float, range_g: int) -> StreamSettings:
        """Have the band record otherwise from its next log on, and return how it will."""
        return await self._ask(SetConfig(rate_hz, range_g), StreamSettings)

    async def start_stream(self, rate_hz: float, range_g: int) -> StreamSettings:
        """Have live samples sent and return what the band really does."""
        return await self._ask(StartStream(rate_hz, range_g), StreamSettings)

    async def stop_stream(self) -> None:
        """Have no more live samples sent."""
        await self._request(StopStream(), next(self._tokens))

    async def _ask(self, request: Request, kind: type[B], token: int | None = None) -> B:
        body = await self._request(request, next(self._tokens) if token is None else token)
        if not isinstance(body, kind):
            raise BandRefusedError(
                f"the band answered {type(request).__name__} without {kind.__name__}",
                where=self._link.name,
                remedy="update its firmware",
            )
        return body

    async def _request(self, request: Request, token: int) -> Body | None:
        name = type(request).__name__
        reply = self._waiting[token] = asyncio.get_running_loop().create_future()
        try:
            await self._link.write(CONTROL_UUID, encode_request(request, token))
            answer: Reply = await self._link.bounded(f"without an answer to {name}", reply)
        finally:
            self._waiting.pop(token, None)
        if answer.status is Status.BUSY:
            raise BandBusyError("the band is busy", where=self._link.name, remedy="try again in a minute")
        if answer.status is not Status.OK:
            raise BandRefusedError(
                f"the band answered {answer.status.name} to {name}", where=self._link.name, remedy="update its firmware"
            )
        return answer.body

    def take(self, data: bytearray) -> None:
        """Take one indication of the control point."""
        message = self._joiner.feed(bytes(data))
        if message is None:
            return
        try:
            reply = decode_reply(message)
        except FrameError:
            self.damaged += 1
            return
        if reply.status is Status.DONE:
            self._when_done.pop(reply.token, lambda: None)()
            return
        waiting = self._waiting.get(reply.token)
        if waiting is not None and not waiting.done():
            waiting.set_result(reply)

    def end(self) -> None:
        """Fail all that waits for an answer: the link has ended."""
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_exception(lost("the band went away before it answered", self._link.name))
        self._when_done.clear()


async def open_control(link: BandLink) -> ControlPoint:
    """Subscribe to the control point of a connection, so that no answer is missed, and return it."""
    control = ControlPoint(link)
    link.on_loss(control.end)
    await link.subscribe(CONTROL_UUID, control.take)
    return control
