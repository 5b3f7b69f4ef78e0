"""Write the protocol page and the C header of the open band profile beside the table that they are made from.

Run: ``python tests/golden/write_wire_documents.py``
"""

import sys
from collections.abc import Callable
from pathlib import Path

from device.wire.header import c_header
from device.wire.page import protocol_page

WIRE = Path(__file__).parents[2] / "device" / "wire"
DOCUMENTS: dict[Path, Callable[[], str]] = {
    WIRE / "PROTOCOL.md": protocol_page,
    WIRE / "selfback_band.h": c_header,
}

if __name__ == "__main__":
    for path, text in DOCUMENTS.items():
        path.write_text(text(), encoding="utf-8")
        print(f"wrote {path}", file=sys.stderr)
