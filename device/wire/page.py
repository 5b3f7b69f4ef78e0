"""The protocol page: what a firmware engineer has to know, in Markdown, from the same table as the code."""

from typing import Final

from device.wire import codes
from device.wire.header import ENUMS, UUIDS
from device.wire.table import STRUCTS, TYPES, WireStruct

_TOP: Final = """\
# The open band profile, version {version}

Everything is little-endian and packed. Acceleration in g is `raw * range_g / 32768`. Ticks count at
{ticks_hz} Hz from boot and don't stop in sleep. A rate is in 1/{rate_steps} Hz, so that a sample
lasts `2097152 / rate` ticks. A band advertises the service, and a name that begins with `{name}`.
Battery (180F), device information (180A) and current time (1805) are the standard services.

## How it goes

1. Subscribe to what you will read, then ask on the control point: subscribing later loses what came before.
2. A request carries a token, and its reply carries it back with the same opcode: a late reply can't be taken
   for another's.
3. `GET_CLOCK` ties ticks to the clock of whoever asks. Ticks of two boots can't be compared, so everything
   that carries ticks carries the boot count too.
4. `READ_LOG` is answered at once with the blocks to come (OK), then they are sent, then it is answered again (DONE).
   A block that was asked for and didn't come is asked for again.
5. A block or reply that is longer than MTU - 3 bytes is sent in pieces, in order. The first byte tells them apart.
6. Blocks are erased only when asked, after whoever asks has them safe.
"""


def protocol_page() -> str:
    """Return the page."""
    top = _TOP.format(
        version=codes.VERSION, ticks_hz=codes.TICKS_HZ, rate_steps=codes.RATE_STEPS_PER_HZ, name=codes.NAME_PREFIX
    )
    uuids = [f"| {name.lower()} | `{text}` | {meaning} |" for name, text, meaning in UUIDS]
    parts = [top, "## Identifiers\n", _table(("what", "UUID", "use"), uuids)]
    for enum in ENUMS:
        rows = [f"| {member.name} | {member.value} |" for member in enum]
        parts += [f"## {enum.__name__.lower()}\n", f"{(enum.__doc__ or '').strip()}\n", _table(("name", "value"), rows)]
    return "\n".join([*parts, *(_section(layout) for layout in STRUCTS)])


def _section(layout: WireStruct) -> str:
    rows = [
        f"| {offset} | {field.name} | {TYPES[field.type].c_name} | {field.unit} | {field.meaning} |"
        for field, offset in zip(layout.fields, layout.offsets, strict=True)
    ]
    head = f"## {layout.name}\n\n{layout.meaning} {layout.size} bytes.\n"
    return f"{head}\n{_table(('byte', 'field', 'type', 'unit', 'meaning'), rows)}"


def _table(heads: tuple[str, ...], rows: list[str]) -> str:
    return "\n".join([f"| {' | '.join(heads)} |", f"|{'---|' * len(heads)}", *rows, ""])
