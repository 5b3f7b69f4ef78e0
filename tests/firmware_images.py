"""Signed images and their keys, made by imgtool for a test; no key of anybody's is kept."""

import contextlib
import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from imgtool import image, version
from imgtool.keys import Ed25519

from device.simulator.band import BandFacts

FACTS = BandFacts()


@dataclass(frozen=True)
class Maker:
    """Who releases firmware: a key pair, and a folder for images."""

    folder: Path
    key: Ed25519

    @classmethod
    def of(cls, folder: Path) -> "Maker":
        folder.mkdir(parents=True, exist_ok=True)
        maker = cls(folder, Ed25519.generate())
        maker.key.export_public(str(maker.public))
        return maker

    @property
    def public(self) -> Path:
        return self.folder / "public.pem"

    @property
    def raw(self) -> bytes:
        return bytes(self.key.key.public_key().public_bytes_raw())

    def image(
        self, release: str, *, vid: str | None = FACTS.maker, cid: str | None = FACTS.model, code_bytes: int = 20_000
    ) -> Path:
        """A signed image of this version, for this board."""
        name = release.replace("+", "-")
        code, signed = self.folder / "code.bin", self.folder / f"{name}-{vid}-{cid}.signed.bin"
        code.write_bytes(np.random.default_rng(len(release)).bytes(code_bytes))
        made = image.Image(
            version=version.decode_version(release),
            header_size=32,
            pad_header=True,
            slot_size=1 << 19,
            vid=vid,
            cid=cid,
        )
        with contextlib.redirect_stdout(io.StringIO()):
            made.load(str(code))
            made.create(self.key, "hash", None)
            made.save(str(signed))
        return signed
