"""Replacing the image that a band runs: nothing is sent that isn't proved, nothing stays that wasn't seen to work.

An image is tried once: it is sent, started, looked at, and only then confirmed. Whatever goes wrong before, the
bootloader goes back to the image before it at the next start.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from device.errors import BandLostError, BandNotFoundError, DeviceError, FirmwareKeptError, FirmwareRefusedError
from device.firmware.image import FirmwareImage, Version, board_of
from device.firmware.management import Management, SlotState, open_management
from device.link.connect import DEFAULT_TIMEOUTS, BandLink, Timeouts, connect
from device.link.control import open_control
from device.link.radio import Adapter
from device.recording import BandInfo

#: Swapping two slots of 400 kB takes an nRF52 about 20 s, and a test of flash before it as long again.
RESTART_S: Final = 90.0

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Policy:
    """What has to hold before anything is sent."""

    battery_floor_percent: int = 40  #: a flat battery in mid-swap is a band on the bench
    allow_older: bool = False


@dataclass(frozen=True, slots=True)
class Updated:
    """What a band ran, and what it runs now."""

    band: str
    before: str
    after: str
    resumed_at: int  #: byte from which the upload went on; 0 is the beginning
    changed: bool


def check_policy(
    image: FirmwareImage, told: BandInfo, battery_percent: int | None, running: str, *, policy: Policy, where: str
) -> None:
    """Raise FirmwareRefusedError where an image isn't for this band, is older, or the battery is too low."""
    board = board_of(told.maker, told.model)
    if image.board != board:
        raise FirmwareRefusedError(
            f"the image is for the board {image.board or 'that it does not name'}",
            where=where,
            expected=f"{board}, which is {told.maker}, {told.model}",
            remedy=f"imgtool sign --vid '{told.maker}' --cid '{told.model}'",
        )
    if version_of(running) > image.version and not policy.allow_older:
        raise FirmwareRefusedError(
            f"the image is version {image.version_text}",
            where=where,
            expected=f"{running} or newer, which the band runs",
            remedy="--allow-older, if its bootloader takes one",
        )
    if battery_percent is None or battery_percent < policy.battery_floor_percent:
        charge = "doesn't say its charge" if battery_percent is None else f"has {battery_percent} % left"
        raise FirmwareRefusedError(
            f"the band {charge}", where=where, expected=f"{policy.battery_floor_percent} % or more", remedy="charge it"
        )


def version_of(text: str) -> Version:
    """Return a version as numbers; what isn't a number counts as 0, so that any image is newer."""
    parts = [int(part) if part.isdecimal() else 0 for part in text.replace("+", ".").split(".")[:4]]
    major, minor, revision, build = (*parts, 0, 0, 0, 0)[:4]
    return major, minor, revision, build


async def update(
    adapter: Adapter,
    wanted: str,
    image: FirmwareImage,
    policy: Policy,
    *,
    timeouts: Timeouts = DEFAULT_TIMEOUTS,
    restart_s: float = RESTART_S,
    progress: Progress = lambda _done, _total: None,
    dry_run: bool = False,
) -> Updated:
    """Have a band run an image; of ``signed_image``, never of bytes that nobody proved.

    FirmwareRefusedError before anything is sent, BandLostError where the link breaks in mid-upload (run it again:
    it goes on), FirmwareKeptError where the band stays with, or goes back to, the image before.
    """
    async with connect(adapter, wanted, timeouts=timeouts) as link:
        told = await link.info()
        management = await open_management(link)
        running = _running(await management.images(), link.name)
        check_policy(image, told, await link.battery_percent(), running.version, policy=policy, where=link.name)
        name, address = link.name, link.address
        same = running.digest == image.digest
        if dry_run or (same and running.confirmed):
            return Updated(name, running.version, running.version, 0, changed=False)
        resumed_at = 0
        if not same:
            resumed_at = await management.upload(image, progress)
            await _try_next(management, image.digest, name)
            await _restart(link, management)
    if not same:
        await _look(adapter, address, image, timeouts, restart_s, before=running)
    else:
        await _confirm(adapter, address, image, timeouts, restart_s)
    return Updated(name, running.version, image.version_text, resumed_at, changed=True)


