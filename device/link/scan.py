"""Hearing which bands are near."""

import asyncio
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import Final

from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData

from device.errors import BandNotFoundError, BandRefusedError
from device.link.radio import Adapter, scanning
from device.profiles.known import Profile, recognise
from device.profiles.openband import NAME_PREFIX

#: A band advertises once a second or more often; three chances to hear each.
SCAN_S: Final = 4.0


@dataclass(frozen=True, slots=True)
class Heard:
    """A band that was heard: ``device`` is fresh and good for one connection, right away."""

    name: str
    address: str
    rssi_dbm: int
    profile: Profile | None  #: None for a device that no profile knows
    device: BLEDevice


@dataclass(frozen=True, slots=True)
class Known(Heard):
    """A band that was heard and whose profile is known."""

    profile: Profile


async def scan(adapter: Adapter, seconds: float = SCAN_S) -> list[Heard]:
    """Return the bands of any known profile heard in ``seconds``, the nearest first."""
    async with adapter.exclusive(), scanning(adapter) as scanner:
        await asyncio.sleep(seconds)
        heard = [_heard(*seen) for seen in scanner.discovered_devices_and_advertisement_data.values()]
    return sorted((band for band in heard if band.profile), key=lambda band: -band.rssi_dbm)


async def find(adapter: Adapter, wanted: str, timeout_s: float, suits: Callable[[Profile], bool]) -> Known:
    """Return the first band heard whose name or address is ``wanted`` (any that ``suits``, where that is empty).

    The caller holds ``adapter.exclusive()`` and connects at once: what was heard goes stale. BandRefusedError where
    the band that is wanted doesn't suit: it keeps no log.
    """
    others: set[str] = set()
    async with scanning(adapter) as scanner:
        try:
            async with asyncio.timeout(timeout_s):
                async with aclosing(scanner.advertisement_data()) as advertisements:
                    async for device, advertisement in advertisements:
                        band = _heard(device, advertisement)
                        if not isinstance(band, Known):
                            continue
                        if fits(band, wanted) and suits(band.profile):
                            return band
                        if fits(band, wanted) and wanted:
                            raise _keeps_no_log(band)
                        others.add(band.name)
        except TimeoutError:
            pass
    raise BandNotFoundError(
        f"no band {wanted!r} was heard in {timeout_s:g} s" if wanted else f"no band was heard in {timeout_s:g} s",
        where=adapter.name,
        expected=f"one of {', '.join(sorted(others))}" if others else "",
        remedy="charge it, bring it nearer, close other apps that hold it; selfback scan lists what is heard",
    )


def _keeps_no_log(band: Known) -> BandRefusedError:
    return BandRefusedError(
        f"a band of the profile {band.profile.name} keeps no log to fetch",
        where=band.name,
        remedy="record it while it measures: selfback sync --live SECONDS, or selfback watch",
    )


def fits(band: Heard, wanted: str) -> bool:
    """Return whether ``wanted`` names this band: its name, its name's ending ("1A2B"), or its address."""
    known = (band.name.casefold(), band.name.removeprefix(NAME_PREFIX).lstrip("-").casefold(), band.address.casefold())
    return not wanted or wanted.casefold() in known


def _heard(device: BLEDevice, advertisement: AdvertisementData) -> Heard:
    uuids = {uuid.lower() for uuid in advertisement.service_uuids}
    name = advertisement.local_name or device.name or ""
    profile = recognise(name, uuids)
    if profile is None:
        return Heard(name, device.address, advertisement.rssi, None, device)
    return Known(name, device.address, advertisement.rssi, profile, device)
