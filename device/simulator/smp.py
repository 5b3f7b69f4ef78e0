"""A simulated band's image management: Zephyr's SMP server, messages in and out, over its standard characteristic.

Source: Zephyr, "MCUmgr / SMP protocol specification" and its groups 0 (operating system) and 1 (images).
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

import cbor2

from device.errors import FirmwareImageError
from device.firmware.image import parse_image
from device.profiles.smp import HEADER
from device.simulator.bootloader import Flash

#: What Zephyr's example for Bluetooth reserves for one message.
BUFFER_BYTES: Final = 2475

_READ, _WRITE = 0, 2
_EINVAL, _ENOENT, _EBADSTATE, _ENOTSUP = 3, 5, 6, 8

#: A group and a command, for each operation.
_PARAMETERS: Final = (_READ, 0, 6)
_RESET: Final = (_WRITE, 0, 5)
_STATES: Final = (_READ, 1, 0)
_SET_STATE: Final = (_WRITE, 1, 0)
_UPLOAD: Final = (_WRITE, 1, 1)


class SmpError(Exception):
    """A request that is answered with a code."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


@dataclass(slots=True)
class _Upload:
    """What is known of an upload while the power lasts, as Zephyr keeps it."""

    sha: bytes = b""
    size: int = 0


@dataclass(slots=True)
class SmpServer:
    """Image management over a flash; at bytes ``restart_at`` of an upload the power goes, at ``break_at`` the link."""

    flash: Flash
    restart_at: frozenset[int] = frozenset()
    break_at: frozenset[int] = frozenset()
    _upload: _Upload = field(default_factory=_Upload)
    _came: bytearray = field(default_factory=bytearray)
    _done: set[int] = field(default_factory=set)

    def power_on(self) -> str:
        """Start what the bootloader chooses, and return its version; what only RAM held is gone."""
        if not self.flash.tries_other and self._upload.size > len(self.flash.other):
            self.flash.other = b""  # an upload that the power cut short
        self._upload, self._came = _Upload(), bytearray()
        major, minor, revision, build = self.flash.start().version
        return f"{major}.{minor}.{revision}" + (f".{build}" if build else "")

    def link_ended(self) -> None:
        """Forget half a message."""
        self._came = bytearray()

    def feed(self, data: bytes, restart: Callable[[], None], leave: Callable[[], None]) -> bytes:
        """Take one write, and return the reply where that completed a request."""
        self._came += data
        if len(self._came) < HEADER.size:
            return b""
        operation, _, length, group, sequence, command = HEADER.unpack_from(self._came)
        if HEADER.size + length > BUFFER_BYTES:
            self._came = bytearray()
            return b""
        if len(self._came) < HEADER.size + length:
            return b""
        body, self._came = bytes(self._came[HEADER.size : HEADER.size + length]), bytearray()
        what = (operation & 7, group, command)
        try:
            answer = self._answer(what, _request(body))
        except SmpError as error:
            answer = {"rc": error.code}
        for cuts, act in ((self.restart_at, restart), (self.break_at, leave)):
            for at in cuts - self._done:
                if what == _UPLOAD and len(self.flash.other) >= at:
                    self._done.add(at)
                    act()
                    return b""
        if what == _RESET:
            restart()
        encoded = cbor2.dumps(answer)
        return HEADER.pack(operation + 1, 0, len(encoded), group, sequence, command) + encoded

    def _answer(self, what: tuple[int, int, int], body: dict[str, Any]) -> dict[str, Any]:
        if what == _PARAMETERS:
            return {"buf_size": BUFFER_BYTES, "buf_count": 4}
        if what == _RESET:
            return {}
        if what == _STATES:
            return self._states()
        if what == _SET_STATE:
            return self._set_state(body)
        if what == _UPLOAD:
            return self._take(body)
        raise SmpError(_ENOTSUP)

    def _states(self) -> dict[str, Any]:
        flash, found = self.flash, []
        for slot, data in enumerate((flash.running, flash.other)):
            try:
                image = parse_image(data)
            except FirmwareImageError:
                continue
            first = slot == 0
            found.append(
                {
                    "slot": slot,
                    "version": image.version_text,
                    "hash": image.digest,
                    "bootable": True,
                    "pending": not first and flash.tries_other,
                    "confirmed": flash.confirmed if first else not flash.confirmed,
                    "active": first,
                    "permanent": not first and flash.tries_other and flash.keeps_other,
                }
            )
        return {"images": found, "splitStatus": 0}

    def _set_state(self, body: dict[str, Any]) -> dict[str, Any]:
        wanted, confirm = body.get("hash"), bool(body.get("confirm"))
        if not isinstance(wanted, bytes | None):
            raise SmpError(_EINVAL)
        slots = {row["hash"]: row["slot"] for row in self._states()["images"]}
        if wanted is not None and wanted not in slots:
            raise SmpError(_ENOENT)
        if wanted is None or slots[wanted] == 0:
            if not confirm:
                raise SmpError(_EBADSTATE if wanted else _EINVAL)
            self.flash.confirmed = True
        else:
            self.flash.tries_other, self.flash.keeps_other = True, confirm
        return self._states()

    def _take(self, body: dict[str, Any]) -> dict[str, Any]:
        offset, data, upload = body.get("off"), body.get("data"), self._upload
        if not isinstance(offset, int) or not isinstance(data, bytes):
            raise SmpError(_EINVAL)
        if self.flash.tries_other or not self.flash.confirmed:
            raise SmpError(_EBADSTATE)  # the other slot is what the band would go back to
        if offset == 0:
            sha, size = body.get("sha") or b"", body.get("len")
            if not isinstance(size, int) or not isinstance(sha, bytes) or size <= 0:
                raise SmpError(_EINVAL)
            if sha and (sha, size) == (upload.sha, upload.size):
                return {"off": len(self.flash.other)}
            self._upload = upload = _Upload(sha, size)
            self.flash.other = b""
        if offset == len(self.flash.other) and offset + len(data) <= upload.size:
            self.flash.other += data
        return {"off": len(self.flash.other)}


def _request(body: bytes) -> dict[str, Any]:
    try:
        found = cbor2.loads(body) if body else {}
    except (cbor2.CBORDecodeError, ValueError) as error:
        raise SmpError(_EINVAL) from error
    if not isinstance(found, dict):
        raise SmpError(_EINVAL)
    return found
