"""The wristbands whose acceleration can be decoded: one row each. Adding one is a module and a row (README.md)."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from device.errors import CaptureError
from device.profiles import axle, bangle, infinitime, openband, polar, seizure_detector
from device.profiles.lines import Lines, whole_notification
from device.profiles.opening import Steps, nothing
from device.profiles.samples import Samples


class TimeForm(StrEnum):
    """What the times of samples come from; `device.capture.timed` has a way for each."""

    SEQUENCE = "sequence"  #: a counter, a sequence number and the rate in each message: our own profile
    COUNTER = "counter"  #: a counter at the first sample of each message
    LAST_SAMPLE = "last sample"  #: the band's own time of the last sample of each message
    INDEX = "index"  #: nothing: samples are counted, and arrivals say how fast
    CHANGES = (
        "changes"  #: nothing, and a sample that equals the one before it is not sent; several at once are by index
    )


@dataclass(frozen=True, slots=True)
class Profile:
    """What is known of a dialect before a byte of it is read, and what reads it."""

    name: str  #: as the page in README.md is headed
    service_uuid: str
    stream_uuid: str
    rate_hz: float | None  #: nominal; None where it is chosen
    time: TimeForm
    unprotected: str  #: what the dialect can't protect, as said to whoever uses it
    decode: Callable[[bytes], Samples]  #: one whole message
    split: Callable[[bytes, bytes], Lines] = whole_notification  #: what was left over and a notification to messages
    opening: Steps = nothing  #: said after subscribing, to have it stream
    closing: Steps = nothing
    needs: tuple[str, ...] = ()  #: characteristics beside the stream's without which it can't be used
    counter_hz: int = 0
    counter_bits: int = 0
    name_prefix: str = ""  #: of the advertised name, for bands that don't advertise the service
    service_is_shared: bool = False  #: other devices advertise it, too, so the name decides
    stores_logs: bool = False  #: it records by itself, and `selfback sync` fetches that
    packed_rate_hz: float = 0.0  #: likely where a band of the form `CHANGES` sends several samples at once after all
    may_be_silent: bool = False  #: nothing comes from a wrist that is still, so silence is no loss


PROFILES: Final = (
    Profile(
        "openband",
        openband.SERVICE_UUID,
        openband.STREAM_UUID,
        None,
        TimeForm.SEQUENCE,
        "protected only where the firmware asks for bonding; the samples carry no signature",
        openband.decode,
        opening=openband.opening,
        closing=openband.closing,
        needs=(openband.CONTROL_UUID,),
        counter_hz=openband.TICKS_HZ,
        counter_bits=32,
        stores_logs=True,
    ),
    Profile(
        "infinitime",
        infinitime.SERVICE_UUID,
        infinitime.STREAM_UUID,
        infinitime.RATE_HZ,
        TimeForm.CHANGES,
        "no bonding, no encryption: anyone near can read the motion and replace the firmware",
        infinitime.decode,
        packed_rate_hz=infinitime.PACKED_RATE_HZ,
        name_prefix="InfiniTime",
        may_be_silent=True,
    ),
    Profile(
        "seizure-detector",
        seizure_detector.SERVICE_UUID,
        seizure_detector.STREAM_UUID,
        25.0,
        TimeForm.INDEX,
        "no bonding, no encryption: anyone near can read the motion, and a JavaScript watch also takes programs",
        seizure_detector.decode,
        opening=seizure_detector.opening,
        needs=(seizure_detector.FORMAT_UUID,),
    ),
    Profile(
        "polar",
        polar.SERVICE_UUID,
        polar.STREAM_UUID,
        52.0,
        TimeForm.LAST_SAMPLE,
        "whether it bonds was not verified; its clock falls back to a default when the battery was flat",
        polar.decode,
        opening=polar.opening,
        closing=polar.closing,
        needs=(polar.CONTROL_UUID,),
    ),
    Profile(
        "axle",
        axle.SERVICE_UUID,
        axle.STREAM_UUID,
        50.0,
        TimeForm.COUNTER,
        "a password of six characters in clear text, no encryption: anyone near can read it and the motion",
        axle.decode,
        split=axle.join,
        opening=axle.opening,
        needs=(axle.COMMAND_UUID,),
        counter_hz=axle.COUNTER_HZ,
        counter_bits=axle.COUNTER_BITS,
        name_prefix="axLE-Band",
        service_is_shared=True,
    ),
    Profile(
        "bangle",
        bangle.SERVICE_UUID,
        bangle.STREAM_UUID,
        float(bangle.RATE_HZ),
        TimeForm.COUNTER,
        "no bonding, no encryption: anyone near can read the motion and have the watch run any program",
        bangle.decode,
        split=bangle.join,
        opening=bangle.opening,
        needs=(bangle.COMMAND_UUID,),
        counter_hz=bangle.COUNTER_HZ,
        counter_bits=bangle.COUNTER_BITS,
        name_prefix="Bangle.js",
        service_is_shared=True,
    ),
)


def recognise(name: str, uuids: set[str]) -> Profile | None:
    """Return the profile of an advertised name and lower-case service ``uuids``, or None for a stranger."""
    for profile in PROFILES:
        if profile.service_uuid.lower() in uuids and not profile.service_is_shared:
            return profile
    return next((one for one in PROFILES if one.name_prefix and name.startswith(one.name_prefix)), None)


def profile_named(name: str) -> Profile:
    """Return the profile of a name that a capture carries; CaptureError for one that this program doesn't know."""
    for profile in PROFILES:
        if profile.name == name:
            return profile
    raise CaptureError(
        f"a capture of profile {name!r}",
        expected=f"one of {', '.join(profile.name for profile in PROFILES)}",
        remedy="read it with a newer version of this program",
    )