async def roll_back(
    adapter: Adapter, wanted: str, *, timeouts: Timeouts = DEFAULT_TIMEOUTS, restart_s: float = RESTART_S
) -> Updated:
    """Have a band go back to the image in its other slot; FirmwareKeptError where its bootloader won't."""
    async with connect(adapter, wanted, timeouts=timeouts) as link:
        management = await open_management(link)
        images = await management.images()
        running = _running(images, link.name)
        others = [image for image in images if not image.active]
        if not others:
            raise FirmwareRefusedError("the band holds no other image", where=link.name, expected="one to go back to")
        other, name, address = others[0], link.name, link.address
        if running.confirmed:
            await management.test(other.digest)
        await _restart(link, management)
    async with _after_restart(adapter, address, timeouts, restart_s) as link:
        management = await open_management(link)
        now = _running(await management.images(), name)
        if now.digest != other.digest:
            raise _kept(name, now.version, f"its bootloader doesn't take {other.version}")
        if not now.confirmed:
            await management.confirm()
    return Updated(name, running.version, other.version, 0, changed=True)


async def _try_next(management: Management, digest: bytes, where: str) -> None:
    states = await management.test(digest)
    if not any(state.digest == digest and state.pending for state in states):
        raise FirmwareKeptError("the band doesn't hold the image that was sent", where=where, remedy="run this again")


async def _look(
    adapter: Adapter, address: str, image: FirmwareImage, timeouts: Timeouts, restart_s: float, *, before: SlotState
) -> None:
    """Look whether the new image runs and answers, and confirm it; otherwise have the band go back."""
    try:
        await _confirm(adapter, address, image, timeouts, restart_s)
    except FirmwareKeptError:
        raise
    except DeviceError as fault:
        await _revert(adapter, address, timeouts, restart_s)
        raise _kept(address, before.version, f"the new one doesn't work ({fault})") from fault


async def _revert(adapter: Adapter, address: str, timeouts: Timeouts, restart_s: float) -> None:
    """Restart a band that runs an image on trial; where it can't be reached, its next start does the same."""
    with contextlib.suppress(DeviceError):
        async with _after_restart(adapter, address, timeouts, restart_s) as link:
            await _restart(link, await open_management(link))


async def _confirm(adapter: Adapter, address: str, image: FirmwareImage, timeouts: Timeouts, restart_s: float) -> None:
    async with _after_restart(adapter, address, timeouts, restart_s) as link:
        management = await open_management(link)
        running = _running(await management.images(), link.name)
        if running.digest != image.digest:
            raise _kept(link.name, running.version, "its bootloader refused the new one")
        control = await open_control(link)
        await control.clock()
        await control.logs()
        told = version_of((await link.info()).firmware)
        if told != image.version:
            raise FirmwareRefusedError(f"the band says it runs {told}", expected=image.version_text, where=link.name)
        confirmed = _running(await management.confirm(), link.name)
        if not confirmed.confirmed:
            raise FirmwareRefusedError("the band doesn't keep the image", where=link.name)


async def _restart(link: BandLink, management: Management) -> None:
    gone = asyncio.Event()
    link.on_loss(gone.set)
    await management.reset()
    try:
        async with asyncio.timeout(link.timeouts.silence_s):
            await gone.wait()
    except TimeoutError:
        return  # the link is closed by us; whether the band has started again, its images say


@asynccontextmanager
async def _after_restart(
    adapter: Adapter, address: str, timeouts: Timeouts, restart_s: float
) -> AsyncIterator[BandLink]:
    """Yield a connection to the band as soon as it is there again; BandNotFoundError after ``restart_s``."""
    give_up = asyncio.get_running_loop().time() + restart_s
    while True:
        attempt = connect(adapter, address, timeouts=timeouts)
        try:
            link = await attempt.__aenter__()
            break
        except (BandNotFoundError, BandLostError):
            if asyncio.get_running_loop().time() >= give_up:
                raise
    try:
        yield link
    finally:
        await attempt.__aexit__(None, None, None)


def _running(images: tuple[SlotState, ...], where: str) -> SlotState:
    for image in images:
        if image.active:
            return image
    raise FirmwareRefusedError("the band doesn't say which image runs", where=where, expected="one active image")


def _kept(where: str, version: str, why: str) -> FirmwareKeptError:
    return FirmwareKeptError(f"the band keeps {version}: {why}", where=where, remedy="selfback firmware info")
