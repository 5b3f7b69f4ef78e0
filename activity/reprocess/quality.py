"""One row a recording of what can be trusted in it: the table that is looked at first."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any


def overlaps(infos: Mapping[str, Mapping[str, Any]]) -> dict[str, tuple[str, ...]]:
    """Return, for recordings of one device that share time, which others they share it with.

    A device records once at a time: two such files are one recording twice, as a copy and an export of it are.
    """
    found: dict[str, tuple[str, ...]] = {}
    devices: dict[tuple[str, str], list[tuple[str, str, str]]] = defaultdict(list)
    for name, info in infos.items():
        band, signal = info["band"], info["signal"]
        if band["serial"]:
            devices[band["maker"], band["serial"]].append((signal["start"], signal["stop"], name))
    for held in devices.values():
        ordered = sorted(held)
        for place, (_, stop, name) in enumerate(ordered):
            for start, _, other in ordered[place + 1 :]:
                if start >= stop:
                    break
                found[name] = (*found.get(name, ()), other)
                found[other] = (*found.get(other, ()), name)
    return found


def quality_row(info: Mapping[str, Any], shared_with: Sequence[str] = ()) -> dict[str, Any]:
    """Return the row of a recording from its ``info.json``, and from which others hold some of its time."""
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
        "same_device_and_time_as": "; ".join(sorted(shared_with)),
    }


_EMPTY: Mapping[str, Any] = dict.fromkeys(
    (
        "input", "recording", "state", "fault", "maker", "model", "start", "stop", "rate_hz", "samples", "gaps",
        "gap_minutes", "damaged", "damage", "flags", "calibration", "calibration_before_mg", "calibration_after_mg",
        "recorded_minutes", "wear_minutes", "days", "valid_days", "covers_24h",
        "same_device_and_time_as",
    )
)  # fmt: skip


def failure_row(failure: Mapping[str, str]) -> dict[str, Any]:
    """Return the row of an input, or a recording in it, that came to nothing."""
    said = f"{failure['code']}: {failure['fault']}"
    return {**_EMPTY, "input": failure["input"], "recording": failure["recording"], "state": "failed", "fault": said}
