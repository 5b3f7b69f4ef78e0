"""What the header of an Axivity file says of the band."""

from typing import Final
from urllib.parse import parse_qsl

import numpy as np

from device.recording import BandInfo, Damage

HEADER_BYTES: Final = 1024
HARDWARE: Final = {0x00: "AX3", 0xFF: "AX3", 0x17: "AX3", 0x64: "AX6"}
#: The annotation of the recording software that says where the band was worn.
PLACEMENT_KEY: Final = "_p"
ANNOTATION: Final = slice(64, 512)

_HEADER: Final = np.dtype(
    {
        "names": ["magic", "hardware", "serial_low", "session", "serial_high", "rate", "firmware"],
        "formats": ["S2", "u1", "<u2", "<u4", "<u2", "u1", "u1"],
        "offsets": [0, 4, 5, 7, 11, 36, 41],
        "itemsize": HEADER_BYTES,
    }
)


def read_header(content: bytes, range_g: float, rate_hz: float) -> tuple[BandInfo, tuple[Damage, ...]]:
    """Return the band; a damaged header costs its facts, not the recording. Range and rate are what sectors say."""
    header = np.frombuffer(content, _HEADER, 1)[0]
    if header["magic"] != b"MD":
        damage = Damage("header without its mark", 1, "left out; whose band it was is not known", "byte 0")
        return BandInfo("Axivity", range_g=range_g, nominal_rate_hz=rate_hz), (damage,)
    high = int(header["serial_high"])
    serial = int(header["serial_low"]) | (0 if high == 0xFFFF else high << 16)
    band = BandInfo(
        maker="Axivity",
        model=HARDWARE.get(int(header["hardware"]), f"hardware 0x{int(header['hardware']):02x}"),
        serial=str(serial),
        firmware=str(int(header["firmware"])),
        placement=annotations(content).get(PLACEMENT_KEY, ""),
        range_g=range_g,
        nominal_rate_hz=rate_hz,
    )
    return band, ()


def annotations(content: bytes) -> dict[str, str]:
    """Return what the recording software wrote into the header, by its keys, e.g. ``_p`` for body place."""
    text = content[ANNOTATION].split(b"\0")[0].rstrip(b"\xff ")
    printable = "".join(c for c in text.decode("latin-1") if c.isprintable())
    return dict(parse_qsl(printable, keep_blank_values=True))
