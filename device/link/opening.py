"""Carrying out what a profile says before and after a stream: its steps, one by one, each bounded in time."""

import asyncio
from typing import Final

from device.errors import BandRefusedError, Fault, FrameError
from device.link.connect import BandLink
from device.link.inbox import Arrival
from device.profiles.opening import Ask, Read, Say, Step

#: What any MTU carries in one write (23 less 3).
PART_BYTES: Final = 20

Kept = list[Arrival]


async def carry_out(link: BandLink, steps: tuple[Step, ...]) -> Kept:
    """Take each step, and return what came meanwhile on the stream's characteristic: it may hold samples already.

    BandRefusedError and its children where the band says no, BandLostError where it says nothing.
    """
    kept: Kept = []
    for step in steps:
        try:
            match step:
                case Read(uuid, check):
                    check(await link.read(uuid))
                case Say(uuid, value):
                    await _write(link, uuid, value)
                case Ask():
                    came = await _ask(link, step)
                    kept += came if step.answer_uuid == link.profile.stream_uuid else []
        except FrameError as error:
            raise BandRefusedError(error.what, link.name, error.expected, error.remedy) from error
        except BandRefusedError as error:
            raise _placed(error, link.name) from error
    return kept


async def _write(link: BandLink, uuid: str, value: bytes) -> None:
    for at in range(0, len(value), PART_BYTES):
        await link.write(uuid, value[at : at + PART_BYTES])


async def _ask(link: BandLink, ask: Ask) -> Kept:
    inbox = await link.listen(ask.answer_uuid)
    await _write(link, ask.uuid, ask.value)
    loop = asyncio.get_running_loop()
    give_up_s = loop.time() + link.timeouts.call_s
    came: Kept = []
    while True:
        try:
            batch = await inbox.take(max(0.0, give_up_s - loop.time()))
        except TimeoutError as error:
            raise link.lost(f"without an answer to {ask.what}") from error
        if not batch:
            raise link.lost(f"without an answer to {ask.what}")
        came += batch
        if any(_answers(ask, arrival.payload) for arrival in batch):
            return came


def _answers(ask: Ask, payload: bytes) -> bool:
    try:
        return ask.answered(payload)
    except FrameError:
        return False  # a damaged answer is none


def _placed(error: BandRefusedError, name: str) -> Fault:
    return error if error.where else type(error)(error.what, name, error.expected, error.remedy)
