"""What names the content of a file."""

import hashlib
from pathlib import Path
from typing import Final

#: Read at once. Each read waits for whichever thread runs Python, up to 5 ms, so that small ones would add up.
_BLOCK_BYTES: Final = 16 << 20


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, in hex."""
    digest = hashlib.sha256()
    with path.open("rb", buffering=0) as file:
        block = memoryview(bytearray(max(1, min(_BLOCK_BYTES, path.stat().st_size))))
        while count := file.readinto(block):
            digest.update(block[:count])
    return digest.hexdigest()
