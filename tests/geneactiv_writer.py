"""Writes GENEActiv files (.bin) page by page, as whole or as strange as a test wants them."""

from datetime import UTC, datetime, timedelta

import numpy as np

START = datetime(2026, 6, 15, 8, tzinfo=UTC)
GAIN, OFFSET = (25875, 25734, 25538), (439, -662, -3056)
HELD = 300

#: Lines of the header, with the section that each comes under.
HEADER = {
    "Device Identity": {
        "Device Unique Serial Code": "012967", "Device Type": "GENEActiv           ", "Device Model": "1.1",
        "Device Firmware Version": "Ver1.30 date 05Aug11",
    },
    "Device Capabilities": {"Accelerometer Range": "-8 to 8   ", "Accelerometer Units": "g"},
    "Configuration Info": {"Measurement Frequency": "100 Hz", "Time Zone": "GMT +02:00"},
    "Subject Info": {"Device Location Code": "Left Wrist", "Subject Code": "Planted Name\0\0"},
    "Calibration Data": {
        f"{axis} {what}": str(values[k])
        for k, axis in enumerate("xyz") for what, values in (("gain", GAIN), ("offset", OFFSET))
    },
    "Memory Status": {"Number of Pages": "0"},
}  # fmt: skip


def header(newline: str = "\r\n", **changes: str | None) -> bytes:
    """The lines before the first page, with values changed or left out; names with underscores for spaces."""
    changed = {name.replace("_", " "): value for name, value in changes.items()}
    lines = []
    for section, said in HEADER.items():
        rows = {name: changed.get(name, value) for name, value in said.items()}
        lines += [section, *(f"{name}:{value}" for name, value in rows.items() if value is not None), ""]
    return newline.join([*lines, ""]).encode("latin-1")


def digits(raw: np.ndarray) -> str:
    """Samples (n, 3) of 12 bits as a page holds them, with light and button."""
    return "".join(f"{x & 0xFFF:03X}{y & 0xFFF:03X}{z & 0xFFF:03X}5A2" for x, y, z in raw.tolist())


def raw_of(accel_g: np.ndarray) -> np.ndarray:
    """The steps nearest to samples in g."""
    return np.clip(np.rint((accel_g * np.array(GAIN) + np.array(OFFSET)) / 100), -2048, 2047).astype(int)


def stamp(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S}:{at.microsecond // 1000:03}"


def page(content: str, number: object, when: str, rate: str = "100.0", newline: str = "\r\n") -> bytes:
    """One page with these digits."""
    lines = (
        "Recorded Data", "Device Unique Serial Code:012967", f"Sequence Number:{number}", f"Page Time:{when}",
        "Unassigned:", "Temperature:21.5", "Battery voltage:4.1493", "Device Status:Recording",
        f"Measurement Frequency:{rate}", content,
    )  # fmt: skip
    return newline.join([*lines, ""]).encode("latin-1")


def pages(raw: np.ndarray, *, rate_hz: float = 100.0, first: int = 0, newline: str = "\r\n") -> list[bytes]:
    """A page for each 300 samples of 12 bits."""
    length = timedelta(seconds=HELD / rate_hz)
    return [
        page(
            digits(raw[k * HELD : (k + 1) * HELD]), first + k, stamp(START + (first + k) * length), f"{rate_hz:.1f}",
            newline,
        )
        for k in range(len(raw) // HELD)
    ]  # fmt: skip
