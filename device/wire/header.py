"""The C header of the open band profile, for firmware: the same table, checked by the compiler."""

import uuid
from enum import IntEnum
from typing import Final

from device.wire import codes
from device.wire.table import STRUCTS, TYPES, WireStruct

PREFIX: Final = "selfback"

_TOP: Final = """\
/* Open band profile, version {version}. Generated from the program's own table: don't edit.
 * Everything is little-endian and packed; a big-endian chip has to swap bytes.
 */
#ifndef SELFBACK_WIRE_H
#define SELFBACK_WIRE_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>
"""

_NUMBERS: Final = (
    ("VERSION", f"{codes.VERSION}u", "of notifications and blocks"),
    ("BLOCK_MAGIC", f"{codes.BLOCK_MAGIC:#06x}u", "'SB'"),
    ("PIECE_TAG", f"{codes.PIECE_TAG:#04x}u", "first byte of a piece"),
    ("TICKS_HZ", f"{codes.TICKS_HZ}u", "counter"),
    ("RATE_STEPS_PER_HZ", f"{codes.RATE_STEPS_PER_HZ}u", "rates are in 1/64 Hz"),
    ("COUNTS_PER_RANGE", f"{codes.COUNTS_PER_RANGE}", "g = raw * range_g / 32768"),
    ("MAX_VALUE_SIZE", f"{codes.MAX_VALUE_SIZE}u", "bytes of a block or a reply at most"),
)

UUIDS: Final = (
    ("SERVICE", codes.SERVICE_UUID, "the service"),
    ("STREAM", codes.STREAM_UUID, "live samples; notify"),
    ("LOG", codes.LOG_UUID, "stored blocks; notify"),
    ("CONTROL", codes.CONTROL_UUID, "requests and replies; write, indicate"),
)

ENUMS: Final[tuple[type[IntEnum] | type[codes.Flag], ...]] = (codes.Flag, codes.Opcode, codes.Status)


def c_header() -> str:
    """Return a C11 header: structs with their sizes and offsets asserted, identifiers, limits and enums."""
    parts = [_TOP.format(version=codes.VERSION)]
    parts += [f"#define SELFBACK_{name} {value} /* {meaning} */" for name, value, meaning in _NUMBERS]
    parts += ["", f'#define SELFBACK_NAME_PREFIX "{codes.NAME_PREFIX}" /* advertised name */', ""]
    parts += ["/* As text, and as bytes in the order in which they are sent. */"]
    parts += [line for name, text, meaning in UUIDS for line in _uuid_lines(name, text, meaning)]
    parts += ["", *(_enum(enum) for enum in ENUMS), *(_struct(layout) for layout in STRUCTS)]
    return "\n".join([*parts, "#endif", ""])


def _uuid_lines(name: str, text: str, meaning: str) -> list[str]:
    sent = ", ".join(f"0x{byte:02x}" for byte in reversed(uuid.UUID(text).bytes))
    return [
        f'#define SELFBACK_{name}_UUID "{text}" /* {meaning} */',
        f"#define SELFBACK_{name}_UUID_BYTES {{{sent}}}",
    ]


def _enum(enum: type[IntEnum] | type[codes.Flag]) -> str:
    name = enum.__name__.lower()
    members = [f"    SELFBACK_{name.upper()}_{member.name} = {member.value}," for member in enum]
    return "\n".join([f"enum {PREFIX}_{name} {{", *members, "};", ""])


def _struct(layout: WireStruct) -> str:
    name = f"{PREFIX}_{layout.name}"
    lines = [f"/* {layout.meaning} */", "typedef struct __attribute__((packed)) {"]
    for field in layout.fields:
        unit = f" [{field.unit}]" if field.unit else ""
        lines.append(f"    {TYPES[field.type].c_name} {field.name}; /* {field.meaning}{unit} */")
    lines += [f"}} {name};", f'_Static_assert(sizeof({name}) == {layout.size}, "{layout.name}");']
    lines += [
        f'_Static_assert(offsetof({name}, {field.name}) == {offset}, "{layout.name}.{field.name}");'
        for field, offset in zip(layout.fields, layout.offsets, strict=True)
    ]
    return "\n".join([*lines, ""])
