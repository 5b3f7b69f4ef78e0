"""The Simple Management Protocol over Bluetooth: identifiers, and the header of each message.

Source: Zephyr, "SMP over Bluetooth" and "MCUmgr / SMP protocol specification".
"""

import struct
from typing import Final

SERVICE_UUID: Final = "8d53dc1d-1db7-4cd3-868b-8a527460aa84"
CHARACTERISTIC_UUID: Final = "da2e7828-fbce-4e01-ae9e-261174997c48"  #: write without response, notify

#: Operation and version, flags, length of what follows, group, sequence, command.
HEADER: Final = struct.Struct("!BBHHBB")
