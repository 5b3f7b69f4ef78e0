"""One row a recording of what can be trusted in it: the table that is looked at first."""

from collections.abc import Mapping
from typing import Any


def quality_row(info: Mapping[str, Any]) -> dict[str, Any]:
    """Return the row of a recording from its ``info.json``."""
    signal, calibration, totals = info["signal"], info["calibration"], info["totals"]
    return {
        "input": info["input"]["name"],
        "recording": info["recording"],
        "state": "done",
        "fault": "",
        "maker": info["band"]["maker"],
        "model": info["band"]["model"],
        "start": signal["start"],
        "stop": signal["stop"],
        "rate_hz": signal["rate_hz"],
        "samples": signal["samples"],
        "gaps": signal["gap_count"],
        "gap_minutes": signal["gap_seconds"] / 60.0,
        "damaged": sum(damage["count"] for damage in info["damage"]),
        "damage": "; ".join(f"{damage['count']} × {damage['what']}" for damage in info["damage"]),
        "flags": "; ".join(f"{flag['code']} {flag['share']:.0%}" for flag in signal["flags"]),
        "calibration": calibration["kind"],
        "calibration_before_mg": calibration["error_before_mg"],
        "calibration_after_mg": calibration["error_after_mg"],
        "recorded_minutes": totals["recorded_minutes"],
        "wear_minutes": totals["wear_minutes"],
        "days": totals["days"],
        "valid_days": totals["valid_days"],
        "covers_24h": totals["covers_24h"],
    }


_EMPTY: Mapping[str, Any] = dict.fromkeys(
    (
        "input", "recording", "state", "fault", "maker", "model", "start", "stop", "rate_hz", "samples", "gaps",
        "gap_minutes", "damaged", "damage", "flags", "calibration", "calibration_before_mg", "calibration_after_mg",
        "recorded_minutes", "wear_minutes", "days", "valid_days", "covers_24h",
    )
)  # fmt: skip


def failure_row(failure: Mapping[str, str]) -> dict[str, Any]:
    """Return the row of an input, or a recording in it, that came to nothing."""
    said = f"{failure['code']}: {failure['fault']}"
    return {**_EMPTY, "input": failure["input"], "recording": failure["recording"], "state": "failed", "fault": said}
