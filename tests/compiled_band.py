"""The exported C, compiled: as a program that reads windows and prints what it made of them, and as a library."""

import ctypes
import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from activity.classify.embedded.build import FLAGS, TARGETS
from activity.classify.embedded.features import FEATURES, WIDTH
from activity.classify.embedded.model import EmbeddedModel
from activity.classify.embedded.source import write_c

#: Reads windows (range as a byte, then the samples as they lie in memory) and writes features, scores and class.
PROGRAM = """\
#include <stdio.h>
#include "selfback_model.h"

static selfback_model model;

int main(void)
{
    int16_t samples[3 * SELFBACK_WIDTH];
    int range_g;
    while ((range_g = getchar()) != EOF) {
        int32_t found = selfback_begin(&model, range_g);
        if (fread(samples, sizeof samples, 1, stdin) != 1)
            return 1;
        for (int i = 0; i < SELFBACK_WIDTH; i++)
            found = selfback_push(&model, samples[3 * i], samples[3 * i + 1], samples[3 * i + 2]);
        fwrite(model.features, sizeof model.features, 1, stdout);
        fwrite(model.scores, sizeof model.scores, 1, stdout);
        fwrite(&found, sizeof found, 1, stdout);
    }
    return 0;
}
"""


@dataclass(frozen=True, slots=True, eq=False)
class Made:
    """What the C made of windows."""

    features: NDArray[np.int16]
    scores: NDArray[np.int32]
    activity: NDArray[np.int32]


def compiler(name: str = "gcc") -> str:
    """The path of a compiler; a machine without it skips, continuous integration fails without gcc."""
    path = shutil.which(name)
    if path is None:
        if name == "gcc" and os.environ.get("CI"):
            pytest.fail("continuous integration needs gcc")
        pytest.skip(f"no {name} on this machine")
    return path


def compile_program(model: EmbeddedModel, folder: Path, options: Sequence[str] = ("-O2",)) -> Path:
    """Write and compile the C with a program around it, every warning an error."""
    write_c(model, folder)
    (folder / "windows.c").write_text(PROGRAM)
    command = [compiler(), *FLAGS, *options, "-o", "windows", "windows.c", "selfback_model.c"]
    subprocess.run(command, cwd=folder, check=True, timeout=120)
    return folder / "windows"


def run_windows(program: Path, windows: NDArray[np.int16], ranges_g: Sequence[int], n_classes: int) -> Made:
    """Return what a compiled program makes of (n, WIDTH, 3) windows, each with its range."""
    sent = b"".join(bytes([range_g]) + window.tobytes() for window, range_g in zip(windows, ranges_g, strict=True))
    done = subprocess.run([program], input=sent, capture_output=True, check=False, timeout=120)
    assert (done.returncode, done.stderr) == (0, b"")
    row = np.dtype([("features", "<i2", len(FEATURES)), ("scores", "<i4", n_classes), ("activity", "<i4")])
    rows = np.frombuffer(done.stdout, row)
    assert len(rows) == len(windows)
    return Made(rows["features"], rows["scores"], rows["activity"])


class BandLibrary:
    """The exported C as a shared library: what a firmware would call, called from Python."""

    def __init__(self, model: EmbeddedModel, folder: Path) -> None:
        write_c(model, folder)
        command = [compiler(), *FLAGS, "-O2", "-shared", "-fPIC", "-o", "model.so", "selfback_model.c"]
        subprocess.run(command, cwd=folder, check=True, timeout=120)
        self._library = ctypes.CDLL(str(folder / "model.so"))
        self._library.selfback_push.argtypes = [ctypes.c_void_p, ctypes.c_int16, ctypes.c_int16, ctypes.c_int16]
        self._library.selfback_begin.argtypes = [ctypes.c_void_p, ctypes.c_int]
        self._library.selfback_confidence.argtypes = [ctypes.c_void_p, ctypes.c_int]
        self._state = ctypes.create_string_buffer(8192)

    def begin(self, range_g: int) -> int:
        return int(self._library.selfback_begin(self._state, range_g))

    def push(self, samples: NDArray[np.int16]) -> list[int]:
        """What each sample was answered with."""
        return [self._library.selfback_push(self._state, *sample) for sample in samples.tolist()]

    def confidence(self, activity: int) -> int:
        return int(self._library.selfback_confidence(self._state, activity))

    def classify(self, window: NDArray[np.int16], range_g: int = 8) -> int:
        """What a whole window is."""
        assert window.shape == (WIDTH, 3)
        self.begin(range_g)
        return self.push(window)[-1]


def write_windows(folder: Path, windows: NDArray[np.int16], ranges_g: Sequence[int]) -> None:
    """Write windows as constants that a program includes."""
    rows = str(windows.tolist()).translate(str.maketrans("[]", "{}"))
    (folder / "windows.h").write_text(
        f"enum {{ WINDOWS = {len(windows)} }};\n"
        f"static const int16_t windows[WINDOWS][{WIDTH}][3] = {rows};\n"
        f"static const uint8_t ranges_g[WINDOWS] = {{{', '.join(map(str, ranges_g))}}};\n"
    )


@dataclass(frozen=True, slots=True, eq=False)
class Ran:
    """What an emulated Cortex-M4 made of windows, and what each last sample cost."""

    made: Made
    instructions: NDArray[np.int64]  #: to within 40
    stack_bytes: NDArray[np.int64]


def run_on_cortex_m4(model: EmbeddedModel, folder: Path, windows: NDArray[np.int16], ranges_g: Sequence[int]) -> Ran:
    """Return what the C makes of windows on a bare Cortex-M4 in QEMU; skips without its compiler or emulator."""
    gcc, emulator = compiler("arm-none-eabi-gcc"), compiler("qemu-system-arm")
    write_c(model, folder)
    write_windows(folder, windows, ranges_g)
    board = Path(__file__).parent / "cortex_m4"
    target = next(target for target in TARGETS if target.name == "Cortex-M4")
    options = [*target.options, "-std=gnu99", "-I.", "-nostartfiles", "-nostdlib", "-T", str(board / "board.ld")]
    command = [gcc, *options, "-o", "run.elf", str(board / "run.c"), "selfback_model.c", "-lgcc"]
    subprocess.run(command, cwd=folder, check=True, timeout=120)
    machine = ["-M", "mps2-an386", "-nographic", "-monitor", "none", "-serial", "none", "-icount", "shift=0"]
    told = ["-semihosting-config", "enable=on,target=native", "-kernel", "run.elf"]
    done = subprocess.run(
        [emulator, *machine, *told], cwd=folder, capture_output=True, text=True, timeout=120, check=True
    )
    table = np.array([line.split() for line in (done.stdout + done.stderr).splitlines()], dtype=np.int64)
    assert len(table) == len(windows)
    features = table[:, 3 : 3 + len(FEATURES)].astype(np.int16)
    scores = table[:, 3 + len(FEATURES) :].astype(np.int32)
    return Ran(Made(features, scores, table[:, 2].astype(np.int32)), table[:, 0] * 40, table[:, 1])
