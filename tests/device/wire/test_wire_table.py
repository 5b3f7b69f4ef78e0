"""The table, the C header and the page say the same; the compiler and a C program are asked."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from device.profiles import openband
from device.wire.header import ENUMS, UUIDS, c_header
from device.wire.page import protocol_page
from device.wire.table import STRUCTS, TYPES, WireStruct

GOLDEN = Path(__file__).parents[3] / "data" / "wire" / "openband.jsonl"

PROGRAM = r"""
#include <stdio.h>
#include <string.h>
#include "selfback_wire.h"

int main(void) {
    unsigned char frame[512];
    size_t size = fread(frame, 1, sizeof frame, stdin);
    selfback_notification_header head;
    if (size < sizeof head) return 1;
    memcpy(&head, frame, sizeof head);
    printf("%u %u %lu %u %u %u %u\n", head.count, head.seq, (unsigned long)head.ticks,
           head.rate, head.range_g, head.flags, head.boot);
    for (unsigned i = 0; i < head.count; i++) {
        selfback_sample sample;
        memcpy(&sample, frame + sizeof head + i * sizeof sample, sizeof sample);
        printf("%d %d %d\n", sample.x, sample.y, sample.z);
    }
    return 0;
}
"""


@pytest.fixture(scope="module")
def decoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A program, compiled against the header with every warning an error."""
    gcc = shutil.which("gcc")
    if gcc is None:
        if os.environ.get("CI"):
            pytest.fail("continuous integration needs gcc")
        pytest.skip("no gcc on this machine")
    folder = tmp_path_factory.mktemp("c")
    (folder / "selfback_wire.h").write_text(c_header())
    (folder / "decode.c").write_text(PROGRAM)
    flags = ["-std=c11", "-Wall", "-Wextra", "-Wpedantic", "-Werror"]
    subprocess.run([gcc, *flags, "-o", "decode", "decode.c"], cwd=folder, check=True, timeout=60)
    return folder / "decode"


def golden(kind: str) -> list[dict[str, object]]:
    rows = [json.loads(line) for line in GOLDEN.read_text().splitlines()]
    found = [row for row in rows if row["kind"] == kind]
    assert found
    return found


def test_a_c_program_reads_the_same_numbers_from_a_frame(decoder: Path) -> None:
    for row in golden("notification"):
        frame = bytes.fromhex(str(row["hex"]))
        done = subprocess.run([decoder], input=frame, capture_output=True, check=True, timeout=30)
        printed = [tuple(map(int, line.split())) for line in done.stdout.decode().splitlines()]
        read = openband.decode_notification(frame)
        head = (len(read.samples), read.seq, read.ticks, round(read.rate_hz * 64), read.range_g, read.flags, read.boot)
        assert printed == [head, *map(tuple, read.samples.tolist())]


@pytest.mark.parametrize("layout", STRUCTS, ids=lambda layout: layout.name)
def test_a_struct_is_packed_alike_by_numpy_and_struct(layout: WireStruct) -> None:
    values = tuple(range(1, len(layout.fields) + 1))
    packed = layout.codec.pack(*values)
    assert len(packed) == layout.size == layout.dtype.itemsize
    assert tuple(np.frombuffer(packed, layout.dtype)[0].tolist()) == values
    assert [layout.dtype.fields[field.name][1] for field in layout.fields] == list(layout.offsets)


def test_the_header_asserts_every_size_and_offset() -> None:
    asserts = c_header().count("_Static_assert(")
    assert asserts == len(STRUCTS) + sum(len(layout.fields) for layout in STRUCTS)


def test_the_page_names_every_field_code_and_identifier() -> None:
    page = protocol_page()
    for layout in STRUCTS:
        assert f"## {layout.name}\n" in page
        for field, offset in zip(layout.fields, layout.offsets, strict=True):
            assert f"| {offset} | {field.name} | {TYPES[field.type].c_name} | {field.unit} | {field.meaning} |" in page
    for _, text, _ in UUIDS:
        assert text in page
    for enum in ENUMS:
        for member in enum:
            assert f"| {member.name} | {member.value} |" in page


def test_names_are_used_once() -> None:
    assert len({layout.name for layout in STRUCTS}) == len(STRUCTS)
    for layout in STRUCTS:
        assert len({field.name for field in layout.fields}) == len(layout.fields)
