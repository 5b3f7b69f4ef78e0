"""The numbers of the open band profile that are not fields: identifiers, versions, limits, flags, opcodes, statuses."""

from enum import IntEnum, IntFlag
from typing import Final

SERVICE_UUID: Final = "5e1fbac0-0001-4d3e-9b1d-7c3f0d2a6e41"
STREAM_UUID: Final = "5e1fbac0-0002-4d3e-9b1d-7c3f0d2a6e41"
LOG_UUID: Final = "5e1fbac0-0003-4d3e-9b1d-7c3f0d2a6e41"
CONTROL_UUID: Final = "5e1fbac0-0004-4d3e-9b1d-7c3f0d2a6e41"
NAME_PREFIX: Final = "selfBACK"  #: a band's advertised name starts so

VERSION: Final = 1
BLOCK_MAGIC: Final = 0x4253  #: "SB" on the wire; 0x53 is no piece tag, so a whole block and a piece can't be mixed up
PIECE_TAG: Final = 0x70

TICKS_HZ: Final = 32_768  #: the watch crystal that every low-power radio chip runs its counter from
RATE_STEPS_PER_HZ: Final = 64
"""A rate is a u16 in 1/64 Hz: 12.5, 25, 26, 31.25, 50, 52, 100 and 104 Hz are exact in it and in a float,
and a sample period is 2**21 / rate ticks, which a chip without floating point can work out."""

COUNTS_PER_RANGE: Final = 32_768  #: acceleration in g is raw * range_g / 32768
MAX_VALUE_SIZE: Final = 512  #: the longest attribute value of Bluetooth (Core 5.4, vol 3, part F, 3.2.9)


class Flag(IntFlag):
    """What the band has to say of the samples in one frame."""

    CLIPPED = 0x01  #: at least one sample here reached the end of the range
    OVERFLOW = 0x02  #: samples before these were dropped, because a queue or the flash was full
    LOW_BATTERY = 0x04  #: below a tenth; the band may stop soon
    CLOCK_UNSET = 0x08  #: the band's own clock has not been set since it started


class Opcode(IntEnum):
    """What a request on the control point asks for."""

    GET_CLOCK = 1  #: ticks now, boot count, the band's own clock
    LIST_LOGS = 2  #: the stored logs, from a position on
    READ_LOG = 3  #: send blocks on the log characteristic
    STOP_READ = 4  #: send no more blocks
    START_STREAM = 5  #: send live samples on the stream characteristic
    STOP_STREAM = 6  #: send no more live samples
    ERASE_LOG = 7  #: forget the blocks before an index
    GET_CONFIG = 8  #: rate and range of what the band records by itself
    SET_CONFIG = 9  #: change them, from the next log on; they outlive a restart


class Status(IntEnum):
    """How a request ended."""

    OK = 0  #: done; a READ_LOG has begun
    BUSY = 1  #: not now; ask again
    BAD_REQUEST = 2  #: unknown opcode, wrong length, or a value that the band can't take
    NO_SUCH_LOG = 3  #: no log has that id
    DONE = 4  #: second reply to a READ_LOG: its last block has been sent
