"""Figures with what they mean, as the boxes of a page list them."""

from dataclasses import dataclass
from typing import Final

from activity.report import wording

NOT_KNOWN: Final = "not known"


@dataclass(frozen=True, slots=True)
class SignalFacts:
    """What is known of the signal behind the day; None is "not known"."""

    measured_rate_hz: float | None
    gaps: int  #: interruptions inside the recording
    gap_minutes: float  #: what they come to together
    calibrated: bool  #: whether offset and gain were corrected
    calibration_before_mg: float | None  #: mean distance of still moments from 1 g
    calibration_after_mg: float | None


@dataclass(frozen=True, slots=True)
class Fact:
    """One entry of the quality box, or one figure of the day: a value and what it means."""

    name: str
    value: str
    meaning: str


def known(value: float | None) -> str:
    """Return a whole number, or that it isn't known."""
    return NOT_KNOWN if value is None else wording.count(value)


def gap_fact(signal: SignalFacts) -> Fact:
    """Return how often a recording breaks off."""
    if not signal.gaps:
        return Fact("Gaps", "none", "the recording has no interruption inside it")
    lasted = wording.duration(signal.gap_minutes)
    return Fact("Gaps", wording.count(signal.gaps), f"interruptions inside the recording, {lasted} in all")


def calibration_fact(signal: SignalFacts) -> Fact:
    """Return how far the sensor was off gravity."""
    before, after = signal.calibration_before_mg, signal.calibration_after_mg
    if before is None:
        return Fact("Calibration", NOT_KNOWN, "the sensor could not be checked against gravity")
    if not signal.calibrated or after is None:
        return Fact("Calibration", _milli_g(before), "how far the sensor is off gravity when still; not corrected")
    return Fact("Calibration", _milli_g(after), f"off gravity when still, after correction; {_milli_g(before)} before")


def _milli_g(value: float) -> str:
    return f"{wording.decimal(value)}{wording.THIN}mg"


def rate_fact(signal: SignalFacts) -> Fact:
    """Return how many samples came each second."""
    if signal.measured_rate_hz is None:
        return Fact("Measured rate", NOT_KNOWN, "samples that came each second")
    return Fact(
        "Measured rate",
        f"{wording.decimal(signal.measured_rate_hz, 2)}{wording.THIN}Hz",
        "samples that came each second",
    )
