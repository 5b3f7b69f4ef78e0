"""Everything that can go wrong between a wrist and a recording.

``Fault`` is the one form an error has here: what came, where, what would have been right, what to try.
Each class has a ``code`` that ``selfback explain`` turns into its docstring, and the exit code of the
command that ends on it. The constructor takes what ``args`` holds, so a fault survives a process pool.
"""

from typing import ClassVar


class Fault(Exception):  # noqa: N818 - a family root; its children are named ...Error
    """Something the program can name: what came, where, what would have been right, what to try."""

    code: ClassVar[str] = "fault"
    exit_code: ClassVar[int] = 1

    def __init__(self, what: str, where: str = "", expected: str = "", remedy: str = "") -> None:
        super().__init__(what, where, expected, remedy)
        self.what = what
        self.where = where
        self.expected = expected
        self.remedy = remedy

    def __str__(self) -> str:
        head = f"{self.where}: {self.what}" if self.where else self.what
        if self.expected:
            head += f"; expected {self.expected}"
        return head


class DeviceError(Fault):
    """A fault of the band, its link, or a file that holds its acceleration."""

    code = "device"


class RecordingError(DeviceError):
    """Samples and times that don't make a recording: wrong shapes, times that go back, ranges that overlap."""

    code = "recording-invalid"


class FrameError(DeviceError):
    """Bytes from the band that are not a valid frame; the frame is left out and counted, the rest is kept."""

    code = "frame-invalid"
    exit_code = 5


class ReadError(DeviceError):
    """A file that can't be read as the recording its name promises."""

    code = "file-unreadable"


class UnknownFormatError(ReadError):
    """A file of a kind that no reader knows; `selfback process --help` lists those that are known."""

    code = "file-unknown-format"


class EmptyFileError(ReadError):
    """A file without a single sample in it."""

    code = "file-empty"


class DamagedFileError(ReadError):
    """A file so damaged that no block of it could be read; files with some good blocks are read."""

    code = "file-damaged"


class ColumnError(ReadError):
    """A table without a column that is needed, or with a value in it that can't be used."""

    code = "file-columns"


class CountsError(ReadError):
    """A table of counts an epoch: acceleration that was summed up can't be taken apart again. Export the raw data."""

    code = "file-counts"


class ContainerError(ReadError):
    """A .gz or .zip that isn't unpacked: broken, encrypted, nested, made to fill a disk, or with names that mislead."""

    code = "file-container"


class BluetoothUnavailableError(DeviceError):
    """This machine has no Bluetooth that can be used: no adapter, no service, switched off, or no permission."""

    code = "bluetooth-unavailable"
    exit_code = 3


class BandNotFoundError(DeviceError):
    """No band of that name or address was heard: flat, out of range, or held by another phone or computer."""

    code = "band-not-found"
    exit_code = 3


class BandLostError(DeviceError):
    """The band went away while it was being read. What came is kept; the next sync goes on where this one stopped."""

    code = "band-lost"
    exit_code = 4


class BandRefusedError(DeviceError):
    """The band answered a request with an error: busy, unknown to its firmware, or a value it can't take."""

    code = "band-refused"
    exit_code = 3


class CaptureError(DeviceError):
    """A capture on disk that is torn, of another kind, or doesn't hold what its closing hash says."""

    code = "capture-integrity"
    exit_code = 5


class CaptureWriteError(CaptureError):
    """A capture or recording that can't be written: no room, no permission; what was captured before is kept."""

    code = "capture-unwritable"
    exit_code = 4


class BandBusyError(BandRefusedError):
    """The band is doing something else: another request of ours, or another phone's. Try again in a moment."""

    code = "band-busy"


class RadioNameError(DeviceError):
    """A radio is `system`, or `bumble:` and a transport that Bumble knows, such as `bumble:tcp-client:HOST:PORT`."""

    code = "radio-name"
    exit_code = 2


class EraseRefusedError(DeviceError):
    """Blocks that stay on the band, because this machine doesn't hold all of them, verified."""

    code = "erase-refused"
    exit_code = 7


class FirmwareImageError(DeviceError):
    """A firmware image that is torn, or not signed by the key that was given; nothing of it was sent to the band."""

    code = "firmware-image"
    exit_code = 5


class FirmwareRefusedError(DeviceError):
    """An update that isn't begun: the image is for another board or older, or the band's battery is too low."""

    code = "firmware-refused"
    exit_code = 7


class FirmwareKeptError(DeviceError):
    """An update that didn't hold: the band runs the image it ran before, or goes back to it when it next starts."""

    code = "firmware-kept"
    exit_code = 5
