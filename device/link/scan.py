"""Hearing which bands are near."""

import asyncio
from contextlib import aclosing
from dataclasses import dataclass
from typing import Final

from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData

from device.errors import BandNotFoundError
from device.link.radio import Adapter, scanning
from device.profiles.known import Profile, recognise
from device.profiles.openband import NAME_PREFIX, SERVICE_UUID

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

    @property
    def is_open_band(self) -> bool:
        """Whether it advertises the service of our own profile: the one that sync and watch speak."""
        return self.profile is not None and self.profile.service_uuid == SERVICE_UUID


async def scan(adapter: Adapter, seconds: float = SCAN_S) -> list[Heard]:
    """Return the bands of any known profile heard in ``seconds``, the nearest first."""
    async with adapter.exclusive(), scanning(adapter) as scanner:
        await asyncio.sleep(seconds)
        heard = [_heard(*seen) for seen in scanner.discovered_devices_and_advertisement_data.values()]
    return sorted((band for band in heard if band.profile), key=lambda band: -band.rssi_dbm)


async def find(adapter: Adapter, wanted: str = "", timeout_s: float = 10.0) -> Heard:
    """Return the first open band heard whose name or address is ``wanted`` (any, where that is empty).

    The caller holds ``adapter.exclusive()`` and connects at once: what was heard goes stale.
    """
    others: set[str] = set()
    async with scanning(adapter) as scanner:
        try:
            async with asyncio.timeout(timeout_s):
                async with aclosing(scanner.advertisement_data()) as advertisements:
                    async for device, advertisement in advertisements:
                        band = _heard(device, advertisement)
                        if band.is_open_band and fits(band, wanted):
                            return band
                        if band.is_open_band:
                            others.add(band.name)
        except TimeoutError:
            pass
    raise BandNotFoundError(
        f"no band {wanted!r} was heard in {timeout_s:g} s" if wanted else f"no band was heard in {timeout_s:g} s",
        where=adapter.name,
        expected=f"one of {', '.join(sorted(others))}" if others else "",
        remedy="charge it, bring it nearer, close other apps that hold it; selfback scan lists what is heard",
    )


def fits(band: Heard, wanted: str) -> bool:
    """Return whether ``wanted`` names this band: its name, its name's ending ("1A2B"), or its address."""
    known = (band.name.casefold(), band.name.removeprefix(NAME_PREFIX).lstrip("-").casefold(), band.address.casefold())
    return not wanted or wanted.casefold() in known


def _heard(device: BLEDevice, advertisement: AdvertisementData) -> Heard:
    uuids = {uuid.lower() for uuid in advertisement.service_uuids}
    name = advertisement.local_name or device.name or ""
    return Heard(name, device.address, advertisement.rssi, recognise(name, uuids), device)
