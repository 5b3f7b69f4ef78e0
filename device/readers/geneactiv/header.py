"""What the header of a GENEActiv file says of the device; whose it was isn't read."""

import math
import re
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from device.readers.said import number, offset_s, printable
from device.recording import BandInfo

#: The first bytes of every such file.
MAGIC: Final = b"Device Identity"
#: A real one has 1,500 bytes.
MOST_BYTES: Final = 1 << 16
_RANGE: Final = re.compile(r"-?\d+ to (\d+)")


@dataclass(frozen=True, slots=True)
class Header:
    """The device, and how its steps become g: ``(100 raw - offset) / gain`` on each axis; NaN is not known."""

    band: BandInfo
    gain: tuple[float, float, float]
    offset: tuple[float, float, float]
    offset_s: float  #: of the computer that set the clock, from UTC
    pages: int  #: as the header counts them; 0 is not known

    def worth_g(self) -> NDArray[np.float32]:
        """Return what each code of 12 bits is worth in g: (3, 4096), the axes in order, negative codes last."""
        raw = (np.arange(4096) ^ 2048) - 2048
        gain, offset = np.array(self.gain)[:, None], np.array(self.offset)[:, None]
        return np.asarray((raw * 100.0 - offset) / gain, dtype=np.float32)


def read_header(content: bytes) -> Header:
    """Return what the lines before the first page say; one that can't be understood says nothing."""
    said: dict[str, str] = {}
    for line in content.decode("latin-1").splitlines():
        name, colon, value = line.partition(":")
        if name.strip() == "Recorded Data":
            break
        if colon:
            said.setdefault(name.strip().casefold(), printable(value))
    found = _RANGE.match(said.get("accelerometer range", ""))
    band = BandInfo(
        maker="Activinsights",
        model=f"{said.get('device type', '')} {said.get('device model', '')}".strip(),
        serial=said.get("device unique serial code", ""),
        firmware=said.get("device firmware version", ""),
        placement=said.get("device location code", "").casefold(),
        range_g=float(found[1][:6]) if found else math.nan,
        nominal_rate_hz=number(said.get("measurement frequency", ""), 1.0, 1_000.0),
    )
    pages = number(said.get("number of pages", ""))
    return Header(
        band=band,
        gain=_of_axes(said, "gain"),
        offset=_of_axes(said, "offset"),
        offset_s=offset_s(said.get("time zone", "")),
        pages=0 if math.isnan(pages) else int(pages),
    )


def _of_axes(said: dict[str, str], what: str) -> tuple[float, float, float]:
    x, y, z = (number(said.get(f"{axis} {what}", "")) for axis in "xyz")
    return x, y, z
