"""Who signed a firmware image: imgtool's verdict, by the public key that was given."""

import struct
from pathlib import Path
from typing import Any, Final

import imgtool.image
import imgtool.keys
from cryptography.exceptions import UnsupportedAlgorithm

from device.errors import FirmwareImageError
from device.firmware.image import FirmwareImage, parse_image, torn

#: An image that fills the flash of the largest chip in use is 1 MiB.
LARGEST_BYTES: Final = 4 << 20


def signed_image(path: Path, key_path: Path) -> FirmwareImage:
    """Return the image in a file once imgtool has proved that the owner of the public key has signed it."""
    key = _public_key(key_path)
    try:
        if path.stat().st_size > LARGEST_BYTES:
            raise torn(f"{path.stat().st_size} bytes are more than any band can hold", str(path))
        image = parse_image(path.read_bytes(), str(path))
        result, _, digest, _ = imgtool.image.Image.verify(str(path), key)
    except OSError as error:
        raise FirmwareImageError(f"can't be read: {error.strerror}", where=str(path)) from error
    except (struct.error, TypeError, ValueError, KeyError) as error:
        raise torn(f"imgtool can't read it ({error})", str(path)) from error
    if result is not imgtool.image.VerifyResult.OK or digest != image.digest:
        raise FirmwareImageError(
            f"the signature doesn't hold ({result.name})",
            where=str(path),
            expected=f"an image signed by the owner of {key_path}",
            remedy="ask whoever released the image for the right file, and never send this one",
        )
    return image


def _public_key(path: Path) -> Any:
    try:
        private = b"PRIVATE KEY" in path.read_bytes()
        key = None if private else imgtool.keys.load(str(path))
    except (OSError, ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise FirmwareImageError(
            "this is no public key", where=str(path), expected="a PEM file with a public key"
        ) from error
    if private:
        raise FirmwareImageError(
            "this is a private key, which has no place here",
            where=str(path),
            expected="the public key: imgtool getpub",
        )
    return key
