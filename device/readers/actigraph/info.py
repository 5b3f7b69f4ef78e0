"""What info.txt says of a device and its settings; whose it was isn't read."""

import math
from dataclasses import dataclass
from typing import Final

from device.readers.said import number, offset_s, printable
from device.recording import BandInfo

#: The members of every such .zip.
INFO: Final = "info.txt"
LOG: Final = "log.bin"
#: A real one has 500 bytes.
MOST_BYTES: Final = 1 << 16
#: Steps in a g by the first letters of the serial number, where nothing else says it (GT3X-File-Format, log.bin).
SCALES: Final = {"NEO": 341.0, "CLE": 341.0, "MRA": 256.0, "MOS": 256.0, "TAS": 256.0}


@dataclass(frozen=True, slots=True)
class Info:
    """The device, and what it was told; NaN is not known."""

    band: BandInfo
    per_g: float  #: steps of a sample in a g
    offset_s: float  #: of the computer that set the clock, from UTC


def read_info(content: bytes) -> Info:
    """Return what the lines of info.txt say; one that can't be understood says nothing."""
    lines = (line.partition(":") for line in content.decode("latin-1").splitlines())
    said = {name.strip().casefold(): value.strip() for name, _, value in lines}
    serial = said.get("serial number", "")
    limb = f"{said.get('side', '')} {said.get('limb', '')}".strip().casefold()
    band = BandInfo(
        maker="ActiGraph",
        model=printable(said.get("device type", "")),
        serial=printable(serial),
        firmware=printable(said.get("firmware", "")),
        placement=printable(limb),
        range_g=number(said.get("acceleration max", ""), 1.0, 64.0),
        nominal_rate_hz=number(said.get("sample rate", ""), 1.0, 1_000.0),
    )
    return Info(band, number(said.get("acceleration scale", ""), 1.0, 65_536.0), offset_s(said.get("timezone", "")))


def scale_of(info: Info, parameter: int) -> float:
    """Return the steps of a sample in a g: by info.txt, else by the log's parameter (0 if it has none), else by serial.

    The parameter is a mantissa of 24 bits, a fraction of 2**23, and an exponent of 8, both signed
    (GT3X-File-Format, parameters). NaN where nothing says it.
    """
    if not math.isnan(info.per_g):
        return info.per_g
    mantissa, exponent = (parameter & 0xFFFFFF ^ 0x800000) - 0x800000, (parameter >> 24 ^ 0x80) - 0x80
    value = math.ldexp(mantissa / 2**23, exponent)
    return value if 1.0 <= value <= 65_536.0 else SCALES.get(info.band.serial[:3].upper(), math.nan)
