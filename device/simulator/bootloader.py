"""What a simulated band starts from: two slots, and a bootloader that believes a signature and nothing else.

It behaves as MCUboot does with swap, Ed25519, image class ids and downgrade prevention (design.md, "Image swap",
"Downgrade prevention"), and proves an image by its own reading of it, not by imgtool's.
"""

import hashlib
import uuid
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from device.errors import FirmwareImageError
from device.firmware.image import ED25519, FirmwareImage, parse_image


@dataclass(slots=True)
class Flash:
    """The two slots of a band, and what its bootloader has noted of them; all of it outlives a loss of power."""

    key: bytes  #: raw Ed25519 public key, burnt in
    board: uuid.UUID
    running: bytes
    other: bytes = b""
    tries_other: bool = False  #: start the other image once, at the next start
    keeps_other: bool = False  #: and stay with it
    confirmed: bool = True  #: of the image that runs

    def start(self) -> FirmwareImage:
        """Do what the bootloader does at a start, and return the image that runs then."""
        if self.tries_other:
            self.tries_other = False
            if self._takes(self.other):
                self._swap()
                self.confirmed, self.keeps_other = self.keeps_other, False
            else:
                self.other, self.keeps_other = b"", False
        elif not self.confirmed:
            self._swap()
            self.confirmed = True
        return parse_image(self.running)

    def _swap(self) -> None:
        self.running, self.other = self.other, self.running

    def _takes(self, data: bytes) -> bool:
        try:
            image = parse_image(data)
        except FirmwareImageError:
            return False
        newer = image.version >= parse_image(self.running).version
        return newer and image.board == self.board and self._is_signed(image)

    def _is_signed(self, image: FirmwareImage) -> bool:
        if hashlib.sha256(image.data[: image.hashed_bytes]).digest() != image.digest:
            return False
        key = Ed25519PublicKey.from_public_bytes(self.key)
        for signature in (value for kind, value in image.values if kind == ED25519):
            try:
                key.verify(signature, image.digest)
            except InvalidSignature:
                continue
            return True
        return False
