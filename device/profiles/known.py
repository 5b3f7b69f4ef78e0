"""The wristbands whose acceleration can be decoded: one row each. Adding one is a module and a row (README.md)."""

from dataclasses import dataclass
from typing import Final

from device.profiles import axle, infinitime, openband, polar, seizure_detector


@dataclass(frozen=True, slots=True)
class Profile:
    """What is known of a dialect before a byte of it is read."""

    name: str  #: as the page in README.md is headed
    service_uuid: str
    stream_uuid: str
    rate_hz: float | None  #: nominal; None where it is chosen
    time: str  #: "counter", "last sample" or "arrival": what the times of samples come from
    unprotected: str  #: what the dialect can't protect, as said to whoever uses it
    name_prefix: str = ""  #: of the advertised name, for bands that don't advertise the service
    service_is_shared: bool = False  #: other devices advertise it, too, so the name decides


PROFILES: Final = (
    Profile(
        "openband",
        openband.SERVICE_UUID,
        openband.STREAM_UUID,
        None,
        "counter",
        "protected only where the firmware asks for bonding; the samples carry no signature",
    ),
    Profile(
        "infinitime",
        infinitime.SERVICE_UUID,
        infinitime.STREAM_UUID,
        10.0,
        "arrival",
        "no bonding, no encryption: anyone near can read the motion and replace the firmware",
        name_prefix="InfiniTime",
    ),
    Profile(
        "seizure-detector",
        seizure_detector.SERVICE_UUID,
        seizure_detector.STREAM_UUID,
        25.0,
        "arrival",
        "no bonding, no encryption: anyone near can read the motion, and a JavaScript watch also takes programs",
    ),
    Profile(
        "polar",
        polar.SERVICE_UUID,
        polar.STREAM_UUID,
        52.0,
        "last sample",
        "whether it bonds was not verified; its clock falls back to a default when the battery was flat",
    ),
    Profile(
        "axle",
        axle.SERVICE_UUID,
        axle.STREAM_UUID,
        50.0,
        "counter",
        "a password of six characters in clear text, no encryption: anyone near can read it and the motion",
        name_prefix="axLE-Band",
        service_is_shared=True,
    ),
)


def recognise(name: str, uuids: set[str]) -> Profile | None:
    """Return the profile of an advertised name and lower-case service ``uuids``, or None for a stranger."""
    for profile in PROFILES:
        if profile.service_uuid.lower() in uuids and not profile.service_is_shared:
            return profile
        if profile.name_prefix and name.startswith(profile.name_prefix):
            return profile
    return None
