"""What bleak and the system raise, as faults of ours; one row of a table for each thing that can be missing.

bleak's own errors are told apart by type, D-Bus error name and reason code, never by their text.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from bleak.exc import (
    BleakBluetoothNotAvailableError,
    BleakBluetoothNotAvailableReason,
    BleakDBusError,
    BleakDeviceNotFoundError,
    BleakError,
    BleakGATTProtocolError,
)

from device.errors import BandLostError, BandNotFoundError, BandRefusedError, BluetoothUnavailableError, DeviceError

_Reason = BleakBluetoothNotAvailableReason

#: Why there is no Bluetooth, and what to try.
REASONS: Final[dict[BleakBluetoothNotAvailableReason, tuple[str, str]]] = {
    _Reason.NO_BLUETOOTH: ("this machine has no Bluetooth adapter", "plug in a Bluetooth LE adapter"),
    _Reason.NO_BLE_CENTRAL_ROLE: (
        "the Bluetooth adapter can't connect to bands (it has no LE central role)",
        "plug in a Bluetooth LE adapter",
    ),
    _Reason.POWERED_OFF: ("Bluetooth is switched off", "switch it on: bluetoothctl power on, or in the settings"),
    _Reason.DENIED_BY_USER: ("this program may not use Bluetooth", "allow it in the system's privacy settings"),
    _Reason.DENIED_BY_SYSTEM: ("the system's policy keeps this program from Bluetooth", "ask who runs this machine"),
    _Reason.DENIED_BY_UNKNOWN: (
        "this program may not use Bluetooth",
        "allow it in the privacy settings, or join the `bluetooth` group",
    ),
    _Reason.UNKNOWN: ("Bluetooth doesn't work on this machine", "restart the Bluetooth service or the machine"),
}

#: D-Bus error name -> what is wrong and what to try, while the radio is being reached.
DBUS: Final[dict[str, tuple[str, str]]] = {
    "org.freedesktop.DBus.Error.ServiceUnknown": (
        "the Bluetooth service is not running",
        "start it: sudo systemctl start bluetooth (package bluez)",
    ),
    "org.freedesktop.DBus.Error.NameHasNoOwner": (
        "the Bluetooth service is not running",
        "start it: sudo systemctl start bluetooth (package bluez)",
    ),
    "org.freedesktop.DBus.Error.AccessDenied": (
        "this user may not use Bluetooth",
        "join the group: sudo usermod -aG bluetooth $USER, and log in again",
    ),
    "org.bluez.Error.NotReady": ("Bluetooth is switched off", "switch it on: bluetoothctl power on"),
    "org.bluez.Error.InProgress": (
        "another program is using the Bluetooth adapter",
        "close other Bluetooth programs, then run this again",
    ),
}

PAIR_REMEDY: Final = "run selfback sync with --passkey and the number on the band, once"

#: Answers of a band (ATT error codes) that mean something to a person.
REFUSALS: Final[dict[int, tuple[str, str]]] = {
    0x05: ("the band wants to be paired first", PAIR_REMEDY),
    0x0F: ("the band wants an encrypted link", PAIR_REMEDY),
}

NO_SYSTEM_REMEDY: Final = (
    "use a machine with Bluetooth (in a container, mount /run/dbus), "
    "or a simulated band: selfback simulate, then --radio bumble:tcp-client:127.0.0.1:PORT"
)


@contextmanager
def bluetooth_faults(where: str) -> Iterator[None]:
    """Turn what is raised while a radio is opened or a scan is started into BluetoothUnavailableError."""
    try:
        yield
    except BleakBluetoothNotAvailableError as error:
        what, remedy = REASONS[error.reason]
        raise BluetoothUnavailableError(what, where=where, remedy=remedy) from error
    except BleakDBusError as error:
        what, remedy = DBUS.get(error.dbus_error, (f"Bluetooth failed: {error}", "restart the Bluetooth service"))
        raise BluetoothUnavailableError(what, where=where, remedy=remedy) from error
    except BleakError as error:
        raise BluetoothUnavailableError(f"Bluetooth failed: {error}", where=where) from error
    except FileNotFoundError as error:
        # bleak lets this through bare: there is no D-Bus socket, as in most containers.
        raise BluetoothUnavailableError(
            "no system bus on this machine, so no Bluetooth", where=where, remedy=NO_SYSTEM_REMEDY
        ) from error
    except (ConnectionError, OSError) as error:
        raise BluetoothUnavailableError(
            f"nobody answers there ({error.strerror or error})", where=where, remedy="is `selfback simulate` running?"
        ) from error


def hung(where: str, waited_s: float) -> BluetoothUnavailableError:
    """Return the fault for a system that says neither yes nor no."""
    return BluetoothUnavailableError(
        f"the Bluetooth service doesn't answer ({waited_s:.0f} s)",
        where=where,
        remedy="restart it: sudo systemctl restart bluetooth",
    )


def band_fault(error: BleakError | TimeoutError | OSError | EOFError, where: str, doing: str) -> DeviceError:
    """Return what went wrong with a band while ``doing`` something, as a fault."""
    if isinstance(error, BleakGATTProtocolError):
        code = int(error.args[0])
        what, remedy = REFUSALS.get(code, (f"the band refused (ATT error 0x{code:02X}) {doing}", ""))
        return BandRefusedError(what, where=where, remedy=remedy)
    if isinstance(error, BleakDeviceNotFoundError):
        return BandNotFoundError(
            "the band was heard but doesn't answer", where=where, remedy="bring it nearer and run this again"
        )
    if isinstance(error, TimeoutError):
        return lost(f"the band fell silent {doing}", where)
    return lost(f"the band went away {doing} ({error})", where)


def lost(what: str, where: str) -> BandLostError:
    """Return the fault for a band that went away in the middle of something."""
    return BandLostError(what, where=where, remedy="bring it nearer and run the same command: it goes on from here")
