"""Compiling the exported C to see how large it is; a program isn't kept."""

import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from activity.classify.embedded.features import FEATURES, WIDTH
from activity.errors import OutputError

FLAGS: Final = ("-std=c99", "-Wall", "-Wextra", "-Wpedantic", "-Werror")


@dataclass(frozen=True, slots=True)
class Target:
    """A compiler and how it is asked; ``options`` are those of a firmware build."""

    name: str
    compiler: str
    options: tuple[str, ...]

    @property
    def size_tool(self) -> str:
        """The program of the same tool chain that says how large an object is."""
        return re.sub(r"g?cc$", "size", self.compiler)


#: This computer's, and the cores that bands have.
TARGETS: Final = (
    Target("this computer", "gcc", ("-Os",)),
    Target("Cortex-M4", "arm-none-eabi-gcc", ("-Os", "-mcpu=cortex-m4", "-mthumb", "-ffreestanding")),
    Target("Cortex-M0+", "arm-none-eabi-gcc", ("-Os", "-mcpu=cortex-m0plus", "-mthumb", "-ffreestanding")),
)


@dataclass(frozen=True, slots=True)
class Sizes:
    """Bytes of the compiled module."""

    target: str
    command: str  #: compiler and options
    text: int  #: code and constant tables: flash
    data: int
    bss: int


def measure_sizes(folder: Path, target: Target) -> Sizes | None:
    """Return how large ``selfback_model.c`` in ``folder`` is for a target, or nothing without its compiler.

    Raises ``OutputError`` where the compiler refuses it.
    """
    if shutil.which(target.compiler) is None or shutil.which(target.size_tool) is None:
        return None
    with tempfile.TemporaryDirectory() as scratch:
        built = Path(scratch) / "selfback_model.o"
        command = [target.compiler, *FLAGS, *target.options, "-c", "selfback_model.c", "-o", str(built)]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=120)  # noqa: S603
        if done.returncode:
            raise OutputError(f"{target.compiler} refuses it: {done.stderr.strip()[:500]}", where=str(folder))
        said = subprocess.run(  # noqa: S603
            [target.size_tool, str(built)], capture_output=True, text=True, check=True, timeout=60
        )
    text, data, bss = map(int, said.stdout.splitlines()[1].split()[:3])
    return Sizes(target.name, " ".join((target.compiler, *target.options)), text, data, bss)


def state_bytes(n_classes: int) -> int:
    """Return the bytes of ``selfback_model``, which is all the memory that is kept between samples."""
    used = 4 * n_classes + 2 * (3 * WIDTH + WIDTH + len(FEATURES) + 1) + 1
    return -(-used // 4) * 4
